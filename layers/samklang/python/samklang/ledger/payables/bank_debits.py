"""What the bank tells of money out: lines of payment orders that it has paid.

A debit belongs to the line whose id (EndToEndId) it carries, to all lines that wait of the order whose block
(PmtInfId) it is the sum of, or, where the bank gives neither, to the one line that waits for its amount,
account and reference. Other debits are none of ours. A debit that has closed a line, or was told on one that
waits no more, is kept, so that the same file again, or the same debit in another, does nothing more.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats.ocr import normalise
from samklang.ledger.payables import orders
from samklang.ledger.store import payables as kept_payables
from samklang.ledger.store import supplier_payments as store
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import derived_id
from samklang.platform.logs import logger
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from samklang.formats.incoming import Debit
    from samklang.ledger.payables.model.payables import Payable
    from samklang.ledger.payables.model.payments import PaymentOrder, PaymentOrderLine
    from samklang.platform.access import CompanyAccess

_TOGETHER = 40
"""Debits of an order and day in one transaction: two items each."""


def paid_by_bank(at: CompanyAccess, debits: Sequence[Debit], own_accounts: Iterable[str]) -> int:
    """Post what of the debits pays lines of the company's orders, and close these.

    What does not fit, another amount or a period that is closed, is told on the line, which goes on waiting;
    what names a line that waits no more is told there too.

    Args:
        at: whose file it is; either party may have sent it.
        debits: as the file has them.
        own_accounts: the company's numbers: without an id, only a debit from one of them is looked at.

    Returns:
        How many lines were closed.

    Raises:
        Problem: ``busy``: to be sent again, it goes on from where it was.
    """
    ids = {_debit_id(each): each for each in debits}
    known = store.known_debits(at.company_id, ids)
    fresh = [each for identifier, each in ids.items() if identifier not in known]
    by_order: dict[tuple[str, date, str], list[Debit]] = defaultdict(list)
    for order_id, debit in _orders_of(at.company_id, fresh, {_plain(number) for number in own_accounts}):
        # The sum of a block may close eighty lines: it is dealt with apart from what closes one each.
        block = "" if debit.end_to_end_id else debit.payment_information_id or ""
        by_order[order_id, debit.date, block].append(debit)
    closed = 0
    for (order_id, _, _), told in sorted(by_order.items(), key=lambda found: found[0]):
        for first in range(0, len(told), _TOGETHER):
            closed += _patiently(at, order_id, told[first : first + _TOGETHER])
    if debits:
        logger.info("debits of a payment file", told=len(debits), known=len(known), lines_closed=closed)
    return closed


def _patiently(at: CompanyAccess, order_id: str, debits: Sequence[Debit]) -> int:
    return retrying(lambda: _close(at, order_id, debits))


def _debit_id(debit: Debit) -> str:
    """The same debit is the same, in whichever file it stands.

    A line's id is one payment's; else the bank's own reference tells two of a block or account apart.
    """
    own = debit.end_to_end_id or "/".join(
        (debit.account, debit.payment_information_id or "", debit.bank_reference)
    )
    return derived_id("dbt", "/".join((debit.date.isoformat(), str(debit.amount), own)))


def _plain(number: str) -> str:
    return "".join(filter(str.isalnum, number)).lstrip("0").upper()


def _orders_of(company_id: str, debits: Sequence[Debit], own: set[str]) -> Iterable[tuple[str, Debit]]:
    """The debits that belong to an order of the company, with its id."""
    named: dict[Debit, str] = {}
    nameless = []
    for debit in debits:
        order_id = orders.order_id_of(debit.end_to_end_id) or orders.order_id_of(debit.payment_information_id)
        if order_id:
            named[debit] = order_id
        elif debit.end_to_end_id is None and _plain(debit.account) in own:
            nameless.append(debit)
    known = store.orders_by_id(company_id, sorted(set(named.values())))
    yield from ((order_id, debit) for debit, order_id in named.items() if order_id in known)
    if not nameless:
        return
    ids = {each.order_id for each in kept_payables.open_payables(company_id) if each.order_id}
    waiting = store.orders_by_id(company_id, sorted(ids)).values()
    for debit in nameless:
        alike = [order.payment_order_id for order in waiting if _lines_alike(order, debit)]
        # Two orders that wait for the same: which of them it pays is for a person.
        if len(alike) == 1:
            yield alike[0], debit


def _lines_alike(order: PaymentOrder, debit: Debit) -> list[PaymentOrderLine]:
    """The lines that wait for a debit of this amount, to this account, with this reference."""
    told = {normalise(each) for each in debit.references}
    return [
        line
        for line in order.lines
        if line.status == "ordered"
        and line.amount == debit.amount
        and debit.date >= order.payment_date
        and debit.creditor_account is not None
        and _plain(debit.creditor_account) == _plain(line.to.number)
        and normalise(line.ocr or line.message or "") in told
    ]


def _close(at: CompanyAccess, order_id: str, debits: Sequence[Debit]) -> int:
    """Close what debits of a day pay of an order, in one transaction; how many lines.

    Raises:
        Contention: somebody wrote meanwhile: read anew and see.
    """
    known = store.known_debits(at.company_id, map(_debit_id, debits))
    before = store.order(at.company_id, order_id)
    assert before is not None  # found a moment ago; orders are never removed
    late = _Late(at.company_id, before)
    found = _sort(before, late, [each for each in debits if _debit_id(each) not in known])
    order, paid, used = orders.with_lines(late.order(), found.changes), found.paid, found.used
    transaction = Transaction()
    try:
        if paid:
            reference = used[0].bank_reference if len(used) == 1 else None
            orders.pay_lines(transaction, at, order, paid, used[0].date, reference)
    except Problem as problem:
        if problem.code not in _FOR_A_PERSON:
            raise
        told = f"The bank paid it on {used[0].date}. {problem.detail}"
        order = orders.with_lines(order, {line.supplier_invoice_id: {"remark": told} for line in paid})
        transaction, paid, used = Transaction(), [], []
    for debit in used:
        store.put_debit(transaction, at.company_id, _debit_id(debit))
    late.write(transaction)
    if order != before and not paid:
        store.put_order(transaction, at.company_id, order)
    if transaction.operations:
        try:
            transaction.commit()
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure
    # Told of a line that this has paid: as of one that was paid before.
    return len(paid) + (_close(at, order_id, found.again) if found.again and paid else 0)


_Changes = dict[str, dict[str, str | None]]
"""What changes of an order's lines, by invoice."""

