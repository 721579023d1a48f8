from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from samklang.formats import ocr
from samklang.formats.incoming import IncomingPayment, Reference, ReferenceKind
from samklang.invoicing.model.invoices import Buyer, Invoice
from samklang.payments.matching import Matched, match, pointed_numbers

DAY = date(2026, 11, 23)
TOTAL = 125_000


def invoice(number: int, total: int = TOTAL, **values: Any) -> Invoice:
    given: dict[str, Any] = {
        **dict.fromkeys(Invoice.model_fields),
        "invoice_id": f"inv_{number}",
        "kind": "invoice",
        "customer_id": "cus_1",
        "customer_name": "Kund AB",
        "status": "issued",
        "number": number,
        "ocr": ocr.make_ocr(str(number)),
        "invoice_date": DAY,
        "due_date": DAY,
        "vat_treatment": "domestic",
        "round_to_krona": False,
        "rows": [],
        "vat_lines": [],
        "net": total,
        "vat": 0,
        "rounding": 0,
        "total": total,
        "credited": 0,
        "paid": 0,
        "remaining": total,
        "buyer": Buyer(name="Kund AB", payment_terms_days=30),
        "credit_notes": [],
        "version": 2,
    }
    return Invoice.model_validate(given | values)


def payment(
    *references: str,
    amount: int = TOTAL,
    kind: ReferenceKind = "ocr",
    texts: tuple[str, ...] = (),
    currency: str = "SEK",
) -> IncomingPayment:
    named = tuple(Reference(kind, each) for each in references)
    return IncomingPayment(
        kind="payment",
        amount=amount,
        currency=currency,
        date=DAY,
        recipient="9912346",
        bank_reference="1",
        record=3,
        references=named,
        texts=texts,
    )


def matched(given_payment: IncomingPayment, remaining: dict[int, int]) -> Matched:
    """Match against a company whose invoices have this remaining, by number."""

    def find(number: int) -> tuple[Invoice, int] | None:
        return (invoice(number), remaining[number]) if number in remaining else None

    return match(given_payment, find)


def match_beside_credit_note(given_payment: IncomingPayment, remaining: int | None) -> Matched:
    """Match against an invoice, 1001, of which this remains, and a credit note of it, 1002."""
    credited = invoice(1001, credited=100_000, remaining=25_000)
    note = invoice(1002, -100_000, kind="credit_note", remaining=-100_000)
    return match(given_payment, {1001: (credited, remaining), 1002: (note, -100_000)}.get)


OCR_1001 = ocr.make_ocr("1001")
OCR_1002 = ocr.make_ocr("1002")


# ---------------------------------------------------------------- exact


def test_an_ocr_and_the_amount_that_remains_are_an_exact_match_that_says_why() -> None:
    found = matched(payment(OCR_1001), {1001: TOTAL})
    assert found.match == "exact"
    assert found.candidate
    assert found.candidate.invoice.number == 1001
    assert found.reasons == [f"OCR {OCR_1001}", "1250.00 is all that remains"]


@pytest.mark.parametrize("written", [f"000000{OCR_1001}", f" {OCR_1001} ", f"{OCR_1001[:3]} {OCR_1001[3:]}"])
def test_leading_zeros_and_blanks_that_banks_add_do_not_matter(written: str) -> None:
    assert matched(payment(written), {1001: TOTAL}).match == "exact"


def test_what_remains_counts_and_not_the_total() -> None:
    assert matched(payment(OCR_1001, amount=25_000), {1001: 25_000}).match == "exact"
    assert matched(payment(OCR_1001, amount=TOTAL), {1001: 25_000}).match == "proposed"


def test_the_same_ocr_twice_is_one_reference() -> None:
    assert matched(payment(OCR_1001, f"0{OCR_1001}", texts=(OCR_1001,)), {1001: TOTAL}).match == "exact"


@pytest.mark.parametrize("references", [("1001", OCR_1001), (OCR_1001, "1001")])
def test_an_ocr_beside_the_invoices_own_number_is_exact_in_either_order(references: tuple[str, ...]) -> None:
    assert matched(payment(*references), {1001: TOTAL}).match == "exact"


def test_another_reference_that_points_nowhere_does_not_matter() -> None:
    assert matched(payment(OCR_1001, "77777", texts=("tack 4711",)), {1001: TOTAL}).match == "exact"


# ---------------------------------------------------------------- proposed


@pytest.mark.parametrize("amount", [1, TOTAL - 1, TOTAL + 1, 2 * TOTAL])
def test_another_amount_is_proposed_with_what_remains_and_what_was_paid(amount: int) -> None:
    found = matched(payment(OCR_1001, amount=amount), {1001: TOTAL})
    assert found.match == "proposed"
    assert found.candidate is None
    assert "1250.00 remains" in found.reasons[-1]
    assert [each.invoice_number for each in found.proposals] == [1001]


def test_an_invoice_number_instead_of_an_ocr_is_proposed_even_when_the_amount_is_right() -> None:
    found = matched(payment("1001", kind="text"), {1001: TOTAL})
    assert found.match == "proposed"
    assert found.proposals[0].reasons == ["invoice number 1001 as reference"]


def test_an_ocr_in_a_message_is_proposed_even_when_the_amount_is_right() -> None:
    found = matched(payment(texts=(f"Betalning {OCR_1001} tack",)), {1001: TOTAL})
    assert found.match == "proposed"


def test_two_invoices_pointed_to_are_proposed_the_one_with_the_right_amount_first() -> None:
    found = matched(payment(OCR_1001, OCR_1002), {1001: 99, 1002: TOTAL})
    assert found.match == "proposed"
    assert found.reasons == ["2 invoices are pointed to."]
    assert [each.invoice_number for each in found.proposals] == [1002, 1001]


