"""The sync ledger, retry of all that is parked, and the bureau's list of where something waits."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from samklang.ledger import journal as journals
from samklang.ledger import sync
from samklang.platform.dynamo import Contention
from tests.functions.books import NOW, Firm, Office, image, stand_at
from tests.functions.conftest import CLIENT, STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

THIS_YEAR = "2026-01-01", "2026-12-31"
NEXT_YEAR = "2027-01-01", "2027-12-31"
EARLY = "2027-01-01"


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def paid(firm: Firm, amount: str, invoice: Any, **values: Any) -> str:
    """A new payment's id."""
    answer = firm.pay(amount, invoice, **values)
    assert answer.status == 201, answer.text
    return str(answer.body["payment_id"])


def events(firm: Firm, query: str = "", user: str = CLIENT) -> list[Any]:
    """The sync ledger's first page."""
    found: list[Any] = firm.ok("GET", f"/sync?limit=100{query}", user=user)["items"]
    return found


def states(firm: Firm, query: str = "") -> list[tuple[str, str, str, str]]:
    """Of each event: kind, where it was done, and its state on each side."""
    return [
        (each["kind"], each["origin"], each["invoicing"]["state"], each["ledger"]["state"])
        for each in events(firm, query)
    ]


def issued(invoice: Any) -> str:
    return f"invoice/{invoice['invoice_id']}/issued"


def registered(payment_id: str) -> str:
    return f"payment/{payment_id}/registered"


def taken_back(payment_id: str) -> str:
    return f"payment/{payment_id}/reversed"


def parked(firm: Firm) -> list[Any]:
    found: list[Any] = firm.ok("GET", "/ledger/parked?limit=100")["items"]
    return found


# ---------------------------------------------------------------- what has happened, and how far it has come


