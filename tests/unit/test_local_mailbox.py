"""What was sent, as tests and people see it."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from email.message import EmailMessage
from typing import Any, cast

import pytest

from local.mailbox import Mail, Mailbox
from local.watching import _throttled

HOSTILE = "<script>alert(1)</script>"


def source(subject: str = "Faktura 1001") -> str:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Åsa <a@firman.example>", "b@example.com", subject
    message.set_content("Hej då!\r\n" + HOSTILE)
    message.add_alternative("<p>Hej då!</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="faktura.pdf")
    return b64encode(message.as_bytes()).decode()


class Notes:
    """The runner's notes, with two mails in them."""

    async def all(self, kind: str) -> list[tuple[str, str]]:
        assert kind == "mail"
        common = {"configuration": "mail", "tags": {"a": "b"}}
        return [
            (
                f"17954244{n}0000000000-id{n}",
                json.dumps({"message_id": f"id{n}", "to": [to], "raw": raw, **common}),
            )
            for n, to, raw in ((1, "b@example.com", source()), (2, "c@example.com", source(HOSTILE)))
        ]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(cast("Any", Notes()))


def test_given_mails_when_asked_for_then_all_or_those_to_an_address(mailbox: Mailbox) -> None:
    assert [each["message_id"] for each in asyncio.run(mailbox.sent())] == ["id1", "id2"]
    assert [each["message_id"] for each in asyncio.run(mailbox.sent("c@example.com"))] == ["id2"]
    assert asyncio.run(mailbox.sent("d@example.com")) == []


def test_given_a_mail_when_read_then_its_parts_are_there(mailbox: Mailbox) -> None:
    mail = Mail.read(asyncio.run(mailbox.sent())[0])

    assert (mail.subject, mail.to, mail.tags) == ("Faktura 1001", ["b@example.com"], {"a": "b"})
    assert mail.text.startswith("Hej då!\n")
    assert (mail.html, mail.attachments) == ("<p>Hej då!</p>\n", {"faktura.pdf": b"%PDF"})
    assert mail.at.year == 2026


def test_given_a_page_of_mails_when_shown_then_the_newest_is_first_and_no_markup_of_theirs_acts(
    mailbox: Mailbox,
) -> None:
    page = asyncio.run(mailbox.page())

    assert page.index("mail/id2/faktura.pdf") < page.index("mail/id1/faktura.pdf")
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3


def test_given_a_part_when_fetched_then_it_comes_with_its_type_or_not_at_all(mailbox: Mailbox) -> None:
    def part(*names: str) -> Any:
        return asyncio.run(mailbox.part(*names))

    assert part("id1", "html") == ("text/html", "<p>Hej då!</p>\n".encode())
    assert part("id1", "faktura.pdf") == ("application/pdf", b"%PDF")
    assert part("id1", "annat.pdf") is None
    assert part("id3", "html") is None


def test_given_a_throttled_ses_when_called_then_the_function_sees_what_ses_answers() -> None:
    response, parsed = _throttled("sesv2", "SendEmail", {})

    assert (response.status_code, parsed["Error"]["Code"]) == (429, "TooManyRequestsException")
