"""How payments and payment files are kept.

Table Invoicing: | COMPANY#id | PAYMENT#id | a payment, registered on either side |
Table Platform: | COMPANY#id | PAYMENT_FILE#id | a payment file and its totals |
| FILE#id | PAYMENT#number | a payment in a file and its match |
| COMPANY#id | BANKREF#key | that a payment of a bank was registered, so that it is only once |
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samklang.payments.model import FilePayment, FileTotals, PaymentFile, PaymentFilePage, Refusal
from samklang.platform import clock, dynamo
from samklang.platform.access import Party, User, company_key
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samklang.platform.dynamo import Item, Transaction


def _invoicing() -> str:
    return setting("INVOICING_TABLE")


def _platform() -> str:
    return setting("PLATFORM_TABLE")


# ---------------------------------------------------------------- payments in invoicing


def put_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """A new payment."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PAYMENT#{payment_id}",
        "kind": "payment",
        "id": payment_id,
        **values,
    }
    transaction.put("payment", _invoicing(), item)


def reverse_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """Mark a payment as taken back, once."""
    key = (company_key(company_id), f"PAYMENT#{payment_id}")
    expect = {"reversal_date": dynamo.MISSING, "id": payment_id}
    transaction.update("payment", _invoicing(), key, put=values, expect=expect)


def payment(company_id: str, payment_id: str) -> Item | None:
    """One payment, as invoicing keeps it."""
    return dynamo.get(_invoicing(), company_key(company_id), f"PAYMENT#{payment_id}")


def payments_before(company_id: str, before: str, limit: int) -> list[Item]:
    """Payments with ids below ``before``, newest first."""
    return dynamo.query_below(_invoicing(), company_key(company_id), "PAYMENT#", before, limit)


def items(company_id: str) -> Iterator[Item]:
    """Every payment, oldest first."""
    return dynamo.every(functools.partial(_payment_page, company_id))


def _payment_page(company_id: str, cursor: str | None) -> dynamo.Page:
    return dynamo.query(_invoicing(), company_key(company_id), "PAYMENT#", cursor=cursor)


def payments_by_id(company_id: str, payment_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the payments that are in invoicing."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_invoicing(), [(pk, f"PAYMENT#{each}") for each in payment_ids])
    return {item["id"]: item for item in found.values()}


# ---------------------------------------------------------------- payment files


def put_file(transaction: Transaction, company_id: str, file: PaymentFile, user: User) -> None:
    """A payment file to come, and who asked for it."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PAYMENT_FILE#{file.file_id}",
        "kind": "payment_file",
        "user_id": user.user_id,
        "request_id": user.request_id,
        **file.model_dump(mode="json", exclude={"payments", "totals", "refusal", "format"}),
    }
    transaction.put("payment_file", _platform(), item)


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who asked to upload a file, and for which party."""

    user: User
    party: Party


_FINAL = {"done", "refused", "interrupted"}


def claim(company_id: str, file_id: str, version: str) -> Uploader | None:
    """Who asked to upload a file, if it is not dealt with and this object version is its first upload.

    Which upload is the first is settled here, once.
    """
    key = (company_key(company_id), f"PAYMENT_FILE#{file_id}")
    item = dynamo.get(_platform(), *key)
    if item is None or item["status"] in _FINAL:
        return None
    if "object_version" not in item:
        transaction = dynamo.Transaction()
        values = {"object_version": version, "status": "reading"}
        transaction.update("file", _platform(), key, put=values, expect={"object_version": dynamo.MISSING})
        try:
            dynamo.retrying(transaction.commit)
        except dynamo.ConditionFailed:
            return claim(company_id, file_id, version)
    elif item["object_version"] != version:
        return None
    return Uploader(User(item["user_id"], item["request_id"]), item["uploaded_by"])


def set_file(company_id: str, file_id: str, values: Mapping[str, Any]) -> None:
    """How far the reading of a file has come."""
    dynamo.set_attributes(_platform(), (company_key(company_id), f"PAYMENT_FILE#{file_id}"), values)


def file(company_id: str, file_id: str) -> PaymentFile | None:
    """A payment file with all its payments."""
    item = dynamo.get(_platform(), company_key(company_id), f"PAYMENT_FILE#{file_id}")
    if item is None:
        return None
    fetch = functools.partial(_file_page, file_id)
    payments = [FilePayment.model_validate_json(row["body"]) for row in dynamo.every(fetch)]
    return _read_file(item, payments)


def _file_page(file_id: str, cursor: str | None) -> dynamo.Page:
    return dynamo.query(_platform(), f"FILE#{file_id}", "PAYMENT#", limit=1000, cursor=cursor)


def files(company_id: str, limit: int, cursor: str | None) -> PaymentFilePage:
    """A page of payment files, newest first, without their payments."""
    pk = company_key(company_id)
    page = dynamo.query(_platform(), pk, "PAYMENT_FILE#", limit=limit, cursor=cursor, descending=True)
    return PaymentFilePage(items=[_read_file(item, []) for item in page.items], next=page.next)


def _read_file(item: Item, payments: list[FilePayment]) -> PaymentFile:
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


def file_payments(file_id: str) -> dict[int, FilePayment]:
    """The payments of a file dealt with so far, by their place in it."""
    fetch = functools.partial(_file_page, file_id)
    return {
        int(row["sk"].removeprefix("PAYMENT#")): FilePayment.model_validate_json(row["body"])
        for row in dynamo.every(fetch)
    }


def file_payment(file_id: str, place: int) -> FilePayment:
    """What became of a payment in a file that has been dealt with."""
    item = dynamo.get(_platform(), f"FILE#{file_id}", f"PAYMENT#{place:07d}")
    assert item is not None  # its writer said so
    return FilePayment.model_validate_json(item["body"])


def put_file_payment(transaction: Transaction, file_id: str, place: int, payment: FilePayment) -> None:
    """What became of a payment in a file."""
    item = {
        "pk": f"FILE#{file_id}",
        "sk": f"PAYMENT#{place:07d}",
        "kind": "file_payment",
        "body": payment.model_dump_json(),
    }
    transaction.put("file_payment", _platform(), item)


def known_payments(company_id: str, keys: Iterable[str]) -> set[str]:
    """Those of the bank payments that were registered before."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_platform(), [(pk, f"BANKREF#{key}") for key in keys])
    return {sk.removeprefix("BANKREF#") for _, sk in found}


def put_bank_payment(transaction: Transaction, company_id: str, key: str, file_id: str, place: int) -> None:
    """A payment of a bank, dealt with this once."""
    item = {
        "pk": company_key(company_id),
        "sk": f"BANKREF#{key}",
        "kind": "bank_payment",
        "file_id": file_id,
        "place": place,
        "at": clock.timestamp(),
    }
    transaction.put("bank_payment", _platform(), item)
