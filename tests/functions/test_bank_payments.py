"""Payments that files told and what people do with them: confirm, split, set aside, undo, look again."""

from datetime import date
from typing import Any

import pytest

from local.bank.bgmax import BgMaxPayment
from local.bank.camt import CamtPayment, CamtReference
from samklang.formats.ocr import make_ocr
from samklang.payments import bank_payments, files, receiving
from samklang.payments.model.bank_payments import ConfirmInput
from samklang.platform import access
from samklang.platform.access import User
from samklang.platform.dynamo import Transaction
from tests.functions.books import NOW, TODAY, Firm, Office, stand_at
from tests.functions.conftest import CLIENT, STAFF, STRANGER, Answer
from tests.functions.test_payment_files import (
    bgmax,
    camt,
    firm_with,
    hand_over_in_the_middle,
    ocr,
    proposed,
    registered,
    upload,
)

pytest_plugins = ["tests.functions.an_office"]

HANDLERS = [("client", CLIENT), ("bureau", STAFF)]
by_either_party = pytest.mark.parametrize(("handler", "user"), HANDLERS)
BANK_DAY = "2026-09-15"


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def told(firm: Firm, payment: Any) -> Any:
    """A payment of a file as it is now."""
    return firm.ok("GET", f"/bank-payments/{payment['bank_payment_id']}")


def done(answer: Answer) -> Any:
    assert answer.status == 200, answer.text
    return answer.body


def read_one(firm: Firm, payment: BgMaxPayment, user: str = CLIENT) -> Any:
    """A payment of a file of its own, as it was found."""
    (found,) = upload(firm, bgmax(payment), user)["payments"]
    return found


def allocated(payment: Any) -> list[tuple[int, str]]:
    return [(each["invoice_number"], each["amount"]) for each in payment["allocations"]]


def payers_of(firm: Firm, customer: str) -> list[Any]:
    found: list[Any] = firm.ok("GET", f"/customers/{customer}/payers")["items"]
    return found


def state(firm: Firm) -> tuple[Any, ...]:
    return tuple(firm.items(table) for table in ("PlatformTable", "InvoicingTable", "LedgerTable"))


# ---------------------------------------------------------------- the list of those that wait


@by_either_party
def test_what_was_registered_at_once_does_not_wait_and_the_others_do_for_both_oldest_day_first(
    office: Office, handler: str, user: str
) -> None:
    firm, (exact, part, other) = firm_with(office, "100.00", "200.00", "300.00", handler=handler)
    late = bgmax(
        BgMaxPayment(amount=10_000, reference=ocr(exact)), BgMaxPayment(amount=15_000, reference=ocr(part))
    )
    early = bgmax(BgMaxPayment(amount=5_000, reference=ocr(other), serial=9), payment_day=date(2026, 9, 14))
    for content in (late, early):
        upload(firm, content, user)
    for party in (CLIENT, STAFF):
        assert [(each["payment_date"], each["amount"]) for each in firm.waiting(party)] == [
            ("2026-09-14", "50.00"),
            (BANK_DAY, "150.00"),
        ]
    every = firm.ok("GET", "/bank-payments")["items"]
    assert [each["payment_date"] for each in every] == [BANK_DAY, BANK_DAY, "2026-09-14"]
    assert sorted(each["status"] for each in every) == ["registered", "waiting", "waiting"]
    pages = firm.pages("/bank-payments", limit=2), firm.pages("/bank-payments?status=waiting", limit=1)
    assert [[len(page) for page in each] for each in pages] == [[2, 1], [1, 1]]
    assert firm.call("GET", "/bank-payments?status=set_aside").status == 422


# ---------------------------------------------------------------- confirm


@by_either_party
def test_confirming_without_a_word_registers_the_first_proposal_with_its_day_and_amount(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = firm_with(office, "200.00", handler=handler)
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)), user)
    assert (found["status"], found["match"]) == ("waiting", "proposed")
    confirmed = done(firm.bank("confirm", found, None, user))
    assert (confirmed["status"], confirmed["payment_id"] is None) == ("registered", False)
    assert firm.waiting() == []
    assert registered(firm) == [(1001, "150.00")]
    payment = firm.ok("GET", f"/payments/{confirmed['payment_id']}")
    assert (payment["payment_date"], payment["method"]) == (BANK_DAY, "bank")
    assert payment["bank_payment_id"] == found["bank_payment_id"]
    assert payment["sync"] == "synchronised"
    assert told(firm, found) == confirmed
    assert firm.invoice(invoice)["remaining"] == "50.00"
    assert firm.agreement()["agrees"] is True


