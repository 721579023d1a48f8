"""The invoices and credit notes that a payment points to, and what the bank says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from samklang.payments.matching.facts import oldest_first
from samklang.payments.matching.pointing import readings_of_reference, surest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from samklang.formats.incoming import IncomingPayment
    from samklang.payments.matching.facts import Candidate
    from samklang.payments.matching.pointing import Pointer, Reading


@dataclass(slots=True)
class Named:
    """A candidate that a payment points to."""

    candidate: Candidate
    pointer: Pointer
    stated: int | None = None
    """Öre that the references say belong to it, if they do."""
    as_credit_note: bool = False
    """Whether the bank says that it is one."""


def named_in(
    payment: IncomingPayment, readings: Iterable[Reading], by_number: Mapping[int, Candidate]
) -> list[Named]:
    """What a payment points to of what there is, oldest first."""

    def hits(found: Iterable[Reading]) -> list[Reading]:
        return [each for each in found if each.number in by_number and each.unless not in by_number]

    named: dict[str, Named] = {}
    for number, pointer in sorted(surest(hits(readings)).items()):
        named.setdefault(by_number[number].invoice_id, Named(by_number[number], pointer))
    sign = _sign_of_parts(payment)
    for reference in payment.references:
        if reference.amount is None and reference.kind != "credit_note":
            continue
        found = {by_number[each.number].invoice_id for each in hits(readings_of_reference(reference.value))}
        if len(found) == 1 and (at := named.get(found.pop())):
            at.as_credit_note |= reference.kind == "credit_note"
            if reference.amount is not None:
                at.stated = (at.stated or 0) + sign * reference.amount
    return sorted(named.values(), key=lambda each: oldest_first(each.candidate))


def _sign_of_parts(payment: IncomingPayment) -> int:
    """-1 when the parts of a deduction are written above zero: BgMax's manual is silent on their sign."""
    parts = sum(each.amount or 0 for each in payment.references)
    return -1 if payment.kind == "deduction" and parts > 0 else 1
