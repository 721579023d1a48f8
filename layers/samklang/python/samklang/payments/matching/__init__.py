"""Which invoices a payment of a bank's file is for, and what speaks for it.

``exact``: references with OCR numbers name the invoices, and the amount is to the öre what remains of them;
it is registered at once, whoever paid. ``proposed``: something points to invoices or to a customer, and a
person decides. ``unmatched``: nothing does. Never by the amount alone.

The same payment and :class:`Facts` always give the same answer, whatever order the references come in.
Amounts are öre and signed: a deduction, the credit notes it uses and what it takes of a credit are below
zero.

:mod:`.pointing` reads the numbers, :mod:`.named` finds what they are the numbers of, and :mod:`.exact` says
what keeps a match from being exact. If anything does, :mod:`.proposals` looks for ways to divide the amount
(:mod:`.division`) over what is named (:mod:`.named_ways`) or a customer has open (:mod:`.customer_ways`).
"""

from samklang.payments.matching.decision import match
from samklang.payments.matching.facts import Candidate, Facts, KnownPayer, Matched
from samklang.payments.matching.pointing import MAX_NUMBERS, pointed_numbers
from samklang.payments.matching.proposals import MAX_PROPOSALS

__all__ = [
    "MAX_NUMBERS",
    "MAX_PROPOSALS",
    "Candidate",
    "Facts",
    "KnownPayer",
    "Matched",
    "match",
    "pointed_numbers",
]