def test_another_proposal_is_confirmed_by_its_place_and_one_that_is_none_is_refused(office: Office) -> None:
    firm, (first, second) = firm_with(office, "200.00", "300.00")
    found = read_one(firm, BgMaxPayment(amount=30_000, reference=ocr(first)))
    assert len(found["proposals"]) > 1
    none = firm.bank("confirm", found, {"proposal": len(found["proposals"])})
    assert code(none) == (422, "validation")
    assert [each["pointer"] for each in none.body["errors"]] == ["/proposal"]
    wanted = proposed(found).index([(second["number"], "300.00")])
    assert wanted > 0
    confirmed = done(firm.bank("confirm", found, {"proposal": wanted}))
    office.settle()
    payment = firm.ok("GET", f"/payments/{confirmed['payment_id']}")
    assert allocated(payment) == [(second["number"], "300.00")]
    assert firm.invoice(first)["remaining"] == "200.00"


@by_either_party
def test_a_payment_is_split_over_invoices_by_ones_own_allocations(
    office: Office, handler: str, user: str
) -> None:
    firm, invoices = firm_with(office, "200.00", "300.00", handler=handler)
    found = read_one(firm, BgMaxPayment(amount=40_000, reference="", code=0), user)
    assert (found["match"], found["proposals"]) == ("unmatched", [])
    assert code(firm.bank("confirm", found, None, user)) == (422, "validation")
    parts = [
        {"invoice_id": each["invoice_id"], "amount": amount}
        for each, amount in zip(invoices, ("200.00", "150.00"), strict=True)
    ]
    confirmed = done(firm.bank("confirm", found, {"allocations": parts, "text": "Enligt mejl"}, user))
    office.settle()
    payment = firm.ok("GET", f"/payments/{confirmed['payment_id']}")
    assert allocated(payment) == [(1001, "200.00"), (1002, "150.00")]
    assert (payment["credit"], payment["text"]) == ("50.00", "Enligt mejl")
    assert firm.agreement()["agrees"] is True


def test_a_payment_is_put_on_account_by_its_customer_alone(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=40_000, reference="", code=0))
    done(firm.bank("confirm", found, {"customer_id": invoice["customer_id"]}))
    office.settle()
    assert firm.credits() == {invoice["customer_id"]: ("400.00", "synchronised")}
    assert firm.balances()["2420"] == "-400.00"


def test_what_the_bank_kept_is_a_fee_and_some_oere_are_written_off(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.40")
    found = read_one(firm, BgMaxPayment(amount=17_500, reference=ocr(invoice)))
    part = [{"invoice_id": invoice["invoice_id"], "amount": "200.40"}]
    own = {"allocations": part, "fee": "25.00", "difference": "0.40"}
    done(firm.bank("confirm", found, own))
    office.settle()
    assert firm.invoice(invoice)["status"] == "paid"
    balances = firm.balances()
    assert {each: balances[each] for each in ("1510", "1930", "3740", "6570")} == {
        "1510": "0.00",
        "1930": "175.00",
        "3740": "0.40",
        "6570": "25.00",
    }


@pytest.mark.parametrize("given", [{"fee": "25.00"}, {"difference": "0.40"}, {"use_credit": "10.00"}])
def test_a_fee_or_the_like_without_allocations_is_never_quietly_left_out(
    office: Office, given: dict[str, str]
) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=17_500, reference=ocr(invoice)))
    answer = firm.bank("confirm", found, given)
    if answer.status == 200:
        payment = firm.ok("GET", f"/payments/{answer.body['payment_id']}")
        kept = payment | {"use_credit": payment["credit"].removeprefix("-")}
        assert {name: kept[name] for name in given} == given
    else:
        assert code(answer)[0] == 422


def test_in_a_closed_period_another_day_is_given_to_book_it_on(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00", handler="bureau")
    firm.close_books_until("2026-09-30")
    found = read_one(firm, BgMaxPayment(amount=20_000, reference=ocr(invoice)), STAFF)
    assert "closed to 2026-09-30" in found["reasons"][-1]
    assert code(firm.bank("confirm", found, None, STAFF)) == (409, "closed-period")
    assert told(firm, found)["status"] == "waiting"
    confirmed = done(firm.bank("confirm", found, {"payment_date": "2026-10-01"}, STAFF))
    payment = firm.ok("GET", f"/payments/{confirmed['payment_id']}")
    assert (payment["payment_date"], confirmed["payment_date"]) == ("2026-10-01", BANK_DAY)


def test_what_registering_refuses_leaves_the_payment_waiting(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=30_000, reference=ocr(invoice)))
    firm.issue("1.00", customer=firm.customer("En annan"))
    office.settle()
    before = state(firm)
    too_much = [{"invoice_id": invoice["invoice_id"], "amount": "200.01"}]
    for expected, own in [
        ((409, "allocation-exceeds"), {"allocations": too_much}),
        ((422, "validation"), {"customer_id": "cus_00000000000000000000"}),
        ((422, "validation"), {"allocations": []}),
        ((422, "validation"), {"proposal": 0, "customer_id": invoice["customer_id"]}),
        ((422, "validation"), {"payment_date": "2026-11-24"}),
    ]:
        assert code(firm.bank("confirm", found, own)) == expected, own
    assert state(firm) == before


