"""Many at the same instant: numbers, payments and versions come out as if one after the other."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from local.bank.bgmax import BANKGIRO
from local.bank.same import SamePayment, same_payments
from local.client import upload
from tests.cloud.company import CUSTOMER, at_once, today

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


# ------------------------------------------------------------------------------------------ customers' credit


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_a_customers_credit_when_used_six_times_at_once_then_never_more_than_there_is(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    paid, *others = [company.issue("250.00") for _ in range(7)]
    company.cloud.wait_idle()
    over = company.payment_body(paid, "250.00") | {"amount": "800.00"}
    assert company.post("payments", over, handler).expect(201)["credit"] == "550.00"
    set_off = {"amount": "0.00", "method": "set_off", "use_credit": "200.00"}

    def use(place: int) -> Answer:
        return company.post("payments", company.payment_body(others[place], "200.00") | set_off, handler)

    answers = at_once(6, use)

    assert statuses(answers) == {201: 2, 409: 4}
    assert {answer.json["code"] for answer in answers if answer.status == 409} == {"credit-used"}
    company.cloud.wait_idle()
    (credit,) = company.get("customer-credits").expect(200)["items"]
    assert (credit["credit"], credit["sync"]) == ("150.00", "synchronised")
    company.assert_agreement("1100.00")
    company.assert_posted_once()


# ------------------------------------------------------------------------------------------ payment files


def bank_files(*payments: tuple[dict[str, Any], str]) -> dict[str, bytes]:
    """The bank's file of each format with payments of invoices, today."""
    first = secrets.randbelow(10**11)
    made = [
        SamePayment(
            amount=int(amount.replace(".", "")),
            day=today(),
            reference=invoice["ocr"],
            serial=first + place,
            notified_as=f"N{first + place}",
            stated_as=f"S{first + place}",
        )
        for place, (invoice, amount) in enumerate(payments)
    ]
    return dict(same_payments(BANKGIRO, made).items())


