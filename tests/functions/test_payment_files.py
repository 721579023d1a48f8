import io
from collections.abc import Iterator
from typing import Any

import pytest

from local.bank.bgmax import BgMaxPayment, bgmax_file
from local.bank.camt import CamtPayment, CamtReference, camt_file
from samklang.formats.ocr import make_ocr
from samklang.payments import files, receiving
from tests.functions.books import TODAY, Firm, Office
from tests.functions.conftest import CLIENT, STAFF

pytest_plugins = ["tests.functions.an_office"]

BANKGIRO = "9912346"


def ocr(invoice: Any) -> str:
    return str(invoice["ocr"])


def bgmax(*payments: BgMaxPayment, recipient: str = BANKGIRO, **values: Any) -> bytes:
    return bgmax_file(recipient, payments, **values)


def camt(*payments: CamtPayment, recipient: str = BANKGIRO, **values: Any) -> bytes:
    return camt_file(recipient, payments, **values)


def ask(firm: Firm, user: str = CLIENT) -> str:
    """Ask to upload a file; its id."""
    made = firm.ok("POST", "/payment-files", {"filename": "fil.txt", "content_type": "text/plain"}, user)
    return str(made["file_id"])


def put(firm: Firm, file_id: str, content: bytes) -> Any:
    """Upload a file; the event S3 tells of it by."""
    return firm.office.cloud.upload("PaymentFilesBucket", f"incoming/{firm.company_id}/{file_id}", content)


def upload(firm: Firm, content: bytes, user: str = CLIENT) -> Any:
    """Upload a file and let it be read; what became of it."""
    file_id = ask(firm, user)
    firm.office.invoke("payment_file_received", put(firm, file_id, content))
    return firm.ok("GET", f"/payment-files/{file_id}")


def outcome(file: Any) -> list[tuple[str, bool]]:
    return [(each["match"], each["duplicate"]) for each in file["payments"]]


def proposed(payment: Any) -> list[list[tuple[int, str]]]:
    """The proposals for a payment, best first: invoice numbers and amounts."""
    return [
        [(each["invoice_number"], each["amount"]) for each in proposal["allocations"]]
        for proposal in payment["proposals"]
    ]


def registered(firm: Firm) -> list[tuple[int, str]]:
    firm.office.settle()
    items = firm.ok("GET", "/payments?limit=100")["items"]
    return sorted((each["allocations"][0]["invoice_number"], each["amount"]) for each in items)


def credit(firm: Firm, invoice: Any, quantity: str) -> Any:
    """A credit note of some of an invoice's first row."""
    rows = {"rows": [{"row": 0, "quantity": quantity}]}
    return firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", rows)


def firm_with(office: Office, *prices: str, handler: str = "client") -> tuple[Firm, list[Any]]:
    """A firm whose invoices (of these prices, no VAT, of September) have reached the ledger."""
    firm = office.firm(handler=handler)
    customer = firm.customer()
    invoices = [firm.issue(price, customer=customer, rate="0", invoice_date="2026-09-01") for price in prices]
    office.settle()
    return firm, invoices


# ---------------------------------------------------------------- a form to upload with


def test_a_file_is_uploaded_with_a_form_of_one_key_type_and_bounded_size_and_waits_until_then(
    office: Office,
) -> None:
    firm = office.firm()
    made = firm.ok("POST", "/payment-files", {"filename": "september.txt", "content_type": "text/plain"})
    fields = made["upload"]["fields"]
    assert fields["key"] == f"incoming/{firm.company_id}/{made['file_id']}"
    assert fields["Content-Type"] == "text/plain"
    assert made["upload"]["max_bytes"] == files.MAX_BYTES
    file = firm.ok("GET", f"/payment-files/{made['file_id']}", user=STAFF)
    assert (file["status"], file["filename"], file["uploaded_by"]) == ("waiting", "september.txt", "client")
    assert (file["payments"], file["totals"], file["refusal"]) == ([], None, None)
    assert firm.call("POST", "/payment-files", {"filename": "x", "content_type": "image/png"}).status == 422
    assert firm.call("GET", "/payment-files/pmf_00000000000000000000").status == 404


