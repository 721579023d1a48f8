"""Dunning on the whole cloud: runs at once, payments in the middle, letters, interest, collection."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.company import Company, at_once, today

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.testing import LocalCloud
    from tests.cloud.conftest import Start

ROOT = "ledger/dunning"
LETTERS = "DunningLettersFunction"
STAGES = [
    {"stage": "reminder_1", "days_after": 5, "days_to_pay": 8},
    {"stage": "collection_notice", "days_after": 9, "days_to_pay": 10},
]
SETTINGS = {
    "stages": STAGES,
    "reminder_fee": "60.00",
    "fee_in_terms_since": "2020-01-01",
    "interest": "agreed",
    "agreed_rate": "20",
    "minimum_interest": "0.00",
}


@pytest.fixture(autouse=True)
def calm(cloud: LocalCloud) -> Iterator[None]:
    """No fault is left over, before or after."""
    cloud.clear_faults()
    cloud.wait_idle()
    yield
    cloud.clear_faults()


@pytest.fixture
def firm(start: Start) -> Company:
    """A company whose bureau handles payments and duns by these settings."""
    company = start(handler="bureau", fiscal_year=(today() - timedelta(days=60)).year)
    company.put(f"{ROOT}/settings", SETTINGS, "bureau", **{"If-Match": '"0"'}).expect(200)
    return company


def address(company: Company, kind: str = "success") -> str:
    """An address of SES's mailbox simulator that is this company's alone."""
    return f"{kind}+{company.company_id}@simulator.amazonses.com"


def late(company: Company, total: str = "1250.00", **customer: Any) -> dict[str, Any]:
    """An invoice that fell due three weeks ago, to a customer of its own."""
    made = company.post("customers", {"name": "Sena AB", **customer}).expect(201)
    dates = {"invoice_date": today() - timedelta(days=51), "due_date": today() - timedelta(days=21)}
    days = {name: day.isoformat() for name, day in dates.items()}
    return company.issue(total, customer_id=made["customer_id"], **days)


def dunning(company: Company, tail: str, body: Any = None) -> Any:
    """What the bureau asked for, done."""
    return company.post(f"{ROOT}/{tail}", body or {}, "bureau").expect(200)


def stages(company: Company, invoice: dict[str, Any]) -> list[str]:
    """The steps taken with an invoice."""
    found = company.get(f"{ROOT}/invoices/{invoice['invoice_id']}").expect(200)
    return [each["stage"] for each in found["steps"]]


def taken_days_ago(company: Company, invoice: dict[str, Any], days: int) -> None:
    """Let the steps with an invoice have been taken so many days earlier, behind everybody's back.

    To move the clock would let every morning and night in between pass for all companies there are.
    """
    key = {"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": f"DUNNING#{invoice['invoice_id']}"}}
    tables, name = company.cloud.clients.dynamodb, company.cloud.table("LedgerTable")
    kept = json.loads(tables.get_item(TableName=name, Key=key)["Item"]["steps"]["S"])
    earlier = [
        [stage, *((date.fromisoformat(day) - timedelta(days=days)).isoformat() for day in span), *rest]
        for stage, span, rest in ((step[0], step[1:3], step[3:]) for step in kept)
    ]
    tables.update_item(
        TableName=name,
        Key=key,
        UpdateExpression="SET steps = :steps",
        ExpressionAttributeValues={":steps": {"S": json.dumps(earlier)}},
    )


def test_given_runs_started_at_once_when_all_are_done_then_each_step_is_taken_once_and_one_mail_goes(
    firm: Company,
) -> None:
    mailed, printed = late(firm, email=address(firm)), late(firm, delivery="print")
    firm.cloud.fault(LETTERS, "crash_after", operation="SendEmail")
    firm.cloud.wait_idle()
    results = at_once(4, lambda _: dunning(firm, "run"))
    firm.cloud.wait_idle()

    steps = sorted(step["step_id"] for result in results for step in result["steps"])
    assert steps == sorted(f"dunning/{each['invoice_id']}/reminder_1" for each in (mailed, printed))
    letters = firm.every(f"{ROOT}/letters")
    fates = {tuple(each["invoice_numbers"]): each["delivery"]["status"] for each in letters}
    assert fates == {(mailed["number"],): "delivered", (printed["number"],): "printed"}
    assert firm.cloud.faults() == []
    (mail,) = firm.cloud.mails(address(firm))
    letter_id = next(each["letter_id"] for each in letters if each["delivery"]["to"])
    pdf = firm.get(f"{ROOT}/letters/{letter_id}/pdf").content
    assert pdf.startswith(b"%PDF")
    assert mail.attachments == {f"paminnelse-{today()}.pdf": pdf}
    for each in (mailed, printed):
        shown = firm.invoice(each["invoice_id"])["dunning"]
        assert shown == {"stage": "reminder_1", "date": today().isoformat()}
    assert firm.cloud.invoke(LETTERS, {"replay": firm.company_id})["payload"] == {"looked_at": 0}
    assert len(firm.cloud.mails(address(firm))) == 1


def test_given_payments_in_the_middle_of_a_run_when_all_is_done_then_every_invoice_is_told_of_once(
    firm: Company,
) -> None:
    invoices = [late(firm) for _ in range(6)]
    firm.cloud.wait_idle()

    def work(place: int) -> Any:
        if place < 3:
            return firm.pay(invoices[place], "1250.00", "bureau").expect(201)
        return dunning(firm, "run")

    *_, first, second = at_once(5, work)
    firm.cloud.wait_idle()
    steps = [step["invoice_id"] for result in (first, second) for step in result["steps"]]
    assert len(set(steps)) == len(steps)
    assert {each["invoice_id"] for each in invoices[3:]} <= set(steps)
    for each in invoices:
        assert stages(firm, each) == (["reminder_1"] if each["invoice_id"] in steps else [])
    firm.assert_agreement("3750.00")
    firm.assert_posted_once()


def test_given_debts_paid_late_and_unpaid_when_interest_is_invoiced_at_once_then_each_is_invoiced_once(
    firm: Company,
) -> None:
    paid, unpaid = late(firm), late(firm, "10000.00", email=address(firm))
    firm.cloud.wait_idle()
    firm.pay(paid, "1250.00", "bureau").expect(201)
    firm.cloud.wait_idle()
    results = at_once(3, lambda _: dunning(firm, "interest-invoices"))
    firm.cloud.wait_idle()

    made = {each["customer_id"]: each for result in results for each in result["invoices"]}
    assert sum(len(result["invoices"]) for result in results) == 2
    assert {each["total"] for each in made.values()} == {"14.38", "115.07"}
    invoice = firm.invoice(made[unpaid["customer_id"]]["invoice_id"])
    assert (invoice["status"], invoice["ledger"]["status"]) == ("sent", "posted")
    assert [mail.subject for mail in firm.cloud.mails(address(firm))] == [
        f"Faktura {invoice['number']} från Firman AB"
    ]
    balances = firm.get("ledger/balances", "bureau").expect(200)["items"]
    assert {each["account"]: each["closing"] for each in balances}["8313"] == "-129.45"
    firm.assert_agreement("10129.45")
    firm.assert_posted_once()


def test_given_a_notice_that_has_run_out_when_handed_over_at_once_then_the_case_is_in_one_export(
    firm: Company,
) -> None:
    invoice = late(firm, delivery="print")
    firm.cloud.wait_idle()
    wanted = {"reason": "promised", "invoice_id": invoice["invoice_id"], "until": today().isoformat()}
    pause = firm.post(f"{ROOT}/pauses", wanted, "bureau").expect(201)
    assert [each["reason"] for each in dunning(firm, "run")["left_out"]] == ["promised"]
    dunning(firm, f"pauses/{pause['pause_id']}/end")
    for days in (9, 11):
        assert len(dunning(firm, "run")["steps"]) == 1
        taken_days_ago(firm, invoice, days)
    results = at_once(3, lambda _: dunning(firm, "collection-export"))
    firm.cloud.wait_idle()

    (export,) = [result for result in results if result["cases"]]
    (case,) = export["cases"]
    assert case["invoice_id"] == invoice["invoice_id"]
    assert [step["stage"] for step in case["history"]] == ["reminder_1", "collection_notice"]
    kept = firm.get(f"{ROOT}/collection-exports/{export['export_id']}", "bureau").expect(200)
    assert kept == export
    assert stages(firm, invoice)[-1] == "handed_over"
    assert firm.invoice(invoice["invoice_id"])["dunning"]["stage"] == "handed_over"


def test_given_a_morning_when_the_schedule_fires_then_what_is_due_is_proposed_and_nothing_is_sent(
    firm: Company,
) -> None:
    invoice = late(firm)
    firm.cloud.wait_idle()
    firm.cloud.fire_schedule("DunningProposalsFunction")
    firm.cloud.wait_idle(60)
    found = firm.get(f"{ROOT}/proposal").expect(200)
    assert [each["invoice_id"] for each in found["invoices"]] == [invoice["invoice_id"]]
    assert (found["stages"][0]["stage"], stages(firm, invoice)) == ("reminder_1", [])
