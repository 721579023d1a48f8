"""What goes wrong in a cloud: crashes around any call, conflicts, deliveries twice, poison, power cuts.

In the end every effect is there once and the books agree.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from local.client import upload
from local.testing import LocalCloud
from samklang.formats.ocr import make_ocr
from tests.cloud.company import ARTICLE, BUREAU, CUSTOMER, STEPS, Company, People, at_once, today

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from local.client import Answer
    from tests.cloud.conftest import Start

MOST_CALLS = 40
"""More AWS calls than any invocation tried here makes."""

HOLD = 5
"""Crashes at the first call: while they last (some seconds) records gather into one batch."""


@pytest.fixture(autouse=True)
def calm(cloud: LocalCloud) -> Iterator[None]:
    """No fault is left over, before or after."""
    cloud.clear_faults()
    cloud.wait_idle()
    yield
    cloud.clear_faults()


def after_each_call(
    cloud: LocalCloud, function: str, kind: str, do: Callable[[int], None], most: int = MOST_CALLS
) -> int:
    """Do something once per AWS call that ``function`` makes for it, with a fault at that call.

    Returns:
        How many calls there were: the first one that no fault could hit ends it.
    """
    for call in range(1, most + 1):
        cloud.fault(function, kind, call=call)
        do(call)
        if cloud.faults():
            cloud.clear_faults()
            return call - 1
    return most


def failures(cloud: LocalCloud, queue: str, company: Company) -> list[str]:
    """What was given up of a company's; other tests' are put back by nobody and not looked at."""
    return [body for body in map(str, cloud.messages(queue)) if company.company_id in body]


# ------------------------------------------------------------------------------------------ ledger_sync


@pytest.mark.parametrize("kind", ["crash_before", "crash_after", "throttle"])
def test_given_an_issued_invoice_when_ledger_sync_fails_at_each_of_its_calls_then_it_is_posted_once(
    company: Company, cloud: LocalCloud, kind: str
) -> None:
    def issue(call: int) -> None:
        company.issue("1250.00")
        cloud.wait_idle()
        company.assert_agreement(f"{1250 * call}.00")

    calls = after_each_call(cloud, "LedgerSyncFunction", kind, issue)

    assert calls >= 3  # read the books, read the items, write
    company.assert_posted_once()


@pytest.mark.parametrize("kind", ["crash_before", "crash_after", "throttle"])
def test_given_a_clients_payment_when_ledger_sync_fails_at_each_of_its_calls_then_it_is_posted_once(
    company: Company, cloud: LocalCloud, kind: str
) -> None:
    invoice = company.issue("1250.00")
    cloud.wait_idle()

    def pay(call: int) -> None:
        company.pay(invoice, "100.00").expect(201)
        cloud.wait_idle()
        company.assert_agreement(f"{1250 - 100 * call}.00")

    calls = after_each_call(cloud, "LedgerSyncFunction", kind, pay)

    assert calls >= 3
    company.assert_posted_once()


@pytest.mark.parametrize("kind", ["crash_before", "crash_after"])
def test_given_a_batch_of_several_transactions_when_ledger_sync_crashes_between_them_then_all_is_posted_once(
    company: Company, cloud: LocalCloud, kind: str
) -> None:
    drafts = [company.draft("125.00") for _ in range(60)]
    first = company.draft("125.00")
    cloud.fault("LedgerSyncFunction", "crash_before", call=1, times=HOLD)
    cloud.fault("LedgerSyncFunction", kind, call=2, operation="TransactWriteItems")
    company.post(f"invoices/{first['invoice_id']}/issue").expect(200)
    at_once(4, lambda part: [issue(company, draft) for draft in drafts[part::4]])
    cloud.wait_idle(40)

    assert cloud.faults() == []
    company.assert_agreement("7625.00")
    company.assert_posted_once()


def issue(company: Company, draft: dict[str, Any]) -> dict[str, Any]:
    issued: dict[str, Any] = company.post(f"invoices/{draft['invoice_id']}/issue").expect(200)
    return issued


def test_given_an_invoice_and_its_payment_when_their_batch_is_delivered_twice_then_each_is_posted_once(
    company: Company, cloud: LocalCloud
) -> None:
    cloud.fault("LedgerSyncFunction", "deliver_twice", times=3)
    cloud.fault("PaymentSyncFunction", "deliver_twice", times=3)
    invoice = company.issue("1250.00")
    payment = company.pay(invoice, "250.00").expect(201)
    company.post(f"payments/{payment['payment_id']}/reverse", {}).expect(200)
    company.pay(invoice, "500.00").expect(201)
    cloud.wait_idle()
    company.issue("125.00")
    cloud.wait_idle()
    company.issue("125.00")
    cloud.wait_idle()

    assert cloud.faults() == []
    company.assert_agreement("1000.00")
    company.assert_posted_once()


def test_given_conflicting_transactions_when_ledger_sync_meets_ten_of_them_then_all_is_posted_once(
    company: Company, cloud: LocalCloud
) -> None:
    cloud.fault("LedgerSyncFunction", "throttle", operation="TransactWriteItems", times=10)
    for _ in range(10):
        company.issue("125.00")
        cloud.wait_idle()

    assert cloud.faults() == []
    company.assert_agreement("1250.00")
    company.assert_posted_once()


def test_given_a_vouchers_written_by_hand_all_the_time_when_invoices_are_issued_then_all_get_gapless_numbers(
    company: Company, cloud: LocalCloud
) -> None:
    rows = [{"account": "1930", "debit": "10.00"}, {"account": "2081", "credit": "10.00"}]
    voucher = {"date": today().isoformat(), "text": "Insättning", "rows": rows}
    known = {each["account"] for each in company.get("ledger/accounts", "bureau").expect(200)["items"]}
    assert {"1930", "2081"} <= known

    def write_or_issue(place: int) -> None:
        if place % 2:
            company.issue("125.00")
        else:
            company.post("ledger/vouchers", voucher, "bureau").expect(201)

    at_once(16, write_or_issue)
    cloud.wait_idle()

    assert len(company.every("ledger/vouchers", "bureau")) == 16
    company.assert_agreement("1000.00")
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ payment_sync


@pytest.mark.parametrize("kind", ["crash_before", "crash_after", "throttle"])
def test_given_a_bureaus_payment_when_payment_sync_fails_at_each_of_its_calls_then_it_comes_back_once(
    start: Start, cloud: LocalCloud, kind: str
) -> None:
    company = start(handler="bureau")
    invoice = company.issue("1250.00")
    cloud.wait_idle()

    def pay(call: int) -> None:
        company.pay(invoice, "100.00", by="bureau").expect(201)
        cloud.wait_idle()
        remaining = f"{1250 - 100 * call}.00"
        assert company.invoice(invoice["invoice_id"])["remaining"] == remaining
        company.assert_agreement(remaining)

    calls = after_each_call(cloud, "PaymentSyncFunction", kind, pay)

    assert calls >= 3  # is it here, the invoices, write
    company.assert_posted_once()


@pytest.mark.parametrize("kind", ["crash_before", "crash_after"])
def test_given_a_bureaus_reversal_when_payment_sync_crashes_at_each_of_its_calls_then_it_comes_back_once(
    start: Start, cloud: LocalCloud, kind: str
) -> None:
    company = start(handler="bureau")
    invoice = company.issue("1250.00")
    cloud.wait_idle()
    payments = [company.pay(invoice, "100.00", by="bureau").expect(201) for _ in range(10)]
    cloud.wait_idle()

    def reverse(call: int) -> None:
        company.post(f"payments/{payments[call]['payment_id']}/reverse", {}, "bureau").expect(200)
        cloud.wait_idle()
        company.assert_agreement(f"{250 + 100 * call}.00")

    calls = after_each_call(cloud, "PaymentSyncFunction", kind, reverse, most=9)

    assert 3 <= calls < 9
    company.assert_posted_once()


def test_given_a_posted_invoice_when_payment_sync_crashes_before_it_tells_then_the_client_sees_it_posted(
    company: Company, cloud: LocalCloud
) -> None:
    cloud.fault("PaymentSyncFunction", "crash_before", call=1, times=3)
    invoice = company.issue()
    cloud.wait_idle()

    assert cloud.faults() == []
    assert company.invoice(invoice["invoice_id"])["ledger"]["status"] == "posted"


# ------------------------------------------------------------------------------------------ payment files


def bgmax(*payments: tuple[str, int]) -> bytes:
    """A BgMax file of today of payments by reference, in öre, unlike any other."""
    made = [
        BgMaxPayment(amount=amount, reference=reference, serial=secrets.randbelow(10**12))
        for reference, amount in payments
    ]
    return bgmax_file(BANKGIRO, made, payment_day=today())


def exact_file(company: Company, invoices: list[dict[str, Any]]) -> bytes:
    """A file that pays these invoices, with a payment of nobody's in the middle."""
    made = [(each["ocr"], 12500) for each in invoices]
    return bgmax(made[0], (make_ocr("77"), 100), *made[1:])