_FOR_A_PERSON = {"closed-period", "outside-fiscal-year", "closed-account", "unknown-account"}
"""What the books may answer that will not pass by itself."""


class _Sorted(NamedTuple):
    """What debits of a day do to the lines of an order that wait."""

    paid: list[PaymentOrderLine]
    used: list[Debit]
    """Those that pay them."""
    again: list[Debit]
    """Those that name a line that another here pays."""
    changes: _Changes


def _sort(order: PaymentOrder, late: _Late, debits: Iterable[Debit]) -> _Sorted:
    """What debits do to an order; what names a line that waits no more is told ``late``."""
    found = _Sorted([], [], [], {})
    # Of several that name a line, the one of its amount pays it, and the others are told.
    for debit in sorted(debits, key=lambda each: _is_of_another_amount(order, each)):
        if orders.order_id_of(debit.end_to_end_id):
            line = _named_line(order, debit)
            if line in found.paid:
                found.again.append(debit)
                continue
            if line is None or line.status != "ordered":
                late.tell(line, debit)
                continue
            found.changes[line.supplier_invoice_id] = {"bank_debit_id": _debit_id(debit)}
            lines = [line]
        else:
            lines = _lines_of(order, debit, found.paid)
        expected = sum(line.amount for line in lines)
        if expected == debit.amount:
            found.paid.extend(lines)
            found.used.append(debit)
            for line in lines:
                # What another debit was told to have done goes on being told.
                is_of_another = line.bank_debit_id not in {None, _debit_id(debit)}
                remark = line.remark if is_of_another else None
                found.changes.setdefault(line.supplier_invoice_id, {})["remark"] = remark
        else:
            told = f"The bank paid {_told(debit)}, not {format_sek(expected)}."
            for line in lines:
                found.changes.setdefault(line.supplier_invoice_id, {})["remark"] = told
    return found


def _is_of_another_amount(order: PaymentOrder, debit: Debit) -> bool:
    line = _named_line(order, debit)
    return line is not None and line.amount != debit.amount


def _named_line(order: PaymentOrder, debit: Debit) -> PaymentOrderLine | None:
    """The line whose id a debit carries, whatever has become of it."""
    same = (debit.end_to_end_id or "").casefold()
    return next((line for line in order.lines if line.end_to_end_id.casefold() == same), None)


def _lines_of(order: PaymentOrder, debit: Debit, taken: Sequence[PaymentOrderLine]) -> list[PaymentOrderLine]:
    """The lines that wait, and that a debit without a line's id is about; those ``taken`` wait no more."""
    alike = [line for line in _lines_alike(order, debit) if line not in taken][:1]
    if orders.order_id_of(debit.payment_information_id) and not alike:
        return [line for line in order.lines if line.status == "ordered" and line not in taken]
    return alike


