"""What the company owes its suppliers: as of any day, what is due, and with each of them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from samklang.formats.pain001 import LARGEST
from samklang.ledger import balances as ledger
from samklang.ledger.accounts import PAYABLES
from samklang.ledger.model.aging import Aged
from samklang.ledger.payables.model.payables import (
    DueItem,
    DueList,
    PayableItem,
    Payables,
    PayablesAgreement,
    StatementEntry,
    SupplierStatement,
)
from samklang.ledger.payables.model.payments import PaymentAccount
from samklang.ledger.store import payables as store
from samklang.ledger.store import suppliers as kept_suppliers
from samklang.platform import clock
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.ledger.payables.model.payables import Payable, PayableEntry, StatementKind
    from samklang.ledger.payables.model.suppliers import Supplier
    from samklang.platform.access import CompanyAccess


MOST_ITEMS = 10_000
"""Items in one answer: about 3 MB of the 6 that a function may answer."""
MOST_DUE = 5_000
"""The same of what is due: each with its hindrance."""

_POSITION = re.compile(r"\d{4}-\d\d-\d\d/sin_[0-9a-z]{20}", re.ASCII)
_ENTRY = re.compile(_POSITION.pattern + r"/\d{1,9}", re.ASCII)


def _page[T](
    items: Iterable[tuple[str, T]], limit: int, cursor: str | None, form: re.Pattern[str]
) -> tuple[list[T], str | None]:
    """What of items in the order of their positions is in an answer, and the cursor to the next."""
    after = read_cursor(cursor, form) if cursor else ""
    behind = [each for each in items if each[0] > after]
    shown = behind[:limit]
    following = write_cursor(shown[-1][0]) if len(behind) > len(shown) else None
    return [item for _, item in shown], following


def _position(payable: Payable) -> str:
    return f"{payable.due_date}/{payable.supplier_invoice_id}"


def payables(at: CompanyAccess, day: date | None, limit: int, cursor: str | None) -> Payables:
    """The open items at the end of a day (today if none is given), beside account 2440 then.

    The sums are of all of them, whatever of the list is in this answer.

    Raises:
        Problem: ``cursor-invalid``.
    """
    as_of = day or clock.today()
    found = list(store.payables_open_after(at.company_id, as_of))
    items = [
        (_position(each), _item(each, remaining, as_of))
        for each in sorted(found, key=_position)
        if (remaining := each.remaining_on(as_of))
    ]
    shown, following = _page(items, limit, cursor, _POSITION)
    moved = ledger.moved(at.company_id, ledger.FIRST_DAY, as_of)
    return Payables(
        as_of=as_of,
        items=shown,
        next=following,
        aged=Aged.of((item.age, item.remaining) for _, item in items),
        total=sum(item.remaining for _, item in items),
        on_account=sum(each.on_account_on(as_of) for each in found),
        account_2440=-moved.get(PAYABLES, 0),
    )


def _item(payable: Payable, remaining: int, as_of: date) -> PayableItem:
    return PayableItem(
        supplier_invoice_id=payable.supplier_invoice_id,
        number=payable.number,
        supplier_id=payable.supplier_id,
        supplier=payable.supplier,
        total=payable.total,
        remaining=remaining,
        invoice_date=payable.invoice_date,
        due_date=payable.due_date,
        age=(as_of - payable.due_date).days,
    )


def owed(company_id: str, *, as_written: bool = False) -> int:
    """What account 2440 should be, all that is posted counted, whatever its date: a debt above zero. Öre.

    The index of open items lags behind what was just written; ``as_written`` reads every item instead.
    """
    found = (
        store.every_payable(company_id)
        if as_written
        else store.payables_open_after(company_id, clock.today())
    )
    return sum(each.on_account for each in found)


def agreement(company_id: str) -> PayablesAgreement:
    """Whether the subledger and account 2440 agree, all that is posted counted, whatever its date."""
    subledger = owed(company_id)
    account = -ledger.moved(company_id, ledger.FIRST_DAY, ledger.LAST_DAY).get(PAYABLES, 0)
    if subledger != account:
        subledger = owed(company_id, as_written=True)
    return PayablesAgreement(agrees=subledger == account, subledger_balance=subledger, account_2440=account)


# ---------------------------------------------------------------- what is due


def due(at: CompanyAccess, until: date | None, limit: int, cursor: str | None) -> DueList:
    """What is to be paid until a day (today if none is given), and what a file to the bank can have of it.

    The total is of all of it, whatever is in this answer.

    Raises:
        Problem: ``cursor-invalid``.
    """
    last = until or clock.today()
    found = due_until(at.company_id, last)
    shown, following = _page(((_position(each), each) for each in found), limit, cursor, _POSITION)
    suppliers = kept_suppliers.suppliers_by_id(at.company_id, {each.supplier_id for each in shown})
    today = clock.today()
    items = []
    for each in shown:
        why = hindrance(each, suppliers[each.supplier_id])
        known = dict(_item(each, each.remaining, today))
        items.append(DueItem.model_validate(known | {"payable_by_file": why is None, "hindrance": why}))
    total = sum(each.remaining for each in found)
    return DueList(until=last, items=items, next=following, total=total)


def due_until(company_id: str, last: date) -> list[Payable]:
    """Open items that are due until a day, credit notes too, by due date."""
    found = [each for each in store.open_payables(company_id) if each.due_date <= last]
    return sorted(found, key=_position)


def hindrance(payable: Payable, supplier: Supplier) -> str | None:
    """Why the bank cannot be told to pay an invoice, if it cannot."""
    if payable.order_id:
        return f"It is in payment order {payable.order_id} already."
    if payable.remaining < 0:
        return "It is a credit note: set it off against an invoice of the supplier."
    if not payable.remaining:
        return "It is paid, or taken back."
    if payable.remaining > LARGEST:
        return "The amount is too large for a file: pay it at the bank."
    return _nowhere(supplier, pay_to(supplier))


def _nowhere(supplier: Supplier, to: PaymentAccount | None) -> str | None:
    if to is None:
        return f"{supplier.name} has no bankgiro, plusgiro or IBAN."
    if to.kind == "iban" and not to.number.startswith("SE"):
        return f"{supplier.name} has an account abroad, and a file pays in Sweden only: pay it at the bank."
    return None


def pay_to(supplier: Supplier) -> PaymentAccount | None:
    """Where a supplier is paid: giro numbers first, since they carry OCR numbers."""
    if supplier.bankgiro:
        return PaymentAccount(kind="bankgiro", number=supplier.bankgiro)
    if supplier.plusgiro:
        return PaymentAccount(kind="plusgiro", number=supplier.plusgiro)
    if supplier.iban:
        return PaymentAccount(kind="iban", number=supplier.iban, bic=supplier.bic)
    return None


# ---------------------------------------------------------------- a supplier's statement


def statement(
    at: CompanyAccess, supplier_id: str, span: tuple[date | None, date | None], limit: int, cursor: str | None
) -> SupplierStatement:
    """What the company owed a supplier before a day, what changed it, and what it owed at the end of another.

    The current month until today is meant where the ``span`` has no days. The sums are of all of it.

    Raises:
        Problem: ``not-found``; ``validation`` for a span that ends before it begins; ``cursor-invalid``.
    """
    first, last = span
    supplier = kept_suppliers.supplier(at.company_id, supplier_id)
    if supplier is None:
        raise Problem("not-found", "There is no such supplier.")
    end = last or clock.today()
    begin = first or end.replace(day=1)
    if end < begin:
        message = f"{end} is before {begin}: swap them."
        raise Problem("validation", message, (FieldError("?to", "span", message),))
    before = begin - timedelta(days=1)
    found = [
        each for each in store.payables_open_after(at.company_id, before) if each.supplier_id == supplier_id
    ]
    balance = opening = sum(each.remaining_on(before) for each in found)
    changes = {
        f"{change.date}/{change.supplier_invoice_id}/{place:05}": change
        for each in found
        for place, change in enumerate(_changes(each))
        if begin <= change.date <= end
    }
    entries = []
    for position, change in sorted(changes.items()):
        balance += change.amount
        entries.append((position, change.model_copy(update={"balance": balance})))
    shown, following = _page(entries, limit, cursor, _ENTRY)
    return SupplierStatement(
        supplier_id=supplier_id,
        supplier=supplier.name,
        first=begin,
        last=end,
        opening=opening,
        entries=shown,
        next=following,
        closing=balance,
    )


def _changes(payable: Payable) -> list[StatementEntry]:
    kind: StatementKind = "invoice" if payable.total > 0 else "credit_note"
    return [
        _entry(payable, payable.posting_date, kind, payable.total, None),
        *(_entry_of(payable, each) for each in payable.entries),
    ]


_KINDS: dict[tuple[str, str], StatementKind] = {
    ("supplier_payment", "registered"): "payment",
    ("supplier_payment", "reversed"): "payment_reversed",
    ("supplier_invoice", "reversed"): "invoice_reversed",
}


def _entry_of(payable: Payable, entry: PayableEntry) -> StatementEntry:
    what, identifier, happened = entry.cause.split("/")
    payment = identifier if what == "supplier_payment" else None
    return _entry(payable, entry.date, _KINDS[what, happened], entry.amount, payment)


def _entry(
    payable: Payable, day: date, kind: StatementKind, amount: int, payment: str | None
) -> StatementEntry:
    return StatementEntry(
        date=day,
        kind=kind,
        supplier_invoice_id=payable.supplier_invoice_id,
        number=payable.number,
        supplier_payment_id=payment,
        amount=amount,
        balance=0,
    )
