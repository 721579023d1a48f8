"""What ministack holds, made to outlive its process: each change goes to the journal.

ministack keeps its state in module-level dictionaries and saves them only on a clean exit, without
the streams' records. Here the few places where it changes an item, a stream, a queue or a lock are
wrapped, so that the journal gets the change itself, not the whole state. Object bodies are written
by ministack to files of their own. This module runs in the store's own environment.
"""

# ruff: noqa: SLF001 - it is ministack's inner state that is to be kept
from __future__ import annotations

import contextlib
import contextvars
import json
import time
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from ministack.core.responses import AccountScopedDict
from ministack.services import cognito, dynamodb, s3, sqs

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.journal import Journal

_DYNAMODB_STORES = (
    "_tables",
    "_tags",
    "_ttl_settings",
    "_pitr_settings",
    "_stream_records",
    "_stream_trimmed",
    "_closed_streams",
    "_txn_idempotency",
)
_DYNAMODB_SETTINGS = ("_tags", "_ttl_settings", "_pitr_settings")
_S3_LOCKS = ("_object_retention", "_object_legal_hold")
_SEQUENCE_DIGITS = 10  # the end of a sequence number is ministack's counter
_READS = ("Get", "List", "Describe", "Query", "Scan", "BatchGet", "TransactGet")
_ITEM_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}

TableKey = tuple[str, str, str]  # account, region, name


class _Messages(NamedTuple):
    """What was in a queue when it was looked at last."""

    mark: Any
    ids: set[str]


_NO_MESSAGES = _Messages(None, set())


