"""Cases for a collection agency: debts whose collection notice has run out, handed over once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from samklang.formats.tables.csv_writer import write_csv
from samklang.invoicing import service as invoicing
from samklang.invoicing.printing import seller_party
from samklang.ledger.dunning import facts as reading
from samklang.ledger.dunning.model.charges import MOST_CASES, CollectionCase, CollectionExport, Creditor
from samklang.ledger.dunning.model.debts import NO_COSTS, Step
from samklang.ledger.dunning.rules import LeftOut, agreed_rate, open_interest, plan, ready_for_collection
from samklang.ledger.dunning.running import not_overdue
from samklang.ledger.dunning.shapes import (
    about,
    cost_shape,
    debtor_of,
    left_out_shape,
    span_shapes,
    step_shape,
)
from samklang.ledger.dunning.words import STAGES
from samklang.ledger.store import dunning as store
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.figures import NBSP, decimal
from samklang.platform.ids import new_id
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from samklang.ledger.dunning.facts import Known
    from samklang.ledger.dunning.model.charges import CollectionInput
    from samklang.ledger.dunning.model.debts import StageTaken
    from samklang.ledger.dunning.model.letters import InvoiceLeftOut
    from samklang.ledger.dunning.rules import Plan
    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.access import CompanyAccess


def hand_over(at: CompanyAccess, given: CollectionInput) -> CollectionExport:
    """Hand cases over for collection: each once, all of an export or none.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``reference-rate-missing``, ``busy``.
    """
    at.require_bureau("hand debts over for collection")
    at.require_active()
    export_id = new_id("exp")
    return retrying(lambda: _hand_over_once(at, given, export_id))


def _hand_over_once(at: CompanyAccess, given: CollectionInput, export_id: str) -> CollectionExport:
    today = clock.today()
    wanted = frozenset(given.invoice_ids) if given.invoice_ids else None
    known = reading.gather(at.company_id, today)
    found = plan(known.facts, today, wanted)
    ready = ready_for_collection(found.left_out)
    chosen = ready[:MOST_CASES]
    cases = [_case(known, each, today) for each in chosen]
    export = CollectionExport(
        export_id=export_id,
        day=today,
        creditor=_creditor(at.company_id),
        cases=cases,
        left_out=_left_out(at.company_id, found, wanted, today) if wanted else [],
        left=len(ready) - len(chosen),
        csv=_csv(cases),
    )
    transaction = Transaction()
    if cases:
        store.put_export(transaction, at.company_id, export)
        store.require_same_pauses(transaction, at.company_id, known.pauses_version)
    for each in chosen:
        state = known.facts.state(each)
        step = Step("handed_over", today, None, NO_COSTS, export_id)
        store.put_state(transaction, at.company_id, state.with_step(step))
        store.require_unchanged(transaction, at.company_id, each)
    try:
        return idempotency.commit(transaction, at.user, export)
    except ConditionFailed as failure:
        raise Contention(str(failure)) from failure


def get_export(at: CompanyAccess, export_id: str) -> CollectionExport:
    """Cases handed over at once.

    Raises:
        Problem: ``not-found``, ``not-allowed`` for the client.
    """
    found = store.export(at.company_id, export_id)
    if found is None:
        raise Problem("not-found", "There is no such export.")
    at.require_bureau("read what is handed over for collection")
    return found


def _left_out(company_id: str, found: Plan, wanted: frozenset[str], today: date) -> list[InvoiceLeftOut]:
    """Why those that were named are not handed over."""
    told = [left_out_shape(each, today) for each in found.left_out if each.reason != "ready-for-collection"]
    told += [
        left_out_shape(LeftOut(step.receivable, "not-yet", f"Next is {step.rule.stage}, now."), today)
        for case in found.cases
        for step in case.steps
    ]
    ready = {each.invoice_id for each in ready_for_collection(found.left_out)}
    missing = wanted - ready - {each.invoice_id for each in told}
    return told + not_overdue(company_id, sorted(missing), today)


def _case(known: Known, receivable: Receivable, today: date) -> CollectionCase:
    invoice, state = known.invoices[receivable.invoice_id], known.facts.state(receivable)
    assert invoice.ocr is not None  # it is issued
    late, costs = open_interest(known.facts, receivable, today).asked, state.open_costs()
    return CollectionCase(
        invoice_id=receivable.invoice_id,
        invoice_number=receivable.number,
        ocr=invoice.ocr,
        about=about(invoice),
        invoice_date=receivable.invoice_date,
        due_date=receivable.due_date,
        invoiced=receivable.total,
        principal=receivable.remaining,
        interest=late.amount,
        interest_rule=_interest_rule(known, receivable),
        interest_spans=span_shapes(late.spans),
        interest_correction=late.correction,
        costs=cost_shape(costs),
        total=receivable.remaining + late.amount + costs.total,
        customer_id=receivable.customer_id,
        debtor=debtor_of(known.customers[receivable.customer_id]),
        history=[step_shape(step) for step in state.steps],
    )


def _interest_rule(known: Known, receivable: Receivable) -> str:
    """By which rate interest goes on, in words an agency reads."""
    facts = known.facts
    if facts.settings.interest == "none" or facts.state(receivable).is_charge:
        return "Ingen ränta"
    rate = agreed_rate(facts, receivable.customer_id)
    if rate is not None:
        return f"Avtalad ränta {decimal(rate)}{NBSP}% per år på kapitalet"
    return "Ränta på kapitalet enligt 6 § räntelagen (referensräntan och åtta procentenheter)"


def _creditor(company_id: str) -> Creditor:
    party = seller_party(invoicing.seller(company_id))
    assert party.org_no is not None  # a company has one
    return Creditor(
        name=party.name,
        org_no=party.org_no,
        address=list(party.address),
        email=party.email,
        phone=party.phone,
        bankgiro=party.bankgiro,
        plusgiro=party.plusgiro,
        iban=party.iban,
    )


_COLUMNS = (
    *("Fakturanummer", "OCR", "Avser", "Fakturadatum", "Förfallodag", "Fakturerat", "Kapital"),
    *("Ränta", "Ränteregel", "Påminnelseavgift", "Inkassokrav", "Förseningsersättning", "Summa"),
    *("Kundnummer", "Gäldenär", "Kundtyp", "Org.nr", "Adress", "E-post", "Åtgärder"),
)


def _csv(cases: Sequence[CollectionCase]) -> str:
    """A case a line."""
    rows = [
        (
            *(case.invoice_number, case.ocr, case.about, case.invoice_date, case.due_date),
            *(_kronor(case.invoiced), _kronor(case.principal), _kronor(case.interest), case.interest_rule),
            *(_kronor(case.costs.reminder_fee), _kronor(case.costs.collection_fee)),
            *(_kronor(case.costs.compensation), _kronor(case.total)),
            *(case.debtor.number, case.debtor.name, _KINDS[case.debtor.kind], case.debtor.org_no),
            *(", ".join(case.debtor.address), case.debtor.email),
            ", ".join(f"{_done(step.stage)} {step.day}" for step in case.history),
        )
        for case in cases
    ]
    return write_csv(_COLUMNS, rows).decode()


def _done(stage: StageTaken) -> str:
    return "Överlämnad" if stage == "handed_over" else STAGES[stage]


_KINDS = {"company": "Företag", "private": "Privatperson"}


def _kronor(ore: int) -> Decimal:
    return Decimal(ore).scaleb(-2)