def assert_read(company: Company, file: dict[str, Any]) -> None:
    """A file of :func:`exact_file` was read to its end, and no payment taken for one that came before."""
    assert file["status"] == "done"
    found = [each["match"] for each in file["payments"]]
    assert found == ["exact", "unmatched", *["exact"] * (len(found) - 2)]
    assert file["totals"]["duplicates"] == 0
    assert file["totals"]["exact"] == len(found) - 1


def test_given_a_payment_file_when_its_reading_crashes_after_each_call_then_every_payment_is_registered_once(
    company: Company, cloud: LocalCloud
) -> None:
    most = 12
    pairs = [[company.issue("125.00"), company.issue("125.00")] for _ in range(most)]
    cloud.wait_idle()

    def send(call: int) -> None:
        assert_read(company, company.send_file(exact_file(company, pairs[call - 1])))
        company.assert_agreement(f"{250 * (most - call)}.00")

    calls = after_each_call(cloud, "PaymentFileReceivedFunction", "crash_after", send, most=most)

    assert calls == most
    assert len(company.every("payments")) == 2 * most
    company.assert_posted_once()


@pytest.mark.parametrize("kind", ["crash_before", "crash_after", "throttle"])
def test_given_a_bureaus_payment_file_when_a_registration_fails_midway_then_every_payment_is_registered_once(
    start: Start, cloud: LocalCloud, kind: str
) -> None:
    company = start(handler="bureau")
    invoices = [company.issue("125.00") for _ in range(3)]
    cloud.wait_idle()
    for call in (1, 2):
        cloud.fault("PaymentFileReceivedFunction", kind, call=call, operation="TransactWriteItems")

    file = company.send_file(exact_file(company, invoices), "bureau")

    assert cloud.faults() == []
    assert_read(company, file)
    company.assert_agreement("0.00")
    company.assert_posted_once()


