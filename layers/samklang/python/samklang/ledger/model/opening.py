"""Opening balances: what accounts held when the books began."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

from pydantic import Field

from samklang.ledger.model.vouchers import VoucherRow, VoucherRowInput
from samklang.platform.shapes import Shape


@dataclass(frozen=True, slots=True)
class Opening:
    """What accounts held before the first fiscal year, debit above zero, öre; and who says so."""

    amounts: dict[str, int] = field(default_factory=dict)
    source: str | None = None
    """``sie/<import id>``; none if by hand."""
    changed_at: str | None = None
    changed_by: str | None = None
    version: int = 0


class OpeningInput(Shape):
    """Opening balances by hand; no rows take them away."""

    rows: Annotated[list[VoucherRowInput], Field(max_length=1000)]


class OpeningBalances(Shape):
    """What accounts held at the beginning of the first fiscal year."""

    date: date
    rows: list[VoucherRow]
    source: str | None
    """``sie/<import id>``; none if by hand."""
    changed_at: str | None
    changed_by: str | None
    version: int
