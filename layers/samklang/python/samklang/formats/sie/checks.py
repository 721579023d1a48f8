"""What the figures of a file should come to: balances and months against vouchers, year against year."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from samklang.formats.sie.model import RESERVED_DIMENSIONS, Balance, Findings, Head
from samklang.formats.sie.vouchers import VoucherReader
from samklang.platform.money import format_sek

_BALANCE_KINDS = "TS"
_BALANCE_CLASSES = "12"
_RESULT_CLASSES = "345678"


def check(head: Head, vouchers: VoucherReader, moved: Mapping[str, int], findings: Findings) -> None:
    """Every check that needs the whole file."""
    _declared(head, vouchers, findings)
    _days(head, vouchers, findings)
    if vouchers.vouchers and head.type == "4E":
        _balances(head, moved, findings)
        _months(head, vouchers, findings)
    elif head.months:
        _months_against_balances(head, findings)
    _sums(head, findings)
    _years(head, findings)


def is_balance_account(head: Head, account: str) -> bool | None:
    """Whether an account has a balance or a result; None where neither number nor file says."""
    kind = head.accounts[account].kind if account in head.accounts else ""
    if (kind and kind in _BALANCE_KINDS) or account[:1] in _BALANCE_CLASSES:
        return True
    return False if kind or account[:1] in _RESULT_CLASSES else None


def _declared(head: Head, vouchers: VoucherReader, findings: Findings) -> None:
    """Accounts (#KONTO) and objects (#OBJEKT) that are used; in 4I only new accounts are declared."""
    if head.type != "4I":
        for account, line in vouchers.accounts.items():
            if account not in head.accounts:
                findings.add("account-undeclared", line, f"Account {account} is used without #KONTO.")
        for each in (head.opening, head.closing, head.results):
            for account in sorted({account for accounts in each.values() for account in accounts}):
                if account not in head.accounts and account not in vouchers.accounts:
                    findings.add("account-undeclared", None, f"Account {account} is used without #KONTO.")
    for (dimension, name), line in vouchers.objects.items():
        if dimension not in head.dimensions and dimension not in RESERVED_DIMENSIONS:
            findings.add("object-undeclared", line, f"Dimension {dimension} is used without #DIM.")
        elif (dimension, name) not in head.objects and head.type != "4I":
            text = f"Object {name} of dimension {dimension} is used without #OBJEKT."
            findings.add("object-undeclared", line, text)


def _days(head: Head, vouchers: VoucherReader, findings: Findings) -> None:
    year = head.years.get(0)
    if year is None:
        return
    for day in vouchers.days.values():
        if not year.start <= day.date <= year.end:
            text = f"A voucher of {day.date} is outside the file's year, {year.start} to {year.end}."
            findings.add("outside-year", day.line, text)


def _balances(head: Head, moved: Mapping[str, int], findings: Findings) -> None:
    """IB + vouchers = UB, and vouchers = RES."""
    opening, closing, results = (_of(each, 0) for each in (head.opening, head.closing, head.results))
    for account in sorted(opening.keys() | closing.keys() | results.keys() | moved.keys()):
        change = moved.get(account, 0)
        balance_account = is_balance_account(head, account)
        if account in results and account not in closing:
            _same("result-differs", account, "The result", results[account], change, findings)
        elif account in closing or account in opening or balance_account:
            expected = opening.get(account, 0) + change
            if closing:
                _same("closing-differs", account, "The balance", closing.get(account, 0), expected, findings)
        elif balance_account is False and results:
            _same("result-differs", account, "The result", 0, change, findings)


def _same(code: str, account: str, what: str, stated: int, found: int, findings: Findings) -> None:
    if stated != found:
        figures = f"is {format_sek(stated)} in the file and comes to {format_sek(found)}"
        findings.add(code, None, f"{what} of account {account} {figures}.")


def _months(head: Head, vouchers: VoucherReader, findings: Findings) -> None:
    """#PSALDO is what the vouchers of the month move."""
    for (year, period, account, objects), balance in head.months.items():
        if year or objects:
            continue
        found = vouchers.months[period].get(account, 0) if period in vouchers.months else 0
        _same("month-differs", account, f"#PSALDO {period}", balance.amount, found, findings)


def _months_against_balances(head: Head, findings: Findings) -> None:
    """Without vouchers: the months add up to UB - IB, or to RES."""
    sums: defaultdict[str, int] = defaultdict(int)
    for (year, _, account, objects), balance in head.months.items():
        if not (year or objects):
            sums[account] += balance.amount
    opening, closing, results = (_of(each, 0) for each in (head.opening, head.closing, head.results))
    for account, found in sorted(sums.items()):
        if account in results:
            _same("month-differs", account, "#RES", results[account], found, findings)
        elif account in closing:
            change = closing[account] - opening.get(account, 0)
            _same("month-differs", account, "#UB less #IB", change, found, findings)


def _sums(head: Head, findings: Findings) -> None:
    """Results and closing balances together are the opening balances, which are zero."""
    for year in sorted(head.closing.keys() & head.results.keys()):
        opening, closing, results = (
            _total(each.get(year)) for each in (head.opening, head.closing, head.results)
        )
        if closing + results != opening:
            text = (
                f"Year {year}: closing balances and results are {format_sek(closing + results)} together, "
                f"opening balances {format_sek(opening)}."
            )
            findings.add("sums-differ", None, text)
    if opening := _total(head.opening.get(0)):
        text = (
            f"The opening balances are {format_sek(opening)} together, not zero: the result of the year "
            "before is not moved to equity."
        )
        findings.add("opening-sum", None, text)


def _years(head: Head, findings: Findings) -> None:
    """This year opens as the last one closed."""
    if not (head.opening.get(0) and head.closing.get(-1)):
        return
    opening, before = _of(head.opening, 0), _of(head.closing, -1)
    for account in sorted(opening.keys() | before.keys()):
        now, then = opening.get(account, 0), before.get(account, 0)
        if now != then:
            text = (
                f"Account {account} opens with {format_sek(now)}, and closed the year before with "
                f"{format_sek(then)}."
            )
            findings.add("opening-differs", None, text)


def _of(years: Mapping[int, Mapping[str, Balance]], year: int) -> dict[str, int]:
    return {account: balance.amount for account, balance in years.get(year, {}).items()}


def _total(balances: Mapping[str, Balance] | None) -> int:
    return _sum(balances.values()) if balances else 0


def _sum(balances: Iterable[Balance]) -> int:
    return sum(balance.amount for balance in balances)
