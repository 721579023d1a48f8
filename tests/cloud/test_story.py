"""The main job end to end: from a client's invoice to the bureau's ledger and back."""

from __future__ import annotations

import base64
import io
import json
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
import urllib3

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from local.bank.camt import CamtPayment, CamtReference, camt_file
from local.client import upload
from samklang.formats.ocr import make_ocr
from tests.cloud.company import SWEDEN, at_once, today

if TYPE_CHECKING:
    from local.testing import LocalCloud
    from tests.cloud.company import Company, Party, People
    from tests.cloud.conftest import Start

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


def other(party: Party) -> Party:
    return "bureau" if party == "client" else "client"


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no {path}")
    return path.read_bytes()


# ------------------------------------------------------------------------------------------ invoice to ledger


def test_given_a_draft_when_issued_then_it_is_numbered_posted_and_its_voucher_shown_to_both(
    company: Company,
) -> None:
    draft = company.post(
        "invoices",
        {
            "customer_id": company.customer_id,
            "rows": [
                {"article_id": company.article_id, "quantity": "2"},
                {"description": "Bok", "unit_price": "100", "vat_rate": 6},
            ],
        },
    ).expect(201)
    assert (draft["status"], draft["number"], draft["ledger"]) == ("draft", None, None)

    issued = company.post(f"invoices/{draft['invoice_id']}/issue").expect(200)
    assert (issued["status"], issued["number"], issued["ocr"]) == ("issued", 1001, make_ocr("1001"))
    assert (issued["net"], issued["vat"], issued["total"]) == ("2000.00", "481.00", "2481.00")
    company.cloud.wait_idle()

    shown = company.invoice(draft["invoice_id"])
    assert shown["ledger"]["status"] == "posted"
    voucher_id = shown["ledger"]["voucher"]["voucher_id"]
    voucher = company.get(f"ledger/vouchers/{voucher_id}", "bureau").expect(200)
    assert voucher["source"] == f"invoice/{draft['invoice_id']}/issued"
    assert {row["account"]: (row["debit"], row["credit"]) for row in voucher["rows"]} == {
        "1510": ("2481.00", "0.00"),
        "3001": ("0.00", "1900.00"),
        "2611": ("0.00", "475.00"),
        "3003": ("0.00", "100.00"),
        "2631": ("0.00", "6.00"),
    }
    receivables = company.get("ledger/receivables", "bureau").expect(200)
    assert [(item["invoice_number"], item["remaining"]) for item in receivables["items"]] == [
        (1001, "2481.00")
    ]
    company.assert_agreement("2481.00")
    company.assert_posted_once()


def test_given_an_issued_invoice_when_its_pdf_is_fetched_then_it_says_number_ocr_and_sum_each_time_the_same(
    company: Company,
) -> None:
    issued = company.issue("1250.00")

    answer = company.get(f"invoices/{issued['invoice_id']}/pdf")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    assert company.get(f"invoices/{issued['invoice_id']}/pdf", "bureau").content == answer.content
    with pypdfium2.PdfDocument(io.BytesIO(answer.content)) as pdf:
        text = pdf[0].get_textpage().get_text_range().replace("\u00a0", " ")
    for words in (str(issued["number"]), issued["ocr"], "1 250,00", "Firman AB", "Kund & Söner AB"):
        assert words in text


def test_given_a_draft_when_its_pdf_is_fetched_then_it_is_a_preview(company: Company) -> None:
    draft = company.draft()

    answer = company.get(f"invoices/{draft['invoice_id']}/pdf")
    assert (answer.status, answer.content[:5]) == (200, b"%PDF-")
    assert 'filename="utkast.pdf"' in answer.headers["content-disposition"]


