"""UsingQR: an invoice's payment data as JSON in a QR code (Visma, revision 2, June 2014).

The text is one compact JSON object, ASCII only, ``uqr`` and ``tp`` first. Draw it as a QR code in byte
mode, error correction M, at least 20 mm wide. What is read from a photo is a proposal, never a payment.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, StrEnum

from stdnum import luhn
from stdnum.iso7064 import mod_97_10

from samklang.platform.money import LIMIT, format_sek

VERSION = "1"
REFERENCE_LENGTH = 25
"""Longest reference in characters; also the longest OCR number."""
_TEXT_LENGTH = 2953
"""Bytes that the largest QR code holds. Nothing longer came from one."""

_AMOUNT = re.compile(r"(-?)(\d{1,13})(?:\.(\d{1,2})0*)?", re.ASCII)
_DATE = re.compile(r"\d{8}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_SWEDISH_ORG_NO = re.compile(r"\d{6}-?\d{4}", re.ASCII)
_BANKGIRO = re.compile(r"\d{7,8}", re.ASCII)
_PLUSGIRO = re.compile(r"\d{2,8}", re.ASCII)


class Kind(IntEnum):
    """What the paper is (``tp``)."""

    INVOICE = 1
    CREDIT = 2
    PAID = 3


class AccountType(StrEnum):
    """How the payee's account is written (``pt``)."""

    BANKGIRO = "BG"
    PLUSGIRO = "PG"
    IBAN = "IBAN"
    BBAN = "BBAN"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsingQr:
    """What a UsingQR code says. Amounts are in öre, or in hundredths of ``currency``.

    Raises:
        ValueError: a field the format demands is missing or breaks its rule.
    """

    kind: Kind = Kind.INVOICE
    payee_name: str
    payee_org_no: str
    country: str | None = None
    """Two letters; None is the reader's own country."""
    reference: str
    """OCR number or invoice number."""
    credited_reference: str | None = None
    invoice_date: date | None = None
    due_date: date | None = None
    amount: int
    """To pay. Negative only when the kind is not ``INVOICE``."""
    currency: str = "SEK"
    vat: int | None = None
    """All VAT together. Either this or VAT by level."""
    vat_high: int | None = None
    vat_medium: int | None = None
    vat_low: int | None = None
    account_type: AccountType | None = None
    account: str | None = None
    """Bankgiro and plusgiro with a hyphen, since one bank's app refuses digits alone; IBAN without blanks."""
    bic: str | None = None
    payee_address: str | None = None

    def __post_init__(self) -> None:
        for field in ("payee_name", "payee_org_no", "reference"):
            if not getattr(self, field).strip():
                raise ValueError(f"{field} is missing")
        if len(self.reference) > REFERENCE_LENGTH:
            raise ValueError(f"reference is longer than {REFERENCE_LENGTH} characters")
        if self.country is not None and not _COUNTRY.fullmatch(self.country):
            raise ValueError("country is not two letters")
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError("currency is not three letters")
        if self.vat is not None and any(level is not None for level in self._vat_levels()):
            raise ValueError("vat stands both in total and by level")
        if (self.account is None) != (self.account_type is None):
            raise ValueError("account and account_type belong together")
        if self.kind is Kind.INVOICE:
            self._check_payable()

    def _check_payable(self) -> None:
        if self.due_date is None or self.account is None:
            raise ValueError("an invoice needs due_date and account")
        if self.amount < 0:
            raise ValueError("an invoice's amount is negative")

    def _vat_levels(self) -> tuple[int | None, ...]:
        return (self.vat_high, self.vat_medium, self.vat_low)

    @property
    def total_vat(self) -> int | None:
        """VAT in öre, however it was given; None when the code does not say."""
        levels = [level for level in self._vat_levels() if level is not None]
        return sum(levels) if levels else self.vat

    def doubts(self) -> tuple[str, ...]:
        """Names of fields whose check digits fail, for a reader to show with little confidence.

        A ``reference`` of digits that is no OCR number may still be a true invoice number.
        """
        checks = {
            "payee_org_no": self.country not in (None, "SE") or _is_swedish_org_no(self.payee_org_no),
            "reference": not self.reference.isdecimal() or luhn.is_valid(self.reference),
            "account": self.account_type is None or _is_account(self.account_type, self.account or ""),
        }
        return tuple(field for field, passed in checks.items() if not passed)


def usingqr_text(code: UsingQr) -> str:
    """Write the JSON text to put in the QR code."""
    fields: tuple[tuple[str, str | None], ...] = (
        ("uqr", VERSION),
        ("tp", str(code.kind.value)),
        ("nme", _string(code.payee_name)),
        ("cid", _string(code.payee_org_no)),
        ("cc", _string(code.country)),
        ("iref", _string(code.reference)),
        ("cr", _string(code.credited_reference)),
        ("idt", _day(code.invoice_date)),
        ("ddt", _day(code.due_date)),
        ("due", _number(code.amount)),
        ("cur", _string(code.currency)),
        ("vat", _number(code.vat)),
        ("vh", _number(code.vat_high)),
        ("vm", _number(code.vat_medium)),
        ("vl", _number(code.vat_low)),
        ("pt", _string(code.account_type)),
        ("acc", _string(code.account)),
        ("bc", _string(code.bic)),
        ("adr", _string(code.payee_address)),
    )
    return "{" + ",".join(f'"{key}":{value}' for key, value in fields if value is not None) + "}"


