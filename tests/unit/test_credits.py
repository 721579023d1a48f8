from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from samklang.invoicing.model.credits import Credit, credit_of
from samklang.invoicing.model.invoices import (
    CreditRowInput,
    Invoice,
    InvoiceRow,
    Original,
    TextRow,
    row_amount,
    totals,
    vat_on,
)
from samklang.platform.problems import Problem
from tests.unit.test_invoice_model import DAY, invoice
from tests.unit.test_invoice_totals import RATES, row

WORDS = TextRow(text="Etapp 1")


def sale(quantity: str, unit_price: int, rate: Any = "25", discount: str = "0") -> InvoiceRow:
    """A row of so many, its amount worked out."""
    amount = row_amount(Decimal(quantity), unit_price, Decimal(discount))
    return row(
        amount, rate, quantity=Decimal(quantity), unit_price=unit_price, discount_percent=Decimal(discount)
    )


@dataclass
class Case:
    """An invoice and what has been credited of it."""

    original: Invoice
    notes: list[Invoice] = field(default_factory=list)

    def wanted(self, *rows: tuple[int, str | None]) -> list[CreditRowInput] | None:
        """Rows (place, quantity) as they are sent."""
        given_rows = [
            {"row": place} | ({"quantity": quantity} if quantity else {}) for place, quantity in rows
        ]
        return [CreditRowInput.model_validate(each) for each in given_rows] or None

    def credit(self, *rows: tuple[int, str | None]) -> Credit:
        """Credit some rows, or all that is left."""
        found = credit_of(self.original, self.notes, self.wanted(*rows))
        self.notes.append(
            invoice(
                kind="credit_note",
                number=1001 + len(self.notes) + 1,
                rows=found.rows,
                vat_lines=found.vat_lines,
                net=sum(line.base for line in found.vat_lines),
                vat=sum(line.vat for line in found.vat_lines),
                rounding=found.rounding,
                total=found.total,
                original=Original(
                    invoice_id="inv_1", number=1001, invoice_date=DAY, settled=0, rows=found.places
                ),
            )
        )
        self.original = self.original.model_copy(update={"credited": self.original.credited - found.total})
        return found

    def refusal(self, *rows: tuple[int, str | None]) -> Problem:
        """The refusal of a credit that must be refused."""
        with pytest.raises(Problem) as caught:
            credit_of(self.original, self.notes, self.wanted(*rows))
        return caught.value

    def left(self, place: int) -> Decimal:
        """The quantity that is left of a row."""
        given_row = self.original.rows[place]
        assert isinstance(given_row, InvoiceRow)
        credited = sum(
            each.quantity
            for note in self.notes
            if note.original
            for at, each in zip(note.original.rows, note.sales, strict=True)
            if at == place
        )
        return given_row.quantity + credited

    def summed(self) -> tuple[Counter[Any], ...]:
        """Quantities and amounts by row, bases and VAT by rate and ground, of all credit notes."""
        quantities, amounts, bases, vat = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
        for note in self.notes:
            assert note.original is not None
            for place, each in zip(note.original.rows, note.sales, strict=True):
                quantities[place] += each.quantity  # type: ignore[assignment]  # a Counter counts anything
                amounts[place] += each.amount
            for line in note.vat_lines:
                bases[line.vat_code, line.vat_rate] += line.base
                vat[line.vat_code, line.vat_rate] += line.vat
        return quantities, amounts, bases, vat


def case(*rows: InvoiceRow | TextRow, round_to_krona: bool = False) -> Case:
    """An invoice with these rows, of which nothing is credited."""
    return Case(invoice(*rows, round_to_krona=round_to_krona))


def lines(credit: Credit) -> list[tuple[str, int, int]]:
    """What is credited at each rate: rate, base, VAT."""
    return [(line.vat_rate, line.base, line.vat) for line in credit.vat_lines]


# ---------------------------------------------------------------- all of it


