"""Agreement and the sync ledger on the whole cloud: by night, by both parties, and for the bureau."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.cloud.company import today

if TYPE_CHECKING:
    from local.testing import LocalCloud
    from tests.cloud.company import Company


def add_to_remaining(company: Company, invoice_id: str, change: int) -> None:
    """Change what remains of an invoice in invoicing by some öre, behind everybody's back."""
    company.cloud.clients.dynamodb.update_item(
        TableName=company.cloud.table("InvoicingTable"),
        Key={"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": f"INVOICE#{invoice_id}"}},
        UpdateExpression="SET remaining = remaining + :change",
        ExpressionAttributeValues={":change": {"N": str(change)}},
    )


def close_books(company: Company, day: str | None) -> None:
    """Close a period or (None) open it; there is no route for it yet."""
    values: dict[str, Any] = {"ExpressionAttributeValues": {":day": {"S": day}}} if day else {}
    company.cloud.clients.dynamodb.update_item(
        TableName=company.cloud.table("LedgerTable"),
        Key={"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": "BOOKS"}},
        UpdateExpression="SET closed_until = :day" if day else "REMOVE closed_until",
        **values,
    )


def a_night(cloud: LocalCloud) -> None:
    """Let the nightly check run, of all companies there are."""
    cloud.fire_schedule("AgreementFunction")
    cloud.wait_idle(120)


def waiting(company: Company) -> Any:
    """The company in its bureau's list."""
    path, cursor = f"/v1/bureaus/{company.people.bureau_id}/sync?limit=100", ""
    while True:
        page = company.bureau.get(f"{path}{cursor}").expect(200)
        for each in page["items"]:
            if each["company_id"] == company.company_id:
                return each
        cursor = f"&cursor={page['next']}"


def test_given_a_fault_in_a_book_when_a_night_passes_then_both_parties_and_the_bureaus_list_tell_of_it(
    company: Company, cloud: LocalCloud
) -> None:
    invoice = company.issue("1250.00")
    company.pay(invoice, "50.00").expect(201)
    cloud.wait_idle()
    add_to_remaining(company, invoice["invoice_id"], 1)
    a_night(cloud)
    found = company.get("agreement/nightly").expect(200)
    assert found == company.get("agreement/nightly", "bureau").expect(200)
    assert (found["agrees"], found["first_difference"]["cause"]) == (False, "differs")
    assert found["first_difference"]["event"].endswith("/registered")
    nightly = waiting(company)["nightly"]
    assert nightly["first_difference"] == found["first_difference"]["event"]

    add_to_remaining(company, invoice["invoice_id"], -1)
    a_night(cloud)
    assert company.get("agreement/nightly").expect(200)["agrees"] is True
    assert waiting(company)["nightly"]["agrees"] is True


def test_given_parked_events_when_their_cause_is_mended_then_one_retry_posts_all_and_the_list_shows_it(
    company: Company, cloud: LocalCloud
) -> None:
    invoice = company.issue("1250.00")
    cloud.wait_idle()
    close_books(company, today().isoformat())
    payments = [company.pay(invoice, "250.00").expect(201)["payment_id"] for _ in range(2)]
    company.post(f"payments/{payments[0]}/reverse", {}).expect(200)
    cloud.wait_idle()
    states = [each["ledger"]["state"] for each in company.every("sync")]
    assert states == ["parked", "parked", "parked", "posted"]
    assert waiting(company)["parked"] == 3

    close_books(company, None)
    done = company.post("ledger/parked/retry", by="bureau").expect(200)
    assert done["posted"] == [
        f"payment/{payments[0]}/registered",
        f"payment/{payments[1]}/registered",
        f"payment/{payments[0]}/reversed",
    ]
    cloud.wait_idle()
    found = company.every("sync", "bureau")
    assert found == company.every("sync")
    assert {each["ledger"]["state"] for each in found} == {"posted"}
    assert {each["event"] for each in found} == {*done["posted"], f"invoice/{invoice['invoice_id']}/issued"}
    assert (waiting(company)["parked"], waiting(company)["parked_since"]) == (0, None)
    company.assert_agreement("1000.00")
