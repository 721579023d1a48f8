"""What does not look right in a VAT return: reasonableness checks, each finding with its amounts.

None of them stops anything: a bureau may know why. The rate of what stands in a box is told by the BAS
account; a company's own accounts do not say theirs, so with one of them a check is of all rates together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from samklang.formats.skv4700 import BOXES
from samklang.ledger.vat.boxes import in_box
from samklang.ledger.vat.settlement import SETTLEMENT
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

FindingCode = Literal[
    "vat-differs-from-base",
    "negative-box",
    "account-in-no-box",
    "not-on-the-tax-account",
    "sales-list-differs",
    "sales-without-buyer",
    "events-wait",
    "year-end-missing",
    "filed-differs",
]


class Finding(NamedTuple):
    """Something to look at."""

    code: FindingCode
    text: str
    boxes: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    expected: int | None = None
    """Öre, where an amount was expected."""
    found: int | None = None
    """Öre, where there is another, or one that should be looked at."""
    vouchers: tuple[str, ...] = ()


RATES = (25, 12, 6)
"""Percent, in the order of the boxes of a group."""

_BASE_RATES: Mapping[str, int] = {
    **dict.fromkeys(("3001", "3041", "3051", "3211", "3401", "3911", "3913", "3106"), 25),
    **dict.fromkeys(("3002", "3042", "3052", "3212", "3402"), 12),
    **dict.fromkeys(("3003", "3043", "3053", "3213", "3403"), 6),
    **dict.fromkeys(("4415", "4425", "4515", "4531", "4535", "4545"), 25),
    **dict.fromkeys(("4416", "4426", "4516", "4532", "4536", "4546"), 12),
    **dict.fromkeys(("4417", "4427", "4517", "4533", "4537", "4547"), 6),
}
"""At which rate (percent) what is booked on an account is taxed."""


class _Group(NamedTuple):
    """Boxes of a base, and of the VAT on it at each of :data:`RATES`."""

    bases: tuple[str, ...]
    vat: tuple[str, str, str]


_GROUPS = (
    _Group(("05", "06", "07", "08"), ("10", "11", "12")),
    _Group(("20", "21", "22", "23", "24"), ("30", "31", "32")),
    _Group(("50",), ("60", "61", "62")),
)

_LEAST_TOLERANCE = 200
_TOLERANCE_DIVISOR = 1000
"""Two kronor, or a thousandth: what öre rounded on each of many invoices may come to."""


def _tolerated(amount: int) -> int:
    return max(_LEAST_TOLERANCE, abs(amount) // _TOLERANCE_DIVISOR)


def check_vat_on_bases(moved: Mapping[str, int], vat_box: Mapping[str, str]) -> Iterator[Finding]:
    """Output VAT that is not the rate's share of its base: 10 of the 25 % part of 05-08, and so on."""
    for group in _GROUPS:
        vat = [_sum_of((box,), moved, vat_box) for box in group.vat]
        unknown = [
            account
            for account, amount in moved.items()
            if amount and vat_box.get(account) in group.bases and account not in _BASE_RATES
        ]
        if unknown:
            yield from _check_together(group, vat, moved, vat_box)
            continue
        for rate, box, found in zip(RATES, group.vat, vat, strict=True):
            accounts = {account: box for account, box in vat_box.items() if _BASE_RATES.get(account) == rate}
            base = _sum_of(group.bases, moved, accounts)
            expected = base * rate // 100
            if abs(found - expected) > _tolerated(expected):
                yield Finding(
                    "vat-differs-from-base",
                    f"Box {box} is {format_sek(found)}, and {rate} % of what is sold or bought at that rate "
                    f"({format_sek(base)} in boxes {_listed(group.bases)}) is {format_sek(expected)}.",
                    boxes=(box, *group.bases),
                    expected=expected,
                    found=found,
                )


