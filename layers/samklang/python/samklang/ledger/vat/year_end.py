"""The cash method's year-end entries, which the VAT period of a year's end must have: ``ledger.year_end``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.year_end import unposted

if TYPE_CHECKING:
    from samklang.ledger.vat.basis import VatBasis
    from samklang.ledger.vat.periods import VatPeriod

MISSING = (
    "By the cash method what is unpaid at the end of the fiscal year is reported in the period that has that "
    "day: post the year-end entries first."
)


def lacks_year_end(basis: VatBasis, period: VatPeriod) -> bool:
    """Whether a fiscal year by the cash method ends in a period and something unpaid then is not posted.

    A quarter is the calendar's, and may go on behind that day.
    """
    if basis.books.method != "cash":
        return False
    ends = [end for _, end in basis.books.fiscal_years if period.first <= end <= period.last]
    return any(any(unposted(basis.company_id, end)) for end in ends)