# ---------------------------------------------------------------- matching


@pytest.mark.parametrize(
    ("kind", "handler", "user"),
    [
        ("bgmax", "client", CLIENT),
        ("bgmax", "bureau", STAFF),
        ("camt.054", "bureau", STAFF),
        ("camt.053", "client", CLIENT),
    ],
)
def test_by_ocr_and_amount_payments_are_registered_at_once_the_others_wait_with_their_reasons(
    office: Office, kind: Any, handler: str, user: str
) -> None:
    firm, (exact, part, own_number) = firm_with(office, "100.00", "200.00", "300.00", handler=handler)
    if kind == "bgmax":
        content = bgmax(
            BgMaxPayment(amount=10_000, reference=ocr(exact), name="KUND AB"),
            BgMaxPayment(amount=15_000, reference=ocr(part)),
            BgMaxPayment(amount=30_000, reference=str(own_number["number"]), code=3),
            BgMaxPayment(amount=30_000, reference="", code=0),
        )
    else:
        content = camt(
            CamtPayment(amount=10_000, references=(CamtReference(value=ocr(exact)),), name="KUND AB"),
            CamtPayment(amount=15_000, references=(CamtReference(value=ocr(part)),)),
            CamtPayment(amount=30_000, texts=(f"Faktura {own_number['number']}",)),
            CamtPayment(amount=30_000),
            kind=kind,
        )
    file = upload(firm, content, user)
    assert (file["status"], file["format"], file["refusal"]) == ("done", kind, None)
    assert [each["match"] for each in file["payments"]] == ["exact", "proposed", "proposed", "unmatched"]
    assert [each["status"] for each in file["payments"]] == ["registered", "waiting", "waiting", "waiting"]
    assert [(each["place"], each["duplicate"]) for each in file["payments"]] == [
        (place, False) for place in range(1, 5)
    ]
    assert file["totals"] == {
        "payments": 4,
        "amount": "850.00",
        "exact": 1,
        "proposed": 2,
        "unmatched": 1,
        "duplicates": 0,
    }
    assert all(each["reasons"] for each in file["payments"])
    first, second, third, fourth = file["payments"]
    assert (first["payer"], first["amount"], first["payment_date"]) == ("KUND AB", "100.00", "2026-09-15")
    assert proposed(second)[0] == [(part["number"], "150.00")]
    assert proposed(third)[0] == [(own_number["number"], "300.00")]
    assert (fourth["proposals"], fourth["payment_id"]) == ([], None)
    assert registered(firm) == [(exact["number"], "100.00")]
    payment = firm.ok("GET", f"/payments/{first['payment_id']}")
    assert payment["bank_payment_id"] == first["bank_payment_id"]
    told = firm.ok("GET", f"/bank-payments/{first['bank_payment_id']}")
    assert (told["file_id"], told["format"], told["record"]) == (file["file_id"], kind, first["record"])
    assert firm.invoice(exact)["status"] == "paid"
    assert firm.agreement()["agrees"] is True


def test_two_payments_of_one_invoice_in_a_file_are_matched_against_what_the_first_left(
    office: Office,
) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    same = [BgMaxPayment(amount=10_000, reference=ocr(invoice)) for _ in range(2)]
    file = upload(firm, bgmax(*same))
    assert [each["match"] for each in file["payments"]] == ["exact", "proposed"]
    assert file["payments"][1]["reasons"][-1] == f"Invoice {invoice['number']} is already paid."
    assert registered(firm) == [(invoice["number"], "100.00")]


def test_an_exact_match_that_the_books_refuse_is_proposed_with_the_invoice_and_the_reason(
    office: Office,
) -> None:
    firm, (closed, open_) = firm_with(office, "100.00", "200.00", handler="bureau")
    firm.close_books_until("2026-09-15")
    content = bgmax(
        BgMaxPayment(amount=10_000, reference=ocr(closed)), BgMaxPayment(amount=20_000, reference=ocr(open_))
    )
    file = upload(firm, content, STAFF)
    assert [each["match"] for each in file["payments"]] == ["proposed", "proposed"]
    assert "closed to 2026-09-15" in file["payments"][0]["reasons"][-1]
    assert proposed(file["payments"][0]) == [[(closed["number"], "100.00")]]
    assert registered(firm) == []


