"""What a company's VAT returns are made from: its books, what has been filed, and how it reports VAT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger.vat.boxes import exact_boxes, has_eu_trade, is_large
from samklang.ledger.vat.movements import VatMovements
from samklang.ledger.vat.periods import before, due_date, period_of, period_with
from samklang.platform import clock

if TYPE_CHECKING:
    from datetime import date

    from samklang.ledger.model.books import Books
    from samklang.ledger.model.chart import Chart
    from samklang.ledger.vat.periods import Kind, VatPeriod


class VatBasis(VatMovements):
    """A company's books as its VAT returns see them.

    Args:
        company_id: whose.
        books: the head of the books, as in :class:`VatMovements`.
        chart: the chart of accounts, read after it.
    """

    def __init__(self, company_id: str, books: Books, chart: Chart) -> None:
        """Read the company's details, its filed periods and what its accounts moved each month."""
        super().__init__(company_id, books, chart)
        self.details = invoicing.seller(company_id)
        self.kind: Kind = self.details.fiscal_year.vat_period

    @property
    def org_no(self) -> str:
        """The company's organisation number, ten digits."""
        return self.details.company.org_no

    def period(self, key: str | None, pointer: str = "?period") -> VatPeriod:
        """The period that a key names: of the company's kind, or of another if it was closed as such.

        Without a key it is the newest that has ended.

        Raises:
            Problem: ``validation``, ``outside-fiscal-year``.
        """
        if key is None:
            return self.newest_ended(self.kind)
        if filed := self.filed.get(key):
            return filed.period
        return period_of(key, self.kind, self.books.fiscal_years, pointer)

    def newest_ended(self, kind: Kind) -> VatPeriod:
        """The newest period of a kind that has ended, or the first one of the books if none has."""
        years = self.books.fiscal_years
        today = clock.today()
        current = period_with(min(max(today, years[0][0]), years[-1][1]), kind, years)
        assert current is not None  # the day is in a fiscal year
        earlier = before(current, years)
        if current.last < today or earlier is None or earlier.last < years[0][0]:
            return current
        return earlier

    def due_date(self, period: VatPeriod) -> date:
        """When its return is due, by what was sold in its fiscal year and the one before."""
        years = [year for year in self.books.fiscal_years if year[0] <= period.last][-2:]
        large = any(is_large(exact_boxes(self.moved(*year), self.vat_box)) for year in years)
        return due_date(period, self.org_no, large=large, eu_trade=has_eu_trade(self.exact(period)))
