import base64
import json
import time
from decimal import Decimal
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from samklang.platform import dynamo
from samklang.platform.dynamo import MISSING, ConditionFailed, Contention, Transaction
from samklang.platform.problems import Problem

numbers = st.integers(-(10**37), 10**37)
values = st.recursive(
    st.text() | numbers | st.booleans() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=15,
)
items = st.dictionaries(st.text(min_size=1), values, max_size=6)
KEY = ("COMPANY#com_a", "INVOICE#inv_a")


# ---------------------------------------------------------------- items


@given(items)
def test_an_item_written_and_read_again_is_the_same(item: dict[str, Any]) -> None:
    assert dynamo.from_item(dynamo.to_item(item)) == item


@given(items)
def test_truth_values_stay_truth_values_and_numbers_numbers(item: dict[str, Any]) -> None:
    def kinds(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: kinds(each) for name, each in value.items()}
        return [kinds(each) for each in value] if isinstance(value, list) else type(value)

    assert kinds(dynamo.from_item(dynamo.to_item(item))) == kinds(item)


def test_what_is_none_is_left_out() -> None:
    assert dynamo.to_item({"a": None, "b": "x", "c": {"d": None}}) == {"b": {"S": "x"}, "c": {"M": {}}}


@pytest.mark.parametrize("value", [1.5, {1, 2}, object(), [1.5], {"a": 0.1}])
def test_no_item_holds_a_float_or_anything_else(value: Any) -> None:
    with pytest.raises(TypeError, match="no item holds"):
        dynamo.to_item({"a": value})


def test_attributes_of_kinds_we_never_write_are_read_for_their_reader_to_judge() -> None:
    foreign = {"a": {"SS": ["x"]}, "b": {"NULL": True}, "c": {"N": "1.5"}}
    assert dynamo.from_item(foreign) == {"a": ["x"], "b": None, "c": Decimal("1.5")}


# ---------------------------------------------------------------- transactions


def only(transaction: Transaction, kind: str) -> dict[str, Any]:
    """The one operation of a transaction, its names and values put in place of their slots."""
    ((found, operation),) = transaction.operations[0].items()
    assert found == kind
    names = operation.get("ExpressionAttributeNames", {})
    given_values = operation.get("ExpressionAttributeValues", {})
    for expression in ("ConditionExpression", "UpdateExpression"):
        if expression in operation:
            text = operation[expression]
            for slot in sorted([*names, *given_values], key=len, reverse=True):
                shown = names[slot] if slot in names else repr(dynamo.from_attribute(given_values[slot]))
                text = text.replace(slot, shown)
            operation[expression] = text
    result: dict[str, Any] = operation
    return result


def test_a_put_is_of_a_new_item_unless_told_what_it_replaces() -> None:
    new, changed = Transaction(), Transaction()
    new.put("invoice", "T", {"pk": "a", "sk": "b"})
    changed.put("invoice", "T", {"pk": "a", "sk": "b"}, expect={"version": 3})
    assert only(new, "Put")["ConditionExpression"] == "attribute_not_exists(pk)"
    assert "ExpressionAttributeValues" not in only(new, "Put")
    assert only(changed, "Put")["ConditionExpression"] == "version = 3"


