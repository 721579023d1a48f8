"""Key conditions, compiled: they say of each item what they say, and leave other forms alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.key_conditions import compiled, quicker

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


def item(sort: Any, partition: str = "p") -> dict[str, Any]:
    """An item with a key."""
    kind = "N" if isinstance(sort, int) else "S"
    return {"pk": {"S": partition}, "sk": {kind: str(sort)}}


@given(TEXT, TEXT, TEXT)
def test_texts_compare_by_their_bytes(sort: str, low: str, high: str) -> None:
    values = {":p": {"S": "p"}, ":l": {"S": low}, ":h": {"S": high}}
    between = compiled("#p = :p AND #s BETWEEN :l AND :h", values, {"#p": "pk", "#s": "sk"})
    above = compiled("pk = :p AND sk > :l", values, {})
    beginning = compiled("pk = :p AND begins_with(sk, :l)", values, {})
    assert between is not None
    assert above is not None
    assert beginning is not None
    assert between(item(sort)) == (low.encode() <= sort.encode() <= high.encode())
    assert above(item(sort)) == (sort.encode() > low.encode())
    assert beginning(item(sort)) == sort.startswith(low)


def test_numbers_compare_as_numbers() -> None:
    matches = compiled("pk = :p AND sk >= :n", {":p": {"S": "p"}, ":n": {"N": "9"}}, {})
    assert matches is not None
    assert [each for each in (8, 9, 10) if matches(item(each))] == [9, 10]


@pytest.mark.parametrize("expression", ["pk = :p", "pk = :p AND sk = :p", "pk = :p AND begins_with(sk, :p)"])
def test_items_of_other_partitions_and_without_the_key_do_not_match(expression: str) -> None:
    matches = compiled(expression, {":p": {"S": "p"}}, {})
    assert matches is not None
    assert matches(item("p"))
    assert not matches(item("p", partition="q"))
    assert not matches({"sk": {"S": "p"}})


def test_what_is_not_a_key_condition_or_has_another_form_is_left_to_the_store() -> None:
    asked = []

    def evaluate(*arguments: Any) -> bool:
        asked.append(arguments[-1])
        return True

    quick = quicker(evaluate)
    assert quick("sk = :p OR pk = :p", item("x"), {":p": {"S": "p"}}, {}, "KeyConditionExpression")
    assert quick("pk = :p", item("x"), {":p": {"S": "q"}}, {})
    assert asked == ["KeyConditionExpression", "ConditionExpression"]
    assert not quick("pk = :p", item("x"), {":p": {"S": "q"}}, {}, "KeyConditionExpression")
