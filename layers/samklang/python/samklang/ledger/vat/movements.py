"""What VAT returns are added up from: what accounts moved each month, and what has been filed of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger import balances
from samklang.ledger.accounts import ROUNDING
from samklang.ledger.store import vat as store
from samklang.ledger.store.opening import opening
from samklang.ledger.vat.boxes import exact_boxes, vat_moved, whole_boxes
from samklang.ledger.vat.checks import check_against_filed
from samklang.ledger.vat.settlement import SETTLEMENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from samklang.ledger.model.books import Books
    from samklang.ledger.model.chart import Chart
    from samklang.ledger.model.vouchers import Amounts
    from samklang.ledger.vat.model import FiledReturn
    from samklang.ledger.vat.periods import VatPeriod


_SETTLED_ON = frozenset({SETTLEMENT, ROUNDING})
"""What a settlement voucher moves VAT to: in no box, whatever the chart says."""


class VatMovements:
    """What a company's books moved in the boxes of VAT returns, and the returns that are filed.

    Args:
        company_id: whose.
        books: the head of the books, read before anything else: what is made from this and written with the
            head's version holds if nobody has posted meanwhile.
        chart: the chart of accounts, read after it.
    """

    def __init__(self, company_id: str, books: Books, chart: Chart) -> None:
        """Read the company's filed periods and what its accounts moved each month."""
        self.company_id = company_id
        self.books, self.chart = books, chart
        self.vat_box = {
            each.number: each.vat_box
            for each in chart.accounts()
            if each.vat_box and each.number not in _SETTLED_ON
        }
        self.filed = store.filed_returns(company_id)
        self.opening: Mapping[str, int] = opening(company_id).amounts
        first, last = books.fiscal_years[0][0], books.fiscal_years[-1][1]
        # Twelve items a year, a few KB each: one request, and it has earlier periods and the year's turnover.
        self.months = balances.months(company_id, f"{first:%Y-%m}", f"{last:%Y-%m}")

    def filed_return(self, period: VatPeriod) -> FiledReturn | None:
        """What was filed for exactly the days of a period."""
        filed = self.filed.get(period.key)
        return filed if filed and filed.period == period else None

    def is_closed(self, period: VatPeriod) -> bool:
        """Whether its return is filed and its days are closed still."""
        closed = self.books.closed_until
        return self.filed_return(period) is not None and closed is not None and period.last <= closed

    def moved(self, first: date, last: date) -> dict[str, int]:
        """What accounts moved in the months from a day to a day: settlements of closed periods not counted.

        Öre, debit above zero.
        """
        total: dict[str, int] = {}
        span = (f"{first:%Y-%m}", f"{last:%Y-%m}")
        for month, changes in self.months.items():
            if span[0] <= month <= span[1]:
                _add(total, changes, 1)
        for each in self.filed.values():
            # A settlement voucher is dated on the last day of its period.
            if span[0] <= f"{each.period.last:%Y-%m}" <= span[1]:
                _add(total, each.settled, -1)
        return total

    def held(self, account: str, day: date) -> int:
        """What an account of debts held at the end of a day's month, in öre; settlements counted."""
        until = f"{day:%Y-%m}"
        moved = (changes.get(account, 0) for month, changes in self.months.items() if month <= until)
        return self.opening.get(account, 0) + sum(moved)

    def settle(self, filed: FiledReturn, amounts: Amounts) -> None:
        """Count a period as filed, and its settlement voucher as posted."""
        self.filed[filed.period.key] = filed
        _add(self.months.setdefault(f"{filed.period.last:%Y-%m}", {}), dict(amounts), 1)

    def boxes_of(self, month: date) -> dict[str, int]:
        """The boxes of the month of a day by the books, in öre."""
        return exact_boxes(self.moved(month, month), self.vat_box)

    def exact(self, period: VatPeriod) -> dict[str, int]:
        """Its boxes by the books, in öre."""
        return exact_boxes(self.moved(period.first, period.last), self.vat_box)

    def differs(self, filed: FiledReturn) -> bool:
        """Whether the books no longer give what was filed: other boxes, or VAT that is not settled."""
        moved = self.moved(filed.period.first, filed.period.last)
        whole = whole_boxes(exact_boxes(moved, self.vat_box))
        return any(check_against_filed(filed.boxes, whole)) or bool(self.unsettled(moved, filed.settled))

    def unsettled(self, moved: Mapping[str, int], settled: Mapping[str, int]) -> dict[str, int]:
        """What of a period's movements its settlements have left on accounts of VAT, in öre."""
        left = dict(moved)
        _add(left, settled, 1)
        return vat_moved(left, self.vat_box)

    def changed_returns(self, until: date) -> list[FiledReturn]:
        """The filed returns to a day that are open again and whose figures have changed since, in order."""
        reached = [each for each in self.filed.values() if each.period.last <= until]
        changed = [each for each in reached if not self.is_closed(each.period) and self.differs(each)]
        return sorted(changed, key=lambda each: each.period.first)


def _add(into: dict[str, int], more: Mapping[str, int], sign: int) -> None:
    for account, amount in more.items():
        into[account] = into.get(account, 0) + sign * amount
