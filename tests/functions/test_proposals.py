from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from samklang.invoicing import proposals, registers
from samklang.invoicing.model.proposals import (
    ArticleChanges,
    CorrectionProposal,
    CustomerChanges,
    CustomerProposalInput,
)
from samklang.invoicing.model.registers import Article, ArticleInput, Customer, CustomerInput
from samklang.invoicing.store import registers as store
from samklang.platform import dynamo
from samklang.platform.access import CompanyAccess, User, company_access
from samklang.platform.dynamo import Transaction
from samklang.platform.problems import Problem
from tests.functions.books import Firm, Office, image
from tests.functions.conftest import CLIENT, STAFF, Answer, as_function

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "00000000000000000000"
ADDRESS = {"street": "Kungsgatan 1", "postcode": "11122", "city": "Stockholm", "country": "SE"}
CUSTOMER = {
    "name": "Östergrens Fastigheter AB",
    "number": "K-7",
    "org_no": "5560125790",
    "email": "ek@example.se",
    "address": ADDRESS,
    "payment_terms_days": 20,
}
ARTICLE = {"name": "Bröd", "number": "B-1", "unit_price": "12.50", "vat_class": "food", "kind": "goods"}


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def errors(answer: Answer) -> dict[str, str]:
    return {each["pointer"]: each["code"] for each in answer.body["errors"]}


def customer_path(firm: Firm, **values: Any) -> str:
    made = firm.ok("POST", "/customers", CUSTOMER | values)
    return f"/customers/{made['customer_id']}"


def article_path(firm: Firm, **values: Any) -> str:
    made = firm.ok("POST", "/articles", ARTICLE | values)
    return f"/articles/{made['article_id']}"


def proposing(firm: Firm, target: str, changes: Mapping[str, Any], user: str = STAFF, **more: Any) -> Answer:
    return firm.call("POST", f"{target}/proposals", {"changes": changes, **more}, user)


def proposal(firm: Firm, target: str, **changes: Any) -> str:
    """A new proposal's address."""
    answer = proposing(firm, target, changes)
    assert answer.status == 201, answer.text
    return f"/proposals/{answer.body['proposal_id']}"


def change(firm: Firm, target: str, **values: Any) -> None:
    """Let the client change a customer or article itself."""
    read = firm.call("GET", target)
    said = CustomerInput.model_fields if target.startswith("/customers") else ArticleInput.model_fields
    body = {name: value for name, value in read.body.items() if name in said and name != "vat_rate"}
    etag = {"If-Match": read.headers["ETag"]}
    answer = firm.call("PUT", target, body | values, headers=etag)
    assert answer.status == 200, answer.text


# ---------------------------------------------------------------- proposing