def test_an_invoice_that_is_paid_already_is_proposed_and_said_to_be_paid() -> None:
    found = matched(payment(OCR_1001), {1001: 0})
    assert found.match == "proposed"
    assert found.reasons[-1] == "Invoice 1001 is already paid."


def test_a_payment_of_nothing_is_no_exact_match_for_an_invoice_with_nothing_left() -> None:
    found = matched(payment(OCR_1001, amount=0), {1001: 0})
    assert found.match != "exact"
    assert found.candidate is None


def test_a_credited_invoice_is_exact_by_what_its_credit_note_left_even_when_that_is_named_too() -> None:
    found = match_beside_credit_note(payment(OCR_1001, OCR_1002, amount=25_000), remaining=25_000)
    assert found.match == "exact"
    assert found.candidate
    assert found.candidate.invoice.number == 1001


def test_an_invoice_whose_credit_note_is_on_its_way_to_the_handler_waits_for_a_person() -> None:
    found = match_beside_credit_note(payment(OCR_1001, amount=TOTAL), remaining=None)
    assert found.match == "proposed"
    assert found.reasons[-1] == "Invoice 1001 or a credit note of it has not reached the ledger yet."


def test_an_invoice_that_is_credited_in_full_is_proposed_and_said_to_be_credited() -> None:
    found = match_beside_credit_note(payment(OCR_1001), remaining=0)
    assert found.match == "proposed"
    assert found.reasons[-1] == "Invoice 1001 is already paid or credited."


# ---------------------------------------------------------------- unmatched


@pytest.mark.parametrize("amount", [TOTAL, 100_000, 0])
def test_a_credit_note_is_neither_matched_nor_proposed_and_its_payment_says_why(amount: int) -> None:
    for given_payment in (payment(OCR_1002, amount=amount), payment("1002", amount=amount, kind="text")):
        found = match_beside_credit_note(given_payment, remaining=25_000)
        assert (found.match, found.proposals, found.candidate) == ("unmatched", [], None)
        assert found.reasons[0].startswith("1002 is a credit note")


def test_the_amount_alone_never_points_to_an_invoice() -> None:
    found = matched(payment(), dict.fromkeys(range(1, 3000), TOTAL))
    assert found.match == "unmatched"
    assert found.proposals == []


def test_a_reference_of_another_companys_invoice_points_nowhere() -> None:
    assert matched(payment(ocr.make_ocr("5555")), {1001: TOTAL}).match == "unmatched"


def test_a_deduction_waits_for_a_person_whatever_it_points_to() -> None:
    found = matched(payment(OCR_1001)._replace(kind="deduction"), {1001: TOTAL})
    assert found.match == "unmatched"
    assert "credit note" in found.reasons[0]


def test_a_foreign_currency_waits_for_a_person_whatever_it_points_to() -> None:
    found = matched(payment(OCR_1001, currency="EUR"), {1001: TOTAL})
    assert found.match == "unmatched"
    assert "EUR" in found.reasons[0]


# ---------------------------------------------------------------- for anything a bank may send


numbers = st.integers(1, 999_999_999)
references = st.lists(
    st.one_of(
        numbers.map(lambda number: ocr.make_ocr(str(number))),
        numbers.map(str),
        st.text("0123456789", max_size=25),
        st.text(max_size=35),
    ),
    max_size=4,
)
messages = st.lists(st.one_of(st.text(max_size=60), st.text("0123456789 ", max_size=60)), max_size=3).map(
    tuple
)


@given(
    references,
    messages,
    st.integers(0, 10**6),
    st.dictionaries(numbers, st.integers(-100, 10**6), max_size=5),
)
@example(["26"], (), TOTAL, {26: TOTAL})
@example(["0026"], (), TOTAL, {})
@example([], ("26",), TOTAL, {26: TOTAL})
def test_whatever_the_bank_sends_a_match_is_exact_only_by_ocr_and_amount(
    named: list[str], texts: tuple[str, ...], amount: int, remaining: dict[int, int]
) -> None:
    found = matched(payment(*named, amount=amount, texts=texts), remaining)
    if found.match == "exact":
        assert found.candidate
        number = found.candidate.invoice.number
        assert number
        assert amount == remaining[number]
        assert ocr.make_ocr(str(number)) in {
            digits for each in named for digits in (ocr.normalise(each), *ocr.candidates(each))
        }
    else:
        assert found.candidate is None
    assert (found.match == "proposed") == bool(found.proposals)
    assert found.reasons


@given(references, messages, st.sets(numbers, max_size=5), st.integers(0, 10**6))
@example(["1002"], (), {1002}, 0)
@example([OCR_1001], (), {1001}, 100)
def test_whatever_the_bank_sends_no_credit_note_is_matched_or_proposed(
    named: list[str], texts: tuple[str, ...], notes: set[int], amount: int
) -> None:
    def find(number: int) -> tuple[Invoice, int] | None:
        # Amount and remaining agree but for the sign, and once even in that.
        return (invoice(number, -amount, kind="credit_note"), amount) if number in notes else None

    found = match(payment(*named, amount=amount, texts=texts), find)
    assert (found.match, found.proposals, found.candidate) == ("unmatched", [], None)


@given(numbers, st.integers(1, 10**9))
def test_every_invoice_can_be_paid_by_its_own_ocr(number: int, amount: int) -> None:
    assert matched(payment(ocr.make_ocr(str(number)), amount=amount), {number: amount}).match == "exact"


@given(references, messages)
@example(["26"], ())
def test_only_numbers_an_invoice_can_have_are_pointed_to(named: list[str], texts: tuple[str, ...]) -> None:
    assert all(0 < number <= 999_999_999 for number in pointed_numbers(payment(*named, texts=texts)))
