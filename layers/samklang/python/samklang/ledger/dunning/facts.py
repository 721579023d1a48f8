"""Reads what dunning is decided from: open items, what was done before, pauses, invoices and customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger.dunning.model.debts import PauseInForce
from samklang.ledger.dunning.rules import Facts
from samklang.ledger.dunning.words import interest_row
from samklang.ledger.store import dunning as store
from samklang.ledger.store.loading import load
from samklang.ledger.store.parked import parked_items
from samklang.ledger.store.receivables import open_receivables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from samklang.invoicing.model.invoices import Invoice
    from samklang.invoicing.model.registers import Customer
    from samklang.ledger.dunning.model.debts import DebtState
    from samklang.ledger.model.receivables import Receivable


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a company's overdue debts, and of those who owe them."""

    facts: Facts
    invoices: dict[str, Invoice]
    customers: dict[str, Customer]
    interest_invoices: dict[str, Invoice]
    """Those that interest of these debts is on."""
    pauses_version: int
    """That of the pauses: a letter goes only if it is still the same."""


def gather(company_id: str, as_of: date) -> Known:
    """Everything about the debts that are overdue on a day, as last written.

    The index of open items may lag a moment; which items they are is asked of it, how they are is not.
    """
    listed = list(open_receivables(company_id))
    overdue = [each for each in listed if each.total > 0 and each.due_date < as_of]
    debtors = {each.customer_id for each in overdue}
    notes = [each for each in listed if each.total < 0 and each.customer_id in debtors]
    return look_at(company_id, [*overdue, *notes])


def look_at(company_id: str, items: Iterable[Receivable]) -> Known:
    """Everything about these debts, as last written."""
    ids = [each.invoice_id for each in items]
    debtors = {each.customer_id for each in items}
    loaded = load(company_id, ids, customer_ids=debtors)
    customers = invoicing.customers_by_id(company_id, debtors)
    debts = [loaded.receivables[each] for each in ids if each in loaded.receivables]
    invoices = invoicing.invoices_by_id(company_id, [each.invoice_id for each in debts])
    states = store.states(company_id, [each.invoice_id for each in debts if each.total > 0])
    charged = {each.invoice_id for state in states.values() for each in state.interest}
    interest_invoices = invoicing.invoices_by_id(company_id, charged)
    pauses_version = store.pauses_version(company_id)  # before the pauses: they may be newer, never older
    facts = Facts(
        settings=store.settings(company_id),
        receivables=debts,
        states=states,
        pauses=[
            PauseInForce(each.reason, each.customer_id, each.invoice_id, each.until)
            for each in store.open_pauses(company_id)
        ],
        businesses=frozenset(each for each, customer in customers.items() if customer.kind == "company"),
        on_their_way=_on_their_way(company_id, debts, invoices),
        credits={each: credit.balance for each, credit in loaded.credits.items()},
        credited={each: invoice.credited for each, invoice in invoices.items()},
        interest_credited=_interest_credited(company_id, debts, states, interest_invoices),
    )
    return Known(facts, invoices, customers, interest_invoices, pauses_version)


def _interest_credited(
    company_id: str,
    debts: Iterable[Receivable],
    states: dict[str, DebtState],
    interest_invoices: dict[str, Invoice],
) -> dict[str, int]:
    """What credit notes of interest invoices credit of each debt's interest: öre by the debt's invoice."""
    note_ids = {note.invoice_id for each in interest_invoices.values() for note in each.credit_notes}
    notes = invoicing.invoices_by_id(company_id, note_ids)
    return {
        each.invoice_id: sum(
            -row.amount
            for charged in state.interest
            for note in interest_invoices[charged.invoice_id].credit_notes
            for row in notes[note.invoice_id].sales
            if row.description == interest_row(each.number)
        )
        for each in debts
        if (state := states.get(each.invoice_id)) and state.interest
    }


def _on_their_way(
    company_id: str, debts: Iterable[Receivable], invoices: dict[str, Invoice]
) -> frozenset[str]:
    """Invoices of which invoicing knows a payment or a credit that the books do not have, or refuse."""
    parked = {invoice_id for item in parked_items(company_id) for invoice_id in item["invoices"]}
    pending = {each.invoice_id for each in debts if invoices[each.invoice_id].remaining != each.remaining}
    return frozenset(parked | pending)
