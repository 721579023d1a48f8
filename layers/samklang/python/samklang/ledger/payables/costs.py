"""What a supplier invoice means in double entry: its voucher's rows, in öre, debit above zero.

Where the buyer owes the VAT, output and input VAT are posted both, and what was bought stands on an account
of the box of the VAT return that it belongs to (SKV 409). A cost that is wanted on another account stays
there: the box is then filled by a pair of rows, the box's own account in debit and 4598 in credit.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.accounts import PAYABLES, ROUNDING
from samklang.ledger.model.chart import check_no_control_account
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from samklang.invoicing.vat import VatRate
    from samklang.ledger.model.chart import Chart
    from samklang.ledger.model.vouchers import Amounts
    from samklang.ledger.payables.model.invoices import CostRow, VatAmountInput
    from samklang.ledger.payables.model.suppliers import VatKind

INPUT_VAT = "2641"
ADJUSTMENT = "4598"
"""Against the accounts that only fill a box."""

LARGEST_ROUNDING = 100
"""Öre that rows, VAT and total may differ by: öresavrundning, and VAT rounded row by row."""


class _Purchase(NamedTuple):
    """Where a purchase is posted for which the buyer owes the VAT."""

    box: str
    input_vat: str
    by_rate: Mapping[str, tuple[str, str]]
    """Rate in percent to the box's account and the one of output VAT."""


def _purchase(box: str, input_vat: str, bases: str, outputs: str) -> _Purchase:
    pairs = zip(bases.split(), outputs.split(), strict=True)
    return _Purchase(box, input_vat, dict(zip(("25", "12", "6"), pairs, strict=True)))


PURCHASES: Mapping[VatKind, _Purchase] = {
    "reverse_goods": _purchase("23", "2647", "4415 4416 4417", "2614 2624 2634"),
    "reverse_services": _purchase("24", "2647", "4425 4426 4427", "2614 2624 2634"),
    "eu_goods": _purchase("20", "2645", "4515 4516 4517", "2614 2624 2634"),
    "eu_services": _purchase("21", "2645", "4535 4536 4537", "2614 2624 2634"),
    "non_eu_services": _purchase("22", "2645", "4531 4532 4533", "2614 2624 2634"),
    "import": _purchase("50", "2645", "4545 4546 4547", "2615 2625 2635"),
}
"""Every kind but domestic."""


def vat_on(base: int, rate: str) -> int:
    """VAT in öre on a base at a rate in percent, half away from zero."""
    doubled = 2 * abs(base) * int(rate)
    vat = (doubled + 100) // 200
    return vat if base >= 0 else -vat


def check_rows(rows: Sequence[CostRow], chart: Chart) -> None:
    """Refuse accounts that no cost of the kind can stand on.

    Raises:
        Problem: ``unknown-account``, ``closed-account``, ``control-account``; ``validation`` for an account
            of another box of the VAT return, and for a spread cost on an account of any box.
    """
    accounts = [(row.account, row.net) for row in rows]
    chart.check(accounts)
    check_no_control_account(accounts)
    errors = []
    for index, row in enumerate(rows):
        account = chart.get(row.account)
        box = account.vat_box if account else None
        own = PURCHASES[row.vat_kind].box if row.vat_kind != "domestic" else None
        if row.accrual:
            _check_accrual_account(row.accrual.account, index, chart)
        if box is not None and box != own:
            message = f"Account {row.account} is of box {box} of the VAT return, which this row is not about."
            errors.append(FieldError(f"/rows/{index}/account", "vat_box", message))
        elif box is not None and row.accrual:
            message = (
                f"Account {row.account} is of box {box}: spread the cost on an account without a VAT box."
            )
            errors.append(FieldError(f"/rows/{index}/account", "vat_box", message))
    if errors:
        raise Problem("validation", errors[0].message, tuple(errors))


def _check_accrual_account(number: str, index: int, chart: Chart) -> None:
    account = chart.get(number)
    if account is None or not account.active or account.kind != "asset" or account.vat_box is not None:
        message = f"Account {number} cannot hold a prepaid cost: choose an open account of class 1."
        pointer = f"/rows/{index}/accrual/account"
        raise Problem("unknown-account", message, (FieldError(pointer, "accrual", message),))
    check_no_control_account([(number, 0)])