def test_every_event_stands_in_the_list_newest_first_for_both_parties(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    payment = paid(firm, "25.00", invoice)
    note = firm.credited(invoice, (0, "0.2"))
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    office.settle()
    found = events(firm)
    assert found == events(firm, user=STAFF)
    assert [each["event"] for each in found] == [
        taken_back(payment),
        issued(note),
        registered(payment),
        issued(invoice),
    ]
    assert [each["reference"] for each in found] == [
        payment,
        str(note["number"]),
        payment,
        str(invoice["number"]),
    ]
    assert states(firm) == [
        ("reversal", "invoicing", "done", "posted"),
        ("credit_note", "invoicing", "done", "posted"),
        ("payment", "invoicing", "done", "posted"),
        ("invoice", "invoicing", "done", "posted"),
    ]
    assert [each["at"] for each in found] == sorted((each["at"] for each in found), reverse=True)
    vouchers = {each["source"]: each for each in firm.vouchers()}
    for each in found:
        assert each["ledger"]["voucher"] == vouchers[each["event"]]["voucher_id"]
        assert each["ledger"]["at"] == vouchers[each["event"]]["created_at"]
        assert each["invoicing"]["at"] == each["at"]


def test_what_is_on_its_way_is_in_the_list_from_the_first_moment(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    payment = paid(firm, "25.00", invoice)
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    assert [each["event"] for each in events(firm)] == [
        taken_back(payment),
        registered(payment),
        issued(invoice),
    ]
    assert {each[2:] for each in states(firm)} == {("done", "pending")}


def test_the_bureaus_payment_waits_for_invoicing_until_it_is_brought_back(office: Office) -> None:
    firm = office.firm(handler="bureau")
    invoice = firm.issue("100.00")
    office.settle()
    payment = paid(firm, "25.00", invoice, user=STAFF)
    assert states(firm)[0] == ("payment", "ledger", "pending", "posted")
    office.settle()
    assert states(firm)[0] == ("payment", "ledger", "done", "posted")
    firm.ok("POST", f"/payments/{payment}/reverse", {}, STAFF)
    assert states(firm)[:2] == [
        ("reversal", "ledger", "pending", "posted"),
        ("payment", "ledger", "done", "posted"),
    ]
    office.settle()
    assert {each[2:] for each in states(firm)} == {("done", "posted")}


def test_a_reversal_stands_where_it_happened_however_old_its_payment_is(office: Office) -> None:
    firm = office.firm()
    old = firm.issue("100.00")
    payment = paid(firm, "25.00", old)
    for _ in range(4):
        firm.issue("8.00", customer=old["customer_id"])
    office.settle()
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    office.settle()
    assert firm.ok("GET", "/sync?limit=1")["items"][0]["event"] == taken_back(payment)


def test_what_is_parked_tells_why_and_under_which_id_it_is_retried(office: Office) -> None:
    firm = office.firm()
    early = firm.issue("100.00", invoice_date=EARLY)
    payment = paid(firm, "25.00", early)
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    firm.keep_fiscal_years(THIS_YEAR)
    office.settle()
    waiting = {each["event"]: each for each in parked(firm)}
    found = events(firm)
    assert [each["event"] for each in found] == [taken_back(payment), registered(payment), issued(early)]
    for each in found:
        assert each["ledger"] == {
            "state": "parked",
            "voucher": None,
            "reason": waiting[each["event"]]["detail"],
            "parked_id": waiting[each["event"]]["parked_id"],
            "at": waiting[each["event"]]["parked_at"],
        }


def test_what_could_not_be_read_is_in_the_list_once_customers_too(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    payment = paid(firm, "25.00", invoice)
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    records = office.news("ledger_sync")
    spoilt = {"customer": "body", "invoice": "vat_lines", "payment": "allocations"}
    for record in records:
        record["dynamodb"]["NewImage"][spoilt[image(record)["kind"]]] = {"S": "{"}
    office.deliver("ledger_sync", records)
    assert len(parked(firm)) == 4
    assert Counter(states(firm)) == {
        (kind, "invoicing", "done", "parked"): 1 for kind in ("customer", "invoice", "payment", "reversal")
    }


def test_an_event_of_which_not_even_the_id_can_be_read_is_in_the_list(office: Office) -> None:
    firm = office.firm()
    firm.issue("100.00")
    records = [each for each in office.news("ledger_sync") if image(each)["kind"] == "invoice"]
    records[0]["dynamodb"]["NewImage"] |= {"id": {"S": "?"}, "vat_lines": {"S": "{"}}
    office.deliver("ledger_sync", records)
    assert sorted(states(firm)) == [
        ("invoice", "invoicing", "done", "parked"),
        ("invoice", "invoicing", "done", "pending"),
    ]


def test_by_the_cash_method_an_invoice_is_posted_without_a_voucher(office: Office) -> None:
    firm = office.firm(active=False)
    year = {"start": "2026-01-01", "end": "2026-12-31", "accounting_method": "cash"}
    firm.ok("PUT", "/start-guide/fiscal_year", year)
    firm.ok("POST", "/collaboration/activate")
    invoice = firm.issue("100.00")
    paid(firm, "25.00", invoice)
    office.settle()
    assert [(each["ledger"]["state"], bool(each["ledger"]["voucher"])) for each in events(firm)] == [
        ("posted", True),
        ("posted", False),
    ]


def test_before_activation_nothing_is_synchronised(office: Office) -> None:
    firm = office.firm(active=False)
    assert code(firm.call("GET", "/sync")) == (409, "not-active")


# ---------------------------------------------------------------- pages and states


@pytest.fixture
def long_story(office: Office) -> Firm:
    """A firm with a dozen events of all kinds, some of them parked and some on their way."""
    firm = office.firm()
    customer = firm.customer()
    first = firm.issue("100.00", customer=customer)
    payments = [paid(firm, "5.00", first) for _ in range(3)]
    firm.credited(first, (0, "0.1"))
    firm.ok("POST", f"/payments/{payments[0]}/reverse", {})
    early = firm.issue("7.00", customer=customer, invoice_date=EARLY)
    late = paid(firm, "1.00", early)
    firm.ok("POST", f"/payments/{late}/reverse", {})
    firm.keep_fiscal_years(THIS_YEAR)
    office.settle()
    firm.ok("POST", f"/payments/{payments[1]}/reverse", {})
    firm.issue("9.00", customer=customer)
    return firm


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_hold_each_event_once_and_all_of_them(long_story: Firm, limit: int) -> None:
    whole = events(long_story)
    assert len(whole) == 11
    assert len({each["event"] for each in whole}) == 11
    pages = long_story.pages("/sync", limit)
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    found = [each for page in pages for each in page]
    assert Counter(each["event"] for each in found) == Counter(each["event"] for each in whole)
    for each in found:
        assert each in whole


@pytest.mark.parametrize("state", ["pending", "parked", "done"])
@pytest.mark.parametrize("limit", [1, 100])
def test_one_state_can_be_asked_for(long_story: Firm, state: str, limit: int) -> None:
    def of(event: Any) -> str:
        sides = event["invoicing"]["state"], event["ledger"]["state"]
        return "parked" if "parked" in sides else "pending" if "pending" in sides else "done"

    expected = {each["event"] for each in events(long_story) if of(each) == state}
    assert expected
    assert {each["event"] for each in long_story.listed(f"/sync?state={state}", limit)} == expected


def test_a_search_for_a_state_stops_to_tell_how_far_it_came(
    long_story: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samklang.ledger.sync_log._LOOKED_AT", 2)
    monkeypatch.setattr("samklang.ledger.sync_log._AT_A_TIME", 1)
    pages = long_story.pages("/sync?state=parked", 1)
    assert [] in pages
    assert sum(len(page) for page in pages) == 3


def test_a_state_or_a_cursor_that_is_none_is_refused(office: Office) -> None:
    firm = office.firm()
    assert code(firm.call("GET", "/sync?state=lost")) == (422, "validation")
    assert code(firm.call("GET", "/sync?cursor=eHw=")) == (400, "cursor-invalid")


def test_a_page_costs_the_same_reads_whatever_there_is_in_the_books(office: Office) -> None:
    firm = office.firm()
    seen = []
    for _ in range(2):
        invoice = firm.issue("100.00")
        payment = paid(firm, "25.00", invoice)
        firm.ok("POST", f"/payments/{payment}/reverse", {})
        office.settle()
        with office.reads("InvoicingTable") as here, office.reads("LedgerTable") as there:
            events(firm)
        seen.append((dict(here), dict(there)))
    assert seen == [({"GetItem": 1, "BatchGetItem": 3, "Query": 1}, {"BatchGetItem": 2, "Query": 3})] * 2


# ---------------------------------------------------------------- what is parked is counted


def waiting(office: Office, firm: Firm) -> Any:
    """The company in its bureau's list."""
    path = f"/v1/bureaus/{firm.company.bureau_id}/sync"
    items = office.call("GET", path, user=firm.company.staff).body["items"]
    return next(each for each in items if each["company_id"] == firm.company_id)


def retry_all(firm: Firm, user: str = STAFF, headers: dict[str, str] | None = None) -> Any:
    answer = firm.call("POST", "/ledger/parked/retry", None, user, headers)
    assert answer.status == 200, answer.text
    return answer.body


def test_the_books_count_what_is_parked_whatever_happens_to_it(office: Office) -> None:
    firm = office.firm()
    assert (waiting(office, firm)["parked"], waiting(office, firm)["parked_since"]) == (0, None)
    early = firm.issue("100.00", invoice_date=EARLY)
    firm.keep_fiscal_years(THIS_YEAR)
    batch = office.news("ledger_sync")
    for _ in range(2):
        office.deliver("ledger_sync", batch)
        assert waiting(office, firm)["parked"] == 1
    since = waiting(office, firm)["parked_since"]
    stand_at(NOW + timedelta(hours=1))
    paid(firm, "25.00", early)
    office.deliver("ledger_sync", office.news("ledger_sync"))
    assert (waiting(office, firm)["parked"], waiting(office, firm)["parked_since"]) == (2, since)
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    office.deliver("ledger_sync", batch)
    assert (waiting(office, firm)["parked"], waiting(office, firm)["parked_since"]) == (1, since)
    retry_all(firm)
    assert (waiting(office, firm)["parked"], waiting(office, firm)["parked_since"]) == (0, None)


def test_an_event_parked_and_posted_in_one_batch_is_neither_parked_nor_counted(office: Office) -> None:
    firm = office.firm()
    firm.issue("100.00")
    (record,) = (each for each in office.news("ledger_sync") if image(each)["kind"] == "invoice")
    spoilt = json.loads(json.dumps(record))
    del spoilt["dynamodb"]["NewImage"]["total"]
    assert office.deliver("ledger_sync", [spoilt, spoilt, record]) == []
    assert (parked(firm), waiting(office, firm)["parked"]) == ([], 0)
    assert firm.balances()["1510"] == "125.00"


def test_a_customer_that_cannot_be_read_is_parked_beside_the_books_and_not_counted(office: Office) -> None:
    firm = office.firm()
    firm.customer()
    (record,) = office.news("ledger_sync")
    record["dynamodb"]["NewImage"]["body"] = {"S": "{"}
    office.deliver("ledger_sync", [record])
    assert (len(parked(firm)), waiting(office, firm)["parked"]) == (1, 0)
    assert retry_all(firm)["still_parked"] == 1
    assert waiting(office, firm)["parked"] == 0


# ---------------------------------------------------------------- retry of all


def many_parked(firm: Firm, count: int) -> list[str]:
    """Events that the books refuse, in the order of their causes."""
    customer = firm.customer()
    invoices = [firm.issue("8.00", customer=customer, invoice_date=EARLY) for _ in range(count)]
    payment = paid(firm, "5.00", invoices[0])
    firm.ok("POST", f"/payments/{payment}/reverse", {})
    firm.keep_fiscal_years(THIS_YEAR)
    firm.office.settle()
    return [*map(issued, invoices), registered(payment), taken_back(payment)]


def test_all_that_is_parked_is_posted_in_causal_order_once_its_cause_is_mended(office: Office) -> None:
    firm = office.firm()
    expected = many_parked(firm, 3)
    still = retry_all(firm)
    assert (still["posted"], still["still_parked"], still["left"]) == ([], 5, 0)
    assert {each["event"] for each in still["parked"]} == set(expected)
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    done = retry_all(firm)
    assert done == {"posted": expected, "parked": [], "still_parked": 0, "left": 0}
    office.settle()
    assert firm.agreement()["agrees"] is True
    assert retry_all(firm)["posted"] == parked(firm) == []


def test_what_is_refused_for_the_same_reason_is_not_written_again(office: Office) -> None:
    firm = office.firm()
    many_parked(firm, 2)
    before = firm.items("LedgerTable")
    stand_at(NOW + timedelta(hours=1))
    retry_all(firm)
    assert firm.items("LedgerTable") == before


def test_what_is_refused_for_another_reason_says_so_and_is_parked_since_it_first_was(office: Office) -> None:
    firm = office.firm()
    many_parked(firm, 1)
    before = {each["parked_id"]: each["parked_at"] for each in parked(firm)}
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    firm.close_books_until("2027-01-31")
    stand_at(NOW + timedelta(hours=1))
    found = retry_all(firm)["parked"]
    assert "closed-period" in {each["code"] for each in found}
    assert {each["parked_id"]: each["parked_at"] for each in parked(firm)} == before


def test_the_same_request_twice_is_answered_alike_and_posts_once(office: Office) -> None:
    firm = office.firm()
    expected = many_parked(firm, 2)
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    first, again = (retry_all(firm, headers={"Idempotency-Key": "alla"}) for _ in range(2))
    assert first == again
    assert first["posted"] == expected
    assert len(firm.vouchers()) == 4


def test_a_retry_that_runs_out_of_time_says_what_is_left_and_the_same_request_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    expected = many_parked(firm, 5)
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    monkeypatch.setattr(sync, "_AT_A_TIME", 3)
    monkeypatch.setattr(sync, "_MOST_POSTED", 3)
    key = {"Idempotency-Key": "alla"}
    first, second, third = (retry_all(firm, headers=key) for _ in range(3))
    assert [first["left"], second["left"], third["left"]] == [4, 1, 0]
    assert first["posted"] + second["posted"] + third["posted"] == expected
    monkeypatch.setattr(sync, "_SECONDS", 0)
    assert retry_all(firm, headers=key) == third


def test_what_was_posted_before_a_retry_failed_stays_posted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    many_parked(firm, 5)
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    monkeypatch.setattr(sync, "_AT_A_TIME", 3)
    monkeypatch.setattr("time.sleep", lambda _: None)
    write, written = journals.Journal.write, [0]

    def failing(journal: journals.Journal, transaction: Any) -> None:
        if written[0]:
            raise Contention("TransactionConflict")
        written[0] += 1
        write(journal, transaction)

    with monkeypatch.context() as patch:
        patch.setattr(journals.Journal, "write", failing)
        answer = firm.call("POST", "/ledger/parked/retry", None, STAFF)
    assert code(answer) == (503, "busy")
    assert len(firm.vouchers()) == 3
    assert len(retry_all(firm)["posted"]) == 4
    assert waiting(office, firm)["parked"] == 0


def test_a_customer_that_can_be_read_at_last_is_kept_with_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    with monkeypatch.context() as patch:
        patch.setattr("samklang.ledger.customers.customer_of", lambda *_: json.loads("{"))
        customer = firm.customer()
        office.settle()
    early = firm.issue("100.00", customer=customer, invoice_date=EARLY)
    firm.keep_fiscal_years(THIS_YEAR)
    office.settle()
    firm.keep_fiscal_years(THIS_YEAR, NEXT_YEAR)
    assert retry_all(firm)["posted"] == [f"customer/{customer}/changed", issued(early)]
    assert firm.ok("GET", f"/ledger/customers/{customer}")["balance"] == "125.00"


def test_only_the_bureau_retries(office: Office) -> None:
    firm = office.firm()
    assert code(firm.call("POST", "/ledger/parked/retry")) == (403, "not-allowed")


# ---------------------------------------------------------------- the bureau's list


def test_a_bureau_sees_in_one_list_where_something_waits(office: Office) -> None:
    firm = office.firm(name="Första AB")
    sister = office.firm(firm.company.bureau_id, client="olle", name="Andra AB")
    office.firm(firm.company.bureau_id, client="ny", name="Nya AB", active=False)
    other = office.firm(client="eva", staff="stina")
    early = firm.issue("100.00", invoice_date=EARLY)
    firm.keep_fiscal_years(THIS_YEAR)
    office.settle()
    records = [
        {"messageId": each, "eventSource": "aws:sqs", "body": json.dumps({"company_id": each})}
        for each in (firm.company_id, sister.company_id, other.company_id)
    ]
    office.invoke("agreement", {"Records": records})
    path = f"/v1/bureaus/{firm.company.bureau_id}/sync"
    with office.reads("LedgerTable") as reads:
        items = {each["company_name"]: each for each in office.call("GET", path, user=STAFF).body["items"]}
    assert reads == {"BatchGetItem": 1}
    assert set(items) == {"Första AB", "Andra AB", "Nya AB"}
    first, second, new = items["Första AB"], items["Andra AB"], items["Nya AB"]
    assert (first["parked"], first["nightly"]["first_difference"]) == (1, issued(early))
    assert first["nightly"]["differs_since"] == first["nightly"]["checked_at"]
    assert (second["parked"], second["nightly"]["agrees"]) == (0, True)
    assert (new["parked"], new["parked_since"], new["nightly"]) == (0, None, None)
    page = office.call("GET", f"{path}?limit=2", user=STAFF).body
    rest = office.call("GET", f"{path}?limit=2&cursor={page['next']}", user=STAFF).body
    assert {each["company_name"] for each in page["items"] + rest["items"]} == set(items)
    assert code(office.call("GET", path, user="stina")) == (404, "not-found")