def test_given_a_logo_when_an_invoice_is_issued_then_it_keeps_it(company: Company) -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="60" height="20"><rect width="60" height="20"/></svg>'
    )
    before = company.issue()
    kept = company.put("logo", {"content": base64.b64encode(drawing).decode()}).expect(200)
    invoice = company.issue()

    assert (before["logo"], invoice["logo"]) == (None, kept["logo"])
    assert company.get("logo", "bureau").content == drawing
    assert company.put("logo", {"content": "AAAA"}).status == 422
    company.put("logo", {"content": None}).expect(200)
    assert company.get("logo").status == 404
    assert company.get(f"invoices/{invoice['invoice_id']}/pdf").content[:5] == b"%PDF-"


def test_given_an_issued_invoice_when_the_streams_are_idle_then_the_request_id_is_in_both_syncs_logs(
    company: Company, cloud: LocalCloud
) -> None:
    draft = company.draft()
    answer = company.post(f"invoices/{draft['invoice_id']}/issue")
    answer.expect(200)
    request_id = answer.headers["x-request-id"]
    cloud.wait_idle()

    for function in ("invoicing", "ledger_sync", "payment_sync"):
        lines = [line for line in cloud.log(function).splitlines() if request_id in line]
        correlated = [line for line in lines if json.loads(line).get("correlation_id") == request_id]
        assert correlated, f"{function} logged nothing with correlation_id {request_id}; {len(lines)} name it"


