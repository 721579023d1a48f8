"""Which events pass an event source's filter: the pattern rules of Lambda and EventBridge."""

import json
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

_MISSING = object()
_COMPARISONS = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class PatternError(ValueError):
    """AWS would refuse this pattern."""


class Filter:
    """The ``FilterCriteria`` of one event source: an event passes if any of its patterns matches."""

    def __init__(self, criteria: dict[str, Any] | None) -> None:
        filters = (criteria or {}).get("Filters", [])
        self._patterns = [parse(item["Pattern"]) for item in filters]

    def passes(self, event: dict[str, Any]) -> bool:
        """Whether the function is to see the event."""
        return not self._patterns or any(matches(pattern, event) for pattern in self._patterns)


def parse(text: str) -> dict[str, Any]:
    """Read a pattern and refuse what AWS refuses."""
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise PatternError(f"a filter pattern is not JSON: {error}") from error
    if not isinstance(pattern, dict):
        raise PatternError("a filter pattern is a JSON object")
    _check(pattern)
    return pattern


def _check(pattern: dict[str, Any]) -> None:
    for key, rule in pattern.items():
        if key == "$or":
            if not isinstance(rule, list) or len(rule) < 2:  # noqa: PLR2004 - a choice has two
                raise PatternError("$or takes a list of at least two patterns")
            for choice in rule:
                _check(choice)
        elif isinstance(rule, dict):
            if not rule:
                raise PatternError(f"the pattern of {key} is empty")
            _check(rule)
        elif not isinstance(rule, list) or not rule:
            raise PatternError(f"the rule for {key} must be a list, as in AWS")


def matches(pattern: dict[str, Any], event: Any) -> bool:
    """Whether every field of the pattern matches; fields it does not name do not matter."""
    if isinstance(event, list):
        return any(matches(pattern, item) for item in event)
    fields = event if isinstance(event, dict) else {}
    for key, rule in pattern.items():
        if key == "$or":
            if not any(matches(choice, event) for choice in rule):
                return False
            continue
        value = fields.get(key, _MISSING)
        if isinstance(rule, dict):
            if not matches(rule, {} if value is _MISSING else value):
                return False
        elif not any(_rule_matches(choice, value) for choice in rule):
            return False
    return True


def _rule_matches(rule: Any, value: Any) -> bool:
    if isinstance(rule, dict) and "exists" in rule:
        # Existence is asked of leaves: an object or a missing field does not exist for it.
        return (value is not _MISSING and not isinstance(value, dict)) is bool(rule["exists"])
    if value is _MISSING:
        return False
    if isinstance(value, list):
        return any(_rule_matches(rule, item) for item in value)
    if isinstance(rule, dict):
        (operator, operand) = next(iter(rule.items()))
        return _operator_matches(operator, operand, value)
    return _equal(rule, value)


def _equal(rule: Any, value: Any) -> bool:
    """Equal and of one kind: in JSON, true is not 1."""
    alike = type(rule) is type(value) or (_is_number(rule) and _is_number(value))
    return alike and bool(rule == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _operator_matches(operator: str, operand: Any, value: Any) -> bool:
    match operator:
        case "prefix" | "suffix":
            return _affix(operator, operand, value)
        case "equals-ignore-case":
            return isinstance(value, str) and value.casefold() == str(operand).casefold()
        case "anything-but":
            return _anything_but(operand, value)
        case "numeric":
            return _numeric(operand, value)
        case "wildcard":
            return isinstance(value, str) and _wildcard(operand, value)
        case "cidr":
            return _in_network(operand, value)
    raise PatternError(f"the filter operator {operator} is not one of Lambda's")


def _affix(operator: str, operand: Any, value: Any) -> bool:
    if not isinstance(value, str):
        return False
    if isinstance(operand, dict):
        value, operand = value.casefold(), operand["equals-ignore-case"].casefold()
    return bool(value.startswith(operand) if operator == "prefix" else value.endswith(operand))


def _anything_but(operand: Any, value: Any) -> bool:
    if isinstance(operand, dict):
        return not _rule_matches(operand, value)
    refused = operand if isinstance(operand, list) else [operand]
    return not any(_equal(item, value) for item in refused)


def _numeric(operand: Sequence[Any], value: Any) -> bool:
    if not _is_number(value):
        return False
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](value, limit) for sign, limit in pairs)


def _wildcard(pattern: str, value: str) -> bool:
    """``*`` stands for any run of characters; nothing else is special."""
    first, *rest = pattern.split("*")
    if not rest:
        return value == pattern
    if not value.startswith(first):
        return False
    position = len(first)
    *middle, last = rest
    for part in middle:
        found = value.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return len(value) - len(last) >= position and value.endswith(last)


def _in_network(network: str, value: Any) -> bool:
    try:
        return ip_address(value) in ip_network(network)
    except ValueError:
        return False
