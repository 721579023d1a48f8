"""A fiscal year of the books as a SIE file: 4E with balances, or 4I with the vouchers of a span alone.

The vouchers go through a temporary file, since they are kept by date and handed over by series and number,
behind a head that names all they use: memory holds one of them at a time, and where each is.
"""

from __future__ import annotations

import pickle
import tempfile
import time
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from samklang.formats import sie
from samklang.formats.identity import format_org_no
from samklang.formats.sie.model import NO_DETAIL, RESERVED_DIMENSIONS
from samklang.ledger.balances import check_span, held, is_result, moved
from samklang.ledger.sie.model import SieExported
from samklang.ledger.store import books, chart, vouchers
from samklang.ledger.store import sie as store
from samklang.ledger.store.opening import opening
from samklang.platform import clock, idempotency, uploads
from samklang.platform.clients import s3
from samklang.platform.dynamo import Transaction
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.ledger.accounts import AccountKind
    from samklang.ledger.model.books import Books
    from samklang.ledger.model.vouchers import Voucher, VoucherRow
    from samklang.ledger.sie.model import SieExportInput, SieKind
    from samklang.platform.access import CompanyAccess

MOST_BYTES = 4_400_000
"""Of a file in an answer: Lambda answers at most 6 MB, with the base64 around it."""
_SECONDS = 22
"""For which a file may be made; the API waits for 30, and the upload to S3 takes some of them."""

_KINDS: dict[AccountKind, str] = {"asset": "T", "liability": "S", "income": "I", "cost": "K"}
_PROGRAM = ("Samklang", "1")
_DAY = timedelta(days=1)


class SieAnswer(NamedTuple):
    """A file to be sent."""

    name: str
    content: bytes


def export(at: CompanyAccess, given: SieExportInput) -> SieAnswer:
    """A fiscal year, or (4I) a part of it, to be sent at once.

    Raises:
        Problem: ``validation`` for a year that is none of the books', a span outside it or one that 4E cannot
            have, ``export-too-large``.
    """
    with _made(at, given, MOST_BYTES) as made:
        return SieAnswer(made.name, made.stream.read())


def export_to_fetch(at: CompanyAccess, given: SieExportInput) -> SieExported:
    """The same, of any size, to be fetched by a link.

    Raises:
        Problem: as :func:`export`; ``export-too-large`` where it takes too long.
    """
    idempotency.replay_if_done(at.user)
    bucket, key = setting("SIE_FILES_BUCKET"), f"made/{at.company_id}/{new_id('exp')}"
    with _made(at, given) as made:
        s3().put_object(
            Bucket=bucket,
            Key=key,
            Body=made.stream,
            ContentType="application/octet-stream",
            ContentDisposition=f'attachment; filename="{made.name}"',
        )
    answer = SieExported(
        filename=made.name,
        size=made.size,
        vouchers=made.vouchers,
        link=uploads.presigned_get(bucket, key),
    )
    return idempotency.commit(Transaction(), at.user, answer)


class _Made(NamedTuple):
    """A file that is written."""

    name: str
    stream: BinaryIO
    """From its beginning."""
    size: int
    vouchers: int


@contextmanager
def _made(at: CompanyAccess, given: SieExportInput, most: int | None = None) -> Iterator[_Made]:
    """The file, as a temporary one.

    Args:
        at: whose books.
        given: what of them; ``fiscal_year``: the day it begins, or the calendar year of that day; the one of
            today if left out.
        most: bytes.

    Raises:
        Problem: as :func:`export`.
    """
    deadline = time.monotonic() + _SECONDS
    head = books.books(at.company_id)
    place = _place(head, given.fiscal_year)
    first, last = _span(head.fiscal_years[place], given)
    with tempfile.TemporaryFile() as kept, tempfile.TemporaryFile() as stream:
        found = _Vouchers(kept)
        for each in vouchers.every_voucher_between(at.company_id, first, last):
            found.add(_written(each))
            _check_time(deadline)
        size = 0
        for piece in sie.Writer(_head(at, head, place, given.type, found)).write(found):
            size += stream.write(piece)
            if most is not None and size > most:
                raise Problem(
                    "export-too-large",
                    f"The file has more than {most} bytes. POST …/ledger/sie-exports makes it to be "
                    "fetched by a link; or ask for some months at a time: type=4I with `from` and `to`.",
                )
            _check_time(deadline)
        stream.seek(0)
        suffix = "se" if given.type == "4E" else "si"
        name = f"sie-{head.fiscal_years[place][0]}-{given.type}.{suffix}"
        yield _Made(name, stream, size, len(found))


def _span(year: tuple[date, date], given: SieExportInput) -> tuple[date, date]:
    """The days asked for.

    Raises:
        Problem: ``validation``.
    """
    (start, end), first, last = year, given.first, given.last
    if given.type == "4E" and (first or last):
        message = "Type 4E is a whole fiscal year. Leave `from` and `to` out, or ask for type 4I."
        raise Problem("validation", message, (FieldError("?from", "span", message),))
    check_span(first, last)
    if (first and not start <= first <= end) or (last and not start <= last <= end):
        message = f"The fiscal year is from {start} to {end}: choose days in it."
        raise Problem("validation", message, (FieldError("?from", "span", message),))
    return first or start, last or end


def _check_time(deadline: float) -> None:
    """Stop before the API gives up.

    Raises:
        Problem: ``export-too-large``.
    """
    if time.monotonic() > deadline:
        raise Problem(
            "export-too-large",
            "Making the file takes longer than an answer may. Ask for some months at a time: type 4I with "
            "`from` and `to`.",
        )


