"""Credit notes: what an issued invoice, which never changes, is corrected with.

Mervärdesskattelagen 17 kap. 22-23 §§: a credit note refers to its original, and takes over its rates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats import ocr
from samklang.invoicing.drafts import found
from samklang.invoicing.issuing import check_dates
from samklang.invoicing.model.credits import credit_of
from samklang.invoicing.model.invoices import Invoice, LedgerState, Original, status_of
from samklang.invoicing.store import invoices as store
from samklang.ledger import service as ledger
from samklang.payments import service as payments
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.invoicing.model.credits import Credit
    from samklang.invoicing.model.invoices import CreditInput
    from samklang.invoicing.store.invoices import IssueBasis
    from samklang.platform.access import CompanyAccess


MAX_CREDIT_NOTES = 200
"""Of one invoice: its item lists them, and an item holds 400 KB."""


def credit(at: CompanyAccess, invoice_id: str, given: CreditInput) -> Invoice:
    """Issue a credit note of an invoice, at once and with a number of the same series.

    It settles what remains of the invoice; what is credited above that (the invoice was paid) remains on
    the credit note, below zero, as the customer's to get back or set off.

    Raises:
        Problem: ``not-master``, ``not-active``, ``not-found``, ``not-issued``, ``is-credit-note``,
            ``written-off``, ``not-synchronised``, ``credit-exceeds``, ``validation`` for rows and dates,
            ``outside-fiscal-year``, ``closed-period``, ``busy``.
    """
    at.require_client("invoices")
    at.require_active()
    credit_note_id = new_id("inv")
    return retrying(lambda: _credit_once(at, credit_note_id, invoice_id, given))


def _credit_once(at: CompanyAccess, credit_note_id: str, invoice_id: str, given: CreditInput) -> Invoice:
    basis = store.issue_basis(at.company_id, [invoice_id])
    original = _creditable(found(basis.invoices.get(invoice_id)))
    _require_no_news(at.company_id, original)
    ids = [each.invoice_id for each in original.credit_notes]
    if len(ids) >= MAX_CREDIT_NOTES:
        raise Problem("credit-exceeds", f"An invoice has at most {MAX_CREDIT_NOTES} credit notes.")
    day = _day(original, given)
    check_dates(ledger.books(at.company_id), day, day)
    earlier = store.invoices_by_id(at.company_id, ids)
    figures = credit_of(original, [earlier[each] for each in ids], given.rows)
    note = _credit_note(credit_note_id, original, figures, basis, given)
    assert note.original is not None  # it has just been given one
    transaction = Transaction()
    basis.series.write(transaction, at.company_id)
    store.put(transaction, at.company_id, note, at.user.request_id)
    store.change_remaining(transaction, at.company_id, original, -note.original.settled, note)
    try:
        return idempotency.commit(transaction, at.user, note)
    except ConditionFailed as failure:
        # The number or the original was taken meanwhile: what is true now is read anew.
        raise Contention(str(failure)) from failure


def _creditable(invoice: Invoice) -> Invoice:
    if invoice.number is None:
        raise Problem("not-issued", "A draft is not credited: change it, or throw it away.")
    if invoice.kind == "credit_note":
        raise Problem("is-credit-note", f"{invoice.number} is a credit note: write a new invoice instead.")
    if invoice.written_off:
        raise Problem(
            "written-off",
            f"The bureau has written off {format_sek(invoice.written_off)} of invoice {invoice.number}, with "
            "its VAT. Ask the bureau to take that back first.",
        )
    return invoice


def _require_no_news(company_id: str, invoice: Invoice) -> None:
    """Refuse while the ledger has taken a payment or a bad debt off the invoice that is not known here.

    The rule of :class:`samklang.payments.registering.Registration`: without it sale and VAT would go twice.
    """
    posted = ledger.posted_receivables(company_id, [invoice.invoice_id]).get(invoice.invoice_id)
    taken = {payment_id for payment_id, amount in posted.paid.items() if amount} if posted else set()
    if taken - payments.known(company_id, taken):
        raise Problem(
            "not-synchronised",
            f"What the bureau has taken off invoice {invoice.number} is on its way from the other side. "
            "Try again soon.",
        )


def _day(original: Invoice, given: CreditInput) -> date:
    assert original.invoice_date is not None  # issuing dates it
    day = given.invoice_date or clock.today()
    if day < original.invoice_date:
        raise Problem(
            "validation", f"The invoice is from {original.invoice_date}; credit it on that day or later."
        )
    return day


def _credit_note(
    credit_note_id: str, original: Invoice, figures: Credit, basis: IssueBasis, given: CreditInput
) -> Invoice:
    assert original.number is not None  # it is issued, and issuing dates it
    assert original.invoice_date is not None
    invoice_date = _day(original, given)
    settled = min(-figures.total, max(original.remaining, 0))
    remaining = figures.total + settled
    number = basis.series.take(credit_note_id)
    net = sum(line.base for line in figures.vat_lines)
    vat = sum(line.vat for line in figures.vat_lines)
    return original.model_copy(
        update={
            "invoice_id": credit_note_id,
            "kind": "credit_note",
            "status": status_of(
                kind="credit_note",
                number=number,
                total=figures.total,
                credited=0,
                paid=0,
                remaining=remaining,
                sent=False,
            ),
            "number": number,
            "ocr": ocr.make_ocr(str(number)),
            "invoice_date": invoice_date,
            "due_date": invoice_date,
            "rows": figures.rows,
            "vat_lines": figures.vat_lines,
            "net": net,
            "vat": vat,
            "rounding": figures.rounding,
            "total": figures.total,
            "credited": 0,
            "paid": 0,
            "remaining": remaining,
            "original": Original(
                invoice_id=original.invoice_id,
                number=original.number,
                invoice_date=original.invoice_date,
                settled=settled,
                rows=figures.places,
            ),
            "credit_notes": [],
            "reason": given.reason,
            "sent_at": None,
            "delivery": None,
            "ledger": LedgerState(status="pending"),
            "logo": basis.logo,
            "version": 1,
        }
    )