def test_a_proposal_is_a_diff_of_the_fields_that_differ(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    before = firm.ok("GET", target)
    changes = {
        "name": "Östergrens Fastigheter AB",
        "email": None,
        "payment_terms_days": 30,
        "org_no": "556012-5790",
        "address": {"street": "Kungsgatan 2", "postcode": "111 22", "city": "Stockholm"},
    }
    made = proposing(firm, target, changes, comment="Ny adress enligt Bolagsverket")
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    found = made.body
    assert found | {"proposal_id": "", "made_at": ""} == {
        "proposal_id": "",
        "register": "customer",
        "target_id": before["customer_id"],
        "target_name": "Östergrens Fastigheter AB",
        "status": "open",
        "changes": [
            {"field": "email", "from": "ek@example.se", "to": None},
            {"field": "address", "from": ADDRESS, "to": ADDRESS | {"street": "Kungsgatan 2"}},
            {"field": "payment_terms_days", "from": 20, "to": 30},
        ],
        "comment": "Ny adress enligt Bolagsverket",
        "made_by": STAFF,
        "made_at": "",
        "decided_at": None,
        "decided_by": None,
        "answer": None,
        "base_version": 1,
        "version": 1,
    }
    assert found["made_at"].startswith("2026-11-23T09:00")
    for user in (None, STAFF):
        assert firm.ok("GET", f"/proposals/{found['proposal_id']}", user=user) == found
        assert firm.ok("GET", "/proposals", user=user) == {"items": [found], "next": None}
    assert firm.ok("GET", target) == before


def test_an_articles_rate_is_proposed_as_the_class_it_stands_for(office: Office) -> None:
    firm = office.firm()
    target = article_path(firm)

    def proposed(**changes: Any) -> list[Any]:
        answer = proposing(firm, target, changes)
        assert answer.status == 201, answer.text
        assert answer.body["register"] == "article"
        found: list[Any] = answer.body["changes"]
        return found

    assert proposed(vat_rate="25") == [{"field": "vat_class", "from": "food", "to": "standard"}]
    # Food is 6 % today, but a rate of its own is another class.
    assert proposed(vat_rate="6") == [{"field": "vat_class", "from": "food", "to": "low"}]
    assert proposed(vat_class="none", unit_price="13.00") == [
        {"field": "unit_price", "from": "12.50", "to": "13.00"},
        {"field": "vat_class", "from": "food", "to": "none"},
    ]
    wrong = proposing(firm, target, {"vat_class": "standard", "vat_rate": "12"})
    assert (code(wrong), set(errors(wrong))) == ((422, "validation"), {"/changes"})


WRONG_OF_A_CUSTOMER: list[tuple[dict[str, Any], str]] = [
    ({"payment_terms_days": 400}, "/changes/payment_terms_days"),
    ({"payment_terms_days": "30"}, "/changes/payment_terms_days"),
    ({"org_no": "556012-5791"}, "/changes/org_no"),
    ({"address": {"street": "Gatan 1", "postcode": "1112", "city": "X"}}, "/changes/address"),
    ({"address": {"street": "Gatan 1"}}, "/changes/address/postcode"),
    ({"name": None}, "/changes/name"),
    ({"number": None}, "/changes/number"),
    ({"active": None}, "/changes/active"),
    ({"balance": "1.00"}, "/changes/balance"),
    ({"customer_id": f"cus_{UNKNOWN}"}, "/changes/customer_id"),
    ({"version": 7}, "/changes/version"),
    ({"vat_treatment": "eu"}, "/changes/vat_treatment"),
    ({"name": CUSTOMER["name"], "email": "ek@example.se", "phone": None}, "/changes"),
    ({}, "/changes"),
]


def test_what_would_not_be_a_valid_customer_or_changes_nothing_is_refused_with_its_field(
    office: Office,
) -> None:
    firm = office.firm()
    target = customer_path(firm)
    before = firm.items("InvoicingTable")
    for changes, pointer in WRONG_OF_A_CUSTOMER:
        answer = proposing(firm, target, changes)
        assert code(answer) == (422, "validation"), changes
        assert pointer in errors(answer), answer.text
        assert all(each["message"] for each in answer.body["errors"])
    assert firm.items("InvoicingTable") == before


WRONG_OF_AN_ARTICLE: list[tuple[dict[str, Any], str]] = [
    ({"unit_price": 12.5}, "/changes/unit_price"),
    ({"unit_price": None}, "/changes/unit_price"),
    ({"vat_rate": "7"}, "/changes/vat_rate"),
    ({"vat_rate": None}, "/changes/vat_rate"),
    ({"vat_class": None}, "/changes/vat_class"),
    ({"email": "a@example.se"}, "/changes/email"),
    ({"vat_class": "food", "vat_rate": "6"}, "/changes"),
]


def test_what_would_not_be_a_valid_article_or_changes_nothing_is_refused_with_its_field(
    office: Office,
) -> None:
    firm = office.firm()
    target = article_path(firm)
    before = firm.items("InvoicingTable")
    for changes, pointer in WRONG_OF_AN_ARTICLE:
        answer = proposing(firm, target, changes)
        assert code(answer) == (422, "validation"), changes
        assert pointer in errors(answer), answer.text
    assert firm.items("InvoicingTable") == before


def test_fields_that_are_valid_only_together_can_be_proposed_together(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, vat_treatment="eu", vat_no="DE136695976")
    assert firm.ok("POST", f"{made}/accept")["status"] == "accepted"
    found = firm.ok("GET", target)
    assert (found["vat_treatment"], found["vat_no"]) == ("eu", "DE136695976")


def test_a_number_of_another_is_refused_when_proposed_and_ones_own_in_other_letters_is_not(
    office: Office,
) -> None:
    firm = office.firm()
    target = customer_path(firm)
    customer_path(firm, number="K-8")
    article_path(firm, number="K-9")
    answer = proposing(firm, target, {"number": "k-8"})
    assert (code(answer), errors(answer)) == ((409, "number-taken"), {"/changes/number": "taken"})
    for number in ("k-7", "K-9"):
        made = proposal(firm, target, number=number)
        assert firm.ok("POST", f"{made}/accept")["status"] == "accepted"
        assert firm.ok("GET", target)["number"] == number


def test_only_the_bureau_proposes_and_only_of_what_there_is(office: Office) -> None:
    firm = office.firm()
    customer, article = customer_path(firm), article_path(firm)
    before = firm.items("InvoicingTable")
    name = {"name": "Nytt namn"}
    for target in (customer, article):
        assert code(proposing(firm, target, name, user=firm.company.client)) == (403, "not-allowed")
    for target in (f"/customers/cus_{UNKNOWN}", f"/articles/art_{UNKNOWN}"):
        assert code(proposing(firm, target, name)) == (404, "not-found")
    crossed = f"/customers/{article.rpartition('/')[2]}"
    assert code(proposing(firm, crossed, name)) == (404, "not-found")
    assert firm.items("InvoicingTable") == before


def test_the_bureau_that_changes_a_register_itself_is_told_where_to_propose_it(office: Office) -> None:
    firm = office.firm()
    for target, body in {customer_path(firm): CUSTOMER, article_path(firm): ARTICLE}.items():
        answer = firm.call("PUT", target, body, STAFF, {"If-Match": '"1"'})
        assert code(answer) == (409, "not-master")
        assert f"POST …{target}/proposals" in answer.body["detail"]
    answer = firm.call("POST", "/customers", CUSTOMER, STAFF)
    assert answer.body["detail"].endswith("Ask the client to change it.")


def test_nobody_else_sees_or_answers_a_proposal(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, name="Nytt namn")
    other = office.firm(office.firms.bureau("mallory"), client="malin", staff="mallory")
    before = firm.items("InvoicingTable")
    for user in ("mallory", "malin"):
        answers = [
            proposing(firm, target, {"name": "Ett annat"}, user=user),
            firm.call("GET", "/proposals", user=user),
            firm.call("GET", made, user=user),
            firm.call("POST", f"{made}/accept", user=user),
            firm.call("POST", f"{made}/decline", {}, user),
            firm.call("POST", f"{made}/withdraw", user=user),
            # In a company of one's own it is not there either.
            other.call("GET", made, user=user),
            other.call("POST", f"{made}/accept", user="malin"),
            other.call("POST", f"{made}/withdraw", user="mallory"),
        ]
        assert {code(each) for each in answers} == {(404, "not-found")}
    assert firm.items("InvoicingTable") == before
    assert other.ok("GET", "/proposals") == {"items": [], "next": None}


def test_the_same_request_again_makes_one_proposal_and_answers_the_same(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    key = {"Idempotency-Key": "p-1"}
    body = {"changes": {"email": None}}
    first, again = (firm.call("POST", f"{target}/proposals", body, STAFF, headers=key) for _ in range(2))
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [each["proposal_id"] for each in firm.ok("GET", "/proposals")["items"]] == [
        first.body["proposal_id"]
    ]
    path = f"/proposals/{first.body['proposal_id']}/accept"
    accepted, repeated = (firm.call("POST", path, headers={"Idempotency-Key": "a-1"}) for _ in range(2))
    assert (repeated.status, repeated.text) == (200, accepted.text)
    assert firm.ok("GET", target)["version"] == 2


def test_registers_can_be_proposed_on_in_the_start_guide_as_they_can_be_changed(office: Office) -> None:
    firm = office.firm(active=False)
    target = customer_path(firm)
    made = proposal(firm, target, name="Nytt namn")
    assert firm.ok("POST", f"{made}/accept")["status"] == "accepted"
    assert firm.ok("GET", target)["name"] == "Nytt namn"


def test_every_field_of_the_registers_can_be_proposed() -> None:
    assert CustomerChanges.model_fields.keys() == CustomerInput.model_fields.keys()
    assert ArticleChanges.model_fields.keys() == ArticleInput.model_fields.keys()
    # What the registers hold besides is made by them, not said by anybody.
    assert Customer.model_fields.keys() - CustomerChanges.model_fields == {"customer_id", "version"}
    assert Article.model_fields.keys() - ArticleChanges.model_fields == {"article_id", "version"}


# ---------------------------------------------------------------- answering


def test_an_accepted_proposal_changes_the_register_and_is_over(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    before = firm.ok("GET", target)
    made = proposal(firm, target, name="Nya Fastigheter AB", number="K-70", email=None)
    proposed = firm.ok("GET", made)
    office.news("ledger_sync")
    accepted = firm.call("POST", f"{made}/accept")
    assert (accepted.status, accepted.headers["ETag"]) == (200, '"2"')
    decision = {"status": "accepted", "decided_by": firm.company.client, "version": 2}
    assert accepted.body == proposed | decision | {"decided_at": accepted.body["decided_at"]}
    assert accepted.body["decided_at"].startswith("2026-11-23T09:00")
    assert firm.ok("GET", made, user=STAFF) == accepted.body
    after = before | {"name": "Nya Fastigheter AB", "number": "K-70", "email": None, "version": 2}
    assert firm.ok("GET", target) == after
    # Found by its new words and number, no longer by the old ones.
    for word, found in {"nya": [after], "70": [after], "östergrens": [], "ek": []}.items():
        assert firm.ok("GET", f"/customers?search={word}")["items"] == found
    assert firm.call("POST", "/customers", {"name": "X", "number": "K-7"}).status == 201
    assert code(firm.call("POST", "/customers", {"name": "X", "number": "K-70"})) == (409, "number-taken")
    # The bureau's books hear of it by the customer's own record, and of nothing else.
    changed, _ = (image(each) for each in office.news("ledger_sync"))
    assert (changed["kind"], changed["id"], changed["version"]) == ("customer", before["customer_id"], 2)


def test_an_accepted_article_proposal_changes_the_article(office: Office) -> None:
    firm = office.firm()
    target = article_path(firm)
    before = firm.ok("GET", target)
    made = proposal(firm, target, vat_class="standard", unit_price="-3.00", active=False)
    firm.ok("POST", f"{made}/accept")
    changed = {"vat_class": "standard", "vat_rate": "25", "unit_price": "-3.00", "active": False}
    assert firm.ok("GET", target) == before | changed | {"version": 2}


def test_a_declined_or_withdrawn_proposal_changes_nothing_but_itself(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    before = firm.ok("GET", target)
    cases: list[tuple[str, Any, str, str | None]] = [
        ("decline", {"comment": "Det är rätt som det är"}, firm.company.client, "Det är rätt som det är"),
        ("decline", {}, firm.company.client, None),
        ("decline", None, firm.company.client, None),
        ("withdraw", None, STAFF, None),
    ]
    for act, body, user, answer in cases:
        made = proposal(firm, target, name="Nytt namn")
        decided = firm.ok("POST", f"{made}/{act}", body, user)
        assert decided["status"] == {"decline": "declined", "withdraw": "withdrawn"}[act]
        assert (decided["decided_by"], decided["answer"], decided["version"]) == (user, answer, 2)
        assert firm.ok("GET", made) == decided
    assert firm.ok("GET", target) == before


def test_each_party_answers_only_in_its_own_way(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, name="Nytt namn")
    before = firm.items("InvoicingTable")
    answers = [
        firm.call("POST", f"{made}/accept", user=STAFF),
        firm.call("POST", f"{made}/decline", {}, STAFF),
        firm.call("POST", f"{made}/withdraw"),
    ]
    assert {code(each) for each in answers} == {(403, "not-allowed")}
    assert code(firm.call("POST", f"{made}/decline", {"answer": "Nej"})) == (422, "validation")
    for act, user in (("accept", None), ("decline", None), ("withdraw", STAFF)):
        unknown = firm.call("POST", f"/proposals/prp_{UNKNOWN}/{act}", user=user)
        assert code(unknown) == (404, "not-found")
    assert firm.items("InvoicingTable") == before


def test_what_is_decided_stays_decided(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    acts: list[tuple[str, str | None]] = [("accept", None), ("decline", None), ("withdraw", STAFF)]
    for place, (first, by) in enumerate(acts):
        made = proposal(firm, target, name=f"Namn {place}")
        decided = firm.ok("POST", f"{made}/{first}", user=by)
        before = firm.items("InvoicingTable")
        for second, user in acts:
            answer = firm.call("POST", f"{made}/{second}", user=user)
            assert code(answer) == (409, "proposal-closed")
            assert decided["status"] in answer.body["detail"]
        assert firm.items("InvoicingTable") == before


# ---------------------------------------------------------------- what has changed since


def test_other_fields_that_were_changed_meanwhile_are_kept(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, name="Nytt namn", number="K-70")
    change(firm, target, email="ny@example.se", phone="08-123")
    assert firm.ok("GET", made)["status"] == "open"
    assert firm.ok("GET", "/proposals?status=stale")["items"] == []
    before = firm.ok("GET", target)
    assert firm.ok("POST", f"{made}/accept")["base_version"] == 1
    assert firm.ok("GET", target) == before | {"name": "Nytt namn", "number": "K-70", "version": 3}


def test_a_field_that_was_changed_meanwhile_makes_the_proposal_stale_and_tells_what_it_is_now(
    office: Office,
) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, email=None, payment_terms_days=30, name="Nytt namn")
    # To what was proposed, too: the bureau has not seen who changed it and why.
    change(firm, target, email="ny@example.se", payment_terms_days=30)
    before = firm.items("InvoicingTable")
    answer = firm.call("POST", f"{made}/accept")
    assert code(answer) == (409, "proposal-stale")
    assert {each["pointer"]: (each["code"], each["message"]) for each in answer.body["errors"]} == {
        "/changes/email": (
            "changed",
            'was "ek@example.se" when this was proposed and is "ny@example.se" now',
        ),
        "/changes/payment_terms_days": ("changed", "was 20 when this was proposed and is 30 now"),
    }
    assert firm.ok("GET", made)["status"] == "stale"
    assert [each["status"] for each in firm.ok("GET", "/proposals")["items"]] == ["stale"]
    assert firm.items("InvoicingTable") == before
    # As soon as it goes with the register again, it is open again.
    change(firm, target, email="ek@example.se", payment_terms_days=20)
    assert firm.ok("GET", made)["status"] == "open"
    assert firm.ok("POST", f"{made}/accept")["status"] == "accepted"


def test_a_proposal_that_would_no_longer_make_a_valid_customer_is_stale(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm, vat_no="DE136695976")
    made = proposal(firm, target, vat_treatment="eu")
    change(firm, target, vat_no=None)
    answer = firm.call("POST", f"{made}/accept")
    assert (code(answer), set(errors(answer))) == ((409, "proposal-stale"), {"/changes/vat_treatment"})
    assert "VAT number" in answer.body["errors"][0]["message"]
    assert firm.ok("GET", made)["status"] == "stale"
    assert firm.ok("GET", target)["vat_treatment"] == "domestic"


@pytest.mark.parametrize(("act", "user"), [("decline", None), ("withdraw", STAFF)])
def test_a_stale_proposal_can_be_put_aside(office: Office, act: str, user: str | None) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, name="Nytt namn")
    change(firm, target, name="Eget namn")
    assert firm.ok("GET", made)["status"] == "stale"
    decided = firm.ok("POST", f"{made}/{act}", user=user)
    assert decided["status"] in {"declined", "withdrawn"}
    assert firm.ok("GET", made) == decided


def test_of_two_proposals_of_one_field_the_second_is_stale_when_the_first_is_accepted(
    office: Office,
) -> None:
    firm = office.firm()
    target = article_path(firm)
    first, second = proposal(firm, target, unit_price="13.00"), proposal(firm, target, unit_price="14.00")
    unrelated = proposal(firm, target, name="Limpa")
    firm.ok("POST", f"{first}/accept")
    assert code(firm.call("POST", f"{second}/accept")) == (409, "proposal-stale")
    firm.ok("POST", f"{unrelated}/accept")
    found = firm.ok("GET", target)
    assert (found["unit_price"], found["name"], found["version"]) == ("13.00", "Limpa", 3)


def test_a_number_that_somebody_took_meanwhile_is_refused_and_the_proposal_waits(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = proposal(firm, target, number="K-70", name="Nytt namn")
    taker = customer_path(firm, number="K-70")
    before = firm.items("InvoicingTable")
    answer = firm.call("POST", f"{made}/accept")
    assert (code(answer), errors(answer)) == ((409, "number-taken"), {"/changes/number": "taken"})
    assert firm.items("InvoicingTable") == before
    change(firm, taker, number="K-71")
    assert firm.ok("POST", f"{made}/accept")["status"] == "accepted"
    assert firm.ok("GET", target)["number"] == "K-70"


# ---------------------------------------------------------------- lists


def test_lists_are_newest_first_in_pages_and_by_status(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = [proposal(firm, target, name=f"Namn {place}") for place in range(6)]
    own = proposal(firm, target, your_reference="Karin Ek")
    firm.ok("POST", f"{made[1]}/decline")
    firm.ok("POST", f"{made[4]}/withdraw", user=STAFF)
    firm.ok("POST", f"{made[2]}/accept")
    statuses = ["stale", "declined", "accepted", "stale", "withdrawn", "stale", "open"]
    every = dict(sorted(zip([*made, own], statuses, strict=True), reverse=True))

    def listed(limit: int, query: str = "") -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        cursor: str | None = ""
        passed: set[str] = set()
        while cursor is not None:
            assert cursor not in passed
            passed.add(cursor)
            page = firm.ok("GET", f"/proposals?limit={limit}{query}{cursor and f'&cursor={cursor}'}")
            assert len(page["items"]) <= limit
            found += [(f"/proposals/{each['proposal_id']}", each["status"]) for each in page["items"]]
            cursor = page["next"]
        return found

    for limit in (1, 2, 3, 7, 100):
        assert listed(limit) == list(every.items())
    for status in ("open", "stale", "accepted", "declined", "withdrawn"):
        for limit in (1, 2, 100):
            assert listed(limit, f"&status={status}") == [each for each in every.items() if each[1] == status]
    # A read ends early where it has come to a megabyte.
    query_between = dynamo.query_between
    for most in (2, 3):

        def early(*args: Any, limit: int, most: int = most, **more: Any) -> dynamo.Page:
            return query_between(*args, limit=min(limit, most), **more)

        monkeypatch.setattr(dynamo, "query_between", early)
        assert listed(100) == list(every.items())


def test_what_is_no_status_or_no_cursor_of_the_list_is_refused(office: Office) -> None:
    firm = office.firm()
    for place in range(2):
        customer_path(firm, number=f"K-{place}")
    assert code(firm.call("GET", "/proposals?status=closed")) == (422, "validation")
    foreign = firm.ok("GET", "/customers?limit=1")["next"]
    assert code(firm.call("GET", f"/proposals?cursor={foreign}")) == (400, "cursor-invalid")


def test_decided_proposals_are_out_of_the_way_of_the_open_ones(office: Office) -> None:
    firm = office.firm()
    target = customer_path(firm)
    made = [proposal(firm, target, name=f"Namn {place}") for place in range(3)]
    firm.ok("POST", f"{made[0]}/decline")
    firm.ok("POST", f"{made[2]}/accept")
    left = [item["id"] for item in firm.items("InvoicingTable", "PROPOSAL#OPEN#")]
    gone = [item["id"] for item in firm.items("InvoicingTable", "PROPOSAL#DECIDED#")]
    assert [f"/proposals/{each}" for each in left] == [made[1]]
    assert sorted(f"/proposals/{each}" for each in gone) == sorted([made[0], made[2]])


# ---------------------------------------------------------------- at the same time


@dataclass
class Between:
    """Calls what the function calls, as one of its users, and lets something happen first."""

    firm: Firm
    patch: pytest.MonkeyPatch

    def at(self, user: str) -> CompanyAccess:
        """A user's access."""
        return company_access(User(user, "request"), self.firm.company_id)

    def before_next(self, owner: Any, name: str, act: Callable[[], Any]) -> None:
        """Let something happen just before the next call of this, once."""
        usual = getattr(owner, name)

        def late(*args: Any) -> Any:
            self.patch.setattr(owner, name, usual)
            act()
            return usual(*args)

        self.patch.setattr(owner, name, late)

    def accept(self, path: str) -> CorrectionProposal:
        """Let the client accept."""
        return proposals.accept(self.at(CLIENT), path.rpartition("/")[2])

    def refusal(self, path: str) -> tuple[str, set[str]]:
        """Let the client accept, which is refused: with this code, for these fields."""
        with pytest.raises(Problem) as raised:
            self.accept(path)
        return raised.value.code, {each.pointer for each in raised.value.errors}

    def change(self, target: str, **values: Any) -> Customer:
        """Let the client change a customer."""
        at, customer_id = self.at(CLIENT), target.rpartition("/")[2]
        now = registers.get_customer(at, customer_id)
        body = CustomerInput.model_validate(now.model_dump(exclude={"customer_id", "version"}) | values)
        return registers.change_customer(at, customer_id, now.version, body)


@pytest.fixture
def between(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    """A company whose people do things in each other's midst."""
    firm = office.firm()
    with as_function("invoicing"):
        yield Between(firm, monkeypatch)


@pytest.fixture
def target(between: Between) -> str:
    """A customer's address."""
    given = CustomerInput.model_validate(CUSTOMER)
    return f"/customers/{registers.create_customer(between.at(CLIENT), given).customer_id}"


def proposed(between: Between, target: str, **changes: Any) -> str:
    given = CustomerProposalInput.model_validate({"changes": changes})
    made = proposals.propose_customer(between.at(STAFF), target.rpartition("/")[2], given)
    return f"/proposals/{made.proposal_id}"


def test_when_accepted_by_another_first_then_it_is_closed_and_the_register_changed_once(
    between: Between, target: str
) -> None:
    made = proposed(between, target, name="Nytt namn", number="K-70")
    between.before_next(Transaction, "commit", lambda: between.accept(made))
    assert between.refusal(made) == ("proposal-closed", set())
    found = registers.get_customer(between.at(CLIENT), target.rpartition("/")[2])
    assert (found.name, found.number, found.version) == ("Nytt namn", "K-70", 2)


def test_when_accepted_between_two_reads_then_it_is_closed_and_never_stale(
    between: Between, target: str
) -> None:
    def one_accepted_once_it_is_read(name: str) -> str:
        made = proposed(between, target, name=name)
        between.before_next(store, "customers_by_id", lambda: between.accept(made))
        return made

    made = one_accepted_once_it_is_read("Ett namn")
    assert between.refusal(made) == ("proposal-closed", set())
    made = one_accepted_once_it_is_read("Ett annat")
    assert proposals.get_proposal(between.at(STAFF), made.rpartition("/")[2]).status == "accepted"
    made = one_accepted_once_it_is_read("Ett tredje")
    (listed,) = proposals.proposals(between.at(STAFF), None, 1, None).items
    assert (f"/proposals/{listed.proposal_id}", listed.status) == (made, "accepted")
    one_accepted_once_it_is_read("Ett fjärde")
    assert proposals.proposals(between.at(STAFF), "stale", 1, None).items == []


def test_when_other_fields_are_changed_first_then_both_changes_are_kept(
    between: Between, target: str
) -> None:
    made = proposed(between, target, name="Nytt namn")
    between.before_next(Transaction, "commit", lambda: between.change(target, phone="08-123"))
    assert between.accept(made).status == "accepted"
    found = registers.get_customer(between.at(CLIENT), target.rpartition("/")[2])
    assert (found.name, found.phone, found.version) == ("Nytt namn", "08-123", 3)


def test_when_the_same_field_is_changed_first_then_it_is_stale(between: Between, target: str) -> None:
    made = proposed(between, target, name="Nytt namn")
    between.before_next(Transaction, "commit", lambda: between.change(target, name="Eget namn"))
    assert between.refusal(made) == ("proposal-stale", {"/changes/name"})
    found = registers.get_customer(between.at(CLIENT), target.rpartition("/")[2])
    assert (found.name, found.version) == ("Eget namn", 2)


def test_when_declined_while_it_is_accepted_then_one_of_the_two_has_happened(
    between: Between, target: str
) -> None:
    made = proposed(between, target, name="Nytt namn")
    proposal_id = made.rpartition("/")[2]
    between.before_next(
        Transaction, "commit", lambda: proposals.decline(between.at(CLIENT), proposal_id, "Nej")
    )
    assert between.refusal(made) == ("proposal-closed", set())
    found = registers.get_customer(between.at(CLIENT), target.rpartition("/")[2])
    assert (found.name, found.version) == (CUSTOMER["name"], 1)
    again = proposed(between, target, name="Nytt namn")
    between.before_next(Transaction, "commit", lambda: between.accept(again))
    with pytest.raises(Problem, match="proposal-closed"):
        proposals.withdraw(between.at(STAFF), again.rpartition("/")[2])
    assert registers.get_customer(between.at(CLIENT), target.rpartition("/")[2]).name == "Nytt namn"


# ---------------------------------------------------------------- whatever is proposed

names = st.text("abcåäö &é", min_size=1, max_size=20).filter(str.strip)
addresses = st.fixed_dictionaries(
    {"street": names, "postcode": st.sampled_from(["111 22", "58223"]), "city": names},
    optional={"country": st.just("SE")},
)
customers = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "kind": st.sampled_from(["company", "private"]),
        "org_no": st.sampled_from([None, "556012-5790", "5560160680"]),
        "vat_no": st.sampled_from([None, "SE556012579001", "DE136695976"]),
        "vat_treatment": st.sampled_from(["domestic", "eu", "construction", "export"]),
        "email": st.sampled_from([None, "ek@example.se", "EK@Example.se"]),
        "phone": st.none() | names,
        "address": st.none() | addresses,
        "delivery_address": st.none() | addresses,
        "delivery": st.sampled_from(["email", "einvoice", "print"]),
        "payment_terms_days": st.integers(0, 60),
        "your_reference": st.none() | names,
        "active": st.booleans(),
    },
)
articles = st.fixed_dictionaries(
    {},
    optional={
        "name": names,
        "unit": st.sampled_from(["st", "tim"]),
        "unit_price": st.sampled_from(["0", "12.50", "-3.00", "13"]),
        "vat_rate": st.sampled_from(["25", "12", "6", 0]),
        "vat_class": st.sampled_from(["standard", "food", "reduced", "low", "none"]),
        "kind": st.sampled_from(["goods", "service"]),
        "active": st.booleans(),
    },
)
REGISTERS: dict[str, tuple[st.SearchStrategy[dict[str, Any]], dict[str, Any]]] = {
    "customers": (customers, {"name": "Kund AB"}),
    "articles": (articles, {"name": "Bröd", "unit_price": "12.50"}),
}


@dataclass(frozen=True)
class Twin:
    """Another customer or article that is like the first, on which the client does all of it by itself."""

    firm: Firm
    path: str

    @classmethod
    def new(cls, firm: Firm, register: str, values: dict[str, Any]) -> "Twin | None":
        """One with these values, if they are valid."""
        answer = firm.call("POST", f"/{register}", values)
        if answer.status != 201:
            return None
        return cls(firm, f"/{register}/{answer.body[f'{register[:-1]}_id']}")

    def now(self) -> dict[str, Any]:
        """What is said of it."""
        found = self.firm.ok("GET", self.path)
        unsaid = {"customer_id", "article_id", "version", "number"}
        return {name: value for name, value in found.items() if name not in unsaid}

    def put(self, values: dict[str, Any]) -> bool:
        """Replace what is said of it, if it is valid."""
        etag = {"If-Match": self.firm.call("GET", self.path).headers["ETag"]}
        return self.firm.call("PUT", self.path, values, headers=etag).status == 200


def laid_on(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What the client would send to make these changes; a rate alone stands for its class."""
    vat = {"vat_class", "vat_rate"}
    dropped = vat if vat & changes.keys() else {"vat_rate"}
    return {name: value for name, value in values.items() if name not in dropped} | changes


@pytest.mark.parametrize("register", sorted(REGISTERS))
def test_an_accepted_proposal_is_as_if_the_client_had_made_the_change_itself(
    office: Office, register: str
) -> None:
    firm = office.firm()
    strategy, least = REGISTERS[register]

    @settings(max_examples=12, deadline=None, database=None, phases=[Phase.generate])
    @given(values=strategy, changes=strategy, others=strategy)
    def holds(values: dict[str, Any], changes: dict[str, Any], others: dict[str, Any]) -> None:
        first, twin = (Twin.new(firm, register, least | values) for _ in range(2))
        if first is None or twin is None:
            return
        vat = {"vat_class", "vat_rate"}
        others = {
            name: value
            for name, value in others.items()
            if name not in changes and not (name in vat and vat & changes.keys())
        }
        base = first.now()
        valid = twin.put(laid_on(base, changes))
        made = proposing(firm, first.path, changes)
        assert made.status == (201 if valid and twin.now() != base else 422), made.text
        if made.status != 201:
            return
        meanwhile = base
        if first.put(laid_on(base, others)):
            meanwhile = first.now()
        # What the client did meanwhile is kept, and what the bureau proposed is laid on top of it.
        fits = twin.put(laid_on(meanwhile, changes))
        accepted = firm.call("POST", f"/proposals/{made.body['proposal_id']}/accept")
        assert accepted.status == (200 if fits else 409), accepted.text
        assert first.now() == (twin.now() if fits else meanwhile)

    holds()