def test_a_payment_in_another_currency_is_refused_with_what_to_do_and_can_be_set_aside(
    office: Office,
) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    content = bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice)), currency="EUR")
    (found,) = upload(firm, content)["payments"]
    own = {"allocations": [{"invoice_id": invoice["invoice_id"], "amount": "100.00"}]}
    for given in (None, own):
        answer = firm.bank("confirm", found, given)
        assert code(answer) == (409, "foreign-currency")
        assert "Write a voucher of it, and set it aside here" in answer.body["detail"]
    assert done(firm.bank("set-aside", found, {"reason": "Bokförd A 12"}))["status"] == "set_aside"
    assert registered(firm) == []


def test_a_payment_is_confirmed_once(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)))
    confirmed = done(firm.bank("confirm", found))
    again = firm.bank("confirm", found)
    assert code(again) == (409, "bank-payment-closed")
    assert f"It is registered as {confirmed['payment_id']}: undo that first" in again.body["detail"]
    for action, body in (("set-aside", {"reason": "Fel"}), ("match", None)):
        assert code(firm.bank(action, found, body)) == (409, "bank-payment-closed")
    assert registered(firm) == [(1001, "150.00")]


def test_confirmed_twice_under_one_key_it_is_answered_as_the_first_time(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)))
    path, key = f"/bank-payments/{found['bank_payment_id']}/confirm", {"Idempotency-Key": "once"}
    first, again = (firm.call("POST", path, {"proposal": 0}, headers=key) for _ in range(2))
    assert (first.status, again.status, again.text) == (200, 200, first.text)
    assert registered(firm) == [(1001, "150.00")]


@pytest.mark.parametrize("mine", ["confirm", "set-aside"])
def test_when_another_confirms_at_the_same_moment_the_later_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch, mine: str
) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)))
    commit = Transaction.commit

    def behind_another(transaction: Transaction) -> None:
        monkeypatch.setattr(Transaction, "commit", commit)
        another = access.acting(User("another", "another-request"), firm.company_id, "client")
        bank_payments.confirm(another, found["bank_payment_id"], ConfirmInput())
        commit(transaction)

    monkeypatch.setattr(Transaction, "commit", behind_another)
    body = {"reason": "Inte vår"} if mine == "set-aside" else None
    assert code(firm.bank(mine, found, body)) == (409, "bank-payment-closed")
    assert registered(firm) == [(1001, "150.00")]
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- set aside and undo


@by_either_party
def test_what_is_set_aside_keeps_its_reason_leaves_the_list_and_waits_again_when_undone(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = firm_with(office, "200.00", handler=handler)
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)), user)
    assert firm.bank("set-aside", found, {}, user).status == 422
    nothing = firm.bank("undo", found, None, user)
    assert code(nothing) == (409, "bank-payment-closed")
    aside = done(firm.bank("set-aside", found, {"reason": "Insättning av ägaren"}, user))
    assert (aside["status"], aside["note"], aside["payment_id"]) == (
        "set_aside",
        "Insättning av ägaren",
        None,
    )
    assert (firm.waiting(), registered(firm)) == ([], [])
    back = done(firm.bank("undo", found, None, user))
    assert (back["status"], back["note"], proposed(back)) == ("waiting", None, proposed(found))
    assert [each["bank_payment_id"] for each in firm.waiting()] == [found["bank_payment_id"]]


