"""The books on the whole cloud: many at once, and what the client, the bureau and a stranger get."""

from __future__ import annotations

import io
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image

from local.client import upload
from tests.cloud.company import at_once, today

if TYPE_CHECKING:
    from local.client import Answer
    from tests.cloud.company import Company


def a_photo() -> bytes:
    """A small JPEG."""
    file = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(file, "JPEG")
    return file.getvalue()


def bureau(company: Company, method: str, address: str, body: Any = None) -> Answer:
    """What the bureau asks of the ledger."""
    return company.bureau.send(method, f"{company.path}/ledger/{address}", body)


def write(company: Company, day: Any, amount: str = "1.00", **values: Any) -> Answer:
    """Write a voucher by hand."""
    rows = [{"account": "1930", "debit": amount}, {"account": "2893", "credit": amount}]
    body = {"date": str(day), "text": "Prov", "rows": rows, **values}
    return bureau(company, "POST", "vouchers", body)


def test_given_a_period_that_is_closed_while_vouchers_are_written_to_it_then_each_is_in_it_or_refused(
    company: Company,
) -> None:
    yesterday = today() - timedelta(days=1)

    def act(place: int) -> Answer:
        if place == 7:
            return bureau(company, "POST", "periods/close", {"until": str(yesterday)})
        return write(company, yesterday)

    answers = at_once(16, act)

    assert answers[7].status == 200
    written = [each for place, each in enumerate(answers) if place != 7]
    assert {each.status for each in written} <= {201, 409}
    assert {each.json["code"] for each in written if each.status == 409} <= {"closed-period"}
    done = sum(each.status == 201 for each in written)
    vouchers = company.every("ledger/vouchers")
    assert sorted(each["number"] for each in vouchers) == list(range(1, done + 1))
    assert bureau(company, "GET", "balances/check").expect(200)["agrees"]
    again = at_once(4, lambda _: bureau(company, "POST", "periods/reopen", {"reason": "Fel"}))
    assert Counter(each.status for each in again) == {200: 1, 409: 3}
    log = company.get("ledger/periods").expect(200)
    assert [each["action"] for each in log["items"]] == ["reopened", "closed"]


def test_given_reviewed_books_when_all_is_journalised_twice_at_once_then_each_voucher_is_posted_once(
    company: Company,
) -> None:
    bureau(company, "PUT", "settings", {"journalising": "reviewed"}).expect(200)
    invoices = [company.issue() for _ in range(4)]
    company.cloud.wait_idle()
    company.pay(invoices[0], "1250.00").expect(201)
    company.cloud.wait_idle()
    waiting = company.every("ledger/journalise")
    assert len(waiting) == 5
    assert company.invoice(invoices[0]["invoice_id"])["ledger"]["status"] == "pending"
    assert company.agreement()["agrees"]

    answers = at_once(3, lambda _: bureau(company, "POST", "journalise").expect(200))

    posted = [each["event"] for one in answers for each in one["results"] if each["voucher_id"]]
    assert sorted(posted) == sorted(each["event"] for each in waiting)
    company.cloud.wait_idle()
    company.assert_posted_once()
    company.assert_agreement("3750.00")


def test_given_an_account_that_is_closed_while_vouchers_use_it_then_none_is_written_after(
    company: Company,
) -> None:
    bureau(company, "POST", "accounts", {"account": "2894", "name": "Tillfälligt"}).expect(201)
    rows = [{"account": "1930", "debit": "1.00"}, {"account": "2894", "credit": "1.00"}]
    body = {"date": str(today()), "text": "Prov", "rows": rows}

    def act(place: int) -> Answer:
        if place == 5:
            return bureau(company, "PUT", "accounts/2894", {"name": "Stängt", "active": False})
        return bureau(company, "POST", "vouchers", body)

    answers = at_once(12, act)

    assert answers[5].status == 200
    done = sum(each.status == 201 for each in answers)
    assert bureau(company, "POST", "vouchers", body).json["code"] == "closed-account"
    assert len(company.every("ledger/vouchers")) == done


