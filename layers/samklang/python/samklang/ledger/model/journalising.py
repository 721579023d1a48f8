"""Journalising: vouchers of the subledger that are posted at once, or when the bureau has looked at them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from samklang.ledger.model.books import Journalising
from samklang.ledger.model.vouchers import VoucherRow
from samklang.platform.shapes import Day, Shape

if TYPE_CHECKING:
    from samklang.ledger.model.vouchers import Amounts


@dataclass(frozen=True, slots=True)
class Unposted:
    """A voucher that waits for the bureau to look at it; the subledger has what it tells."""

    event: str
    """``invoice/<id>/issued``, ``payment/<id>/registered``, ``payment/<id>/reversed``."""
    series: str
    date: date
    text: str
    amounts: Amounts
    since: str


class LedgerSettings(Shape):
    """How the bureau keeps these books."""

    journalising: Journalising


class VoucherPreview(Shape):
    """A voucher as it will be, but for its number."""

    event: str
    series: str
    date: date
    text: str
    rows: list[VoucherRow]
    since: str
    """From when on it has waited."""


class VoucherPreviewPage(Shape):
    """Some vouchers that wait."""

    items: list[VoucherPreview]
    next: str | None


class JournaliseInput(Shape):
    """Which of the waiting vouchers to post."""

    events: Annotated[list[str], Field(min_length=1, max_length=500)] | None = None
    """Those of these events; all that wait if left out."""
    until: Day | None = None
    """Only those dated so far."""


class JournaliseResult(Shape):
    """What became of one waiting voucher."""

    event: str
    voucher_id: str | None
    """As what it was posted."""
    code: str | None
    """Why it was not, and waits still: ``closed-period``, ``closed-account``; ``not-found`` if it does not
    wait."""
    detail: str | None


class JournaliseResults(Shape):
    """What became of the waiting vouchers, each."""

    results: list[JournaliseResult]
    """All that were posted, and the first 500 of those refused."""
    refused: int
    """How many were refused, and wait still."""
    left: int
    """How many there was no time to try: the same request again goes on with them."""