class _Vouchers:
    """Vouchers in a temporary file, read back by series and number."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._places: list[tuple[str, int, int, int]] = []
        """Series, number, where it begins, bytes."""
        self.accounts: set[str] = set()
        self.objects: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._places)

    def add(self, voucher: sie.Voucher) -> None:
        """One more, before any is read back."""
        assert voucher.number is not None  # those of the books have one
        packed = pickle.dumps(voucher, pickle.HIGHEST_PROTOCOL)
        self._places.append((voucher.series, voucher.number, self._file.tell(), len(packed)))
        self._file.write(packed)
        self.accounts.update(voucher.accounts)
        for detail in voucher.details:
            self.objects.update(detail.objects)

    def __iter__(self) -> Iterator[sie.Voucher]:
        for _, _, start, size in sorted(self._places):
            self._file.seek(start)
            voucher: sie.Voucher = pickle.loads(self._file.read(size))  # noqa: S301 - written just now, here
            yield voucher


def _place(head: Books, fiscal_year: str | None) -> int:
    """The place of a fiscal year among those of the books."""
    if fiscal_year is None:
        today = clock.today()
        begun = [place for place, (start, _) in enumerate(head.fiscal_years) if start <= today]
        return max(begun, default=0)
    places = [
        place
        for place, (start, _) in enumerate(head.fiscal_years)
        if start.isoformat().startswith(fiscal_year)
    ]
    if len(places) == 1:
        return places[0]
    starts = ", ".join(str(start) for start, _ in head.fiscal_years)
    found = "Two fiscal years begin" if places else "No fiscal year begins"
    message = f"{found} in {fiscal_year}. Give the first day of one: {starts}."
    raise Problem("validation", message, (FieldError("?fiscal_year", "unknown", message),))


def _head(at: CompanyAccess, head: Books, place: int, kind: SieKind, found: _Vouchers) -> sie.Head:
    start, end = head.fiscal_years[place]
    made = sie.Head(
        type=kind,
        program=_PROGRAM,
        made=clock.today(),
        company_id=at.company_id,
        org_no=format_org_no(at.collaboration["org_no"]),
        company=at.company_name,
        years={0: sie.Year(start, end)},
        chart="EUBAS97",
    )
    used = found.accounts.copy()
    if kind == "4E":
        for number in (0, -1):
            if place + number >= 0:
                year = head.fiscal_years[place + number]
                made.years[number] = sie.Year(*year)
                used |= _put_balances(made, number, at.company_id, head, year)
    _put_accounts(made, at.company_id, used)
    _put_objects(made, at.company_id, found.objects)
    return made


def _put_balances(
    made: sie.Head, number: int, company_id: str, head: Books, year: tuple[date, date]
) -> set[str]:
    """What the year began with, moved and ended with; the accounts that have anything."""
    start, end = year
    began = (
        opening(company_id).amounts if start == head.fiscal_years[0][0] else held(company_id, start - _DAY)
    )
    change = moved(company_id, start, end)
    accounts = sorted({account for account, amount in began.items() if amount} | change.keys())
    made.opening[number] = {}
    made.closing[number] = {}
    made.results[number] = {}
    for account in accounts:
        if is_result(account):
            made.results[number][account] = sie.Balance(change.get(account, 0))
        else:
            before = began.get(account, 0)
            made.opening[number][account] = sie.Balance(before)
            made.closing[number][account] = sie.Balance(before + change.get(account, 0))
    return set(accounts)


def _put_accounts(made: sie.Head, company_id: str, used: set[str]) -> None:
    """The accounts that have anything, and in 4E those that are open."""
    sru = store.names(company_id).sru
    for each in chart.chart(company_id).accounts():
        if each.number in used or (made.type == "4E" and each.active):
            made.accounts[each.number] = sie.Account(
                each.number, each.name, _KINDS[each.kind], sru=sru.get(each.number, ())
            )


def _put_objects(made: sie.Head, company_id: str, used: Iterable[tuple[str, str]]) -> None:
    """The dimensions and objects that imported files have named, and those that vouchers use."""
    names = store.names(company_id)
    if made.type == "4E":
        for number, (name, parent) in names.dimensions.items():
            made.dimensions[number] = sie.Dimension(number, name, parent)
        made.objects |= names.objects
    for dimension, name in sorted(used):
        told, parent = names.dimensions.get(dimension, (RESERVED_DIMENSIONS.get(dimension, dimension), ""))
        made.dimensions.setdefault(dimension, sie.Dimension(dimension, told, parent))
        made.objects.setdefault((dimension, name), names.objects.get((dimension, name), name))


def _written(voucher: Voucher) -> sie.Voucher:
    details = tuple(map(_detail, voucher.rows))
    return sie.Voucher(
        voucher.series,
        voucher.number,
        voucher.date,
        voucher.text,
        tuple(row.account for row in voucher.rows),
        tuple(row.debit - row.credit for row in voucher.rows),
        details if any(each is not NO_DETAIL for each in details) else (),
        date.fromisoformat(voucher.created_at[:10]),
    )


def _detail(row: VoucherRow) -> sie.Detail:
    if not (row.text or row.quantity or row.objects):
        return NO_DETAIL
    objects = tuple((tag.dimension, tag.object) for tag in row.objects)
    quantity = Decimal(row.quantity) if row.quantity else None
    return sie.Detail(objects, row.text or "", quantity=quantity)
