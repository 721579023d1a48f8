"""Plain payments read by the column: several times as fast as row by row, and to the same payments.

Plain is a record 20 with any of records 22-29 behind it: no deduction, no record type of a later edition.
Most of a file is. Of a stretch of them each field is cut out for all at once, then checked and converted at
the speed of C. Only extra references (records 22 and 23) are taken from their rows, payment by payment.

Nothing is refused here. A stretch in which anything is amiss is given back, and read row by row: so there is
one place only that refuses, and names the record. The tests hold the two ways against each other.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain, compress, count, islice, repeat
from operator import itemgetter, lt
from typing import NamedTuple

from samklang.formats.bgmax.payment import CORRECT, NO_SERIAL, Section, read_details
from samklang.formats.bgmax.rows import EvenRows
from samklang.formats.incoming import IncomingPayment, Reference, ReferenceKind

FEWEST = 8
"""Payments in a stretch from which on reading it by the column is the faster way."""

_MOST_ROWS = 1536
"""Of a stretch: more than the whole rows of a block, far fewer than its rows may be with blanks cut off."""
_STRETCH = re.compile(f"0[02356789]{{0,{_MOST_ROWS - 1}}}(?=0)")
"""Payments with their details, by the kinds of their rows; the next payment ends the details of the last."""
_REFERENCE_KINDS: dict[str, ReferenceKind] = {
    digit: "ocr" if digit in CORRECT else "text" for digit in "0123456789"
}
_NOBODY = "0000000000"
"""Sender's bankgiro of a payment from an account without one."""
_NO_ORG_NO = "000000000000"
_ONES = {kind: bytes(chr(byte) == kind for byte in range(256)) for kind in "0569"}


def kinds_of(rows: EvenRows) -> str:
    """A character for each row: the second digit of records 20-29, a dash for every other record."""
    first, second = rows.text[:: rows.width], rows.text[1 :: rows.width]
    if first == "2" * len(first):
        return second
    return "".join([unit if ten == "2" else "-" for ten, unit in zip(first, second, strict=True)])


def stretches(kinds: str) -> Iterator[tuple[int, int]]:
    """Where plain payments stand side by side: place of the first row, and of the first behind the last."""
    for match in _STRETCH.finditer(kinds):
        if match[0].count("0") >= FEWEST:
            yield match.span()


def read_plain(rows: EvenRows, kinds: str, section: Section) -> Iterator[IncomingPayment] | None:
    """The payments of a stretch, whose sums are added to the section's; None: read them row by row."""
    heads = _those(kinds, "0")
    payments = sum(heads)
    alone = payments == len(kinds)
    heads_only = rows if alone else rows._replace(text="".join(_cut(rows, 1, rows.width, heads)))
    amounts, serials = _cut(heads_only, 38, 55), _cut(heads_only, 58, 69)
    codes, channels = (heads_only.text[at :: rows.width] for at in (55, 56))
    if not "".join((*amounts, *serials, codes, channels)).encode().isdigit():  # of bytes: ASCII digits alone
        return None
    highest = max(section.highest_serial, NO_SERIAL)
    if not all(map(lt, chain((highest,), serials), serials)):  # each above the one before it
        return None
    behind = kinds[1:].split("0")  # for each payment the kinds of the rows behind it
    details = _NO_DETAILS if alone else _details(rows, kinds, behind)
    if details is None:
        return None
    hundredths = list(map(int, amounts))
    section.highest_serial = serials[-1]
    section.amount += sum(hundredths)
    section.count += payments

    values = [text.strip() for text in _cut(heads_only, 13, 37)]
    senders = [None if text == _NOBODY else text.lstrip("0 ") or None for text in _cut(heads_only, 3, 12)]
    # From here on all is made one by one as it is asked for, so that few objects are alive at a time. Map
    # calls what a named tuple's own constructor calls, without the Python function around it.
    reference_kinds = map(_REFERENCE_KINDS.__getitem__, codes)
    named = map(tuple.__new__, repeat(Reference), zip(reference_kinds, values, repeat(None)))
    references: Iterable[tuple[Reference, ...]] = zip(named)  # a tuple of each
    if "" in values:
        references = (each if value else () for each, value in zip(references, values, strict=True))
    fields = zip(
        repeat("payment"),
        hundredths,
        repeat(section.currency),
        repeat(section.day),
        repeat(section.recipient),
        serials,
        count(rows.first) if alone else compress(count(rows.first), heads),
        references,
        details.texts,
        details.names,
        details.org_nos,
        senders,
        *_THE_REST,
    )
    found = map(tuple.__new__, repeat(IncomingPayment), fields)
    if "2" in kinds or "3" in kinds:
        return _with_extras(found, rows, behind, section)
    return found