def test_given_nothing_named_then_all_of_the_invoice_is_credited_with_its_signs_turned() -> None:
    made = case(sale("2", 50_000), WORDS, sale("1", -20_050, "6"), sale("3", 99, discount="50"))
    found = made.credit()
    assert [(each.quantity, each.unit_price, each.amount) for each in found.rows if each != WORDS] == [  # type: ignore[union-attr]
        (Decimal(-2), 50_000, -100_000),
        (Decimal(-1), -20_050, 20_050),
        (Decimal(-3), 99, -149),
    ]
    assert found.places == [0, 2, 3]
    assert lines(found) == [("25", -100_149, -25_037), ("6", 20_050, 1_203)]
    assert found.total == -made.original.total


@pytest.mark.parametrize(("price", "rounding"), [(10_020, 50), (10_016, -40)])
def test_given_oresavrundning_then_it_goes_back_with_the_last_of_the_invoice(
    price: int, rounding: int
) -> None:
    made = case(sale("2", price), round_to_krona=True)
    assert made.original.rounding == rounding
    first, second = made.credit((0, "1")), made.credit()
    assert (first.rounding, second.rounding) == (0, -rounding)
    assert first.total + second.total == -made.original.total


def test_given_a_rate_of_its_own_then_the_ground_of_each_row_is_kept() -> None:
    given_rows = [sale("1", 10_000, "0").model_copy(update={"vat_code": "construction"}), sale("1", 20_000)]
    found = case(*given_rows).credit()
    assert [(line.vat_code, line.base, line.vat) for line in found.vat_lines] == [
        ("domestic", -20_000, -5_000),
        ("construction", -10_000, 0),
    ]


# ---------------------------------------------------------------- some of it


def test_given_a_part_of_a_row_then_it_is_worked_out_from_price_and_discount() -> None:
    found = case(sale("10", 9_999, discount="12.5"), sale("1", 100_000)).credit((0, "3"))
    assert [(each.quantity, each.amount) for each in found.rows if each != WORDS] == [(Decimal(-3), -26_247)]  # type: ignore[union-attr]
    assert (found.places, lines(found), found.total) == ([0], [("25", -26_247, -6_562)], -32_809)


def test_given_no_quantity_then_all_that_is_left_of_the_row_is_credited() -> None:
    made = case(sale("3", 333), sale("1", 100_000))
    made.credit((0, "1"))
    found = made.credit((0, None))
    assert [each.quantity for each in found.rows if isinstance(each, InvoiceRow)] == [Decimal(-2)]
    assert made.left(0) == 0


def test_given_parts_then_each_is_what_is_credited_in_all_less_what_was_before() -> None:
    made = case(sale("3", 33, discount="1"))  # 98.01, so 98; a third is 32.67, two are 65.34
    assert [made.credit((0, "1")).vat_lines[0].base for _ in range(3)] == [-33, -32, -33]
    assert sum(note.total for note in made.notes) == -made.original.total


def test_given_parts_of_half_an_ore_then_every_other_is_none() -> None:
    made = case(sale("4", 1, discount="50"), sale("1", 10_000))
    parts_of_it = [made.credit((0, "1"), (1, "0.1")).rows[0] for _ in range(3)]
    parts_of_it.append(made.credit().rows[0])
    assert [each.amount for each in parts_of_it if isinstance(each, InvoiceRow)] == [-1, 0, -1, 0]


def test_given_parts_of_a_deduction_then_together_they_make_it() -> None:
    made = case(sale("1", 100_000), sale("3", -33, discount="1"))
    steps_of_it = [
        made.credit((0, "0.5"), (1, "1")),
        made.credit((0, "0.25"), (1, "1")),
        made.credit(),
    ]
    amounts = [each.amount for step in steps_of_it for each in step.rows if isinstance(each, InvoiceRow)]
    assert amounts == [-50_000, 33, -25_000, 32, -25_000, 33]


# ---------------------------------------------------------------- refused