def uploaded(cloud: LocalCloud, company: Company, file_id: str) -> dict[str, Any]:
    """S3's notification of an uploaded payment file."""
    bucket, key = cloud.bucket("PaymentFilesBucket"), f"incoming/{company.company_id}/{file_id}"
    head = cloud.clients.s3.head_object(Bucket=bucket, Key=key)
    told = {"key": key, "versionId": head["VersionId"], "size": head["ContentLength"]}
    return {"Records": [{"s3": {"bucket": {"name": bucket}, "object": told}}]}


def test_given_a_file_that_was_read_when_its_event_comes_again_after_a_change_of_handler_then_it_stays_done(
    company: Company, cloud: LocalCloud
) -> None:
    file = company.send_file(exact_file(company, [company.issue("125.00")]))
    company.let_handle("bureau")

    cloud.invoke("PaymentFileReceivedFunction", uploaded(cloud, company, file["file_id"]))

    assert company.get(f"payment-files/{file['file_id']}").expect(200) == file


def test_given_a_file_given_up_halfway_when_sent_on_after_a_change_of_handler_then_it_tells_what_is_left(
    company: Company, cloud: LocalCloud
) -> None:
    cloud.messages("PaymentFileReceivedFailures")
    invoices = [company.issue("125.00") for _ in range(60)]  # more than two parts of a file
    content = exact_file(company, invoices)
    cloud.wait_idle()
    cloud.fault("PaymentFileReceivedFunction", "crash_after", operation="TransactWriteItems", times=3)
    announced = company.announce_file()
    assert upload(announced["upload"], content).status == 204
    cloud.wait_idle()
    (given_up,) = map(json.loads, cloud.messages("PaymentFileReceivedFailures"))
    before = {each["payment_id"] for each in company.every("payments")}
    assert 0 < len(before) < 60
    company.let_handle("bureau")

    cloud.invoke("PaymentFileReceivedFunction", given_up["requestPayload"])

    # Nothing is registered by a party that no longer handles payments, and nothing that was is hidden.
    cloud.wait_idle()
    file = company.get(f"payment-files/{announced['file_id']}").expect(200)
    assert (file["status"], file["refusal"]["check"]) == ("interrupted", "not-handler")
    assert {each["payment_id"] for each in file["payments"]} - {None} == before
    assert {each["payment_id"] for each in company.every("payments")} == before
    # The new handler sends the file for the rest.
    rest = company.send_file(content, "bureau")
    assert (rest["status"], rest["totals"]["exact"]) == ("done", 60 - len(before))
    company.assert_agreement("0.00")
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ HTTP functions


