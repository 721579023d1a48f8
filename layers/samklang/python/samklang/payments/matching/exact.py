"""When a payment is an exact match: what must hold for it to be registered without a person.

References with OCR numbers name the invoices, what the bank says of each is as it is, and the amount is to
the öre what remains of them. Who paid does not matter: anybody may pay another's invoice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.payments.matching.pointing import MAX_NUMBERS, MAX_READINGS
from samklang.payments.matching.words import first_capital, join
from samklang.payments.model.payments import MAX_ALLOCATIONS
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from samklang.payments.matching.facts import Candidate
    from samklang.payments.matching.named import Named
    from samklang.payments.matching.pointing import Reading


def hindrances(amount: int, readings: list[Reading], named: list[Named]) -> list[str]:
    """Why a payment (of signed öre) may not be registered without a person; nothing if it may."""
    if not named:
        return ["No reference or message points to an invoice or a credit note."]
    referred = [each for each in named if each.pointer.in_reference]
    found = (
        None if referred else "Only a message points there: confirm it.",
        _hindrance_of_references(readings, referred),
        _hindrance_of_amounts(amount, referred or named),
    )
    return [each for each in found if each]


def _hindrance_of_references(readings: list[Reading], referred: list[Named]) -> str | None:
    if len(readings) >= MAX_READINGS or len({each.number for each in readings}) > MAX_NUMBERS:
        return "It holds too many numbers to look them all up."
    if weak := next((each.pointer for each in referred if each.pointer.by != "ocr"), None):
        return f"{first_capital(weak.reason)} is no OCR reference: confirm it."
    if sum(bool(each.candidate.left) for each in referred) > MAX_ALLOCATIONS:
        return f"It names more than the {MAX_ALLOCATIONS} invoices that one payment can pay."
    return None


def _hindrance_of_amounts(amount: int, concerned: list[Named]) -> str | None:
    if missing := next((each.candidate for each in concerned if each.candidate.remaining is None), None):
        what = missing.called + (" or a credit note of it" if missing.credited else "")
        return f"{first_capital(what)} has not reached the ledger yet. Look again when it has."
    if not any(each.candidate.left for each in concerned):
        return _nothing_remains([each.candidate for each in concerned], amount)
    if amount < 0 and [each.candidate.kind for each in concerned] != ["credit_note"]:
        return "A deduction is of one credit note."
    for each in concerned:
        if hindrance := _other_than_said(each, amount):
            return hindrance
    total = sum(each.candidate.left for each in concerned)
    if total == amount != 0:
        return None
    done = "deducted" if amount < 0 else "paid"
    return f"{format_sek(abs(total))} remains, {format_sek(abs(amount))} was {done}."


def _other_than_said(named: Named, amount: int) -> str | None:
    """What the bank says of an invoice or a credit note otherwise than it is."""
    candidate, stated = named.candidate, named.stated
    if candidate.remaining != candidate.left:
        return f"More than all of {candidate.called} is already settled."
    if stated is not None and stated != candidate.remaining:
        return (
            f"{format_sek(abs(stated))} is stated for {candidate.called}, "
            f"of which {format_sek(abs(candidate.left))} remains."
        )
    says_credit_note = named.as_credit_note or amount < 0 or (stated or 0) < 0
    if candidate.left and says_credit_note != (candidate.kind == "credit_note"):
        if says_credit_note:
            return f"{candidate.number} is an invoice, and no credit note as the bank says."
        return _no_money_comes_in(candidate)
    return None


def _nothing_remains(candidates: list[Candidate], amount: int) -> str:
    if len(candidates) > 1:
        return f"Nothing remains of {join([each.called for each in candidates])}."
    only = candidates[0]
    if only.written_off:
        return (
            f"Invoice {only.number} is written off as a bad debt: the bureau enters the money there, and "
            "sets this payment aside."
        )
    if only.kind == "invoice":
        return f"Invoice {only.number} is already {'paid or credited' if only.credited else 'paid'}."
    if amount >= 0:
        return _no_money_comes_in(only)
    return (
        f"Credit note {only.number} is already used, on its own invoice perhaps. If that was paid in "
        "full all the same, register that payment first: it leaves the credit that this one takes."
    )


def _no_money_comes_in(credit_note: Candidate) -> str:
    return f"{credit_note.number} is a credit note: no money comes in on it."


def is_on_its_way(named: list[Named]) -> bool:
    """Whether all that a payment points to and could pay has yet to come: nothing else is worth proposing."""
    missing = any(each.candidate.remaining is None for each in named)
    return missing and not any(each.candidate.left for each in named)
