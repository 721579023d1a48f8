"""Suppliers: whom the company buys from, and where they are paid."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from samklang.formats.countries import CODES
from samklang.invoicing.model.registers import Terms
from samklang.ledger.model.chart import AccountNumber
from samklang.platform.shapes import Name, Shape
from samklang.platform.swedish import Bankgiro, Email, Iban, OrgNo, Plusgiro, VatNo

VatKind = Literal[
    "domestic",
    "reverse_goods",
    "reverse_services",
    "eu_goods",
    "eu_services",
    "non_eu_services",
    "import",
]
"""Who owes the VAT of a purchase, and on what: the supplier (domestic); the buyer of goods (reverse_goods) or
of services such as building (reverse_services) in Sweden; the buyer of goods or services from another EU
country, of services from outside the EU, of goods brought in from there (import)."""


def _country(code: str) -> str:
    if code not in CODES:
        raise ValueError("must be a country's two letters (ISO 3166-1), such as SE")
    return code


Country = Annotated[
    str,
    AfterValidator(_country),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}$", "examples": ["SE"]}),
]

Bic = Annotated[str, Field(pattern=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$")]
"""A bank's international code."""


class SupplierInput(Shape):
    """What the bureau says of a supplier."""

    name: Name
    org_no: OrgNo | None = None
    vat_no: VatNo | None = None
    country: Country = "SE"
    email: Email | None = None
    bankgiro: Bankgiro | None = None
    plusgiro: Plusgiro | None = None
    iban: Iban | None = None
    bic: Bic | None = None
    payment_terms_days: Terms = 30
    cost_account: AccountNumber | None = None
    """Where its invoices are posted, if a row does not say otherwise."""
    vat_kind: VatKind = "domestic"
    """How its invoices are taxed, if a row does not say otherwise."""
    active: bool = True


class Supplier(SupplierInput):
    """A supplier of the company."""

    supplier_id: str
    version: int


class SimilarSupplier(Shape):
    """Another supplier that may be the same one."""

    supplier_id: str
    name: str
    same: Literal["org_no", "vat_no", "bankgiro", "plusgiro", "iban"]
    """What both have."""


class SavedSupplier(Supplier):
    """A supplier as it was saved just now."""

    similar: list[SimilarSupplier]
    """A warning, not a refusal: a firm may well be two suppliers."""


class SupplierPage(Shape):
    """Some suppliers."""

    items: list[Supplier]
    next: str | None


def similar(supplier: Supplier, others: list[Supplier]) -> list[SimilarSupplier]:
    """Those of the others that have a number or an account in common with a supplier."""
    found = []
    for other in others:
        if other.supplier_id == supplier.supplier_id:
            continue
        for same in _TELLING:
            value = getattr(supplier, same)
            if value is not None and value == getattr(other, same):
                found.append(SimilarSupplier(supplier_id=other.supplier_id, name=other.name, same=same))
                break
    return found


_TELLING: tuple[Literal["org_no", "vat_no", "bankgiro", "plusgiro", "iban"], ...] = (
    "org_no",
    "vat_no",
    "bankgiro",
    "plusgiro",
    "iban",
)
