"""Closing a VAT period: its boxes kept as filed, its VAT on 2650, and its days closed, in one transaction."""

from __future__ import annotations

import functools
from datetime import date
from typing import TYPE_CHECKING

from samklang.formats.eskd import unwritable
from samklang.formats.skv4700 import TO_PAY
from samklang.ledger import sync_log
from samklang.ledger.periods import close_until
from samklang.ledger.postings import Postings
from samklang.ledger.store import unposted
from samklang.ledger.store import vat as store
from samklang.ledger.vat.basis import VatBasis
from samklang.ledger.vat.boxes import exact_boxes, vat_moved, whole_boxes
from samklang.ledger.vat.model import FiledReturn, Filing
from samklang.ledger.vat.periods import period_with
from samklang.ledger.vat.returns import described
from samklang.ledger.vat.settlement import SETTLEMENT, settlement_amounts
from samklang.ledger.vat.year_end import MISSING, lacks_year_end
from samklang.platform import clock, idempotency
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.ledger.model.vouchers import Amounts
    from samklang.ledger.vat.model import CloseVatInput, VatReturn
    from samklang.ledger.vat.periods import VatPeriod
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction


def close(at: CompanyAccess, given: CloseVatInput) -> VatReturn:
    """Close a VAT period.

    Its boxes are kept as filed, a voucher of series M on its last day moves its VAT to 2650, and the books
    are closed to that day. A period that was opened again in the books can be closed again: its boxes are
    then filed anew, and a further voucher moves what has come to it.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation``, ``outside-fiscal-year``,
            ``already-closed``, ``closed-period`` if its days are closed and it is not,
            ``earlier-period-open`` (named), ``period-not-over``, ``awaits-journalising``, ``events-parked``,
            ``events-pending``, ``year-end-missing``, ``busy``.
    """
    at.require_bureau("close VAT periods")
    at.require_active()
    _check_note(given.note)
    # Once, however often others' postings make the closing begin anew: it reads much.
    check_nothing_pending = functools.cache(functools.partial(_check_nothing_pending, at))

    def make(transaction: Transaction) -> VatReturn:
        postings = Postings(at.company_id)
        basis = VatBasis(at.company_id, postings.books, postings.chart)
        period = basis.period(given.period, "/period")
        _check_closable(basis, period)
        check_nothing_pending()
        _check_year_end(basis, period)
        filed = _settle(basis, postings, period, given.note, at.user.user_id)
        reason = f"vat/{period.key}/closed"
        close_until(transaction, postings, period.last, reason, at.user.user_id)
        postings.write(transaction)
        store.put_return(transaction, at.company_id, filed)
        return described(basis, period)

    return idempotency.carry_out(at.user, make)


def _check_note(note: str | None) -> None:
    if note and (characters := unwritable(note)):
        message = f"must not hold {' '.join(characters)}: the file to Skatteverket is in ISO-8859-1"
        raise Problem("validation", "The note cannot be sent.", (FieldError("/note", "unwritable", message),))


def _check_nothing_pending(at: CompanyAccess) -> None:
    """Refuse while something is on its way into the books: when they are closed it would be parked.

    What waits to be journalised is in the subledger, and told of by its date.
    """
    known = {each.event for each in unposted.every_unposted(at.company_id)}
    pending = [
        each.event
        for each in sync_log.events(at, "pending", _LOOKED_AT, None).items
        if each.ledger.state == "pending" and each.event not in known
    ]
    if pending:
        named = ", ".join(pending[:_SHOWN])
        raise Problem("events-pending", f"On their way into the books: {named}. Try again in a moment.")


def _check_year_end(basis: VatBasis, period: VatPeriod) -> None:
    if period.last < clock.today() and lacks_year_end(basis, period):
        raise Problem("year-end-missing", MISSING)


_LOOKED_AT = 100
_SHOWN = 5


def _check_closable(basis: VatBasis, period: VatPeriod) -> None:
    if basis.is_closed(period):
        raise Problem("already-closed", f"The VAT of {period.key} is closed: its return is filed.")
    for other in (each.period for each in basis.filed.values()):
        # Also where its days are open again: they are reported there, and settled by its vouchers.
        if other != period and other.first <= period.last and period.first <= other.last:
            raise Problem(
                "already-closed",
                f"Days of {period.key} are reported already, in {other.key}: changes of them belong there.",
            )
    closed = basis.books.closed_until
    if closed and period.last <= closed:
        raise Problem(
            "closed-period",
            f"The books are closed to {closed}: reopen them from {period.first} on to close the VAT of "
            f"{period.key}.",
        )
    if earlier := _earlier_open(basis, period):
        raise Problem("earlier-period-open", f"Close {earlier.key} first: it has movements.")


def _earlier_open(basis: VatBasis, period: VatPeriod) -> VatPeriod | None:
    """The first period before one that is to be closed before it, of months that no closed return has.

    Where the books are closed (history that another program has reported) it is one whose VAT has not been
    settled since; where they are open, one with movements in any box. One that was opened again and has
    changed is named also when nothing is left in it.
    """
    returns = [each.period for each in basis.filed.values() if basis.is_closed(each.period)]
    months = [date.fromisoformat(f"{month}-01") for month in sorted(basis.months)]
    left = [
        month
        for month in months
        if month < period.first and not any(each.first <= month <= each.last for each in returns)
    ]
    closed = basis.books.closed_until
    done = [month for month in left if closed and month <= closed]
    found = _unsettled(basis, done) or next(
        (month for month in left[len(done) :] if any(basis.boxes_of(month).values())), None
    )
    if found:
        filed = (each.period for each in basis.filed.values())
        reported = next((each for each in filed if each.first <= found <= each.last), None)
        return reported or period_with(found, basis.kind, basis.books.fiscal_years)
    return next((each.period for each in basis.changed_returns(period.first)), None)


def _unsettled(basis: VatBasis, months: list[date]) -> date | None:
    """The last of the months with VAT, if not all of their VAT together has been settled."""
    total = dict(basis.opening) if months else {}
    for month in months:
        total = _sum(total, basis.moved(month, month))
    if not vat_moved(total, basis.vat_box):
        return None
    return next(
        (each for each in reversed(months) if vat_moved(basis.moved(each, each), basis.vat_box)), None
    )


def _settle(
    basis: VatBasis, postings: Postings, period: VatPeriod, note: str | None, user_id: str
) -> FiledReturn:
    """Post what settles a period; the period as it is filed then."""
    before = basis.filed_return(period) or FiledReturn(period)
    moved = basis.moved(period.first, period.last)
    boxes = whole_boxes(exact_boxes(moved, basis.vat_box))
    left = basis.unsettled(moved, before.settled)
    amounts = settlement_amounts(left, boxes[TO_PAY], settled=-before.settled.get(SETTLEMENT, 0))
    voucher_id = _post(postings, before, amounts) if amounts else None
    filing = Filing(clock.timestamp(), user_id, boxes, voucher_id, note)
    settled = _sum(before.settled, dict(amounts))
    filed = FiledReturn(period, [*before.filings, filing], settled, before.version)
    basis.settle(filed, amounts)
    return filed


def _post(postings: Postings, before: FiledReturn, amounts: Amounts) -> str:
    """The settlement voucher; each further one of a period has a source of its own."""
    period, times = before.period, len(before.filings)
    source = f"vat/{period.key}/closed" + (f"/{times + 1}" if times else "")
    text = f"Momsredovisning {period.first}–{period.last}{', rättelse' if times else ''}"
    return postings.post("M", period.last, text, amounts, source).voucher_id


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {account: one.get(account, 0) + other.get(account, 0) for account in one.keys() | other.keys()}