def test_a_replacement_has_no_condition() -> None:
    transaction = Transaction()
    transaction.replace("report", "T", {"pk": "a", "sk": "b"})
    assert only(transaction, "Put") == {"TableName": "T", "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}}


def test_a_deletion_is_of_an_item_that_exists() -> None:
    transaction = Transaction()
    transaction.delete("parked", "T", KEY)
    # Nothing that is not there has a value.
    assert only(transaction, "Delete")["ConditionExpression"] == f"pk = '{KEY[0]}'"


def test_a_deletion_may_be_of_an_item_that_is_as_it_was_read() -> None:
    transaction = Transaction()
    transaction.delete("draft", "T", KEY, expect={"version": 3})
    operation = only(transaction, "Delete")
    assert operation["ConditionExpression"] == "version = 3"
    assert operation["Key"] == {"pk": {"S": KEY[0]}, "sk": {"S": KEY[1]}}


def test_an_update_sets_adds_and_removes_under_its_conditions() -> None:
    transaction = Transaction()
    transaction.update(
        "invoice",
        "T",
        KEY,
        put={"status": "paid", "open_for": None, "number": 7},
        add={"a1510": -500},
        remove=["draft"],
        expect={"version": 2, "reversal_date": MISSING},
    )
    operation = only(transaction, "Update")
    assert (
        operation["UpdateExpression"]
        == "SET status = 'paid', number = 7 ADD a1510 -500 REMOVE draft, open_for"
    )
    assert operation["ConditionExpression"] == "version = 2 AND attribute_not_exists(reversal_date)"
    assert operation["Key"] == {"pk": {"S": KEY[0]}, "sk": {"S": KEY[1]}}


def test_an_update_that_only_removes_has_no_values() -> None:
    transaction = Transaction()
    transaction.update("invoice", "T", KEY, remove=["a"])
    operation = only(transaction, "Update")
    assert operation["UpdateExpression"] == "REMOVE a"
    assert "ExpressionAttributeValues" not in operation


def test_a_check_writes_nothing() -> None:
    transaction = Transaction()
    transaction.check("handler", "T", KEY, {"status": "active"})
    operation = only(transaction, "ConditionCheck")
    assert operation["ConditionExpression"] == "status = 'active'"
    assert not {"Item", "UpdateExpression"} & set(operation)


@given(
    st.dictionaries(st.text(min_size=1), st.integers(), max_size=12),
    st.dictionaries(st.text(min_size=1), st.integers(), max_size=12),
    st.lists(st.text(min_size=1), max_size=12, unique=True),
    st.dictionaries(st.text(min_size=1), st.integers(), min_size=1, max_size=12),
)
def test_no_slot_of_an_update_stands_for_two_names_or_values(
    put: dict[str, int], add: dict[str, int], remove: list[str], expect: dict[str, int]
) -> None:
    transaction = Transaction()
    transaction.update("x", "T", KEY, put=put, add=add, remove=remove, expect=expect)
    ((_, operation),) = transaction.operations[0].items()
    named = operation["ExpressionAttributeNames"].values()
    assert sorted(named) == sorted([*put, *add, *remove, *expect])
    given_values = [int(each["N"]) for each in operation["ExpressionAttributeValues"].values()]
    assert sorted(given_values) == sorted([*put.values(), *add.values(), *expect.values()])


# ---------------------------------------------------------------- what a refused transaction means


class Refusing:
    """A DynamoDB that refuses every transaction."""

    def __init__(self, code: str, reasons: list[dict[str, Any]]) -> None:
        self.error = ClientError(
            cast("Any", {"Error": {"Code": code, "Message": "no"}, "CancellationReasons": reasons}),
            "TransactWriteItems",
        )
        self.calls = 0

    def transact_write_items(self, **_: Any) -> None:
        self.calls += 1
        raise self.error


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(code: str, *reasons: dict[str, Any]) -> Transaction:
        monkeypatch.setattr(dynamo, "dynamodb", lambda: Refusing(code, list(reasons)))
        transaction = Transaction()
        for label in ("series", "invoice", "idempotency-key"):
            transaction.put(label, "T", {"pk": label, "sk": "x"})
        return transaction

    return install


NONE = {"Code": "None"}
CANCELLED = "TransactionCanceledException"


def test_failed_conditions_are_told_by_label_with_the_items_that_stood_there(refuse: Any) -> None:
    item = dynamo.to_item({"pk": "idempotency-key", "status": 200})
    failing = {"Code": "ConditionalCheckFailed"}
    transaction = refuse(CANCELLED, failing, NONE, {**failing, "Item": item})
    with pytest.raises(ConditionFailed) as caught:
        transaction.commit()
    assert caught.value.labels == {"series", "idempotency-key"}
    assert caught.value.items == {"idempotency-key": {"pk": "idempotency-key", "status": 200}}


@pytest.mark.parametrize(
    "code",
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"],
)
def test_a_conflict_or_a_throttled_table_is_contention(refuse: Any, code: str) -> None:
    with pytest.raises(Contention, match=code):
        refuse(CANCELLED, NONE, {"Code": code}, NONE).commit()


def test_a_failed_condition_counts_more_than_a_conflict_beside_it(refuse: Any) -> None:
    reasons = [{"Code": "TransactionConflict"}, {"Code": "ConditionalCheckFailed"}, NONE]
    with pytest.raises(ConditionFailed) as caught:
        refuse(CANCELLED, *reasons).commit()
    assert caught.value.labels == {"invoice"}


@pytest.mark.parametrize(
    "code", ["TransactionConflictException", "TransactionInProgressException", "ThrottlingException"]
)
def test_a_request_refused_for_a_passing_reason_is_contention(refuse: Any, code: str) -> None:
    with pytest.raises(Contention):
        refuse(code).commit()


@pytest.mark.parametrize(
    ("code", "reasons"),
    [("ValidationException", []), (CANCELLED, [NONE, {"Code": "ValidationError"}, NONE])],
)
def test_a_request_that_is_wrong_is_a_fault_and_no_contention(
    refuse: Any, code: str, reasons: list[dict[str, Any]]
) -> None:
    with pytest.raises(ClientError):
        refuse(code, *reasons).commit()


def test_contention_is_tried_again_and_ends_in_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    tries = []

    def attempt() -> str:
        tries.append(1)
        if len(tries) < 5:
            raise Contention("conflict")
        return "done"

    assert dynamo.retrying(attempt) == "done"
    assert len(waits) == 4

    def never() -> str:
        raise Contention("conflict")

    with pytest.raises(Problem) as caught:
        dynamo.retrying(never)
    assert caught.value.code == "busy"
    assert caught.value.status == 503
    assert sum(waits) < 29, "the wait fits in the time a function has"


def test_what_is_no_contention_is_not_tried_again() -> None:
    tries = []

    def attempt() -> None:
        tries.append(1)
        raise Problem("not-found", "x")

    with pytest.raises(Problem):
        dynamo.retrying(attempt)
    assert len(tries) == 1


# ---------------------------------------------------------------- queries


class Answering:
    """A DynamoDB that keeps what it is asked, and answers one page after another."""

    def __init__(self, *pages: list[str]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.pages = list(pages) or [[]]

    def query(self, **request: Any) -> Any:
        self.asked.append(request)
        keys = [dynamo.to_item({"pk": "P", "sk": sk}) for sk in self.pages[len(self.asked) - 1]]
        more = {"LastEvaluatedKey": keys[-1]} if len(self.asked) < len(self.pages) else {}
        return {"Items": keys, **more}

    @property
    def only(self) -> dict[str, Any]:
        """The one query, its names and values put in place of their slots."""
        (request,) = self.asked
        slots = {**request.get("ExpressionAttributeNames", {})}
        slots |= {
            slot: repr(dynamo.from_attribute(value))
            for slot, value in request.get("ExpressionAttributeValues", {}).items()
        }
        expressions = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")
        for expression in set(expressions) & set(request):
            for slot in sorted(slots, key=len, reverse=True):
                request[expression] = request[expression].replace(slot, slots[slot])
        return request


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(*pages: list[str]) -> Answering:
        answering = Answering(*pages)
        monkeypatch.setattr(dynamo, "dynamodb", lambda: answering)
        return answering

    return install


def test_items_between_two_keys_are_asked_for_as_last_written(answer: Any) -> None:
    asked = answer()
    dynamo.query_between("T", "P", "A", "B", limit=7, descending=True)
    assert asked.only == {
        "TableName": "T",
        "KeyConditionExpression": "pk = 'P' AND sk BETWEEN 'A' AND 'B'",
        "ExpressionAttributeValues": {":pk": {"S": "P"}, ":first": {"S": "A"}, ":last": {"S": "B"}},
        "ScanIndexForward": False,
        "ConsistentRead": True,
        "Limit": 7,
    }


def test_items_may_be_picked_out_and_only_some_attributes_asked_for(answer: Any) -> None:
    asked = answer()
    dynamo.query_between("T", "P", "A", "B", only={"state": "draft"}, select=("id", "state", "total"))
    assert asked.only["FilterExpression"] == "state = 'draft'"
    assert asked.only["ProjectionExpression"] == "id, state, total"
    assert asked.only["KeyConditionExpression"] == "pk = 'P' AND sk BETWEEN 'A' AND 'B'"


def test_an_index_is_asked_for_its_own_keys_and_never_consistently(answer: Any) -> None:
    asked = answer()
    dynamo.query_index(
        "T",
        "lists",
        ("listed_as", "com#open"),
        between=("listed_on", "2026", "2027"),
        select=("id", "number"),
    )
    assert asked.only["IndexName"] == "lists"
    assert (
        asked.only["KeyConditionExpression"]
        == "listed_as = 'com#open' AND listed_on BETWEEN '2026' AND '2027'"
    )
    assert asked.only["ProjectionExpression"] == "id, number"
    assert "ConsistentRead" not in asked.only


def test_an_index_may_be_asked_from_a_value_on(answer: Any) -> None:
    asked = answer()
    dynamo.query_index("T", "closing", ("pk", "P"), ("closed_on", "2026-01-01"))
    assert asked.only["KeyConditionExpression"] == "pk = 'P' AND closed_on > '2026-01-01'"
    assert "ProjectionExpression" not in asked.only


@given(st.lists(st.text(min_size=1), max_size=30, unique=True))
def test_no_slot_of_a_query_stands_for_two_attributes(names: list[str]) -> None:
    answering = Answering()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamo, "dynamodb", lambda: answering)
        dynamo.query_between("T", "P", "A", "B", only={"state": "draft"}, select=names)
    (request,) = answering.asked
    assert list(request["ExpressionAttributeNames"].values()) == ["state", *names]
    assert len(request.get("ProjectionExpression", "").split(", ")) == max(len(names), 1)


def test_what_is_below_a_key_is_without_the_key_itself(answer: Any) -> None:
    asked = answer(["INVOICE#9", "INVOICE#8", "INVOICE#7"])
    found = dynamo.query_below("T", "P", "INVOICE#", "9", 2)
    assert [item["sk"] for item in found] == ["INVOICE#8", "INVOICE#7"]
    assert asked.only["KeyConditionExpression"] == "pk = 'P' AND sk BETWEEN 'INVOICE#' AND 'INVOICE#9'"
    assert (asked.only["Limit"], asked.only["ScanIndexForward"]) == (3, False)


def test_what_is_below_a_key_that_is_gone_is_no_more_than_asked_for(answer: Any) -> None:
    answer(["INVOICE#8", "INVOICE#7", "INVOICE#6"])
    found = dynamo.query_below("T", "P", "INVOICE#", "9", 2)
    assert [item["sk"] for item in found] == ["INVOICE#8", "INVOICE#7"]


def test_a_page_tells_where_it_ended_if_there_is_more(answer: Any) -> None:
    answer(["A", "B"], ["C"])
    page = dynamo.query_between("T", "P", "A", "Z")
    assert page.last == {"pk": "P", "sk": "B"}
    assert page.next is not None
    following = dynamo.query_between("T", "P", "A", "Z", cursor=page.next)
    assert (following.last, following.next) == (None, None)


def test_every_item_is_read_page_after_page(answer: Any) -> None:
    asked = answer(["A", "B"], ["C"], ["D"])
    found = dynamo.every(lambda cursor: dynamo.query_between("T", "P", "A", "Z", cursor=cursor))
    assert [item["sk"] for item in found] == ["A", "B", "C", "D"]
    starts = [request.get("ExclusiveStartKey", {}).get("sk") for request in asked.asked]
    assert starts == [None, {"S": "B"}, {"S": "C"}]


# ---------------------------------------------------------------- cursors


BOUND = {"pk": "COMPANY#com_a"}


def cursor_of(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


@given(st.text(min_size=1), st.text(min_size=1), st.integers(0, 10**9))
def test_a_cursor_leads_back_to_the_key_it_was_made_from(pk: str, sk: str, number: int) -> None:
    key = dynamo.to_item({"pk": pk, "sk": sk, "number": number})
    assert dynamo._read_cursor(dynamo._write_cursor(key), {"pk": pk}) == key


@pytest.mark.parametrize(
    "cursor",
    [
        cursor_of({"pk": "COMPANY#com_b", "sk": "INVOICE#1"}),
        cursor_of({"sk": "INVOICE#1"}),
        cursor_of(["COMPANY#com_a"]),
        cursor_of("COMPANY#com_a"),
        cursor_of(None),
        cursor_of(7),
        cursor_of({"pk": ["COMPANY#com_a"], "sk": "x"}),
        cursor_of({"pk": "COMPANY#com_a", "sk": 1.5}),
        base64.urlsafe_b64encode(b"{").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        base64.urlsafe_b64encode(b'{"pk":"COMPANY#com_a","sk":' + b"1" * 10_000 + b"}").decode(),
        "abc",
        "=",
        "",
        "åäö",
    ],
)
def test_a_cursor_of_another_partition_or_of_somebodys_own_making_is_refused(cursor: str) -> None:
    with pytest.raises(Problem) as caught:
        dynamo._read_cursor(cursor, BOUND)
    assert caught.value.code == "cursor-invalid"


@given(st.text(max_size=200))
def test_no_text_makes_a_cursor_do_anything_but_be_read_or_refused(cursor: str) -> None:
    try:
        key = dynamo._read_cursor(cursor, BOUND)
    except Problem as problem:
        assert problem.code == "cursor-invalid"  # noqa: PT017 - either is right, nothing else is
    else:
        assert key["pk"] == {"S": "COMPANY#com_a"}