def read_usingqr(text: str) -> UsingQr:
    """Read the text of a UsingQR code.

    Numbers and strings are taken for each other, since writers differ; unknown keys are passed over.
    Check digits are left to :meth:`UsingQr.doubts`.

    Raises:
        ValueError: the text is no UsingQR code, or breaks the format's rules.
    """
    values = _flat_object(text)
    if values.get("uqr") != VERSION:
        raise ValueError("not a UsingQR code of version 1")
    account_type = AccountType(values["pt"]) if "pt" in values else None
    return UsingQr(
        kind=Kind(int(_required(values, "tp"))),
        payee_name=_required(values, "nme"),
        payee_org_no=_required(values, "cid"),
        country=values.get("cc"),
        reference=_required(values, "iref"),
        credited_reference=values.get("cr"),
        invoice_date=_read_day(values.get("idt")),
        due_date=_read_day(values.get("ddt")),
        amount=_read_amount(_required(values, "due")),
        currency=values.get("cur", "SEK"),
        vat=_optional_amount(values, "vat"),
        vat_high=_optional_amount(values, "vh"),
        vat_medium=_optional_amount(values, "vm"),
        vat_low=_optional_amount(values, "vl"),
        account_type=account_type,
        account=_written_account(account_type, values.get("acc")),
        bic=values.get("bc"),
        payee_address=values.get("adr"),
    )


def giro_with_hyphen(number: str, account_type: AccountType) -> str:
    """Write a bankgiro as ``433-8778`` and a plusgiro as ``902003-3``.

    Args:
        number: digits with any blanks and hyphens.
        account_type: bankgiro or plusgiro.

    Raises:
        ValueError: letters or other signs, or too few or too many digits.
    """
    digits = re.sub(r"[\s-]", "", number)
    form = _BANKGIRO if account_type is AccountType.BANKGIRO else _PLUSGIRO
    if not form.fullmatch(digits):
        raise ValueError(f"not a number of type {account_type}")
    after_hyphen = 4 if account_type is AccountType.BANKGIRO else 1
    return f"{digits[:-after_hyphen]}-{digits[-after_hyphen:]}"


def _string(value: str | None) -> str | None:
    return None if value is None else json.dumps(value)


def _day(value: date | None) -> str | None:
    return None if value is None else f'"{value:%Y%m%d}"'


def _number(ore: int | None) -> str | None:
    return None if ore is None else format_sek(ore).removesuffix(".00")


def _flat_object(text: str) -> dict[str, str]:
    """Read a JSON object of strings and numbers, every value as its text."""
    if len(text.encode("utf-8", "replace")) > _TEXT_LENGTH:
        raise ValueError("longer than a QR code can be")
    try:
        pairs = json.loads(
            text, object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(pairs, tuple):
        raise ValueError("not a JSON object")  # noqa: TRY004 - the text is wrong, not the caller
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice")
    return {key: value for key, value in values.items() if isinstance(value, str)}


def _refuse_constant(name: str) -> str:
    raise ValueError(f"{name} is no amount")


def _required(values: dict[str, str], key: str) -> str:
    if key not in values:
        raise ValueError(f"{key} is missing")
    return values[key]


def _read_day(text: str | None) -> date | None:
    if text is None:
        return None
    if not _DATE.fullmatch(text):
        raise ValueError("a date is not written YYYYMMDD")
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _read_amount(text: str) -> int:
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise ValueError("an amount is not a number with at most two decimals")
    sign, whole, decimals = found.groups(default="")
    ore = int(whole) * 100 + int(decimals.ljust(2, "0"))
    if ore >= LIMIT:
        raise ValueError("an amount is too large")
    return -ore if sign else ore


def _optional_amount(values: dict[str, str], key: str) -> int | None:
    return _read_amount(values[key]) if key in values else None


def _written_account(account_type: AccountType | None, account: str | None) -> str | None:
    if account is None or account_type is None:
        return account
    if account_type in (AccountType.IBAN, AccountType.BBAN):
        return re.sub(r"\s", "", account)
    return giro_with_hyphen(account, account_type)


def _is_swedish_org_no(text: str) -> bool:
    return bool(_SWEDISH_ORG_NO.fullmatch(text)) and luhn.is_valid(text.replace("-", ""))


def _is_account(account_type: AccountType, account: str) -> bool:
    match account_type:
        case AccountType.BANKGIRO | AccountType.PLUSGIRO:
            return luhn.is_valid(account.replace("-", ""))
        case AccountType.IBAN:
            return account.isascii() and account.isalnum() and mod_97_10.is_valid(account[4:] + account[:4])
        case AccountType.BBAN:
            return True  # check digits differ from bank to bank
