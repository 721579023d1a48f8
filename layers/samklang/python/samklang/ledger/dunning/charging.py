"""Interest invoices: late interest, and the costs that letters asked for, each invoiced once.

They are of debts that were paid late as well as of debts that still are not. An invoice and what it says of
each debt (through which day its interest is invoiced, which costs) are one transaction: nothing is invoiced
twice, whoever asks, however often. What was invoiced is reckoned anew each time: what turns out to be too
little is on the next invoice, and too much is taken off it, or told where that is not enough.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

from samklang.invoicing.charges import Charge, add_charge_invoice
from samklang.ledger.dunning import facts as reading
from samklang.ledger.dunning.model.charges import (
    ChargeInvoice,
    ChargeLine,
    ChargesPreview,
    ChargesResult,
    CustomerCharge,
)
from samklang.ledger.dunning.model.debts import Costs, DebtState, InterestCharged
from samklang.ledger.dunning.rules import MOST_IN_LETTER, LeftOut, agreed_rate, open_interest, pause_of
from samklang.ledger.dunning.shapes import (
    LEFT_OUT_SHOWN,
    LINES_SHOWN,
    cost_shape,
    first_of,
    left_out_shape,
    span_shapes,
)
from samklang.ledger.dunning.words import corrected, interest_row
from samklang.ledger.store import dunning as store
from samklang.ledger.store.receivables import receivables_open_on
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.figures import NBSP, decimal, kronor
from samklang.platform.ids import derived_id
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from samklang.invoicing.model.invoices import Invoice
    from samklang.invoicing.vat import VatCode
    from samklang.ledger.dunning.facts import Known
    from samklang.ledger.dunning.interest import InterestSpan
    from samklang.ledger.dunning.model.charges import ChargesInput
    from samklang.ledger.dunning.rules import Facts, OpenInterest
    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.access import CompanyAccess

LOOKED_BACK = timedelta(days=400)
"""Debts that were paid longer ago than that are let go."""

_SECONDS = 15
"""How long invoices are made before it is said what is left."""


class _Debt(NamedTuple):
    """A debt, and what of it is to be invoiced."""

    receivable: Receivable
    state: DebtState
    interest: OpenInterest
    costs: Costs

    @property
    def total(self) -> int:
        return self.interest.amount + self.costs.total


class _Charges(NamedTuple):
    """What goes on one invoice."""

    customer_id: str
    debts: tuple[_Debt, ...]


# ---------------------------------------------------------------- what would be invoiced


def preview(at: CompanyAccess, given: ChargesInput) -> ChargesPreview:
    """The interest invoices that would be made; nothing is done.

    Raises:
        Problem: ``validation`` for a day to come.
    """
    as_of = _day(given)
    known = _gather(at.company_id, as_of)
    found, left_out = _plan(known, as_of, given.customer_ids)
    charges = [
        CustomerCharge(
            customer_id=each.customer_id,
            customer_name=known.customers[each.customer_id].name,
            lines=[_line(debt) for debt in each.debts],
            total=sum(debt.total for debt in each.debts),
        )
        for each in found
    ]
    return ChargesPreview(
        as_of=as_of,
        charges=first_of(charges),
        charge_count=len(charges),
        left_out=[left_out_shape(each, as_of) for each in left_out[:LEFT_OUT_SHOWN]],
        left_out_count=len(left_out),
        total=sum(each.total for each in charges),
    )


def _day(given: ChargesInput) -> date:
    today = clock.today()
    as_of = given.as_of or today
    if as_of > today:
        message = f"Interest of days to come is owed by nobody: name {today} or a day before."
        raise Problem("validation", message, (FieldError("/as_of", "day", message),))
    return as_of


def _gather(company_id: str, as_of: date) -> Known:
    """Everything about the debts that are overdue, or were when they were paid, or were thought to be."""
    invoiced = store.with_interest_invoiced(company_id)
    looked_at = [
        each
        for each in receivables_open_on(company_id, as_of - LOOKED_BACK)
        if (each.total > 0 and each.due_date < as_of)
        and (each.closed_on > each.due_date.isoformat() or each.invoice_id in invoiced)
    ]
    return reading.look_at(company_id, looked_at)


def _plan(
    known: Known, as_of: date, customer_ids: Collection[str] | None
) -> tuple[list[_Charges], list[LeftOut]]:
    by_customer: dict[str, list[_Debt]] = defaultdict(list)
    left_out: list[LeftOut] = []
    for each in known.facts.receivables:
        if customer_ids is not None and each.customer_id not in customer_ids:
            continue
        try:
            debt = _debt(known.facts, each, as_of)
        except Problem as problem:
            left_out.append(LeftOut(each, "reference-rate-missing", problem.detail))
            continue
        refusal = _not_owed(known, debt) or (_refusal(known, debt, as_of) if debt.total else None)
        if refusal:
            left_out.append(refusal)
        elif debt.total:
            by_customer[each.customer_id].append(debt)
    charges: list[_Charges] = []
    minimum = known.facts.settings.minimum_interest
    for customer_id, debts in sorted(by_customer.items()):
        total = sum(debt.total for debt in debts)
        if total < minimum:
            detail = f"The customer's {format_sek(total)} SEK is below the company's {format_sek(minimum)}."
            left_out += [LeftOut(debt.receivable, "below-minimum", detail) for debt in debts]
            continue
        debts.sort(key=lambda debt: debt.receivable.number)
        parts = batched(debts, MOST_IN_LETTER, strict=False)
        charges += [_Charges(customer_id, part) for part in parts]
    left_out.sort(key=lambda each: each.receivable.number)
    return charges, left_out


def _debt(facts: Facts, receivable: Receivable, as_of: date) -> _Debt:
    state = facts.state(receivable)
    return _Debt(receivable, state, open_interest(facts, receivable, as_of), state.open_costs())


def _not_owed(known: Known, debt: _Debt) -> LeftOut | None:
    """Why nothing is owed for a debt's having been late, if nothing is."""
    receivable, too_much = debt.receivable, -debt.interest.amount
    if receivable.invoice_id in known.facts.on_their_way:
        return None
    if too_much > 0:
        ids = [each.invoice_id for each in debt.state.interest]
        numbers = ", ".join(str(known.interest_invoices[each].number) for each in ids)
        detail = f"{format_sek(too_much)} SEK too much of its interest is invoiced: credit {numbers} by that."
        return LeftOut(receivable, "interest-to-credit", detail)
    in_full = known.facts.credited[receivable.invoice_id] >= receivable.total
    if in_full and not debt.state.is_charge:
        return LeftOut(receivable, "credited", "It is credited in full: neither interest nor costs are owed.")
    return None


