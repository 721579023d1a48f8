"""Dunning itself: what a run would send, and the run.

A letter and the steps in it are one transaction, conditional on what was done with each debt before and on
the debt and the pauses being as they were read. So a step is taken once however many run at the same time,
and a debt that is paid or disputed in the middle of a run is left out: what has changed is looked at anew,
and the run goes on.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger.dunning import facts as reading
from samklang.ledger.dunning.model.debts import Step
from samklang.ledger.dunning.model.letters import (
    DunningPreview,
    DunningSums,
    InvoiceLeftOut,
    Letter,
    LetterDelivery,
    RunResult,
    StepTaken,
)
from samklang.ledger.dunning.rules import LeftOut, plan
from samklang.ledger.dunning.shapes import (
    LEFT_OUT_SHOWN,
    address_of,
    case_shape,
    debtor_of,
    first_of,
    left_out_shape,
)
from samklang.ledger.store import dunning as store
from samklang.ledger.store.loading import load
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import MAX_OPERATIONS, ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import derived_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from samklang.ledger.dunning.facts import Known
    from samklang.ledger.dunning.model.letters import DunningCase, PreviewInput, RunInput
    from samklang.ledger.dunning.rules import Case
    from samklang.platform.access import CompanyAccess

DAYS_BACK = 3
"""How far back a run may reckon: over a weekend."""

_SECONDS = 15
"""How long a run goes on before it says what is left."""

_PER_STEP = 2
"""Operations a step takes: what was done with the debt, and a check that the debt is as it was read."""

_RESERVED = 3
"""Operations kept free: the count of e-mails, the check of the pauses, the idempotency key."""

_MOST_STEPS = 2000
"""Steps that an answer names: with their ids it must fit in one item under its Idempotency-Key."""


# ---------------------------------------------------------------- what would be sent


def preview(at: CompanyAccess, given: PreviewInput) -> DunningPreview:
    """What a run would send on a day, and what it would leave out; nothing is done."""
    found = look(at.company_id, given.as_of or clock.today())
    shown = {"cases": first_of(found.cases[:CASES_SHOWN]), "left_out": found.left_out[:LEFT_OUT_SHOWN]}
    return found.model_copy(update=shown)


CASES_SHOWN = 200


def look(company_id: str, as_of: date) -> DunningPreview:
    """All that is due in a company on a day."""
    known = reading.gather(company_id, as_of)
    found = plan(known.facts, as_of)
    cases = [case_shape(known, case, max(as_of, clock.today())) for case in found.cases]
    return DunningPreview(
        as_of=as_of,
        cases=cases,
        case_count=len(cases),
        left_out=[left_out_shape(each, as_of) for each in found.left_out],
        left_out_count=len(found.left_out),
        sums=_added(case.sums for case in cases),
    )


def _added(sums: Iterable[DunningSums]) -> DunningSums:
    principal = interest = costs = 0
    for each in sums:
        principal, interest, costs = principal + each.principal, interest + each.interest, costs + each.costs
    return DunningSums(
        principal=principal, interest=interest, costs=costs, total=principal + interest + costs
    )


# ---------------------------------------------------------------- the run


def run(at: CompanyAccess, given: RunInput) -> RunResult:
    """Send what is due, a letter to each customer: all of it, or of the invoices named.

    Each step is taken once. What is done stays done whatever comes next; if there was no time for all, the
    same request again goes on with the rest. The answer is kept under its Idempotency-Key when none is left.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation`` for a day that is not today or
            just before, ``busy``.
    """
    at.require_bureau("send reminders")
    at.require_active()
    today = clock.today()
    as_of = given.as_of or today
    if not today - timedelta(days=DAYS_BACK) <= as_of <= today:
        message = f"A run reckons interest to today, {today}, or at most {DAYS_BACK} days before."
        raise Problem("validation", message, (FieldError("/as_of", "day", message),))
    idempotency.replay_if_done(at.user)
    return _Run(at, given, as_of).result()


class _Run:
    """A run under way: what is still to do, by what was read last, and what is done."""

    def __init__(self, at: CompanyAccess, given: RunInput, as_of: date) -> None:
        self._at, self._as_of = at, as_of
        self._wanted = frozenset(given.invoice_ids) if given.invoice_ids else None
        self._until = time.monotonic() + _SECONDS
        self._steps: list[StepTaken] = []
        self._letters: list[str] = []
        self._look()

    def result(self) -> RunResult:
        """Send it all, as far as the time and the answer allow."""
        try:
            while time.monotonic() < self._until and len(self._steps) < _MOST_STEPS:
                finished = retrying(self._send_some)
                if finished:
                    return finished
        except Problem as problem:
            if not self._steps:
                raise
            return self._told(self._steps, self._letters, stopped=problem.detail)
        return self._told(self._steps, self._letters)

    def _look(self) -> None:
        """Read everything anew, and see what is due."""
        self._known = reading.gather(self._at.company_id, self._as_of)
        found = plan(self._known.facts, self._as_of, self._wanted)
        done = {step.invoice_id for step in self._steps}
        left_out = [
            left_out_shape(each, self._as_of)
            for each in found.left_out
            if each.receivable.invoice_id not in done
        ]
        seen = done | {each.invoice_id for each in left_out}
        seen |= {step.receivable.invoice_id for case in found.cases for step in case.steps}
        self._left_out = left_out + not_overdue(
            self._at.company_id, sorted((self._wanted or frozenset()) - seen), self._as_of
        )
        self._todo = found.cases

    def _send_some(self) -> RunResult | None:
        """Send the next letters in one transaction; the result, if they were the last.

        Raises:
            Contention: somebody was faster; everything has been read anew.
        """
        batch, rest = self._next()
        transaction = Transaction()
        letters = [self._write(transaction, case) for case in batch]
        if letters:
            store.require_same_pauses(transaction, self._at.company_id, self._known.pauses_version)
        if not self._counts_mails(transaction, batch):
            return None
        sent = [*self._letters, *(each.letter_id for each in letters)]
        steps = [*self._steps, *(step for each in letters for step in _taken(each))]
        try:
            if not rest:
                told = self._told(steps, sent, left=0)
                return idempotency.commit(transaction, self._at.user, told)
            transaction.commit()
        except (ConditionFailed, Contention) as failure:
            self._look()
            raise Contention(str(failure)) from failure
        self._steps, self._letters, self._todo = steps, sent, rest
        return None

    def _next(self) -> tuple[list[Case], list[Case]]:
        """The letters that fit in the next transaction, and those behind them."""
        room, count = MAX_OPERATIONS - _RESERVED, 0
        for case in self._todo:
            room -= 1 + _PER_STEP * len(case.steps)
            if room < 0:
                break
            count += 1
        return self._todo[:count], self._todo[count:]

    def _counts_mails(self, transaction: Transaction, batch: list[Case]) -> bool:
        """Count the batch's e-mails; if the day's are used up, all letters by e-mail are left out instead."""
        mailed = [case for case in batch if self._address(case)]
        if not mailed:
            return True
        try:
            invoicing.count_mails(transaction, self._at.company_id, len(mailed))
        except Problem as problem:
            for case in [case for case in self._todo if self._address(case)]:
                self._todo.remove(case)
                self._left_out += [
                    left_out_shape(LeftOut(step.receivable, "too-many-mails", problem.detail), self._as_of)
                    for step in case.steps
                ]
            return False
        return True

    def _address(self, case: Case) -> str | None:
        return address_of(self._known.customers[case.customer_id], case)

    def _write(self, transaction: Transaction, case: Case) -> Letter:
        """A letter and its steps, if all is as it was read."""
        shape = case_shape(self._known, case, clock.today())
        letter = _letter(self._known, case, shape, self._as_of)
        now = clock.timestamp()
        delivery = LetterDelivery(
            channel=shape.channel,
            to=shape.to,
            status="queued" if shape.to else "printed",
            requested_at=now,
            at=now,
        )
        company_id = self._at.company_id
        store.put_letter(transaction, company_id, letter, delivery, self._at.user.request_id)
        for each in case.steps:
            step = Step(each.rule.stage, letter.day, letter.pay_by, each.added, letter.letter_id)
            store.put_state(transaction, company_id, each.state.with_step(step))
            store.require_unchanged(transaction, company_id, each.receivable)
        return letter

    def _told(
        self, steps: list[StepTaken], letters: list[str], left: int | None = None, stopped: str | None = None
    ) -> RunResult:
        return RunResult(
            as_of=self._as_of,
            steps=steps,
            letters=letters,
            left_out=self._left_out[:LEFT_OUT_SHOWN],
            left_out_count=len(self._left_out),
            left=len(self._todo) if left is None else left,
            stopped=stopped,
        )


def _letter(known: Known, case: Case, shape: DunningCase, as_of: date) -> Letter:
    settings, today = known.facts.settings, clock.today()
    causes = [step_id(line.invoice_id, line.stage) for line in shape.lines]
    return Letter(
        letter_id=derived_id("let", " ".join(causes), today),
        customer_id=case.customer_id,
        kind=case.kind,
        day=today,
        as_of=as_of,
        pay_by=shape.pay_by,
        debtor=debtor_of(known.customers[case.customer_id]),
        lines=shape.lines,
        sums=shape.sums,
        words=settings.reminder_text if case.kind == "reminder" else settings.collection_text,
        objections_to=settings.objections_to,
    )


def step_id(invoice_id: str, stage: str) -> str:
    """The same for the same step, however often it is asked for."""
    return f"dunning/{invoice_id}/{stage}"


def _taken(letter: Letter) -> list[StepTaken]:
    return [
        StepTaken(
            step_id=step_id(line.invoice_id, line.stage),
            invoice_id=line.invoice_id,
            invoice_number=line.invoice_number,
            stage=line.stage,
            letter_id=letter.letter_id,
        )
        for line in letter.lines
    ]


def not_overdue(company_id: str, invoice_ids: list[str], as_of: date) -> list[InvoiceLeftOut]:
    """Invoices that somebody named, with which nothing is to be done."""
    debts = load(company_id, invoice_ids).receivables
    left_out = []
    for invoice_id in invoice_ids:
        debt = debts.get(invoice_id)
        if debt is None:
            left_out.append(_unknown(invoice_id))
        elif debt.remaining <= 0:
            left_out.append(left_out_shape(LeftOut(debt, "paid", "Nothing remains to pay."), as_of))
        else:
            detail = f"It is due on {debt.due_date}."
            left_out.append(left_out_shape(LeftOut(debt, "not-overdue", detail, debt.due_date), as_of))
    return left_out


def _unknown(invoice_id: str) -> InvoiceLeftOut:
    return InvoiceLeftOut(
        invoice_id=invoice_id,
        invoice_number=None,
        customer_id=None,
        customer_name=None,
        remaining=0,
        days_overdue=None,
        reason="not-found",
        detail="The ledger has no such invoice.",
        on=None,
    )
