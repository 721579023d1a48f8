"""Interest invoices, and cases handed over for collection."""

from datetime import date
from typing import Annotated

from pydantic import Field, model_validator

from samklang.ledger.dunning.model.letters import (
    MOST_INVOICES,
    CostLines,
    Debtor,
    DunningStepShape,
    Id,
    InterestLine,
    InvoiceLeftOut,
)
from samklang.platform.money import Money
from samklang.platform.shapes import Day, Shape


class ChargeLine(Shape):
    """One debt on an interest invoice: its interest, and costs that letters asked for."""

    invoice_id: str
    invoice_number: int
    due_date: date
    interest: Money
    interest_spans: list[InterestLine]
    interest_correction: Money
    """In the interest: what was invoiced too little, or (below zero) too much, by what is known now."""
    costs: CostLines
    total: Money


class CustomerCharge(Shape):
    """What goes on one customer's interest invoice."""

    customer_id: str
    customer_name: str
    lines: list[ChargeLine]
    total: Money


class ChargesInput(Shape):
    """Of which customers, and through which day: all, and today, if nothing else is said."""

    customer_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_INVOICES)] | None = None
    as_of: Day | None = None
    """The last day of interest; interest of days to come is owed by nobody."""

    @model_validator(mode="after")
    def _each_once(self) -> "ChargesInput":
        if self.customer_ids and len(set(self.customer_ids)) != len(self.customer_ids):
            raise ValueError("must name each customer once")
        return self


class ChargesPreview(Shape):
    """The interest invoices that would be made, and what is left out."""

    as_of: date
    charges: list[CustomerCharge]
    """The first of them, as many as have 2000 debts."""
    charge_count: int
    left_out: list[InvoiceLeftOut]
    """Invoices whose interest is not invoiced, and why: the first 500 of them."""
    left_out_count: int
    total: Money
    """Of all charges."""


class ChargeInvoice(Shape):
    """An interest invoice that was made; it is in invoicing, as every invoice."""

    invoice_id: str
    invoice_number: int
    customer_id: str
    customer_name: str
    total: Money
    lines: list[ChargeLine]


class ChargesResult(Shape):
    """The interest invoices made."""

    as_of: date
    invoices: list[ChargeInvoice]
    left_out: list[InvoiceLeftOut]
    """The first 500 of them."""
    left_out_count: int
    left: int
    """Invoices there was no time for, or no room after 2000 debts: the same request again makes them."""
    stopped: str | None
    """Why it went no further, if something stopped it halfway."""


MOST_CASES = 40
"""Cases in one export: they are handed over together, in one transaction."""


class CollectionInput(Shape):
    """Which invoices to hand over: all whose collection notice has run out, if none are named."""

    invoice_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_CASES)] | None = None

    @model_validator(mode="after")
    def _each_once(self) -> "CollectionInput":
        if self.invoice_ids and len(set(self.invoice_ids)) != len(self.invoice_ids):
            raise ValueError("must name each invoice once")
        return self


class Creditor(Shape):
    """The company a collection agency is to collect for."""

    name: str
    org_no: str
    address: list[str]
    email: str | None
    phone: str | None
    bankgiro: str | None
    plusgiro: str | None
    iban: str | None


class CollectionCase(Shape):
    """A debt, with all that a collection agency needs of it."""

    invoice_id: str
    invoice_number: int
    ocr: str
    about: str
    invoice_date: date
    due_date: date
    invoiced: Money
    principal: Money
    interest: Money
    """Through the day of the export; it goes on."""
    interest_rule: str
    """In Swedish: the rate by which it goes on."""
    interest_spans: list[InterestLine]
    interest_correction: Money
    """In the interest: what was invoiced too little, or (below zero) too much, by what is known now."""
    costs: CostLines
    total: Money
    customer_id: str
    debtor: Debtor
    history: list[DunningStepShape]


class CollectionExport(Shape):
    """Cases handed over for collection."""

    export_id: str
    day: date
    creditor: Creditor
    cases: list[CollectionCase]
    left_out: list[InvoiceLeftOut]
    left: int
    """Cases above what one export holds: the next export has them."""
    csv: str
    """The same, one case a line: semicolons and decimal commas, as Swedish Excel opens it."""