def _refusal(known: Known, debt: _Debt, as_of: date) -> LeftOut | None:
    """Why a debt's interest is not invoiced, if it is not."""
    receivable, last = debt.receivable, debt.state.last
    if last and last.stage == "handed_over":
        return LeftOut(receivable, "handed-over", f"It was handed over for collection on {last.day}.")
    if known.invoices[receivable.invoice_id].written_off:
        return LeftOut(receivable, "written-off", "It is written off as a bad debt.")
    paused = pause_of(known.facts, receivable, as_of)
    if paused and paused.reason != "promised":
        return paused
    if receivable.invoice_id in known.facts.on_their_way:
        detail = "A payment or a credit is registered for it and not posted yet: see the parked events."
        return LeftOut(receivable, "payment-on-its-way", detail)
    return None


def _line(debt: _Debt) -> ChargeLine:
    return ChargeLine(
        invoice_id=debt.receivable.invoice_id,
        invoice_number=debt.receivable.number,
        due_date=debt.receivable.due_date,
        interest=debt.interest.amount,
        interest_spans=span_shapes(debt.interest.spans),
        interest_correction=debt.interest.correction,
        costs=cost_shape(debt.costs),
        total=debt.total,
    )


# ---------------------------------------------------------------- the invoices


def invoice_charges(at: CompanyAccess, given: ChargesInput) -> ChargesResult:
    """Make the interest invoices, one for each customer, a transaction each.

    What is made stays made whatever comes next; if there was no time for all, the same request again goes on
    with the rest. The answer is kept under its Idempotency-Key when none is left.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation`` for a day to come,
            ``outside-fiscal-year`` or ``closed-period`` if the books do not take today, ``too-many-mails``,
            ``busy``.
    """
    at.require_bureau("invoice late interest")
    at.require_active()
    as_of = _day(given)
    idempotency.replay_if_done(at.user)
    return _Charging(at, given, as_of).result()


