"""What has been done: letters that were written, and the steps with one invoice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.invoicing.printing import seller_party
from samklang.ledger.dunning.model.debts import DebtState
from samklang.ledger.dunning.model.letters import InterestInvoiced, InvoiceDunning
from samklang.ledger.dunning.pdf import render_letter
from samklang.ledger.dunning.shapes import cost_shape, step_shape
from samklang.ledger.store import dunning as store
from samklang.ledger.store.loading import load
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.ledger.dunning.model.letters import LetterPage, SentLetter
    from samklang.platform.access import CompanyAccess


def letters(at: CompanyAccess, limit: int, cursor: str | None) -> LetterPage:
    """A page of letters, the newest first."""
    return store.letters(at.company_id, limit, cursor)


def get_letter(at: CompanyAccess, letter_id: str) -> SentLetter:
    """One letter, and how it went.

    Raises:
        Problem: ``not-found``.
    """
    found = store.letter(at.company_id, letter_id)
    if found is None:
        raise Problem("not-found", "There is no such letter.")
    return found.sent


def letter_pdf(at: CompanyAccess, letter_id: str) -> bytes:
    """One letter, ready to print.

    Raises:
        Problem: ``not-found``.
    """
    letter = get_letter(at, letter_id)
    return render_letter(letter, seller_party(invoicing.seller(at.company_id)))


def invoice_dunning(at: CompanyAccess, invoice_id: str) -> InvoiceDunning:
    """What has been done about one invoice.

    Raises:
        Problem: ``not-found`` for an invoice the ledger does not have.
    """
    if invoice_id not in load(at.company_id, [invoice_id]).receivables:
        raise Problem("not-found", "The ledger has no such invoice.")
    state = store.states(at.company_id, [invoice_id]).get(invoice_id) or DebtState(invoice_id, "")
    return InvoiceDunning(
        invoice_id=invoice_id,
        steps=[step_shape(step) for step in state.steps],
        interest_invoices=[
            InterestInvoiced(last=each.last, amount=each.amount, invoice_id=each.invoice_id)
            for each in state.interest
        ],
        costs_invoiced=cost_shape(state.costs_invoiced),
    )