@by_either_party
def test_undoing_what_was_confirmed_takes_it_back_on_both_sides_and_lets_it_wait_again(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = firm_with(office, "200.00", handler=handler)
    given = BgMaxPayment(amount=15_000, reference=ocr(invoice), name="Snickar-Kalle AB")
    found = read_one(firm, given, user)
    confirmed = done(firm.bank("confirm", found, None, user))
    office.settle()
    assert [each["shown"] for each in payers_of(firm, invoice["customer_id"])] == ["Snickar-Kalle AB"]
    back = done(firm.bank("undo", found, None, user))
    assert (back["status"], back["match"], back["payment_id"]) == ("waiting", "proposed", None)
    assert back["remarks"] == [f"It was registered and taken back on {TODAY}."]
    office.settle()
    payment = firm.ok("GET", f"/payments/{confirmed['payment_id']}")
    assert payment["reversal"]["date"] == TODAY.isoformat()
    assert (payment["sync"], firm.invoice(invoice)["remaining"]) == ("synchronised", "200.00")
    assert payers_of(firm, invoice["customer_id"]) == []
    assert firm.agreement()["agrees"] is True
    again = done(firm.bank("confirm", found, None, user))
    assert again["payment_id"] != confirmed["payment_id"]
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "50.00"


@by_either_party
def test_undoing_what_was_registered_at_once_lets_it_wait_and_the_same_file_does_not_register_it_again(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice,) = firm_with(office, "200.00", handler=handler)
    content = bgmax(BgMaxPayment(amount=20_000, reference=ocr(invoice)))
    (found,) = upload(firm, content, user)["payments"]
    assert found["status"] == "registered"
    done(firm.bank("undo", found, None, user))
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "200.00"
    (again,) = upload(firm, content, user)["payments"]
    assert (again["duplicate"], again["status"], again["payment_id"]) == (True, "waiting", None)
    matched = done(firm.bank("match", found, None, user))
    assert proposed(matched) == [[(1001, "200.00")]]
    done(firm.bank("confirm", found, None, user))
    office.settle()
    assert firm.invoice(invoice)["status"] == "paid"
    assert firm.agreement()["agrees"] is True


def test_a_payment_taken_back_where_payments_are_listed_waits_among_those_of_files_again(
    office: Office,
) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=20_000, reference=ocr(invoice)))
    assert firm.take_back(found).status == 200
    (waits,) = firm.waiting()
    assert (waits["bank_payment_id"], waits["payment_id"]) == (found["bank_payment_id"], None)


def test_what_gave_credit_that_is_used_cannot_be_undone_and_stays_registered(office: Office) -> None:
    firm, (invoice, other) = firm_with(office, "200.00", "50.00")
    found = read_one(firm, BgMaxPayment(amount=25_000, reference="", code=0))
    part = [{"invoice_id": invoice["invoice_id"], "amount": "200.00"}]
    done(firm.bank("confirm", found, {"allocations": part}))
    assert firm.set_off((other, "50.00"), use_credit="50.00").status == 201
    assert code(firm.bank("undo", found)) == (409, "credit-used")
    assert told(firm, found)["status"] == "registered"


def test_after_a_change_of_handler_a_payment_is_undone_once_it_has_reached_the_new_handlers_side(
    office: Office,
) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=20_000, reference=ocr(invoice)))
    firm.hand_payments_to("bureau")
    assert code(firm.bank("undo", found)) == (403, "not-handler")
    assert code(firm.bank("undo", found, None, STAFF)) == (409, "not-synchronised")
    office.settle()
    done(firm.bank("undo", found, None, STAFF))
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "200.00"
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- look again


def test_a_payment_that_came_before_its_invoice_is_matched_when_one_looks_again(office: Office) -> None:
    firm, _ = firm_with(office, "1.00")
    found = read_one(firm, BgMaxPayment(amount=10_000, reference=make_ocr("1002")))
    assert found["match"] == "unmatched"
    invoice = firm.issue("100.00", customer=firm.customer(), rate="0")
    assert invoice["number"] == 1002
    office.settle()
    matched = done(firm.bank("match", found))
    assert (matched["status"], matched["match"]) == ("waiting", "proposed")
    assert proposed(matched) == [[(1002, "100.00")]]
    assert "Confirm it" in matched["reasons"][-1]
    assert registered(firm) == []
    done(firm.bank("confirm", matched))
    assert registered(firm) == [(1002, "100.00")]


def test_a_proposal_that_no_longer_holds_is_refused_and_looking_again_finds_what_does(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)))
    firm.paid("100.00", invoice)
    assert code(firm.bank("confirm", found)) == (409, "allocation-exceeds")
    matched = done(firm.bank("match", found))
    assert proposed(matched) != proposed(found)
    done(firm.bank("confirm", matched))
    office.settle()
    assert firm.invoice(invoice)["status"] == "paid"
    assert firm.credits() == {invoice["customer_id"]: ("50.00", "synchronised")}


# ---------------------------------------------------------------- who may


def test_the_party_that_does_not_handle_payments_reads_and_does_nothing(office: Office) -> None:
    for (handler, user), other in zip(HANDLERS, (STAFF, CLIENT), strict=True):
        firm, (invoice,) = firm_with(office, "200.00", handler=handler)
        given = BgMaxPayment(amount=15_000, reference=ocr(invoice), name="Betalaren AB")
        found = read_one(firm, given, user)
        done(firm.bank("confirm", found, None, user))
        (payer,) = payers_of(firm, invoice["customer_id"])
        waits = read_one(firm, BgMaxPayment(amount=1_000, reference="", code=0, serial=2), user)
        forget = f"/customers/{invoice['customer_id']}/payers/{payer['payer_id']}/forget"
        before = state(firm)
        for answer in (
            firm.bank("confirm", waits, {"customer_id": invoice["customer_id"]}, other),
            firm.bank("set-aside", waits, {"reason": "Nej"}, other),
            firm.bank("match", waits, None, other),
            firm.bank("undo", found, None, other),
            firm.call("POST", forget, None, other),
        ):
            assert code(answer) == (403, "not-handler"), answer.text
            assert answer.body["detail"].startswith(f"The {handler} handles payments since")
        assert state(firm) == before


