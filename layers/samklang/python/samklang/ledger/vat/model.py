"""VAT returns as they are answered and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from samklang.ledger.model.vouchers import Voucher
from samklang.ledger.vat.checks import Finding, FindingCode
from samklang.ledger.vat.periods import Kind, VatPeriod
from samklang.platform.money import Money
from samklang.platform.shapes import Line, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

PERIOD_FORM = r"^20[0-9]{2}(-(0[1-9]|1[0-2])|-Q[1-4])?$"
LIST_PERIOD_FORM = r"^20[0-9]{2}-(0[1-9]|1[0-2]|Q[1-4])$"


def _read_kronor(value: Any) -> Any:
    return int(value) if isinstance(value, str) else value


Kronor = Annotated[
    int,
    BeforeValidator(_read_kronor),
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": "^(0|-?[1-9][0-9]*)$", "examples": ["1250"]}),
]
"""Whole kronor, without decimals: as VAT is reported."""

VatStatus = Literal["open", "closed"]


class VatBoxAccount(Shape):
    """What an account adds to a box."""

    account: str
    name: str
    amount: Money


class VatBox(Shape):
    """A box of the return by what the books say now."""

    box: str
    meaning: str
    kronor: Kronor
    """Without öre."""
    amount: Money
    """With them."""
    accounts: list[VatBoxAccount]


class VatFinding(Shape):
    """Something in a return to look at; none of it hinders anything by itself."""

    code: FindingCode
    text: str
    boxes: list[str]
    accounts: list[str]
    vouchers: list[str]
    expected: Money | None
    found: Money | None

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """A finding as it is answered."""
        return cls(
            code=finding.code,
            text=finding.text,
            boxes=list(finding.boxes),
            accounts=list(finding.accounts),
            vouchers=list(finding.vouchers),
            expected=finding.expected,
            found=finding.found,
        )


class VatFiling(Shape):
    """That a period was closed, and with which boxes."""

    closed_at: str
    closed_by: str
    boxes: dict[str, Kronor]
    voucher_id: str | None
    """The settlement voucher; none if there was nothing to settle."""
    note: str | None
    """What the return says besides (in Swedish: Skatteverket reads it)."""


class VatReturn(Shape):
    """The VAT return of a period."""

    period: str
    kind: Kind
    first_day: date
    last_day: date
    due_date: date
    status: VatStatus
    boxes: dict[str, Kronor]
    """Every box of the form: as filed when the period is closed, else by the books."""
    books: list[VatBox]
    """The boxes that the books have anything in, now."""
    filings: list[VatFiling]
    """The newest last; more than one when the period was opened again."""
    findings: list[VatFinding]


class VatReturnSummary(Shape):
    """A VAT period of a fiscal year."""

    period: str
    kind: Kind
    first_day: date
    last_day: date
    due_date: date
    status: VatStatus
    to_pay: Kronor
    """Box 49: as filed when the period is closed, else by the books."""
    closed_at: str | None


class VatReturnList(Shape):
    """The VAT periods of a fiscal year."""

    fiscal_year_start: date
    fiscal_year_end: date
    items: list[VatReturnSummary]
    next: None = None


class VatBoxVouchers(Shape):
    """What a box is made of: its accounts, and the vouchers that moved them."""

    period: str
    box: str
    meaning: str
    amount: Money
    accounts: list[VatBoxAccount]
    items: list[Voucher]
    """By date; settlement vouchers are not among them."""
    next: str | None


class CloseVatInput(Shape):
    """Which VAT period to close."""

    period: Annotated[str, Field(pattern=PERIOD_FORM)]
    note: Line | None = None
    """What the return says besides; it goes into the file."""


class EuSalesBuyer(Shape):
    """What one buyer in another EU country bought; none where nothing was sold."""

    vat_no: str
    name: str
    goods: Kronor | None
    triangular: Kronor | None
    services: Kronor | None


class EuSalesList(Shape):
    """The EU sales list of a month or a quarter."""

    period: str
    first_day: date
    last_day: date
    due_date: date
    buyers: list[EuSalesBuyer]
    goods: Kronor
    triangular: Kronor
    services: Kronor
    findings: list[VatFinding]
    """Sales whose buyer is not known: with any of them there is no file."""


# ---------------------------------------------------------------- as they are kept


class Filing(NamedTuple):
    """That a period was closed. Whole kronor."""

    closed_at: str
    closed_by: str
    boxes: Mapping[str, int]
    voucher_id: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class FiledReturn:
    """A VAT period that has been closed, once or more."""

    period: VatPeriod
    filings: list[Filing] = field(default_factory=list)
    """The newest last."""
    settled: Mapping[str, int] = field(default_factory=dict)
    """What its settlement vouchers have moved, together: account to öre, debit above zero."""
    version: int = 0

    @property
    def boxes(self) -> Mapping[str, int]:
        """As filed last, in whole kronor."""
        return self.filings[-1].boxes
