"""Which invoice a payment is for, and what speaks for it.

``exact``: one OCR reference is an invoice's own and the amount is what remains of it; it is registered at
once. ``proposed``: something points to invoices, a person decides. ``unmatched``: nothing does. Never by
the amount alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samklang.formats import ocr
from samklang.formats.incoming import HOME_CURRENCY
from samklang.payments.model import Match, Proposal
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Callable

    from samklang.formats.incoming import IncomingPayment
    from samklang.invoicing.model.invoices import Invoice


@dataclass(frozen=True, slots=True)
class Candidate:
    """An invoice a reference points to, and what remains of it (öre) on the handler's side."""

    invoice: Invoice
    remaining: int | None
    """None while the invoice or a credit note of it has not reached the handler's side."""
    reason: str
    by_ocr: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """What a payment was found to be for."""

    match: Match
    reasons: list[str]
    proposals: list[Proposal] = field(default_factory=list)
    candidate: Candidate | None = None

    def for_a_person(self, why: str) -> Matched:
        """The same match, proposed only, because the books refused to register it."""
        proposals = [_proposal(self.candidate)] if self.candidate else self.proposals
        return Matched("proposed", [*self.reasons, why], proposals)


def pointed_numbers(payment: IncomingPayment) -> dict[int, tuple[str, bool]]:
    """The invoice numbers a payment's references and texts point to: number to (reason, by OCR).

    A valid OCR number (check digit and length digit) points to the invoice it was made for; a number in a
    reference or in free text may also be an invoice's own.
    """
    pointed: dict[int, tuple[str, bool]] = {}
    for reference in payment.references:
        for digits in [ocr.normalise(reference.value), *ocr.candidates(reference.value)]:
            if digits.isascii() and digits.isdigit():
                if payload := _payload(digits):
                    # An OCR says more than the same invoice's bare number beside it.
                    pointed[int(payload)] = (f"OCR {digits}", True)
                elif len(digits) <= _LONGEST_NUMBER:
                    pointed.setdefault(int(digits), (f"invoice number {digits} as reference", False))
    for text in payment.texts:
        for digits in ocr.candidates(text):
            if payload := _payload(digits):
                pointed.setdefault(int(payload), (f"OCR {digits} in the message", False))
            elif len(digits) <= _LONGEST_NUMBER:
                pointed.setdefault(int(digits), (f"number {digits} in the message", False))
    return {number: why for number, why in pointed.items() if 0 < number < 10**_LONGEST_NUMBER}


def _payload(digits: str) -> str:
    """What an OCR number was made of, or nothing if it is none (two digits are only check digits)."""
    return ocr.ocr_payload(digits) if len(digits) > 2 and ocr.is_valid_ocr(digits) else ""  # noqa: PLR2004


_LONGEST_NUMBER = 9
"""Digits of the largest invoice number (see the start guide)."""


def match(payment: IncomingPayment, find: Callable[[int], tuple[Invoice, int | None] | None]) -> Matched:
    """Match one payment.

    Args:
        payment: as the bank tells it.
        find: the issued invoice with a number and what remains of it in öre (None while it, or a credit
            note of it, has not reached the handler's side), or None.
    """
    if payment.kind == "deduction":
        return Matched("unmatched", ["The payer has set off a credit note; a person must say against what."])
    if payment.currency != HOME_CURRENCY:
        reason = f"The payment is in {payment.currency}; the books are in {HOME_CURRENCY}. Book it by hand."
        return Matched("unmatched", [reason])
    candidates, credit_notes = [], []
    for number, (reason, by_ocr) in pointed_numbers(payment).items():
        if found := find(number):
            invoice, remaining = found
            if invoice.kind == "credit_note":
                credit_notes.append(f"{number} is a credit note ({reason}): no money comes in on it.")
            else:
                candidates.append(Candidate(invoice, remaining, reason, by_ocr))
    if not candidates:
        return Matched("unmatched", credit_notes or ["No reference or message points to an invoice."])
    if len(candidates) == 1 and candidates[0].by_ocr and candidates[0].remaining == payment.amount > 0:
        only = candidates[0]
        reasons = [only.reason, f"{format_sek(payment.amount)} is all that remains"]
        return Matched("exact", reasons, candidate=only)
    candidates.sort(
        key=lambda each: (each.remaining != payment.amount, not each.by_ocr, each.invoice.number or 0)
    )
    return Matched(
        "proposed", _why_not_exact(candidates, payment.amount), [_proposal(each) for each in candidates]
    )


def _why_not_exact(candidates: list[Candidate], amount: int) -> list[str]:
    if len(candidates) > 1:
        return [f"{len(candidates)} invoices are pointed to."]
    only = candidates[0]
    if only.remaining is None:
        what = f"Invoice {only.invoice.number}" + (" or a credit note of it" if only.invoice.credited else "")
        return [only.reason, f"{what} has not reached the ledger yet."]
    if only.remaining <= 0:
        settled = "paid or credited" if only.invoice.credited else "paid"
        return [only.reason, f"Invoice {only.invoice.number} is already {settled}."]
    if only.remaining != amount:
        return [only.reason, f"{format_sek(only.remaining)} remains, {format_sek(amount)} was paid."]
    return [only.reason]


def _proposal(candidate: Candidate) -> Proposal:
    return Proposal(
        invoice_id=candidate.invoice.invoice_id,
        invoice_number=candidate.invoice.number or 0,
        remaining=candidate.invoice.remaining if candidate.remaining is None else candidate.remaining,
        reasons=[candidate.reason],
    )
