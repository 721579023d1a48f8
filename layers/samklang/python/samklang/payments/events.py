"""What either book's stream tells of payments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from samklang.platform.attributes import text, whole

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item


@dataclass(frozen=True, slots=True)
class PaymentRegistered:
    """A customer paid. Amounts in öre; ``allocations`` are (invoice id, invoice number, amount)."""

    company_id: str
    payment_id: str
    payment_date: date
    amount: int
    method: str
    allocations: tuple[tuple[str, int, int], ...]
    customer_id: str
    credit: int
    text: str | None
    source: str | None
    request_id: str

    @property
    def event_id(self) -> str:
        """The same for the same event, however often it is delivered."""
        return f"payment/{self.payment_id}/registered"

    @property
    def invoices(self) -> tuple[str, ...]:
        """The invoices it concerns."""
        return tuple(invoice_id for invoice_id, _, _ in self.allocations)

    @classmethod
    def from_image(cls, image: Item) -> PaymentRegistered:
        """The event from the payment's item."""
        return cls(
            company_id=text(image["company_id"]),
            payment_id=text(image["id"]),
            payment_date=date.fromisoformat(image["payment_date"]),
            amount=whole(image["amount"]),
            method=text(image["method"]),
            allocations=tuple(
                (str(each), whole(number), whole(amount))
                for each, number, amount in json.loads(image["allocations"])
            ),
            customer_id=text(image["customer_id"]),
            credit=whole(image["credit"]),
            text=image.get("text"),
            source=image.get("source"),
            request_id=text(image["request_id"]),
        )


@dataclass(frozen=True, slots=True)
class PaymentReversed:
    """A payment was taken back."""

    payment: PaymentRegistered
    reversal_date: date
    request_id: str

    @property
    def company_id(self) -> str:
        """Whose payment it is."""
        return self.payment.company_id

    @property
    def event_id(self) -> str:
        """The same for the same event, however often it is delivered."""
        return f"payment/{self.payment.payment_id}/reversed"

    @property
    def invoices(self) -> tuple[str, ...]:
        """The invoices it concerns."""
        return self.payment.invoices

    @classmethod
    def from_image(cls, image: Item) -> PaymentReversed:
        """The event from the payment's item as it is after the reversal."""
        return cls(
            payment=PaymentRegistered.from_image(image),
            reversal_date=date.fromisoformat(image["reversal_date"]),
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
        "credit": event.credit,
        "text": event.text,
        "source": event.source,
        "request_id": event.request_id,
    }


def reversal_values(reversal_date: date, origin: str, request_id: str) -> Item:
    """The attributes a reversal adds to a payment's item in either book."""
    return {
        "reversal_date": reversal_date.isoformat(),
        "reversal_origin": origin,
        "reversal_request_id": request_id,
    }
