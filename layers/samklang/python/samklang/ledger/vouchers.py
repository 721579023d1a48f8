"""Vouchers: written by hand, taken back, read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.documents import booking
from samklang.ledger import series
from samklang.ledger.balances import check_span
from samklang.ledger.postings import Postings
from samklang.ledger.store import vouchers as store
from samklang.platform import idempotency
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.ledger.model.vouchers import ReversalInput, Voucher, VoucherInput, VoucherPage
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction


def write_voucher(at: CompanyAccess, given: VoucherInput) -> Voucher:
    """Post a voucher written by hand, and tie its documents to it.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``unbalanced``, ``unknown-account``,
            ``closed-account``, ``control-account``, ``closed-period``, ``outside-fiscal-year``,
            ``unknown-series``, ``system-series``, ``document-not-bookable``, ``busy``.
    """
    at.require_bureau("write vouchers")
    at.require_active()

    def make(transaction: Transaction) -> Voucher:
        series.check_series(at.company_id, given.series)
        postings = Postings(at.company_id)
        voucher = postings.write_by_hand(given, at.user.user_id)
        postings.write(transaction)
        booking.book(transaction, at.company_id, given.documents, f"voucher/{voucher.voucher_id}")
        return voucher

    return idempotency.carry_out(at.user, make)


def reverse_voucher(at: CompanyAccess, voucher_id: str, given: ReversalInput) -> Voucher:
    """Take a voucher by hand back with another: vouchers never change (bokföringslagen 5 kap. 5 §).

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``, ``not-by-hand``,
            ``already-reversed``, ``closed-account``, ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    at.require_bureau("take vouchers back")
    at.require_active()

    def make(transaction: Transaction) -> Voucher:
        voucher = get_voucher(at, voucher_id)
        if voucher.created_by is None:
            raise Problem(
                "not-by-hand",
                f"{voucher_id} comes of {voucher.source}: take that back, and its voucher follows.",
            )
        postings = Postings(at.company_id)
        reversal = postings.take_back(voucher, given.date or voucher.date, at.user.user_id)
        postings.write(transaction)
        booking.book(transaction, at.company_id, reversal.documents, f"voucher/{reversal.voucher_id}")
        return reversal

    return idempotency.carry_out(at.user, make)


def get_voucher(at: CompanyAccess, voucher_id: str) -> Voucher:
    """One voucher.

    Raises:
        Problem: ``not-found``.
    """
    voucher = store.voucher(at.company_id, voucher_id)
    if voucher is None:
        raise Problem("not-found", "There is no such voucher.")
    return voucher


def vouchers(
    at: CompanyAccess, first: date | None, last: date | None, limit: int, cursor: str | None
) -> VoucherPage:
    """A page of vouchers by date.

    Raises:
        Problem: ``validation`` for a span that ends before it begins.
    """
    check_span(first, last)
    return store.vouchers(at.company_id, first, last, limit, cursor)