def test_a_stranger_and_another_companys_people_find_nothing(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "200.00")
    found = read_one(firm, BgMaxPayment(amount=15_000, reference=ocr(invoice)))
    other = office.firm(client=STRANGER, staff="stina")
    path = f"/bank-payments/{found['bank_payment_id']}"
    for at in (firm, other):
        for method, tail, body in [
            ("GET", path, None),
            ("POST", f"{path}/confirm", {}),
            ("POST", f"{path}/set-aside", {"reason": "x"}),
            ("POST", f"{path}/undo", None),
            ("POST", f"{path}/match", None),
        ]:
            assert code(at.call(method, tail, body, STRANGER)) == (404, "not-found"), tail
    assert other.ok("GET", "/bank-payments")["items"] == []
    assert told(firm, found)["status"] == "waiting"


# ---------------------------------------------------------------- payers


def test_a_payer_that_was_confirmed_once_is_proposed_by_what_it_paid_and_no_longer_once_forgotten(
    office: Office,
) -> None:
    firm = office.firm()
    customer = firm.customer("Bygg i Norr AB")
    issued = [firm.issue(price, customer=customer, rate="0") for price in ("200.00", "300.00", "70.00")]
    office.settle()

    def from_berg(amount: int, serial: int, reference: str = "") -> BgMaxPayment:
        return BgMaxPayment(
            amount=amount,
            serial=serial,
            reference=reference,
            code=2 if reference else 0,
            name="N BERG FASTIGHETER",
            org_no="5560360793",
            sender_bankgiro="50501055",
        )

    first = read_one(firm, from_berg(15_000, 1, ocr(issued[0])))
    done(firm.bank("confirm", first))
    learned = payers_of(firm, customer)
    assert sorted(each["kind"] for each in learned) == ["account", "name", "org_no"]
    for each in learned:
        assert each["customer_name"] == "Bygg i Norr AB"
        assert (each["invoice_number"], each["learned_on"]) == (issued[0]["number"], TODAY.isoformat())
        assert each["bank_payment_id"] == first["bank_payment_id"]
    second = read_one(firm, from_berg(30_000, 2))
    assert (second["match"], second["status"]) == ("proposed", "waiting")
    assert proposed(second)[0] == [(issued[1]["number"], "300.00")]
    reasons = " ".join(second["proposals"][0]["reasons"])
    assert f"paid invoice {issued[0]['number']} of Bygg i Norr AB" in reasons
    for each in learned:
        gone = firm.call("POST", f"/customers/{customer}/payers/{each['payer_id']}/forget")
        assert (gone.status, gone.body) == (200, each)
        again = firm.call("POST", f"/customers/{customer}/payers/{each['payer_id']}/forget")
        assert code(again) == (404, "not-found")
    assert payers_of(firm, customer) == []
    third = read_one(firm, from_berg(7_000, 3))
    assert (third["match"], third["proposals"]) == ("unmatched", [])
    assert done(firm.bank("match", second))["match"] == "unmatched"


def test_a_payer_that_pays_for_another_customer_is_known_as_that_one_from_then_on(office: Office) -> None:
    firm = office.firm()
    one, two = firm.customer("Ett AB"), firm.customer("Två AB")
    invoices = [firm.issue("200.00", customer=each, rate="0") for each in (one, two, two)]
    office.settle()
    for serial, invoice in enumerate(invoices[:2], 1):
        given = BgMaxPayment(amount=15_000, reference=ocr(invoice), name="Koncernen", serial=serial)
        done(firm.bank("confirm", read_one(firm, given)))
    third = read_one(firm, BgMaxPayment(amount=20_000, reference="", code=0, name="Koncernen", serial=3))
    assert {each["customer_id"] for each in third["proposals"]} == {two}


def test_what_a_payer_is_said_to_have_paid_was_its_own_customers(office: Office) -> None:
    firm = office.firm()
    mother, daughter = firm.customer("Moder AB"), firm.customer("Dotter AB")
    theirs, own = (firm.issue("100.00", customer=each, rate="0") for each in (daughter, mother))
    office.settle()
    found = read_one(firm, BgMaxPayment(amount=20_000, reference="", code=0, name="Koncernens kassa"))
    parts = [{"invoice_id": each["invoice_id"], "amount": "100.00"} for each in (theirs, own)]
    done(firm.bank("confirm", found, {"allocations": parts, "customer_id": mother}))
    for payer in payers_of(firm, mother):
        assert payer["invoice_number"] in {own["number"], None}


