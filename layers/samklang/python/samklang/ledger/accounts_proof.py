"""Where an account and its subledger part: every voucher held against the entries it belongs to.

Read when an account is not what its subledger says and no event differs between the books: then a voucher,
or a sum kept of vouchers, is at fault. It takes the whole of the books.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.balances import FIRST_DAY, LAST_DAY
from samklang.ledger.model.agreement import Difference
from samklang.ledger.store import balances, payments, receivables, unposted
from samklang.ledger.store import vouchers as kept_vouchers
from samklang.payments.events import PaymentRegistered
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samklang.ledger.model.books import AccountingMethod
    from samklang.ledger.store.vouchers import VoucherLines


class Expected(NamedTuple):
    """What an event did in a subledger: öre, when, and the invoice's number if it is an issue."""

    amount: int
    at: str
    number: int | None = None


def of_open_items(company_id: str, method: AccountingMethod) -> dict[str, Expected]:
    """By event: what it did to what customers owe; by the cash method, to what of that is on account 1510."""
    found: dict[str, Expected] = {}
    for item in receivables.every_receivable(company_id):
        issue = f"invoice/{item.invoice_id}/issued"
        if method == "invoice":
            told = [(issue, item.total, item.invoice_date)]
            told += [(entry.cause, entry.amount, entry.date) for entry in item.entries]
        else:
            told = [(entry.cause, entry.booked, entry.date) for entry in item.entries if entry.booked]
        for event, amount, day in told:
            before = found.get(event, Expected(0, day.isoformat()))
            number = item.number if event == issue else before.number
            found[event] = Expected(before.amount + amount, before.at, number)
    return found


def of_credit(company_id: str) -> dict[str, Expected]:
    """By event: what it did to customers' credit."""
    return {event: Expected(amount, at) for event, at, _, amount in _credit_changes(company_id)}


def _credit_changes(company_id: str) -> Iterator[tuple[str, str, str, int]]:
    """What payments and reversals did to credit: event, time, customer, öre."""
    for item in payments.every_payment(company_id):
        payment = PaymentRegistered.from_image(item)
        if payment.credit:
            yield payment.event_id, payment.registered_at, payment.customer_id, payment.credit
            if "reversal_date" in item:
                event = f"payment/{payment.payment_id}/reversed"
                yield event, item["reversed_at"], payment.customer_id, -payment.credit


def first_fault(
    company_id: str, account: str, expected: Mapping[str, Expected], sign: int = 1
) -> Difference | None:
    """The first event whose vouchers moved the account by something else than the subledger.

    If there is none, the first month whose kept balance is not what its vouchers come to. ``sign`` is -1 for
    an account of debts.
    """
    posted: dict[str, int] = {}
    vouchers: dict[str, VoucherLines] = {}
    months: dict[str, int] = {}
    for voucher in kept_vouchers.every_voucher(company_id):
        amounts = [sign * amount for each, amount in voucher.amounts if each == account]
        if amounts:
            event, month = voucher.source or f"voucher/{voucher.voucher_id}", voucher.voucher_id[:7]
            posted[event] = posted.get(event, 0) + sum(amounts)
            months[month] = months.get(month, 0) + sum(amounts)
            first = vouchers.get(event, voucher)
            vouchers[event] = min(first, voucher, key=lambda each: each.created_at)
    for waiting in unposted.every_unposted(company_id):
        moves = sum(sign * amount for each, amount in waiting.amounts if each == account)
        posted[waiting.event] = posted.get(waiting.event, 0) + moves
    nothing = Expected(0, "")
    faults = [
        (vouchers[event].created_at if event in vouchers else expected[event].at, event)
        for event in expected.keys() | posted.keys()
        if expected.get(event, nothing).amount != posted.get(event, 0)
    ]
    if not faults:
        return _first_balance(company_id, account, months, sign)
    at, event = min(faults)
    wanted = expected.get(event, nothing)
    return _of_event(event, at, account, wanted, posted.get(event, 0), vouchers.get(event))


def _of_event(
    event: str, at: str, account: str, wanted: Expected, posted: int, voucher: VoucherLines | None
) -> Difference:
    what = f"Voucher {voucher.voucher_id} moved" if voucher else "No voucher of it moved"
    kind, identifier, *more = event.split("/")
    if kind == "year_end":
        kind, identifier = "invoice", more[0]
    return Difference(
        event=event,
        at=at,
        invoice_id=identifier if kind == "invoice" else None,
        invoice_number=wanted.number,
        payment_id=identifier if kind == "payment" else None,
        invoicing_amount=wanted.amount,
        ledger_amount=posted,
        cause="differs",
        detail=(
            f"{what} account {account}: by {format_sek(posted)} where its subledger has "
            f"{format_sek(wanted.amount)}."
        ),
    )


def _first_balance(company_id: str, account: str, months: Mapping[str, int], sign: int) -> Difference | None:
    kept = {
        month: sign * moved.get(account, 0)
        for month, moved in balances.months(company_id, f"{FIRST_DAY:%Y-%m}", f"{LAST_DAY:%Y-%m}")
    }
    for month in sorted(kept.keys() | months.keys()):
        told, balance = months.get(month, 0), kept.get(month, 0)
        if told != balance:
            detail = (
                f"Every event agrees, but {format_sek(balance)} is kept as what account {account} moved in "
                f"{month}; its vouchers come to {format_sek(told)}."
            )
            return of_sum(f"balance/{month}", told, balance, detail)
    return None


def first_kept_credit(company_id: str, kept: Mapping[str, int]) -> Difference | None:
    """A customer whose kept credit, the same in both books, is not what its payments come to."""
    told: dict[str, int] = {}
    for _, _, customer_id, amount in _credit_changes(company_id):
        told[customer_id] = told.get(customer_id, 0) + amount
    for customer_id in sorted(kept.keys() | told.keys()):
        comes_to, is_kept = told.get(customer_id, 0), kept.get(customer_id, 0)
        if comes_to != is_kept:
            detail = (
                f"{format_sek(is_kept)} is kept as the customer's credit in both books; the ledger's "
                f"payments come to {format_sek(comes_to)}."
            )
            return of_sum(f"credit/{customer_id}", comes_to, is_kept, detail)
    return None


def of_sum(event: str, told: int, kept: int, detail: str) -> Difference:
    """A sum at fault, though every event agrees. Öre."""
    return Difference(
        event=event,
        at=None,
        invoice_id=None,
        invoice_number=None,
        payment_id=None,
        invoicing_amount=told,
        ledger_amount=kept,
        cause="differs",
        detail=detail,
    )
