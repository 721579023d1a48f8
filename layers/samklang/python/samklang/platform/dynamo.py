"""DynamoDB as the stores use it: plain items, named operations, transactions that say what failed.

Items are dictionaries of str, bytes, int, bool, list and dict; ``None`` is left out. Every table has the keys
``pk`` and ``sk``.
"""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import ClientError

from samklang.platform.clients import dynamodb
from samklang.platform.cursors import cursor_invalid, read_cursor, write_cursor
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Item = dict[str, Any]

MAX_OPERATIONS = 100
"""Items in one TransactWriteItems."""

_ATTEMPTS = 40
_FIRST_WAIT, _LONGEST_WAIT = 0.004, 0.25


# ---------------------------------------------------------------- values


def to_attribute(value: Any) -> dict[str, Any]:
    """A Python value as a DynamoDB attribute value.

    Raises:
        TypeError: a type no item of ours holds, such as float.
    """
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case int():
            return {"N": str(value)}
        case list() | tuple():
            return {"L": [to_attribute(each) for each in value]}
        case dict():
            return {"M": to_item(value)}
        case _:
            raise TypeError(f"no item holds {type(value).__name__}")


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary as a DynamoDB item, without its ``None`` values."""
    return {name: to_attribute(value) for name, value in values.items() if value is not None}


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """The Python value of a DynamoDB attribute value.

    Reads every type, also those no item of ours holds: what to do with a foreign value is for its reader.
    """
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            number = Decimal(value)
            return int(number) if number == number.to_integral_value() else number
        case "NULL":
            return None
        case "L":
            return [from_attribute(each) for each in value]
        case "M":
            return from_item(value)
        case _:
            return value


def from_item(item: Mapping[str, Any]) -> Item:
    """The Python dictionary of a DynamoDB item."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}


# ---------------------------------------------------------------- reads


def get(table: str, pk: str, sk: str) -> Item | None:
    """One item, as last written."""
    answer = dynamodb().get_item(TableName=table, Key=to_item({"pk": pk, "sk": sk}), ConsistentRead=True)
    return from_item(answer["Item"]) if "Item" in answer else None