# ------------------------------------------------------------------------------------------ payments


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_a_handler_when_it_registers_a_payment_then_both_sides_have_it_and_the_other_is_refused(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()

    with company.unchanged():
        refused = company.pay(invoice, "250.00", by=other(handler))
        assert (refused.status, refused.json["code"]) == (403, "not-handler")
        assert str(today().year) in refused.json["detail"]  # since when

    paid = company.pay(invoice, "250.00", by=handler).expect(201)
    company.cloud.wait_idle()

    for party in ("client", "bureau"):
        (seen,) = company.every("payments", party)
        assert seen["payment_id"] == paid["payment_id"]
        assert seen["origin"] == {"client": "invoicing", "bureau": "ledger"}[handler]
        assert (seen["sync"], seen["ledger"]["status"]) == ("synchronised", "posted")
    now = company.invoice(invoice["invoice_id"])
    assert (now["status"], now["paid"], now["remaining"]) == ("partly_paid", "250.00", "1000.00")
    company.assert_agreement("1000.00")

    company.pay(invoice, "1000.00", by=handler).expect(201)
    company.cloud.wait_idle()
    assert company.invoice(invoice["invoice_id"])["status"] == "paid"
    company.assert_agreement("0.00")
    company.assert_posted_once()


@pytest.mark.parametrize("registered_by", ["client", "bureau"])
@pytest.mark.parametrize("reversed_by", ["client", "bureau"])
def test_given_a_payment_of_either_side_when_todays_handler_takes_it_back_then_the_invoice_is_open_again(
    start: Start, registered_by: Party, reversed_by: Party
) -> None:
    company = start(handler=registered_by)
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()
    payment = company.pay(invoice, "1250.00", by=registered_by).expect(201)
    company.cloud.wait_idle()
    company.let_handle(reversed_by)

    reverse = f"payments/{payment['payment_id']}/reverse"
    taken_back = company.post(reverse, {}, reversed_by).expect(200)
    assert taken_back["reversal"]["origin"] == {"client": "invoicing", "bureau": "ledger"}[reversed_by]
    company.cloud.wait_idle()

    now = company.invoice(invoice["invoice_id"])
    assert (now["status"], now["remaining"]) == ("issued", "1250.00")
    company.assert_agreement("1250.00")
    company.assert_posted_once()
    again = company.post(reverse, {}, reversed_by)
    assert (again.status, again.json["code"]) == (409, "already-reversed")


def test_given_a_payment_of_several_invoices_and_more_when_registered_then_the_rest_is_the_customers_credit(
    company: Company,
) -> None:
    first, second = company.issue("1250.00"), company.issue("250.00")
    company.cloud.wait_idle()
    allocations = [
        {"invoice_id": first["invoice_id"], "amount": "1250.00"},
        {"invoice_id": second["invoice_id"], "amount": "50.00"},
    ]
    body = company.payment_body(first, "1400.00") | {"allocations": allocations}
    paid = company.post("payments", body).expect(201)
    assert paid["credit"] == "100.00"
    company.cloud.wait_idle()

    assert company.invoice(first["invoice_id"])["status"] == "paid"
    assert company.invoice(second["invoice_id"])["remaining"] == "200.00"
    balances = {each["account"]: each["closing"] for each in company.every("ledger/balances")}
    assert (balances["1510"], balances["1930"], balances["2420"]) == ("200.00", "1400.00", "-100.00")
    company.assert_agreement("200.00")
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ payment files


def bgmax(*payments: tuple[str, int], **more: Any) -> bytes:
    """A BgMax file of today of payments by reference, in öre."""
    made = [
        BgMaxPayment(amount=amount, reference=reference, serial=place)
        for place, (reference, amount) in enumerate(payments, start=1)
    ]
    return bgmax_file(BANKGIRO, made, payment_day=today(), **more)


def camt(*payments: tuple[str, int]) -> bytes:
    """A camt.054 file of today of payments by OCR, in öre."""
    made = [
        CamtPayment(amount=amount, references=(CamtReference(value=reference),))
        for reference, amount in payments
    ]
    return camt_file(BANKGIRO, made, booking_day=today())


@pytest.mark.parametrize("handler", ["client", "bureau"])
@pytest.mark.parametrize(("make", "kind"), [(bgmax, "bgmax"), (camt, "camt.054")])
def test_given_a_payment_file_when_uploaded_then_exact_ones_are_registered_and_others_wait(
    start: Start, make: Any, kind: str, handler: Party
) -> None:
    company = start(handler=handler)
    whole, partly = company.issue("1250.00"), company.issue("500.00")
    company.cloud.wait_idle()

    file = company.send_file(
        make((whole["ocr"], 125000), (partly["ocr"], 40000), (make_ocr("77"), 100)), handler
    )

    assert (file["status"], file["format"]) == ("done", kind)
    assert [each["match"] for each in file["payments"]] == ["exact", "proposed", "unmatched"]
    assert file["totals"] == {
        "payments": 3,
        "amount": "1651.00",
        "exact": 1,
        "proposed": 1,
        "unmatched": 1,
        "duplicates": 0,
    }
    proposed = file["payments"][1]
    (best, *_) = proposed["proposals"]
    assert [each["invoice_number"] for each in best["allocations"]] == [partly["number"]]
    assert all(each["reasons"] for each in file["payments"])
    (payment,) = company.every("payments")
    assert payment["payment_id"] == file["payments"][0]["payment_id"]
    assert payment["bank_payment_id"] == file["payments"][0]["bank_payment_id"]
    assert payment["origin"] == {"client": "invoicing", "bureau": "ledger"}[handler]
    assert company.invoice(whole["invoice_id"])["status"] == "paid"
    assert company.invoice(partly["invoice_id"])["status"] == "issued"
    company.assert_agreement("500.00")
    company.assert_posted_once()


def test_given_a_file_that_was_read_when_sent_again_then_every_payment_is_known_and_none_registered(
    company: Company,
) -> None:
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()
    content = bgmax((invoice["ocr"], 125000), (make_ocr("77"), 100))
    company.send_file(content)

    with_twin = company.send_file(content)

    assert with_twin["totals"]["duplicates"] == 2
    assert [each["duplicate"] for each in with_twin["payments"]] == [True, True]
    assert len(company.every("payments")) == 1
    company.assert_agreement("0.00")


def test_given_two_like_payments_in_one_file_when_read_then_both_count_and_one_is_exact(
    company: Company,
) -> None:
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()

    file = company.send_file(bgmax((invoice["ocr"], 125000), (invoice["ocr"], 125000)))

    assert [each["match"] for each in file["payments"]] == ["exact", "proposed"]
    assert file["totals"]["duplicates"] == 0
    company.assert_agreement("0.00")


def test_given_the_same_file_uploaded_five_times_at_once_when_read_then_each_payment_is_registered_once(
    company: Company,
) -> None:
    invoices = [company.issue("1250.00") for _ in range(4)]
    company.cloud.wait_idle()
    content = bgmax(*((each["ocr"], 125000) for each in invoices))
    announced = [company.announce_file() for _ in range(5)]

    answers = at_once(5, lambda place: upload(announced[place]["upload"], content))
    assert [each.status for each in answers] == [204] * 5
    company.cloud.wait_idle()

    files = [company.get(f"payment-files/{each['file_id']}").expect(200) for each in announced]
    assert [each["status"] for each in files] == ["done"] * 5
    new = [each for file in files for each in file["payments"] if not each["duplicate"]]
    assert [each["match"] for each in new] == ["exact"] * 4
    assert sum(each["totals"]["duplicates"] for each in files) == 16
    company.assert_agreement("0.00")
    company.assert_posted_once()


def test_given_bankgirots_own_example_file_when_uploaded_then_its_three_known_payments_are_registered(
    start: Start,
) -> None:
    content = sample("bgmax/BgMaxfil4.txt")
    company = start(handler="bureau", first_number=5249, fiscal_year=2004)
    totals = {5249: "1900.00", 5257: "500.00", 5258: "500.00"}
    day = {"invoice_date": "2004-05-01"}
    invoices = {number: company.issue(totals.get(number, "1250.00"), **day) for number in range(5249, 5259)}
    assert {number: each["number"] for number, each in invoices.items()} == {
        number: number for number in range(5249, 5259)
    }
    assert {each["ocr"] for number, each in invoices.items() if number in totals} == {
        "524967",
        "525766",
        "525865",
    }
    company.cloud.wait_idle()

    file = company.send_file(content, "bureau")

    assert (file["status"], file["format"]) == ("done", "bgmax")
    exact = {each["references"][0]["value"]: each for each in file["payments"] if each["match"] == "exact"}
    assert {reference: each["amount"] for reference, each in exact.items()} == {
        "524967": "1900.00",
        "525766": "500.00",
        "525865": "500.00",
    }
    euro = [each for each in file["payments"] if each["currency"] == "EUR"]
    assert [(each["amount"], each["match"], each["payment_id"]) for each in euro] == [
        ("3000.00", "unmatched", None),
        ("1000.00", "unmatched", None),
    ]
    assert file["totals"] == {
        "payments": 9,
        "amount": "8600.00",
        "exact": 3,
        "proposed": 0,
        "unmatched": 6,
        "duplicates": 0,
    }
    for number, total in totals.items():
        now = company.invoice(invoices[number]["invoice_id"])
        assert (now["status"], now["paid"]) == ("paid", total)
    assert {each["payment_date"] for each in company.every("payments")} == {"2004-05-25"}
    company.assert_agreement("8750.00")
    company.assert_posted_once()


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("bgmax/BgMaxfil4_broken.txt", None),
        ("bgmax/not_bgmax_at_all.pdf", "not-a-payment-file"),
        ("camt/camt054_handelsbanken_finland_example.xml", None),
    ],
)
def test_given_a_real_file_that_is_broken_or_not_ours_when_uploaded_then_it_is_refused_whole(
    start: Start, name: str, check: str | None
) -> None:
    content = sample(name)
    company = start(first_number=5249, fiscal_year=2004)
    company.issue("1900.00", invoice_date="2004-05-01")
    company.cloud.wait_idle()

    file = company.send_file(content)

    assert (file["status"], file["payments"], file["totals"]) == ("refused", [], None)
    assert file["refusal"]["message"]
    assert check in {None, file["refusal"]["check"]}
    assert company.every("payments") == []
    company.assert_agreement("1900.00")