def test_given_an_issue_that_crashed_before_its_answer_when_repeated_with_its_key_then_the_answer_is_given(
    company: Company, cloud: LocalCloud
) -> None:
    draft, key = company.draft(), secrets.token_hex(8)
    address = f"invoices/{draft['invoice_id']}/issue"
    cloud.fault("InvoicingFunction", "crash_after", operation="TransactWriteItems")

    assert company.post(address, Idempotency_Key=key).status == 500
    assert cloud.faults() == []
    again = company.post(address, Idempotency_Key=key)

    issued = again.expect(200)
    assert again.headers["idempotent-replayed"] == "true"
    assert (issued["number"], issued["status"]) == (1001, "issued")
    assert company.issue()["number"] == 1002
    cloud.wait_idle()
    company.assert_posted_once()


def test_given_a_creation_that_crashed_before_its_answer_when_repeated_with_its_key_then_one_is_created(
    company: Company, cloud: LocalCloud
) -> None:
    key = secrets.token_hex(8)
    cloud.fault("InvoicingFunction", "crash_after", operation="TransactWriteItems")

    assert company.post("customers", CUSTOMER, Idempotency_Key=key).status == 500
    again = company.post("customers", CUSTOMER, Idempotency_Key=key).expect(201)

    assert [each["customer_id"] for each in company.every("customers")] == [
        company.customer_id,
        again["customer_id"],
    ]


def test_given_an_issue_that_crashed_before_it_was_written_when_repeated_then_no_number_is_lost(
    company: Company, cloud: LocalCloud
) -> None:
    draft, key = company.draft(), secrets.token_hex(8)
    address = f"invoices/{draft['invoice_id']}/issue"
    cloud.fault("InvoicingFunction", "crash_before", operation="TransactWriteItems")

    with company.unchanged():
        assert company.post(address, Idempotency_Key=key).status == 500
    assert company.post(address, Idempotency_Key=key).expect(200)["number"] == 1001


Send = tuple[str, str, "Callable[[Company], Answer]", int]
"""Function, what is done, how, and the status when all goes well."""

WRITES: list[Send] = [
    ("InvoicingFunction", "create a customer", lambda c: c.post("customers", CUSTOMER), 201),
    (
        "InvoicingFunction",
        "change a customer",
        lambda c: c.put(f"customers/{c.customer_id}", CUSTOMER, If_Match='"1"'),
        200,
    ),
    ("InvoicingFunction", "create an article", lambda c: c.post("articles", ARTICLE), 201),
    (
        "InvoicingFunction",
        "change an article",
        lambda c: c.put(f"articles/{c.article_id}", ARTICLE, If_Match='"1"'),
        200,
    ),
    ("InvoicingFunction", "create a draft", lambda c: c.post("invoices", c.draft_body()), 201),
    ("PaymentsFunction", "announce a file", lambda c: c.post("payment-files", {"filename": "a.txt"}), 201),
    (
        "DocumentsFunction",
        "announce a document",
        lambda c: c.post("documents", {"filename": "a.jpg", "content_type": "image/jpeg", "kind": "receipt"}),
        201,
    ),
    (
        "CollaborationFunction",
        "change the handler",
        lambda c: c.post("collaboration/payment-handler", {"handler": "bureau"}, "bureau"),
        200,
    ),
    ("CollaborationFunction", "create a bureau", lambda c: c.bureau.post("/v1/bureaus", BUREAU), 201),
]


