from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from samklang.collaboration.model import Address, BankStep, CompanyDetails, CompanyStep, FiscalYearStep
from samklang.invoicing.model import Buyer, CustomerAddress, Invoice, InvoiceRow, totals
from samklang.invoicing.page import PageRow
from samklang.invoicing.printing import page_of
from samklang.platform.problems import Problem
from tests.unit.test_invoice_totals import positive_rows, row

DAY = date(2026, 11, 23)
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
BUYER = Buyer(
    name="Kund AB",
    org_no="5560125790",
    vat_no="SE556012579001",
    address=CustomerAddress(street="Kungsgatan 1", postcode="111 22", city="Stockholm"),
    payment_terms_days=30,
)


def invoice(*rows: InvoiceRow, **values: Any) -> Invoice:
    sums = totals(list(rows) or [row(100_000)])
    fields: dict[str, Any] = {
        "invoice_id": "inv_1",
        "customer_id": "cus_1",
        "customer_name": "Kund AB",
        "status": "issued",
        "number": 1001,
        "ocr": "100164",
        "invoice_date": DAY,
        "delivery_date": None,
        "due_date": date(2026, 12, 23),
        "your_reference": "Karin Ek",
        "our_reference": "Anna Lövgren",
        "rows": list(rows) or [row(100_000)],
        "vat_lines": sums.vat_lines,
        "net": sums.net,
        "vat": sums.vat,
        "total": sums.total,
        "paid": 0,
        "remaining": sums.total,
        "buyer": BUYER,
        "ledger": None,
        "version": 2,
    }
    return Invoice(**fields | values)


def test_a_draft_has_no_page() -> None:
    with pytest.raises(Problem) as caught:
        page_of(invoice(number=None, ocr=None, status="draft"), SELLER)
    assert caught.value.code == "not-issued"


def test_number_dates_references_and_ocr_stand_on_the_page() -> None:
    page = page_of(invoice(), SELLER)
    assert (page.kind, page.number, page.ocr) == ("invoice", "1001", "100164")
    assert (page.invoice_date, page.due_date) == (DAY, date(2026, 12, 23))
    assert (page.your_reference, page.our_reference) == ("Karin Ek", "Anna Lövgren")


@given(positive_rows)
def test_the_figures_of_any_invoice_are_those_of_its_page(rows: list[InvoiceRow]) -> None:
    given_invoice = invoice(*rows)
    page = page_of(given_invoice, SELLER)
    assert (page.net, page.vat, page.total) == (given_invoice.net, given_invoice.vat, given_invoice.total)
    assert [each.amount for each in page.rows if isinstance(each, PageRow)] == [each.amount for each in rows]
    assert [(line.rate or 0, line.base, line.vat) for line in page.vat_lines] == [
        (int(line.vat_rate), line.base, line.vat) for line in given_invoice.vat_lines
    ]


@given(positive_rows)
def test_the_same_invoice_gives_the_same_page(rows: list[InvoiceRow]) -> None:
    assert page_of(invoice(*rows), SELLER) == page_of(invoice(*rows), SELLER)


def test_a_rate_or_a_discount_of_nothing_is_not_shown() -> None:
    rows = [row(100_000, "0"), row(50_000).model_copy(update={"discount_percent": Decimal("12.5")})]
    page = page_of(invoice(*rows), SELLER)
    shown = [(each.vat_rate, each.discount_percent) for each in page.rows if isinstance(each, PageRow)]
    assert shown == [(None, None), (25, Decimal("12.5"))]
    assert [line.rate for line in page.vat_lines] == [25, None]


def test_the_delivery_date_is_shown_only_when_it_is_another_than_the_invoice_date() -> None:
    assert page_of(invoice(delivery_date=DAY), SELLER).delivery_date is None
    assert page_of(invoice(delivery_date=date(2026, 11, 1)), SELLER).delivery_date == date(2026, 11, 1)
    assert page_of(invoice(), SELLER).delivery_date is None


def test_the_seller_stands_as_the_law_asks_with_ways_to_pay() -> None:
    seller = page_of(invoice(), SELLER).seller
    assert (seller.name, seller.org_no, seller.vat_no) == (
        "Ateljé Lövgren AB",
        "556012-5790",
        "SE556012579001",
    )
    assert seller.address == ("Storgatan 12", "582 23 Linköping")
    assert (seller.seat, seller.f_tax, seller.bankgiro) == ("Linköping", True, "9912346")
    assert (seller.email, seller.phone, seller.swish) == ("anna@example.se", "013-12 34 56", "1231111111")


def test_the_buyer_stands_as_it_was_when_issued() -> None:
    buyer = page_of(invoice(), SELLER).buyer
    assert (buyer.name, buyer.org_no, buyer.vat_no) == ("Kund AB", "556012-5790", "SE556012579001")
    assert buyer.address == ("Kungsgatan 1", "111 22 Stockholm")


def test_a_foreign_buyers_country_is_the_last_line() -> None:
    address = CustomerAddress(street="Hauptstraße 1", postcode="101 15", city="Berlin", country="DE")
    page = page_of(invoice(buyer=BUYER.model_copy(update={"address": address})), SELLER)
    assert page.buyer.address[-1] == "DE"


def test_a_buyer_of_whom_only_the_name_is_known_has_no_other_lines() -> None:
    page = page_of(invoice(buyer=Buyer(name="Kalle", payment_terms_days=10)), SELLER)
    assert page.buyer == replace(page.buyer, name="Kalle", address=(), org_no=None, vat_no=None)
