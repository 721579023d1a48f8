"""The boxes of a VAT return from what accounts moved.

Which account belongs to which box is said by the chart of accounts (``vat_box``). Öre are left out box by
box, towards zero, and box 49 is computed from boxes without öre (skatteförfarandeförordningen 22 kap. 1 §).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.formats.skv4700 import BOXES, TO_PAY, VAT_BOXES, to_pay, whole_kronor

if TYPE_CHECKING:
    from collections.abc import Mapping


def in_box(box: str, moved: int) -> int:
    """What an account's movement (debit above zero) is in its box."""
    return moved if BOXES[box].side == "debit" else -moved


def exact_boxes(moved: Mapping[str, int], vat_box: Mapping[str, str]) -> dict[str, int]:
    """What each box comes to in öre, of the boxes that any account moved in.

    Args:
        moved: account to öre, debit above zero.
        vat_box: account to box, of the accounts that have one.
    """
    exact: dict[str, int] = {}
    for account, amount in moved.items():
        if box := vat_box.get(account):
            exact[box] = exact.get(box, 0) + in_box(box, amount)
    return exact


def whole_boxes(exact: Mapping[str, int]) -> dict[str, int]:
    """Every box of the form in whole kronor, in its order, box 49 among them."""
    boxes = {box: whole_kronor(exact.get(box, 0)) for box in BOXES}
    return dict(sorted({**boxes, TO_PAY: to_pay(boxes)}.items()))


def vat_moved(moved: Mapping[str, int], vat_box: Mapping[str, str]) -> dict[str, int]:
    """What moved on accounts of VAT itself: account to öre, zeros left out."""
    return {
        account: amount for account, amount in moved.items() if amount and vat_box.get(account) in VAT_BOXES
    }


_LARGE = 40_000_000
_TAXED_BASES = ("05", "06", "07", "08", "21", "22", "23", "24")


def is_large(exact: Mapping[str, int]) -> bool:
    """Whether a year's taxable base is above 40 million kronor (skatteförfarandelagen 26 kap. 30 §).

    Goods bought from other EU countries and imports are not counted.
    """
    return sum(exact.get(box, 0) for box in _TAXED_BASES) > _LARGE * 100


_EU_TRADE = ("20", "21", "35", "37", "38", "39")


def has_eu_trade(exact: Mapping[str, int]) -> bool:
    """Whether anything was bought from, or sold to, other EU countries."""
    return any(exact.get(box, 0) for box in _EU_TRADE)
