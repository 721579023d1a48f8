"""What a cell of a workbook shows, as text: a number is stored bare, and its style tells what it is."""

import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import from_excel

from samklang.formats.tables.cells import Fault


class Style(NamedTuple):
    """How a number is shown, as far as it matters for what the number is."""

    kind: Literal["number", "percent", "date", "duration", "code"]
    zeros: str = ""
    """Of a code: its form, such as ``000000-0000``."""


GENERAL = Style("number")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].')
"""In a number format: texts as they stand, colours and currencies, blanks as wide as a sign."""
_CODE = re.compile(r"(?=.*0.*0)[0 -]+")


@lru_cache(maxsize=1024)
def style_of(number_format: str) -> Style:
    """What a number format says of a number."""
    if is_timedelta_format(number_format):
        return Style("duration")
    if is_date_format(number_format):
        return Style("date")
    positive = number_format.partition(";")[0]
    if "%" in _LITERAL.sub("", positive):
        return Style("percent")
    shown = _LITERAL.sub(r"\1\2", positive)
    return Style("code", shown) if _CODE.fullmatch(shown) else GENERAL


_WRITTEN_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+(?:[Ee][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]+")
_NO_DATE = Fault("not-a-date", "The cell is meant to be a date, but what it holds is none: correct it.")


def iso_day(text: str) -> str | Fault:
    """A date as strict workbooks have it."""
    try:
        return _day(datetime.fromisoformat(text))
    except ValueError:
        return _NO_DATE


def shown(text: str, style: Style, epoch: datetime) -> str | Fault:
    """A number as people see it: without what binary fractions add, for Excel shows 15 digits."""
    if not _WRITTEN_NUMBER.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text if _WHOLE.fullmatch(text) else f"{float(text):.15g}") or Decimal(0)  # never -0
    match style.kind:
        case "date" | "duration":
            try:
                moment = from_excel(float(number), epoch, timedelta=style.kind == "duration")
            except (OverflowError, ValueError):
                return _NO_DATE
            return _moment(moment) if number >= 0 else _NO_DATE
        case "percent":
            return f"{_plain(number * 100)}%"
        case "code" if number >= 0 and number == number.to_integral_value():
            return _in_form(_plain(number), style.zeros)
        case _:
            return _plain(number)


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def _in_form(digits: str, form: str) -> str:
    """Digits laid into the zeros of a form, from the right: 101011234 in 000000-0000 is 010101-1234."""
    shown = []
    for sign in reversed(form):
        shown.append(sign if sign != "0" else digits[-1:] or "0")
        if sign == "0":
            digits = digits[:-1]
    return digits + "".join(reversed(shown))


def _moment(moment: datetime | time | timedelta) -> str:
    if isinstance(moment, datetime):
        return _day(moment)
    if isinstance(moment, time):
        return moment.isoformat("seconds")
    minutes, seconds = divmod(round(moment.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _day(moment: datetime) -> str:
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat(timespec="seconds")
