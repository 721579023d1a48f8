"""Registers from files, at once and with crashes, over HTTP: in the end each row is there once."""

from __future__ import annotations

import secrets
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

from tests.cloud.company import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.client import Answer
    from local.testing import LocalCloud
    from tests.cloud.company import Company

MOST_WRITES = 12


@pytest.fixture(autouse=True)
def calm(cloud: LocalCloud) -> Iterator[None]:
    """No fault is left over."""
    yield
    cloud.clear_faults()


def rows(count: int, name: str = "Rad") -> str:
    """A file of customers without numbers."""
    return "Namn;E-post\n" + "".join(f"{name} {place};nr{place}@example.se\n" for place in range(count))


def send(company: Company, text: str, key: str | None = None) -> Answer:
    body = {"content": b64encode(text.encode()).decode(), "dry_run": False}
    headers = {"Idempotency-Key": key or secrets.token_hex(8)}
    return company.client.post(f"{company.path}/customer-file", body, **headers)


def assert_each_is_there_once(company: Company, count: int, name: str = "Rad") -> None:
    found = [each for each in company.every("customers") if each["name"].startswith(f"{name} ")]
    assert sorted(each["name"] for each in found) == sorted(f"{name} {place}" for place in range(count))
    numbers = [each["number"] for each in company.every("customers")]
    assert len(set(numbers)) == len(numbers)


def counted(answer: Answer) -> dict[str, Any]:
    found = answer.expect(200)
    return {name: found[name] for name in ("created", "updated", "unchanged")}


def test_given_the_same_file_four_times_at_once_then_each_customer_is_there_once(company: Company) -> None:
    answers = at_once(4, lambda _: send(company, rows(200)))

    assert {answer.status for answer in answers} == {200}
    assert sum(counted(answer)["created"] for answer in answers) == 200
    assert_each_is_there_once(company, 200)
    assert counted(send(company, rows(200))) == {"created": 0, "updated": 0, "unchanged": 200}


def test_given_another_file_and_customers_by_hand_at_once_then_no_number_is_given_twice(
    company: Company,
) -> None:
    def act(place: int) -> Answer:
        if place < 2:
            return send(company, rows(100, f"Fil{place}"))
        return company.post("customers", {"name": f"Hand {place}"})

    answers = at_once(6, act)

    assert {answer.status for answer in answers} == {200, 201}
    assert_each_is_there_once(company, 100, "Fil0")
    assert_each_is_there_once(company, 100, "Fil1")
    assert len(company.every("customers")) == 205  # the company began with one


@pytest.mark.parametrize("kind", ["crash_before", "crash_after"])
def test_given_a_crash_at_any_write_of_an_import_when_sent_again_then_each_customer_is_there_once(
    company: Company, cloud: LocalCloud, kind: str
) -> None:
    for call in range(1, MOST_WRITES):
        name, key = f"Rad{call}", secrets.token_hex(8)
        cloud.fault("RegistersFunction", kind, call=call, operation="TransactWriteItems")
        answer = send(company, rows(30, name), key)
        untouched = bool(cloud.faults())
        cloud.clear_faults()
        if not untouched:
            assert answer.status >= 500
            answer = send(company, rows(30, name), key)
        assert sum(counted(answer).values()) == 30
        assert send(company, rows(30, name), key).content == answer.content
        assert_each_is_there_once(company, 30, name)
        if untouched:
            break
    assert call == 4  # at each of three transactions, and at none


def test_given_a_register_changed_in_a_file_then_it_comes_back_changed_and_the_bureau_has_it_too(
    company: Company,
) -> None:
    send(company, rows(20, "Gammal")).expect(200)
    content = company.get("customer-file?format=csv", "bureau").content
    text = content.decode("utf-8-sig").replace("Gammal ", "Nytt namn ")

    assert counted(send(company, text)) == {"created": 0, "updated": 20, "unchanged": 1}
    assert_each_is_there_once(company, 20, "Nytt namn")
    assert len(company.get("customers?search=nytt").expect(200)["items"]) == 20
    workbook = company.get("customer-file?format=xlsx")
    assert workbook.headers["content-type"].endswith("spreadsheetml.sheet")
    assert workbook.content.startswith(b"PK")