def charged_vat(rows: Sequence[CostRow], told: Sequence[VatAmountInput]) -> dict[VatRate, int]:
    """The input VAT that the supplier charges, by rate: as the invoice tells, else as follows from its rows.

    Raises:
        Problem: ``sums-differ`` if the two are more than a krona apart.
    """
    bases: dict[VatRate, int] = {}
    for row in rows:
        if row.vat_kind == "domestic" and row.vat_rate != "0":
            bases[row.vat_rate] = bases.get(row.vat_rate, 0) + row.net
    vat = {rate: vat_on(base, rate) for rate, base in bases.items()}
    for index, each in enumerate(told):
        follows = vat.get(each.rate, 0)
        if each.rate not in bases or abs(each.amount - follows) > LARGEST_ROUNDING:
            message = (
                f"The rows make {format_sek(follows)} of VAT at {each.rate} %, not "
                f"{format_sek(each.amount)}: look for a row with a wrong amount or rate."
            )
            raise Problem("sums-differ", message, (FieldError(f"/vat_amounts/{index}", "sum", message),))
        vat[each.rate] = each.amount
    return {rate: amount for rate, amount in vat.items() if amount}


def rounding(rows: Sequence[CostRow], vat: Mapping[VatRate, int], total: int) -> int:
    """What the total has above the rows and their VAT: a krona at most.

    Raises:
        Problem: ``sums-differ``.
    """
    sums = sum(row.net for row in rows) + sum(vat.values())
    if abs(total - sums) > LARGEST_ROUNDING:
        message = (
            f"Rows and VAT come to {format_sek(sums)}, the total is {format_sek(total)}: they may differ by "
            "rounding, at most 1.00."
        )
        raise Problem("sums-differ", message, (FieldError("/total", "sum", message),))
    return total - sums


def cost_amounts(rows: Sequence[CostRow], vat: Mapping[VatRate, int], total: int, chart: Chart) -> Amounts:
    """Everything but the debt: together it is the total.

    Raises:
        Problem: as :func:`rounding`.
    """
    amounts: dict[str, int] = {}
    owed: dict[tuple[VatKind, VatRate], int] = {}
    filled: dict[str, int] = {}
    for row in rows:
        _add(amounts, row.accrual.account if row.accrual else row.account, row.net)
        if row.vat_kind != "domestic":
            owed[row.vat_kind, row.vat_rate] = owed.get((row.vat_kind, row.vat_rate), 0) + row.net
            account, purchase = chart.get(row.account), PURCHASES[row.vat_kind]
            if account is None or account.vat_box != purchase.box:
                _add(filled, purchase.by_rate[row.vat_rate][0], row.net)
    _add(amounts, INPUT_VAT, sum(vat.values()))
    for (kind, rate), base in owed.items():
        purchase, amount = PURCHASES[kind], vat_on(base, rate)
        _add(amounts, purchase.input_vat, amount)
        _add(amounts, purchase.by_rate[rate][1], -amount)
    for account_of_box, base in filled.items():
        _add(amounts, account_of_box, base)
        _add(amounts, ADJUSTMENT, -base)
    _add(amounts, ROUNDING, rounding(rows, vat, total))
    return [(account, amount) for account, amount in amounts.items() if amount]


def debt_amounts(costs: Amounts) -> Amounts:
    """The costs with the debt they make."""
    return [*costs, (PAYABLES, -sum(amount for _, amount in costs))]


def spread(amount: int, months: int) -> list[int]:
    """The amount over so many months, as even as öre go; together it is the amount."""
    sign, size = (1 if amount >= 0 else -1), abs(amount)
    reached = [size * month // months for month in range(months + 1)]
    return [sign * (after - before) for before, after in pairwise(reached)]


def accrual_amounts(rows: Sequence[CostRow]) -> dict[date, Amounts]:
    """What each month takes of the spread costs, by its last day, in order."""
    by_day: dict[date, dict[str, int]] = {}
    for row in rows:
        if row.accrual is None:
            continue
        year, month = (int(part) for part in row.accrual.first_month.split("-"))
        for place, part in enumerate(spread(row.net, row.accrual.months)):
            amounts = by_day.setdefault(_last_day(year, month + place), {})
            _add(amounts, row.account, part)
            _add(amounts, row.accrual.account, -part)
    found = {day: [(each, part) for each, part in by_day[day].items() if part] for day in sorted(by_day)}
    return {day: amounts for day, amounts in found.items() if amounts}


def _last_day(year: int, month: int) -> date:
    """The last day of a month; the thirteenth is the next year's first."""
    years, place = divmod(month - 1, 12)
    return date(year + years, place + 1, monthrange(year + years, place + 1)[1])


def _add(amounts: dict[str, int], account: str, amount: int) -> None:
    amounts[account] = amounts.get(account, 0) + amount