def test_given_words_or_no_row_or_the_same_twice_then_each_is_named() -> None:
    made = case(sale("2", 10_000), WORDS)
    cases: list[tuple[list[tuple[int, str | None]], str]] = [
        ([(1, None)], "/rows/0/row"),
        ([(0, "1"), (2, None)], "/rows/1/row"),
        ([(0, "1"), (0, "1")], "/rows/1/row"),
        ([(499, "1")], "/rows/0/row"),
    ]
    for rows, pointer in cases:
        problem = made.refusal(*rows)
        assert (problem.code, [each.pointer for each in problem.errors]) == ("validation", [pointer])


def test_given_more_than_is_left_then_it_is_said_how_much_is() -> None:
    made = case(sale("2.5", 10_000), sale("1", 10_000))
    made.credit((0, "1.25"))
    for quantity in ("1.251", "2.5", "9999999.999"):
        problem = made.refusal((1, "1"), (0, quantity))
        assert (problem.code, [each.pointer for each in problem.errors]) == (
            "credit-exceeds",
            ["/rows/1/quantity"],
        )
        assert problem.detail.startswith("1.25 is left")
    made.credit((0, "1.25"))
    assert made.refusal((0, None)).code == "credit-exceeds"


def test_given_all_credited_then_nothing_is_left() -> None:
    made = case(sale("2", 10_000), round_to_krona=True)
    made.credit()
    assert made.refusal().code == "credit-exceeds"
    assert made.refusal((0, "1")).code == "credit-exceeds"


def test_given_a_deduction_alone_then_it_is_no_credit() -> None:
    made = case(sale("1", 100_000), sale("1", -20_000))
    assert made.refusal((1, None)).code == "credit-exceeds"


def test_given_rows_that_come_to_more_than_the_invoice_then_they_are_refused() -> None:
    made = case(sale("1", 100_000), sale("1", -20_000))
    problem = made.refusal((0, None))
    assert problem.code == "credit-exceeds"
    assert "1000.00 is left" in problem.detail


def test_given_an_invoice_of_nothing_then_it_can_be_credited_once() -> None:
    made = case(sale("1", 100_000), sale("1", -100_000))
    assert made.credit().total == 0
    assert made.refusal().code == "credit-exceeds"


# ---------------------------------------------------------------- any invoice, any steps

parts = st.lists(
    st.lists(
        st.tuples(st.integers(0, 5), st.none() | st.integers(1, 1000)),
        min_size=1,
        max_size=4,
        unique_by=lambda part: part[0],
    ),
    max_size=5,
)


def sales(lowest: int) -> Any:
    """Some rows with prices from so many öre on."""
    return st.lists(
        st.builds(
            sale,
            st.integers(1, 20_000).map(lambda thousandths: str(Decimal(thousandths) / 1000)),
            st.integers(lowest, 100_000),
            st.sampled_from(RATES),
            st.sampled_from(["0", "0", "7.5", "33.33"]),
        ),
        min_size=1,
        max_size=6,
    )


def steps(made: Case, wanted: list[list[tuple[int, int | None]]]) -> Iterator[Credit]:
    """Credit part after part: of each row a share, in thousandths, of what is left of it."""
    for step in wanted:
        rows: list[tuple[int, str | None]] = []
        for place, share in step:
            if place < len(made.original.rows) and (left := made.left(place)):
                part = (left * (share or 1000) / 1000).quantize(Decimal("0.001"))
                rows.append((place, str(part) if share and part else None))
        if not rows:
            continue
        try:
            yield made.credit(*rows)
        except Problem as problem:
            assert problem.code == "credit-exceeds"  # noqa: PT017 - accepted or refused; nothing else


def invoiced(given_rows: list[InvoiceRow], round_to_krona: Any) -> Case:
    """The case of an invoice that is one: its rows come to nothing or more."""
    try:
        totals(list(given_rows), round_to_krona=False)
    except Problem:
        assume(False)  # noqa: FBT003 - hypothesis takes no keyword
    return case(*given_rows, round_to_krona=round_to_krona)


