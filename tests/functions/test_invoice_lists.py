import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samklang.invoicing import lists
from samklang.platform import dynamo
from tests.functions.books import TODAY, Firm, Office, code, pointers, stand_at
from tests.functions.conftest import STAFF

pytest_plugins = ["tests.functions.an_office"]

STATUSES = ["draft", "issued", "sent", "partly_paid", "paid", "credited", "settled"]
DAYS = [TODAY + timedelta(days=days) for days in (-200, -60, -59, -10, -1, 0, 30)]
NAMES = ["Anna Ek", "Annika Ek AB", "Bageriet Åsen", "Anna Asp"]
ORG_NOS = [None, "5560125790", "5567037485", None]


def address(limit: int | None = None, tail: str = "/invoices", **filters: Any) -> str:
    """The address of a list."""
    query = {name.rstrip("_"): value for name, value in filters.items() if value is not None}
    return f"{tail}?{urlencode(query | ({'limit': limit} if limit else {}))}"


def listed(firm: Firm, limit: Any = 100, **filters: Any) -> list[Any]:
    """All of a list."""
    return firm.listed(address(**filters), limit)


def a_company(firm: Firm, seed: int) -> list[Any]:
    """A company with invoices of every kind; all of them, as each is read alone, the newest first."""
    dice = random.Random(seed)
    customers = [firm.customer(name, org_no=org_no) for name, org_no in zip(NAMES, ORG_NOS, strict=True)]
    drafts = []
    for _ in range(18):
        day = dice.choice(DAYS)
        dates = dice.choice([{}, {"invoice_date": str(day)}])
        if dates:
            dates["due_date"] = str(day + timedelta(days=dice.choice([0, 10, 59])))
        drafts.append(firm.draft(f"{dice.randint(1, 900)}.00", customer=dice.choice(customers), **dates))
    dice.shuffle(drafts)
    issued = drafts[:14]
    firm.issue_many(*issued)
    for number, each in enumerate(issued):
        if dice.random() < 0.3:
            key = f"INVOICE#{each['invoice_id']}"
            firm.tamper("InvoicingTable", key, "SET sent_at = :v", {":v": {"S": "2026-11-23"}})
        match number % 7:
            case 0 | 1:
                assert firm.pay(each["total"], each).status == 201
            case 2:
                assert firm.pay("0.50", each).status == 201
            case 3:
                firm.credited(each, invoice_date=str(DAYS[-1]))
            case 4:
                firm.credited(each, (0, "0.5"), invoice_date=str(DAYS[-1]))
            case _:
                pass
    credited = firm.invoice(issued[0])
    firm.credited(credited, (0, "0.25"), invoice_date=str(DAYS[-1]))
    ids = [item["id"] for item in firm.items("InvoicingTable", "INVOICE#")]
    return [firm.ok("GET", f"/invoices/{each}") for each in reversed(ids)]


def overdue(invoice: Any) -> bool:
    """Whether it should have been paid."""
    return (
        invoice["number"] is not None
        and Decimal(invoice["remaining"]) > 0
        and date.fromisoformat(invoice["due_date"]) < TODAY
    )


def is_found_by(text: str, invoice: Any) -> bool:
    """Whether a text is its number or OCR, or begins words of its customer."""
    if text in {str(invoice["number"]), invoice["ocr"]}:
        return True
    words = [*invoice["customer_name"].casefold().split(), invoice["buyer"]["org_no"] or "-"]
    return all(any(word.startswith(each) for word in words) for each in text.casefold().split())


def brute_force(invoices: list[Any], filters: dict[str, Any]) -> list[Any]:
    """The list, made from all invoices one by one."""
    found = []
    by_person = bool(filters.get("customer_id") or filters.get("text"))
    plain = not any(value is not None for value in filters.values())
    for each in invoices:
        day = each["invoice_date"]
        if each["number"] is None and not (by_person or plain or filters.get("status") == "draft"):
            continue
        if filters.get("text") and not is_found_by(filters["text"], each):
            continue
        if (
            filters.get("status") in {None, each["status"]}
            and filters.get("customer_id") in {None, each["customer_id"]}
            and (filters.get("from_") is None or (day is not None and day >= filters["from_"]))
            and (filters.get("to") is None or (day is not None and day <= filters["to"]))
            and filters.get("overdue") in {None, overdue(each)}
        ):
            found.append(each)
    if not (by_person or plain or filters.get("status") == "draft"):
        newest_first = not filters.get("overdue")
        found.sort(key=lambda each: (each["invoice_date"], each["number"]), reverse=newest_first)
    return found


