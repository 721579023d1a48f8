"""Which of some open items come to an amount."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import combinations, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.payments.matching.facts import Candidate

MAX_ITEMS = 20
"""Open items whose sums are tried, the first: a million sums, in two halves of a thousand."""
_MAX_SOLUTIONS = 3


def subsets(items: Sequence[Candidate], amount: int) -> list[list[Candidate]]:
    """Items that come to an amount: at most three ways, those of the fewest first, then of the oldest.

    Every way is looked at, so an only one is the only one there is. The sums of each half of the items are
    made (at most 1024 each), and those of the second looked up for each of the first.
    """
    amounts = [each.left for each in items[:MAX_ITEMS]]
    reach = sum(each for each in amounts if each > 0), sum(each for each in amounts if each < 0)
    if not reach[1] <= amount <= reach[0] or not amount:
        return []
    middle = len(amounts) // 2
    second: dict[tuple[int, int], list[tuple[int, ...]]] = defaultdict(list)
    for places in _choices(len(amounts) - middle):
        chosen = tuple(middle + each for each in places)
        second[len(chosen), sum(amounts[each] for each in chosen)].append(chosen)
    sums = {total for _, total in second}
    first = [
        (places, missing)
        for places in _choices(middle)
        if (missing := amount - sum(amounts[each] for each in places)) in sums
    ]
    found = (
        [items[each] for each in places + others]
        for size in range(1, len(amounts) + 1)
        for places, missing in first
        for others in second.get((size - len(places), missing), ())
    )
    return list(islice(found, _MAX_SOLUTIONS))


@cache
def _choices(count: int) -> tuple[tuple[int, ...], ...]:
    """Every choice of some of so many places, in the order in which the earliest places come first."""
    chosen = [places for size in range(count + 1) for places in combinations(range(count), size)]
    # A longer choice goes before its own beginning: what follows in the other half comes later still.
    return tuple(sorted(chosen, key=lambda places: (*places, count)))
