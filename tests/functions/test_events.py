"""Each sample in events/ is what its function gets and takes; only the ids are made to fit."""

import json
from typing import Any

import pytest

from local.bank.bgmax import BgMaxPayment
from samklang.formats.ocr import make_ocr
from tests.functions.books import NOW, Firm, Office, image, passing, stand_at
from tests.functions.conftest import ROOT, STAFF, http_event
from tests.functions.test_agreement import messages as asked_checks
from tests.functions.test_overview import waiting_messages
from tests.functions.test_payment_files import bgmax

pytest_plugins = ["tests.functions.an_office"]

COMPANY = "com_01kb3pq7r4x9m2n5t8vw"
INVOICE = "inv_01kb3ps4d8z6n3m9q2tx"
PARKED_INVOICE = "inv_01kb3pt5f9a7p4n8r3vy"
USER = "7b1f0c3e-2d84-4c55-9a55-3f2e1d0c9b8a"
SAMPLES = {
    "http_issue_invoice.json",
    "invoicing_stream.json",
    "ledger_stream.json",
    "delivery_stream.json",
    "mail_events_queue.json",
    "s3_payment_file.json",
    "s3_payment_file_dropped.json",
    "s3_document_received.json",
    "s3_sie_file.json",
    "monthly_reports_schedule.json",
    "company_report_queue.json",
    "agreement_schedule.json",
    "agreement_queue.json",
    "dunning_schedule.json",
    "dunning_queue.json",
    "dunning_letter_stream.json",
}


def sample(name: str, **ids: str) -> Any:
    """A sample event, the ids in it replaced."""
    text = (ROOT / "events" / name).read_text(encoding="utf-8")
    for old, new in ids.items():
        assert old in text
        text = text.replace(old, new)
    return json.loads(text)


def open_firm(office: Office, **values: Any) -> tuple[Firm, Any]:
    firm = office.firm(**values)
    invoice = firm.issue("4467.75")
    office.settle()
    return firm, invoice


def test_there_is_a_sample_of_every_trigger() -> None:
    assert {path.name for path in (ROOT / "events").iterdir()} == SAMPLES


def test_the_http_sample_issues_an_invoice_and_has_all_that_our_own_events_have(office: Office) -> None:
    firm = office.firm(client=USER)
    draft = firm.draft()
    ids = {COMPANY: firm.company_id, INVOICE: draft["invoice_id"]}
    event = sample("http_issue_invoice.json", **ids)
    answer = office.invoke("invoicing", event)
    assert answer["statusCode"] == 200, answer["body"]
    assert json.loads(answer["body"])["number"] == 1001
    assert office.invoke("invoicing", event)["headers"]["Idempotent-Replayed"] == "true"
    ours = http_event("invoicing", "POST", event["rawPath"], None, USER, {"Idempotency-Key": "x"})
    assert set(ours) <= set(event)
    assert set(ours["requestContext"]) <= set(event["requestContext"])
    assert event["routeKey"] == ours["routeKey"]


@pytest.mark.parametrize(
    ("name", "function"), [("invoicing_stream.json", "ledger_sync"), ("ledger_stream.json", "payment_sync")]
)
def test_every_record_of_a_stream_sample_passes_the_templates_filter(name: str, function: str) -> None:
    records = sample(name)["Records"]
    assert passing(function, records) == records
    sequences = [int(each["dynamodb"]["SequenceNumber"]) for each in records]
    assert sequences == sorted(set(sequences))


def test_the_invoicing_sample_is_an_invoice_a_payment_and_its_reversal_which_the_ledger_posts(
    office: Office,
) -> None:
    firm = office.firm()
    event = sample("invoicing_stream.json", **{COMPANY: firm.company_id})
    assert office.invoke("ledger_sync", event) == {"batchItemFailures": []}
    assert [(each["series"], each["number"]) for each in firm.vouchers()] == [("I", 1), ("I", 2), ("K", 1)]
    assert firm.balances()["1510"] == "5584.69"
    assert firm.ok("GET", "/ledger/parked")["items"] == []


def test_the_ledger_sample_brings_back_posting_parking_and_a_payment(office: Office) -> None:
    firm, invoice = open_firm(office, handler="bureau")
    other = firm.issue("8.00")
    ids = {COMPANY: firm.company_id, INVOICE: invoice["invoice_id"], PARKED_INVOICE: other["invoice_id"]}
    event = sample("ledger_stream.json", **ids)
    assert office.invoke("payment_sync", event) == {"batchItemFailures": []}
    assert firm.invoice(invoice)["ledger"]["status"] == "posted"
    assert (firm.invoice(invoice)["paid"], firm.invoice(invoice)["status"]) == ("500.00", "partly_paid")
    assert firm.invoice(other)["ledger"]["status"] == "parked"


def test_the_images_of_the_samples_have_the_attributes_of_real_items(office: Office) -> None:
    firm, invoice = open_firm(office)
    payment = firm.pay("1.00", invoice).body["payment_id"]
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    firm.ok("POST", "/collaboration/payment-handler", {"handler": "bureau"})
    office.settle()
    firm.pay("1.00", invoice, user=STAFF)
    firm.issue("8.00")
    firm.close_books_until("2026-11-30")
    office.settle()

    def shapes(function: str, records: list[Any]) -> dict[tuple[str, str], set[str]]:
        return {
            (image(each)["kind"], each["eventName"]): set(image(each)) for each in passing(function, records)
        }

    for name, function, table in [
        ("invoicing_stream.json", "ledger_sync", "InvoicingTable"),
        ("ledger_stream.json", "payment_sync", "LedgerTable"),
    ]:
        real = shapes(function, office.records(table))
        for kind, attributes in shapes(function, sample(name)["Records"]).items():
            optional = {"your_reference"}
            assert attributes - optional == real[kind] - optional, kind


