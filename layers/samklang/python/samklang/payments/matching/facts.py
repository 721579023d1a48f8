"""What is known around a payment when it is matched, and what it was found to be for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from samklang.payments.model.bank_payments import Match, Proposal


class Candidate(NamedTuple):
    """An issued invoice or credit note, as the side that handles payments knows it."""

    invoice_id: str
    number: int
    kind: Literal["invoice", "credit_note"]
    customer_id: str
    customer_name: str
    remaining: int | None
    """Öre, of a credit note below zero; None while it, or a credit note of it, has not reached that side."""
    due_date: date
    credited: bool
    """Whether there are credit notes of it."""
    written_off: bool = False
    """Whether the bureau has written it off as a bad debt."""

    @property
    def left(self) -> int:
        """Öre a payment can put on an invoice, or (below zero) use of a credit note."""
        remaining = self.remaining or 0
        return max(remaining, 0) if self.kind == "invoice" else min(remaining, 0)

    @property
    def called(self) -> str:
        """``invoice 1001`` or ``credit note 1002``."""
        return f"{'invoice' if self.kind == 'invoice' else 'credit note'} {self.number}"


def oldest_first(candidate: Candidate) -> tuple[date, int, str]:
    """The order of open items, as a key to sort by: an invoice is paid before one that is due later."""
    return candidate.due_date, candidate.number, candidate.invoice_id


def customer_of(items: Sequence[Candidate]) -> tuple[str, str]:
    """Whose the oldest is: the customer's id and name."""
    first = min(items, key=oldest_first)
    return first.customer_id, first.customer_name


class KnownPayer(NamedTuple):
    """A customer the payer may be, and how that is known."""

    customer_id: str
    customer_name: str
    reason: str
    """A sentence."""
    strong: bool
    """By organisation number, or by what a person has confirmed; a name that is only alike is weak."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known around a payment."""

    by_number: Mapping[int, Candidate]
    """What the payment's :func:`pointed_numbers` are the numbers of."""
    payers: Sequence[KnownPayer] = ()
    open_items: Mapping[str, Sequence[Candidate]] = field(default_factory=dict)
    """Open invoices and credit notes of customers: those the payer may be, and those pointed to."""
    credit: Mapping[str, int] = field(default_factory=dict)
    """Öre that customers have paid above their invoices. No more than this is ever proposed to be used."""

    def payer_other_than(self, customers: set[str]) -> str | None:
        """The name of the customer that the payer surely is, if not all of these (ids) are it."""
        strong = sorted((each.customer_id, each.customer_name) for each in self.payers if each.strong)
        if strong and not customers <= {customer_id for customer_id, _ in strong}:
            return strong[0][1]
        return None


@dataclass(frozen=True, slots=True)
class Matched:
    """What a payment was found to be for."""

    match: Match
    reasons: list[str]
    proposals: list[Proposal] = field(default_factory=list)
    """Best first; of an exact match the one to register."""

    def for_a_person(self, why: str) -> Matched:
        """The same, but proposed only, with one more reason: the books refused to register it, say."""
        return Matched("proposed", [*self.reasons, why], self.proposals)
