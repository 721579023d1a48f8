"""What either book's stream tells of payments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, cast

from samklang.platform.attributes import text, whole

if TYPE_CHECKING:
    from samklang.payments.model.payments import Origin, Settlement
    from samklang.platform.dynamo import Item


class Allocated(NamedTuple):
    """How many öre of a payment went to an invoice; below zero what of a credit note it used."""

    invoice_id: str
    number: int
    amount: int


@dataclass(frozen=True, slots=True)
class PaymentRegistered:
    """A customer paid, was paid back, or had things set off. Öre, see ``payments.model.payments``."""

    company_id: str
    payment_id: str
    payment_date: date
    amount: int
    method: Settlement
    allocations: tuple[Allocated, ...]
    customer_id: str
    customer_name: str
    fee: int
    difference: int
    credit: int
    text: str | None
    bank_payment_id: str | None
    registered_at: str
    request_id: str
    loss: int = 0
    """What is written off as a bad debt: then no money came."""

    @property
    def event_id(self) -> str:
        """The same for the same event, however often it is delivered."""
        return f"payment/{self.payment_id}/registered"

    @property
    def is_loss(self) -> bool:
        """Whether it is a bad debt."""
        return self.method == "bad_debt"

    @property
    def invoices(self) -> tuple[str, ...]:
        """The invoices it concerns."""
        return tuple(each.invoice_id for each in self.allocations)

    @property
    def credit_change(self) -> int:
        """What it does to the customer's credit, in öre."""
        return self.credit

    @classmethod
    def from_image(cls, image: Item) -> PaymentRegistered:
        """The event from the payment's item."""
        return cls(
            company_id=text(image["company_id"]),
            payment_id=text(image["id"]),
            payment_date=date.fromisoformat(image["payment_date"]),
            amount=whole(image["amount"]),
            method=cast("Settlement", text(image["method"])),
            allocations=tuple(
                Allocated(str(each), whole(number), whole(amount))
                for each, number, amount in json.loads(image["allocations"])
            ),
            customer_id=text(image["customer_id"]),
            customer_name=text(image["customer_name"]),
            fee=whole(image.get("fee", 0)),
            difference=whole(image.get("difference", 0)),
            credit=whole(image.get("credit", 0)),
            text=image.get("text"),
            bank_payment_id=image.get("bank_payment_id"),
            registered_at=text(image["registered_at"]),
            request_id=text(image["request_id"]),
            loss=whole(image.get("loss", 0)),
        )


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    """A payment was taken back."""

    payment: PaymentRegistered
    reversal_date: date
    reversed_at: str
    request_id: str

    @property
    def company_id(self) -> str:
        """Whose payment it is."""
        return self.payment.company_id

    @property
    def payment_id(self) -> str:
        """The payment it takes back."""
        return self.payment.payment_id

    @property
    def customer_id(self) -> str:
        """Whose payment it was."""
        return self.payment.customer_id

    @property
    def event_id(self) -> str:
        """The same for the same event, however often it is delivered."""
        return f"payment/{self.payment.payment_id}/reversed"

    @property
    def invoices(self) -> tuple[str, ...]:
        """The invoices it concerns."""
        return self.payment.invoices

    @property
    def credit_change(self) -> int:
        """What it does to the customer's credit, in öre."""
        return -self.payment.credit

    @classmethod
    def from_image(cls, image: Item) -> PaymentReversed:
        """The event from the payment's item as it is after the reversal."""
        return cls(
            payment=PaymentRegistered.from_image(image),
            reversal_date=date.fromisoformat(image["reversal_date"]),
            reversed_at=text(image["reversed_at"]),
            request_id=text(image["reversal_request_id"]),
        )


def payment_values(event: PaymentRegistered) -> Item:
    """The attributes a payment's item has in either book; :meth:`PaymentRegistered.from_image` reads them."""
    return {
        "company_id": event.company_id,
        "payment_date": event.payment_date.isoformat(),
        "amount": event.amount,
        "method": event.method,
        "allocations": json.dumps(event.allocations, separators=(",", ":")),
        "customer_id": event.customer_id,
        "customer_name": event.customer_name,
        "fee": event.fee or None,
        "difference": event.difference or None,
        "credit": event.credit or None,
        "text": event.text,
        "bank_payment_id": event.bank_payment_id,
        "registered_at": event.registered_at,
        "request_id": event.request_id,
        "loss": event.loss or None,
    }


def reversal_values(event: PaymentReversed, origin: Origin) -> Item:
    """The attributes a reversal adds to a payment's item in either book."""
    return {
        "reversal_date": event.reversal_date.isoformat(),
        "reversal_origin": origin,
        "reversed_at": event.reversed_at,
        "reversal_request_id": event.request_id,
    }