@pytest.mark.parametrize(
    ("function", "send", "status"), [pytest.param(f, send, s, id=what) for f, what, send, s in WRITES]
)
def test_given_a_transaction_in_conflict_when_the_client_writes_then_it_is_tried_again(
    company: Company, cloud: LocalCloud, function: str, send: Callable[[Company], Answer], status: int
) -> None:
    cloud.fault(function, "throttle", operation="TransactWriteItems")

    answer = send(company)

    assert cloud.faults() == []
    assert answer.status == status, answer.content


def test_given_a_step_of_the_start_guide_in_conflict_when_answered_then_it_is_tried_again(
    cloud: LocalCloud, people: People
) -> None:
    company = Company.guided(cloud, people)
    cloud.fault("CollaborationFunction", "throttle", operation="TransactWriteItems")

    answer = company.put("start-guide/bank", STEPS["bank"])

    assert cloud.faults() == []
    assert answer.status == 200, answer.content


def test_given_an_activation_that_crashes_when_sent_again_then_everything_was_opened_once(
    cloud: LocalCloud, people: People
) -> None:
    company, key = Company.guided(cloud, people), secrets.token_hex(8)
    cloud.fault("CollaborationFunction", "crash_after", operation="TransactWriteItems")

    assert company.post("collaboration/activate", Idempotency_Key=key).status == 500
    again = company.post("collaboration/activate", Idempotency_Key=key)

    assert again.expect(200)["status"] == "active"
    assert again.headers["idempotent-replayed"] == "true"


# ------------------------------------------------------------------------------------------ poison


def issued_by_hand(item: dict[str, Any], company: Company, number: int) -> dict[str, Any]:
    """The item of an issued invoice, from its draft's."""
    day = {"S": today().isoformat()}
    return item | {
        "state": {"S": "issued"},
        "number": {"N": str(number)},
        "ocr": {"S": make_ocr(str(number))},
        "invoice_date": day,
        "due_date": day,
        "listed_as": {"S": f"{company.company_id}#open"},
        "listed_on": {"S": f"{today()}#{number:09d}"},
        "version": {"N": "2"},
    }


def give_number(company: Company, invoice_id: str, number: int) -> None:
    """Let the number series know of an invoice."""
    company.cloud.clients.dynamodb.update_item(
        TableName=company.cloud.table("InvoicingTable"),
        Key={"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": "SERIES"}},
        UpdateExpression="SET #ids = :ids, #next = :next",
        ExpressionAttributeNames={"#ids": "ids", "#next": "next"},
        ExpressionAttributeValues={
            ":ids": {"S": _ids(company) + invoice_id.removeprefix("inv_")},
            ":next": {"N": str(number + 1)},
        },
    )


def _ids(company: Company) -> str:
    key: Any = {"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": "SERIES"}}
    table = company.cloud.table("InvoicingTable")
    item: Any = company.cloud.clients.dynamodb.get_item(TableName=table, Key=key)["Item"]
    return str(item["ids"]["S"])


