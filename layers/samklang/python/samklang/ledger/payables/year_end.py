"""The cash method at the end of a fiscal year: what is unpaid is posted as a debt.

Bokföringslagen 5 kap. 2 §. From then on the item is on account 2440 and is paid there: neither cost nor VAT
is posted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger import cash_method
from samklang.ledger.accounts import PAYABLES
from samklang.ledger.payables.costs import INPUT_VAT
from samklang.ledger.payables.texts import invoice_text
from samklang.ledger.store import payables as store

if TYPE_CHECKING:
    from datetime import date

    from samklang.ledger.cash_method import Parts
    from samklang.ledger.model.vouchers import Voucher
    from samklang.ledger.payables.model.payables import Payable
    from samklang.ledger.postings import Postings
    from samklang.platform.dynamo import Transaction

DORMANT_INPUT_VAT = "2648"


def unpaid_items(company_id: str, day: date) -> list[Payable]:
    """Items of the cash method that had something unpaid at the end of a day and are not on account 2440."""
    return [
        payable
        for payable in store.payables_open_after(company_id, day)
        if payable.bought
        and not payable.put_on_account
        # What is paid before it is posted has its cost from the payment.
        and payable.posting_date <= day
        and payable.remaining_on(day)
    ]


def unpaid_parts(payable: Payable, day: date) -> Parts:
    """What is to be posted of an item at the end of a year: account to öre, together what remained then."""
    parts: Parts = {}
    for account, amount in cash_method.added(payable.bought, _posted_on(payable, day), sign=-1).items():
        dormant = DORMANT_INPUT_VAT if account == INPUT_VAT else account
        parts = cash_method.added(parts, {dormant: amount})
    return parts


def _posted_on(payable: Payable, day: date) -> Parts:
    """What of an item is posted by payments to the end of a day."""
    paid = -sum(each.amount for each in payable.entries if each.is_payment and each.date <= day)
    return cash_method.posted_when_paid(payable.bought, payable.bought, paid)


def post_year_end(postings: Postings, payable: Payable, day: date, series: str) -> list[Voucher]:
    """Post an item as a debt in memory: cost and dormant VAT in debit, 2440 in credit.

    What was paid after the day, and posted as cost then, pays the debt instead: a voucher a day of payment.
    An invoice taken back after the day is taken back then. The vouchers' sources are
    ``supplier_invoice/<id>/year_end-<day>``, and the same with ``-paid-<day>`` or ``-reversed``. Write the
    item with :func:`put_item` in the transaction of the postings.

    Raises:
        Problem: as :meth:`Postings.post`.
    """
    parts, remaining = unpaid_parts(payable, day), payable.remaining_on(day)
    source = f"supplier_invoice/{payable.supplier_invoice_id}/year_end-{day}"
    text = f"Bokslut: {invoice_text(payable)}"
    attached = [payable.document_id] if payable.document_id else []
    rows = [*parts.items(), (PAYABLES, -remaining)]
    vouchers = [postings.post(series, day, text, rows, source, documents=attached)]
    put = [(day, remaining)]
    reached = _posted_on(payable, day)
    posted = cash_method.added(reached, parts)
    for later in sorted({each.date for each in payable.entries if each.is_payment and each.date > day}):
        share = cash_method.added(_posted_on(payable, later), reached, sign=-1)
        paid = sum(share.values())
        if share:
            amounts = [(PAYABLES, paid), *((account, -amount) for account, amount in share.items())]
            vouchers.append(postings.post(series, later, text, amounts, f"{source}-paid-{later}"))
            put.append((later, -paid))
        reached = _posted_on(payable, later)
    if payable.reversal:
        # It was taken back when there was nothing to post.
        amounts = [(PAYABLES, payable.total), *((account, -amount) for account, amount in posted.items())]
        vouchers.append(postings.post(series, payable.reversal.date, text, amounts, f"{source}-reversed"))
        put.append((payable.reversal.date, -payable.total))
        posted = {}
    payable.posted, payable.put_on_account = posted, put
    payable.voucher_id = vouchers[0].voucher_id
    return vouchers


def put_item(transaction: Transaction, company_id: str, payable: Payable) -> None:
    """Add an item that a year's end has changed to a transaction: one operation."""
    store.put_payable(transaction, company_id, payable)