@given(sales(-100_000), parts, st.booleans())
def test_whatever_the_steps_the_credit_notes_never_come_to_more_than_the_invoice(
    given_rows: list[InvoiceRow], wanted: Any, round_to_krona: Any
) -> None:
    made = invoiced(given_rows, round_to_krona)
    for credit in steps(made, wanted):
        assert credit.total < 0 or made.original.total == 0
        assert 0 <= made.original.credited <= made.original.total
        assert credit.total == sum(line.base + line.vat for line in credit.vat_lines) + credit.rounding
        assert sum(each.amount for each in credit.rows if isinstance(each, InvoiceRow)) == sum(
            line.base for line in credit.vat_lines
        )
        quantities, amounts, _, _ = made.summed()
        for place, each in enumerate(given_rows):
            assert 0 <= -quantities[place] <= each.quantity
            assert 0 <= -amounts[place] * (1 if each.amount >= 0 else -1) <= abs(each.amount)


@given(sales(-100_000), parts, st.booleans())
def test_whatever_the_steps_all_that_is_left_makes_the_invoice_exactly(
    given_rows: list[InvoiceRow], wanted: Any, round_to_krona: Any
) -> None:
    made = invoiced(given_rows, round_to_krona)
    for _ in steps(made, wanted):
        pass
    if any(made.left(place) for place in range(len(given_rows))):
        if made.original.credited == made.original.total != 0:
            return  # in kronor all of it is credited already
        made.credit()
    quantities, amounts, bases, vat = made.summed()
    for place, each in enumerate(given_rows):
        assert -quantities[place] == each.quantity
        assert -amounts[place] == each.amount
    for line in made.original.vat_lines:
        key = (line.vat_code, line.vat_rate)
        assert (-bases[key], -vat[key]) == (line.base, line.vat)
    assert -sum(note.rounding for note in made.notes) == made.original.rounding
    assert -sum(note.total for note in made.notes) == made.original.total == made.original.credited


@given(sales(1), parts)
def test_given_no_deductions_then_any_part_that_comes_to_anything_can_be_credited(
    given_rows: list[InvoiceRow], wanted: Any
) -> None:
    made = case(*given_rows)
    for step in wanted:
        rows: list[tuple[int, str | None]] = []
        worth = 0
        for place, share in step:
            if place < len(given_rows) and (left := made.left(place)):
                part = (left * (share or 1000) / 1000).quantize(Decimal("0.001")) or left
                rows.append((place, str(part)))
                row_of_it = given_rows[place]
                price, discount = row_of_it.unit_price, row_of_it.discount_percent
                before = row_of_it.quantity - left
                worth += row_amount(before + part, price, discount) - row_amount(before, price, discount)
        if rows and worth:
            assert made.credit(*rows).vat_lines
        elif rows and made.original.total:  # less than half an öre
            assert made.refusal(*rows).code == "credit-exceeds"


@settings(max_examples=300)
@given(sales(-100_000), parts)
def test_the_vat_of_every_credit_note_is_the_rate_on_its_base(
    given_rows: list[InvoiceRow], wanted: Any
) -> None:
    made = invoiced(given_rows, round_to_krona=False)
    for credit in steps(made, wanted):
        for line in credit.vat_lines:
            # Each credit note before may have left half an öre.
            assert abs(line.vat - vat_on(line.base, line.vat_rate)) <= len(made.notes), line


def test_given_a_deduction_credited_before_its_sale_then_both_have_their_vat() -> None:
    made = case(sale("1", 100_000), sale("1", -90_000), sale("1", 500_000, "6"))
    assert lines(made.credit((1, None), (2, None))) == [("25", 90_000, 22_500), ("6", -500_000, -30_000)]
    assert lines(made.credit()) == [("25", -100_000, -25_000)]
