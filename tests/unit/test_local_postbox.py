"""The store's SES, in the store's own environment: what it takes, what it keeps, and whom it tells."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from local import daemon

FATES = {
    "kund@example.com": ["Send", "Delivery"],
    "success@simulator.amazonses.com": ["Send", "Delivery"],
    "bounce+1@simulator.amazonses.com": ["Send", "Bounce"],
    "suppressionlist@simulator.amazonses.com": ["Send", "Bounce"],
    "complaint@simulator.amazonses.com": ["Send", "Delivery"],  # nobody asks for complaints in this play
    "bounce@example.com": ["Send", "Delivery"],
}


@cache
def played() -> dict[str, Any]:
    """What happened in ``play_postbox.py``."""
    python = daemon.PROJECT / ".venv-cloud" / "bin" / "python"
    play = Path(__file__).with_name("play_postbox.py")
    region = {"MINISTACK_ACCOUNT_ID": "000000000000", "MINISTACK_REGION": "eu-north-1"}
    ended = subprocess.run(
        [str(python), str(play), *FATES],
        env={**os.environ, **region, "PYTHONPATH": str(daemon.PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_given_what_ses_refuses_when_sent_then_it_is_refused_and_nobody_hears_of_it() -> None:
    assert played()["refused"] == {
        "unverified": [400, "MessageRejected"],
        "no configuration": [404, "NotFoundException"],
        "bad tag": [400, "BadRequestException"],
        "not raw": [400, "BadRequestException"],
        "not ascii": [400, "BadRequestException"],
    }
    assert played()["after_refusals"] == [0, []]


@pytest.mark.parametrize("address", FATES)
def test_given_an_address_when_sent_to_then_the_topic_is_told_what_it_asks_for_with_the_tags(
    address: str,
) -> None:
    assert played()["fates"][address] == [200, [[event, ["x"]] for event in FATES[address]]]


def test_given_a_mail_when_taken_then_it_is_kept_whole() -> None:
    known = {"to": ["kund@example.com"], "configuration": "mail", "tags": {"kind": "x"}}
    assert (played()["kept"], played()["whole"]) == (known, True)


@pytest.mark.parametrize("which", ["ses", "topic"])
def test_given_a_policy_that_keeps_the_sender_out_when_sent_then_the_mail_goes_and_nobody_is_told(
    which: str,
) -> None:
    assert played()["kept_out"][which] == [200, []]
