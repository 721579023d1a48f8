"""SIE files taken in: ``SIE#<mode>#<import id>``, how far each has come; and ``SIE_NAMES``, what they name.

| item | attributes |
|---|---|
| SIE# | status (writing, done), written (vouchers so far), report (JSON, compressed), prefix |
| SIE_NAMES | names: dimensions, objects and fields of the tax return by account (JSON, compressed) |
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.store.table import table
from samklang.platform import clock, dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction

_NAMES = "SIE_NAMES"
_DONE, _WRITING = "done", "writing"


class Import(NamedTuple):
    """A file that has been begun."""

    done: bool
    written: int
    """Vouchers in the books."""
    report: str
    """JSON."""
    series_prefix: str


def _key(company_id: str, mode: str, import_id: str) -> tuple[str, str]:
    return company_key(company_id), f"SIE#{mode}#{import_id}"


def sie_import(company_id: str, mode: str, import_id: str) -> Import | None:
    """How far a file has come; none if it has not been begun."""
    item = dynamo.get(table(), *_key(company_id, mode, import_id))
    if item is None:
        return None
    report = zlib.decompress(item["report"]).decode()
    return Import(item["status"] == _DONE, item["written"], report, item["prefix"])


def begin(
    transaction: Transaction,
    company_id: str,
    mode: str,
    import_id: str,
    begun: Import,
    user_id: str,
) -> None:
    """A file is begun, or (of balances alone) done at once."""
    pk, sk = _key(company_id, mode, import_id)
    item = {
        "pk": pk,
        "sk": sk,
        "kind": "sie_import",
        "status": _DONE if begun.done else _WRITING,
        "written": begun.written,
        "report": zlib.compress(begun.report.encode()),
        "prefix": begun.series_prefix,
        "begun_at": clock.timestamp(),
        "begun_by": user_id,
    }
    transaction.put("sie", table(), item)


def advance(
    transaction: Transaction, company_id: str, import_id: str, *, written: int, more: int, done: bool
) -> None:
    """So many vouchers more are written in this transaction, if nobody else has written them."""
    key = _key(company_id, "history", import_id)
    put = {"written": written + more, "status": _DONE if done else _WRITING}
    transaction.update("sie", table(), key, put=put, expect={"written": written, "status": _WRITING})


@dataclass(slots=True)
class Names:
    """What imported files name that the books have no other place for."""

    dimensions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(name, dimension above) by number."""
    objects: dict[tuple[str, str], str] = field(default_factory=dict)
    """By (dimension, object)."""
    sru: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields of the income tax return by account."""
    version: int = 0


def names(company_id: str) -> Names:
    """The names; none where no file has told any."""
    item = dynamo.get(table(), company_key(company_id), _NAMES)
    if item is None:
        return Names()
    kept = json.loads(zlib.decompress(item["names"]))
    return Names(
        {number: (name, parent) for number, name, parent in kept["dimensions"]},
        {(dimension, each): name for dimension, each, name in kept["objects"]},
        {account: tuple(codes) for account, codes in kept["sru"].items()},
        item["version"],
    )


def put_names(transaction: Transaction, company_id: str, kept: Names) -> None:
    """The names, if they are as they were read."""
    told = {
        "dimensions": [[number, *each] for number, each in kept.dimensions.items()],
        "objects": [[*key, name] for key, name in kept.objects.items()],
        "sru": kept.sru,
    }
    item = {
        "pk": company_key(company_id),
        "sk": _NAMES,
        "kind": "sie_names",
        "names": zlib.compress(json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()),
        "version": kept.version + 1,
    }
    expect = {"version": kept.version} if kept.version else None
    transaction.put("sie_names", table(), item, expect=expect)
