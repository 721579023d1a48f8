"""Voucher series: those that Samklang numbers, A for vouchers by hand, and the company's own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from samklang.ledger.model.series import SeriesList, SeriesYear, VoucherSeries
from samklang.ledger.model.vouchers import BY_HAND, SYSTEM_SERIES
from samklang.ledger.store import books
from samklang.ledger.store import series as store
from samklang.platform import idempotency
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.ledger.model.series import SeriesInput
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction

_NAME_BY_HAND = "Manuella verifikationer"


def series(at: CompanyAccess) -> SeriesList:
    """Every voucher series, and how far each has come in each fiscal year."""
    own, _ = store.own_series(at.company_id)
    return _listed(at.company_id, own)


def _listed(company_id: str, own: Mapping[str, str]) -> SeriesList:
    years: dict[str, list[SeriesYear]] = {}
    for key, following in sorted(books.books(company_id).next_numbers.items()):
        start, _, letter = key.partition("#")
        year = SeriesYear(fiscal_year=date.fromisoformat(start), last_number=following - 1)
        years.setdefault(letter, []).append(year)
    names = {each: each for each in years} | SYSTEM_SERIES | {BY_HAND: _NAME_BY_HAND} | dict(own)
    return SeriesList(
        items=[
            VoucherSeries(
                series=each, name=name, by_hand=each not in SYSTEM_SERIES, years=years.get(each, [])
            )
            for each, name in sorted(names.items())
        ]
    )


def name_series(at: CompanyAccess, letter: str, given: SeriesInput) -> SeriesList:
    """Add a series for vouchers by hand, or rename one.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``system-series``, ``busy``.
    """
    at.require_bureau("name voucher series")
    at.require_active()
    if letter in SYSTEM_SERIES:
        raise Problem(
            "system-series", f"Series {letter} is {SYSTEM_SERIES[letter]} and numbered by Samklang."
        )

    def make(transaction: Transaction) -> SeriesList:
        own, version = store.own_series(at.company_id)
        names = own | {letter: given.name}
        store.name_series(transaction, at.company_id, names, version)
        return _listed(at.company_id, names)

    return idempotency.carry_out(at.user, make)


def check_series(company_id: str, letter: str) -> None:
    """Refuse a series that is neither A nor one of the company's own.

    Raises:
        Problem: ``unknown-series``.
    """
    if letter == BY_HAND or letter in SYSTEM_SERIES or letter in store.own_series(company_id)[0]:
        return
    message = f"There is no voucher series {letter}. Name it first, or use {BY_HAND}."
    raise Problem("unknown-series", message, (FieldError("/series", "unknown", message),))
