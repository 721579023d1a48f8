"""What is written down of open items as expected losses, and what of it is taken back.

No more is written down of an item than is left of its claim in the accounts: when some of it is paid,
credited or confirmed as lost, the write-down follows in the same transaction, and its bad debt tells so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from samklang.ledger import cash_method
from samklang.ledger.bad_debts import losses
from samklang.ledger.bad_debts.model import BadDebtStep
from samklang.ledger.store import bad_debts as store
from samklang.platform import clock
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from samklang.ledger.bad_debts.model import BadDebt, BadDebtDone
    from samklang.ledger.model.receivables import Receivable
    from samklang.ledger.postings import Postings
    from samklang.platform.dynamo import Transaction

_MOST_AT_ONCE = 45
"""Bad debts that one event changes: with a payment's forty invoices they fit in one transaction."""


class WriteDowns:
    """The write-downs of one company, changed together with its postings."""

    def __init__(self, postings: Postings) -> None:
        """Nothing is read before it is needed: few items are written down."""
        self._postings = postings
        self._kept: dict[str, BadDebt] = {}
        self._steps: dict[str, list[BadDebtStep]] = {}

    @property
    def operations(self) -> int:
        """Bad debts to write, beside the vouchers."""
        return len(self._steps)

    # ------------------------------------------------------------ by the bureau

    def write_down(self, item: Receivable, bad_debt_id: str, amount: int, day: date) -> BadDebtStep:
        """Write ``amount`` öre of an item down as an expected loss, without its VAT; the item stays open.

        Raises:
            Problem: ``closed-period``, ``outside-fiscal-year``.
        """
        net = _net(item, amount)
        text = f"Befarad kundförlust, {_about([item])}"
        cause = f"bad_debt/{bad_debt_id}/expected"
        voucher = self._postings.post("R", day, text, losses.expected(net), cause)
        item.doubted[bad_debt_id] = amount
        return _step("written_down", day, amount, net, voucher.voucher_id)

    def write_up(self, item: Receivable, bad_debt: BadDebt, day: date) -> BadDebtStep:
        """Take back all that stands of an expected loss; the bad debt is its caller's to write.

        Raises:
            Problem: ``closed-period``, ``outside-fiscal-year``.
        """
        text, cause = _back_text([item]), f"bad_debt/{bad_debt.bad_debt_id}/taken_back"
        voucher = self._postings.post("R", day, text, losses.expected(-bad_debt.loss), cause)
        del item.doubted[bad_debt.bad_debt_id]
        return _step("taken_back", day, -bad_debt.standing, -bad_debt.loss, voucher.voucher_id)

    # ------------------------------------------------------------ by what happens to the item

    def require(self, items: Iterable[Receivable], day: date) -> None:
        """See that what is written down of items could be taken back, before anything is posted.

        Raises:
            Problem: ``validation`` for too many at once, ``outside-fiscal-year``, ``closed-period``,
                ``closed-account``.
        """
        ids = [bad_debt_id for item in items for bad_debt_id in item.doubted]
        if not ids:
            return
        if len(ids) > _MOST_AT_ONCE:
            raise Problem(
                "validation",
                f"It concerns {len(ids)} expected losses, and {_MOST_AT_ONCE} fit: take some back first.",
            )
        new = [each for each in ids if each not in self._kept]
        self._kept |= store.bad_debts_by_id(self._postings.company_id, new)
        self._postings.chart.check(losses.expected(0))
        self._postings.books.fiscal_year(self._day(ids, day))

    def release(
        self, amounts: Mapping[str, int], items: Mapping[str, Receivable], day: date, cause: str
    ) -> None:
        """Take back ``amounts`` öre of what is written down of items, by invoice's id, in one voucher.

        Of an item's expected losses the oldest go first. What is left of one is without VAT as if it were
        written down anew, since the sale may be made up otherwise than it was then. :meth:`require` comes
        first.
        """
        found: dict[str, tuple[Receivable, int]] = {}
        for invoice_id, amount in amounts.items():
            item, left = items[invoice_id], amount
            for bad_debt_id, doubted in sorted(item.doubted.items()):
                if taken := min(max(left, 0), doubted):
                    found[bad_debt_id] = item, taken
                    left -= taken
        if not found:
            return
        changes = {each: self._released(each, *taken) for each, taken in found.items()}
        day = self._day(found, day)
        net = sum(changes.values())
        voucher_id = None
        if net:
            text = _back_text([item for item, _ in found.values()])
            voucher_id = self._postings.post("R", day, text, losses.expected(-net), cause).voucher_id
        for bad_debt_id, (_, taken) in found.items():
            step = _step("taken_back", day, -taken, -changes[bad_debt_id], voucher_id)
            self._steps.setdefault(bad_debt_id, []).append(step)

    def _released(self, bad_debt_id: str, item: Receivable, taken: int) -> int:
        """Take some of an expected loss off its item; what of the cost that is, in öre."""
        rest = item.doubted.pop(bad_debt_id) - taken
        if rest:
            item.doubted[bad_debt_id] = rest
        return self._as_it_is(bad_debt_id).loss - _net(item, rest)

    def _as_it_is(self, bad_debt_id: str) -> BadDebt:
        """A bad debt with what was done with it here."""
        return self._kept[bad_debt_id].followed_by(*self._steps.get(bad_debt_id, ()))

    def _day(self, bad_debt_ids: Iterable[str], day: date) -> date:
        """The first day from ``day`` on that is not before a write-down, nor in a closed period."""
        days = [day, *(self._as_it_is(each).last_loss.date for each in bad_debt_ids)]
        if closed_until := self._postings.books.closed_until:
            days.append(closed_until + timedelta(days=1))
        return max(days)

    # ------------------------------------------------------------ writing

    def write(self, transaction: Transaction) -> None:
        """Add the bad debts that have changed to a transaction."""
        for bad_debt_id in self._steps:
            store.put_bad_debt(transaction, self._postings.company_id, self._as_it_is(bad_debt_id))


def _net(item: Receivable, amount: int) -> int:
    return amount - losses.vat_of(cash_method.share(item.sale, amount))


def _about(items: list[Receivable]) -> str:
    numbers = sorted({item.number for item in items})
    more = " m.fl." if len(numbers) > 1 else ""
    return f"{items[0].customer_name}, faktura {items[0].number}{more}"


def _back_text(items: list[Receivable]) -> str:
    return f"Befarad kundförlust återförd, {_about(items)}"


def _step(what: BadDebtDone, day: date, amount: int, net: int, voucher_id: str | None) -> BadDebtStep:
    return BadDebtStep(
        what=what,
        date=day,
        amount=amount,
        loss=net,
        vat=0,
        payment_id=None,
        voucher_id=voucher_id,
        at=clock.timestamp(),
    )
