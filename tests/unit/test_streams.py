from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from samklang.platform.dynamo import ConditionFailed, Contention, to_item
from samklang.platform.problems import Problem
from samklang.platform.streams import Change, by_company, read_change


def record(
    sequence: int, company: str, *, name: str = "INSERT", old: dict[str, Any] | None = None, **new: Any
) -> dict[str, Any]:
    keys = {"pk": f"COMPANY#{company}", "sk": f"INVOICE#{sequence}"}
    body: dict[str, Any] = {"SequenceNumber": str(sequence), "Keys": to_item(keys)}
    if name != "REMOVE":
        body["NewImage"] = to_item(keys | new)
    if old is not None:
        body["OldImage"] = to_item(keys | old)
    return {"eventName": name, "eventSource": "aws:dynamodb", "dynamodb": body}


def failed(answer: dict[str, Any]) -> list[str]:
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def client_error(code: str = "InternalServerError") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "x"}}, "TransactWriteItems")


# ---------------------------------------------------------------- one change


def test_a_change_has_its_company_its_sequence_number_and_both_images() -> None:
    change = read_change(record(7, "com_a", name="MODIFY", old={"status": "draft"}, status="issued", total=5))
    assert (change.sequence, change.name, change.company_id) == ("7", "MODIFY", "com_a")
    assert change.before
    assert change.after
    assert (change.before["status"], change.after["status"], change.after["total"]) == ("draft", "issued", 5)


def test_an_image_that_is_not_there_is_none() -> None:
    assert read_change(record(1, "com_a")).before is None
    assert read_change(record(2, "com_a", name="REMOVE", old={})).after is None


# ---------------------------------------------------------------- by company


companies = st.sampled_from(["com_a", "com_b", "com_c"])


@given(st.lists(companies, max_size=40))
def test_each_company_gets_all_its_changes_at_once_in_the_order_of_the_stream(batch: list[str]) -> None:
    seen: dict[str, list[str]] = {}

    def handle(company: str, changes: list[Change]) -> None:
        assert company not in seen
        assert {change.company_id for change in changes} == {company}
        seen[company] = [change.sequence for change in changes]

    answer = by_company({"Records": [record(n, company) for n, company in enumerate(batch, 1)]}, handle)
    assert answer == {"batchItemFailures": []}
    assert seen == {
        company: [str(n) for n, each in enumerate(batch, 1) if each == company] for company in set(batch)
    }


@given(st.lists(companies, min_size=1, max_size=40), st.sets(companies), st.integers(1, 10**12))
def test_the_first_change_of_each_failing_company_is_reported_lowest_first_and_the_others_go_on(
    batch: list[str], failing: set[str], start: int
) -> None:
    done: set[str] = set()

    def handle(company: str, _: list[Change]) -> None:
        if company in failing:
            raise Contention("busy")
        done.add(company)

    records = [record(start + n, company) for n, company in enumerate(batch)]
    answer = by_company({"Records": records}, handle)
    expected = sorted(start + batch.index(company) for company in failing & set(batch))
    assert failed(answer) == [str(sequence) for sequence in expected]
    assert done == set(batch) - failing


def test_sequence_numbers_are_ordered_as_numbers_and_not_as_texts() -> None:
    records = [record(100, "com_c"), record(9, "com_a"), record(10, "com_b")]

    def handle(_company: str, _changes: list[Change]) -> None:
        raise Contention("busy")

    assert failed(by_company({"Records": records}, handle)) == ["9", "10", "100"]


@pytest.mark.parametrize(
    "error",
    [
        client_error,
        lambda: client_error("ProvisionedThroughputExceededException"),
        lambda: ReadTimeoutError(endpoint_url="https://dynamodb"),
        lambda: Contention("TransactionConflict"),
        lambda: Problem("busy", "Wait."),
    ],
)
def test_a_passing_failure_is_sent_again_from_the_companys_first_change(
    error: Callable[[], Exception],
) -> None:
    done = []

    def handle(company: str, _: list[Change]) -> None:
        if company == "com_a":
            raise error()
        done.append(company)

    records = [record(5, "com_b"), record(6, "com_a"), record(7, "com_a"), record(8, "com_c")]
    assert failed(by_company({"Records": records}, handle)) == ["6"]
    assert done == ["com_b", "com_c"]


@pytest.mark.parametrize(
    "error",
    [AssertionError("a fault of ours"), Problem("closed-period", "x"), ConditionFailed(frozenset({"x"}), {})],
)
def test_a_fault_is_not_taken_for_a_passing_failure(error: Exception) -> None:
    def handle(_company: str, _changes: list[Change]) -> None:
        raise error

    with pytest.raises(type(error)):
        by_company({"Records": [record(1, "com_a")]}, handle)