# ------------------------------------------------------------------------------------------ documents


def test_given_a_receipt_when_photographed_and_uploaded_then_the_bureau_finds_it_with_hash_and_preview(
    company: Company, people: People
) -> None:
    content = sample("receipt/photo.jpg")
    wanted = {"filename": "kvitto.jpg", "content_type": "image/jpeg", "kind": "receipt", "comment": "Lunch"}
    first = company.post("documents", wanted).expect(201)
    assert upload(first["upload"], content).status == 204
    company.cloud.wait_idle()
    second = company.post("documents", wanted).expect(201)
    assert upload(second["upload"], content).status == 204
    company.cloud.wait_idle()

    document = company.get(f"documents/{first['document_id']}").expect(200)
    assert (document["state"], document["size"]) == ("received", len(content))
    assert fetch(document["original"]["url"]) == content
    assert fetch(document["preview"]["url"]).startswith(b"\xff\xd8\xff")
    copy = company.get(f"documents/{second['document_id']}").expect(200)
    assert (copy["sha256"], copy["duplicate_of"]) == (document["sha256"], first["document_id"])
    page = people.bureau.get(f"/v1/bureaus/{people.bureau_id}/inbox?limit=100").expect(200)
    found = [each for each in page["items"] if each["company_id"] == company.company_id]
    assert [each["document_id"] for each in found] == [first["document_id"], second["document_id"]]


