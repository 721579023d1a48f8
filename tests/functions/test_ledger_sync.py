import copy
import itertools
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


def booked(office: Office) -> list[Record]:
    """What ledger_sync has not got yet, customers apart: those are kept beside the books."""
    return [each for each in office.news("ledger_sync") if image(each)["kind"] != "customer"]


def credit(firm: Firm, invoice: Any, quantity: str | None = None, **values: Any) -> Any:
    """A credit note of all that is left of an invoice, or of some of its first row."""
    rows = {"rows": [{"row": 0, "quantity": quantity}]} if quantity else {}
    return firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", rows | values)


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


def test_issued_invoices_credit_notes_customers_and_the_clients_own_payments_pass_the_filter(
    office: Office,
) -> None:
    firm = office.firm()

    def passed() -> list[tuple[str, str]]:
        return [(each["eventName"], image(each)["kind"]) for each in office.news("ledger_sync")]

    customer = firm.customer()
    assert passed() == [("INSERT", "customer")]
    firm.call("PUT", f"/customers/{customer}", {"name": "Nytt"}, headers={"If-Match": '"1"'})
    assert passed() == [("MODIFY", "customer")]
    draft = firm.draft(customer=customer)
    changed = {"customer_id": customer, "rows": [{"text": "Bara text"}]}
    firm.call("PUT", f"/invoices/{draft['invoice_id']}", changed, headers={"If-Match": '"1"'})
    invoice = firm.draft(customer=customer)
    assert passed() == []
    firm.ok("POST", f"/invoices/{invoice['invoice_id']}/issue")
    assert passed() == [("MODIFY", "invoice")]
    firm.pay("10.00", invoice)
    assert passed() == [("INSERT", "payment")]
    credit(firm, invoice, "0.5")
    assert passed() == [("INSERT", "invoice")]
    firm.ok("POST", "/articles", {"name": "Arbete", "unit_price": "1.00"})
    assert passed() == []


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
    batch = booked(office)
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
    (record,) = booked(firm.office)
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
    vouchers = firm.items("LedgerTable", "V#")
    assert sorted(int(each["sk"].rpartition("#")[2]) for each in vouchers) == list(range(1, 106))
    assert firm.balances() == {"1510": "105.00", "3004": "-105.00"}
    assert firm.balances("?to=2026-02-28")["1510"] == "70.00"


# ---------------------------------------------------------------- poison and refusal

POISON: dict[str, dict[str, Any]] = {
    "an attribute that is not there": {"total": None},
    "lines that are no JSON": {"vat_lines": "[["},
    "lines of another shape": {"vat_lines": '[["25"]]'},
    "a rate that has no accounts": {"vat_lines": '[["domestic","19",100,25]]'},
    "a code that has no accounts": {"vat_lines": '[["margin","25",100,25]]'},
    "a rate that its code never has": {"vat_lines": '[["export_goods","25",100,25]]'},
    "VAT on a sale without": {"vat_lines": '[["export_goods","0",100,25]]'},
    "a total that is a text": {"total": "125"},
    "a date that is none": {"invoice_date": "2026-02-30"},
    "a date that is a number": {"invoice_date": 20261123},
    "an amount that is a text": {"vat_lines": '[["domestic","25","100",25]]'},
    "figures that do not add up": {"total": 1},
    "a rounding that is a text": {"rounding": "0"},
    "a list of invoices for lines": {"vat_lines": [1, 2]},
    "an original that is no JSON": {"original": "{"},
    "an original that is a list": {"original": "[1]"},
    "an original without a number": {"original": '{"invoice_id":"inv_1","settled":1}'},
}