# ---------------------------------------------------------------- one payment in several files

FORMATS = ["bgmax", "camt.054", "camt.053"]


def in_format(kind: Any, *paid: tuple[Any, int], first_serial: int = 1) -> bytes:
    """Payments (invoice, öre) as a format tells them."""
    if kind == "bgmax":
        return bgmax(
            *(
                BgMaxPayment(amount=amount, reference=ocr(invoice), name="KUND AB", serial=serial)
                for serial, (invoice, amount) in enumerate(paid, first_serial)
            )
        )
    return camt(
        *(
            CamtPayment(
                amount=amount,
                references=(CamtReference(value=ocr(invoice)),),
                name="Kund AB",
                bank_reference=f"BG{serial:012}",
            )
            for serial, (invoice, amount) in enumerate(paid, first_serial)
        ),
        kind=kind,
    )


@pytest.mark.parametrize("first", FORMATS)
def test_the_same_payments_in_three_formats_are_registered_once_and_the_others_say_as_which(
    office: Office, first: str
) -> None:
    firm, (one, two) = firm_with(office, "100.00", "200.00")
    paid = [(one, 10_000), (two, 15_000)]
    told_first = upload(firm, in_format(first, *paid))["payments"]
    assert [each["status"] for each in told_first] == ["registered", "waiting"]
    for kind in FORMATS:
        file = upload(firm, in_format(kind, *paid))
        assert (file["totals"]["duplicates"], file["totals"]["exact"]) == (2, 0), kind
        for each, original in zip(file["payments"], told_first, strict=True):
            same = each["bank_payment_id"] == original["bank_payment_id"]
            assert each["duplicate"] is True
            assert same or (each["status"], each["same_as"]) == ("duplicate", original["bank_payment_id"])
    assert registered(firm) == [(1001, "100.00")]
    assert len(firm.waiting()) == 1


@pytest.mark.parametrize("order", [FORMATS, FORMATS[::-1]])
def test_overlapping_files_register_what_is_new_in_each(office: Office, order: list[str]) -> None:
    firm, invoices = firm_with(office, "100.00", "200.00", "300.00")
    paid = list(zip(invoices, (10_000, 20_000, 30_000), strict=True))
    duplicates = []
    for kind, part in zip(order, (paid[:2], paid[1:], paid), strict=True):
        first_serial = 1 + paid.index(part[0])
        file = upload(firm, in_format(kind, *part, first_serial=first_serial))
        duplicates.append(file["totals"]["duplicates"])
    assert duplicates == [0, 1, 3]
    assert registered(firm) == [(1001, "100.00"), (1002, "200.00"), (1003, "300.00")]


@pytest.mark.parametrize("second", FORMATS)
def test_genuine_twins_are_two_payments_in_every_format(office: Office, second: str) -> None:
    firm, (invoice,) = firm_with(office, "500.00")
    twins = [(invoice, 10_000)] * 2
    first = upload(firm, in_format("bgmax", *twins))["payments"]
    assert [each["status"] for each in first] == ["waiting", "waiting"]
    file = upload(firm, in_format(second, *twins))
    assert file["totals"]["duplicates"] == 2
    later = upload(firm, in_format(second, (invoice, 10_000), first_serial=3))["payments"]
    assert [each["status"] for each in later] == ["waiting"]
    for each in firm.waiting():
        done(firm.bank("confirm", each))
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "200.00"


def test_what_was_taken_for_the_same_by_mistake_can_be_registered_after_all(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "500.00")
    upload(firm, in_format("bgmax", (invoice, 10_000)))
    (other,) = upload(firm, in_format("camt.054", (invoice, 10_000)))["payments"]
    assert other["status"] == "duplicate"
    back = done(firm.bank("undo", other))
    assert back["status"] == "waiting"
    for each in firm.waiting():
        done(firm.bank("confirm", done(firm.bank("match", each))))
    office.settle()
    assert firm.invoice(invoice)["remaining"] == "300.00"


@pytest.mark.parametrize("how", ["duplicate", "set_aside"])
def test_what_does_not_wait_is_neither_confirmed_nor_matched_until_that_is_undone(
    office: Office, how: str
) -> None:
    firm, (invoice,) = firm_with(office, "500.00")
    (found,) = upload(firm, in_format("bgmax", (invoice, 10_000)))["payments"]
    if how == "duplicate":
        (found,) = upload(firm, in_format("camt.054", (invoice, 10_000)))["payments"]
    else:
        done(firm.bank("set-aside", found, {"reason": "Dubbel"}))
    assert told(firm, found)["status"] == how
    own = {"allocations": [{"invoice_id": invoice["invoice_id"], "amount": "100.00"}]}
    for action, body in (("confirm", own), ("match", None)):
        assert code(firm.bank(action, found, body)) == (409, "bank-payment-closed"), action
    assert registered(firm) == []


