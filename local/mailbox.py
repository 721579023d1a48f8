"""The e-mails the local cloud has sent, which reach nobody: for tests, and for people to look at."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as email_policy
from html import escape
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from local.store import Notes

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>E-mail of the local cloud</title>
<style>body{{font:15px/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}
article{{border:1px solid #ccc;border-radius:6px;margin:1rem 0;padding:1rem}}
h2{{font-size:1rem;margin:0}} p{{margin:.25rem 0}} pre{{white-space:pre-wrap;background:#f6f6f6;padding:1rem}}
</style></head><body><h1>E-mail of the local cloud</h1>{mails}</body></html>"""
_MAIL = """<article><h2>{subject}</h2><p>{at} &middot; {sender} to {to}</p><p>{parts}</p><pre>{text}</pre>
</article>"""


@dataclass(frozen=True)
class Mail:
    """One e-mail as SES took it."""

    message_id: str
    at: datetime
    to: list[str]
    configuration: str | None
    tags: dict[str, str]
    message: EmailMessage

    @classmethod
    def read(cls, note: dict[str, Any]) -> Self:
        """A mail from what the control endpoint says of it."""
        message = message_from_bytes(base64.b64decode(note["raw"]), policy=email_policy)
        assert isinstance(message, EmailMessage)  # as its policy says
        return cls(
            message_id=note["message_id"],
            at=datetime.fromisoformat(note["at"]),
            to=note["to"],
            configuration=note["configuration"],
            tags=note["tags"],
            message=message,
        )

    @property
    def subject(self) -> str:
        """Its subject, decoded."""
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """What a reader of plain text sees."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """What most people see."""
        return self._body("html")

    @property
    def attachments(self) -> dict[str, bytes]:
        """The files, by name."""
        return {str(part.get_filename()): part.get_content() for part in self.message.iter_attachments()}

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


class Mailbox:
    """What was sent, from the runner's notes."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    async def sent(self, to: str | None = None) -> list[dict[str, Any]]:
        """Every mail as JSON, oldest first, or those to one address; ``raw`` is its source in base64."""
        found = []
        for name, value in await self._notes.all("mail"):
            note: dict[str, Any] = json.loads(value)
            seconds = int(name.partition("-")[0]) / 1e9
            if to is None or to in note["to"]:
                found.append({"at": datetime.fromtimestamp(seconds, UTC).isoformat(), **note})
        return found

    async def page(self) -> str:
        """All of it to look at, the newest first."""
        mails = [Mail.read(note) for note in await self.sent()]
        return _PAGE.format(mails="".join(map(_shown, reversed(mails))) or "<p>Nothing has been sent.</p>")

    async def part(self, message_id: str, name: str) -> tuple[str, bytes] | None:
        """One part of a mail, its type and content: ``html``, or an attachment by its name."""
        for note in await self.sent():
            if note["message_id"] == message_id:
                mail = Mail.read(note)
                if name == "html":
                    return "text/html", mail.html.encode()
                content = mail.attachments.get(name)
                return None if content is None else (_type_of(name), content)
        return None


def _shown(mail: Mail) -> str:
    links = [
        f'<a href="mail/{escape(mail.message_id)}/{escape(name)}">{escape(name)}</a>'
        for name in ("html", *mail.attachments)
    ]
    return _MAIL.format(
        subject=escape(mail.subject),
        at=f"{mail.at:%Y-%m-%d %H:%M:%S} UTC",
        sender=escape(str(mail.message["From"])),
        to=escape(", ".join(mail.to)),
        parts=" &middot; ".join(links),
        text=escape(mail.text),
    )


def _type_of(name: str) -> str:
    return "application/pdf" if name.endswith(".pdf") else "application/octet-stream"