def test_a_poison_record_is_parked_and_those_before_and_after_it_are_posted(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    batch = []
    for place, values in enumerate(POISON.values()):
        for _ in range(1 + (place == 0)):
            firm.issue("1.00", customer=customer)
        fresh = booked(office)
        batch += [*fresh[:-1], spoil(fresh[-1], **values)]
    firm.issue("1.00", customer=customer)
    batch += booked(office)
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
    (record,) = booked(office)
    assert office.deliver("ledger_sync", [spoil(record, total=None)]) == []
    assert [each["code"] for each in parked(firm)] == ["internal"]
    assert office.deliver("ledger_sync", [record]) == []
    assert parked(firm) == []
    assert numbers(firm) == [1]


def test_no_kind_of_poison_ends_its_batch_or_is_posted_when_retried_unmended(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    stuck: dict[str, object] = {}
    for what, values in POISON.items():
        firm.issue("1.00", customer=customer)
        (first,) = booked(office)
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
    early = firm.issue("100.00", invoice_date="2027-01-01")
    payment = firm.pay("125.00", early).body
    inside = firm.issue("8.00")
    firm.keep_fiscal_years(THIS_YEAR)
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
    firm.issue("1.00", invoice_date="2026-10-31")
    firm.issue("1.00", invoice_date="2026-11-01")
    firm.close_books_until("2026-10-31")
    batch = office.news("ledger_sync")
    for _ in range(2):
        assert office.deliver("ledger_sync", batch) == []
        assert [each["code"] for each in parked(firm)] == ["closed-period"]
        assert numbers(firm) == [1]


def test_a_parked_event_delivered_again_after_its_cause_is_mended_is_posted_and_no_longer_parked(
    office: Office,
) -> None:
    firm = office.firm()
    firm.issue("1.00", invoice_date="2027-01-01")
    firm.keep_fiscal_years(THIS_YEAR)
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
    invoice = firm.issue("100.00", invoice_date="2026-10-31")
    payment = firm.pay("125.00", invoice, payment_date="2026-11-02").body["payment_id"]
    firm.close_books_until("2026-10-31")
    office.settle()
    waiting = {each["event"].partition("/")[0]: each for each in parked(firm)}
    firm.close_books_until("2026-09-30")
    done = retry(office, firm, waiting["payment"]["parked_id"])
    assert done["posted"] == [f"invoice/{invoice['invoice_id']}/issued", f"payment/{payment}/registered"]
    office.settle()
    assert parked(firm) == []
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- credit notes


def test_a_credit_note_is_posted_as_its_invoice_on_the_other_side_and_settles_it(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.36", round_to_krona=True)
    office.settle()
    assert firm.balances() == {"1510": "125.00", "2611": "-25.09", "3001": "-100.36", "3740": "0.45"}
    note = credit(firm, invoice)
    office.settle()
    assert set(firm.balances().values()) == {"0.00"}
    sale, back = firm.vouchers()
    assert back["text"] == f"Kreditfaktura {note['number']}, krediterar faktura {invoice['number']}, Kund AB"
    assert (back["series"], back["source"]) == ("K", f"invoice/{note['invoice_id']}/issued")
    mirrored = [{**row, "debit": row["credit"], "credit": row["debit"]} for row in sale["rows"]]
    assert back["rows"] == mirrored
    assert firm.receivables()["items"] == []
    assert [firm.invoice(each)["remaining"] for each in (invoice, note)] == ["0.00", "0.00"]
    assert firm.agreement()["agrees"] is True


def test_an_invoice_and_its_credit_notes_and_payments_are_posted_once_however_often_they_come(
    office: Office,
) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    first = credit(firm, invoice, "0.2")
    firm.pay("50.00", invoice)
    second = credit(firm, invoice)
    batch = booked(office)
    assert len(batch) == 4
    assert office.deliver("ledger_sync", [each for record in batch for each in (record, record)]) == []
    before = firm.items("LedgerTable")
    for again in (batch, batch[1:], batch[::-1], batch + batch):
        assert office.deliver("ledger_sync", again) == []
        assert firm.items("LedgerTable") == before
    assert (numbers(firm, "K"), numbers(firm, "I")) == ([1, 2, 3], [1])
    office.settle()
    assert {each["invoice_number"]: each["remaining"] for each in firm.receivables()["items"]} == {
        second["number"]: "-50.00"
    }
    assert [firm.invoice(each)["remaining"] for each in (invoice, first, second)] == [
        "0.00",
        "0.00",
        "-50.00",
    ]
    assert firm.agreement()["agrees"] is True


@pytest.mark.parametrize("chosen", ["invoice", "credit note", "payment"])
def test_a_credit_note_and_a_payment_wait_for_their_parked_invoice_and_follow_it_whichever_is_retried(
    office: Office, chosen: str
) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00", invoice_date="2026-10-31")
    payment = firm.pay("25.00", invoice).body
    note = credit(firm, invoice, "0.4")
    firm.close_books_until("2026-10-31")
    office.settle()
    events = {
        "invoice": f"invoice/{invoice['invoice_id']}/issued",
        "credit note": f"invoice/{note['invoice_id']}/issued",
        "payment": f"payment/{payment['payment_id']}/registered",
    }
    waiting = {each["event"]: each for each in parked(firm)}
    assert {event: waiting[event]["code"] for event in events.values()} == {
        events["invoice"]: "closed-period",
        events["credit note"]: "invoice-not-posted",
        events["payment"]: "invoice-not-posted",
    }
    assert f"Invoice {invoice['number']} is not posted" in waiting[events["credit note"]]["detail"]
    assert firm.vouchers() == []
    office.settle()
    assert firm.invoice(note)["ledger"]["status"] == "parked"
    firm.close_books_until("2026-09-30")
    done = retry(office, firm, waiting[events[chosen]]["parked_id"])
    assert done["posted"] == list(events.values())
    assert parked(firm) == done["parked"] == []
    office.settle()
    assert [firm.invoice(each)["ledger"]["status"] for each in (invoice, note)] == ["posted", "posted"]
    assert firm.receivables()["total"] == "50.00"
    assert firm.agreement()["agrees"] is True


def test_a_credit_note_that_comes_before_its_invoice_is_parked_and_posted_when_retried_after_it(
    office: Office,
) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    credit(firm, invoice)
    issued, credited = booked(office)
    assert office.deliver("ledger_sync", [credited, issued, issued]) == []
    (waiting,) = parked(firm)
    assert waiting["code"] == "invoice-not-posted"
    assert firm.agreement()["first_difference"]["cause"] == "parked"
    assert retry(office, firm, waiting["parked_id"])["posted"] == [waiting["event"]]
    assert office.deliver("ledger_sync", [credited]) == []
    assert numbers(firm) == [1, 2]
    assert firm.agreement()["agrees"] is True


def test_a_credit_note_parked_before_its_invoice_is_retried_behind_it(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00", invoice_date="2026-10-31")
    note = credit(firm, invoice)
    issued, credited = booked(office)
    firm.close_books_until("2026-10-31")
    for record in (credited, issued):
        assert office.deliver("ledger_sync", [record]) == []
    first, second = sorted(parked(firm), key=lambda each: str(each["parked_at"]))
    assert (first["code"], second["code"]) == ("invoice-not-posted", "closed-period")
    firm.close_books_until("2026-09-30")
    done = retry(office, firm, first["parked_id"])
    assert done["posted"] == [f"invoice/{each['invoice_id']}/issued" for each in (invoice, note)]
    assert parked(firm) == []


def test_a_credit_note_delivered_again_after_its_invoice_is_posted_and_no_longer_parked(
    office: Office,
) -> None:
    firm = office.firm()
    credit(firm, firm.issue("100.00"))
    issued, credited = booked(office)
    for batch in ([credited], [issued, credited]):
        assert office.deliver("ledger_sync", batch) == []
    assert parked(firm) == []
    assert firm.balances()["1510"] == "0.00"


# ---------------------------------------------------------------- customers


def known(firm: Firm) -> dict[str, tuple[str, int]]:
    """The customers in the ledger: id to name and version."""
    items = firm.ok("GET", "/ledger/customers")["items"]
    return {each["customer_id"]: (each["name"], each["version"]) for each in items}


def renamed(firm: Firm, customer: str, *names: str) -> None:
    """Change a new customer's name, once for each."""
    for version, name in enumerate(names, 1):
        path, tag = f"/customers/{customer}", f'"{version}"'
        assert firm.call("PUT", path, {"name": name}, headers={"If-Match": tag}).status == 200


def test_the_newest_version_of_a_customer_wins_in_whatever_order_and_however_often_they_come(
    office: Office,
) -> None:
    firm = office.firm()
    head = firm.items("LedgerTable", "BOOKS")
    for order in itertools.permutations(range(3)):
        customer = firm.customer("Ett")
        renamed(firm, customer, "Två", "Tre")
        versions = office.news("ledger_sync")
        assert len(versions) == 3
        for place in order:
            assert office.deliver("ledger_sync", [versions[place]]) == []
        assert known(firm)[customer] == ("Tre", 3), order
        assert office.deliver("ledger_sync", [versions[each] for each in (*order, *order)]) == []
        assert known(firm)[customer] == ("Tre", 3), order
    assert firm.items("LedgerTable", "BOOKS") == head


def test_a_customer_changed_from_domestic_to_foreign_and_made_inactive_is_so_in_the_ledger(
    office: Office,
) -> None:
    firm = office.firm()
    customer = firm.customer("Kunde")
    values = {"name": "Kunde", "vat_no": "DE136695976", "vat_treatment": "eu", "active": False}
    firm.call("PUT", f"/customers/{customer}", values, headers={"If-Match": '"1"'})
    office.settle()
    found = firm.ok("GET", f"/ledger/customers/{customer}")
    assert {name: found[name] for name in values} == values


POISONED_CUSTOMERS: dict[str, dict[str, Any]] = {
    "a body that is no JSON": {"body": "{"},
    "a body that is a list": {"body": "[1]"},
    "a body that is a number": {"body": 1},
    "a body that is not there": {"body": None},
    "a name that is a number": {"body": '{"name":1,"number":"1"}'},
    "no number": {"body": '{"name":"Kund"}'},
    "a treatment that is none": {"body": '{"name":"Kund","number":"1","vat_treatment":"offshore"}'},
    "a version that is a text": {"version": "2"},
    "a version that is not there": {"version": None},
}


def test_customers_that_cannot_be_read_are_parked_and_the_others_go_on(office: Office) -> None:
    firm = office.firm()
    batch = []
    for values in POISONED_CUSTOMERS.values():
        firm.customer("Oläslig")
        (record,) = office.news("ledger_sync")
        batch.append(spoil(record, **values))
    good = firm.customer("Läslig")
    firm.issue("100.00", customer=good)
    batch += office.news("ledger_sync")
    for _ in range(2):
        assert office.deliver("ledger_sync", batch) == []
        assert known(firm) == {good: ("Läslig", 1)}
        waiting = parked(firm)
        assert [each["code"] for each in waiting] == ["internal"] * len(POISONED_CUSTOMERS)
        expected = {f"customer/{image(each)['id']}/unreadable" for each in batch[: len(POISONED_CUSTOMERS)]}
        assert {each["event"] for each in waiting} == expected
        assert firm.balances()["1510"] == "125.00"
    still = retry(office, firm, waiting[0]["parked_id"])
    assert (still["posted"], [each["parked_id"] for each in still["parked"]]) == (
        [],
        [waiting[0]["parked_id"]],
    )


def test_customers_reach_the_ledger_before_the_companys_books_are_open_and_unreadable_ones_are_parked(
    office: Office,
) -> None:
    firm = office.firm(active=False)
    early = firm.customer("Tidig")
    firm.customer("Oläslig")
    good, poison = office.news("ledger_sync")
    assert office.deliver("ledger_sync", [spoil(poison, body="{"), good]) == []
    assert known(firm) == {early: ("Tidig", 1)}
    (waiting,) = parked(firm)
    answer = firm.call("POST", f"/ledger/parked/{waiting['parked_id']}/retry", None, STAFF)
    assert (answer.status, answer.body["code"]) == (409, "not-active")
    firm.ok("POST", "/collaboration/activate")
    assert retry(office, firm, waiting["parked_id"])["parked"] == parked(firm)


def test_a_customer_that_could_not_be_read_is_no_longer_parked_once_a_newer_version_is_kept(
    office: Office,
) -> None:
    firm = office.firm()
    for values in ({"body": "{"}, {"version": "1"}):
        customer = firm.customer("Ett")
        renamed(firm, customer, "Två")
        first, second = office.news("ledger_sync")
        assert office.deliver("ledger_sync", [spoil(first, **values)]) == []
        assert len(parked(firm)) == 1
        assert office.deliver("ledger_sync", [second]) == []
        assert parked(firm) == []
        assert known(firm)[customer] == ("Två", 2)


def test_a_version_that_cannot_be_read_stays_parked_until_one_as_new_is_kept(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer("Ett")
    renamed(firm, customer, "Två", "Tre")
    first, second, third = office.news("ledger_sync")
    poison = spoil(second, body="{")
    for batch in ([first], [poison], [first]):
        assert office.deliver("ledger_sync", batch) == []
    assert len(parked(firm)) == 1
    assert known(firm)[customer] == ("Ett", 1)
    for batch in ([third], [poison], [first, poison, third]):
        assert office.deliver("ledger_sync", batch) == []
        assert parked(firm) == []
        assert known(firm)[customer] == ("Tre", 3)


def test_a_parked_customer_is_kept_when_it_is_retried_and_can_be_read_at_last(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    customer = firm.customer("Ett")
    with monkeypatch.context() as patch:
        patch.setattr("samklang.ledger.customers.customer_of", lambda *_: json.loads("{"))
        office.settle()
    (waiting,) = parked(firm)
    assert (waiting["event"], known(firm)) == (f"customer/{customer}/unreadable", {})
    done = retry(office, firm, waiting["parked_id"])
    assert (done["posted"], done["parked"]) == ([f"customer/{customer}/changed"], [])
    assert parked(firm) == []
    assert known(firm)[customer] == ("Ett", 1)


def test_many_customers_in_one_batch_are_all_kept_beside_the_invoices_among_them(office: Office) -> None:
    firm = office.firm()
    customers = [firm.customer(f"Kund {place}") for place in range(12)]
    for customer in customers[:3]:
        firm.issue("100.00", customer=customer)
    batch = office.news("ledger_sync")
    assert len(batch) == 15
    for _ in range(2):
        assert office.deliver("ledger_sync", batch) == []
        assert set(known(firm)) == set(customers)
        assert numbers(firm) == [1, 2, 3]


# ---------------------------------------------------------------- passing failures


def test_under_long_contention_the_batch_is_sent_again_from_the_companys_first_record_and_others_go_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    other.issue()
    firm.issue()
    firm.issue()
    batch = booked(office)
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


def test_an_image_that_was_parked_is_kept_for_the_retry_without_what_the_books_do_not_read(
    office: Office,
) -> None:
    firm = office.firm()
    firm.issue("1.00", invoice_date="2027-01-01")
    firm.keep_fiscal_years(THIS_YEAR)
    (record,) = booked(office)
    office.deliver("ledger_sync", [record])
    (item,) = firm.items("LedgerTable", "PARKED#")
    whole = image(record)
    kept = {name: value for name, value in whole.items() if name not in {"rows", "buyer"}}
    assert len(kept) == len(whole) - 2
    assert json.loads(item["change"]) == {"kind": "invoice", "image": kept}


def test_an_invoice_as_large_as_can_be_is_parked_and_posted_all_the_same(office: Office) -> None:
    firm = office.firm()
    rows = [{"description": "\\" * 200, "unit_price": "1.00", "vat_rate": "25"}] * 500
    draft = firm.ok("POST", "/invoices", {"customer_id": firm.customer(), "rows": rows})
    firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    firm.keep_fiscal_years(NEXT_YEAR)
    office.settle()
    (waiting,) = parked(firm)
    firm.keep_fiscal_years(THIS_YEAR)
    assert retry(office, firm, waiting["parked_id"])["posted"] == [waiting["event"]]


# ---------------------------------------------------------------- replay


def test_what_the_streams_lost_is_made_good_by_a_replay_and_another_changes_nothing(
    office: Office,
) -> None:
    firm = office.firm()
    customer = firm.customer("Ett")
    renamed(firm, customer, "Två")
    invoice = firm.issue("100.00", customer=customer)
    payment = firm.pay("125.00", invoice).body["payment_id"]
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    note = credit(firm, invoice, "0.2")
    firm.issue("8.00", customer=customer)
    for _ in range(2):
        assert office.invoke("ledger_sync", {"replay": firm.company_id})["looked_at"] == 6
        assert (numbers(firm, "K"), numbers(firm, "I")) == ([1, 2, 3], [1, 2])
        assert known(firm) == {customer: ("Två", 2)}
        assert firm.agreement()["agrees"] is True
    for _ in range(2):
        assert office.invoke("payment_sync", {"replay": firm.company_id})["looked_at"] >= 4
        assert [firm.invoice(each)["ledger"]["status"] for each in (invoice, note)] == ["posted", "posted"]
        assert firm.invoice(invoice)["remaining"] == "100.00"
    assert firm.ok("GET", f"/payments/{payment}")["sync"] == "synchronised"