# ---------------------------------------------------------------- deductions


@by_either_party
def test_a_credit_note_that_the_payer_has_deducted_is_used_at_once_beside_the_invoice_paid(
    office: Office, handler: str, user: str
) -> None:
    firm, (paid, other) = firm_with(office, "100.00", "300.00", handler=handler)
    firm.paid("100.00", paid, user=user)
    office.settle()
    note = firm.credited(paid)
    office.settle()
    content = bgmax(
        BgMaxPayment(amount=30_000, reference=ocr(other)),
        BgMaxPayment(amount=10_000, reference=ocr(note), deduction_code=0),
    )
    file = upload(firm, content, user)
    assert [(each["amount"], each["status"]) for each in file["payments"]] == [
        ("300.00", "registered"),
        ("-100.00", "registered"),
    ]
    office.settle()
    assert [firm.invoice(each)["remaining"] for each in (other, note)] == ["0.00", "0.00"]
    assert firm.balances()["1930"] == "300.00"
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- large files


def test_a_files_payments_are_read_page_by_page_from_any_place_in_its_order(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, _ = firm_with(office, "1.00")
    monkeypatch.setattr(files, "_SHOWN", 3)
    monkeypatch.setattr(receiving, "_TOGETHER", 4)
    file = upload(firm, bgmax(*(BgMaxPayment(amount=100 + each, code=0) for each in range(11))))
    assert (file["totals"]["payments"], len(file["payments"])) == (11, 3)
    path = f"/payment-files/{file['file_id']}/payments"
    for limit in (2, 5, 100):
        pages = firm.pages(path, limit)
        assert [each["amount"] for page in pages for each in page] == [f"1.{each:02}" for each in range(11)]
        assert [each["place"] for page in pages for each in page] == list(range(1, 12))
        assert pages[0][: len(file["payments"])] == file["payments"][:limit]
    for wrong in ("abc", "MA==", "MTIzNDU2Nzg5"):
        assert code(firm.call("GET", f"{path}?cursor={wrong}")) == (400, "cursor-invalid")
    assert firm.call("GET", "/payment-files/pmf_00000000000000000000/payments").status == 404


@by_either_party
def test_many_payments_of_one_customer_are_folded_into_few_transactions_each_registered_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, handler: str, user: str
) -> None:
    firm = office.firm(handler=handler)
    customer = firm.customer()
    drafts = [firm.draft("100.00", customer=customer, rate="0") for _ in range(30)]
    firm.issue_many(*drafts)
    invoices = [firm.invoice(each) for each in drafts]
    office.settle()
    paid = [BgMaxPayment(amount=10_000, reference=ocr(each)) for each in invoices for _ in range(4)]
    commit, sizes = Transaction.commit, list[int]()

    def counted(transaction: Transaction) -> None:
        sizes.append(len(transaction.operations))
        commit(transaction)

    monkeypatch.setattr(Transaction, "commit", counted)
    file = upload(firm, bgmax(*paid), user)
    assert max(sizes) <= 100
    assert len(sizes) <= 20, sizes
    assert (file["totals"]["payments"], file["totals"]["exact"]) == (120, 30)
    statuses = [each["status"] for each in file["payments"]]
    assert statuses == ["registered", "waiting", "waiting", "waiting"] * 30
    office.settle()
    assert {firm.invoice(each)["status"] for each in invoices} == {"paid"}
    assert firm.balances()["1930"] == "3000.00"
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- dropped files


def drop(firm: Firm, content: bytes, name: str = "bg/BGMAX 2026-09-15.txt") -> Any:
    """Put a file in the company's folder of the bucket; the event S3 tells of it by."""
    return firm.office.cloud.upload("PaymentFilesBucket", f"dropped/{firm.company_id}/{name}", content)


