"""Open items by age: how much is how many days past due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from samklang.platform.money import Money
from samklang.platform.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable


class Aged(Shape):
    """What remains of open items, by days past due; together it is the subledger's balance."""

    not_due: Money = 0
    days_1_30: Money = 0
    days_31_60: Money = 0
    days_61_90: Money = 0
    over_90: Money = 0

    @classmethod
    def of(cls, items: Iterable[tuple[int, int]]) -> Self:
        """Items as (days past due, öre remaining), summed up."""
        sums = dict.fromkeys(cls.model_fields, 0)
        for age, remaining in items:
            sums[_band(age)] += remaining
        return cls(**sums)


def _band(age: int) -> str:
    for oldest, name in _BANDS:
        if age <= oldest:
            return name
    return "over_90"


_BANDS = ((0, "not_due"), (30, "days_1_30"), (60, "days_31_60"), (90, "days_61_90"))
