from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.collaboration.model import Address, BankStep, CompanyDetails, CompanyStep, FiscalYearStep
from samklang.invoicing.model.invoices import Buyer, Invoice, InvoiceRow, Original, TextRow
from samklang.invoicing.model.registers import CustomerAddress
from samklang.invoicing.page import InvoicePage, PageRow
from samklang.invoicing.page import TextRow as PageText
from samklang.invoicing.printing import page_of
from samklang.invoicing.vat import GROUNDS, VatCode
from tests.unit.test_credits import Case, sale
from tests.unit.test_invoice_model import BUYER, DAY, invoice
from tests.unit.test_invoice_totals import positive_rows, row

SELLER = CompanyDetails(
    company=CompanyStep(
        name="Ateljé Lövgren AB",
        org_no="556012-5790",
        address=Address(street="Storgatan 12", postcode="582 23", city="Linköping"),
        seat="Linköping",
        email="anna@example.se",
        phone="013-12 34 56",
    ),
    fiscal_year=FiscalYearStep(start=date(2026, 1, 1), end=date(2026, 12, 31)),
    bank=BankStep(bankgiro="991-2346", swish="1231111111"),
)


def page(given_invoice: Invoice | None = None, logo: bytes | None = None) -> InvoicePage:
    """The page of an invoice, an ordinary one if none is given."""
    return page_of(given_invoice or invoice(), SELLER, logo)


def credit_note(*parts: tuple[int, str | None], settled: int, **values: Any) -> Invoice:
    """A credit note of some rows of an invoice of two windows at 1000.00 and a deduction of 200.50."""
    made = Case(invoice(sale("2", 100_000), TextRow(text="Avdrag"), sale("1", -20_050), number=1001))
    total = made.credit(*parts).total
    original = Original(invoice_id="inv_1", number=1001, invoice_date=DAY, settled=settled, rows=[0])
    return made.notes[0].model_copy(
        update={"original": original, "remaining": total + settled, "ocr": "100263"} | values
    )


# ---------------------------------------------------------------- what stands on it


def test_number_dates_references_and_ocr_stand_on_the_page() -> None:
    found = page(invoice(order_reference="PO 7"))
    assert (found.kind, found.draft, found.number, found.ocr) == ("invoice", False, "1001", "100164")
    assert (found.invoice_date, found.due_date) == (DAY, date(2026, 12, 23))
    assert (found.your_reference, found.our_reference) == ("Karin Ek", "Anna Lövgren")
    assert (found.order_reference, found.customer_number) == ("PO 7", "17")
    assert "räntelagen" in (found.late_interest_text or "")


def test_a_draft_has_a_page_that_says_so_and_holds_no_number() -> None:
    draft = invoice(number=None, ocr=None, status="draft", invoice_date=None, due_date=None)
    found = page(draft)
    assert (found.draft, found.number, found.ocr, found.invoice_date) == (True, None, None, None)
    assert (found.total, len(found.rows)) == (125_000, 1)


def test_the_logo_stands_on_it() -> None:
    assert page(logo=b"\x89PNG").logo == b"\x89PNG"
    assert page().logo is None


@given(positive_rows, st.booleans())
def test_the_figures_of_any_invoice_are_those_of_its_page(
    rows: list[InvoiceRow], round_to_krona: Any
) -> None:
    given_invoice = invoice(*rows, round_to_krona=round_to_krona)
    found = page(given_invoice)
    assert (found.net, found.vat, found.rounding, found.total) == (
        given_invoice.net,
        given_invoice.vat,
        given_invoice.rounding,
        given_invoice.total,
    )
    assert [each.amount for each in found.rows if isinstance(each, PageRow)] == [each.amount for each in rows]
    assert [(line.rate or 0, line.base, line.vat) for line in found.vat_lines] == [
        (int(line.vat_rate), line.base, line.vat) for line in given_invoice.vat_lines
    ]


@given(positive_rows)
def test_the_same_invoice_gives_the_same_page(rows: list[InvoiceRow]) -> None:
    assert page(invoice(*rows)) == page(invoice(*rows))


def test_words_stand_between_the_rows_where_they_were_written() -> None:
    found = page(invoice(TextRow(text="Etapp 1"), row(100), TextRow(text="Etapp 2"), row(200)))
    assert [each.text if isinstance(each, PageText) else each.amount for each in found.rows] == [
        "Etapp 1",
        100,
        "Etapp 2",
        200,
    ]


def test_a_rate_or_a_discount_of_nothing_is_not_shown() -> None:
    rows = [row(100_000, "0"), row(50_000, discount_percent=Decimal("12.5"))]
    found = page(invoice(*rows))
    shown = [(each.vat_rate, each.discount_percent) for each in found.rows if isinstance(each, PageRow)]
    assert shown == [(None, None), (25, Decimal("12.5"))]
    assert [line.rate for line in found.vat_lines] == [25, None]


def test_the_delivery_date_is_shown_only_when_it_is_another_than_the_invoice_date() -> None:
    assert page(invoice(delivery_date=DAY)).delivery_date is None
    assert page(invoice(delivery_date=date(2026, 11, 1))).delivery_date == date(2026, 11, 1)
    assert page().delivery_date is None


# ---------------------------------------------------------------- seller and buyer


