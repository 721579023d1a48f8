"""Vouchers: ``V#date#series#number``, packed so that a page of 1 MB holds 6,000 of them or more.

| attribute | what |
|---|---|
| t | text |
| r | rows: ``1510:125000;3001:-100000`` |
| s | source, its usual forms shortened |
| c | when it was made, milliseconds since 1970 |
| d | what rows tell beside account and amount: JSON, by the row's place |
| f | ids of the documents it is made from |
| u | who wrote it, if by hand |
| v, x | the voucher it reverses; the voucher that reverses it |

Names and the key's beginning are one letter because they are stored, and paid for, with every voucher.
"""

from __future__ import annotations

import functools
import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.model.vouchers import (
    Amounts,
    Details,
    RowDetail,
    Voucher,
    VoucherPage,
    check_balance,
    details_of,
    rows_of,
)
from samklang.ledger.store.table import FULL_PAGE, table
from samklang.platform import clock, dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "V#"

_SOURCES = {
    "i": ("invoice/inv_", "/issued"),
    "p": ("payment/pay_", "/registered"),
    "r": ("payment/pay_", "/reversed"),
}
"""The forms that nearly all sources have, by the letter they are kept under."""


def voucher_id(day: date, series: str, number: int) -> str:
    """``2026-11-23.K.42``: a voucher's id tells where it is."""
    return f"{day}.{series}.{number}"


def voucher_key(identifier: str) -> str | None:
    """Where a voucher is kept; none if the id is no voucher's."""
    day, _, rest = identifier.partition(".")
    series, _, number = rest.partition(".")
    return f"{_PREFIX}{day}#{series}#{int(number):08d}" if number.isascii() and number.isdigit() else None


def put_voucher(transaction: Transaction, company_id: str, voucher: Voucher, amounts: Amounts) -> None:
    """A new voucher."""
    check_balance(amounts)
    item = {
        "pk": company_key(company_id),
        "sk": voucher_key(voucher.voucher_id),
        "t": voucher.text,
        "r": pack_amounts(amounts),
        "s": _pack_source(voucher.source) if voucher.source else None,
        "c": round(datetime.fromisoformat(voucher.created_at).timestamp() * 1000),
        "d": pack_details(details_of(voucher.rows)),
        "f": voucher.documents or None,
        "u": voucher.created_by,
        "v": voucher.reverses,
    }
    transaction.put(f"voucher/{voucher.voucher_id}", table(), item)


def mark_reversed(transaction: Transaction, company_id: str, identifier: str, reversed_by: str) -> None:
    """Refer from a voucher to the one that takes it back (bokföringslagen 5 kap. 5 §), once."""
    key = (company_key(company_id), voucher_key(identifier) or "")
    expect = {"x": dynamo.MISSING, "pk": key[0]}
    transaction.update(f"reversed/{identifier}", table(), key, put={"x": reversed_by}, expect=expect)


def pack_amounts(amounts: Amounts) -> str:
    """Rows in one string."""
    return ";".join(f"{account}:{amount}" for account, amount in amounts)


def unpack_amounts(packed: str) -> Amounts:
    """Rows from :func:`pack_amounts`."""
    rows = (row.split(":") for row in packed.split(";"))
    return [(account, int(amount)) for account, amount in rows]


def pack_details(details: Details) -> str | None:
    """What rows tell beside account and amount, as JSON."""
    if not details:
        return None
    return json.dumps(
        {index: [each.text, each.quantity, each.objects] for index, each in details.items()},
        separators=(",", ":"),
        ensure_ascii=False,
    )


def unpack_details(packed: str | None) -> Details:
    """What rows tell, from :func:`pack_details`."""
    if not packed:
        return {}
    return {
        int(index): RowDetail(text, quantity, tuple((dimension, name) for dimension, name in objects))
        for index, (text, quantity, objects) in json.loads(packed).items()
    }


def _pack_source(source: str) -> str:
    for letter, (before, after) in _SOURCES.items():
        if match := re.fullmatch(f"{before}([0-9a-z]+){after}", source):
            return letter + match[1]
    return source