def test_given_a_receipt_when_a_voucher_is_written_from_it_then_each_leads_to_the_other(
    company: Company,
) -> None:
    wanted = {"filename": "kvitto.jpg", "content_type": "image/jpeg", "kind": "receipt"}
    announced = company.post("documents", wanted).expect(201)
    assert upload(announced["upload"], a_photo()).status == 204
    company.cloud.wait_idle()
    document = announced["document_id"]
    inbox = company.bureau.get(f"/v1/bureaus/{company.people.bureau_id}/inbox?limit=100").expect(200)
    assert document in {each["document_id"] for each in inbox["items"]}

    voucher = write(company, today(), documents=[document]).expect(201)

    told = company.get(f"documents/{document}").expect(200)
    assert (told["state"], told["booked_as"]) == ("booked", [f"voucher/{voucher['voucher_id']}"])
    inbox = company.bureau.get(f"/v1/bureaus/{company.people.bureau_id}/inbox?limit=100").expect(200)
    assert document not in {each["document_id"] for each in inbox["items"]}
    reversed_ = bureau(company, "POST", f"vouchers/{voucher['voucher_id']}/reverse", {}).expect(200)
    assert reversed_["documents"] == [document]
    use = {"date": str(today()), "amount": "10.00", "documents": [document]}
    made = bureau(company, "POST", "voucher-templates/bank-fee/vouchers", use).expect(201)
    assert (
        company.get(f"documents/{document}").expect(200)["booked_as"][-1] == f"voucher/{made['voucher_id']}"
    )


def test_given_a_bureau_at_work_when_it_sets_up_the_books_then_the_client_reads_them_and_changes_nothing(
    company: Company,
) -> None:
    year = today().year
    bureau(company, "PUT", "series/LON", {"name": "Löner"}).expect(200)
    opening = [{"account": "1930", "debit": "900.00"}, {"account": "2081", "credit": "900.00"}]
    bureau(company, "PUT", "opening-balances", {"rows": opening}).expect(200)
    last = company.get("ledger/fiscal-years").expect(200)["items"][-1]
    bureau(company, "PUT", f"fiscal-years/{last['start']}", {"end": f"{last['end'][:4]}-06-30"}).expect(200)
    bureau(company, "POST", "balances/rebuild").expect(200)
    template = {
        "name": "Lön",
        "text": "Lön",
        "series": "LON",
        "rows": [
            {"account": "7010", "side": "debit", "percent": "100"},
            {"account": "1930", "side": "credit", "percent": "100"},
        ],
    }
    made = bureau(company, "POST", "voucher-templates", template).expect(201)
    use = {"date": str(today()), "amount": "100.00"}
    voucher = bureau(company, "POST", f"voucher-templates/{made['template_id']}/vouchers", use).expect(201)
    assert voucher["voucher_id"] == f"{today()}.LON.1"
    bureau(company, "POST", f"voucher-templates/{made['template_id']}/remove").expect(200)
    balances = company.get(f"ledger/balances?from={year}-01-01").expect(200)["items"]
    assert {each["account"]: each["closing"] for each in balances} == {
        "1930": "800.00",
        "2081": "-900.00",
        "7010": "100.00",
    }
    ledger = company.get("ledger/general-ledger/1930").expect(200)
    assert [each["voucher_id"] for each in ledger["items"]] == [voucher["voucher_id"]]
    with company.unchanged():
        for method, address, body in (
            ("PUT", "series/LON", {"name": "Nej"}),
            ("PUT", "opening-balances", {"rows": []}),
            ("PUT", "settings", {"journalising": "reviewed"}),
            ("POST", "periods/close", {"until": f"{year}-01-31"}),
            ("POST", "accounts", {"account": "3041", "name": "Nej"}),
            ("POST", f"vouchers/{voucher['voucher_id']}/reverse", {}),
            ("POST", "journalise", {}),
            ("POST", "balances/rebuild", None),
        ):
            answer = company.client.send(method, f"{company.path}/ledger/{address}", body)
            assert (answer.status, answer.json["code"]) == (403, "not-allowed"), address
