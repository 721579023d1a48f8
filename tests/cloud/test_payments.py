"""Payments of files in the hands of people, on the whole cloud; and the day on which a handler changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from local.bank.same import SamePayment, same_payments
from tests.cloud.company import Party, today

if TYPE_CHECKING:
    from local.testing import LocalCloud
    from tests.cloud.company import Company
    from tests.cloud.conftest import Start


def bgmax(*payments: BgMaxPayment) -> bytes:
    """A BgMax file of today."""
    return bgmax_file(BANKGIRO, payments, payment_day=today())


def drop(company: Company, name: str, content: bytes) -> dict[str, Any]:
    """Put a file in the bucket as the bank does, wait, and read what became of it."""
    key = f"dropped/{company.company_id}/{name}"
    bucket = company.cloud.bucket("PaymentFilesBucket")
    company.cloud.clients.s3.put_object(Bucket=bucket, Key=key, Body=content)
    company.cloud.wait_idle()
    newest: dict[str, Any] = company.get("payment-files?limit=1").expect(200)["items"][0]
    return newest


def test_given_a_file_dropped_in_the_bucket_when_read_then_it_is_dealt_with_for_who_handles_payments(
    start: Start,
) -> None:
    company = start(handler="bureau")
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()

    file = drop(
        company, "från banken/BGMAX.txt", bgmax(BgMaxPayment(amount=125_000, reference=invoice["ocr"]))
    )

    assert (file["status"], file["uploaded_by"]) == ("done", "bank")
    assert (file["filename"], file["totals"]["exact"]) == ("från banken/BGMAX.txt", 1)
    (payment,) = company.every("payments")
    assert (payment["origin"], payment["sync"]) == ("ledger", "synchronised")
    company.assert_agreement("0.00")
    company.assert_posted_once()


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_an_unknown_payer_when_confirmed_undone_and_confirmed_again_then_both_books_follow(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()
    unknown = BgMaxPayment(amount=125_000, reference="Tack", code=3, name="MOSTER GUNVOR", serial=1)
    (told,) = company.send_file(bgmax(unknown), handler)["payments"]
    address = f"bank-payments/{told['bank_payment_id']}"
    allocation = {"invoice_id": invoice["invoice_id"], "amount": "1250.00"}
    assert told["match"] == "unmatched"

    confirmed = company.post(f"{address}/confirm", {"allocations": [allocation]}, handler).expect(200)
    company.cloud.wait_idle()
    company.assert_agreement("0.00")
    (payer,) = company.get(f"customers/{company.customer_id}/payers").expect(200)["items"]
    assert (payer["shown"], payer["bank_payment_id"]) == ("MOSTER GUNVOR", told["bank_payment_id"])

    undone = company.post(f"{address}/undo", None, handler).expect(200)
    company.cloud.wait_idle()
    assert (undone["status"], undone["payment_id"]) == ("waiting", None)
    assert company.get(f"customers/{company.customer_id}/payers").expect(200)["items"] == []
    company.assert_agreement("1250.00")

    again = company.post(f"{address}/match", None, handler).expect(200)
    assert (again["status"], again["proposals"]) == ("waiting", [])
    stale = {"version": confirmed["version"], "allocations": [allocation]}
    assert company.post(f"{address}/confirm", stale, handler).status == 412
    fresh = stale | {"version": again["version"]}
    company.post(f"{address}/confirm", fresh, handler).expect(200)
    (second,) = company.send_file(bgmax(replace(unknown, serial=2)), handler)["payments"]
    look = company.post(f"bank-payments/{second['bank_payment_id']}/match", None, handler).expect(200)
    assert any("MOSTER GUNVOR paid invoice 1001" in reason for reason in look["reasons"])
    forgotten = company.post(
        f"customers/{company.customer_id}/payers/{payer['payer_id']}/forget", None, handler
    )
    assert forgotten.expect(200)["payer_id"] == payer["payer_id"]
    company.cloud.wait_idle()
    assert sorted(each["status"] for each in company.every("bank-payments")) == ["registered", "waiting"]
    company.assert_agreement("0.00")
    company.assert_posted_once()


def test_given_the_same_payments_in_three_formats_when_all_are_sent_then_each_is_registered_once(
    company: Company,
) -> None:
    invoices = [company.issue("1250.00") for _ in range(3)]
    company.cloud.wait_idle()
    same = [
        SamePayment(day=today(), amount=125_000, reference=each["ocr"], name="Kund AB") for each in invoices
    ]
    found = [company.send_file(content) for content in same_payments(BANKGIRO, same).values()]

    assert [each["totals"]["exact"] for each in found] == [3, 0, 0]
    assert [each["totals"]["duplicates"] for each in found] == [0, 3, 3]
    first = [each["bank_payment_id"] for each in found[0]["payments"]]
    assert [each["same_as"] for each in found[1]["payments"]] == first
    assert len(company.every("payments")) == 3
    company.assert_agreement("0.00")
    company.assert_posted_once()


def test_given_a_dated_change_when_its_day_has_come_then_the_new_handler_takes_over_before_it_writes(
    company: Company, cloud: LocalCloud
) -> None:
    invoice = company.issue("1250.00")
    cloud.wait_idle()
    tomorrow = {"handler": "bureau", "since": (today() + timedelta(days=1)).isoformat()}
    company.post("collaboration/payment-handler", tomorrow).expect(200)
    assert company.pay(invoice, "100.00", by="bureau").status == 403
    let_the_day_come(company)
    cloud.wait_idle()
    before = handled(company)

    company.pay(invoice, "100.00", by="bureau").expect(201)

    after = handled(company)
    assert (before["handled_by"]["S"], after["handled_by"]["S"]) == ("client", "bureau")
    # Whoever began by the version before can no longer write.
    assert int(after["handler_version"]["N"]) == int(before["handler_version"]["N"]) + 1
    refused = company.pay(invoice, "100.00")
    assert (refused.status, refused.json["code"]) == (403, "not-handler")
    cloud.wait_idle()
    company.assert_agreement("1150.00")
    company.assert_posted_once()


def handled(company: Company) -> dict[str, Any]:
    """The company's collaboration as it is kept."""
    item: dict[str, Any] = company.cloud.clients.dynamodb.get_item(
        TableName=company.cloud.table("PlatformTable"), Key=collaboration(company), ConsistentRead=True
    )["Item"]
    return item


def collaboration(company: Company) -> Any:
    return {"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": "COLLABORATION"}}


def let_the_day_come(company: Company) -> None:
    """Let every decision on the payment handler be of today: as at the midnight after it was made."""
    kept = json.loads(json.dumps(handled(company)["handlers"]))
    for decision in kept["L"]:
        decision["M"]["since"]["S"] = min(decision["M"]["since"]["S"], today().isoformat())
    company.cloud.clients.dynamodb.update_item(
        TableName=company.cloud.table("PlatformTable"),
        Key=collaboration(company),
        UpdateExpression="SET handlers = :kept",
        ExpressionAttributeValues={":kept": kept},
    )