def _source(item: Item) -> str | None:
    kept: str | None = item.get("s")
    # A source in full has a slash; a shortened one is the letter of its form and an id.
    if kept is None or "/" in kept:
        return kept
    before, after = _SOURCES[kept[0]]
    return f"{before}{kept[1:]}{after}"


def _created_at(item: Item) -> str:
    return clock.timestamp(datetime.fromtimestamp(item["c"] / 1000, UTC))


def read_voucher(item: Item) -> Voucher:
    """A voucher from its item of the table."""
    _, day, series, number = item["sk"].split("#")
    return Voucher.model_validate(
        {
            "voucher_id": voucher_id(date.fromisoformat(day), series, int(number)),
            "series": series,
            "number": int(number),
            "date": day,
            "text": item["t"],
            "rows": rows_of(unpack_amounts(item["r"]), unpack_details(item.get("d"))),
            "source": _source(item),
            "created_at": _created_at(item),
            "created_by": item.get("u"),
            "documents": item.get("f", []),
            "reverses": item.get("v"),
            "reversed_by": item.get("x"),
        }
    )


def voucher(company_id: str, identifier: str) -> Voucher | None:
    """One voucher."""
    key = voucher_key(identifier)
    item = dynamo.get(table(), company_key(company_id), key) if key else None
    return read_voucher(item) if item else None


def vouchers_by_id(company_id: str, identifiers: Iterable[str]) -> dict[str, Voucher]:
    """Those of the vouchers that exist."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, key) for each in identifiers if (key := voucher_key(each))])
    read = map(read_voucher, found.values())
    return {each.voucher_id: each for each in read}


def vouchers(
    company_id: str, first: date | None, last: date | None, limit: int, cursor: str | None
) -> VoucherPage:
    """A page of vouchers by date."""
    page = _between(company_id, first or date.min, last or date.max, cursor, limit)
    return VoucherPage(items=[read_voucher(item) for item in page.items], next=page.next)


def every_voucher_between(company_id: str, first: date, last: date) -> Iterator[Voucher]:
    """Every voucher from a date to a date, both included, whole, by date."""
    return map(read_voucher, dynamo.every(functools.partial(_between, company_id, first, last)))


def voucher_amounts(company_id: str, first: date, last: date) -> Iterator[Amounts]:
    """The rows of every voucher from a date to a date, both included."""
    for item in dynamo.every(functools.partial(_between, company_id, first, last)):
        yield unpack_amounts(item["r"])


def _between(
    company_id: str, first: date, last: date, cursor: str | None, limit: int = FULL_PAGE
) -> dynamo.Page:
    low, high = f"{_PREFIX}{first}", f"{_PREFIX}{last}#~"
    return dynamo.query_between(table(), company_key(company_id), low, high, limit=limit, cursor=cursor)


class VoucherLines(NamedTuple):
    """A voucher's rows (account, öre), read as they are kept: whether they balance is not asked."""

    voucher_id: str
    source: str | None
    created_at: str
    text: str
    amounts: Amounts


def every_voucher(company_id: str) -> Iterator[VoucherLines]:
    """Every voucher, by date."""
    return lines_between(company_id, date.min, date.max)


def lines_between(company_id: str, first: date, last: date) -> Iterator[VoucherLines]:
    """Every voucher from a date to a date, both included, by date."""
    return map(_lines, dynamo.every(functools.partial(_between, company_id, first, last)))


def _lines(item: Item) -> VoucherLines:
    _, day, series, number = item["sk"].split("#")
    identifier = voucher_id(date.fromisoformat(day), series, int(number))
    return VoucherLines(identifier, _source(item), _created_at(item), item["t"], unpack_amounts(item["r"]))


def vouchers_made_at(company_id: str, voucher_ids: Iterable[str]) -> dict[str, str]:
    """When those of the vouchers that exist were made: id to time."""
    pk = company_key(company_id)
    keys = {(pk, voucher_key(each) or ""): each for each in voucher_ids}
    return {keys[key]: _created_at(item) for key, item in dynamo.batch_get(table(), keys).items()}
