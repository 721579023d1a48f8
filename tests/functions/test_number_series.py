from hashlib import sha256
from typing import Any

import pytest

from samklang.invoicing.store import series
from samklang.platform.dynamo import Item
from tests.functions.books import Firm, Office, code
from tests.functions.conftest import STAFF

pytest_plugins = ["tests.functions.an_office"]


@pytest.fixture(autouse=True)
def _small_items(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ids move to items of their own every fourth number and not every 32nd."""
    monkeypatch.setattr(series, "_PER_ITEM", 4)


def issued(firm: Firm, count: int) -> list[Any]:
    """So many invoices, issued at once."""
    customer = firm.customer()
    drafts = [firm.draft("10.00", customer=customer) for _ in range(count)]
    firm.issue_many(*drafts)
    return drafts


def certificate(firm: Firm) -> Any:
    """The number-series certificate."""
    return firm.ok("GET", "/number-series")


def digest(*lines: tuple[int, str]) -> str:
    """The digest, as it is described."""
    return sha256("".join(f"{number};{invoice_id}\n" for number, invoice_id in lines).encode()).hexdigest()


def moved(firm: Firm) -> list[Item]:
    """The items that ids have moved to: of 1001-1003, 1004-1007 and so on."""
    return firm.items("InvoicingTable", "NUMBERS#")


# ---------------------------------------------------------------- the certificate


def test_given_no_invoice_then_the_series_is_complete_and_empty(office: Office) -> None:
    firm = office.firm(first_invoice_number=4711)
    found = certificate(firm)
    assert (found["first_number"], found["last_number"], found["count"]) == (4711, None, 0)
    assert (found["complete"], found["faults"], found["digest"]) == (True, [], digest())
    assert firm.ok("GET", "/number-series/numbers") == {"items": [], "next": None}


def test_given_invoices_and_credit_notes_then_each_number_is_shown_once_and_certified(office: Office) -> None:
    firm = office.firm(first_invoice_number=4711)
    made = issued(firm, 6)
    firm.draft()
    note = firm.credited(made[0])
    made += [note, *issued(firm, 3)]
    found = certificate(firm)
    assert (found["first_number"], found["last_number"], found["count"]) == (4711, 4720, 10)
    assert (found["complete"], found["faults"]) == (True, [])
    expected = [(4711 + place, each["invoice_id"]) for place, each in enumerate(made)]
    for limit in (1, 3, 4, 100):
        shown = firm.listed("/number-series/numbers", limit)
        assert [(each["number"], each["invoice_id"]) for each in shown] == expected
    assert [each["kind"] for each in shown] == ["invoice"] * 6 + ["credit_note"] + ["invoice"] * 3
    assert (shown[6]["total"], shown[6]["invoice_date"]) == ("-12.50", "2026-11-23")
    assert found["digest"] == digest(*expected)
    assert [len(each["ids"]) // 20 for each in moved(firm)] == [1, 4, 4]


def test_given_more_invoices_then_the_digest_of_the_first_is_that_of_the_certificate_before(
    office: Office,
) -> None:
    firm = office.firm()
    issued(firm, 5)
    before = certificate(firm)
    assert certificate(firm)["digest"] == before["digest"]
    issued(firm, 4)
    after = certificate(firm)
    assert (before["count"], after["count"]) == (5, 9)
    assert after["digest"] != before["digest"]
    shown = firm.listed("/number-series/numbers")[:5]
    assert digest(*((each["number"], each["invoice_id"]) for each in shown)) == before["digest"]


def test_given_a_program_before_then_it_is_told_where_the_series_goes_on_from(office: Office) -> None:
    firm = office.firm(active=False)
    answers = {"first_invoice_number": 501, "previous_program": "Webbfakturering"}
    firm.ok("PUT", "/start-guide/numbering", answers)
    firm.ok("POST", "/collaboration/activate")
    found = certificate(firm)["handed_over"]
    assert (found["previous_program"], found["last_number_before"]) == ("Webbfakturering", 500)
    assert found["at"].startswith("2026-11-23T09:")
    first = office.firm(client="olle", staff="stina", first_invoice_number=1)
    assert certificate(first)["handed_over"]["last_number_before"] is None


def test_the_bureau_reads_it_and_a_stranger_does_not(office: Office) -> None:
    firm = office.firm()
    made = issued(firm, 1)
    for tail in ("/number-series", "/number-series/numbers"):
        assert firm.call("GET", tail, user=STAFF).status == 200
        assert code(firm.call("GET", tail, user="mallory")) == (404, "not-found")
    assert made[0]["invoice_id"] in firm.call("GET", "/number-series/numbers", user=STAFF).text


def test_given_a_company_that_is_not_active_then_it_has_no_series_yet(office: Office) -> None:
    firm = office.firm(active=False)
    for tail in ("/number-series", "/number-series/numbers", "/invoices?text=1001"):
        answer = firm.call("GET", tail)
        assert answer.status < 500, f"{tail}: {answer.text}"


def test_given_a_cursor_of_ones_own_making_then_it_is_refused_or_shows_nothing_wrong(office: Office) -> None:
    firm = office.firm()
    issued(firm, 2)
    tail = "/number-series/numbers"
    for cursor in ("abc", "e30=", "MDE=", "LTE=", "MS41"):  # nothing, {}, 01, -1, 1.5
        assert code(firm.call("GET", f"{tail}?cursor={cursor}")) == (400, "cursor-invalid")
    far = firm.ok("GET", f"{tail}?cursor=OTk5OTk5OTk5OQ==")  # 9999999999
    assert far == {"items": [], "next": None}


def test_given_an_issue_while_it_is_made_then_its_digest_is_of_as_many_numbers_as_it_says(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    issued(firm, 5)
    read, once = series.given_ids, [True]

    def read_too_late(*args: Any, **values: Any) -> Any:
        if once and once.pop():
            firm.issue()
        return read(*args, **values)

    monkeypatch.setattr(series, "given_ids", read_too_late)
    found = certificate(firm)
    shown = firm.listed("/number-series/numbers")
    assert len(shown) == 6
    assert found["complete"] is True
    counted = shown[: found["count"]]
    assert found["digest"] == digest(*((each["number"], each["invoice_id"]) for each in counted))
    assert found["last_number"] == counted[-1]["number"]


# ---------------------------------------------------------------- planted faults


def test_given_two_numbers_that_have_changed_places_then_both_are_at_fault(office: Office) -> None:
    firm = office.firm()
    made = issued(firm, 6)
    for each, number in ((made[1], 1005), (made[4], 1002)):
        sk = f"INVOICE#{each['invoice_id']}"
        firm.tamper("InvoicingTable", sk, "SET #n = :n", {":n": {"N": str(number)}}, {"#n": "number"})
    found = certificate(firm)
    assert found["complete"] is False
    assert found["faults"] == [
        {"number": 1002, "invoice_id": made[1]["invoice_id"], "found": 1005},
        {"number": 1005, "invoice_id": made[4]["invoice_id"], "found": 1002},
    ]


@pytest.mark.parametrize("place", [0, 3, 4, 5])
def test_given_an_invoice_that_is_gone_then_its_number_is_at_fault(office: Office, place: int) -> None:
    firm = office.firm()
    made = issued(firm, 6)
    firm.remove("InvoicingTable", f"INVOICE#{made[place]['invoice_id']}")
    found = certificate(firm)
    assert (found["complete"], found["count"]) == (False, 6)
    assert found["faults"] == [
        {"number": 1001 + place, "invoice_id": made[place]["invoice_id"], "found": None}
    ]


@pytest.mark.parametrize(("prefix", "offset", "number"), [("NUMBERS#", 1, 1002), ("SERIES", 0, 1004)])
def test_given_another_id_in_the_series_then_its_number_and_the_one_it_has_lost_are_at_fault(
    office: Office, prefix: str, offset: int, number: int
) -> None:
    firm = office.firm()
    made = issued(firm, 6)
    (kept,) = firm.items("InvoicingTable", prefix)
    other = made[2]["invoice_id"].removeprefix("inv_")
    at = offset * 20
    packed = kept["ids"][:at] + other + kept["ids"][at + 20 :]
    firm.tamper("InvoicingTable", kept["sk"], "SET ids = :v", {":v": {"S": packed}})
    found = certificate(firm)
    assert found["complete"] is False
    lost = {"number": number, "invoice_id": made[number - 1001]["invoice_id"], "found": number}
    assert lost in found["faults"]
    assert {"number": number, "invoice_id": made[2]["invoice_id"], "found": 1003} in found["faults"]


def test_given_an_invoice_that_was_never_given_its_number_then_it_is_at_fault(office: Office) -> None:
    firm = office.firm()
    made = issued(firm, 5)
    draft = firm.draft()
    (item,) = firm.items("InvoicingTable", f"INVOICE#{made[0]['invoice_id']}")
    firm.tamper(
        "InvoicingTable",
        f"INVOICE#{draft['invoice_id']}",
        "SET #n = :n, listed_as = :a, listed_on = :o",
        {":n": {"N": "1003"}, ":a": {"S": item["listed_as"]}, ":o": {"S": "2026-11-23#000001003"}},
        {"#n": "number"},
    )
    assert certificate(firm)["faults"] == [{"number": 1003, "invoice_id": draft["invoice_id"], "found": 1003}]


@pytest.mark.parametrize("count", [6, 7])
def test_given_a_series_whose_last_ids_are_gone_then_it_is_not_complete(office: Office, count: int) -> None:
    firm = office.firm()
    issued(firm, count)
    (head,) = firm.items("InvoicingTable", "SERIES")
    if head["ids"]:
        firm.tamper("InvoicingTable", "SERIES", "SET ids = :v", {":v": {"S": head["ids"][:20]}})
    else:
        firm.remove("InvoicingTable", moved(firm)[-1]["sk"])
    assert certificate(firm)["complete"] is False


def test_given_a_series_that_has_been_turned_back_then_it_is_not_complete(office: Office) -> None:
    firm = office.firm()
    issued(firm, 6)
    (head,) = firm.items("InvoicingTable", "SERIES")
    values = {":v": {"S": head["ids"][:20]}, ":n": {"N": "1005"}}
    firm.tamper("InvoicingTable", "SERIES", "SET ids = :v, #n = :n", values, {"#n": "next"})
    assert certificate(firm)["complete"] is False


def test_given_a_series_whose_first_ids_are_gone_then_it_is_not_complete(office: Office) -> None:
    firm = office.firm()
    issued(firm, 6)
    firm.remove("InvoicingTable", moved(firm)[0]["sk"])
    assert certificate(firm)["complete"] is False


@pytest.mark.parametrize("gone", ["INVOICE#", "NUMBERS#", "SERIES"])
def test_given_a_fault_then_the_series_can_still_be_looked_through(office: Office, gone: str) -> None:
    firm = office.firm()
    issued(firm, 9)  # 1001-1003 and 1004-1007 have moved; 1008 and 1009 have not
    if gone == "SERIES":
        (head,) = firm.items("InvoicingTable", gone)
        firm.tamper("InvoicingTable", gone, "SET ids = :v", {":v": {"S": head["ids"][:20]}})
    else:
        firm.remove("InvoicingTable", firm.items("InvoicingTable", gone)[-1]["sk"])
    answer = firm.call("GET", "/number-series/numbers")
    assert answer.status == 200, answer.text
    assert {each["number"] for each in answer.body["items"]} >= {1001, 1002, 1003, 1008}
    assert len(answer.body["items"]) < 9


def test_given_very_many_faults_then_the_first_hundred_are_told(office: Office) -> None:
    firm = office.firm()
    drafts = [{"invoice_id": f"inv_{number:020d}"} for number in range(150)]
    packed = "".join(each["invoice_id"][4:] for each in drafts)
    firm.tamper(
        "InvoicingTable",
        "SERIES",
        "SET ids = :v, #n = :n",
        {":v": {"S": packed}, ":n": {"N": "1151"}},
        {"#n": "next"},
    )
    found = certificate(firm)
    assert (found["count"], found["complete"], len(found["faults"])) == (150, False, 100)
