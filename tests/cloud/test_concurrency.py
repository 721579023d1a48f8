"""Many at the same instant: numbers, payments and versions come out as if one after the other."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.company import CUSTOMER, at_once

if TYPE_CHECKING:
    from local.client import Answer
    from local.testing import LocalCloud
    from tests.cloud.company import Company, Party
    from tests.cloud.conftest import Start


def statuses(answers: list[Answer]) -> dict[int, int]:
    """How many answers there are of each status."""
    return dict(Counter(answer.status for answer in answers))


# ------------------------------------------------------------------------------------------ issuing


def test_given_twenty_drafts_when_issued_at_the_same_instant_then_numbers_are_gapless_and_all_is_posted_once(
    company: Company,
) -> None:
    drafts = [company.draft() for _ in range(20)]

    answers = at_once(20, lambda place: company.post(f"invoices/{drafts[place]['invoice_id']}/issue"))

    issued = [answer.expect(200) for answer in answers]
    assert sorted(each["number"] for each in issued) == list(range(1001, 1021))
    assert len({each["ocr"] for each in issued}) == 20
    company.cloud.wait_idle()
    company.assert_posted_once()
    company.assert_agreement("25000.00")


def test_given_two_companies_when_both_issue_at_the_same_instant_then_each_has_its_own_gapless_numbers(
    start: Start,
) -> None:
    companies = [start(first_number=1), start(first_number=70_000)]
    work = [(company, company.draft()) for _ in range(10) for company in companies]

    def issue(place: int) -> Any:
        company, draft = work[place]
        return company.post(f"invoices/{draft['invoice_id']}/issue").expect(200)

    at_once(20, issue)

    companies[0].cloud.wait_idle()
    for company, first in zip(companies, (1, 70_000), strict=True):
        numbers = sorted(each["number"] for each in company.every("invoices"))
        assert numbers == list(range(first, first + 10))
        company.assert_posted_once()
        company.assert_agreement("12500.00")


def test_given_one_draft_when_issued_ten_times_at_the_same_instant_then_it_gets_one_number_and_one_voucher(
    company: Company,
) -> None:
    draft = company.draft()

    answers = at_once(10, lambda _: company.post(f"invoices/{draft['invoice_id']}/issue"))

    assert statuses(answers) == {200: 1, 409: 9}
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"not-a-draft"}
    assert company.invoice(draft["invoice_id"])["number"] == 1001
    assert company.issue()["number"] == 1002
    company.cloud.wait_idle()
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ idempotency keys


def test_given_one_key_when_the_same_issue_is_sent_ten_times_at_once_then_all_get_the_same_answer(
    company: Company,
) -> None:
    draft, key = company.draft(), secrets.token_hex(8)

    answers = at_once(
        10, lambda _: company.post(f"invoices/{draft['invoice_id']}/issue", Idempotency_Key=key)
    )

    assert statuses(answers) == {200: 10}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 9
    company.cloud.wait_idle()
    company.assert_posted_once()


@pytest.mark.parametrize("address", ["customers", "invoices", "payments"])
def test_given_one_key_when_the_same_creation_is_sent_ten_times_at_once_then_one_is_created(
    company: Company, address: str
) -> None:
    invoice = company.issue()
    company.cloud.wait_idle()
    bodies: dict[str, Any] = {
        "customers": CUSTOMER,
        "invoices": company.draft_body(),
        "payments": company.payment_body(invoice, "100.00"),
    }
    before, key = len(company.every(address)), secrets.token_hex(8)

    answers = at_once(10, lambda _: company.post(address, bodies[address], Idempotency_Key=key))

    assert statuses(answers) == {201: 10}
    assert len({answer.content for answer in answers}) == 1
    assert len(company.every(address)) == before + 1
    company.cloud.wait_idle()
    company.assert_posted_once()


def test_given_one_key_when_sent_at_once_with_ten_different_bodies_then_one_wins_and_others_are_refused(
    company: Company,
) -> None:
    key = secrets.token_hex(8)

    answers = at_once(
        10,
        lambda place: company.post("customers", CUSTOMER | {"name": f"Kund {place}"}, Idempotency_Key=key),
    )

    assert statuses(answers) == {201: 1, 422: 9}
    assert {answer.json["code"] for answer in answers if answer.status == 422} == {"idempotency-key-reused"}
    assert len(company.every("customers")) == 2


# ------------------------------------------------------------------------------------------ versions


def test_given_one_version_when_ten_change_it_at_the_same_instant_then_one_wins_and_nine_are_told(
    company: Company,
) -> None:
    read = company.get(f"customers/{company.customer_id}")
    tag = read.headers["etag"]

    answers = at_once(
        10,
        lambda place: company.put(
            f"customers/{company.customer_id}", CUSTOMER | {"name": f"Kund {place}"}, If_Match=tag
        ),
    )

    assert statuses(answers) == {200: 1, 412: 9}
    assert {answer.json["code"] for answer in answers if answer.status == 412} == {"version-mismatch"}
    (won,) = (answer for answer in answers if answer.status == 200)
    now = company.get(f"customers/{company.customer_id}")
    assert (now.json, now.headers["etag"]) == (won.json, won.headers["etag"])
    assert now.json["version"] == read.json["version"] + 1


def test_given_a_draft_when_changed_and_issued_at_the_same_instant_then_the_invoice_is_one_of_the_two_whole(
    company: Company,
) -> None:
    for _ in range(5):
        draft = company.draft("1250.00")
        address = f"invoices/{draft['invoice_id']}"

        def change_or_issue(place: int, address: str = address) -> Answer:
            if place == 0:
                return company.post(f"{address}/issue")
            return company.put(address, company.draft_body("250.00"), If_Match='"1"')

        issued, changed = at_once(2, change_or_issue)

        now = company.get(address).expect(200)
        assert issued.status == 200
        assert now["total"] == issued.json["total"] == ("250.00" if changed.status == 200 else "1250.00")
        assert changed.status in {200, 409, 412}
        assert now["status"] == "issued"
    company.cloud.wait_idle()
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ payments


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_an_open_invoice_when_paid_whole_eight_times_at_once_then_one_is_registered(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()

    answers = at_once(8, lambda _: company.pay(invoice, "1250.00", by=handler))

    assert statuses(answers) == {201: 1, 409: 7}
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"allocation-exceeds"}
    company.cloud.wait_idle()
    assert company.invoice(invoice["invoice_id"])["remaining"] == "0.00"
    company.assert_agreement("0.00")
    company.assert_posted_once()


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_an_open_invoice_when_many_pay_parts_at_once_then_never_more_than_remains_is_registered(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()

    answers = at_once(12, lambda _: company.pay(invoice, "200.00", by=handler))

    assert statuses(answers) == {201: 6, 409: 6}
    company.cloud.wait_idle()
    assert company.invoice(invoice["invoice_id"])["remaining"] == "50.00"
    company.assert_agreement("50.00")
    company.assert_posted_once()


def test_given_one_payment_when_taken_back_eight_times_at_once_then_it_is_taken_back_once(
    company: Company,
) -> None:
    invoice = company.issue("1250.00")
    payment = company.pay(invoice, "1250.00").expect(201)
    company.cloud.wait_idle()

    answers = at_once(8, lambda _: company.post(f"payments/{payment['payment_id']}/reverse", {}))

    assert statuses(answers) == {200: 1, 409: 7}
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"already-reversed"}
    company.cloud.wait_idle()
    company.assert_agreement("1250.00")
    company.assert_posted_once()


def test_given_both_parties_paying_all_the_time_when_the_handler_changes_then_only_the_handler_ever_registers(
    company: Company,
) -> None:
    invoice = company.issue("100000.00")
    company.cloud.wait_idle()
    over = threading.Event()

    def go_on_paying(party: Party) -> list[Answer]:
        answers = []
        while not over.is_set():
            answers.append(company.pay(invoice, "1.00", by=party))
        return answers

    def registered() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {"invoicing": set(), "ledger": set()}
        for each in company.every("payments"):
            found[each["origin"]].add(each["payment_id"])
        return found

    parties: tuple[Party, ...] = ("client", "client", "bureau", "bureau")
    with ThreadPoolExecutor(len(parties)) as pool:
        paying = [pool.submit(go_on_paying, party) for party in parties]
        try:
            for handler, quiet, active in [
                ("bureau", "invoicing", "ledger"),
                ("client", "ledger", "invoicing"),
            ] * 3:
                company.post("collaboration/payment-handler", {"handler": handler}, "bureau").expect(200)
                # From this answer on, what the other party has registered must not grow.
                at_change = registered()
                later = at_change
                while len(later[active]) < len(at_change[active]) + 5:
                    later = registered()
                assert later[quiet] == at_change[quiet]
        finally:
            over.set()
    answers = [answer for each in paying for answer in each.result()]

    assert statuses(answers).keys() <= {201, 403, 409}
    refusals = {answer.json["code"] for answer in answers if answer.status != 201}
    assert refusals <= {"not-handler", "handler-changed", "not-synchronised"}
    assert "not-handler" in refusals
    company.cloud.wait_idle()
    found = registered()
    accepted = sum(answer.status == 201 for answer in answers)
    assert len(found["invoicing"]) + len(found["ledger"]) == accepted
    company.assert_agreement(f"{100000 - accepted}.00")
    company.assert_posted_once()


@pytest.mark.parametrize(
    ("first", "second", "sync"),
    [("client", "bureau", "LedgerSyncFunction"), ("bureau", "client", "PaymentSyncFunction")],
)
def test_given_a_payment_on_its_way_to_the_other_side_when_the_new_handler_pays_the_same_then_never_overpaid(
    start: Start, cloud: LocalCloud, first: Party, second: Party, sync: str
) -> None:
    company = start(handler=first)
    invoice = company.issue("1250.00")
    cloud.wait_idle()
    # The payment stays on its way while the handler is changed.
    cloud.fault(sync, "throttle", call=1, times=18)
    try:
        company.pay(invoice, "1250.00", by=first).expect(201)
        company.let_handle(second)
        again = company.pay(invoice, "1250.00", by=second)
    finally:
        cloud.clear_faults()
    cloud.wait_idle()

    assert len(company.every("payments")) == 1, f"the invoice is paid twice: {company.agreement()}"
    assert again.status in {403, 409, 503}
    company.assert_agreement("0.00")