_MOST_REMARKS = 20
"""Kept of what belongs to no line of an order: somebody is to look, not to read a whole file here."""


class _Late:
    """Debits that name lines of an order that wait no more: told on the line, each once.

    The first debit of a paid line is that payment's own, if it is of the amount: by hand or by the sum of a
    block, the bank was only quicker or slower to name it. One more is a payment too many. What was cancelled
    or rejected waits again, so that its invoice is not ordered once more before somebody has looked.
    """

    def __init__(self, company_id: str, order: PaymentOrder) -> None:
        self._company_id = company_id
        self._order = order
        self._changes: _Changes = {}
        self._remarks = list(order.remarks)
        self._debits: list[str] = []
        self._payables: dict[str, Payable] = {}
        self._others: dict[str, PaymentOrder] = {}

    def tell(self, line: PaymentOrderLine | None, debit: Debit) -> None:
        """Tell a debit on the line it names; on the order if it has none of that id."""
        identifier = _debit_id(debit)
        if line is None:
            told = f"The bank paid {_told(debit)} as {debit.end_to_end_id}, which is no line of the order."
            self._remarks = list(dict.fromkeys([*self._remarks, told]))[:_MOST_REMARKS]
            self._debits.append(identifier)
            return
        earlier = self._changes.get(line.supplier_invoice_id, {}).get("bank_debit_id", line.bank_debit_id)
        if identifier == earlier:
            return
        change: dict[str, str | None] = {"bank_debit_id": identifier}
        if line.status != "paid":
            change |= self._of_released(line, debit)
        elif earlier:
            change["remark"] = f"The bank paid {_told(debit)} once more: see that it is paid back."
        elif debit.amount != line.amount:
            change["remark"] = (
                f"The bank paid {_told(debit)}, not {format_sek(line.amount)} as the line says."
            )
        elif self._is_taken_back(line):
            change["remark"] = (
                f"The bank paid {_told(debit)}, and the payment is taken back: register it anew."
            )
        self._changes.setdefault(line.supplier_invoice_id, {}).update(change)
        self._debits.append(identifier)

    def _is_taken_back(self, line: PaymentOrderLine) -> bool:
        payment = store.payment(self._company_id, line.supplier_payment_id or "")
        return payment is not None and payment.reversal is not None

    def _of_released(self, line: PaymentOrderLine, debit: Debit) -> dict[str, str | None]:
        """What becomes of a line that was cancelled or rejected and is paid all the same."""
        told = f"The bank paid {_told(debit)}, though it was {line.status}"
        identifier = line.supplier_invoice_id
        if identifier in self._payables:
            return {"remark": f"{told}, and not only that: see what the bank's file has."}
        payable = kept_payables.payables_by_id(self._company_id, [identifier])[identifier]
        if payable.order_id:
            self._tell_other_order(payable, f"{told} in payment order {self._order.payment_order_id}")
            return {"remark": f"{told}, and its invoice is in payment order {payable.order_id}: {_TWICE}"}
        if payable.reversal or payable.remaining != line.amount:
            remains = "is taken back" if payable.reversal else f"has {format_sek(payable.remaining)} left"
            return {"remark": f"{told}, and its invoice {remains}: {_TWICE}"}
        payable.order_id = self._order.payment_order_id
        self._payables[identifier] = payable
        return {"status": "ordered", "remark": f"{told}: confirm it if that is so, else cancel it again."}

    def _tell_other_order(self, payable: Payable, told: str) -> None:
        """Tell it where the invoice waits now, too."""
        order_id = payable.order_id or ""
        other = self._others.get(order_id) or store.order(self._company_id, order_id)
        assert other is not None  # an open item is only in orders that exist
        change: _Changes = {payable.supplier_invoice_id: {"remark": f"{told}: {_TWICE}"}}
        self._others[order_id] = orders.with_lines(other, change)

    def order(self) -> PaymentOrder:
        """The order with what was told."""
        changed = orders.with_lines(self._order, self._changes)
        return changed.model_copy(update={"remarks": self._remarks})

    def write(self, transaction: Transaction) -> None:
        """Add to a transaction what else is changed: debits, open items, other orders."""
        for each in dict.fromkeys(self._debits):
            store.put_debit(transaction, self._company_id, each)
        for payable in self._payables.values():
            kept_payables.put_payable(transaction, self._company_id, payable)
        for other in self._others.values():
            store.put_order(transaction, self._company_id, other)


_TWICE = "see that it is not paid twice."


def _told(debit: Debit) -> str:
    return f"{format_sek(debit.amount)} on {debit.date}"
