"""The invoice numbers that a payment's references and texts may mean, and how sure each is.

Digits are read as an OCR number (check digit and length digit) and as an invoice's own number. Whether
there is such an invoice is not known here.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats import ocr
from samklang.payments.matching.weights import BY_CERTAINTY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.formats.incoming import IncomingPayment
    from samklang.payments.matching.weights import Certainty

MAX_NUMBERS = 200
"""Numbers looked up for one payment, so that hostile texts cost nothing."""
MAX_READINGS = 1000
"""Ways to read one payment's digits, for the same reason."""
_LONGEST_NUMBER = 9
"""Digits of the largest invoice number (see the start guide)."""
_SHORTEST_OCR = 3
"""Two digits are only check digits."""
_GROUPED = re.compile(r"(?<![0-9])[0-9]{1,25}(?: [0-9]{1,25}){1,12}(?![0-9])")
"""Digits in groups, as people write long numbers."""


class Pointer(NamedTuple):
    """What points to an invoice number."""

    by: Certainty
    in_reference: bool
    """Not only in a message."""
    reason: str
    """Such as ``OCR 100164 as reference``."""


class Reading(NamedTuple):
    """One way to read some digits."""

    number: int
    pointer: Pointer
    unless: int | None
    """The invoice number of a better way to read them, if there is such an invoice."""


def pointed_numbers(payment: IncomingPayment) -> dict[int, Pointer]:
    """Every invoice number that a payment's references and texts may mean, the surest first."""
    best = surest(readings(payment))
    ranked = sorted(best.items(), key=lambda item: (BY_CERTAINTY[item[1].by], item[0]))
    return dict(ranked[:MAX_NUMBERS])


def surest(readings: Iterable[Reading]) -> dict[int, Pointer]:
    """The surest pointer to each number, in a reference if any of them is."""
    best: dict[int, Pointer] = {}
    for number, pointer, _ in readings:
        known = best.get(number, pointer)
        surest = min(known, pointer, key=rank_of_pointer)
        best[number] = surest._replace(in_reference=known.in_reference or pointer.in_reference)
    return best


def rank_of_pointer(pointer: Pointer) -> tuple[int, bool, str]:
    """A key to sort by: the surest first, one in a reference before one in a message."""
    return BY_CERTAINTY[pointer.by], not pointer.in_reference, pointer.reason


def readings(payment: IncomingPayment) -> list[Reading]:
    """The ways to read a payment's digits, at most :data:`MAX_READINGS`, those of the references first."""
    values = sorted({each.value for each in payment.references})
    from_references = (reading for value in values for reading in readings_of_reference(value))
    readings = list(islice(from_references, MAX_READINGS))
    from_texts = (reading for text in payment.texts for reading in _readings_of_text(text))
    return readings + list(islice(from_texts, MAX_READINGS - len(readings)))


def readings_of_reference(value: str) -> Iterator[Reading]:
    """The ways to read one reference: the whole of it first."""
    whole = ocr.normalise(value)
    is_number = whole.isascii() and whole.isdigit()
    payload = _payload(whole) if is_number else None
    if is_number:
        yield from _ways_to_read(whole, "ocr", "number", "as reference", in_reference=True)
    for digits in _runs(value):
        if digits != whole:
            for reading in _ways_to_read(
                digits, "ocr_found", "number_found", "in the reference", in_reference=True
            ):
                # A right OCR number written in groups is no several numbers.
                yield reading if payload is None else reading._replace(unless=payload)


def _readings_of_text(text: str) -> Iterator[Reading]:
    for digits in _runs(text):
        yield from _ways_to_read(digits, "ocr_found", "number_found", "in the message", in_reference=False)
    for group in _GROUPED.finditer(text):
        digits = ocr.normalise(group[0])
        if payload := _payload(digits):
            pointer = Pointer("ocr_found", in_reference=False, reason=f"OCR {digits} in the message")
            yield Reading(payload, pointer, None)


def _ways_to_read(
    digits: str, as_ocr: Certainty, as_number: Certainty, where: str, *, in_reference: bool
) -> Iterator[Reading]:
    payload = _payload(digits)
    if payload:
        yield Reading(payload, Pointer(as_ocr, in_reference, f"OCR {digits} {where}"), None)
    if len(digits) <= _LONGEST_NUMBER:
        yield Reading(int(digits), Pointer(as_number, in_reference, f"number {digits} {where}"), payload)


def _runs(text: str) -> list[str]:
    """Runs of 4-25 digits, without leading zeros."""
    return [digits for run in ocr.candidates(text) if (digits := run.lstrip("0"))]


def _payload(digits: str) -> int | None:
    """The invoice number an OCR number was made of; None if it is none of ours."""
    if not _SHORTEST_OCR <= len(digits) <= _LONGEST_NUMBER + 2 or not ocr.is_valid_ocr(digits):
        return None
    return int(ocr.ocr_payload(digits))
