"""The building blocks of requests and answers: strict shapes and the texts they hold."""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)


class Shape(BaseModel):
    """An immutable value; names not known are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _plain(value: str) -> str:
    """Refuse what no name or text holds: control characters, direction marks, halves of pairs."""
    for character in value:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} and character != "\n":
            raise ValueError(f"must not hold the invisible character U+{ord(character):04X}")
    return value


def _one_line(value: str) -> str:
    if "\n" in value:
        raise ValueError("must be on one line")
    return value


def _stripped(value: Any) -> Any:
    return unicodedata.normalize("NFC", value.strip()) if isinstance(value, str) else value


_VISIBLE = r"^[!-~À-ɏ]([ -~À-ɏ]*[!-~À-ɏ])?$"
"""What the published schema promises to accept; more is accepted (any visible text)."""


def _text(length: int, *, lines: bool = False) -> Any:
    return Annotated[
        str,
        BeforeValidator(_stripped),
        Field(min_length=1, max_length=length),
        AfterValidator(_plain),
        AfterValidator(_plain if lines else _one_line),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": length, "pattern": _VISIBLE}),
    ]


Name = _text(100)
Line = _text(200, lines=True)
"""Words on an invoice or a voucher; may have line breaks."""

Code = _text(30)


def _decimal(digits: int, decimals: int, *, above_zero: bool) -> Any:
    pattern = rf"^(0|[1-9][0-9]{{0,{digits - 1}}})(\.[0-9]{{1,{decimals}}})?$"
    if above_zero:
        pattern = (
            rf"^([1-9][0-9]{{0,{digits - 1}}}(\.[0-9]{{1,{decimals}}})?|0\.[0-9]{{0,{decimals - 1}}}[1-9])$"
        )

    written = re.compile(rf"\d{{1,{digits}}}(\.\d{{1,{decimals}}})?", re.ASCII)

    def read(value: Any) -> Any:
        if isinstance(value, Decimal) or (isinstance(value, str) and written.fullmatch(value)):
            return value
        raise ValueError('must be a decimal number as a string, such as "1.5"')

    return Annotated[
        Decimal,
        BeforeValidator(read),
        Field(gt=0 if above_zero else None, ge=0, max_digits=digits + decimals, decimal_places=decimals),
        PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
        WithJsonSchema({"type": "string", "pattern": pattern, "examples": ["1.5"]}),
    ]


Quantity = _decimal(7, 3, above_zero=True)
SignedQuantity = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,7}(\.[0-9]{1,3})?$", "examples": ["-1.5"]}),
]
"""A quantity of ours: below zero on a credit note."""
Percent = _decimal(3, 2, above_zero=False)


def _read_day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        return value
    raise ValueError('must be a date as a string, such as "2026-11-23"')


_ISO_DATE = re.compile(r"20\d\d-\d\d-\d\d", re.ASCII)

Day = Annotated[
    date,
    BeforeValidator(_read_day),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
            "examples": ["2026-11-23"],
        }
    ),
]
"""A date the books can hold: 2000-01-01 to 2099-12-31."""


class Link(Shape):
    """An address to fetch a file from; it works for a short time."""

    url: str
    expires_in: int


class Upload(Shape):
    """Where and with which form fields to POST a file."""

    url: str
    fields: dict[str, str]
    expires_in: int
    max_bytes: int
