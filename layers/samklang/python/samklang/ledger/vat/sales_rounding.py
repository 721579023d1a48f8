"""Öre left out of an EU sales list, so that its buyers come to what the boxes of the VAT return say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats.skv4700 import whole_kronor

if TYPE_CHECKING:
    from collections.abc import Mapping


def whole_by_buyer(exact: Mapping[str, int]) -> dict[str, int]:
    """Each buyer's sales in whole kronor: together they are the whole kronor of them all.

    Each amount is taken down to the krona below. The kronor that are then missing go, one each, to the buyers
    whose öre were most, and among equals to the first by VAT number. So nobody's amount is a krona or more
    from the exact one, and boxes 35, 38 and 39, whose öre are left out once, agree with the list.

    Args:
        exact: VAT number to öre.
    """
    kronor = {buyer: amount // 100 for buyer, amount in exact.items()}
    missing = whole_kronor(sum(exact.values())) - sum(kronor.values())
    by_ore = sorted(exact, key=lambda buyer: (-(exact[buyer] % 100), buyer))
    for buyer in by_ore[:missing]:
        kronor[buyer] += 1
    return kronor
