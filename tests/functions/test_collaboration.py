from datetime import date, timedelta
from typing import Any

import pytest

from tests.functions.books import NOW, Firm, Office, stand_at
from tests.functions.conftest import CLIENT, STAFF, STRANGER, Answer

pytest_plugins = ["tests.functions.an_office"]

INVITED = {"company_name": "Ateljé Lövgren AB", "org_no": "556012-5790", "email": "anna@example.se"}
ADDRESS = {"street": "Storgatan 12", "postcode": "582 23", "city": "Linköping"}
COMPANY_STEP = {"name": "Ateljé Lövgren AB", "org_no": "556012-5790", "address": ADDRESS}


def invite(office: Office, bureau_id: str, **values: Any) -> Any:
    answer = office.call("POST", f"/v1/bureaus/{bureau_id}/invitations", INVITED | values, STAFF)
    assert answer.status == 201, answer.text
    return answer.body


def answer_to(office: Office, invitation: Any, word: str, user: str = CLIENT) -> Answer:
    return office.call("POST", f"/v1/invitations/{invitation['token']}/{word}", None, user)


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def firm_in_start_guide(office: Office, **values: Any) -> Firm:
    return office.firm(active=False, **values)


# ---------------------------------------------------------------- bureau and invitation


def test_who_makes_a_bureau_acts_for_it_as_admin_and_nobody_else_does(office: Office) -> None:
    given = {"name": "Siffror & Sånt AB", "org_no": "5560125790"}
    made = office.call("POST", "/v1/bureaus", given, STAFF)
    bureau_id = made.body["bureau_id"]
    assert (made.status, made.body["org_no"]) == (201, "5560125790")
    me = office.call("GET", "/v1/me", user=STAFF).body
    assert me == {
        "user_id": STAFF,
        "memberships": [{"kind": "bureau", "id": bureau_id, "role": "admin"}],
    }
    assert office.call("GET", f"/v1/bureaus/{bureau_id}", user=STAFF).body == made.body
    assert office.call("GET", f"/v1/bureaus/{bureau_id}", user=STRANGER).status == 404
    assert office.call("GET", "/v1/me", user=STRANGER).body["memberships"] == []


def test_an_accepted_invitation_makes_a_company_in_the_start_guide(office: Office) -> None:
    bureau_id = office.firms.bureau()
    invitation = invite(office, bureau_id, settings={"payment_handler": "bureau"}, channel="byrastod")
    assert invitation["status"] == "open"
    assert invitation["expires_at"].startswith((NOW + timedelta(days=30)).date().isoformat())
    accepted = answer_to(office, invitation, "accept")
    assert accepted.status == 200
    path = f"/v1/companies/{accepted.body['company_id']}/collaboration"
    seen = office.call("GET", path).body
    assert seen == office.call("GET", path, user=STAFF).body
    assert (seen["status"], seen["payment_handler"]) == ("start_guide", None)
    assert seen["settings"]["payment_handler"] == "bureau"
    steps = ["company", "fiscal_year", "bank", "numbering", "payments", "registers"]
    assert seen["start_guide"]["remaining"] == steps
    listed = office.call("GET", f"/v1/bureaus/{bureau_id}/companies", user=STAFF).body["items"]
    assert [each["company_id"] for each in listed] == [accepted.body["company_id"]]


def test_the_token_is_shown_once_and_kept_only_as_a_hash(office: Office) -> None:
    invitation = invite(office, office.firms.bureau())
    assert invitation["token"] not in repr(office.cloud.items("PlatformTable"))


@pytest.mark.parametrize("first", ["accept", "decline", "withdraw"])
def test_an_answered_or_withdrawn_invitation_is_closed_to_everything(office: Office, first: str) -> None:
    bureau_id = office.firms.bureau()
    invitation = invite(office, bureau_id)
    withdraw = f"/v1/bureaus/{bureau_id}/invitations/{invitation['invitation_id']}/withdraw"
    if first == "withdraw":
        assert office.call("POST", withdraw, user=STAFF).body["status"] == "withdrawn"
    else:
        assert answer_to(office, invitation, first).status == 200
    before = office.cloud.items("PlatformTable")
    assert code(answer_to(office, invitation, "accept", STRANGER)) == (409, "invitation-closed")
    assert code(answer_to(office, invitation, "decline", STRANGER)) == (409, "invitation-closed")
    assert code(office.call("POST", withdraw, user=STAFF)) == (409, "invitation-closed")
    assert office.cloud.items("PlatformTable") == before


