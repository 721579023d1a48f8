"""What invoicing's stream tells others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from samklang.platform.attributes import text, whole

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item


class SaleLine(NamedTuple):
    """What is sold at one rate (percent) on one ground (see ``invoicing.vat``), and its VAT. Öre."""

    vat_code: str
    vat_rate: str
    base: int
    vat: int


class SetOff(NamedTuple):
    """What a credit note takes off what remained of the invoice it credits: id, number, öre above zero."""

    invoice_id: str
    number: int
    amount: int


@dataclass(frozen=True, slots=True)
class InvoiceIssued:
    """An invoice or a credit note got its number. Öre; a credit note's amounts are below zero."""

    company_id: str
    invoice_id: str
    number: int
    ocr: str
    customer_id: str
    customer_name: str
    invoice_date: date
    due_date: date
    total: int
    rounding: int
    lines: tuple[SaleLine, ...]
    credits: SetOff | None
    """The invoice a credit note is about; its amount is zero if nothing remained of that."""
    request_id: str

    @property
    def event_id(self) -> str:
        """The same for the same event, however often it is delivered."""
        return f"invoice/{self.invoice_id}/issued"

    @property
    def invoices(self) -> tuple[str, ...]:
        """The invoices it concerns."""
        return (self.invoice_id, self.credits.invoice_id) if self.credits else (self.invoice_id,)

    @classmethod
    def from_image(cls, image: Item) -> InvoiceIssued:
        """The event from the invoice's item as it was right after."""
        original = json.loads(image["original"]) if "original" in image else None
        return cls(
            company_id=text(image["company_id"]),
            invoice_id=text(image["id"]),
            number=whole(image["number"]),
            ocr=text(image["ocr"]),
            customer_id=text(image["customer_id"]),
            customer_name=text(image["customer_name"]),
            invoice_date=date.fromisoformat(image["invoice_date"]),
            due_date=date.fromisoformat(image["due_date"]),
            total=whole(image["total"]),
            rounding=whole(image["rounding"]),
            lines=tuple(
                SaleLine(text(code), text(rate), whole(base), whole(vat))
                for code, rate, base, vat in json.loads(image["vat_lines"])
            ),
            credits=_set_off(original) if original else None,
            request_id=text(image["request_id"]),
        )


def _set_off(original: Item) -> SetOff:
    return SetOff(text(original["invoice_id"]), whole(original["number"]), whole(original["settled"]))


@dataclass(frozen=True, slots=True)
class CustomerChanged:
    """A customer is new, or has changed: all of it as it stands from ``version`` on."""

    company_id: str
    customer_id: str
    version: int
    body: str
    """The customer as JSON, see ``invoicing.model.registers.CustomerInput``."""

    @classmethod
    def from_image(cls, image: Item) -> CustomerChanged:
        """The event from the customer's item."""
        return cls(
            company_id=text(image["pk"]).removeprefix("COMPANY#"),
            customer_id=text(image["id"]),
            version=whole(image["version"]),
            body=text(image["body"]),
        )
