import json
from typing import Any

from tests.functions.books import NOW, Firm, Office, stand_at
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def busy_firm(office: Office) -> Firm:
    """Two customers, sales in October and November, rent, and one invoice long overdue."""
    firm = office.firm()
    small, large = firm.customer("Lilla Kunden"), firm.customer("Stora Kunden AB")
    firm.issue("100.00", customer=small, invoice_date="2026-07-01", due_date="2026-07-31")
    firm.issue("1000.00", customer=large, invoice_date="2026-10-05")
    paid = firm.issue("200.00", customer=large, rate="6", invoice_date="2026-11-02")
    firm.pay("212.00", paid, payment_date="2026-11-10")
    office.settle()
    firm.voucher("5010", "1930", "300.00", "2026-10-31")
    firm.voucher("6570", "1930", "0.50", "2026-11-01")
    return firm


def by_month(overview: Any) -> dict[str, tuple[str, str, str]]:
    return {each["month"]: (each["revenue"], each["cost"], each["result"]) for each in overview["months"]}


def test_the_figures_of_a_month_are_those_of_the_books_for_both_parties(office: Office) -> None:
    firm = busy_firm(office)
    found = firm.ok("GET", "/overview")
    assert found == firm.ok("GET", "/overview?month=2026-11", user=STAFF)
    months = by_month(found)
    assert months["2026-07"] == ("100.00", "0.00", "100.00")
    assert months["2026-10"] == ("1000.00", "300.00", "700.00")
    assert months["2026-11"] == ("200.00", "0.50", "199.50")
    assert months["2026-01"] == ("0.00", "0.00", "0.00")
    assert "2026-12" not in months
    assert found["liquidity"] == "-88.50"
    assert found["vat_to_pay"] == "287.00"
    assert found["largest_customers"] == [
        {"name": "Stora Kunden AB", "amount": "1462.00"},
        {"name": "Lilla Kunden", "amount": "125.00"},
    ]
    assert [each["amount"] for each in found["largest_costs"]] == ["300.00", "0.50"]
    ages = {each["label"]: (each["amount"], each["count"]) for each in found["receivables_by_age"]}
    assert ages["Över 90 dagar"] == ("125.00", 1)
    assert ages["1–30 dagar"] == ("1250.00", 1)
    assert sum(count for _, count in ages.values()) == 2


def test_the_figures_of_a_past_month_do_not_know_what_came_after(office: Office) -> None:
    firm = busy_firm(office)
    found = firm.ok("GET", "/overview?month=2026-10")
    assert set(by_month(found)) == {f"2026-{month:02}" for month in range(1, 11)}
    assert (found["liquidity"], found["vat_to_pay"]) == ("-300.00", "275.00")
    assert {each["name"]: each["amount"] for each in found["largest_customers"]} == {
        "Stora Kunden AB": "1250.00",
        "Lilla Kunden": "125.00",
    }
    assert firm.call("GET", "/overview?month=2026-13").status == 422
    assert firm.call("GET", "/overview?month=x").status == 422


def test_a_company_without_books_yet_has_an_overview_of_zeros(office: Office) -> None:
    found = office.firm().ok("GET", "/overview")
    assert found["liquidity"] == found["vat_to_pay"] == "0.00"
    assert found["largest_customers"] == found["largest_costs"] == []


# ---------------------------------------------------------------- monthly reports


def waiting_messages(office: Office) -> list[dict[str, Any]]:
    url = office.cloud.template.function("MonthlyReportsFunction").environment["COMPANY_REPORT_QUEUE_URL"]
    found = office.cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in found]


def batch(*wanted: dict[str, Any]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(place),
                "receiptHandle": "r",
                "body": json.dumps(each),
                "eventSource": "aws:sqs",
            }
            for place, each in enumerate(wanted)
        ]
    }


def test_once_a_month_every_active_company_is_asked_for_last_month_and_no_other_is(office: Office) -> None:
    active = [office.firm(), office.firm(client="olle", staff="stina")]
    office.firm(active=False, client="ulla", staff="sten")
    stand_at(NOW.replace(month=12, day=3))
    office.invoke("monthly_reports", {"source": "aws.scheduler"})
    assert sorted(each["company_id"] for each in waiting_messages(office)) == sorted(
        each.company_id for each in active
    )


def test_in_january_the_reports_are_of_december(office: Office) -> None:
    firm = office.firm()
    stand_at(NOW.replace(year=2027, month=1, day=3))
    office.invoke("monthly_reports", {})
    assert waiting_messages(office) == [{"company_id": firm.company_id, "month": "2026-12"}]


def test_a_report_is_made_once_per_month_listed_newest_first_and_read_by_its_link(office: Office) -> None:
    firm = busy_firm(office)
    wanted = [{"company_id": firm.company_id, "month": month} for month in ("2026-09", "2026-10", "2026-10")]
    assert office.invoke("company_report", batch(*wanted)) == {"batchItemFailures": []}
    listed = firm.ok("GET", "/overview/reports")["items"]
    assert [each["month"] for each in listed] == ["2026-10", "2026-09"]
    first = firm.ok("GET", "/overview/reports?limit=1")
    assert firm.ok("GET", f"/overview/reports?cursor={first['next']}")["items"] == listed[1:]
    for user in (CLIENT, STAFF):
        report = firm.ok("GET", "/overview/reports/2026-10", user=user)
        assert f"{firm.company_id}/2026-10.html" in report["html"]["url"]
    kept = office.cloud.s3.get_object(
        Bucket=office.cloud.bucket("ReportsBucket"), Key=f"{firm.company_id}/2026-10.html"
    )
    page = kept["Body"].read().decode()
    assert kept["ContentType"] == "text/html; charset=utf-8"
    assert "Ateljé Lövgren AB" in page
    assert "Stora Kunden AB" in page
    assert code(firm.call("GET", "/overview/reports/2026-11")) == (404, "not-found")
    assert firm.call("GET", "/overview/reports/november").status == 422


def test_a_message_that_fails_is_sent_again_and_the_others_are_not(office: Office) -> None:
    firm = office.firm()
    good = {"company_id": firm.company_id, "month": "2026-10"}
    wanted = [{"company_id": "com_00000000000000000000", "month": "2026-10"}, good, {"nonsense": "x"}]
    answer = office.invoke("company_report", batch(*wanted))
    assert sorted(each["itemIdentifier"] for each in answer["batchItemFailures"]) == ["0", "2"]
    assert len(firm.ok("GET", "/overview/reports")["items"]) == 1


def test_vat_to_pay_is_on_every_account_that_the_return_takes_vat_from(office: Office) -> None:
    firm = office.firm()
    rows = [{"account": "1930", "debit": "130.00"}]
    rows += [{"account": account, "credit": "25.00"} for account in ("2614", "2618", "2650", "2893")]
    rows += [{"account": "2648", "debit": "5.00"}, {"account": "3001", "credit": "35.00"}]
    given = {"date": "2026-11-23", "text": "Moms", "rows": rows}
    firm.ok("POST", "/ledger/vouchers", given, STAFF)
    assert firm.ok("GET", "/overview")["vat_to_pay"] == "70.00"