def test_the_seller_stands_as_the_law_asks_with_ways_to_pay() -> None:
    seller = page().seller
    assert (seller.name, seller.org_no, seller.vat_no) == (
        "Ateljé Lövgren AB",
        "556012-5790",
        "SE556012579001",
    )
    assert seller.address == ("Storgatan 12", "582 23 Linköping")
    assert (seller.seat, seller.f_tax, seller.bankgiro) == ("Linköping", True, "9912346")
    assert (seller.email, seller.phone, seller.swish) == ("anna@example.se", "013-12 34 56", "1231111111")


def test_the_buyer_stands_as_it_was_when_issued() -> None:
    buyer = page().buyer
    assert (buyer.name, buyer.org_no, buyer.vat_no) == ("Kund AB", "556012-5790", "SE556012579001")
    assert buyer.address == ("Kungsgatan 1", "111 22 Stockholm")


def test_a_foreign_buyers_country_is_the_last_line() -> None:
    address = CustomerAddress(street="Hauptstraße 1", postcode="101 15", city="Berlin", country="DE")
    found = page(invoice(buyer=BUYER.model_copy(update={"address": address})))
    assert found.buyer.address == ("Hauptstraße 1", "101 15 Berlin", "DE")


def test_where_it_is_delivered_stands_apart() -> None:
    address = CustomerAddress(street="Lagret 3", postcode="41111", city="Göteborg")
    found = page(invoice(buyer=BUYER.model_copy(update={"delivery_address": address})))
    assert found.delivery_address == ("Lagret 3", "411 11 Göteborg")
    assert page().delivery_address == ()


def test_a_buyer_of_whom_only_the_name_is_known_has_no_other_lines() -> None:
    found = page(invoice(buyer=Buyer(name="Kalle", payment_terms_days=10)))
    assert found.buyer == replace(found.buyer, name="Kalle", address=(), org_no=None, vat_no=None)
    assert found.customer_number is None


# ---------------------------------------------------------------- sales without VAT


@pytest.mark.parametrize("code", [each for each in get_args(VatCode) if each != "domestic"])
def test_a_sale_without_vat_says_what_it_rests_on_beside_its_figures_and_below(code: VatCode) -> None:
    found = page(invoice(row(100_000, "0", vat_code=code), row(5_000)))
    assert [line.label for line in found.vat_lines] == [None, GROUNDS[code].label]
    assert [each.vat_label for each in found.rows if isinstance(each, PageRow)] == [GROUNDS[code].label, None]
    assert GROUNDS[code].note in found.notes


def test_each_ground_is_noted_once_and_an_ordinary_sale_has_no_note() -> None:
    codes: list[VatCode] = ["eu_goods", "eu_services", "eu_goods"]
    found = page(invoice(*(row(100, "0", vat_code=code) for code in codes)))
    assert list(found.notes) == [GROUNDS["eu_goods"].note, GROUNDS["eu_services"].note]
    assert page().notes == ()


# ---------------------------------------------------------------- credit notes


def test_a_credit_note_says_how_much_is_credited_of_which_invoice() -> None:
    found = page(credit_note((0, "1"), settled=125_000, reason="Trasig ruta"))
    assert (found.kind, found.credited_number, found.credited_date) == ("credit_note", "1001", DAY)
    (only,) = found.rows
    assert isinstance(only, PageRow)
    assert (only.quantity, only.unit_price, only.amount) == (Decimal(1), 100_000, 100_000)
    assert [(line.rate, line.base, line.vat) for line in found.vat_lines] == [(25, 100_000, 25_000)]
    assert (found.net, found.vat, found.total) == (100_000, 25_000, 125_000)
    assert found.late_interest_text is None
    assert "Orsak: Trasig ruta" in found.notes


@pytest.mark.parametrize(
    ("settled", "expected"),
    [
        (125_000, ["1\N{NO-BREAK SPACE}250,00 kr är avräknat mot vad som återstod av faktura 1001."]),
        (0, ["1\N{NO-BREAK SPACE}250,00 kr är tillgodo."]),
        (
            25_050,
            [
                "250,50 kr är avräknat mot vad som återstod av faktura 1001.",
                "999,50 kr är tillgodo.",
            ],
        ),
    ],
)
def test_a_credit_note_says_what_it_settled_and_what_is_left_to_the_customer(
    settled: int, expected: list[str]
) -> None:
    assert list(page(credit_note((0, "1"), settled=settled)).notes) == expected


def test_a_credit_note_of_a_deduction_too_shows_the_deduction_with_its_sign() -> None:
    found = page(credit_note(settled=0))
    assert [each.amount for each in found.rows if isinstance(each, PageRow)] == [200_000, -20_050]
    assert [each.quantity for each in found.rows if isinstance(each, PageRow)] == [2, 1]
    assert (found.net, found.vat, found.total) == (179_950, 44_988, 224_938)


@given(
    st.lists(st.builds(sale, st.just("2"), st.integers(1000, 10**6)), min_size=1, max_size=4), st.booleans()
)
def test_the_figures_of_any_credit_note_are_those_of_its_page_turned(
    rows: list[InvoiceRow], round_to_krona: Any
) -> None:
    made = Case(invoice(*rows, round_to_krona=round_to_krona))
    made.credit((0, "1"))
    made.credit()
    for note in made.notes:
        found = page(note)
        assert (found.net, found.vat, found.rounding, found.total) == (
            -note.net,
            -note.vat,
            -note.rounding,
            -note.total,
        )
