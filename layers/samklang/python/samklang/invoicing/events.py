"""What invoicing's stream tells others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from samklang.platform.attributes import text, whole

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item


@dataclass(frozen=True, slots=True)
class InvoiceIssued:
    """An invoice got its number. Amounts in öre; ``vat_lines`` are (rate in percent, base, VAT)."""

    company_id: str
    invoice_id: str
    number: int
    ocr: str
    customer_id: str
    customer_name: str
    invoice_date: date
    due_date: date
    total: int
    vat_lines: tuple[tuple[str, int, int], ...]
    request_id: str

    @property
    def event_id(self) -> str:
        """The same for the same event, however often it is delivered."""
        return f"invoice/{self.invoice_id}/issued"

    @property
    def invoices(self) -> tuple[str, ...]:
        """The invoices it concerns."""
        return (self.invoice_id,)

    @classmethod
    def from_image(cls, image: Item) -> InvoiceIssued:
        """The event from the invoice's item as it was right after."""
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
            vat_lines=tuple(
                (str(rate), whole(base), whole(vat)) for rate, base, vat in json.loads(image["vat_lines"])
            ),
            request_id=text(image["request_id"]),
        )