class _Charging:
    """Invoices under way: those still to make, by what was read last, and those made."""

    def __init__(self, at: CompanyAccess, given: ChargesInput, as_of: date) -> None:
        self._at, self._given, self._as_of = at, given, as_of
        self._until = time.monotonic() + _SECONDS
        self._made: list[ChargeInvoice] = []
        self._look()

    def result(self) -> ChargesResult:
        """Make them all, as far as the time and the answer allow."""
        try:
            while time.monotonic() < self._until and self._lines < LINES_SHOWN:
                finished = retrying(self._make_one)
                if finished:
                    return finished
        except Problem as problem:
            if not self._made:
                raise
            return self._told(self._made, len(self._todo), problem.detail)
        return self._told(self._made, len(self._todo))

    @property
    def _lines(self) -> int:
        return sum(len(each.lines) for each in self._made)

    def _look(self) -> None:
        self._known = _gather(self._at.company_id, self._as_of)
        self._todo, self._left_out = _plan(self._known, self._as_of, self._given.customer_ids)

    def _make_one(self) -> ChargesResult | None:
        """Make the next invoice in one transaction; the result, if it was the last.

        Raises:
            Contention: somebody was faster; everything has been read anew.
        """
        transaction, made = Transaction(), self._made
        if self._todo:
            made = [*made, self._write(transaction, self._todo[0])]
        rest = self._todo[1:]
        try:
            if rest:
                transaction.commit()
                self._made, self._todo = made, rest
                return None
            return idempotency.commit(transaction, self._at.user, self._told(made, 0))
        except (ConditionFailed, Contention) as failure:
            self._look()
            raise Contention(str(failure)) from failure

    def _write(self, transaction: Transaction, charges: _Charges) -> ChargeInvoice:
        """An invoice, and what of each debt is on it, if all is as it was read."""
        company_id, customer_id = self._at.company_id, charges.customer_id
        invoice = add_charge_invoice(
            transaction,
            company_id,
            _invoice_id(charges),
            self._known.customers[customer_id],
            [row for debt in charges.debts for row in self._rows(debt)],
            self._at.user.request_id,
        )
        for debt in charges.debts:
            store.put_state(transaction, company_id, self._charged(debt, invoice))
            store.require_unchanged(transaction, company_id, debt.receivable)
        store.require_same_pauses(transaction, company_id, self._known.pauses_version)
        store.put_state(transaction, company_id, DebtState(invoice.invoice_id, customer_id, is_charge=True))
        assert invoice.number is not None  # it is issued
        return ChargeInvoice(
            invoice_id=invoice.invoice_id,
            invoice_number=invoice.number,
            customer_id=customer_id,
            customer_name=invoice.customer_name,
            total=invoice.total,
            lines=[_line(debt) for debt in charges.debts],
        )

    def _charged(self, debt: _Debt, invoice: Invoice) -> DebtState:
        """What has been done about a debt, with this invoice."""
        late, before = debt.interest, debt.state.interest
        last = late.spans[-1].last if late.spans else late.first - timedelta(days=1)
        rate = agreed_rate(self._known.facts, debt.receivable.customer_id)
        charged = InterestCharged(late.first, last, late.amount, invoice.invoice_id, rate)
        return replace(
            debt.state,
            interest=[*before, charged] if late.spans or late.amount else before,
            costs_invoiced=debt.state.costs_invoiced.plus(debt.costs),
        )

    def _rows(self, debt: _Debt) -> list[Charge]:
        fees: VatCode = (
            "late_fee" if self._known.facts.settings.fee_account == "3540" else "late_compensation"
        )
        number, costs = debt.receivable.number, debt.costs
        rows: list[tuple[str, int, VatCode]] = [
            (interest_row(number), debt.interest.amount, "late_interest"),
            (f"Påminnelseavgift, faktura {number}", costs.reminder, fees),
            (f"Ersättning för inkassokrav, faktura {number}", costs.collection, fees),
            (f"Förseningsersättning, faktura {number}", costs.compensation, "late_compensation"),
        ]
        return [
            Charge(text, amount, code, _grounds(debt.interest) if code == "late_interest" else ())
            for text, amount, code in rows
            if amount
        ]

    def _told(self, made: Sequence[ChargeInvoice], left: int, stopped: str | None = None) -> ChargesResult:
        return ChargesResult(
            as_of=self._as_of,
            invoices=list(made),
            left_out=[left_out_shape(each, self._as_of) for each in self._left_out[:LEFT_OUT_SHOWN]],
            left_out_count=len(self._left_out),
            left=left,
            stopped=stopped,
        )


def _grounds(late: OpenInterest) -> tuple[str, ...]:
    """How interest is reckoned, below its row."""
    return (*map(_words, late.spans), *([corrected(late.correction)] if late.correction else []))


def _words(span: InterestSpan) -> str:
    return (
        f"{decimal(span.rate)}{NBSP}% på {kronor(span.principal)}{NBSP}kr från {span.first} till och med "
        f"{span.last}, {span.days} dagar"
    )


def _invoice_id(charges: _Charges) -> str:
    """The same for the same charges of the same debts: what was done with each before is part of it."""
    causes = [f"{debt.state.invoice_id}/{debt.state.version}" for debt in charges.debts]
    return derived_id("inv", f"dunning/charges/{' '.join(causes)}", clock.today())
