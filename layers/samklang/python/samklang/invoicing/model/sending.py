"""Sendings of an invoice to its customer: what is asked for, what it becomes, and what may follow what."""

import unicodedata
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from samklang.invoicing.model.invoices import DeliveryState, DeliveryStatus
from samklang.invoicing.model.registers import Channel
from samklang.platform.shapes import Shape
from samklang.platform.swedish import Email

_LONGEST_MESSAGE = 1000
_ALLOWED = {"\n", "\N{ZERO WIDTH JOINER}"}


def _one_kind_of_break(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return unicodedata.normalize("NFC", lines.strip())


def _without_controls(value: str) -> str:
    """Refuse control characters, direction marks and halves of pairs; what joins an emoji is none of them."""
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs"} and character not in _ALLOWED:
            raise ValueError(f"must not hold the invisible character U+{ord(character):04X}")
    return value


Message = Annotated[
    str,
    BeforeValidator(_one_kind_of_break),
    Field(min_length=1, max_length=_LONGEST_MESSAGE),
    AfterValidator(_without_controls),
    WithJsonSchema(
        {
            "type": "string",
            "minLength": 1,
            "maxLength": _LONGEST_MESSAGE,
            "pattern": r"^[!-~À-ɏ]([ -~À-ɏ\n]*[!-~À-ɏ])?$",
        }
    ),
]
"""Some lines to the customer, in the company's own words."""


class SendInput(Shape):
    """How an invoice is to be sent; what is left out is as the customer wants it."""

    channel: Channel | None = None
    to: Email | None = None
    """Instead of the customer's own address; it makes the channel ``email``."""
    message: Message | None = None

    @model_validator(mode="after")
    def _address_and_message_are_for_email(self) -> Self:
        if self.channel in {"einvoice", "print"} and (self.to or self.message):
            raise ValueError("may have `to` and `message` only with the channel `email`")
        return self


class Delivery(Shape):
    """One sending of an invoice to its customer."""

    delivery_id: str
    invoice_id: str
    channel: Channel
    to: str | None
    """The address of an e-mail."""
    message: str | None
    status: DeliveryStatus
    requested_at: str
    at: str
    """When the status was learned."""
    reason: str | None = None
    """In Swedish, what went wrong and what to do."""
    diagnostic: str | None = None
    """What the mail server at fault said, in its own words."""
    message_id: str | None = None
    """SES's id of the e-mail."""

    @property
    def state(self) -> DeliveryState:
        """The short of it, which the invoice shows."""
        return DeliveryState(
            delivery_id=self.delivery_id,
            channel=self.channel,
            to=self.to,
            status=self.status,
            at=self.at,
            reason=self.reason,
        )


class DeliveryPage(Shape):
    """Some sendings of an invoice."""

    items: list[Delivery]
    next: str | None


_COURSE: tuple[DeliveryStatus, ...] = ("queued", "sent", "failed", "delivered", "bounced", "complained")
"""What an e-mail may become, each only from those before it: news may come late, twice and in any order."""

_GONE = frozenset({"sent", "delivered", "bounced", "complained"})


def may_follow(now: DeliveryStatus, news: DeliveryStatus) -> bool:
    """Whether the news is news: it does not take back what is known."""
    return now in _COURSE and _COURSE.index(news) > _COURSE.index(now)


def has_gone(status: DeliveryStatus) -> bool:
    """Whether the mail system has taken the e-mail."""
    return status in _GONE
