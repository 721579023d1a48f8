"""Bad debts and the cash method's year end on the whole cloud: at once, across both sides, over the year."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from samklang.platform.money import parse_sek
from tests.cloud.company import CUSTOMER, Company, at_once, today

if TYPE_CHECKING:
    from local.client import Answer
    from local.testing import LocalCloud
    from tests.cloud.company import People


def write_off(company: Company, invoice: dict[str, Any], **more: Any) -> Answer:
    """Try to write an invoice off."""
    body = {"invoice_id": invoice["invoice_id"], "date": today().isoformat(), "reason": "Konkurs", **more}
    return company.post("ledger/bad-debts", body, "bureau")


def posted(company: Company) -> dict[str, int]:
    """What every voucher comes to by account, in öre; zeros left out."""
    sums: Counter[str] = Counter()
    for voucher in company.every("ledger/vouchers", "bureau"):
        for row in voucher["rows"]:
            sums[row["account"]] += parse_sek(row["debit"]) - parse_sek(row["credit"])
    return {account: amount for account, amount in sums.items() if amount}


def agrees(company: Company) -> None:
    """Both books say the same."""
    company.cloud.wait_idle()
    found = company.get("agreement").expect(200)
    assert found["agrees"] is True, found


def test_given_an_invoice_when_written_off_and_recovered_twice_at_once_then_each_is_done_once(
    company: Company,
) -> None:
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()
    answers = at_once(2, lambda _: write_off(company, invoice))
    refused = [answer for answer in answers if answer.status != 201]
    assert [answer.json["code"] for answer in refused] == ["allocation-exceeds"]
    (bad_debt,) = company.every("ledger/bad-debts", "bureau")
    agrees(company)
    found = company.invoice(invoice["invoice_id"])
    assert (found["status"], found["written_off"], found["paid"]) == ("written_off", "1250.00", "0.00")

    money = {"date": today().isoformat(), "amount": "1000.00"}
    address = f"ledger/bad-debts/{bad_debt['bad_debt_id']}"
    answers = at_once(2, lambda _: company.post(f"{address}/recover", money, "bureau"))
    assert sorted(answer.status for answer in answers) == [200, 409]
    agrees(company)
    found = company.invoice(invoice["invoice_id"])
    assert (found["status"], found["written_off"], found["paid"]) == ("written_off", "250.00", "1000.00")
    assert posted(company) == {
        "1930": 100_000,
        "2611": -20_000,
        "3001": -100_000,
        "6351": 20_000,
        "6358": 20_000,
        "6359": -20_000,
    }
    assert company.post(f"{address}/reverse", {}, "bureau").expect(200)["status"] == "recovered"
    agrees(company)
    assert company.invoice(invoice["invoice_id"])["remaining"] == "250.00"


def test_given_a_client_that_pays_while_the_bureau_writes_off_then_both_books_still_agree(
    company: Company,
) -> None:
    invoices = [company.issue("1250.00") for _ in range(2)]
    company.cloud.wait_idle()

    def one(place: int) -> Answer:
        invoice = invoices[place // 2]
        return write_off(company, invoice) if place % 2 else company.pay(invoice, "1250.00")

    answers = at_once(4, one)
    assert {answer.status for answer in answers} <= {201, 409}
    agrees(company)
    for invoice in invoices:
        found = company.invoice(invoice["invoice_id"])
        # A payment that was under way in the very moment leaves what is to be taken back, in both books.
        assert found["remaining"] in {"0.00", "-1250.00"}


def test_given_the_end_of_a_year_when_posted_twice_at_once_then_each_item_is_posted_once(
    cloud: LocalCloud, people: People
) -> None:
    company = Company.guided(cloud, people, handler="client")
    year = today().year - 1
    steps = {"start": f"{year}-01-01", "end": f"{year}-12-31", "accounting_method": "cash"}
    company.put("start-guide/fiscal_year", steps).expect(200)
    company.post("collaboration/activate").expect(200)
    customer = company.post("customers", CUSTOMER).expect(201)["customer_id"]
    old = {"customer_id": customer, "invoice_date": f"{year}-12-01", "due_date": f"{year}-12-31"}
    first, second = (company.issue(total, **old) for total in ("1250.00", "250.00"))
    supplier = company.post("ledger/suppliers", {"name": "Leverantör AB"}, "bureau").expect(201)
    bill = {"supplier_id": supplier["supplier_id"], "number": "7", "invoice_date": f"{year}-12-10"}
    rows = {"total": "125.00", "rows": [{"account": "5410", "net": "100.00"}]}
    company.post("ledger/supplier-invoices", bill | rows, "bureau").expect(201)
    cloud.wait_idle()
    company.pay(first, "625.00", payment_date=f"{year}-12-20").expect(201)
    cloud.wait_idle()

    body = {"fiscal_year": str(year)}
    answers = at_once(2, lambda _: company.post("ledger/year-end/cash-method", body, "bureau"))
    assert sum(answer.expect(200)["count"] for answer in answers) == 3
    assert company.post("ledger/year-end/cash-method", body, "bureau").expect(200)["count"] == 0
    agrees(company)
    claims = {"1510": 87_500, "1930": 62_500, "2611": -12_500, "2618": -17_500, "3001": -120_000}
    assert posted(company) == claims | {"2440": -12_500, "2648": 2_500, "5410": 10_000}

    company.pay(first, "625.00").expect(201)
    cloud.wait_idle()
    write_off(company, second).expect(201)
    agrees(company)
    lost = {"2611": -7_500, "6351": 20_000, "6358": 20_000, "6359": -20_000}
    found = posted(company)
    assert "1510" not in found
    assert {account: found[account] for account in lost} == lost