def _check_together(
    group: _Group, vat: Sequence[int], moved: Mapping[str, int], vat_box: Mapping[str, str]
) -> Iterator[Finding]:
    base = _sum_of(group.bases, moved, vat_box)
    expected = sum(amount * 100 // rate for amount, rate in zip(vat, RATES, strict=True))
    # An öre of VAT at 6 % is near 17 öre of base: what is tolerated there is more of here.
    if abs(base - expected) > _tolerated(expected) * 100 // min(RATES):
        yield Finding(
            "vat-differs-from-base",
            f"Boxes {_listed(group.bases)} are {format_sek(base)} together, and the VAT in boxes "
            f"{_listed(group.vat)} is that of {format_sek(expected)}.",
            boxes=(*group.bases, *group.vat),
            expected=expected,
            found=base,
        )


def _sum_of(boxes: Sequence[str], moved: Mapping[str, int], vat_box: Mapping[str, str]) -> int:
    """What boxes come to together, in öre."""
    return sum(
        in_box(box, amount)
        for account, amount in moved.items()
        if (box := vat_box.get(account)) and box in boxes
    )


def _listed(boxes: Sequence[str]) -> str:
    return boxes[0] if len(boxes) == 1 else f"{', '.join(boxes[:-1])} and {boxes[-1]}"


def check_signs(exact: Mapping[str, int]) -> Iterator[Finding]:
    """Boxes below zero: more credited than sold, or posted on the wrong side."""
    for box, amount in sorted(exact.items()):
        if amount < 0:
            yield Finding(
                "negative-box",
                f"Box {box} ({BOXES[box].meaning}) is below zero: more is taken back than there is.",
                boxes=(box,),
                found=amount,
            )


_FIRST_VAT_ACCOUNT, _LAST_VAT_ACCOUNT = "2610", "2649"


def check_accounts_in_no_box(moved: Mapping[str, int], vat_box: Mapping[str, str]) -> Iterator[Finding]:
    """VAT accounts that have moved and that no box takes, so that the return leaves them out."""
    for account, amount in sorted(moved.items()):
        if amount and _FIRST_VAT_ACCOUNT <= account <= _LAST_VAT_ACCOUNT and account not in vat_box:
            yield Finding(
                "account-in-no-box",
                f"Account {account} holds VAT by its number and has no box: give it one in the chart of "
                "accounts, or move the amount.",
                accounts=(account,),
                found=amount,
            )


def check_settlement_account(balance: int) -> Iterator[Finding]:
    """VAT of earlier periods that is still on 2650 when a period ends (öre, debit above zero)."""
    if balance:
        what = "a claim" if balance > 0 else "a debt"
        yield Finding(
            "not-on-the-tax-account",
            f"Account {SETTLEMENT} holds {what} of {format_sek(abs(balance))} from before: move it to the "
            "tax account (1630) when it is paid, or look for what else was posted there.",
            accounts=(SETTLEMENT,),
            found=balance,
        )


_LISTED = {"35": "goods", "38": "triangular trade", "39": "services"}


def check_sales_list(whole: Mapping[str, int], listed: Mapping[str, int]) -> Iterator[Finding]:
    """Boxes 35, 38 and 39 that are not the sums of the EU sales list (both in whole kronor, by box)."""
    for box, what in _LISTED.items():
        in_list = listed.get(box, 0)
        if whole[box] != in_list:
            yield Finding(
                "sales-list-differs",
                f"Box {box} is {whole[box]} kronor, and the EU sales list has {what} for {in_list}.",
                boxes=(box,),
                expected=whole[box] * 100,
                found=in_list * 100,
            )


def check_against_filed(filed: Mapping[str, int], whole: Mapping[str, int]) -> Iterator[Finding]:
    """Boxes that the books give otherwise than the return that was filed (both in whole kronor)."""
    for box, kronor in sorted(whole.items()):
        as_filed = filed.get(box, 0)
        if kronor != as_filed:
            yield Finding(
                "filed-differs",
                f"Box {box} was filed as {as_filed} kronor, and the books now give {kronor}: close the "
                "period again and send the return once more.",
                boxes=(box,),
                expected=as_filed * 100,
                found=kronor * 100,
            )
