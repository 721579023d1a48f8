"""The commands behind ``make up`` and ``make down``."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local import daemon

TEMPLATE = Path(__file__).parent / "test_local_app" / "template.yaml"


class Command:
    """``python -m local`` in a folder and on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _two_free_ports()

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command, *rest = arguments
        options = ["--template", str(TEMPLATE), "--port", str(self.port)]
        return subprocess.run(
            [sys.executable, "-m", "local", "--folder", str(self.folder), command, *options, *rest],
            cwd=daemon.PROJECT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def pids(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.folder / "pids.json").read_text())
        return found


def _two_free_ports() -> int:
    """A free port whose successor is free too: the store listens there."""
    while daemon.port_taken((port := daemon.free_port()) + 1):
        pass
    return port


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    command("down")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    """One that is left running by the tests that share it."""
    command = Command(tmp_path_factory.mktemp("running"))
    command("up", "--quiet")
    yield command
    command("down")


def test_given_nothing_running_when_started_then_it_tells_where_everything_is(local: Command) -> None:
    done = local("up")

    assert done.returncode == 0, done.stderr
    assert f"http://127.0.0.1:{local.port}/v1" in done.stdout
    for word in ("Swagger", "ministack", "User pool", "Logs", "python -m local clock"):
        assert word in done.stdout


def test_given_it_runs_when_started_again_then_it_says_so_and_goes_on(running: Command) -> None:
    before = running.pids()
    again = running("up")

    assert "running already" in again.stdout
    assert running.pids() == before


def test_given_quiet_when_started_then_it_says_nothing(running: Command) -> None:
    assert running("up", "--quiet").stdout == ""


def test_given_both_processes_were_killed_when_started_then_new_ones_take_over(local: Command) -> None:
    local("up")
    before = local.pids()
    for name in ("store", "runner"):
        os.kill(before[name], signal.SIGKILL)
    done = local("up")

    assert done.returncode == 0, done.stderr
    assert before["store"] != local.pids()["store"]


def test_given_one_process_was_killed_when_started_then_both_are_renewed(local: Command) -> None:
    local("up")
    before = local.pids()
    os.kill(before["store"], signal.SIGKILL)
    done = local("up")

    assert done.returncode == 0, done.stderr
    assert before["runner"] != local.pids()["runner"]


def test_given_a_port_that_is_taken_when_started_then_it_names_the_port(local: Command) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", local.port))
        other.listen()
        done = local("up")

    assert done.returncode == 1
    assert f"port {local.port} is taken" in done.stderr


def test_given_a_template_that_is_not_understood_when_started_then_it_says_what_is_wrong(
    local: Command, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(TEMPLATE.read_text().replace("!Ref Files", "!Ref Nothing"))
    done = local("up", "--template", str(wrong))

    assert done.returncode == 1
    assert "no resource called Nothing" in done.stderr


def test_given_it_runs_when_stopped_then_the_processes_are_gone_and_the_ports_free(local: Command) -> None:
    local("up")
    done = local("down")

    assert done.stdout.startswith("Stopped")
    assert not daemon.port_taken(local.port)
    assert not daemon.port_taken(local.port + 1)
    assert "was not running" in local("down").stdout


def test_given_it_runs_when_the_clock_is_moved_then_the_status_shows_it(running: Command) -> None:
    next_year = datetime.now(UTC).year + 1
    moved = running("clock", f"{next_year}-01-24T15:00Z")

    assert moved.stdout.startswith(f"It is {next_year}-01-24T15:00")
    assert re.search(rf"Clock +{next_year}-01-24T15:0", running("status").stdout)
    assert "not a time" in running("clock", "soon").stderr
    running("clock", "reset")
    assert not re.search(rf"Clock +{next_year}", running("status").stdout)


def test_given_it_runs_when_a_functions_code_changes_then_the_next_answers_are_the_new_codes(
    local: Command, tmp_path: Path
) -> None:
    app = shutil.copytree(TEMPLATE.parent, tmp_path / "app")
    local("up", "--template", str(app / "template.yaml"))
    code = app / "functions" / "things" / "app.py"
    assert b"routeKey" in _get(local, "/open")

    code.write_text("def handler(event, context):\n    return 'changed'\n", encoding="utf-8")

    ends = time.monotonic() + 20
    while _get(local, "/open") != b"changed":
        assert time.monotonic() < ends
        time.sleep(0.1)


def _get(local: Command, path: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{local.port}{path}", timeout=20) as response:
        found: bytes = response.read()
    return found


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example.com"}, {"Origin": "https://evil.example.com", "Host": "127.0.0.1:8400"}],
)
def test_given_somebody_elses_web_page_when_it_calls_the_control_endpoints_then_403(
    running: Command, headers: dict[str, str]
) -> None:
    own = f"http://127.0.0.1:{running.port}/_local/status"
    for url in (own, f"http://127.0.0.1:{running.port + 1}/"):
        wanted = headers | {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
        request = urllib.request.Request(url, headers=wanted)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        assert refused.value.code == 403
        refused.value.close()


@pytest.mark.parametrize("command", [("status",), ("clock", "+P1D")])
def test_given_nothing_running_when_asked_then_it_says_how_to_start(
    local: Command, command: tuple[str, ...]
) -> None:
    done = local(*command)

    assert done.returncode == 1
    assert "make up" in done.stderr
