"""Numbers, credits and registers under load and with crashes, over HTTP: in the end all is there once."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.company import CUSTOMER, at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.client import Answer
    from local.testing import LocalCloud
    from tests.cloud.company import Company

MOST_WRITES = 10


@pytest.fixture(autouse=True)
def calm(cloud: LocalCloud) -> Iterator[None]:
    """No fault is left over."""
    yield
    cloud.clear_faults()


def assert_series_is_complete(company: Company, last: int) -> None:
    """The certificate says that every number to ``last`` was given once, and so do the invoices."""
    company.cloud.wait_idle()
    found = company.get("number-series").expect(200)
    assert (found["complete"], found["faults"], found["last_number"]) == (True, [], last), found
    numbers = sorted(each["number"] for each in company.every("invoices") if each["number"] is not None)
    assert numbers == list(range(found["first_number"], last + 1))


def drafts(company: Company, count: int) -> list[str]:
    """The ids of so many new drafts."""

    def part(place: int) -> list[str]:
        return [company.draft("125.00")["invoice_id"] for _ in range(place, count, 4)]

    return [invoice_id for ids in at_once(4, part) for invoice_id in ids]


def issue_many(company: Company, ids: list[str], **headers: str) -> Answer:
    """Issue drafts in one call."""
    return company.post("invoice-issues", {"invoice_ids": ids}, "client", **headers)


def statuses(answers: list[Answer]) -> dict[int, int]:
    """How many answers there are of each status."""
    return dict(Counter(answer.status for answer in answers))


def again_at_every_write[Given](
    cloud: LocalCloud, kind: str, prepare: Callable[[], Given], act: Callable[[Given, str], Answer]
) -> list[Given]:
    """Let the function crash at one write after the other, until one time no write is left to crash at.

    Each time the same request is sent again under its key, as an app does that got no answer.
    """
    prepared = []
    for call in range(1, MOST_WRITES):
        given, key = prepare(), secrets.token_hex(8)
        prepared.append(given)
        cloud.fault("InvoicingFunction", kind, call=call, operation="TransactWriteItems")
        answer = act(given, key)
        untouched = bool(cloud.faults())
        cloud.clear_faults()
        if not untouched:
            answer = act(given, key)
        assert answer.status in {200, 201}, answer.content
        if untouched:
            return prepared
    raise AssertionError("the function makes more writes than were tried")


# ------------------------------------------------------------------------------------------ numbers


def test_given_fifty_drafts_when_issued_at_the_same_instant_then_the_series_is_gapless(
    company: Company,
) -> None:
    ids = drafts(company, 50)

    answers = at_once(50, lambda place: company.post(f"invoices/{ids[place]}/issue"))

    # Who is told to try again later got no number, and gets one then.
    busy = [ids[place] for place, answer in enumerate(answers) if answer.status == 503]
    assert statuses(answers) == {200: 50 - len(busy)} | ({503: len(busy)} if busy else {})
    for invoice_id in busy:
        company.post(f"invoices/{invoice_id}/issue").expect(200)
    assert_series_is_complete(company, 1050)
    company.assert_agreement("6250.00")


def test_given_the_same_drafts_in_three_calls_and_alone_at_once_then_each_gets_one_number(
    company: Company,
) -> None:
    ids = drafts(company, 100)

    def act(place: int) -> Answer:
        if place < 3:
            return issue_many(company, ids if place % 2 else ids[::-1])
        return company.post(f"invoices/{ids[place * 7]}/issue")

    answers = at_once(10, act)

    assert {answer.status for answer in answers[:3]} == {200}
    assert {answer.status for answer in answers[3:]} <= {200, 409, 503}
    for answer in answers[:3]:
        assert {each["outcome"] for each in answer.json["items"]} <= {"issued", "already_issued", "refused"}
    rest = issue_many(company, ids).expect(200)
    assert (rest["refused"], rest["issued"] + rest["already_issued"]) == (0, 100)
    assert_series_is_complete(company, 1100)
    company.assert_posted_once()


def test_given_five_hundred_drafts_when_issued_in_one_call_then_each_has_its_result(company: Company) -> None:
    ids = drafts(company, 498)
    strange = f"inv_{'0' * 20}"
    issued = company.issue("125.00")["invoice_id"]

    result = issue_many(company, [*ids[:200], strange, issued, *ids[200:]]).expect(200)

    counted = {name: result[name] for name in ("issued", "already_issued", "refused")}
    assert counted == {"issued": 498, "already_issued": 1, "refused": 1}
    assert [each["number"] for each in result["items"][:200]] == list(range(1002, 1202))
    assert result["items"][200]["refusal"]["code"] == "not-found"
    assert_series_is_complete(company, 1499)


@pytest.mark.parametrize("kind", ["crash_before", "crash_after"])
def test_given_crashes_between_the_writes_of_issuing_many_when_sent_again_then_all_are_issued_once(
    company: Company, cloud: LocalCloud, kind: str
) -> None:
    def act(ids: list[str], key: str) -> Answer:
        return issue_many(company, ids, **{"Idempotency-Key": key})

    made = again_at_every_write(cloud, kind, lambda: drafts(company, 100), act)

    assert len(made) == 3  # two writes issue a hundred
    assert_series_is_complete(company, 1300)


# ------------------------------------------------------------------------------------------ credits


def test_given_an_invoice_when_credited_in_full_five_times_at_once_then_it_is_credited_once(
    company: Company,
) -> None:
    invoice = company.issue("1250.00")

    answers = at_once(5, lambda _: company.post(f"invoices/{invoice['invoice_id']}/credit", {}))

    assert statuses(answers) == {201: 1, 409: 4}
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"credit-exceeds"}
    found = company.invoice(invoice["invoice_id"])
    assert (found["status"], found["remaining"], found["credited"]) == ("credited", "0.00", "1250.00")
    assert_series_is_complete(company, 1002)
    company.assert_agreement("0.00")


def test_given_an_invoice_when_paid_and_credited_at_the_same_instant_then_the_books_agree_on_what_is_left(
    company: Company,
) -> None:
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()

    def act(place: int) -> Answer:
        if place % 2:
            return company.pay(invoice, "1250.00")
        return company.post(f"invoices/{invoice['invoice_id']}/credit", {})

    answers = at_once(2, act)

    company.cloud.wait_idle()
    assert answers[0].status == 201
    # Whoever came first left the other nothing, or the credit is now the customer's to get back.
    paid_first = answers[1].status == 201
    assert answers[1].status in {201, 409}
    company.assert_agreement("-1250.00" if paid_first else "0.00")
    company.assert_posted_once()


@pytest.mark.parametrize("kind", ["crash_before", "crash_after"])
def test_given_a_crash_around_the_write_of_a_credit_note_when_sent_again_then_there_is_one(
    company: Company, cloud: LocalCloud, kind: str
) -> None:
    def act(invoice: dict[str, Any], key: str) -> Answer:
        return company.post(
            f"invoices/{invoice['invoice_id']}/credit", {}, "client", **{"Idempotency-Key": key}
        )

    made = again_at_every_write(cloud, kind, company.issue, act)

    assert len(made) == 2
    assert_series_is_complete(company, 1004)
    company.assert_agreement("0.00")
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ registers


def test_given_twenty_new_customers_at_once_then_each_has_a_number_of_its_own_without_gaps(
    company: Company,
) -> None:
    at_once(20, lambda _: company.post("customers", CUSTOMER).expect(201))

    numbers = sorted(int(each["number"]) for each in company.every("customers"))
    assert numbers == list(range(1, 22))  # the company began with one


def test_given_one_number_for_five_customers_at_once_then_one_gets_it(company: Company) -> None:
    answers = at_once(5, lambda _: company.post("customers", CUSTOMER | {"number": "Kund-7"}))

    assert statuses(answers) == {201: 1, 409: 4}
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"number-taken"}


def test_given_a_customer_changed_twice_at_once_then_one_change_is_refused_and_the_ledger_has_the_other(
    company: Company,
) -> None:
    path = f"customers/{company.customer_id}"

    answers = at_once(
        2,
        lambda place: company.put(
            path, CUSTOMER | {"name": f"Namn {place}"}, "client", **{"If-Match": '"1"'}
        ),
    )

    assert statuses(answers) == {200: 1, 412: 1}
    kept = company.get(path).expect(200)
    company.cloud.wait_idle()
    copied = company.get(f"ledger/{path}", "bureau").expect(200)
    assert (copied["name"], copied["version"]) == (kept["name"], 2)