def sums(invoices: list[Any]) -> dict[str, Any]:
    """What invoices come to."""
    return {"count": len(invoices)} | {
        name: str(sum((Decimal(each[name]) for each in invoices), Decimal("0.00")))
        for name in ("total", "paid", "remaining")
    }


# ---------------------------------------------------------------- any company, any filter, any page


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_company_the_filter_and_the_page_a_list_is_the_one_made_by_hand(
    office: Office, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # Few entries looked at for a page, so that lists of a company this small go on and on.
    monkeypatch.setattr(lists, "_LOOKED_AT", 4)
    firm = office.firm()
    invoices = a_company(firm, seed)
    assert {each["status"] for each in invoices} >= {*STATUSES} - {"sent"}
    days = st.none() | st.sampled_from([str(day) for day in DAYS])
    texts = ["anna", "ek anna", "ann", "åsen", "5560125790", "55", "asp an", "finns inte", "£"]
    texts += [str(invoices[3]["number"]), invoices[3]["ocr"] or "", "1001", "9999"]

    @settings(
        max_examples=45,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        filters=st.fixed_dictionaries(
            {
                "status": st.none() | st.sampled_from(STATUSES),
                "customer_id": st.none() | st.none() | st.sampled_from([e["customer_id"] for e in invoices]),
                "overdue": st.none() | st.sampled_from([True, False]),
                "text": st.none() | st.none() | st.sampled_from([each for each in texts if each]),
            }
        ),
        span=st.tuples(days, days),
        limit=st.sampled_from([1, 2, 3, 7, 100]),
    )
    def check(filters: dict[str, Any], span: tuple[str | None, str | None], limit: int) -> None:
        first, last = sorted(span) if all(span) else span  # type: ignore[type-var]
        filters = filters | {"from_": first, "to": last}
        expected = brute_force(invoices, filters)
        found = listed(firm, limit, **filters)
        ids = [each["invoice_id"] for each in found]
        if filters["text"]:  # by customer, and of each the newest first
            assert sorted(ids) == sorted(each["invoice_id"] for each in expected)
        else:
            assert ids == [each["invoice_id"] for each in expected]
        counted = [each for each in expected if each["number"] or filters["status"] == "draft"]
        assert firm.ok("GET", address(tail="/invoice-sums", **filters)) == sums(counted)

    check()


def test_each_invoice_in_a_list_says_what_it_says_when_read_alone_and_each_page_what_it_comes_to(
    office: Office,
) -> None:
    firm = office.firm()
    invoices = a_company(firm, 3)
    page = firm.ok("GET", "/invoices?limit=100")
    for shown, alone in zip(page["items"], invoices, strict=True):
        assert shown == {name: alone[name] for name in shown if name != "overdue"} | {
            "overdue": overdue(alone)
        }
    assert page["sums"] == sums(invoices)
    first = firm.ok("GET", "/invoices?limit=3")
    assert first["sums"] == sums(first["items"])


def test_given_drafts_far_between_then_they_are_all_found(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    customer = firm.customer()
    made = [firm.draft(customer=customer, invoice_date=str(DAYS[number % 3])) for number in range(12)]
    kept = [made[0], made[5], made[11]]
    firm.issue_many(*(each for each in made if each not in kept))
    query_between = dynamo.query_between

    def three_at_a_time(*args: Any, **values: Any) -> dynamo.Page:
        return query_between(*args, **values | ({"limit": 3} if values.get("only") else {}))

    monkeypatch.setattr(dynamo, "query_between", three_at_a_time)
    expected = [each["invoice_id"] for each in reversed(kept)]
    for limit in (1, 2, 100):
        assert [each["invoice_id"] for each in listed(firm, limit, status="draft")] == expected
    assert firm.ok("GET", "/invoice-sums?status=draft")["count"] == 3


def test_given_filters_when_the_customer_is_named_too_then_drafts_are_in_the_list_or_not_all_the_same(
    office: Office,
) -> None:
    firm = office.firm()
    draft = firm.draft(invoice_date=str(TODAY))
    for filters in ({"from_": str(TODAY)}, {"to": str(TODAY)}, {"overdue": "false"}):
        of_customer = listed(firm, customer_id=draft["customer_id"], **filters)
        assert listed(firm, **filters) == of_customer, filters


def test_an_invoice_is_overdue_from_the_day_after_it_was_due_in_sweden(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    for days in (-1, 0, 1):
        due = str(TODAY + timedelta(days=days))
        firm.issue(customer=customer, invoice_date="2026-11-01", due_date=due)
    found = []
    for hour in (22, 23):  # 23.00 and midnight in Sweden
        stand_at(datetime(2026, 11, 23, hour, tzinfo=UTC))
        found.append(
            [[each["number"] for each in listed(firm, overdue=overdue)] for overdue in ("true", "false")]
        )
    assert found == [[[1001], [1003, 1002]], [[1001, 1002], [1003]]]


def test_given_overdue_ones_then_the_oldest_is_first_also_of_one_customer(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    for day in (DAYS[0], DAYS[1]):
        firm.issue(customer=customer, invoice_date=str(day), due_date=str(day))
    everybodys = [each["number"] for each in listed(firm, overdue="true")]
    assert everybodys == [1001, 1002]
    assert [each["number"] for each in listed(firm, overdue="true", customer_id=customer)] == everybodys


def test_given_invoices_of_many_long_rows_then_none_is_missing_from_a_list(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    row = {"description": "å" * 200, "unit_price": "1.00", "vat_rate": "25"}
    given = {"customer_id": customer, "rows": [row] * 500}
    made = [firm.ok("POST", "/invoices", given)["invoice_id"] for _ in range(6)]
    firm.issue_many(*({"invoice_id": each} for each in made[:2]))
    # DynamoDB answers a query with at most 1 MB, however few items that is.
    assert [each["invoice_id"] for each in listed(firm, status="draft")] == made[:1:-1]
    assert [each["invoice_id"] for each in listed(firm)] == made[::-1]


def test_given_the_highest_number_then_it_is_the_last_to_be_issued(office: Office) -> None:
    firm = office.firm(first_invoice_number=999_999_999)
    assert firm.issue()["number"] == 999_999_999
    draft = firm.draft()
    answer = firm.call("POST", f"/invoices/{draft['invoice_id']}/issue")
    assert (answer.status, answer.body["code"]) == (422, "validation")
    assert "ends at 999999999" in answer.body["detail"]


# ---------------------------------------------------------------- text


def test_given_a_number_or_an_ocr_in_any_writing_then_the_invoice_is_found(office: Office) -> None:
    firm = office.firm()
    made = [firm.issue() for _ in range(3)]
    note = firm.credited(made[1])
    ocr = note["ocr"]
    for text in ("1004", ocr, f"{ocr[:3]} {ocr[3:]}", f"00{ocr}", " 1004 "):
        assert [each["number"] for each in listed(firm, text=text)] == [1004], text
    for text in ("1005", "1000", "0", "9" * 30, ocr[:-1]):
        assert listed(firm, text=text) == [], text
    assert listed(firm, text="1004", status="paid") == []


def test_given_digits_with_a_dash_then_the_customer_is_found_or_nothing_and_it_is_no_fault(
    office: Office,
) -> None:
    firm = office.firm()
    invoice = firm.issue(customer=firm.customer("Kund AB", org_no="556012-5790"))
    for text in ("556012-5790", "- -", "-", "10-04", "1 - 2"):
        answer = firm.call("GET", address(text=text))
        assert answer.status == 200, answer.text
        found = [each["invoice_id"] for each in answer.body["items"]]
        assert found == ([invoice["invoice_id"]] if text == "556012-5790" else []), text


def test_given_a_text_that_finds_too_many_customers_then_it_is_said_what_to_do(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_MAX_CUSTOMERS", 2)
    firm = office.firm()
    invoices = [firm.issue(customer=firm.customer(name)) for name in ("Anna Ek", "Anna Asp", "Annika Al")]
    answer = firm.call("GET", "/invoices?text=ann")
    assert pointers(answer) == {"?text"}
    assert pointers(firm.call("GET", "/invoice-sums?text=ann")) == {"?text"}
    assert "write more of the name" in answer.text
    assert [each["invoice_id"] for each in listed(firm, text="anna", limit=1)] in [
        [invoices[0]["invoice_id"], invoices[1]["invoice_id"]],
        [invoices[1]["invoice_id"], invoices[0]["invoice_id"]],
    ]


def test_given_a_word_of_many_customers_and_one_of_few_then_those_of_both_are_found(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "_MOST", 3)
    firm = office.firm()
    for name in ("Al", "Ask", "Asp", "Ek"):
        invoice = firm.issue(customer=firm.customer(f"Bostadsrättsföreningen {name}"))
    found = listed(firm, text="bostadsrättsföreningen ek", limit=3)
    assert [each["invoice_id"] for each in found] == [invoice["invoice_id"]]


def test_given_a_customer_that_is_renamed_then_its_invoices_are_found_by_the_new_name(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", {"name": "Gamla AB"})
    customer = made.body["customer_id"]
    invoice = firm.issue(customer=customer)
    firm.call("PUT", f"/customers/{customer}", {"name": "Nya AB"}, headers={"If-Match": '"1"'})
    assert [each["invoice_id"] for each in listed(firm, text="nya")] == [invoice["invoice_id"]]
    assert listed(firm, text="gamla") == []


# ---------------------------------------------------------------- refused


WRONG = [
    ("status=unpaid", "?status"),
    ("overdue=perhaps", "?overdue"),
    ("customer_id=7", "?customer_id"),
    ("from=2026-02-30", "?from"),
    ("to=23/11", "?to"),
    ("from=2026-11-02&to=2026-11-01", "?to"),
    ("text=", "?text"),
    ("text=" + "x" * 101, "?text"),
]


def test_given_a_filter_that_is_none_then_it_is_named(office: Office) -> None:
    firm = office.firm()
    for query, pointer in WRONG:
        assert pointers(firm.call("GET", f"/invoices?{query}")) == {pointer}
        assert pointers(firm.call("GET", f"/invoice-sums?{query}")) == {pointer}


def test_given_the_cursor_of_a_list_in_another_order_then_it_is_refused(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer("Anna")
    for _ in range(3):
        firm.issue(customer=customer)
    newest = firm.ok("GET", "/invoices?limit=1")["next"]
    dated = firm.ok("GET", "/invoices?limit=1&status=issued")["next"]
    by_text = firm.ok("GET", "/invoices?limit=1&text=anna")["next"]
    for path in (
        f"/invoices?cursor={dated}",
        f"/invoices?cursor={by_text}",
        f"/invoices?status=issued&cursor={newest}",
        f"/invoices?status=issued&cursor={by_text}",
        f"/invoices?text=anna&cursor={newest}",
        f"/invoices?status=draft&cursor={dated}",
        f"/invoices?customer_id={customer}&cursor={dated}",
        "/invoices?cursor=abc",
    ):
        assert code(firm.call("GET", path)) == (400, "cursor-invalid"), path


def test_given_another_company_then_nothing_of_it_is_in_a_list(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    customer = other.customer("Anna")
    theirs = [other.issue(customer=customer) for _ in range(2)]
    firm.customer("Anna")
    for filters in ({}, {"status": "issued"}, {"text": "anna"}, {"text": "1001"}, {"customer_id": customer}):
        assert listed(firm, **filters) == [], filters
        assert len(listed(other, **filters)) == (1 if filters.get("text") == "1001" else 2)
    cursor = other.ok("GET", "/invoices?text=anna&limit=1")["next"]
    assert firm.ok("GET", f"/invoices?text=anna&cursor={cursor}")["items"] == []
    assert len(other.listed("/invoices")) == len(theirs)
    assert len(firm.office.call("GET", other.company.path + "/invoices", user="stina").body["items"]) == 2
    assert code(firm.office.call("GET", other.company.path + "/invoices", user=STAFF)) == (404, "not-found")


# ---------------------------------------------------------------- what a page costs

KINDS: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"status": "draft"}, 2),
    ({"status": "issued"}, 1),
    ({"status": "paid"}, 2),
    ({"status": "credited"}, 2),
    ({"status": "settled"}, 1),
    ({"overdue": "true"}, 1),
    ({"from_": str(DAYS[0]), "to": str(TODAY)}, 2),
    ({"text": "1003"}, 2),
    ({"text": "anna ek"}, 3),
]


def test_a_page_costs_few_reads_and_never_a_scan(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer("Anna Ek")
    invoices = [firm.issue(customer=customer) for _ in range(4)]
    firm.draft(customer=customer)
    assert firm.pay("1250.00", invoices[0]).status == 201
    firm.credited(invoices[1])
    kinds = [*KINDS, ({"customer_id": customer}, 2), ({"customer_id": customer, "status": "issued"}, 2)]
    for filters, most in kinds:
        with office.reads("InvoicingTable") as reads:
            first = firm.ok("GET", address(2, **filters))
        assert 1 <= reads.total() <= most, (filters, reads)
        assert reads["Scan"] == 0
        if first["next"]:
            with office.reads("InvoicingTable") as reads:
                firm.ok("GET", address(2, **filters) + f"&cursor={first['next']}")
            assert 1 <= reads.total() <= 2, (filters, reads)
            assert reads["Scan"] == 0
