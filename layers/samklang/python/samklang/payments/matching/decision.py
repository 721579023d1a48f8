"""What a payment is for: an exact match to register, proposals for a person, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats.incoming import HOME_CURRENCY
from samklang.payments.matching.case import Case
from samklang.payments.matching.exact import hindrances, is_on_its_way
from samklang.payments.matching.facts import Matched
from samklang.payments.matching.named import named_in
from samklang.payments.matching.pointing import readings
from samklang.payments.matching.proposals import best_proposals, exact_proposal
from samklang.payments.matching.words import not_known, pointing_sentences, what_it_is

if TYPE_CHECKING:
    from samklang.formats.incoming import IncomingPayment
    from samklang.payments.matching.facts import Facts

_PERHAPS_A_SUM = (
    "It may be a sum of several payments: send the file in which the bank tells them one by one, or set it "
    "aside if that is done."
)


def match(payment: IncomingPayment, facts: Facts) -> Matched:
    """Match one payment."""
    if payment.currency != HOME_CURRENCY:
        return Matched(
            "unmatched",
            [f"The payment is in {payment.currency}; the books are in {HOME_CURRENCY}. Book it by hand."],
        )
    if payment.lump:
        return Matched(
            "unmatched",
            [_PERHAPS_A_SUM],
        )
    amount = -payment.amount if payment.kind == "deduction" else payment.amount
    read = readings(payment)
    named = named_in(payment, read, facts.by_number)
    case = Case(amount, named, facts)
    hindered_by = hindrances(amount, read, named)
    if not hindered_by:
        proposal = exact_proposal(case)
        return Matched("exact", proposal.reasons, [proposal])
    payer_reasons = [each.reason for each in facts.payers] or [not_known(payment)]
    reasons = [*what_it_is(amount), *pointing_sentences(named), *payer_reasons, *hindered_by]
    proposals = [] if is_on_its_way(named) else best_proposals(case)
    return Matched("proposed" if proposals else "unmatched", list(dict.fromkeys(reasons)), proposals)
