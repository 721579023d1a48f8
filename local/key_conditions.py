"""Key conditions of queries, read once for a query and not once for every item.

ministack parses the expression anew for each item it looks at: a page of a list took 3.5 s in a partition of
100,000 items, where DynamoDB looks at the page alone. The forms our stores use are compiled here; any other
is left to ministack, and so is the checking of every request before it gets here.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

type Attribute = Mapping[str, Any]
type Item = Mapping[str, Attribute]
type Matches = Callable[[Item], bool]
type Evaluate = Callable[..., bool]

_NAME, _VALUE = r"(#\w+|[A-Za-z]\w*)", r"(:\w+)"
_FORM = re.compile(
    rf"{_NAME} = {_VALUE}"
    rf"(?: AND (?:{_NAME} (=|<|>|<=|>=) {_VALUE}"
    rf"|{_NAME} BETWEEN {_VALUE} AND {_VALUE}"
    rf"|begins_with\({_NAME}, {_VALUE}\)))?",
    re.ASCII,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def quicker(evaluate: Evaluate) -> Evaluate:
    """The evaluation of conditions by ministack, but quick for the key conditions of a query."""
    latest: tuple[Any, Any, Any] = (None, None, None)
    matches: Matches | None = None

    def evaluate_quickly(expression: str, item: Item, values: Any, names: Any, slot: str = "") -> bool:
        nonlocal latest, matches
        if slot != "KeyConditionExpression":
            return evaluate(expression, item, values, names, slot or "ConditionExpression")
        # The same objects come again for every item of a query.
        if latest[0] is not expression or latest[1] is not values or latest[2] is not names:
            latest, matches = (expression, values, names), compiled(expression, values, names)
        return matches(item) if matches else evaluate(expression, item, values, names, slot)

    return evaluate_quickly


def compiled(expression: str, values: Mapping[str, Attribute], names: Mapping[str, str]) -> Matches | None:
    """A key condition as a function of an item, or None for a form that is not ours."""
    form = _FORM.fullmatch(expression)
    if form is None:
        return None
    hash_name, hash_value, name, sign, value, span_name, low, high, start_name, start = form.groups()
    partition = names.get(hash_name, hash_name), values[hash_value]
    if name:
        return _both(partition, names.get(name, name), sign, _key(values[value]))
    if span_name:
        return _between(partition, names.get(span_name, span_name), _key(values[low]), _key(values[high]))
    if start_name:
        return _beginning(partition, names.get(start_name, start_name), values[start]["S"])
    return lambda item: item.get(partition[0]) == partition[1]


def _both(partition: tuple[str, Attribute], name: str, sign: str, bound: Any) -> Matches:
    compare = _COMPARE[sign]
    return lambda item: (
        item.get(partition[0]) == partition[1] and name in item and compare(_key(item[name]), bound)
    )


def _between(partition: tuple[str, Attribute], name: str, low: Any, high: Any) -> Matches:
    return lambda item: (
        item.get(partition[0]) == partition[1] and name in item and low <= _key(item[name]) <= high
    )


def _beginning(partition: tuple[str, Attribute], name: str, start: str) -> Matches:
    return lambda item: (
        item.get(partition[0]) == partition[1] and name in item and item[name]["S"].startswith(start)
    )


def _key(attribute: Attribute) -> Any:
    """A key's value, ordered as DynamoDB orders it: texts by their UTF-8 bytes, which is by code point."""
    ((kind, value),) = attribute.items()
    return Decimal(value) if kind == "N" else value