class DurableStore:
    """Keeps ministack's state in a journal, and says what has changed."""

    def __init__(self, journal: Journal, outbox_table: TableKey) -> None:
        self._journal = journal
        self._outbox_table = outbox_table
        self._messages: dict[Any, _Messages] = {}
        self._swapped = False

    # -------------------------------------------------------------------------------------- start and end

    def start(self) -> None:
        """Restore what there is and record every change from now on."""
        state, changes = self._journal.recover()
        if state is not None:
            _restore(state)
        for change in changes:
            _apply(change)
        _rebuild_counts()
        self._watch_items()
        self._watch_queues()
        self._watch_objects()
        self._messages = {key: _marked(queue) for key, queue in sqs._queues._data.items()}
        # A restart begins with a snapshot, so that journals of earlier runs do not pile up.
        self._journal.snapshot(_state)

    def stop(self) -> None:
        """Leave one snapshot and an empty journal."""
        self._journal.snapshot(_state)

    def keep_house(self) -> None:
        """Called now and then: write what background threads changed, and cut a long journal."""
        self.commit("", "", "")
        self._journal.reap()
        if self._journal.is_long:
            self._journal.snapshot_in_child(_state)

    # -------------------------------------------------------------------------------------- each request

    def commit(self, target: str, method: str, path: str) -> set[str]:
        """Write what a request changed, before it is answered.

        Args:
            target: The request's ``X-Amz-Target``.
            method: Its HTTP method.
            path: Its path.

        Returns:
            What somebody may wait for: ``stream:<table>``, ``queue:<name>``, ``outbox``.
        """
        self._control_changes(target, method, path)
        self._queue_changes()
        topics = set()
        for kind, key, *_ in self._journal.commit():
            if kind == "record":
                topics.add(f"stream:{key[2]}")
            elif kind == "messages":
                topics.add(f"queue:{key[2].rpartition('/')[2]}")
            elif kind == "item" and key == self._outbox_table:
                topics.add("outbox")
        if self._swapped:
            # A whole table was exchanged at once (an import, a restore): rare, and not item by item.
            self._swapped = False
            self._journal.snapshot(_state)
        return topics

    def _control_changes(self, target: str, method: str, path: str) -> None:
        service, _, action = target.partition(".")
        if service.startswith("DynamoDB_"):
            if action not in _ITEM_WRITES and not action.startswith(_READS):
                self._journal.append(("tables", _table_settings()))
        elif service == "AWSCognitoIdentityProviderService":
            if not action.startswith(_READS):
                self._journal.append(("cognito", _cognito_state()))
        elif service == "AmazonSQS":
            if action in {"CreateQueue", "DeleteQueue", "SetQueueAttributes", "PurgeQueue"}:
                self._journal.append(("queues", _queue_settings()))
        elif not target and method in {"PUT", "DELETE"} and "/" not in path.strip("/"):
            self._journal.append(("s3", s3.get_state()))

    def _queue_changes(self) -> None:
        """Which messages came and went: seen by comparing, since ministack changes lists in place."""
        for key, queue in sqs._queues._data.items():
            known = self._messages.get(key, _NO_MESSAGES)
            if _mark(queue) == known.mark:
                continue
            now = self._messages[key] = _marked(queue)
            changed: dict[str, Any] = dict.fromkeys(known.ids - now.ids)
            changed |= {
                message["id"]: message for message in queue["messages"] if message["id"] not in known.ids
            }
            if changed:
                self._journal.append(("messages", key, changed))

    # -------------------------------------------------------------------------------------- hooks

    def _watch_items(self) -> None:
        journal = self._journal
        set_item, remove_item = dynamodb._set_item, dynamodb._remove_item
        build_record, store_token = dynamodb._build_change_record, dynamodb._txn_token_store
        replaced = dynamodb._items_replaced

        def watched_set(table: Any, partition: str, sort: str, item: Any) -> Any:
            journal.append(("item", _table_key(table), partition, sort, item))
            return set_item(table, partition, sort, item)

        def watched_remove(table: Any, partition: str, sort: str) -> Any:
            journal.append(("item", _table_key(table), partition, sort, None))
            return remove_item(table, partition, sort)

        def watched_record(table: Any, *arguments: Any) -> Any:
            record = build_record(table, *arguments)
            journal.append(("record", _table_key(table), record))
            return record

        def watched_token(token: str, entry: Any) -> None:
            store_token(token, entry)
            journal.append(("token", dynamodb._txn_idempotency._scoped(token), entry))

        def watched_replaced(table: Any) -> None:
            replaced(table)
            self._swapped = True

        dynamodb._set_item, dynamodb._remove_item = watched_set, watched_remove
        dynamodb._build_change_record, dynamodb._txn_token_store = watched_record, watched_token
        dynamodb._items_replaced = watched_replaced

    def _watch_queues(self) -> None:
        """How often a message was received decides when it is set aside: that must be kept too."""
        collect = sqs._collect_msgs

        def watched_collect(queue: Any, *arguments: Any) -> Any:
            received = collect(queue, *arguments)
            if received:
                key = _queue_key(queue)
                self._journal.append(("messages", key, {message["id"]: message for message in received}))
            return received

        sqs._collect_msgs = watched_collect

    def _watch_objects(self) -> None:
        """Objects' locks are not in ministack's files; its notifications are sent from a thread."""
        for name in _S3_LOCKS:
            watched = _WatchedDict(self._journal, name)
            watched._data.update(getattr(s3, name)._data)
            setattr(s3, name, watched)

        def fire(*arguments: Any, **options: Any) -> None:
            bucket, _key, event = arguments[:3]
            if bucket in s3._bucket_notifications:
                context = contextvars.copy_context()
                sequencer = s3._next_event_sequencer(event)
                context.run(s3._fire_s3_event, *arguments, sequencer=sequencer, **options)

        def deliver(function_arn: str, payload: Any, _region: str) -> None:
            self._to_outbox(function_arn, json.dumps(payload))

        s3._fire_s3_event_async = fire
        s3._deliver_event_to_lambda = deliver

    def _to_outbox(self, function_arn: str, payload: str) -> None:
        """An event for a function, kept like any other item until the runner has delivered it."""
        table = dynamodb._tables.get_scoped(*self._outbox_table)
        name = function_arn.rpartition(":")[2]
        identity = f"{time.time_ns():020d}-{uuid.uuid4()}"
        item = {
            "pk": {"S": "outbox"},
            "sk": {"S": identity},
            "function": {"S": name},
            "payload": {"S": payload},
            "attempts": {"N": "0"},
        }
        dynamodb._set_item(table, "outbox", identity, item)


class _WatchedDict(AccountScopedDict):  # type: ignore[misc]  # ministack has no types
    """A dictionary of ministack's whose changes are journalled."""

    __slots__ = ("_journal", "_name")

    def __init__(self, journal: Journal, name: str) -> None:
        super().__init__()
        self._journal = journal
        self._name = name

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self._journal.append(("lock", self._name, self._scoped(key), value))

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def pop(self, key: Any, *default: Any) -> Any:
        if key in self:
            self._journal.append(("lock", self._name, self._scoped(key), None))
        return super().pop(key, *default)


# ------------------------------------------------------------------------------------------ the whole state


def _table_key(table: Any) -> TableKey:
    _arn, _aws, _service, region, account, resource = table["TableArn"].split(":", 5)
    return account, region, resource.removeprefix("table/")


def _queue_key(queue: Any) -> Any:
    region, account, _name = queue["attributes"]["QueueArn"].split(":")[3:]
    return account, region, queue["url"]


def _mark(queue: Any) -> Any:
    """Enough to tell a change by one request: it adds messages at the end, or removes some."""
    messages = queue["messages"]
    return (len(messages), id(messages[0]), id(messages[-1])) if messages else None


def _marked(queue: Any) -> _Messages:
    return _Messages(_mark(queue), {message["id"] for message in queue["messages"]})


def _without(record: Any, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}