def _with_extras(
    payments: Iterable[IncomingPayment], rows: EvenRows, behind: list[str], section: Section
) -> Iterator[IncomingPayment]:
    """The payments, those with extra references read again from their rows."""
    start = 0
    for payment, kinds in zip(payments, behind, strict=True):
        end = start + 1 + len(kinds)
        if "2" in kinds or "3" in kinds:
            group = [row for _, row in rows.part(start, end).each()]
            told = read_details(group, payment.record, payment.amount, section)
            yield payment._replace(references=told.references, texts=told.texts)
        else:
            yield payment
        start = end


_THE_REST = tuple(map(repeat, (None, None, False)))
"""The fields that no plain payment has: end_to_end_id, deduction_code, lump."""


class _Details(NamedTuple):
    """What records 25, 26 and 29 add to each payment."""

    texts: Iterable[tuple[str, ...]]
    names: Iterable[str | None]
    org_nos: Iterable[str | None]


_NO_DETAILS = _Details(repeat(()), repeat(None), repeat(None))


def _details(rows: EvenRows, kinds: str, behind: list[str]) -> _Details | None:
    """What stands behind the payments of a stretch; None: read them row by row."""
    has_name, has_org_no = (["6" in each for each in behind], ["9" in each for each in behind])
    if kinds.count("6") > sum(has_name) or kinds.count("9") > sum(has_org_no):
        return None  # a payment has two of them
    names = [text.strip() or None for text in _cut(rows, 3, 37, _those(kinds, "6"))]
    org_nos = _cut(rows, 3, 14, _those(kinds, "9"))
    if not "".join((*org_nos, "0")).encode().isdigit():
        return None
    texts: Iterable[tuple[str, ...]] = repeat(())
    if "5" in kinds:
        each_text = (text.strip() for text in _cut(rows, 3, 52, _those(kinds, "5")))
        texts = [tuple(islice(each_text, each.count("5"))) for each in behind]
    return _Details(
        texts,
        _spread(names, has_name),
        _spread([None if text == _NO_ORG_NO else text[2:] for text in org_nos], has_org_no),
    )


def _spread(values: list[str | None], has: list[bool]) -> list[str | None]:
    """Each value to the payment that has one, in their order."""
    if all(has):
        return values
    each = iter(values)
    return [next(each) if has_one else None for has_one in has]


def _those(kinds: str, kind: str) -> bytes:
    """One for each row of a kind, zero for every other row."""
    return kinds.encode().translate(_ONES[kind])


def _cut(rows: EvenRows, first: int, last: int, those: bytes | None = None) -> tuple[str, ...]:
    """A field, by its positions in the manual, of those rows or of all."""
    places = _places(rows.width, first, last)
    chosen = places[: len(rows.text) // rows.width] if those is None else list(compress(places, those))
    if len(chosen) > 1:
        return itemgetter(*chosen)(rows.text)  # type: ignore[no-any-return] # of several places: a tuple
    return tuple(rows.text[place] for place in chosen)


@cache
def _places(width: int, first: int, last: int) -> list[slice]:
    """Where a field stands in each of the rows that a stretch may hold."""
    return [slice(at + first - 1, at + last) for at in range(0, _MOST_ROWS * width, width)]
