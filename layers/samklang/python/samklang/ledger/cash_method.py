"""Kontantmetoden: sale and VAT are posted when the money comes, each payment its share of them.

Bokföringslagen 5 kap. 2 § (small firms may book at payment) and mervärdesskattelagen 7 kap. 15 § (VAT is
then reported for the period of the payment). An open item keeps what its sale is made of, by account, and
what of that is posted so far; a payment posts what is posted too little once it is counted. So part
payments come to the sale exactly, also when a credit note in between has changed what it is made of.

At the end of the fiscal year what is unpaid is posted too, on account 1510 (see ``year_end``): what settles
it then is taken off that account first, and is a sale no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DORMANT = {"2611": "2618", "2621": "2628", "2631": "2638"}
"""Where output VAT of what is unpaid at the end of the fiscal year is posted, instead of its own account."""

Parts = dict[str, int]
"""What a sale is made of: account to öre, above zero for revenue and VAT of an invoice."""


def parts_of(sale: Sequence[tuple[str, int]]) -> Parts:
    """What a sale is made of, from the rows that would post it (credit below zero)."""
    parts: Parts = {}
    for account, amount in sale:
        parts[account] = parts.get(account, 0) - amount
    return parts


def share(parts: Mapping[str, int], amount: int) -> Parts:
    """What of a sale ``amount`` öre pays: of each account its share, together exactly ``amount``.

    The parts are laid end to end and the amount's share of the way is measured at each joint, so that
    nothing is lost to rounding; all of it gives the parts themselves.
    """
    total = sum(parts.values())
    shares: Parts = {}
    if not total:
        return shares
    passed = given = 0
    for account, part in sorted(parts.items()):
        passed += part
        # Half away from zero, in whole numbers: the sign is that of amount × passed / total.
        reached = _rounded(amount * passed, total)
        shares[account] = reached - given
        given = reached
    return shares


def _rounded(numerator: int, denominator: int) -> int:
    sign = 1 if (numerator >= 0) == (denominator > 0) else -1
    return sign * ((2 * abs(numerator) + abs(denominator)) // (2 * abs(denominator)))


def posted_when_paid(sale: Mapping[str, int], sold: Mapping[str, int], paid: int) -> Parts:
    """What is to be posted of an item of which ``paid`` öre are paid: account to öre, zeros left out."""
    shares = share(sale if sum(sale.values()) else sold, paid)
    return {account: amount for account, amount in shares.items() if amount}


def to_post(
    sale: Mapping[str, int], sold: Mapping[str, int], posted: Mapping[str, int], amount: int
) -> Parts:
    """What to post now that ``amount`` öre more of the item is paid: account to öre, zeros left out.

    Together it is ``amount``, whatever was posted before. ``sale`` is what credit notes have left of what was
    ``sold``; money that comes when nothing is left is shared as the whole was.
    """
    reached = posted_when_paid(sale, sold, sum(posted.values()) + amount)
    more = {each: reached.get(each, 0) - posted.get(each, 0) for each in reached.keys() | posted.keys()}
    return {account: value for account, value in sorted(more.items()) if value}


def off_booked(booked: int, amount: int) -> int:
    """What of ``amount`` öre comes off the ``booked`` öre of an item on 1510; nothing if signs differ."""
    if booked > 0 < amount:
        return min(booked, amount)
    if booked < 0 > amount:
        return max(booked, amount)
    return 0


def added(parts: Mapping[str, int], more: Mapping[str, int], sign: int = 1) -> Parts:
    """Both together (``sign`` 1), or the first less the second (-1), zeros left out."""
    sums = {each: parts.get(each, 0) + sign * more.get(each, 0) for each in parts.keys() | more.keys()}
    return {account: value for account, value in sorted(sums.items()) if value}
