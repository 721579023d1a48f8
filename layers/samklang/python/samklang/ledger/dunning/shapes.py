"""From what is decided to what is shown: lines, cases, and invoices left out."""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING

from samklang.formats.identity import format_org_no
from samklang.invoicing.printing import address_lines
from samklang.ledger.dunning.model.letters import (
    CostLines,
    Debtor,
    DunningCase,
    DunningLine,
    DunningStepShape,
    DunningSums,
    InterestLine,
    InvoiceLeftOut,
)
from samklang.platform.mail import ascii_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from samklang.invoicing.model.invoices import Invoice
    from samklang.invoicing.model.registers import Customer
    from samklang.ledger.dunning.facts import Known
    from samklang.ledger.dunning.interest import InterestSpan
    from samklang.ledger.dunning.model.charges import CustomerCharge
    from samklang.ledger.dunning.model.debts import Costs, Step
    from samklang.ledger.dunning.rules import Case, DueStep, LeftOut


def case_shape(known: Known, case: Case, today: date) -> DunningCase:
    """A letter as it would be sent today."""
    customer = known.customers[case.customer_id]
    lines = [line_shape(step, known.invoices[step.receivable.invoice_id]) for step in case.steps]
    to = address_of(customer, case)
    return DunningCase(
        customer_id=case.customer_id,
        customer_name=customer.name,
        kind=case.kind,
        channel="email" if to else "print",
        to=to,
        pay_by=today + timedelta(days=max(step.rule.days_to_pay for step in case.steps)),
        lines=lines,
        sums=sums_of(lines),
    )


LINES_SHOWN, LEFT_OUT_SHOWN = 2000, 500
"""With more an answer would outgrow what Lambda may send (6 MB), or an item under its key (400 KB)."""


def first_of[Lined: (DunningCase, CustomerCharge)](cases: Sequence[Lined]) -> list[Lined]:
    """As many of the first as have so many lines together."""
    counted = zip(cases, accumulate(len(each.lines) for each in cases), strict=True)
    return [case for case, lines in counted if lines <= LINES_SHOWN]


def address_of(customer: Customer, case: Case) -> str | None:
    """The address a letter is e-mailed to; None where it is printed.

    A collection notice is e-mailed only to those that take their invoices so: good practice asks for post
    unless the debtor has agreed to something else.
    """
    willing = (
        customer.delivery == "email" if case.kind == "collection_notice" else customer.delivery != "print"
    )
    usable = customer.email is not None and ascii_address(customer.email) is not None
    return customer.email if willing and usable else None


def line_shape(step: DueStep, invoice: Invoice) -> DunningLine:
    """One invoice of a letter."""
    assert invoice.ocr is not None  # it is issued
    return DunningLine(
        invoice_id=invoice.invoice_id,
        invoice_number=step.receivable.number,
        ocr=invoice.ocr,
        invoice_date=step.receivable.invoice_date,
        due_date=step.receivable.due_date,
        days_overdue=step.days_overdue,
        stage=step.rule.stage,
        about=about(invoice),
        invoiced=step.receivable.total,
        principal=step.principal,
        interest=step.interest,
        interest_spans=span_shapes(step.spans),
        interest_correction=step.correction,
        costs=cost_shape(step.costs),
        total=step.total,
    )


def about(invoice: Invoice) -> str:
    """What a debt is for (inkassolagen 5 §: its ground)."""
    first, *others = [row.description.replace("\n", " ") for row in invoice.sales]
    return f"{first} m.m." if others else first


def span_shapes(spans: Iterable[InterestSpan]) -> list[InterestLine]:
    """Days that bear interest."""
    return [
        InterestLine(
            first=span.first, last=span.last, days=span.days, principal=span.principal, rate=span.rate
        )
        for span in spans
    ]


def cost_shape(costs: Costs) -> CostLines:
    """Costs beside interest."""
    return CostLines(
        reminder_fee=costs.reminder, collection_fee=costs.collection, compensation=costs.compensation
    )


def sums_of(lines: Sequence[DunningLine]) -> DunningSums:
    """What lines come to."""
    principal, interest = sum(line.principal for line in lines), sum(line.interest for line in lines)
    total = sum(line.total for line in lines)
    return DunningSums(
        principal=principal, interest=interest, costs=total - principal - interest, total=total
    )


def left_out_shape(each: LeftOut, as_of: date) -> InvoiceLeftOut:
    """An invoice that is left alone."""
    return InvoiceLeftOut(
        invoice_id=each.receivable.invoice_id,
        invoice_number=each.receivable.number,
        customer_id=each.receivable.customer_id,
        customer_name=each.receivable.customer_name,
        remaining=each.receivable.remaining,
        days_overdue=(as_of - each.receivable.due_date).days,
        reason=each.reason,
        detail=each.detail,
        on=each.on,
    )


def debtor_of(customer: Customer) -> Debtor:
    """The customer as a letter addresses it."""
    return Debtor(
        name=customer.name,
        number=customer.number,
        org_no=format_org_no(customer.org_no) if customer.org_no else None,
        kind=customer.kind,
        address=list(address_lines(customer.address)),
        email=customer.email,
    )


def step_shape(step: Step) -> DunningStepShape:
    """A step that was taken."""
    return DunningStepShape(
        stage=step.stage,
        day=step.day,
        pay_by=step.pay_by,
        costs=cost_shape(step.incurred),
        letter_id=step.letter_id,
    )