def batch_get(table: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Item]:
    """Those of the items that exist, as last written."""
    wanted = [to_item({"pk": pk, "sk": sk}) for pk, sk in dict.fromkeys(keys)]
    found: dict[tuple[str, str], Item] = {}
    wait = _FIRST_WAIT
    while wanted:
        request = {table: {"Keys": wanted[:100], "ConsistentRead": True}}
        answer = dynamodb().batch_get_item(RequestItems=cast("Any", request))
        for raw in answer["Responses"].get(table, []):
            item = from_item(raw)
            found[item["pk"], item["sk"]] = item
        missed: list[dict[str, Any]] = (
            cast("Any", answer).get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        )
        if missed:
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        wanted = missed + wanted[100:]
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a query and the cursor to the next ones."""

    items: list[Item]
    next: str | None
    last: Item | None = None
    """The keys of the item looked at last, if there are more."""


def query(
    table: str,
    pk: str,
    prefix: str = "",
    *,
    limit: int = 100,
    cursor: str | None = None,
    descending: bool = False,
) -> Page:
    """Items of one partition whose sort key begins with ``prefix``, in key order, as last written."""
    condition, values = "pk = :pk", {":pk": pk}
    if cursor and not str(_read_cursor(cursor, {"pk": pk}).get("sk", {}).get("S", "")).startswith(prefix):
        raise cursor_invalid()
    if prefix:
        condition, values = condition + " AND begins_with(sk, :prefix)", values | {":prefix": prefix}
    return _query(
        {
            "TableName": table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": to_item(values),
            "ScanIndexForward": not descending,
            "ConsistentRead": True,
            "Limit": limit,
        },
        cursor,
        {"pk": pk},
    )


def query_between(
    table: str,
    pk: str,
    first: str,
    last: str,
    *,
    limit: int = 1000,
    cursor: str | None = None,
    descending: bool = False,
    only: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
) -> Page:
    """Items of one partition with ``first`` <= sort key <= ``last``, in key order, as last written.

    Args:
        table: the table's name.
        pk: the partition.
        first: the lowest sort key.
        last: the highest sort key.
        limit: items looked at for a page.
        cursor: from the page before.
        descending: last key first.
        only: attributes an item must have with these values to be in the page.
        select: the attributes wanted; all if none are named.
    """
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": to_item({":pk": pk, ":first": first, ":last": last}),
        "ScanIndexForward": not descending,
        "ConsistentRead": True,
        "Limit": limit,
    }
    if only:
        condition, names, values = _conditions(only)
        request["FilterExpression"], request["ExpressionAttributeNames"] = condition, names
        request["ExpressionAttributeValues"] |= values
    _select(request, select)
    return _query(request, cursor, {"pk": pk})


def query_below(
    table: str, pk: str, prefix: str, below: str, limit: int, select: Sequence[str] = ()
) -> list[Item]:
    """Items of one partition with this prefix and a sort key below ``prefix + below``, last key first."""
    bound, found, cursor = prefix + below, list[Item](), None
    while True:
        # BETWEEN includes its ends: ask for one more and leave the bound itself out.
        page = query_between(
            table, pk, prefix, bound, limit=limit + 1, cursor=cursor, descending=True, select=select
        )
        found += [item for item in page.items if item["sk"] != bound]
        cursor = page.next
        # A query ends after 1 MB of items, however few those are.
        if len(found) >= limit or cursor is None:
            return found[:limit]


def query_index(
    table: str,
    index: str,
    partition: tuple[str, str],
    above: tuple[str, str | int] | None = None,
    *,
    between: tuple[str, str, str] | None = None,
    limit: int = 1000,
    cursor: str | None = None,
    descending: bool = False,
    select: Sequence[str] = (),
) -> Page:
    """Items of one index partition, in index order; eventually consistent, as indexes are.

    Args:
        table: the table's name.
        index: the index's name.
        partition: name and value of the index's partition key.
        above: name and value the index's sort key must exceed.
        between: name of the index's sort key, and its lowest and highest value, both included.
        limit: items in a page.
        cursor: from the page before.
        descending: last key first.
        select: the attributes wanted; all that the index holds if none are named.
    """
    names, values = {"#p": partition[0]}, {":p": partition[1]}
    condition = "#p = :p"
    if above:
        condition += " AND #s > :s"
        names, values = names | {"#s": above[0]}, values | {":s": cast("str", above[1])}
    if between:
        condition += " AND #s BETWEEN :low AND :high"
        names, values = names | {"#s": between[0]}, values | {":low": between[1], ":high": between[2]}
    request: dict[str, Any] = {
        "TableName": table,
        "IndexName": index,
        "KeyConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": to_item(values),
        "ScanIndexForward": not descending,
        "Limit": limit,
    }
    _select(request, select)
    return _query(request, cursor, {partition[0]: partition[1]})


def _select(request: dict[str, Any], attributes: Sequence[str]) -> None:
    """Ask for these attributes alone, if any are named."""
    if attributes:
        wanted = {f"#a{number}": name for number, name in enumerate(attributes)}
        request["ProjectionExpression"] = ", ".join(wanted)
        request["ExpressionAttributeNames"] = request.get("ExpressionAttributeNames", {}) | wanted


def every(page: Callable[[str | None], Page]) -> Iterator[Item]:
    """All items of a query, page after page."""
    cursor = None
    while True:
        got = page(cursor)
        yield from got.items
        if (cursor := got.next) is None:
            return


def _query(request: dict[str, Any], cursor: str | None, bound: dict[str, str]) -> Page:
    if cursor is not None:
        request["ExclusiveStartKey"] = _read_cursor(cursor, bound)
    try:
        answer = dynamodb().query(**request)
    except ClientError as error:
        if cursor is not None and error.response["Error"]["Code"] == "ValidationException":
            raise cursor_invalid() from error
        raise
    last = answer.get("LastEvaluatedKey")
    items = [from_item(item) for item in answer["Items"]]
    return Page(items, _write_cursor(last), from_item(last)) if last else Page(items, None)


def _write_cursor(key: Mapping[str, Any]) -> str:
    return write_cursor(json.dumps(from_item(key), separators=(",", ":")))


def _read_cursor(cursor: str, bound: dict[str, str]) -> dict[str, Any]:
    """The key a cursor holds; never one of another partition, whatever the caller has written into it."""
    try:
        key = json.loads(read_cursor(cursor))
    except (ValueError, RecursionError):
        raise cursor_invalid() from None
    values = key.values() if isinstance(key, dict) else [None]
    if not all(type(value) in {str, int} for value in values) or not bound.items() <= key.items():
        raise cursor_invalid()
    return to_item(key)


# ---------------------------------------------------------------- writes


class Contention(Exception):  # noqa: N818 - a state of affairs, not a fault
    """Somebody else wrote at the same time; reading anew and trying again will do."""


class ConditionFailed(Exception):  # noqa: N818
    """Conditions of a transaction did not hold.

    Attributes:
        labels: the labels of the operations at fault.
        items: by label, the item as it was, for operations that asked for it.
    """

    def __init__(self, labels: frozenset[str], items: dict[str, Item]) -> None:
        self.labels, self.items = labels, items
        super().__init__(", ".join(sorted(labels)))


class Missing:
    """In ``expect``: the attribute must not be there."""


MISSING = Missing()


@dataclass(slots=True)
class Transaction:
    """Writes that happen together or not at all.

    Each operation has a label; :meth:`commit` tells failed conditions by label.
    """

    operations: list[dict[str, Any]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    def put(self, label: str, table: str, item: Item, *, expect: Mapping[str, Any] | None = None) -> None:
        """Write a whole item: a new one, or (with ``expect``) in place of one that has these values."""
        condition, names, values = _conditions(expect or {"pk": MISSING})
        operation: dict[str, Any] = {
            "TableName": table,
            "Item": to_item(item),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            operation["ExpressionAttributeValues"] = values
        self._append(label, "Put", operation)

    def replace(self, label: str, table: str, item: Item) -> None:
        """Write a whole item, whether there is one or not."""
        self._append(label, "Put", {"TableName": table, "Item": to_item(item)})

    def delete(
        self, label: str, table: str, key: tuple[str, str], *, expect: Mapping[str, Any] | None = None
    ) -> None:
        """Remove an item that exists and, if ``expect`` is given, has these values."""
        condition, names, values = _conditions(expect or {"pk": key[0]})
        operation = {
            "TableName": table,
            "Key": to_item({"pk": key[0], "sk": key[1]}),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }
        self._append(label, "Delete", operation)

    def update(
        self,
        label: str,
        table: str,
        key: tuple[str, str],
        *,
        put: Mapping[str, Any] | None = None,
        add: Mapping[str, int] | None = None,
        remove: Iterable[str] = (),
        expect: Mapping[str, Any] | None = None,
    ) -> None:
        """Change attributes of an item: set ``put``, add to numbers, remove; ``expect`` must hold."""
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        clauses = []
        for word, mark, changes in (("SET", " = ", put), ("ADD", " ", add)):
            present = {name: value for name, value in (changes or {}).items() if value is not None}
            if present:
                parts = []
                for number, (name, value) in enumerate(present.items()):
                    slot = f"{word[0].lower()}{number}"
                    names[f"#{slot}"], values[f":{slot}"] = name, to_attribute(value)
                    parts.append(f"#{slot}{mark}:{slot}")
                clauses.append(f"{word} {', '.join(parts)}")
        removed = [*remove, *(name for name, value in (put or {}).items() if value is None)]
        if removed:
            names.update({f"#r{number}": name for number, name in enumerate(removed)})
            clauses.append("REMOVE " + ", ".join(f"#r{number}" for number in range(len(removed))))
        operation: dict[str, Any] = {
            "TableName": table,
            "Key": to_item({"pk": key[0], "sk": key[1]}),
            "UpdateExpression": " ".join(clauses),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if expect:
            condition, more_names, more_values = _conditions(expect)
            operation["ConditionExpression"] = condition
            names, values = names | more_names, values | more_values
        operation["ExpressionAttributeNames"] = names
        if values:
            operation["ExpressionAttributeValues"] = values
        self._append(label, "Update", operation)

    def check(self, label: str, table: str, key: tuple[str, str], expect: Mapping[str, Any]) -> None:
        """Write nothing, but only let the others happen if the item has these values."""
        condition, names, values = _conditions(expect)
        operation: dict[str, Any] = {
            "TableName": table,
            "Key": to_item({"pk": key[0], "sk": key[1]}),
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if values:
            operation["ExpressionAttributeValues"] = values
        self._append(label, "ConditionCheck", operation)

    def _append(
        self,
        label: str,
        kind: Literal["Put", "Update", "Delete", "ConditionCheck"],
        operation: dict[str, Any],
    ) -> None:
        self.labels.append(label)
        self.operations.append({kind: operation})

    def commit(self) -> None:
        """Do it all.

        Raises:
            ConditionFailed: conditions did not hold; nothing was written.
            Contention: another transaction was under way on the same items, or the table is throttled.
        """
        if not self.operations:
            return
        try:
            dynamodb().transact_write_items(TransactItems=cast("Any", self.operations))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionCanceledException":
                raise self._cancelled(error) from error
            if code in _TRANSIENT:
                raise Contention(code) from error
            raise

    def commit_unchanged(self) -> None:
        """Do it all, if what it was made from is still so.

        Raises:
            Contention: somebody wrote meanwhile, or this was done before a crash: read anew and see.
        """
        try:
            self.commit()
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    def _cancelled(self, error: ClientError) -> Exception:
        reasons = cast("list[dict[str, Any]]", error.response.get("CancellationReasons", []))
        failed = {
            label: from_item(reason.get("Item", {}))
            for label, reason in zip(self.labels, reasons, strict=True)
            if reason.get("Code") == "ConditionalCheckFailed"
        }
        if failed:
            return ConditionFailed(frozenset(failed), {label: item for label, item in failed.items() if item})
        if any(reason.get("Code") in _TRANSIENT for reason in reasons):
            return Contention(", ".join(sorted({str(reason.get("Code")) for reason in reasons})))
        return error


_TRANSIENT = frozenset(
    {
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
    }
)


def set_attributes(table: str, key: tuple[str, str], values: Mapping[str, Any]) -> bool:
    """Set attributes of an item that exists; the same again changes nothing.

    Returns:
        Whether there is such an item.
    """
    update = Transaction()
    update.update("item", table, key, put=values, expect={"sk": key[1]})
    ((_, operation),) = update.operations[0].items()
    operation.pop("ReturnValuesOnConditionCheckFailure")
    try:
        dynamodb().update_item(**operation)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            return False
        if code in _TRANSIENT:
            raise Contention(code) from error
        raise
    return True


def _conditions(expect: Mapping[str, Any]) -> tuple[str, dict[str, str], dict[str, Any]]:
    parts, names, values = [], {}, {}
    for number, (name, value) in enumerate(expect.items()):
        slot = f"c{number}"
        names[f"#{slot}"] = name
        if value is MISSING:
            parts.append(f"attribute_not_exists(#{slot})")
        else:
            parts.append(f"#{slot} = :{slot}")
            values[f":{slot}"] = to_attribute(value)
    return " AND ".join(parts), names, values


def retrying[Result](attempt: Callable[[], Result]) -> Result:
    """Call ``attempt`` until it meets no contention, with growing, jittered waits.

    Raises:
        Problem: ``busy`` after some seconds of contention.
    """
    wait = _FIRST_WAIT
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Contention:
            time.sleep(random.uniform(0, wait))  # noqa: S311 - jitter, no secret
            wait = min(wait * 2, _LONGEST_WAIT)
    raise Problem("busy", "Nothing was done. Wait a few seconds and send the same request again.")
