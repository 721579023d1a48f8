"""Which payments of different files are one and the same, so that each is registered once.

Within one format the bank's own reference tells payments apart; the caller never sights one twice. Between
formats there is no common reference: a payment in BgMax and in camt.054 agrees in its content only, that is
its kind, booking day, amount, currency, and what it is for or who paid it. Two genuine payments may agree
in all that too: twins.

Therefore payments of the same content are counted, each format's for itself, and there are as many real
payments as the format with most of them shows. A sighting is a new payment only when its format has now
shown more than any format had shown before: the number registered is the largest count at every moment, in
whatever order and however overlapping the files come.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from samklang.formats import ocr
from samklang.payments.payers import normalise_name
from samklang.platform.spelling import unaccented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.formats.incoming import IncomingPayment

type Sightings = dict[str, int]
"""How many payments of one content each source (format) has shown."""


def sight(sightings: Sightings, source: str) -> tuple[Sightings, bool]:
    """Count one more payment of a content in a source, and tell whether it is a new one.

    Args:
        sightings: of that content so far; it is left as it is.
        source: the format that shows it, ``bgmax``, ``camt.054`` or ``camt.053``.
    """
    count = sightings.get(source, 0) + 1
    is_new = count > max(sightings.values(), default=0)
    return sightings | {source: count}, is_new


def content_key(payment: IncomingPayment) -> str:
    """A short text that is equal for the same payment in every format; the day stands first in it.

    Not for a sum of several payments (``lump``), which has no counterpart among payments told one by one.
    """
    what = "\n".join(_what_or_who(payment))
    content = f"{payment.kind}\n{payment.amount}\n{payment.currency}\n{what}"
    return f"{payment.date}#{hashlib.sha256(content.encode()).hexdigest()[:_HASH_LENGTH]}"


_HASH_LENGTH = 32
"""Hexadecimal digits: 128 bits, with which no two contents ever meet by chance."""


def _what_or_who(payment: IncomingPayment) -> list[str]:
    """What the formats tell alike: reference numbers if there are any, else the payer, else the words."""
    if numbers := _checked_numbers(payment) or _other_numbers(payment):
        return ["for", *sorted(numbers)]
    if payer := normalise_name(payment.payer_name or ""):
        return ["by", payer]
    return ["saying", "".join(filter(str.isalnum, unaccented("".join(_words(payment)))))]


def _checked_numbers(payment: IncomingPayment) -> set[str]:
    """OCR numbers, each once: BgMax may repeat the first of several in a record 22.

    Where there are such, nothing else counts: camt may name the invoice beside its OCR number, and BgMax
    repeat in a text what the bank has read into references.
    """
    numbers = {ocr.normalise(each.value) for each in payment.references if each.kind == "ocr"}
    return numbers - {""}


def _other_numbers(payment: IncomingPayment) -> set[str]:
    """Long numbers in other references and messages: what is a reference in BgMax may be a text in camt."""
    runs = {run.lstrip("0") for text in _words(payment) for run in ocr.candidates(text)}
    return runs - {""}


def _words(payment: IncomingPayment) -> Iterator[str]:
    yield from (each.value for each in payment.references)
    yield from payment.texts
