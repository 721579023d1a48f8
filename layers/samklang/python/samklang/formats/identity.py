"""Organisation, personal and VAT numbers and postcodes: parsed to one canonical form, printed in another."""

import re
from datetime import date

from stdnum import luhn
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.se import postnummer

_ORG_NO = re.compile(r"(?P<prefix>16|19|20)?(?P<body>[0-9]{6})[-+]?(?P<last>[0-9]{4})")
_SE_VAT = re.compile(r"SE(?P<org_no>[0-9]{10})(?P<serial>[0-9]{2})")

_LEGAL_PERSON_PREFIX = "16"
_COORDINATION_DAYS = 60
"""Added to the day of birth in a coordination number (samordningsnummer)."""
_CENTURIES = ("19", "20")


def parse_org_no(text: str) -> str:
    """Read an organisation number or a sole trader's personal or coordination number as 10 digits.

    Twelve digits are accepted too: prefix 16 before a legal person's number, 19 or 20 (the century)
    before a person's. A legal person's third digit is at least 2, so that it is never a month of birth.

    Raises:
        ValueError: wrong form, wrong check digit, or neither a legal person nor a day of birth.
    """
    match = _ORG_NO.fullmatch("".join(text.split()))
    if match is None:
        raise ValueError(f"{text!r} is not an organisation number: 10 digits are needed, such as 556677-8899")
    prefix, digits = match["prefix"], match["body"] + match["last"]
    if not luhn.is_valid(digits):
        raise ValueError(f"{text!r} has a wrong check digit: look for a mistyped digit")
    if is_legal_person(digits):
        if prefix not in (None, _LEGAL_PERSON_PREFIX):
            raise ValueError(f"{text!r} belongs to a legal person, so its prefix is 16, not {prefix}")
    elif prefix == _LEGAL_PERSON_PREFIX or not _is_birthday(digits[:6], prefix):
        raise ValueError(
            f"{text!r} is nobody's: the third digit is 2-9, or a sole trader's number begins with a birthday"
        )
    return digits


def is_legal_person(org_no: str) -> bool:
    """Whether ten digits are a legal person's: the third digit, a month's first digit for people, is 2-9."""
    return org_no[2] >= "2"


def format_org_no(org_no: str) -> str:
    """Print an organisation or personal number: ``556677-8899``.

    Raises:
        ValueError: it is not an organisation number.
    """
    digits = parse_org_no(org_no)
    return f"{digits[:6]}-{digits[6:]}"


def vat_number(org_no: str) -> str:
    """The Swedish VAT number of an organisation number: ``SE`` + 10 digits + ``01``.

    Raises:
        ValueError: it is not an organisation number.
    """
    return f"SE{parse_org_no(org_no)}01"


def parse_vat_no(text: str) -> str:
    """Read a VAT number of an EU country or Northern Ireland (XI), in canonical form: ``SE556036079301``.

    The form and check digits are tested, not the register. Swedish numbers may end in 02 and up: one
    organisation can have several registrations.

    Raises:
        ValueError: unknown country, wrong form or wrong check digit.
    """
    compact = re.sub(r"[\s.-]", "", text).upper()
    if compact.startswith("SE"):
        return _parse_swedish_vat_no(compact, text)
    try:
        return eu_vat.validate(compact)
    except ValidationError as error:
        raise ValueError(f"{text!r} is not a VAT number of an EU country: {error}") from None


def parse_postcode(text: str) -> str:
    """Read a Swedish postcode, with or without blank, as five digits.

    Raises:
        ValueError: not five digits, or the first is zero.
    """
    try:
        return postnummer.validate(text)
    except ValidationError:
        raise ValueError(
            f"{text!r} is not a Swedish postcode: five digits are needed, such as 114 18"
        ) from None


def format_postcode(postcode: str) -> str:
    """Print a Swedish postcode: ``114 18``.

    Raises:
        ValueError: it is not a Swedish postcode.
    """
    digits = parse_postcode(postcode)
    return f"{digits[:3]} {digits[3:]}"


def _parse_swedish_vat_no(compact: str, text: str) -> str:
    match = _SE_VAT.fullmatch(compact)
    if match is None or match["serial"] == "00":
        raise ValueError(f"{text!r} is not a Swedish VAT number: SE, 10 digits and 01 are needed")
    parse_org_no(match["org_no"])
    return compact


def _is_birthday(yymmdd: str, century: str | None) -> bool:
    day = int(yymmdd[4:])
    if day > _COORDINATION_DAYS:
        day -= _COORDINATION_DAYS
    return any(
        _is_date(int(c + yymmdd[:2]), int(yymmdd[2:4]), day) for c in _CENTURIES if century in (None, c)
    )


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
