import copy
import json
import time
from typing import Any

import pytest

from samklang.ledger import journal as journals
from samklang.platform import dynamo
from samklang.platform.dynamo import Contention, to_item
from tests.functions.books import Firm, Office, Record, image
from tests.functions.conftest import STAFF

pytest_plugins = ["tests.functions.an_office"]


YEAR_BEFORE = "2025-01-01", "2025-12-31"
THIS_YEAR = "2026-01-01", "2026-12-31"
NEXT_YEAR = "2027-01-01", "2027-12-31"


def sequence(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def spoil(record: Record, **values: Any) -> Record:
    """A record whose new image has other values (None: not there)."""
    spoilt = copy.deepcopy(record)
    changed = image(record) | values
    spoilt["dynamodb"]["NewImage"] = to_item(changed)
    return spoilt


def parked(firm: Firm) -> list[Any]:
    found: list[Any] = firm.ok("GET", "/ledger/parked")["items"]
    return found


def numbers(firm: Firm, series: str = "K") -> list[int]:
    return sorted(each["number"] for each in firm.vouchers() if each["series"] == series)


def retry(office: Office, firm: Firm, parked_id: str) -> Any:
    answer = firm.call("POST", f"/ledger/parked/{parked_id}/retry", None, STAFF)
    assert answer.status == 200, answer.text
    return answer.body


# ---------------------------------------------------------------- what passes, and once


def test_only_issued_invoices_and_the_clients_own_payments_pass_the_filter(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft()
    firm.call("PUT", f"/customers/{draft['customer_id']}", {"name": "Nytt"}, headers={"If-Match": '"1"'})
    assert office.news("ledger_sync") == []
    firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    assert [image(each)["kind"] for each in office.news("ledger_sync")] == ["invoice"]
    firm.pay("10.00", draft)
    assert [image(each)["kind"] for each in office.news("ledger_sync")] == ["payment"]


def test_the_bureaus_payment_brought_back_does_not_echo(office: Office) -> None:
    firm = office.firm(handler="bureau")
    invoice = firm.issue()
    office.settle()
    payment = firm.pay("100.00", invoice, user=STAFF).body["payment_id"]
    assert office.deliver("payment_sync", office.news("payment_sync")) == []
    assert office.news("ledger_sync") == []
    firm.ok("POST", f"/payments/{payment}/reverse", {}, STAFF)
    assert office.deliver("payment_sync", office.news("payment_sync")) == []
    assert office.news("ledger_sync") == []
    assert firm.agreement()["agrees"] is True


def test_the_same_batch_twice_posts_once(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue()
    payment = firm.pay("100.00", invoice).body["payment_id"]
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    batch = office.news("ledger_sync")
    assert len(batch) == 3
    assert office.deliver("ledger_sync", batch) == []
    before = firm.items("LedgerTable")
    for again in (batch, batch[1:], batch + batch):
        assert office.deliver("ledger_sync", again) == []
        assert firm.items("LedgerTable") == before


def test_a_payment_in_the_batch_of_its_invoice_is_posted_with_it_and_each_record_twice_does_no_harm(
    office: Office,
) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    firm.pay("25.00", invoice)
    batch = office.news("ledger_sync")
    assert office.deliver("ledger_sync", [each for record in batch for each in (record, record)]) == []
    assert firm.balances() == {"1510": "100.00", "1930": "25.00", "2611": "-25.00", "3001": "-100.00"}
    assert (numbers(firm, "K"), numbers(firm, "I")) == ([1], [1])
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_companies_of_one_batch_have_books_of_their_own(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina", first_invoice_number=1)
    mine, theirs = firm.issue("100.00"), other.issue("1.00")
    mine_too = firm.issue("10.00")
    assert office.deliver("ledger_sync", office.news("ledger_sync")) == []
    assert [each["text"] for each in other.vouchers()] == ["Kundfaktura 1 Kund AB"]
    assert [each["invoice_number"] for each in firm.receivables()["items"]] == [
        mine["number"],
        mine_too["number"],
    ]
    assert other.receivables()["total"] == theirs["total"]


# ---------------------------------------------------------------- many


def many_changes(firm: Firm, count: int) -> list[Record]:
    """As many invoices as told, made from a real one's image, on three months in turn."""
    firm.issue("1.00", rate="0")
    (record,) = firm.office.news("ledger_sync")
    made = []
    for place in range(count):
        identifier = f"inv_{place:020}"
        each = spoil(
            record,
            id=identifier,
            sk=f"INVOICE#{identifier}",
            number=2000 + place,
            invoice_date=f"2026-0{place % 3 + 1}-05",
        )
        each["dynamodb"]["Keys"] = to_item({"pk": image(record)["pk"], "sk": f"INVOICE#{identifier}"})
        each["dynamodb"]["SequenceNumber"] = str(int(sequence(record)) + place)
        made.append(each)
    return made


def test_more_records_than_fit_in_a_transaction_are_folded_into_a_few_and_numbered_gaplessly(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    batch = many_changes(firm, 105)
    sizes = []
    commit = dynamo.Transaction.commit

    def counted(transaction: dynamo.Transaction) -> None:
        sizes.append(len(transaction.operations))
        commit(transaction)

    monkeypatch.setattr(dynamo.Transaction, "commit", counted)
    assert office.deliver("ledger_sync", batch) == []
    assert max(sizes) <= dynamo.MAX_OPERATIONS
    assert len(sizes) == 3, sizes
    vouchers = firm.items("LedgerTable", "VOUCHER#")
    assert sorted(int(each["sk"].rpartition("#")[2]) for each in vouchers) == list(range(1, 106))
    assert firm.balances() == {"1510": "105.00", "3004": "-105.00"}
    assert firm.balances("?to=2026-02-28")["1510"] == "70.00"


# ---------------------------------------------------------------- poison and refusal

POISON: dict[str, dict[str, Any]] = {
    "an attribute that is not there": {"total": None},
    "rows that are no JSON": {"vat_lines": "[["},
    "rows of another shape": {"vat_lines": '[["25"]]'},
    "a rate that has no accounts": {"vat_lines": '[["19",100000,25000]]'},
    "a total that is a text": {"total": "125000"},
    "a date that is none": {"invoice_date": "2026-02-30"},
    "a date that is a number": {"invoice_date": 20261123},
    "an amount that is a text": {"vat_lines": '[["25","100000",25000]]'},
    "figures that do not add up": {"total": 1},
    "a list of invoices for rows": {"vat_lines": [1, 2]},
}


def test_a_poison_record_is_parked_and_those_before_and_after_it_are_posted(office: Office) -> None:
    firm = office.firm()
    batch = []
    for place, values in enumerate(POISON.values()):
        for _ in range(1 + (place == 0)):
            firm.issue("1.00")
        fresh = office.news("ledger_sync")
        batch += [*fresh[:-1], spoil(fresh[-1], **values)]
    firm.issue("1.00")
    batch += office.news("ledger_sync")
    try:
        failed = office.deliver("ledger_sync", batch)
    except Exception as error:  # noqa: BLE001 - whatever it is, the batch would be stuck
        failed = [f"the whole batch: {error!r}"]
    assert failed == []
    waiting = {each["event"].split("/")[1] for each in parked(firm)}
    expected = {image(each)["id"] for each in batch[1:-1]}
    assert waiting == expected
    assert numbers(firm) == [1, 2]
    assert firm.balances()["1510"] == "2.50"


def test_what_could_not_be_read_is_no_longer_parked_once_it_is_read_and_posted(office: Office) -> None:
    firm = office.firm()
    firm.issue("1.00")
    (record,) = office.news("ledger_sync")
    assert office.deliver("ledger_sync", [spoil(record, total=None)]) == []
    assert [each["code"] for each in parked(firm)] == ["internal"]
    assert office.deliver("ledger_sync", [record]) == []
    assert parked(firm) == []
    assert numbers(firm) == [1]


def test_no_kind_of_poison_ends_its_batch_or_is_posted_when_retried_unmended(office: Office) -> None:
    firm = office.firm()
    stuck: dict[str, object] = {}
    for what, values in POISON.items():
        firm.issue("1.00")
        (first,) = office.news("ledger_sync")
        before = {each["parked_id"] for each in parked(firm)}
        try:
            assert office.deliver("ledger_sync", [spoil(first, **values)]) == []
        except Exception as error:  # noqa: BLE001 - whatever it is, the batch would be stuck
            stuck[what] = repr(error)
            continue
        (waiting,) = (each for each in parked(firm) if each["parked_id"] not in before)
        assert image(first)["id"] in waiting["event"]
        assert waiting["code"] in {"internal", "unbalanced"}
        result = retry(office, firm, waiting["parked_id"])
        assert result["posted"] == []
        assert [each["parked_id"] for each in result["parked"]] == [waiting["parked_id"]]
    assert stuck == {}
    assert firm.vouchers() == []


def test_an_event_outside_the_fiscal_year_is_parked_with_its_reason_and_posted_when_retried_after(
    office: Office,
) -> None:
    firm = office.firm()
    firm.keep_fiscal_years(THIS_YEAR)
    early = firm.issue("100.00", invoice_date="2027-01-01")
    payment = firm.pay("125.00", early).body
    inside = firm.issue("8.00")
    office.settle()
    waiting = {each["event"]: each for each in parked(firm)}
    invoice_event = waiting[f"invoice/{early['invoice_id']}/issued"]
    payment_event = waiting[f"payment/{payment['payment_id']}/registered"]
    assert (invoice_event["code"], payment_event["code"]) == ("outside-fiscal-year", "invoice-not-posted")
    assert "2027-01-01" in invoice_event["detail"]
    assert firm.invoice(early)["ledger"]["status"] == "parked"
    assert firm.invoice(inside)["ledger"]["status"] == "posted"
    still = retry(office, firm, invoice_event["parked_id"])
    assert (still["posted"], {each["code"] for each in still["parked"]}) == (
        [],
        {"outside-fiscal-year", "invoice-not-posted"},
    )
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    assert firm.call("POST", f"/ledger/parked/{invoice_event['parked_id']}/retry").status == 403
    done = retry(office, firm, invoice_event["parked_id"])
    assert done["posted"] == [invoice_event["event"], payment_event["event"]]
    assert parked(firm) == done["parked"] == []
    office.settle()
    assert firm.invoice(early)["ledger"]["status"] == "posted"
    assert firm.agreement()["agrees"] is True
    gone = firm.call("POST", f"/ledger/parked/{invoice_event['parked_id']}/retry", None, STAFF)
    assert (gone.status, gone.body["code"]) == (404, "not-found")


def test_a_closed_period_parks_its_events_and_a_redelivery_parks_them_once(office: Office) -> None:
    firm = office.firm()
    firm.close_books_until("2026-10-31")
    firm.issue("1.00", invoice_date="2026-10-31")
    firm.issue("1.00", invoice_date="2026-11-01")
    batch = office.news("ledger_sync")
    for _ in range(2):
        assert office.deliver("ledger_sync", batch) == []
        assert [each["code"] for each in parked(firm)] == ["closed-period"]
        assert numbers(firm) == [1]


def test_a_parked_event_delivered_again_after_its_cause_is_mended_is_posted_and_no_longer_parked(
    office: Office,
) -> None:
    firm = office.firm()
    firm.keep_fiscal_years(THIS_YEAR)
    firm.issue("1.00", invoice_date="2027-01-01")
    batch = office.news("ledger_sync")
    office.deliver("ledger_sync", batch)
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    assert office.deliver("ledger_sync", batch) == []
    assert len(firm.vouchers()) == 1
    assert parked(firm) == []


def test_the_reversal_of_a_parked_payment_waits_for_it_and_follows_it(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    office.settle()
    payment = firm.pay("125.00", invoice, payment_date="2025-12-31").body["payment_id"]
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    office.settle()
    waiting = {each["event"].rpartition("/")[2]: each for each in parked(firm)}
    assert set(waiting) == {"registered", "reversed"}
    firm.keep_fiscal_years(YEAR_BEFORE, THIS_YEAR)
    done = retry(office, firm, waiting["registered"]["parked_id"])
    assert [each.rpartition("/")[2] for each in done["posted"]] == ["registered", "reversed"]
    office.settle()
    assert parked(firm) == []
    assert firm.agreement()["agrees"] is True
    assert firm.balances()["1930"] == "0.00"


def test_a_payment_and_its_reversal_in_one_batch_are_both_posted_and_cancel_out(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    office.settle()
    payment = firm.pay("125.00", invoice).body["payment_id"]
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    batch = office.news("ledger_sync")
    assert len(batch) == 2
    for _ in range(2):
        assert office.deliver("ledger_sync", batch) == []
    assert sorted(each["series"] for each in firm.vouchers()) == ["I", "I", "K"]
    assert firm.balances()["1930"] == "0.00"
    assert firm.agreement()["agrees"] is True
    assert firm.ok("GET", f"/payments/{payment}")["sync"] == "synchronised"


def test_a_parked_payment_retried_posts_its_parked_invoice_before_it(office: Office) -> None:
    firm = office.firm()
    firm.close_books_until("2026-10-31")
    invoice = firm.issue("100.00", invoice_date="2026-10-31")
    payment = firm.pay("125.00", invoice, payment_date="2026-11-02").body["payment_id"]
    office.settle()
    waiting = {each["event"].partition("/")[0]: each for each in parked(firm)}
    firm.close_books_until("2026-09-30")
    done = retry(office, firm, waiting["payment"]["parked_id"])
    assert done["posted"] == [f"invoice/{invoice['invoice_id']}/issued", f"payment/{payment}/registered"]
    office.settle()
    assert parked(firm) == []
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- passing failures


def test_under_long_contention_the_batch_is_sent_again_from_the_companys_first_record_and_others_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    other.issue()
    firm.issue()
    firm.issue()
    batch = office.news("ledger_sync")
    monkeypatch.setattr(time, "sleep", lambda _: None)
    write = journals.Journal.write

    def contended(journal: journals.Journal, transaction: dynamo.Transaction) -> None:
        if journal.company_id == firm.company_id:
            raise Contention("TransactionConflict")
        write(journal, transaction)

    with monkeypatch.context() as patch:
        patch.setattr(journals.Journal, "write", contended)
        assert office.deliver("ledger_sync", batch) == [sequence(batch[1])]
    assert (numbers(firm), numbers(other)) == ([], [1])
    assert office.deliver("ledger_sync", batch[1:]) == []
    assert numbers(firm) == [1, 2]


def test_a_head_of_the_books_changed_meanwhile_is_read_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    firm.issue()
    batch = office.news("ledger_sync")
    write, meanwhile = journals.Journal.write, [1]

    def after_somebody_else(journal: journals.Journal, transaction: dynamo.Transaction) -> None:
        write(journal, transaction)
        if meanwhile:
            meanwhile.clear()
            journal.books.version -= 1
            transaction.operations.clear()
            transaction.labels.clear()
            write(journal, transaction)

    monkeypatch.setattr(journals.Journal, "write", after_somebody_else)
    assert office.deliver("ledger_sync", batch) == []
    assert not meanwhile
    assert numbers(firm) == [1]


def test_an_image_that_was_parked_is_kept_whole_for_the_retry(office: Office) -> None:
    firm = office.firm()
    firm.keep_fiscal_years(THIS_YEAR)
    firm.issue("1.00", invoice_date="2027-01-01")
    (record,) = office.news("ledger_sync")
    office.deliver("ledger_sync", [record])
    (item,) = firm.items("LedgerTable", "PARKED#")
    assert json.loads(item["change"]) == {"kind": "invoice", "image": image(record)}


# ---------------------------------------------------------------- replay


def test_what_the_streams_lost_is_made_good_by_a_replay_and_another_changes_nothing(
    office: Office,
) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    payment = firm.pay("125.00", invoice).body["payment_id"]
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    firm.issue("8.00")
    for _ in range(2):
        assert office.invoke("ledger_sync", {"replay": firm.company_id})["looked_at"] >= 3
        assert (numbers(firm, "K"), numbers(firm, "I")) == ([1, 2], [1, 2])
        assert firm.agreement()["agrees"] is True
    for _ in range(2):
        assert office.invoke("payment_sync", {"replay": firm.company_id})["looked_at"] >= 3
        assert firm.invoice(invoice)["ledger"]["status"] == "posted"
        assert firm.invoice(invoice)["remaining"] == "125.00"
    assert firm.ok("GET", f"/payments/{payment}")["sync"] == "synchronised"
