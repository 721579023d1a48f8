"""The Idempotency-Key, kept in the same transaction as the effect.

A key belongs to one user for two days. The same request again gets the stored answer; another request
under the same key is refused. Since key and effect are one write, a crash leaves both or neither.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samklang.platform import dynamo
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from samklang.platform.access import User

_KEPT_SECONDS = 2 * 24 * 3600
_VALID = re.compile(r"[!-~]{1,200}", re.ASCII)
_LABEL = "idempotency-key"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The key and the fingerprint of the request it stands for."""

    key: str
    fingerprint: str
    status: int
    """The HTTP status of the answer when all goes well."""


class Replay(Exception):  # noqa: N818 - it carries an answer
    """The request was done before: here is what it answered."""

    def __init__(self, status: int, body: str) -> None:
        self.status, self.body = status, body
        super().__init__("already done")


def read_key(value: str, method: str, path: str, body: str, status: int) -> IdempotencyKey:
    """The key of a request.

    Raises:
        Problem: ``idempotency-key-invalid``.
    """
    if not _VALID.fullmatch(value):
        raise Problem("idempotency-key-invalid", "Send 1 to 200 visible ASCII characters, such as a UUID.")
    fingerprint = hashlib.sha256(f"{method} {path}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()
    return IdempotencyKey(value, fingerprint, status)


def commit[Answer: BaseModel](transaction: dynamo.Transaction, user: User, answer: Answer) -> Answer:
    """Do the transaction, with the user's idempotency key and this answer in it.

    Raises:
        Replay: the same request was done before.
        Problem: ``idempotency-key-reused``, ``busy``.
        ConditionFailed: other conditions of the transaction did not hold.
    """
    if user.idempotency:
        transaction.put(_LABEL, setting("PLATFORM_TABLE"), _item(user, user.idempotency, answer))
    try:
        # The same operations again do no harm: their conditions guard them.
        dynamo.retrying(transaction.commit)
    except dynamo.ConditionFailed as failure:
        if user.idempotency and _LABEL in failure.labels:
            _replay(failure.items[_LABEL], user.idempotency)
        raise
    return answer


def carry_out[Answer: BaseModel](user: User, make: Callable[[dynamo.Transaction], Answer]) -> Answer:
    """Make an answer and the writes that go with it, and commit both; anew if somebody else wrote meanwhile.

    Args:
        user: whose request it is.
        make: reads what it needs, adds its writes to the transaction and returns the answer; it is called
            again, with an empty transaction, when a condition did not hold.

    Raises:
        Replay, Problem: as :func:`commit`.
    """

    def attempt() -> Answer:
        transaction = dynamo.Transaction()
        answer = make(transaction)
        try:
            return commit(transaction, user, answer)
        except dynamo.ConditionFailed as failure:
            raise dynamo.Contention(str(failure)) from failure

    return dynamo.retrying(attempt)


def replay_if_done(user: User) -> None:
    """Raise what this request answered before, if it was done; called when it is about to be refused.

    Raises:
        Replay: the same request was done before.
        Problem: ``idempotency-key-reused``.
    """
    if user.idempotency:
        stored = dynamo.get(setting("PLATFORM_TABLE"), *_key(user, user.idempotency))
        if stored:
            _replay(stored, user.idempotency)


def _key(user: User, key: IdempotencyKey) -> tuple[str, str]:
    return f"REQUEST#{user.user_id}#{key.key}", "ANSWER"


def _item(user: User, key: IdempotencyKey, answer: BaseModel) -> dict[str, Any]:
    pk, sk = _key(user, key)
    return {
        "pk": pk,
        "sk": sk,
        "kind": "answer",
        "fingerprint": key.fingerprint,
        "status": key.status,
        # Compressed, an ordinary answer stays within the 1 KB that one write unit holds.
        "body": zlib.compress(_as_sent(answer)),
        # Real time, not the movable clock: DynamoDB removes by real time.
        "expires_at": int(time.time()) + _KEPT_SECONDS,
    }


def _replay(stored: dict[str, Any], key: IdempotencyKey) -> None:
    if stored["fingerprint"] != key.fingerprint:
        raise Problem(
            "idempotency-key-reused",
            "This key stands for another request of yours. Use a new key for a new request.",
        )
    raise Replay(stored["status"], zlib.decompress(stored["body"]).decode())


def _as_sent(answer: BaseModel) -> bytes:
    return json.dumps(answer.model_dump(mode="json"), separators=(",", ":"), ensure_ascii=False).encode()