def _table_settings() -> dict[str, Any]:
    tables = dynamodb._tables._data
    members = dynamodb._INDEX_MEMBERS
    return {
        "_tables": {key: _without(table, "items", members) for key, table in tables.items()},
        **{name: dict(getattr(dynamodb, name)._data) for name in _DYNAMODB_SETTINGS},
    }


def _queue_settings() -> dict[Any, Any]:
    return {key: _without(queue, "messages") for key, queue in sqs._queues._data.items()}


def _cognito_state() -> dict[str, Any]:
    """Users and their sessions; ministack changes them in threads, perhaps while they are copied."""
    while True:
        with contextlib.suppress(RuntimeError):  # "dictionary changed size during iteration"
            found: dict[str, Any] = cognito.get_state()
            return found


def _state() -> dict[str, Any]:
    """Everything, sharing memory with the live state: it is written at once or in a forked child."""
    stores = {name: getattr(dynamodb, name)._data for name in _DYNAMODB_STORES}
    members = dynamodb._INDEX_MEMBERS
    stores["_tables"] = {key: _without(table, members) for key, table in stores["_tables"].items()}
    return {
        "dynamodb": stores,
        "sequence": dynamodb._stream_seq_counter,
        "sqs": sqs._queues._data,
        "cognito": _cognito_state(),
        "s3": s3.get_state(),
        "locks": {name: getattr(s3, name)._data for name in _S3_LOCKS},
    }


def _restore(state: dict[str, Any]) -> None:
    for name, data in state["dynamodb"].items():
        getattr(dynamodb, name)._data.update(data)
    dynamodb._stream_seq_counter = state["sequence"]
    sqs._queues._data.update(state["sqs"])
    cognito.load_persisted_state(state["cognito"])
    s3.load_persisted_state(state["s3"])
    for name, data in state["locks"].items():
        getattr(s3, name)._data.update(data)


def _apply(change: Any) -> None:
    """Do again what the journal says was done."""
    kind, *details = change
    _APPLY[kind](*details)


def _apply_item(key: TableKey, partition: str, sort: str, item: Any) -> None:
    rows = dynamodb._tables._data[key]["items"]
    if item is not None:
        rows.setdefault(partition, {})[sort] = item
    elif partition in rows:
        rows[partition].pop(sort, None)
        if not rows[partition]:
            del rows[partition]


def _apply_record(key: TableKey, record: Any) -> None:
    dynamodb._stream_records._data.setdefault(key, []).append(record)
    count = int(record["dynamodb"]["SequenceNumber"][-_SEQUENCE_DIGITS:])
    dynamodb._stream_seq_counter = max(dynamodb._stream_seq_counter, count)


def _apply_token(key: Any, entry: Any) -> None:
    dynamodb._txn_idempotency._data[key] = entry


def _apply_lock(name: str, key: Any, value: Any) -> None:
    locks = getattr(s3, name)._data
    if value is None:
        locks.pop(key, None)
    else:
        locks[key] = value


def _apply_table_settings(settings: dict[str, Any]) -> None:
    tables = dynamodb._tables._data
    wanted = settings["_tables"]
    for key in tables.keys() - wanted.keys():
        del tables[key]
        for records in (dynamodb._stream_records._data, dynamodb._stream_trimmed._data):
            records.pop(key, None)
    for key, table in wanted.items():
        rows = tables[key]["items"] if key in tables else defaultdict(dict)
        tables[key] = {**table, "items": rows}
    for name in _DYNAMODB_SETTINGS:
        data = getattr(dynamodb, name)._data
        data.clear()
        data.update(settings[name])


def _apply_queue_settings(settings: dict[Any, Any]) -> None:
    queues = sqs._queues._data
    for key in queues.keys() - settings.keys():
        del queues[key]
    for key, queue in settings.items():
        messages = queues[key]["messages"] if key in queues else []
        queues[key] = {**queue, "messages": messages}


def _apply_messages(key: Any, changed: dict[str, Any]) -> None:
    queue = sqs._queues._data[key]
    kept = [
        changed.get(message["id"], message)
        for message in queue["messages"]
        if changed.get(message["id"], message) is not None
    ]
    known = {message["id"] for message in kept}
    kept += [message for identity, message in changed.items() if message and identity not in known]
    queue["messages"] = kept


_APPLY: dict[str, Callable[..., None]] = {
    "item": _apply_item,
    "record": _apply_record,
    "token": _apply_token,
    "tables": _apply_table_settings,
    "messages": _apply_messages,
    "queues": _apply_queue_settings,
    "cognito": cognito.load_persisted_state,
    "s3": s3.load_persisted_state,
    "lock": _apply_lock,
}


def _rebuild_counts() -> None:
    """What ministack derives from the rest: item counts, index members, queues by name."""
    for table in dynamodb._tables._data.values():
        if not isinstance(table["items"], defaultdict):
            table["items"] = defaultdict(dict, table["items"])
        dynamodb._items_replaced(table)
    sqs._rebuild_queue_name_index()
