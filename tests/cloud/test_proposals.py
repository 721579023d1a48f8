"""Correction proposals answered at the same instant, or while a function crashes: one answer, once."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.company import CUSTOMER, at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.client import Answer
    from local.testing import LocalCloud
    from tests.cloud.company import Company


def outcomes(answers: list[Answer]) -> dict[str, int]:
    """How many answers there are of each status, and of each problem's code."""
    return dict(Counter(answer.json.get("code", str(answer.status)) for answer in answers))


def proposed(company: Company, **changes: Any) -> str:
    """The address of a new proposal of the company's customer."""
    address = f"customers/{company.customer_id}/proposals"
    made = company.post(address, {"changes": changes}, "bureau").expect(201)
    return f"proposals/{made['proposal_id']}"


def customer(company: Company) -> dict[str, Any]:
    """The customer as it is now."""
    found: dict[str, Any] = company.get(f"customers/{company.customer_id}").expect(200)
    return found


@pytest.fixture
def calm(cloud: LocalCloud) -> Iterator[None]:
    """No fault is left over."""
    yield
    cloud.clear_faults()


def test_given_a_proposal_when_accepted_eight_times_at_once_then_the_register_changes_once(
    company: Company,
) -> None:
    before = customer(company)
    address = proposed(company, name="Nytt namn AB", number="K-70")

    answers = at_once(8, lambda _: company.post(f"{address}/accept"))

    assert outcomes(answers) == {"200": 1, "proposal-closed": 7}
    assert customer(company) == before | {"name": "Nytt namn AB", "number": "K-70", "version": 2}
    assert company.get(address).expect(200)["status"] == "accepted"
    company.cloud.wait_idle()
    # The bureau's program hears of it by itself.
    known = company.get(f"ledger/customers/{company.customer_id}", "bureau").expect(200)
    assert known["name"] == "Nytt namn AB"


def test_given_a_proposal_when_accepted_with_one_key_at_once_then_all_get_the_same_answer(
    company: Company,
) -> None:
    address, key = proposed(company, name="Nytt namn AB"), secrets.token_hex(8)

    answers = at_once(8, lambda _: company.post(f"{address}/accept", Idempotency_Key=key))

    assert outcomes(answers) == {"200": 8}
    assert len({answer.content for answer in answers}) == 1
    assert customer(company)["version"] == 2


def test_given_a_proposal_when_accepted_declined_and_withdrawn_at_once_then_one_of_them_has_happened(
    company: Company,
) -> None:
    for place in range(4):
        before = customer(company)
        address = proposed(company, name=f"Namn {place} AB")

        def answer(place: int, address: str = address) -> Answer:
            act = ("accept", "decline", "withdraw")[place % 3]
            return company.post(f"{address}/{act}", by="bureau" if act == "withdraw" else "client")

        answers = at_once(6, answer)

        assert outcomes(answers) == {"200": 1, "proposal-closed": 5}
        (won,) = (each.json for each in answers if each.status == 200)
        assert company.get(address).expect(200) == won
        accepted = {"name": f"Namn {place} AB", "version": before["version"] + 1}
        assert customer(company) == before | (accepted if won["status"] == "accepted" else {})


@pytest.mark.parametrize("field", ["name", "phone"])
def test_given_a_proposal_when_accepted_while_the_client_changes_the_customer_then_nothing_is_overwritten(
    company: Company, field: str
) -> None:
    path = f"customers/{company.customer_id}"
    for place in range(5):
        read = company.get(path)
        before, own = read.json, {field: f"Eget {place}"}
        said = CUSTOMER | {"name": before["name"], "phone": before["phone"]} | own
        address = proposed(company, name=f"Namn {place} AB")

        def act(
            place: int, address: str = address, body: Any = said, tag: str = read.headers["etag"]
        ) -> Answer:
            if place:
                return company.put(path, body, If_Match=tag)
            return company.post(f"{address}/accept")

        accepted, changed = at_once(2, act)

        done = [accepted.status == 200, changed.status == 200]
        refusals = {each.json["code"] for each in (accepted, changed) if each.status != 200}
        if field == "name":
            assert sum(done) == 1
            assert refusals <= {"proposal-stale", "version-mismatch"}
        else:
            # On top of another field's change it is accepted all the same.
            assert done[0]
            assert refusals <= {"version-mismatch"}
        made = (own if done[1] else {}) | ({"name": f"Namn {place} AB"} if done[0] else {})
        assert customer(company) == before | made | {"version": before["version"] + sum(done)}
        assert company.get(address).expect(200)["status"] == ("accepted" if done[0] else "stale")


@pytest.mark.parametrize(("kind", "done"), [("crash_before", False), ("crash_after", True)])
def test_given_a_proposal_when_its_acceptance_crashes_then_all_of_it_has_happened_or_nothing(
    company: Company, cloud: LocalCloud, calm: None, kind: str, *, done: bool
) -> None:
    before, address, key = customer(company), proposed(company, name="Nytt namn AB"), secrets.token_hex(8)
    after = before | {"name": "Nytt namn AB", "version": 2}
    cloud.fault("InvoicingFunction", kind, operation="TransactWriteItems")

    assert company.post(f"{address}/accept", Idempotency_Key=key).status >= 500

    assert cloud.faults() == []
    assert customer(company) == (after if done else before)
    assert company.get(address).expect(200)["status"] == ("accepted" if done else "open")
    again = company.post(f"{address}/accept", Idempotency_Key=key)
    assert again.expect(200)["status"] == "accepted"
    assert again.headers.get("idempotent-replayed") == ("true" if done else None)
    assert customer(company) == after