@by_either_party
def test_a_dropped_file_is_read_for_who_handles_payments_that_day_once_however_often_told(
    office: Office, handler: str, user: str
) -> None:
    firm, (invoice, other) = firm_with(office, "100.00", "200.00", handler=handler)
    content = bgmax(
        BgMaxPayment(amount=10_000, reference=ocr(invoice)), BgMaxPayment(amount=15_000, reference=ocr(other))
    )
    event = drop(firm, content)
    for _ in range(2):
        office.invoke("payment_file_received", event)
        (file,) = firm.ok("GET", "/payment-files", user=user)["items"]
        assert (file["uploaded_by"], file["status"]) == ("bank", "done")
        assert file["filename"] == "bg/BGMAX 2026-09-15.txt"
        assert (file["totals"]["exact"], file["totals"]["proposed"]) == (1, 1)
        assert registered(firm) == [(1001, "100.00")]
    (payment,) = firm.ok("GET", "/payments")["items"]
    assert payment["origin"] == ("invoicing" if handler == "client" else "ledger")
    done(firm.bank("confirm", firm.waiting()[0], None, user))
    office.invoke("payment_file_received", drop(firm, content))
    every = firm.ok("GET", "/payment-files")["items"]
    (again,) = (each for each in every if each["file_id"] != file["file_id"])
    assert again["totals"]["duplicates"] == 2
    assert len(registered(firm)) == 2


def test_dropped_files_are_listed_newest_first(office: Office) -> None:
    firm, _ = firm_with(office, "1.00")
    names = [f"{day}.txt" for day in range(23, 30)]
    for day, name in enumerate(names, 23):
        stand_at(NOW.replace(day=day))
        content = bgmax(BgMaxPayment(amount=100, code=0, serial=day))
        office.invoke("payment_file_received", drop(firm, content, name))
    assert [each["filename"] for each in firm.ok("GET", "/payment-files")["items"]] == names[::-1]


def test_a_dropped_file_after_a_change_of_handler_is_the_new_ones(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    since = {"handler": "bureau", "since": "2026-11-24"}
    firm.ok("POST", "/collaboration/payment-handler", since, STAFF)
    stand_at(NOW.replace(day=24))
    office.invoke(
        "payment_file_received", drop(firm, bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice))))
    )
    assert registered(firm) == [(1001, "100.00")]
    (payment,) = firm.ok("GET", "/payments")["items"]
    assert payment["origin"] == "ledger"


def test_a_dropped_file_goes_on_for_the_new_handler_when_that_is_changed_in_its_middle(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, invoices = firm_with(office, "100.00", "200.00", "300.00")
    paid = [
        BgMaxPayment(amount=amount, reference=ocr(each))
        for amount, each in zip((10_000, 20_000, 30_000), invoices, strict=True)
    ]
    hand_over_in_the_middle(monkeypatch, firm)
    office.invoke("payment_file_received", drop(firm, bgmax(*paid)))
    (file,) = firm.ok("GET", "/payment-files")["items"]
    assert (file["status"], file["totals"]["payments"], file["totals"]["exact"]) == ("done", 3, 3)
    assert registered(firm) == [(1001, "100.00"), (1002, "200.00"), (1003, "300.00")]
    origins = [each["origin"] for each in firm.ok("GET", "/payments")["items"]]
    assert sorted(origins) == ["invoicing", "ledger", "ledger"]
    assert firm.agreement()["agrees"] is True


def test_a_dropped_file_that_is_too_large_is_refused_unread_with_what_to_do(office: Office) -> None:
    firm, (invoice,) = firm_with(office, "100.00")
    event = drop(firm, bgmax(BgMaxPayment(amount=10_000, reference=ocr(invoice))))
    event["Records"][0]["s3"]["object"]["size"] = files.MAX_BYTES + 1
    for _ in range(2):
        office.invoke("payment_file_received", event)
        (file,) = firm.ok("GET", "/payment-files")["items"]
        assert (file["status"], file["refusal"]["check"]) == ("refused", "too-large")
        assert "split it" in file["refusal"]["message"]
    assert registered(firm) == []


def test_a_broken_dropped_file_keeps_its_refusal(office: Office) -> None:
    firm, _ = firm_with(office, "100.00")
    office.invoke("payment_file_received", drop(firm, b"%PDF-1.7"))
    (file,) = firm.ok("GET", "/payment-files")["items"]
    assert (file["status"], file["refusal"]["check"]) == ("refused", "not-a-payment-file")


def test_a_file_dropped_for_a_company_that_is_not_there_is_logged_and_left(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    firm = office.firm()
    before = office.cloud.items("PlatformTable")
    key = "dropped/com_00000000000000000000/fil.txt"
    office.invoke("payment_file_received", office.cloud.upload("PaymentFilesBucket", key, bgmax()))
    assert "a payment file for a company that does not exist" in caplog.messages
    assert office.cloud.items("PlatformTable") == before
    assert firm.ok("GET", "/payment-files")["items"] == []


def test_a_file_dropped_before_the_company_is_active_is_refused_with_the_reason(office: Office) -> None:
    firm = office.firm(active=False)
    office.invoke("payment_file_received", drop(firm, bgmax()))
    (file,) = firm.ok("GET", "/payment-files")["items"]
    assert (file["status"], file["refusal"]["check"]) == ("refused", "not-active")
    assert "when somebody does" in file["refusal"]["message"]