def write_batch(company: Company, spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Issue three drafts in one transaction, so in one batch, the middle one spoiled."""
    table = company.cloud.table("InvoicingTable")
    dynamodb = company.cloud.clients.dynamodb
    drafts = [company.draft("1250.00") for _ in range(3)]
    writes: list[Any] = []
    for number, draft in enumerate(drafts, start=1001):
        key = {"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": f"INVOICE#{draft['invoice_id']}"}}
        item: dict[str, Any] = dynamodb.get_item(TableName=table, Key=key)["Item"]
        whole = issued_by_hand(item, company, number)
        writes.append({"Put": {"TableName": table, "Item": spoil(whole) if number == 1002 else whole}})
    dynamodb.transact_write_items(TransactItems=writes)
    for number, draft in enumerate(drafts, start=1001):
        give_number(company, draft["invoice_id"], number)
    return drafts


def test_given_a_change_that_cannot_be_read_when_amid_a_batch_then_it_is_parked_and_its_neighbours_posted(
    company: Company, cloud: LocalCloud
) -> None:
    first, poison, last = write_batch(
        company, lambda item: {name: value for name, value in item.items() if name != "request_id"}
    )
    cloud.wait_idle()

    (parked,) = company.every("ledger/parked", "bureau")
    assert parked["event"] == f"invoice/{poison['invoice_id']}/unreadable"
    assert parked["detail"]
    vouchers = company.every("ledger/vouchers", "bureau")
    assert [each["source"] for each in vouchers] == [
        f"invoice/{each['invoice_id']}/issued" for each in (first, last)
    ]
    assert company.invoice(first["invoice_id"])["ledger"]["status"] == "posted"
    assert company.invoice(poison["invoice_id"])["ledger"]["status"] == "parked"
    found = company.agreement()
    assert (found["agrees"], found["subledger_balance"]) == (False, "2500.00")
    assert found["first_difference"]["invoice_id"] == poison["invoice_id"]
    assert failures(cloud, "LedgerSyncFailures", company) == []


def park_one(company: Company, cloud: LocalCloud) -> tuple[dict[str, Any], dict[str, Any]]:
    """An invoice of last year among others: it is parked, since no fiscal year has its date."""
    last_year = f"{today().year - 1}-12-31"
    _, early, _ = write_batch(company, lambda item: item | {"invoice_date": {"S": last_year}})
    cloud.wait_idle()
    (parked,) = company.every("ledger/parked", "bureau")
    assert parked["code"] == "outside-fiscal-year"
    return early, parked


def open_last_year(company: Company, cloud: LocalCloud) -> None:
    """Mend the cause; there is no route for it yet."""
    last_year = str(today().year - 1)
    year: Any = {"L": [{"L": [{"S": f"{last_year}-01-01"}, {"S": f"{last_year}-12-31"}]}]}
    cloud.clients.dynamodb.update_item(
        TableName=cloud.table("LedgerTable"),
        Key={"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": "BOOKS"}},
        UpdateExpression="SET fiscal_years = list_append(fiscal_years, :year)",
        ExpressionAttributeValues={":year": year},
    )


def test_given_a_parked_change_when_mended_and_retried_then_it_is_posted(
    company: Company, cloud: LocalCloud
) -> None:
    early, parked = park_one(company, cloud)
    open_last_year(company, cloud)

    address = f"ledger/parked/{parked['parked_id']}/retry"
    assert company.post(address).status == 403
    retried = company.post(address, by="bureau").expect(200)
    cloud.wait_idle()

    assert retried == {"posted": [f"invoice/{early['invoice_id']}/issued"], "parked": []}
    assert company.every("ledger/parked", "bureau") == []
    company.assert_agreement("3750.00")
    company.assert_posted_once()
    assert company.post(address, by="bureau").status == 404


def test_given_a_parked_change_when_mended_and_replayed_then_it_is_posted_and_no_longer_parked(
    company: Company, cloud: LocalCloud
) -> None:
    park_one(company, cloud)
    open_last_year(company, cloud)

    assert cloud.invoke("LedgerSyncFunction", {"replay": company.company_id})["error"] is None
    cloud.wait_idle()

    assert company.every("ledger/parked", "bureau") == []
    company.assert_agreement("3750.00")
    company.assert_posted_once()


@pytest.fixture(scope="module")
def expendable() -> Iterator[tuple[LocalCloud, People]]:
    """A cloud that may be stopped up: an event that is neither done nor parked holds up all that follow."""
    with LocalCloud() as found:
        yield found, People.arrive(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total", {"S": "much"}),
        ("customer_name", {"SS": ["a", "b"]}),
        ("vat_lines", {"S": "[["}),
        ("vat_lines", {"S": '[["domestic","7",100000,25000]]'}),
        ("total", {"N": "1"}),
        ("total", {"N": "1250.5"}),
    ],
)
def test_given_a_spoiled_attribute_when_amid_a_batch_then_neighbours_are_posted_and_it_is_parked(
    expendable: tuple[LocalCloud, People], name: str, value: dict[str, Any]
) -> None:
    cloud, people = expendable
    company = Company.start(cloud, people)
    first, poison, last = write_batch(company, lambda item: item | {name: value})
    cloud.wait_idle(5)

    sources = [each["source"] for each in company.every("ledger/vouchers", "bureau")]
    assert sources == [f"invoice/{each['invoice_id']}/issued" for each in (first, last)]
    parked = [each["event"].split("/")[1] for each in company.every("ledger/parked", "bureau")]
    assert parked == [poison["invoice_id"]]


# ------------------------------------------------------------------------------------------ replay


def test_given_changes_the_stream_never_told_of_when_replayed_then_they_are_posted_once(
    company: Company, cloud: LocalCloud
) -> None:
    known = company.issue("1250.00")
    cloud.wait_idle()
    draft = company.draft("1250.00")
    table, dynamodb = cloud.table("InvoicingTable"), cloud.clients.dynamodb
    key: Any = {"pk": {"S": f"COMPANY#{company.company_id}"}, "sk": {"S": f"INVOICE#{draft['invoice_id']}"}}
    item = dynamodb.get_item(TableName=table, Key=key)["Item"]
    # What the stream tells of an invoice is that it is one and was a draft just before: here it was neither.
    dynamodb.put_item(TableName=table, Item=item | {"state": {"S": "lost"}})
    dynamodb.put_item(TableName=table, Item=issued_by_hand(item, company, 1002))
    give_number(company, draft["invoice_id"], 1002)
    cloud.wait_idle()
    found = company.agreement()
    assert (found["agrees"], found["first_difference"]["cause"]) == (False, "pending")

    for _ in range(2):
        assert cloud.invoke("LedgerSyncFunction", {"replay": company.company_id})["error"] is None
        cloud.wait_idle()

    company.assert_agreement("2500.00")
    company.assert_posted_once()
    assert company.invoice(known["invoice_id"])["ledger"]["voucher"]["number"] == 1


def test_given_news_that_never_came_back_when_replayed_then_the_client_sees_it(
    start: Start, cloud: LocalCloud
) -> None:
    company = start(handler="bureau")
    invoice = company.issue("1250.00")
    cloud.wait_idle()
    table, dynamodb = cloud.table("InvoicingTable"), cloud.clients.dynamodb
    pk = {"S": f"COMPANY#{company.company_id}"}
    unpaid = dynamodb.get_item(
        TableName=table, Key={"pk": pk, "sk": {"S": f"INVOICE#{invoice['invoice_id']}"}}
    )["Item"]
    payment = company.pay(invoice, "250.00", by="bureau").expect(201)
    cloud.wait_idle()
    # As if neither the posting nor the payment had come back.
    before = {name: value for name, value in unpaid.items() if name != "ledger"}
    dynamodb.put_item(TableName=table, Item=before)
    dynamodb.delete_item(TableName=table, Key={"pk": pk, "sk": {"S": f"PAYMENT#{payment['payment_id']}"}})
    cloud.wait_idle()
    assert company.invoice(invoice["invoice_id"])["remaining"] == "1250.00"

    for _ in range(2):
        assert cloud.invoke("PaymentSyncFunction", {"replay": company.company_id})["error"] is None
        cloud.wait_idle()

    assert company.invoice(invoice["invoice_id"])["remaining"] == "1000.00"
    company.assert_agreement("1000.00")
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ power cuts


def test_given_work_under_way_when_the_power_is_cut_and_comes_back_then_nothing_answered_is_lost(
    tmp_path: Path,
) -> None:
    with LocalCloud(folder=tmp_path) as cloud:
        company = Company.start(cloud, People.arrive(cloud))
        announced = company.announce_file()
        before = [company.issue("1250.00") for _ in range(4)]
        content = bgmax(*((each["ocr"], 125000) for each in before))
        assert upload(announced["upload"], content).status == 204
        invoices = at_once(8, lambda _: company.issue("1250.00"))
        cloud.kill9()  # while streams and file are being read
        cloud.start()

        numbers = sorted(each["number"] for each in company.every("invoices"))
        assert sorted(each["number"] for each in [*before, *invoices]) == numbers
        assert numbers == list(range(1001, 1013))
        cloud.wait_idle(40)
        file = company.get(f"payment-files/{announced['file_id']}").expect(200)
        assert (file["status"], file["totals"]["exact"]) == ("done", 4)
        company.assert_agreement("10000.00")
        company.assert_posted_once()
        assert company.issue()["number"] == 1013
