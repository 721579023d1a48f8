"""What a credit note credits: all that is left of an invoice, or some of its rows.

Whatever is credited in however many steps, the credit notes of an invoice never come to more than it, and
when everything is credited they come to it exactly, to the öre, per rate.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from samklang.invoicing.model.invoices import (
    Invoice,
    InvoiceRow,
    TextRow,
    VatLine,
    bases_of,
    row_amount,
    vat_on,
)
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.invoicing.model.invoices import CreditRowInput
    from samklang.invoicing.vat import VatCode, VatRate


class Credit(NamedTuple):
    """The figures of a credit note, in öre, below zero."""

    rows: list[InvoiceRow | TextRow]
    places: list[int]
    """For each row, the original's row that it credits."""
    vat_lines: list[VatLine]
    rounding: int
    total: int


class _Row(NamedTuple):
    """A row of the original, and what of it is credited: quantity, and öre without VAT."""

    row: InvoiceRow
    quantity: Decimal
    amount: int

    @property
    def left(self) -> Decimal:
        """The quantity that is left to credit."""
        return self.row.quantity - self.quantity


def credit_of(
    original: Invoice, earlier: Sequence[Invoice], wanted: Sequence[CreditRowInput] | None
) -> Credit:
    """What to credit of an issued invoice.

    Args:
        original: the invoice.
        earlier: its credit notes so far.
        wanted: the rows and quantities to credit; all that is left if none are named.

    Raises:
        Problem: ``credit-exceeds`` for more than is left, ``validation`` for a row that is none.
    """
    credited = _credited(original, earlier)
    chosen = _chosen(credited, wanted)
    rows: list[InvoiceRow | TextRow] = []
    for place, quantity in chosen.items():
        row, before, amount_before = credited[place]
        # What is credited in all, less what was before: parts add up to the whole, whatever rounding does.
        amount = row_amount(before + quantity, row.unit_price, row.discount_percent)
        credited[place] = _Row(row, before + quantity, amount)
        part = row.model_copy(update={"quantity": -quantity, "amount": amount_before - amount})
        rows.append(part)
    lines = _vat_lines(original, earlier, rows)
    everything = all(not each.left for each in credited.values())
    rounding = -_rounding_left(original, earlier) if everything else 0
    total = sum(line.base + line.vat for line in lines) + rounding
    if original.credited - total > original.total or total > 0 or (total == 0 and original.total):
        raise Problem(
            "credit-exceeds",
            f"{format_sek(original.total - original.credited)} is left to credit of invoice "
            f"{original.number}; this would be {format_sek(-total)}. Credit other rows, or all that is left.",
        )
    return Credit(rows, list(chosen), lines, rounding, total)


def _credited(original: Invoice, earlier: Sequence[Invoice]) -> dict[int, _Row]:
    """What is credited so far of each row with figures, by its place in the original."""
    credited = {
        place: _Row(row, Decimal(0), 0)
        for place, row in enumerate(original.rows)
        if isinstance(row, InvoiceRow)
    }
    for note in earlier:
        assert note.original is not None  # it is a credit note
        for place, row in zip(note.original.rows, note.sales, strict=True):
            before = credited[place]
            credited[place] = _Row(before.row, before.quantity - row.quantity, before.amount - row.amount)
    return credited


def _chosen(credited: dict[int, _Row], wanted: Sequence[CreditRowInput] | None) -> dict[int, Decimal]:
    """How much of which row is credited now."""
    if wanted is None:
        chosen = {place: each.left for place, each in credited.items() if each.left}
        if not chosen:
            raise Problem("credit-exceeds", "The invoice is credited in full already.")
        return chosen
    chosen = {}
    for index, each in enumerate(wanted):
        pointer = f"/rows/{index}"
        if each.row not in credited or each.row in chosen:
            message = "Name each row once, by its place among the invoice's rows from 0, and no text row."
            raise Problem("validation", message, (FieldError(f"{pointer}/row", "unknown", message),))
        left = credited[each.row].left
        quantity = each.quantity or left
        if quantity > left or not quantity:
            message = f"{left:f} is left to credit of row {each.row}."
            raise Problem("credit-exceeds", message, (FieldError(f"{pointer}/quantity", "exceeds", message),))
        chosen[each.row] = quantity
    return chosen


def _vat_lines(
    original: Invoice, earlier: Sequence[Invoice], rows: list[InvoiceRow | TextRow]
) -> list[VatLine]:
    """VAT of what is credited: on all that is credited at a rate, less what was credited before."""
    now = bases_of(rows)
    before: dict[tuple[VatCode, VatRate], tuple[int, int]] = {}
    for line in (line for note in earlier for line in note.vat_lines):
        base, vat = before.get((line.vat_code, line.vat_rate), (0, 0))
        before[line.vat_code, line.vat_rate] = base - line.base, vat - line.vat
    lines = []
    for line in original.vat_lines:
        key = (line.vat_code, line.vat_rate)
        if key in now:
            base, vat = before.get(key, (0, 0))
            part = vat - vat_on(base - now[key], line.vat_rate)
            lines.append(line.model_copy(update={"base": now[key], "vat": part}))
    return lines


def _rounding_left(original: Invoice, earlier: Sequence[Invoice]) -> int:
    return original.rounding + sum(note.rounding for note in earlier)