@pytest.mark.parametrize(("handler", "user"), [("client", CLIENT), ("bureau", STAFF)])
def test_a_credited_invoice_is_exact_by_what_is_left_and_its_credit_note_by_nothing(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = firm_with(office, "100.00", handler=handler)
    note = credit(firm, invoice, "0.4")
    office.settle()
    content = bgmax(
        BgMaxPayment(amount=4_000, reference=ocr(note)),
        BgMaxPayment(amount=10_000, reference=ocr(invoice)),
        BgMaxPayment(amount=6_000, reference=ocr(invoice)),
    )
    file = upload(firm, content, user)
    assert [each["status"] for each in file["payments"]] == ["waiting", "waiting", "registered"]
    assert f"{note['number']} is a credit note" in " ".join(file["payments"][0]["reasons"])
    assert registered(firm) == [(invoice["number"], "60.00")]
    assert firm.agreement()["agrees"] is True


def test_while_a_credit_note_is_on_its_way_to_the_bureau_its_invoice_waits_for_a_person(
    office: Office,
) -> None:
    firm, (invoice, other) = firm_with(office, "100.00", "200.00", handler="bureau")
    credit(firm, invoice, "0.4")
    content = bgmax(
        BgMaxPayment(amount=10_000, reference=ocr(invoice)),
        BgMaxPayment(amount=20_000, reference=ocr(other)),
    )
    file = upload(firm, content, STAFF)
    assert (file["status"], [each["match"] for each in file["payments"]]) == ("done", ["unmatched", "exact"])
    assert "a credit note of it has not reached the ledger yet" in file["payments"][0]["reasons"][-1]
    assert registered(firm) == [(other["number"], "200.00")]


def test_what_a_bank_may_send_never_stops_a_file(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    content = bgmax(
        BgMaxPayment(amount=0, reference=ocr(invoice)),
        BgMaxPayment(amount=10_000, reference="26"),
        BgMaxPayment(amount=10_000, reference="26", code=3),
        BgMaxPayment(amount=500, reference=make_ocr("4711"), deduction_code=0),
        BgMaxPayment(amount=10_000, reference="0" * 25, code=3),
        BgMaxPayment(amount=10_000, reference="ÅÄÖ 9/11", code=3, texts=("tack för allt" * 3,)),
        BgMaxPayment(amount=10_000, reference=ocr(invoice)),
    )
    file = upload(firm, content)
    assert file["status"] == "done"
    assert file["payments"][-1]["match"] == "exact"
    assert registered(firm) == [(invoice["number"], "100.00")]


def test_a_payment_of_nothing_for_a_paid_invoice_registers_nothing(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    firm.pay("100.00", invoice)
    office.settle()
    file = upload(firm, bgmax(BgMaxPayment(amount=0, reference=ocr(invoice))))
    assert (file["status"], file["payments"][0]["status"]) == ("done", "waiting")
    assert len(registered(firm)) == 1


def test_a_foreign_currency_is_shown_and_never_registered(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    file = upload(firm, bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice)), currency="EUR"))
    assert (file["status"], file["payments"][0]["match"], file["payments"][0]["currency"]) == (
        "done",
        "unmatched",
        "EUR",
    )
    assert file["totals"]["amount"] == "0.00"
    assert registered(firm) == []


# ---------------------------------------------------------------- twice


def test_the_same_event_twice_and_the_same_file_again_register_once(office: Office) -> None:
    firm, (invoice, other) = firm_with(office, "100.00", "200.00")
    content = bgmax(
        BgMaxPayment(amount=10_000, reference=ocr(invoice)),
        BgMaxPayment(amount=5_000, reference=ocr(other)),
    )
    file_id = ask(firm)
    event = put(firm, file_id, content)
    for _ in range(2):
        office.invoke("payment_file_received", event)
        first = firm.ok("GET", f"/payment-files/{file_id}")
        assert outcome(first) == [("exact", False), ("proposed", False)]
    again = upload(firm, content)
    assert (again["status"], again["totals"]["duplicates"], again["totals"]["exact"]) == ("done", 2, 0)
    assert outcome(again) == [("exact", True), ("proposed", True)]
    assert [each["bank_payment_id"] for each in again["payments"]] == [
        each["bank_payment_id"] for each in first["payments"]
    ]
    assert registered(firm) == [(invoice["number"], "100.00")]


def test_a_second_upload_under_the_same_form_is_left_alone(office: Office) -> None:
    firm, (invoice, other) = firm_with(office, "100.00", "200.00")
    file_id = ask(firm)
    office.invoke(
        "payment_file_received",
        put(firm, file_id, bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice)))),
    )
    first = firm.ok("GET", f"/payment-files/{file_id}")
    office.invoke(
        "payment_file_received", put(firm, file_id, bgmax(BgMaxPayment(amount=20_000, reference=ocr(other))))
    )
    assert firm.ok("GET", f"/payment-files/{file_id}") == first
    assert registered(firm) == [(invoice["number"], "100.00")]
    assert (
        upload(firm, bgmax(BgMaxPayment(amount=20_000, reference=ocr(other), serial=77)))["totals"]["exact"]
        == 1
    )