def test_given_a_file_that_is_no_picture_when_uploaded_as_one_then_it_is_rejected_and_not_in_the_inbox(
    company: Company, people: People
) -> None:
    wanted = {"filename": "kvitto.jpg", "content_type": "image/jpeg", "kind": "receipt"}
    made = company.post("documents", wanted).expect(201)
    assert upload(made["upload"], b"MZ this is a program").status == 204
    company.cloud.wait_idle()

    document = company.get(f"documents/{made['document_id']}").expect(200)
    assert document["state"] == "rejected"
    assert document["reason"]["message"]
    page = people.bureau.get(f"/v1/bureaus/{people.bureau_id}/inbox?limit=100").expect(200)
    assert company.company_id not in {each["company_id"] for each in page["items"]}


def fetch(url: str) -> bytes:
    answer = urllib3.request("GET", url)
    assert answer.status == 200
    return answer.data


# ------------------------------------------------------------------------------------------ reports


@pytest.mark.passes_nights
def test_given_invoices_of_a_month_when_the_clock_passes_the_3rd_then_its_report_can_be_read(
    company: Company, cloud: LocalCloud
) -> None:
    company.issue("1250.00")
    company.issue("500.00", invoice_date=today().replace(day=1).isoformat())
    cloud.wait_idle()
    assert company.every("overview/reports") == []

    month = f"{today():%Y-%m}"
    third = (today().replace(day=1) + timedelta(days=32)).replace(day=3)
    six = datetime.combine(third, time(6), SWEDEN)
    try:
        cloud.move_clock((six - timedelta(minutes=1)).isoformat())
        cloud.wait_idle(300)
        assert month not in {each["report_id"] for each in company.every("overview/reports")}
        assert cloud.move_clock((six + timedelta(minutes=1)).isoformat()) == 1
        cloud.wait_idle(300)
        reports = company.every("overview/reports")
        assert reports[0]["report_id"] == month
        assert datetime.fromisoformat(reports[0]["created_at"]) >= six
    finally:
        cloud.move_clock("reset")

    report = company.get(f"overview/reports/{month}").expect(200)
    page = fetch(report["html"]["url"]).decode()
    assert page.lstrip().lower().startswith("<!doctype html")
    assert "<svg" in page
    text = page.replace("\u00a0", " ").replace("&nbsp;", " ")
    assert "Firman AB" in text
    assert "1 400" in text  # revenue without VAT
    assert "1 750" in text  # what the customers owe
    figures = company.get(f"overview?month={month}").expect(200)
    assert [each["revenue"] for each in figures["months"] if each["month"] == month] == ["1400.00"]
