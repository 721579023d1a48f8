import time

import pytest

from samklang.platform import dynamo
from tests.functions.books import Firm, Office, cross, image, passing
from tests.functions.conftest import STAFF

pytest_plugins = ["tests.functions.an_office"]


def posted_firm(office: Office) -> tuple[Firm, dict[str, str]]:
    firm = office.firm(handler="bureau")
    invoice = firm.issue("100.00")
    office.settle()
    return firm, invoice


def test_only_open_items_payments_and_parked_events_pass_the_filter(office: Office) -> None:
    firm, invoice = posted_firm(office)
    firm.voucher("1930", "2893", "1.00")
    assert office.news("payment_sync") == []
    firm.pay("10.00", invoice, user=STAFF)
    assert sorted(image(each)["kind"] for each in office.news("payment_sync")) == ["payment", "receivable"]


def test_a_posted_invoice_shows_its_voucher_and_keeps_its_version(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue()
    office.settle()
    seen = firm.invoice(invoice)
    assert seen["ledger"] == {
        "status": "posted",
        "voucher": {"voucher_id": "2026-11-23.K.1", "series": "K", "number": 1, "date": "2026-11-23"},
        "reason": None,
    }
    assert seen | {"ledger": None} == invoice | {"ledger": None}


def test_the_bureaus_payment_and_its_reversal_reach_the_invoice_once_however_often_delivered(
    office: Office,
) -> None:
    firm, invoice = posted_firm(office)
    payment = firm.pay("50.00", invoice, user=STAFF).body["payment_id"]
    came = office.news("payment_sync")
    for batch in (came, came, came + came):
        assert office.deliver("payment_sync", batch) == []
        assert (firm.invoice(invoice)["remaining"], firm.invoice(invoice)["status"]) == (
            "75.00",
            "partly_paid",
        )
    firm.ok("POST", f"/payments/{payment}/reverse", {}, STAFF)
    went = office.news("payment_sync")
    for batch in (went, went, came + went):
        assert office.deliver("payment_sync", batch) == []
        assert (firm.invoice(invoice)["remaining"], firm.invoice(invoice)["status"]) == ("125.00", "issued")
    assert firm.agreement()["agrees"] is True


def test_the_clients_own_payment_coming_back_changes_nothing(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    firm.pay("50.00", invoice)
    office.settle()
    records = passing("payment_sync", office.records("LedgerTable"))
    assert {image(each)["kind"] for each in records} == {"receivable", "payment"}
    before = firm.items("InvoicingTable")
    assert office.deliver("payment_sync", records) == []
    assert firm.items("InvoicingTable") == before


def test_a_reversal_that_comes_before_its_payment_brings_both_and_the_payment_after_it_nothing(
    office: Office,
) -> None:
    firm, invoice = posted_firm(office)
    payment = firm.pay("50.00", invoice, user=STAFF).body["payment_id"]
    came = office.news("payment_sync")
    firm.ok("POST", f"/payments/{payment}/reverse", {}, STAFF)
    went = office.news("payment_sync")
    for batch in (went, came, came + went):
        assert office.deliver("payment_sync", batch) == []
        assert firm.invoice(invoice)["remaining"] == "125.00"
        assert firm.ok("GET", f"/payments/{payment}")["sync"] == "synchronised"


def test_under_long_contention_the_batch_is_sent_again_from_the_first_record(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, invoice = posted_firm(office)
    firm.pay("50.00", invoice, user=STAFF)
    batch = office.news("payment_sync")
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def contended(_: dynamo.Transaction) -> None:
        raise dynamo.Contention("TransactionConflict")

    with monkeypatch.context() as patch:
        patch.setattr(dynamo.Transaction, "commit_unchanged", contended)
        assert office.deliver("payment_sync", batch) == [batch[0]["dynamodb"]["SequenceNumber"]]
    assert firm.invoice(invoice)["remaining"] == "125.00"
    assert office.deliver("payment_sync", batch) == []
    assert firm.invoice(invoice)["remaining"] == "75.00"


def test_an_invoice_changed_meanwhile_is_read_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    firm, invoice = posted_firm(office)
    firm.pay("50.00", invoice, user=STAFF)
    commit, tries = dynamo.Transaction.commit_unchanged, []

    def disturbed(transaction: dynamo.Transaction) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise dynamo.Contention("somebody else was first")
        commit(transaction)

    monkeypatch.setattr(dynamo.Transaction, "commit_unchanged", disturbed)
    office.settle()
    assert len(tries) == 2
    assert firm.invoice(invoice)["remaining"] == "75.00"


def test_a_parked_invoice_shows_the_reason_and_a_posted_one_no_longer(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue()
    firm.close_books_until("2026-11-30")
    office.settle()
    ledger = firm.invoice(invoice)["ledger"]
    assert (ledger["status"], ledger["voucher"]) == ("parked", None)
    assert "The books are closed to 2026-11-30" in ledger["reason"]
    firm.close_books_until("2026-10-31")
    (waiting,) = firm.ok("GET", "/ledger/parked")["items"]
    firm.ok("POST", f"/ledger/parked/{waiting['parked_id']}/retry", None, STAFF)
    office.settle()
    assert firm.invoice(invoice)["ledger"]["status"] == "posted"
    assert firm.invoice(invoice)["ledger"]["reason"] is None


def test_a_credit_note_shows_its_own_voucher_and_its_original_keeps_its(office: Office) -> None:
    firm, invoice = posted_firm(office)
    before = firm.invoice(invoice)["ledger"]
    note = firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", {})
    office.settle()
    assert firm.invoice(note)["ledger"]["voucher"]["voucher_id"] == "2026-11-23.K.2"
    assert firm.invoice(invoice)["ledger"] == before


def test_a_parked_credit_note_shows_the_reason_and_its_original_does_not(office: Office) -> None:
    firm, invoice = posted_firm(office)
    note = firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", {})
    firm.close_books_until("2026-11-30")
    office.settle()
    assert firm.invoice(note)["ledger"]["status"] == "parked"
    assert "The books are closed to 2026-11-30" in firm.invoice(note)["ledger"]["reason"]
    assert firm.invoice(invoice)["ledger"]["status"] == "posted"


def test_a_payment_of_the_bureau_and_a_credit_note_that_cross_leave_both_books_alike(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, invoice = posted_firm(office)
    paid = cross(monkeypatch, lambda: firm.pay("125.00", invoice, user=STAFF))
    note = firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", {})
    assert [each.status for each in paid] == [201]
    office.settle()
    assert [firm.invoice(each)["remaining"] for each in (invoice, note)] == ["-125.00", "0.00"]
    (item,) = firm.receivables()["items"]
    assert (item["invoice_number"], item["remaining"]) == (invoice["number"], "-125.00")
    assert firm.agreement()["agrees"] is True


def test_customers_in_the_ledger_are_not_brought_back(office: Office) -> None:
    firm = office.firm()
    firm.customer()
    office.deliver("ledger_sync", office.news("ledger_sync"))
    assert len(firm.items("LedgerTable", "CUSTOMER#")) == 1
    assert office.news("payment_sync") == []


def test_companies_of_one_batch_do_not_disturb_each_other(office: Office) -> None:
    firm, invoice = posted_firm(office)
    other = office.firm(client="olle", staff="stina", handler="bureau")
    theirs = other.issue("100.00")
    office.settle()
    firm.pay("25.00", invoice, user=STAFF)
    other.pay("100.00", theirs, user="stina")
    office.settle()
    assert (firm.invoice(invoice)["remaining"], other.invoice(theirs)["remaining"]) == ("100.00", "25.00")
