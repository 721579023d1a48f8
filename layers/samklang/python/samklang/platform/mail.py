"""E-mail through SES: one message to one address, with files.

What people have written, such as names, reaches a header only as one line of visible characters; the
standard library encodes it. A message is given to SES once: whether a second attempt may send it again is
for its sender to know, who learns here what SES said.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError
from email_validator import EmailNotValidError, validate_email

from samklang.platform import clock
from samklang.platform.clients import sesv2
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NAME = 60
"""Characters of a sender's name: mailboxes show fewer."""

_LONGEST_SUBJECT = 150

_REFUSALS = frozenset({"MessageRejected", "BadRequestException"})
"""What SES answers when the message itself is at fault: sending it again ends the same way."""

# Every line is ASCII and short, whatever is in it: the source passes each mail server unchanged.
_POLICY = SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message."""

    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message to one address."""

    sender: str
    """The name people see; the address is the one of this system."""
    reply_to: str | None
    to: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    """Names and values of ASCII letters, digits, ``_`` and ``-``: every event about the message has them."""


class Refused(Exception):  # noqa: N818 - an answer
    """SES will never take this message."""

    def __init__(self, code: str, words: str) -> None:
        self.code, self.words = code, words
        super().__init__(f"{code}: {words}")


class NotTaken(Exception):  # noqa: N818 - an answer
    """SES has not taken the message, and may take it later."""


def send(mail: Mail) -> str:
    """Give a message to SES.

    Returns:
        SES's id of the message.

    Raises:
        Refused: SES will never take it.
        NotTaken: SES has not taken it: it said so, or could not be reached.
        BotoCoreError: the connection broke: nobody knows whether SES has taken it.
    """
    sender = setting("MAIL_FROM")
    try:
        answer = sesv2().send_email(
            FromEmailAddress=sender,
            Destination={"ToAddresses": [_ascii(mail.to)]},
            Content={"Raw": {"Data": compose(mail, sender)}},
            ConfigurationSetName=setting("MAIL_CONFIGURATION"),
            EmailTags=[{"Name": name, "Value": value} for name, value in mail.tags.items()],
        )
    except ClientError as error:
        code, words = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
        raise (Refused(code, words) if code in _REFUSALS else NotTaken(f"{code}: {words}")) from error
    except (EndpointConnectionError, ConnectTimeoutError) as error:
        raise NotTaken(str(error)) from error
    return answer["MessageId"]


def compose(mail: Mail, sender: str) -> bytes:
    """The message's source (MIME): plain text, the same as HTML, and the files.

    Args:
        mail: the message.
        sender: the address it is sent from.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(display_name=shortened(mail.sender, _LONGEST_NAME), addr_spec=sender)
    message["To"] = Address(addr_spec=_ascii(mail.to))
    if mail.reply_to and (reply_to := ascii_address(mail.reply_to)):
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Subject"] = shortened(mail.subject, _LONGEST_SUBJECT)
    message["Date"] = format_datetime(clock.now())
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    for each in mail.attachments:
        maintype, _, subtype = each.content_type.partition("/")
        filename = one_line(each.filename)
        message.add_attachment(each.content, maintype=maintype, subtype=subtype, filename=filename)
    return message.as_bytes()


def ascii_address(address: str) -> str | None:
    """An address as SES takes it: its domain in ASCII; None if the name before @ is not, or it is none."""
    try:
        return validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        return None


def _ascii(address: str) -> str:
    """The address as SES takes it.

    Raises:
        Refused: it has letters before @ that SES cannot send to.
    """
    found = ascii_address(address)
    if found is None:
        raise Refused("BadRequestException", f"{address} has other letters than English ones before @.")
    return found


def shortened(text: str, longest: int) -> str:
    """The text on one line, cut with an ellipsis where it is longer."""
    line = one_line(text)
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def one_line(text: str) -> str:
    """The text on one line of visible characters: breaks become blanks, marks of direction are removed."""
    blanks = "".join(" " if sign.isspace() else sign for sign in text)
    return " ".join("".join(sign for sign in blanks if unicodedata.category(sign)[0] != "C").split())
