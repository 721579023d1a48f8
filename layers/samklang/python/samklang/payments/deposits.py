"""Deposits that one file tells as a sum and another payment by payment: the same money once.

An account statement often has only the sum of a day's giro payments (a ``lump``), which BgMax or camt.054
tell one by one. A deposit is recognised by its day, amount and currency, counted per format as single
payments are (see ``payments.sameness``). That is a hint and no proof, since two deposits may be of the same
sum: a lump waits, with the remark that its payments are told elsewhere; and if a person has registered it
before they came, they are for a person too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from samklang.payments.sameness import sight
from samklang.payments.store import bank_payments as store
from samklang.payments.store.bank_payments import Sighted
from samklang.platform.dynamo import Transaction, retrying
from samklang.platform.ids import derived_id

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from samklang.formats.incoming import Deposit
    from samklang.payments.model.bank_payments import BankPayment, Source
    from samklang.platform.access import CompanyAccess


TOLD_ONE_BY_ONE = (
    "Another file tells of payments that come to it, on the same day: if they are it, set it aside."
)


class Sum(NamedTuple):
    """A deposit, and the places of the first and the last of its payments in its file."""

    deposit: Deposit
    first: int
    last: int


def content_key(day: date, amount: int, currency: str) -> str:
    """By what a deposit and a lump are the same; ``amount`` in hundredths."""
    return f"{day}#sum#{amount}{currency}"


def settle(at: CompanyAccess, source: Source, sums: Sequence[Sum]) -> frozenset[int]:
    """Make known which deposits a file tells payment by payment, each once.

    One of a single payment is only of interest if a lump of its sum has come; camt may have thousands.

    Returns:
        The places of payments whose deposit a person has registered as a sum before.

    Raises:
        Problem: ``busy``.
    """
    singles = {_content(each.deposit) for each in sums if each.deposit.count == 1 and source != "bgmax"}
    lumps = store.sighted(at.company_id, singles)
    ids = {
        _deposit_id(each.deposit, source): each
        for each in sums
        if (content := _content(each.deposit)) not in singles or content in lumps
    }
    known = store.deposits(at.company_id, ids)
    taken = set[int]()
    for deposit_id, each in ids.items():
        is_taken = known.get(deposit_id)
        if is_taken is None:
            is_taken = retrying(lambda i=deposit_id, e=each: _settle(at, source, i, e.deposit))  # type: ignore[misc]
        if is_taken:
            taken.update(range(each.first, each.last + 1))
    return frozenset(taken)


def _content(deposit: Deposit) -> str:
    return content_key(deposit.date, deposit.amount, deposit.currency)


def _deposit_id(deposit: Deposit, source: Source) -> str:
    cause = f"{source}#{deposit.recipient}#{deposit.serial}#{deposit.amount}{deposit.currency}"
    return derived_id("dep", cause, deposit.date)


def _settle(at: CompanyAccess, source: Source, deposit_id: str, deposit: Deposit) -> bool:
    """Make one deposit known; whether a person has registered its sum before."""
    if (before := store.deposits(at.company_id, [deposit_id]).get(deposit_id)) is not None:
        return before
    content = _content(deposit)
    known = store.sighted(at.company_id, [content]).get(content, Sighted({}))
    counts, is_new = sight(known.counts, source)
    transaction = Transaction()
    lump = None
    if not is_new:
        place = min(counts[source], len(known.bank_payment_ids)) - 1
        lump = store.get(at.company_id, known.bank_payment_ids[place])
    if lump and lump.status == "waiting":
        store.put(transaction, at.company_id, _told_one_by_one(lump))
    # Its own id stands for it where a lump's would, and is no bank payment's.
    ids = (*known.bank_payment_ids, deposit_id) if is_new else known.bank_payment_ids
    store.put_sighted(
        transaction, at.company_id, content, replace(known, counts=counts, bank_payment_ids=ids)
    )
    is_taken = bool(lump and lump.status == "registered")
    store.put_deposit(transaction, at.company_id, deposit_id, taken=is_taken)
    transaction.commit_unchanged()
    return is_taken


def _told_one_by_one(lump: BankPayment) -> BankPayment:
    return lump.model_copy(update={"remarks": [*lump.remarks, TOLD_ONE_BY_ONE], "version": lump.version + 1})