def one_that_waits(company: Company, invoice: dict[str, Any], amount: str, by: Party) -> dict[str, Any]:
    """A payment of a file, of a part of an invoice: a person is to confirm it."""
    (payment,) = company.send_file(bank_files((invoice, amount))["bgmax"], by)["payments"]
    assert (payment["status"], payment["match"]) == ("waiting", "proposed"), payment
    return dict(payment)


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_a_payment_of_a_file_that_waits_when_confirmed_eight_times_at_once_then_it_is_registered_once(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoice = company.issue("1250.00")
    company.cloud.wait_idle()
    waiting = one_that_waits(company, invoice, "1000.00", handler)

    answers = at_once(
        8, lambda _: company.post(f"bank-payments/{waiting['bank_payment_id']}/confirm", None, handler)
    )

    assert statuses(answers) == {200: 1, 409: 7}
    # Who had read that it waits may meet what the first has done to the invoice.
    codes = {answer.json["code"] for answer in answers if answer.status == 409}
    assert codes <= {"bank-payment-closed", "allocation-exceeds", "not-synchronised"}
    again = company.post(f"bank-payments/{waiting['bank_payment_id']}/confirm", None, handler)
    assert (again.status, again.json["code"]) == (409, "bank-payment-closed")
    company.cloud.wait_idle()
    assert len(company.every("payments")) == 1
    company.assert_agreement("250.00")
    company.assert_posted_once()


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_a_payment_of_a_file_when_confirmed_while_its_invoice_is_paid_by_hand_then_one_of_them_counts(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoices = [company.issue("1250.00") for _ in range(4)]
    company.cloud.wait_idle()
    waiting = [one_that_waits(company, each, "1000.00", handler) for each in invoices]

    def confirm_or_pay(place: int) -> Answer:
        number, by_hand = divmod(place, 2)
        if by_hand:
            return company.pay(invoices[number], "1250.00", by=handler)
        return company.post(f"bank-payments/{waiting[number]['bank_payment_id']}/confirm", None, handler)

    answers = at_once(8, confirm_or_pay)

    left = 0
    for place, each in enumerate(waiting):
        confirmed, paid = answers[2 * place : 2 * place + 2]
        refused = paid if confirmed.status == 200 else confirmed
        assert {confirmed.status, paid.status} in ({200, 409}, {201, 409})
        # On its way back to the client, the bureau's payment may be met half way: asked again, it exceeds.
        assert refused.json["code"] in {"allocation-exceeds", "not-synchronised"}
        told = company.get(f"bank-payments/{each['bank_payment_id']}", handler).expect(200)
        assert told["status"] == ("registered" if confirmed.status == 200 else "waiting")
        left += 250 if confirmed.status == 200 else 0
    company.cloud.wait_idle()
    assert len(company.every("payments")) == 4
    company.assert_agreement(f"{left}.00")
    company.assert_posted_once()


@pytest.mark.parametrize("handler", ["client", "bureau"])
def test_given_the_same_payments_in_three_formats_when_uploaded_at_once_then_each_is_registered_once(
    start: Start, handler: Party
) -> None:
    company = start(handler=handler)
    invoices = [company.issue("1250.00") for _ in range(8)]
    twin = company.issue("2500.00")  # paid by two payments that look the same
    company.cloud.wait_idle()
    payments = [(each, "1250.00") for each in invoices] + [(twin, "1250.00")] * 2
    files = list(bank_files(*payments).values())
    announced = [company.announce_file(handler) for _ in files]

    uploads = at_once(3, lambda place: upload(announced[place]["upload"], files[place]))

    assert statuses(uploads) == {204: 3}
    company.cloud.wait_idle(60)
    read = [company.get(f"payment-files/{each['file_id']}").expect(200) for each in announced]
    assert [each["status"] for each in read] == ["done"] * 3
    assert sum(each["totals"]["exact"] for each in read) == 8
    assert sum(each["totals"]["proposed"] for each in read) == 2
    assert sum(each["totals"]["duplicates"] for each in read) == 20
    assert len(company.every("payments")) == 8
    waiting = company.get("bank-payments?status=waiting").expect(200)["items"]
    assert [each["amount"] for each in waiting] == ["1250.00"] * 2
    company.assert_agreement("2500.00")
    company.assert_posted_once()


def test_given_a_file_being_dealt_with_when_the_handler_changes_then_the_old_one_registers_nothing_more(
    company: Company, cloud: LocalCloud
) -> None:
    drafts = [company.draft(f"{100 + place}.00") for place in range(60)]
    wanted = {"invoice_ids": [each["invoice_id"] for each in drafts]}
    assert company.post("invoice-issues", wanted).expect(200)["issued"] == 60
    cloud.wait_idle()
    invoices = company.every("invoices")
    content = bank_files(*((each, each["total"]) for each in invoices))["bgmax"]
    announced = company.announce_file()
    # After its first payments the file meets conflicts, and tries again for a while.
    for call in range(4, 40):
        cloud.fault("PaymentFileReceivedFunction", "throttle", call=call, operation="TransactWriteItems")
    try:
        assert upload(announced["upload"], content).status == 204
        ends = time.monotonic() + 20
        while not (before := company.every("payments")):
            assert time.monotonic() < ends
        company.let_handle("bureau")
        at_change = {each["payment_id"] for each in company.every("payments")}
    finally:
        cloud.clear_faults()
    cloud.wait_idle(60)

    assert {each["payment_id"] for each in before} <= at_change
    after = company.every("payments")
    assert {each["payment_id"] for each in after} == at_change
    assert 0 < len(after) < 60
    file = company.get(f"payment-files/{announced['file_id']}").expect(200)
    assert (file["status"], file["refusal"]["check"]) in {
        ("interrupted", "not-handler"),
        ("interrupted", "handler-changed"),
    }
    assert {each["payment_id"] for each in file["payments"]} == at_change
    # The new handler uploads it for the rest; what was registered counts once.
    rest = company.send_file(content, "bureau")
    assert (rest["totals"]["exact"], rest["totals"]["duplicates"]) == (60 - len(after), len(after))
    company.assert_agreement("0.00")
    company.assert_posted_once()
