"""Lists of invoices: by status, customer, period, due date and text, each page with few reads.

A page reads once, or twice where open and closed invoices are merged or items are fetched by key; a search
by name reads the customers' words before that. Pages may be short: they end where they have read enough.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from samklang.formats import ocr
from samklang.invoicing.model.invoices import InvoicePage, InvoiceStatus, InvoiceSummary, InvoiceSums
from samklang.invoicing.store import invoices as store
from samklang.invoicing.store import registers, series
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from samklang.invoicing.store.invoices import Shelf
    from samklang.platform.access import CompanyAccess


@dataclass(frozen=True, slots=True)
class Filters:
    """What an invoice must be to be in a list; ``first`` and ``last`` are invoice dates, both included."""

    status: InvoiceStatus | None = None
    customer_id: str | None = None
    first: date | None = None
    last: date | None = None
    overdue: bool | None = None
    text: str | None = None

    def match(self, invoice: InvoiceSummary) -> bool:
        """Whether an invoice is what is asked for, text apart."""
        day = invoice.invoice_date
        if day is None or invoice.number is None:
            # Dates and what is due are of issued invoices.
            dated = self.first or self.last or self.overdue is not None
            if dated and not (self.status == "draft" and self.overdue is not True):
                return False
        return (
            self.status in {None, invoice.status}
            and self.customer_id in {None, invoice.customer_id}
            and (self.first is None or (day is not None and day >= self.first))
            and (self.last is None or (day is not None and day <= self.last))
            and self.overdue in {None, invoice.overdue}
        )

    @property
    def shelves(self) -> tuple[Shelf, ...]:
        """Where in index ``lists`` such invoices stand."""
        if self.overdue or self.status in {"issued", "sent", "partly_paid"}:
            return ("open",)
        if self.status in {"settled", "written_off"}:
            return ("closed",)
        return ("open", "closed")

    @property
    def by_place_alone(self) -> bool:
        """Whether every invoice on the shelves between the dates is one."""
        return self.status is None and self.overdue is None and self.customer_id is None


def invoices(at: CompanyAccess, filters: Filters, limit: int, cursor: str | None) -> InvoicePage:
    """A page of invoices, credit notes and drafts, the newest first (overdue ones: the oldest first).

    Raises:
        Problem: ``validation`` for a span that ends before it begins or a text that finds too many customers,
            ``cursor-invalid``.
    """
    _check_span(filters)
    if filters.text:
        found, following = _by_text(at.company_id, filters, limit, cursor)
    elif filters.customer_id and not filters.overdue:
        below = read_cursor(cursor, _INVOICE) if cursor else _LAST
        found, following = _by_customer(at.company_id, filters.customer_id, filters, below, limit)
    elif filters.status == "draft":
        found, following = _drafts(at.company_id, filters, limit, cursor)
    elif filters == Filters():
        found, following = _all(at.company_id, limit, cursor)
    else:
        found, following = _shelved(at.company_id, filters, limit, cursor)
    return InvoicePage(items=found, sums=_sums(found), next=write_cursor(following) if following else None)


def sums(at: CompanyAccess, filters: Filters) -> InvoiceSums:
    """How many there are and what they come to, the whole list; drafts only if asked for by status.

    Raises:
        Problem: as :func:`invoices`.
    """
    _check_span(filters)
    if filters.status == "draft" or filters.customer_id or filters.text:
        return _sums(_every_page(at, filters))
    low, high = _bounds(filters)
    return _sums(
        each
        for shelf in filters.shelves
        for each in store.shelf_of(at.company_id, shelf, low, high)
        if filters.match(each)
    )


def _every_page(at: CompanyAccess, filters: Filters) -> Iterator[InvoiceSummary]:
    cursor = None
    while True:
        page = invoices(at, filters, _MOST, cursor)
        yield from (each for each in page.items if filters.status == "draft" or each.number is not None)
        if (cursor := page.next) is None:
            return


def _sums(found: Iterable[InvoiceSummary]) -> InvoiceSums:
    count = total = paid = remaining = 0
    for each in found:
        count += 1
        total += each.total
        paid += each.paid
        remaining += each.remaining
    return InvoiceSums(count=count, total=total, paid=paid, remaining=remaining)


def _check_span(filters: Filters) -> None:
    if filters.first and filters.last and filters.last < filters.first:
        message = f"{filters.last} is before {filters.first}: swap them."
        raise Problem("validation", message, (FieldError("?to", "span", message),))


_MOST = 100
_LAST = "~"
"""Above every invoice id."""

_INVOICE = re.compile(r"inv_[0-9a-z]{20}", re.ASCII)
_PLACE = re.compile(r"\d{4}-\d\d-\d\d#\d{9}", re.ASCII)
_LOOKED_AT = 500
"""Index entries read from a shelf for one page, when some may not be what is asked for."""

type _Found = tuple[list[InvoiceSummary], str | None]
"""The invoices of a page, and the position the next one begins behind."""


def _all(company_id: str, limit: int, cursor: str | None) -> _Found:
    below = read_cursor(cursor, _INVOICE) if cursor else _LAST
    found = store.newest(company_id, below, limit)
    return found, found[-1].invoice_id if len(found) == limit else None


def _drafts(company_id: str, filters: Filters, limit: int, cursor: str | None) -> _Found:
    """Drafts are on no shelf: they are picked out of the newest invoices, two thousand a page."""
    below = read_cursor(cursor, _INVOICE) if cursor else _LAST
    kept: list[InvoiceSummary] = []
    looked_at: str | None = below
    for _ in range(2):
        if looked_at is None:
            break
        found, looked_at = store.drafts(company_id, looked_at)
        kept += filter(filters.match, found)
        if len(kept) > limit:
            return kept[:limit], kept[limit - 1].invoice_id
    return kept, looked_at


def _by_customer(company_id: str, customer_id: str, filters: Filters, below: str, limit: int) -> _Found:
    ids = store.of_customer(company_id, customer_id, below, limit)
    items = store.summaries_by_id(company_id, ids)
    found = [items[each] for each in ids if each in items and filters.match(items[each])]
    return found, ids[-1] if len(ids) == limit else None


# ---------------------------------------------------------------- issued ones, by date


def _bounds(filters: Filters) -> tuple[str, str]:
    """The lowest and the highest place of the period."""
    return str(filters.first or store.BEFORE_ALL), f"{filters.last or ''}{store.BEHIND_ALL}"


def _shelved(company_id: str, filters: Filters, limit: int, cursor: str | None) -> _Found:
    descending = not filters.overdue
    low, high = _bounds(filters)
    behind = read_cursor(cursor, _PLACE) if cursor else None
    if behind:
        low, high = (low, min(high, behind)) if descending else (max(low, behind), high)
    if low > high:
        return [], None
    asked = limit + 2 if filters.by_place_alone else _LOOKED_AT
    merged: dict[str, InvoiceSummary] = {}
    ends = []
    for shelf in filters.shelves:
        entries, last = store.shelved(company_id, shelf, low, high, asked, descending=descending)
        merged |= entries
        if last:
            ends.append(last)
    # Behind where the shorter shelf's reading ended, something of it may be missing.
    end = (max(ends) if descending else min(ends)) if ends else None
    found: list[tuple[str, InvoiceSummary]] = []
    for place in sorted(merged, reverse=descending):
        if place == behind or not filters.match(merged[place]):
            continue
        if end and (place < end if descending else place > end):
            break
        if len(found) == limit:
            return [each for _, each in found], found[-1][0]
        found.append((place, merged[place]))
    return [each for _, each in found], end


# ---------------------------------------------------------------- by text

_MAX_CUSTOMERS = 40
_MOST_PAGES = 5
"""Of a hundred words each, in which a rarer word beside a common one is looked for."""

_DIGITS = re.compile(r"[\d\s-]+", re.ASCII)
_TEXT_POSITION = re.compile(
    r"(?P<below>~|inv_[0-9a-z]{20})(?P<customers>(,cus_[0-9a-z]{20}){1,40})", re.ASCII
)


def _by_text(company_id: str, filters: Filters, limit: int, cursor: str | None) -> _Found:
    """By number or OCR if it is one; else the invoices of the customers it finds, one customer a page."""
    assert filters.text is not None  # asked before
    if cursor is None and (numbered := _by_number(company_id, filters)):
        return numbered, None
    if cursor is None:
        below, customers = _LAST, _customers(company_id, filters.text)
    else:
        position = _TEXT_POSITION.fullmatch(read_cursor(cursor, _TEXT_POSITION))
        assert position is not None  # read_cursor has checked its form
        below, customers = position["below"], position["customers"][1:].split(",")
    if filters.customer_id:
        customers = [each for each in customers if each == filters.customer_id]
    if not customers:
        return [], None
    found, last = _by_customer(company_id, customers[0], filters, below, limit)
    rest = customers if last else customers[1:]
    return found, f"{last or _LAST},{','.join(rest)}" if rest else None


def _by_number(company_id: str, filters: Filters) -> list[InvoiceSummary]:
    text = filters.text or ""
    if not _DIGITS.fullmatch(text):
        return []
    digits = ocr.normalise(re.sub(r"\D", "", text))
    numbers = {int(digits)} if digits else set()
    if ocr.is_valid_ocr(digits) and (payload := ocr.ocr_payload(digits)):
        numbers.add(int(payload))
    ids = series.invoice_ids(company_id, sorted(numbers))
    items = store.summaries_by_id(company_id, ids.values())
    return [each for each in items.values() if filters.match(each)]


def _customers(company_id: str, text: str) -> list[str]:
    words = registers.fold(text)
    if not words:
        return []
    ids: list[str] = []
    cursor = None
    for _ in range(_MOST_PAGES):
        found, cursor = registers.found_ids(company_id, "customer", words, _MOST, cursor)
        ids += found
        if cursor is None or len(ids) > _MAX_CUSTOMERS:
            break
    if cursor or len(ids) > _MAX_CUSTOMERS:
        message = "The text finds more than 40 customers: write more of the name, or filter by customer_id."
        raise Problem("validation", message, (FieldError("?text", "too_many", message),))
    return ids
