"""The VAT return on the whole cloud: from invoices to Skatteverket's files, and closings at the same time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from samklang.formats.eskd import read_eskd
from samklang.formats.eu_sales_list import BuyerSales, read_sales_list
from tests.cloud.company import CUSTOMER, Company, at_once, today

if TYPE_CHECKING:
    from local.testing import LocalCloud
    from tests.cloud.company import People
    from tests.cloud.conftest import Start

YEAR = today().year - 1
QUARTER = f"{YEAR}-Q4"
DAY = f"{YEAR}-11-10"
GERMAN = "DE136695976"


@pytest.fixture
def company(start: Start) -> Company:
    """A company whose books began last year, so that a quarter of them has ended."""
    return start(fiscal_year=YEAR)


def by_hand(debit: str, credit: str, amount: str) -> dict[str, Any]:
    """A voucher of two rows in the quarter."""
    rows = [{"account": debit, "debit": amount}, {"account": credit, "credit": amount}]
    return {"date": DAY, "text": "För hand", "rows": rows}


def filled(boxes: dict[str, str]) -> dict[str, str]:
    """The boxes that say anything."""
    return {box: kronor for box, kronor in boxes.items() if kronor != "0"}


def settlements(company: Company) -> list[dict[str, Any]]:
    """The settlement vouchers."""
    return [each for each in company.every("ledger/vouchers", "bureau") if each["series"] == "M"]


def test_given_sales_at_home_and_abroad_when_a_quarter_is_closed_then_its_files_say_what_the_books_do(
    company: Company,
) -> None:
    abroad = {"name": "Käufer GmbH", "vat_no": GERMAN, "vat_treatment": "eu"}
    buyer = company.post("customers", abroad).expect(201)["customer_id"]
    goods = {"description": "Maskin", "unit_price": "4000.50", "vat_rate": "0", "kind": "goods"}
    company.issue("1250.50", invoice_date=DAY)
    sold = company.post("invoices", {"customer_id": buyer, "invoice_date": DAY, "rows": [goods]}).expect(201)
    company.post(f"invoices/{sold['invoice_id']}/issue").expect(200)
    company.post("ledger/vouchers", by_hand("2641", "1930", "100.20"), "bureau").expect(201)
    company.cloud.wait_idle()

    closed = company.post("ledger/vat-return/close", {"period": QUARTER, "note": "Ny maskin"}, "bureau")

    boxes = {"05": "1000", "10": "250", "35": "4000", "48": "100", "49": "150"}
    found = company.get(f"ledger/vat-return?period={QUARTER}").expect(200)
    assert found == closed.expect(200)
    assert (found["status"], filled(found["boxes"]), found["findings"]) == ("closed", boxes, [])
    told = read_eskd(company.get(f"ledger/vat-return/eskd?period={QUARTER}").content)
    assert ({box: str(each) for box, each in told.boxes.items()}, told.text) == (
        {box: each for box, each in boxes.items() if box != "49"},
        "Ny maskin",
    )
    assert (told.org_no, told.year, told.month) == ("5560160680", YEAR, 12)
    listed = company.get(f"ledger/vat-return/eu-sales-list?period={YEAR}-11").expect(200)
    assert [(each["vat_no"], each["goods"]) for each in listed["buyers"]] == [(GERMAN, "4000")]
    contact = "contact=Berit+Ek&phone=08-123456&email=berit@example.se"
    file = company.get(f"ledger/vat-return/eu-sales-list/file?period={QUARTER}&{contact}")
    assert read_sales_list(file.content).buyers == (BuyerSales(GERMAN, goods=4000),)
    (voucher,) = company.get(f"ledger/vat-return/boxes/35?period={QUARTER}").expect(200)["items"]
    assert voucher["source"] == f"invoice/{sold['invoice_id']}/issued"
    (settlement,) = settlements(company)
    assert settlement["voucher_id"] == f"{YEAR}-12-31.M.1"
    periods = company.get(f"ledger/vat-returns?fiscal_year={YEAR}-01-01").expect(200)["items"]
    assert [(each["status"], each["to_pay"]) for each in periods] == [("open", "0")] * 3 + [("closed", "150")]
    company.assert_agreement("5251.00")


def test_given_the_cash_method_when_the_years_last_quarter_is_closed_then_what_was_unpaid_is_in_it(
    cloud: LocalCloud, people: People
) -> None:
    company = Company.guided(cloud, people)
    year = {"start": f"{YEAR}-01-01", "end": f"{YEAR}-12-31", "accounting_method": "cash"}
    company.put("start-guide/fiscal_year", year).expect(200)
    company.post("collaboration/activate").expect(200)
    company = replace(company, customer_id=company.post("customers", CUSTOMER).expect(201)["customer_id"])
    company.issue("1250.00", invoice_date=DAY)
    company.cloud.wait_idle()
    closing = {"period": QUARTER}

    refused = company.post("ledger/vat-return/close", closing, "bureau")
    assert (refused.status, refused.json["code"]) == (409, "year-end-missing")
    company.post("ledger/year-end/cash-method", {"fiscal_year": str(YEAR)}, "bureau").expect(200)
    closed = company.post("ledger/vat-return/close", closing, "bureau").expect(200)

    assert filled(closed["boxes"]) == {"05": "1000", "10": "250", "49": "250"}
    assert closed["findings"] == []


def test_given_a_quarter_when_closed_by_several_at_once_then_one_closes_it_and_it_is_settled_once(
    company: Company,
) -> None:
    company.issue("1250.00", invoice_date=DAY)
    company.cloud.wait_idle()

    answers = at_once(5, lambda _: company.post("ledger/vat-return/close", {"period": QUARTER}, "bureau"))

    assert sorted(each.status for each in answers) == [200, 409, 409, 409, 409]
    assert {each.json["code"] for each in answers if each.status == 409} == {"already-closed"}
    assert len(settlements(company)) == 1
    again = company.get(f"ledger/vat-return?period={QUARTER}").expect(200)
    assert [each.json for each in answers if each.status == 200] == [again]
    balances = company.get(f"ledger/balances?to={YEAR}-12-31").expect(200)["items"]
    held = {each["account"]: each["closing"] for each in balances}
    assert (held["2611"], held["2650"]) == ("0.00", "-250.00")


def test_given_vouchers_being_written_when_their_quarter_is_closed_then_each_is_in_the_return_or_refused(
    company: Company,
) -> None:
    def work(place: int) -> int:
        if place == 3:
            body = {"period": QUARTER}
            return company.post("ledger/vat-return/close", body, "bureau", Idempotency_Key="the-same").status
        return company.post("ledger/vouchers", by_hand("2641", "1930", "100.00"), "bureau").status

    statuses = at_once(8, work)

    assert statuses.pop(3) == 200
    assert set(statuses) <= {201, 409}
    found = company.get(f"ledger/vat-return?period={QUARTER}").expect(200)
    assert found["boxes"]["48"] == str(100 * statuses.count(201))
    assert found["findings"] == []
    replayed = company.post(
        "ledger/vat-return/close", {"period": QUARTER}, "bureau", Idempotency_Key="the-same"
    )
    assert replayed.expect(200) == found
    assert len(settlements(company)) == (1 if statuses.count(201) else 0)