def test_genuine_twins_with_references_of_their_own_both_count(office: Office) -> None:
    firm, (first, second) = firm_with(office, "100.00", "100.00")
    paid = [BgMaxPayment(amount=10_000, reference=ocr(each), name="SAMMA KUND") for each in (first, second)]
    assert upload(firm, bgmax(*paid))["totals"]["exact"] == 2
    assert registered(firm) == [(first["number"], "100.00"), (second["number"], "100.00")]


def test_the_same_file_in_another_company_is_that_companys_own(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    other = office.firm(client="olle", staff="stina")
    theirs = other.issue("100.00", rate="0", invoice_date="2026-09-01")
    assert theirs["number"] == invoice["number"]
    content = bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice)))
    assert upload(firm, content)["totals"]["exact"] == 1
    assert upload(other, content, "olle")["totals"]["exact"] == 1


# ---------------------------------------------------------------- refused whole


def broken_files() -> Iterator[tuple[str, bytes]]:
    paid = [BgMaxPayment(amount=10_000, reference=make_ocr(str(1001 + place))) for place in range(3)]
    good = bgmax(*paid)
    rows = good.split(b"\r\n")
    counted_wrong = good.replace(b"7000000003", b"7000000004")
    sum_wrong = good.replace(f"{30_000:018}".encode(), f"{30_001:018}".encode())
    assert good not in (counted_wrong, sum_wrong)
    xml = camt(*[CamtPayment(amount=10_000, references=(CamtReference(value=make_ocr("1001")),))] * 2)
    xml_sum_wrong = xml.replace(b"<Sum>200.00</Sum>", b"<Sum>200.01</Sum>")
    assert xml_sum_wrong != xml
    yield "not-a-payment-file", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
    yield "not-a-payment-file", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "not-a-payment-file", b" "
    yield "", b"\r\n".join(rows[: len(rows) // 2])
    yield "", good[:-90]
    yield "", counted_wrong
    yield "", sum_wrong
    yield "", xml[: len(xml) // 2]
    yield "", xml_sum_wrong
    yield "", bgmax(*paid, mark="T")
    yield "recipient", bgmax(*paid, recipient="50501055")
    yield "recipient", camt(CamtPayment(amount=10_000), recipient="50501055")


def test_a_broken_file_is_refused_whole_with_its_reason_and_nothing_in_it_is_registered(
    office: Office,
) -> None:
    firm, _ = firm_with(office, "100.00", "100.00", "100.00")
    before = firm.items("InvoicingTable"), firm.items("LedgerTable")
    for check, content in broken_files():
        file = upload(firm, content)
        assert file["status"] == "refused", content[:40]
        assert (file["payments"], file["totals"]) == ([], None)
        refusal = file["refusal"]
        assert refusal["check"]
        assert refusal["message"]
        if check:
            assert refusal["check"] == check
    assert (firm.items("InvoicingTable"), firm.items("LedgerTable")) == before
    assert {each["status"] for each in firm.ok("GET", "/payment-files?limit=100")["items"]} == {"refused"}


def test_a_file_of_another_companys_bankgiro_says_whose_it_should_be(office: Office) -> None:
    firm = office.firm()
    file = upload(firm, bgmax(BgMaxPayment(amount=10_000, reference=make_ocr("1")), recipient="50501055"))
    assert "9912346" in file["refusal"]["expected"]
    assert "50501055" in file["refusal"]["found"]


def test_a_file_whose_sender_no_longer_handles_payments_is_refused(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    file_id = ask(firm)
    event = put(firm, file_id, bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice))))
    firm.ok("POST", "/collaboration/payment-handler", {"handler": "bureau"})
    office.invoke("payment_file_received", event)
    file = firm.ok("GET", f"/payment-files/{file_id}")
    assert (file["status"], file["refusal"]["check"]) == ("refused", "not-handler")
    assert registered(firm) == []


def test_an_object_that_nobody_asked_to_upload_is_left_alone(office: Office) -> None:
    firm = office.firm()
    before = office.cloud.items("PlatformTable")
    for key in (
        f"incoming/{firm.company_id}/pmf_00000000000000000000",
        "incoming/x",
        "other/a/b",
        "incoming/a/b/c",
    ):
        office.invoke("payment_file_received", office.cloud.upload("PaymentFilesBucket", key, bgmax()))
    assert office.cloud.items("PlatformTable") == before


# ---------------------------------------------------------------- a crash


@pytest.mark.parametrize("done", [0, 2])
def test_after_a_crash_the_next_delivery_goes_on_and_registers_each_payment_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    firm, invoices = firm_with(office, "100.00", "200.00", "300.00")
    paid = [
        BgMaxPayment(amount=amount, reference=ocr(each))
        for amount, each in zip((10_000, 20_000, 30_000), invoices, strict=True)
    ]
    file_id = ask(firm)
    event = put(firm, file_id, bgmax(*paid))
    monkeypatch.setattr(receiving, "_TOGETHER", 1)
    deal = receiving._Part.deal
    dealt: list[Any] = []

    def crashing(part: Any) -> Any:
        if len(dealt) == done:
            raise MemoryError
        dealt.append(part)
        return deal(part)

    with monkeypatch.context() as patch:
        patch.setattr(receiving._Part, "deal", crashing)
        with pytest.raises(MemoryError):
            office.invoke("payment_file_received", event)
    half = firm.ok("GET", f"/payment-files/{file_id}")
    assert (half["status"], len(half["payments"])) == ("reading", done)
    office.invoke("payment_file_received", event)
    whole = firm.ok("GET", f"/payment-files/{file_id}")
    assert (whole["status"], outcome(whole)) == ("done", [("exact", False)] * 3)
    assert whole["totals"]["exact"] == 3
    assert [amount for _, amount in registered(firm)] == ["100.00", "200.00", "300.00"]
    assert firm.agreement()["agrees"] is True


def test_a_part_that_was_written_before_the_crash_was_noticed_is_not_written_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, invoices = firm_with(office, "100.00", "200.00")
    paid = [
        BgMaxPayment(amount=amount, reference=ocr(each))
        for amount, each in zip((10_000, 20_000), invoices, strict=True)
    ]
    file_id = ask(firm)
    event = put(firm, file_id, bgmax(*paid))
    monkeypatch.setattr(receiving, "_TOGETHER", 1)
    deal = receiving._Part.deal

    def crashing_behind(part: Any) -> Any:
        deal(part)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(receiving._Part, "deal", crashing_behind)
        with pytest.raises(MemoryError):
            office.invoke("payment_file_received", event)
    office.invoke("payment_file_received", event)
    whole = firm.ok("GET", f"/payment-files/{file_id}")
    assert (whole["status"], outcome(whole)) == ("done", [("exact", False)] * 2)
    assert [amount for _, amount in registered(firm)] == ["100.00", "200.00"]


def test_two_deliveries_of_an_event_at_once_tell_and_register_each_payment_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, invoices = firm_with(office, "100.00", "200.00", "300.00")
    paid = [
        BgMaxPayment(amount=amount, reference=ocr(each))
        for amount, each in zip((10_000, 20_000, 30_000), invoices, strict=True)
    ]
    file_id, content = ask(firm), bgmax(*paid)
    event = put(firm, file_id, content)
    monkeypatch.setattr(receiving, "_TOGETHER", 1)
    write = receiving._Part._write
    version = event["Records"][0]["s3"]["object"]["versionId"]

    def behind_another(part: Any) -> Any:
        """What this delivery is about to write, another has just written, and all that follows."""
        monkeypatch.setattr(receiving._Part, "_write", write)
        receiving.receive(firm.company_id, file_id, version, io.BytesIO(content))
        return write(part)

    monkeypatch.setattr(receiving._Part, "_write", behind_another)
    office.invoke("payment_file_received", event)
    file = firm.ok("GET", f"/payment-files/{file_id}")
    assert (file["status"], outcome(file)) == ("done", [("exact", False)] * 3)
    assert [amount for _, amount in registered(firm)] == ["100.00", "200.00", "300.00"]


def test_files_are_listed_newest_first_without_their_payments(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    ids = [
        upload(firm, bgmax(BgMaxPayment(amount=100, reference=ocr(invoice), serial=serial)))["file_id"]
        for serial in (1, 2)
    ]
    first = firm.ok("GET", "/payment-files?limit=1", user=STAFF)
    rest = firm.ok("GET", f"/payment-files?cursor={first['next']}")
    listed = first["items"] + rest["items"]
    assert [each["file_id"] for each in listed] == ids[::-1]
    assert all(each["payments"] == [] and each["totals"]["payments"] == 1 for each in listed)


def hand_over_in_the_middle(
    monkeypatch: pytest.MonkeyPatch, firm: Firm, since: str = TODAY.isoformat()
) -> None:
    """Let the bureau handle payments from a day on, decided behind the first part of the next file."""
    monkeypatch.setattr(receiving, "_TOGETHER", 1)
    deal = receiving._Part.deal

    def then_decided(part: Any) -> Any:
        done = deal(part)
        monkeypatch.setattr(receiving._Part, "deal", deal)
        decision = {"handler": "bureau", "since": since}
        firm.ok("POST", "/collaboration/payment-handler", decision, STAFF)
        return done

    monkeypatch.setattr(receiving._Part, "deal", then_decided)


def test_a_handler_changed_in_the_middle_of_a_file_ends_it_there_and_what_was_registered_stands(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, (first, second) = firm_with(office, "100.00", "200.00")
    paid = [
        BgMaxPayment(amount=amount, reference=ocr(each))
        for amount, each in ((10_000, first), (20_000, second))
    ]
    hand_over_in_the_middle(monkeypatch, firm)
    file = upload(firm, bgmax(*paid))
    assert (file["status"], file["refusal"]["check"]) == ("interrupted", "not-handler")
    assert (file["totals"]["exact"], file["totals"]["payments"]) == (1, 1)
    assert registered(firm) == [(first["number"], "100.00")]
    rest = upload(firm, bgmax(*paid), STAFF)
    assert (rest["status"], rest["totals"]["exact"], rest["totals"]["duplicates"]) == ("done", 1, 1)
    assert registered(firm) == [(first["number"], "100.00"), (second["number"], "200.00")]
    assert firm.agreement()["agrees"] is True


def test_a_decision_for_another_day_does_not_interrupt_a_file(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, (first, second) = firm_with(office, "100.00", "200.00")
    paid = [
        BgMaxPayment(amount=amount, reference=ocr(each))
        for amount, each in ((10_000, first), (20_000, second))
    ]
    hand_over_in_the_middle(monkeypatch, firm, since="2026-12-01")
    file = upload(firm, bgmax(*paid))
    assert (file["status"], file["totals"]["exact"]) == ("done", 2)
    assert len(registered(firm)) == 2