def test_the_payment_file_sample_is_read_once_its_file_is_there(office: Office) -> None:
    firm, invoice = open_firm(office)
    assert invoice["ocr"] == make_ocr("1001")
    file_id = firm.ok("POST", "/payment-files", {"filename": "fil.txt"})["file_id"]
    content = bgmax(BgMaxPayment(amount=558_469, reference=invoice["ocr"]))
    put = office.cloud.upload("PaymentFilesBucket", f"incoming/{firm.company_id}/{file_id}", content)
    version = put["Records"][0]["s3"]["object"]["versionId"]
    given_version = sample("s3_payment_file.json")["Records"][0]["s3"]["object"]["versionId"]
    ids = {COMPANY: firm.company_id, "pmf_01kb3px8j3d0s7r2v6yb": file_id, given_version: version}
    event = sample("s3_payment_file.json", **ids)
    assert event["Records"][0]["s3"]["bucket"]["name"] == office.cloud.bucket("PaymentFilesBucket")
    office.invoke("payment_file_received", event)
    assert firm.ok("GET", f"/payment-files/{file_id}")["totals"]["exact"] == 1


def test_the_dropped_payment_file_sample_is_read_for_the_party_that_handles_payments(office: Office) -> None:
    firm, invoice = open_firm(office, handler="bureau")
    content = bgmax(BgMaxPayment(amount=558_469, reference=invoice["ocr"]))
    key = f"dropped/{firm.company_id}/BGMAX 2026-11-23.txt"
    put = office.cloud.upload("PaymentFilesBucket", key, content)["Records"][0]["s3"]["object"]
    given_version = sample("s3_payment_file_dropped.json")["Records"][0]["s3"]["object"]["versionId"]
    ids = {COMPANY: firm.company_id, given_version: put["versionId"]}
    event = sample("s3_payment_file_dropped.json", **ids)
    assert event["Records"][0]["s3"]["bucket"]["name"] == office.cloud.bucket("PaymentFilesBucket")
    told = event["Records"][0]["s3"]["object"]
    assert (told["key"], told["size"]) == (put["key"], put["size"])
    office.invoke("payment_file_received", event)
    (file,) = firm.ok("GET", "/payment-files")["items"]
    assert (file["filename"], file["uploaded_by"]) == ("BGMAX 2026-11-23.txt", "bank")
    assert file["totals"]["exact"] == 1


def test_the_sie_file_sample_is_taken_in_once_its_file_is_there(office: Office) -> None:
    firm = office.firm()
    given = {"filename": "ar.se", "mode": "history"}
    import_id = firm.ok("POST", "/ledger/sie-imports", given, STAFF)["import_id"]
    content = b'#FLAGGA 0\r\n#SIETYP 4\r\n#FNAMN "Firman"\r\n#VER A 1 20260102 "Byte"\r\n{\r\n'
    content += b"#TRANS 1930 {} 5.00\r\n#TRANS 2893 {} -5.00\r\n}\r\n"
    put = office.cloud.upload("SieFilesBucket", f"incoming/{firm.company_id}/{import_id}", content)
    version = put["Records"][0]["s3"]["object"]["versionId"]
    given_version = sample("s3_sie_file.json")["Records"][0]["s3"]["object"]["versionId"]
    ids = {COMPANY: firm.company_id, "sii_01kb3pz9k5e1t8s4w7xc": import_id, given_version: version}
    event = sample("s3_sie_file.json", **ids)
    assert event["Records"][0]["s3"]["bucket"]["name"] == office.cloud.bucket("SieFilesBucket")
    office.invoke("sie_received", event)
    found = firm.ok("GET", f"/ledger/sie-imports/{import_id}", user=STAFF)
    assert (found["status"], found["report"]["vouchers"]) == ("done", 1)


def test_the_schedules_sample_asks_for_reports(office: Office) -> None:
    firm = office.firm()
    stand_at(NOW.replace(month=12, day=3))
    office.invoke("monthly_reports", sample("monthly_reports_schedule.json"))
    assert waiting_messages(office) == [{"company_id": firm.company_id, "month": "2026-11"}]


def test_the_queues_sample_makes_a_report(office: Office) -> None:
    firm = office.firm()
    event = sample("company_report_queue.json", **{COMPANY: firm.company_id})
    assert office.invoke("company_report", event) == {"batchItemFailures": []}
    assert firm.ok("GET", "/overview/reports/2026-11")["month"] == "2026-11"


def test_the_nightly_schedules_sample_asks_for_checks(office: Office) -> None:
    firm = office.firm()
    office.invoke("agreement", sample("agreement_schedule.json"))
    assert asked_checks(office) == [{"company_id": firm.company_id}]


def test_the_queues_sample_checks_a_company(office: Office) -> None:
    firm = office.firm()
    event = sample("agreement_queue.json", **{COMPANY: firm.company_id})
    assert office.invoke("agreement", event) == {"batchItemFailures": []}
    assert firm.ok("GET", "/agreement/nightly")["agrees"] is True