def test_an_invitation_expires_after_30_days_and_not_before(office: Office) -> None:
    bureau_id = office.firms.bureau()
    early, late = invite(office, bureau_id), invite(office, bureau_id, org_no="556677-8899")
    stand_at(NOW + timedelta(days=30, minutes=-5))
    assert answer_to(office, early, "accept").status == 200
    stand_at(NOW + timedelta(days=30, minutes=5))
    assert code(answer_to(office, late, "accept")) == (410, "invitation-expired")
    assert code(answer_to(office, late, "decline")) == (410, "invitation-expired")


def test_an_unknown_token_and_an_invitation_of_another_bureau_are_not_found(office: Office) -> None:
    ours, theirs = office.firms.bureau(), office.firms.bureau(STRANGER)
    invitation = invite(office, ours)
    assert code(answer_to(office, {"token": "x" * 32}, "accept")) == (404, "not-found")
    path = f"/v1/bureaus/{theirs}/invitations/{invitation['invitation_id']}/withdraw"
    assert code(office.call("POST", path, user=STRANGER)) == (404, "not-found")


def test_an_invitation_sent_twice_under_one_key_is_one_invitation_with_one_token(office: Office) -> None:
    path = f"/v1/bureaus/{office.firms.bureau()}/invitations"
    key = {"Idempotency-Key": "invite-1"}
    first, again = (office.call("POST", path, INVITED, STAFF, key) for _ in range(2))
    assert (again.status, again.text) == (first.status, first.text)
    kinds = [item["kind"] for item in office.cloud.items("PlatformTable")]
    assert kinds.count("invitation") == 1


# ---------------------------------------------------------------- start guide


def test_a_step_can_be_answered_anew_until_activation(office: Office) -> None:
    firm = firm_in_start_guide(office)
    step = "/start-guide/numbering"
    changed = firm.ok("PUT", step, {"first_invoice_number": 500, "previous_program": "Pärmen"})
    answers = {each["step"]: each["answers"] for each in changed["start_guide"]["steps"]}
    assert answers["numbering"] == {"first_invoice_number": 500, "previous_program": "Pärmen"}
    firm.ok("POST", "/collaboration/activate")
    assert firm.issue()["number"] == 500


def test_a_step_at_fault_is_refused_with_every_field_and_changes_nothing(office: Office) -> None:
    firm = firm_in_start_guide(office)
    before = firm.ok("GET", "/collaboration")
    wrong = {"name": "", "org_no": "556012-5791", "address": {"street": "S", "postcode": "1", "city": "L"}}
    answer = firm.call("PUT", "/start-guide/company", wrong)
    assert code(answer) == (422, "validation")
    assert {each["pointer"] for each in answer.body["errors"]} == {"/name", "/org_no", "/address/postcode"}
    assert firm.call("PUT", "/start-guide/colour", {}).status == 422
    assert firm.ok("GET", "/collaboration") == before


def test_the_books_are_kept_by_the_method_that_was_answered_last(office: Office) -> None:
    firm = firm_in_start_guide(office)
    for method in ("cash", "invoice", "cash"):
        year = {"start": "2026-01-01", "end": "2026-12-31", "accounting_method": method}
        answered = firm.ok("PUT", "/start-guide/fiscal_year", year)
        answers = {each["step"]: each["answers"] for each in answered["start_guide"]["steps"]}
        assert answers["fiscal_year"]["accounting_method"] == method
    firm.ok("POST", "/collaboration/activate")
    (head,) = firm.items("LedgerTable", "BOOKS")
    assert head["method"] == "cash"
    wrong = {"start": "2026-01-01", "end": "2026-12-31", "accounting_method": "barter"}
    assert firm.call("PUT", "/start-guide/fiscal_year", wrong).status == 422


def test_with_steps_left_activation_is_refused_and_names_them(office: Office) -> None:
    bureau_id = office.firms.bureau()
    company_id = answer_to(office, invite(office, bureau_id), "accept").body["company_id"]
    path = f"/v1/companies/{company_id}"
    office.call("PUT", f"{path}/start-guide/payments", {"handler": "client"})
    office.call("PUT", f"{path}/start-guide/company", COMPANY_STEP)
    answer = office.call("POST", f"{path}/collaboration/activate")
    assert code(answer) == (409, "start-guide-incomplete")
    assert "fiscal_year, bank, numbering, registers" in answer.body["detail"]


