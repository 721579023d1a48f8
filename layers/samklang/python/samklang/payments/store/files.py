"""Payment files.

Table Platform:

| pk | sk | what |
|---|---|---|
| COMPANY#id | PAYMENT_FILE#id | a payment file and its totals |
| FILE#id | PART#first place | the bank payments a part of a file told, a letter each for what was found |
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from samklang.payments.model.files import FileTotals, PaymentFile, PaymentFilePage, Refusal
from samklang.platform import dynamo
from samklang.platform.access import Party, User, company_key
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from samklang.payments.model.files import FilePayment
    from samklang.platform.dynamo import Item, Transaction

Finding = Literal["e", "p", "u", "d"]
"""What was found of a payment: exact, proposed or unmatched; ``d`` for one that came before."""


def _table() -> str:
    return setting("PLATFORM_TABLE")


def _key(company_id: str, file_id: str) -> tuple[str, str]:
    return company_key(company_id), f"PAYMENT_FILE#{file_id}"


# ---------------------------------------------------------------- files


def put(transaction: Transaction, company_id: str, file: PaymentFile, user: User) -> None:
    """A payment file to come, and who asked for it."""
    pk, sk = _key(company_id, file.file_id)
    item = {
        "pk": pk,
        "sk": sk,
        "kind": "payment_file",
        "user_id": user.user_id,
        "request_id": user.request_id,
        **file.model_dump(mode="json", exclude={"payments", "totals", "refusal", "format"}),
    }
    transaction.put("payment_file", _table(), item)


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who asked to upload a file, and for which party; None for one that the bank dropped."""

    user: User
    party: Party | None


_FINAL = {"done", "refused", "interrupted"}


def claim(company_id: str, file_id: str, version: str) -> Uploader | None:
    """Who asked to upload a file, if it is not dealt with and this object version is its first upload.

    Which upload is the first is settled here, once.
    """
    key = _key(company_id, file_id)
    item = dynamo.get(_table(), *key)
    if item is None or item["status"] in _FINAL:
        return None
    if "object_version" not in item:
        transaction = dynamo.Transaction()
        values = {"object_version": version, "status": "reading"}
        transaction.update("file", _table(), key, put=values, expect={"object_version": dynamo.MISSING})
        try:
            dynamo.retrying(transaction.commit)
        except dynamo.ConditionFailed:
            return claim(company_id, file_id, version)
    elif item["object_version"] != version:
        return None
    party = None if item["uploaded_by"] == "bank" else item["uploaded_by"]
    return Uploader(User(item["user_id"], item["request_id"]), party)


def set_values(company_id: str, file_id: str, values: Mapping[str, Any]) -> None:
    """How far the reading of a file has come."""
    dynamo.set_attributes(_table(), _key(company_id, file_id), values)


def file(company_id: str, file_id: str) -> PaymentFile | None:
    """A payment file, without its payments."""
    item = dynamo.get(_table(), *_key(company_id, file_id))
    return _read(item, []) if item else None


def files(company_id: str, limit: int, cursor: str | None) -> PaymentFilePage:
    """A page of payment files, newest first, without their payments."""
    pk = company_key(company_id)
    page = dynamo.query(_table(), pk, "PAYMENT_FILE#", limit=limit, cursor=cursor, descending=True)
    return PaymentFilePage(items=[_read(item, []) for item in page.items], next=page.next)


def _read(item: Item, payments: list[FilePayment]) -> PaymentFile:
    totals, refusal = item.get("totals"), item.get("refusal")
    return PaymentFile(
        file_id=item["file_id"],
        filename=item["filename"],
        status=item["status"],
        format=item.get("format"),
        uploaded_by=item["uploaded_by"],
        created_at=item["created_at"],
        totals=FileTotals.model_validate_json(totals) if totals else None,
        payments=payments,
        refusal=Refusal.model_validate_json(refusal) if refusal else None,
    )


# ---------------------------------------------------------------- what they told


class Told(NamedTuple):
    """A payment in a file: its place from 1, its id, and what was found of it."""

    place: int
    bank_payment_id: str
    finding: Finding


def put_part(transaction: Transaction, file_id: str, part: Sequence[Told]) -> None:
    """What a part of a file told: payments that follow on each other, dealt with in this transaction."""
    first = part[0].place
    item = {
        "pk": f"FILE#{file_id}",
        "sk": f"PART#{first:07d}",
        "kind": "file_part",
        "ids": ",".join(each.bank_payment_id for each in part),
        "findings": "".join(each.finding for each in part),
    }
    transaction.put("file_part", _table(), item)


def part(file_id: str, first: int) -> list[Told]:
    """The part of a file that begins at a place and was dealt with."""
    item = dynamo.get(_table(), f"FILE#{file_id}", f"PART#{first:07d}")
    assert item is not None  # its writer said so
    return list(_read_part(item))


def told(file_id: str, first: int = 1) -> Iterator[Told]:
    """What was told by the parts of a file that were dealt with, from a place on, in order."""
    # A part is no longer than a transaction, so the one that holds the place begins at most that far before.
    low = f"PART#{max(first - dynamo.MAX_OPERATIONS, 0):07d}"
    for item in dynamo.every(functools.partial(_parts, file_id, low)):
        yield from (each for each in _read_part(item) if each.place >= first)


def _parts(file_id: str, low: str, cursor: str | None) -> dynamo.Page:
    return dynamo.query_between(_table(), f"FILE#{file_id}", low, "PART#~", cursor=cursor)


def _read_part(item: Item) -> Iterator[Told]:
    place = int(item["sk"].removeprefix("PART#"))
    for number, (identifier, finding) in enumerate(
        zip(item["ids"].split(","), item["findings"], strict=True), place
    ):
        yield Told(number, identifier, finding)
