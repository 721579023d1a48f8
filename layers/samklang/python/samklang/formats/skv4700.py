"""The VAT return (mervärdesskattedeklaration, SKV 4700): its boxes, and what they come to.

Sources: Skatteverket's brochure SKV 409 (what belongs in each box), skatteförfarandeförordningen (2011:1261)
22 kap. 1 § (öre are left out).
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Side = Literal["debit", "credit"]


class Box(NamedTuple):
    """A box of the form: its number, the side of the accounts that makes it grow, and what it is."""

    number: str
    side: Side
    meaning: str


BOXES: dict[str, Box] = {
    box.number: box
    for box in (
        Box("05", "credit", "taxable sales that are in none of boxes 06-08"),
        Box("06", "credit", "withdrawals for own use"),
        Box("07", "credit", "taxable base under the margin scheme"),
        Box("08", "credit", "rent where the landlord has chosen to be taxable"),
        Box("10", "credit", "output VAT at 25 % on boxes 05-08"),
        Box("11", "credit", "output VAT at 12 % on boxes 05-08"),
        Box("12", "credit", "output VAT at 6 % on boxes 05-08"),
        Box("20", "debit", "goods bought from another EU country"),
        Box("21", "debit", "services bought from another EU country by the main rule"),
        Box("22", "debit", "services bought from outside the EU"),
        Box("23", "debit", "goods bought in Sweden where the buyer is liable"),
        Box("24", "debit", "other services bought in Sweden where the buyer is liable"),
        Box("30", "credit", "output VAT at 25 % on boxes 20-24"),
        Box("31", "credit", "output VAT at 12 % on boxes 20-24"),
        Box("32", "credit", "output VAT at 6 % on boxes 20-24"),
        Box("35", "credit", "goods sold to another EU country"),
        Box("36", "credit", "goods sold outside the EU"),
        Box("37", "debit", "goods bought as the middle party of a triangular trade"),
        Box("38", "credit", "goods sold as the middle party of a triangular trade"),
        Box("39", "credit", "services sold to businesses in other EU countries by the main rule"),
        Box("40", "credit", "other services supplied outside Sweden"),
        Box("41", "credit", "sales where the buyer in Sweden is liable"),
        Box("42", "credit", "other sales, exempt ones among them"),
        Box("48", "debit", "input VAT to deduct"),
        Box("50", "debit", "taxable base of imports"),
        Box("60", "credit", "output VAT at 25 % on box 50"),
        Box("61", "credit", "output VAT at 12 % on box 50"),
        Box("62", "credit", "output VAT at 6 % on box 50"),
    )
}
"""Every box that accounts are added up in; box 49 is computed from them."""

OUTPUT_VAT = ("10", "11", "12", "30", "31", "32", "60", "61", "62")
INPUT_VAT = "48"
VAT_BOXES = (*OUTPUT_VAT, INPUT_VAT)
"""Boxes of tax; the others are of what it is computed on, or of sales without it."""

TO_PAY = "49"


def to_pay(boxes: Mapping[str, int]) -> int:
    """Box 49, in whole kronor: what is to pay, or (below zero) to get back."""
    return sum(boxes.get(box, 0) for box in OUTPUT_VAT) - boxes.get(INPUT_VAT, 0)


def whole_kronor(ore: int) -> int:
    """An amount in öre with its öre left out, also below zero: -199 öre are -1 krona."""
    return ore // 100 if ore >= 0 else -(-ore // 100)
