"""The number series as it is shown and certified."""

from datetime import date

from samklang.invoicing.model.invoices import DocumentKind
from samklang.platform.money import Money
from samklang.platform.shapes import Shape


class HandOver(Shape):
    """Where the series goes on from: the program before, and the last number used there."""

    previous_program: str | None
    last_number_before: int | None
    at: str


class Fault(Shape):
    """A number whose invoice has another number or none, or that two invoices have."""

    number: int
    invoice_id: str | None
    """None where the series has lost whose the number is."""
    found: int | None


class SeriesCertificate(Shape):
    """The whole number series, gone through number by number."""

    first_number: int
    last_number: int | None
    """None before the first is given."""
    count: int
    handed_over: HandOver
    complete: bool
    """Every number from the first to the last is an invoice's, once."""
    faults: list[Fault]
    """The first hundred."""
    digest: str
    checked_at: str


class NumberedInvoice(Shape):
    """Who has a number."""

    number: int
    invoice_id: str
    kind: DocumentKind
    invoice_date: date | None
    total: Money


class NumberPage(Shape):
    """Some of the series, by number."""

    items: list[NumberedInvoice]
    next: str | None