def test_before_activation_nothing_is_invoiced_paid_or_posted(office: Office) -> None:
    firm = firm_in_start_guide(office)
    rows = [{"description": "x", "unit_price": "1.00", "vat_rate": "25"}]
    refused = [
        firm.call("POST", "/invoices", {"customer_id": firm.customer(), "rows": rows}),
        firm.pay("1.00", {"invoice_id": "inv_00000000000000000000"}),
        firm.voucher("1930", "3001", "1.00"),
        firm.call("POST", "/collaboration/payment-handler", {"handler": "bureau"}),
        firm.call("POST", "/payment-files", {"filename": "x.txt"}),
        firm.call("GET", "/overview"),
    ]
    assert {code(each) for each in refused} == {(409, "not-active")}


def test_activation_locks_the_number_and_every_other_answer(office: Office) -> None:
    firm = office.firm()
    number = firm.call("PUT", "/start-guide/numbering", {"first_invoice_number": 7})
    assert code(number) == (409, "number-locked")
    bank = firm.call("PUT", "/start-guide/bank", {"bankgiro": "991-2346"})
    assert code(bank) == (409, "already-active")
    assert code(firm.call("POST", "/collaboration/activate")) == (409, "already-active")
    assert firm.issue()["number"] == 1001


def test_activation_sent_again_under_its_key_gets_the_same_answer(office: Office) -> None:
    firm = firm_in_start_guide(office)
    key = {"Idempotency-Key": "activate"}
    first, again = (firm.call("POST", "/collaboration/activate", headers=key) for _ in range(2))
    assert (first.status, again.status, again.text) == (200, 200, first.text)


def test_a_company_whose_fiscal_year_begins_later_can_be_activated_and_read(office: Office) -> None:
    firm = firm_in_start_guide(office)
    firm.ok("PUT", "/start-guide/fiscal_year", {"start": "2027-01-01", "end": "2027-12-31"})
    answer = firm.call("POST", "/collaboration/activate")
    assert answer.status == 200, answer.text
    assert firm.call("GET", "/collaboration").status == 200


def test_a_company_that_corrects_its_name_has_it_in_the_bureaus_list_too(office: Office) -> None:
    firm = firm_in_start_guide(office)
    firm.ok("PUT", "/start-guide/company", COMPANY_STEP | {"name": "Lövgrens Ateljé AB"})
    assert firm.ok("GET", "/collaboration")["company_name"] == "Lövgrens Ateljé AB"
    path = f"/v1/bureaus/{firm.company.bureau_id}/companies"
    (listed,) = office.call("GET", path, user=STAFF).body["items"]
    assert (listed["company_name"], listed["org_no"]) == ("Lövgrens Ateljé AB", "5560125790")


# ---------------------------------------------------------------- who handles payments


def change(firm: Firm, handler: str, since: str | None = None, user: str = CLIENT) -> Answer:
    given = {"handler": handler} | ({"since": since} if since else {})
    return firm.call("POST", "/collaboration/payment-handler", given, user)


def test_a_change_counts_from_its_date_and_leaves_a_history_with_who_decided(office: Office) -> None:
    firm = office.firm()
    assert change(firm, "bureau", "2026-12-01", STAFF).status == 200
    handler = firm.ok("GET", "/collaboration")["payment_handler"]
    assert (handler["party"], handler["since"]) == ("client", "2026-01-01")
    stand_at(NOW.replace(day=30, hour=23, minute=30))  # 00:30 on 1 December in Sweden
    handler = firm.ok("GET", "/collaboration")["payment_handler"]
    assert (handler["party"], handler["since"]) == ("bureau", "2026-12-01")
    assert [(each["party"], each["since"], each["decided_by"]) for each in handler["history"]] == [
        ("client", "2026-01-01", CLIENT),
        ("bureau", "2026-12-01", STAFF),
    ]


def test_a_change_without_a_date_counts_today_and_the_last_of_a_day_counts(office: Office) -> None:
    firm = office.firm()
    change(firm, "bureau")
    handler = change(firm, "client").body["payment_handler"]
    assert (handler["party"], handler["since"]) == ("client", date(2026, 11, 23).isoformat())
    assert [each["party"] for each in handler["history"]] == ["client", "bureau", "client"]


def test_a_change_in_the_past_is_refused(office: Office) -> None:
    firm = office.firm()
    assert code(change(firm, "bureau", "2026-11-22")) == (422, "validation")
    assert firm.ok("GET", "/collaboration")["payment_handler"]["history"][-1]["party"] == "client"
