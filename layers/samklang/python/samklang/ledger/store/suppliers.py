"""Suppliers: ``SUPPLIER#id``."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

from samklang.ledger.payables.model.suppliers import Supplier, SupplierPage
from samklang.ledger.store.table import prefixed_page, table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "SUPPLIER#"


def put_supplier(transaction: Transaction, company_id: str, supplier: Supplier) -> None:
    """A supplier, new or in place of its version before; label ``supplier``."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_PREFIX}{supplier.supplier_id}",
        "kind": "supplier",
        "version": supplier.version,
        "body": supplier.model_dump_json(exclude={"version"}),
    }
    expect = {"version": supplier.version - 1} if supplier.version > 1 else None
    transaction.put("supplier", table(), item, expect=expect)


def _read(item: Item) -> Supplier:
    return Supplier.model_validate(json.loads(item["body"]) | {"version": item["version"]})


def supplier(company_id: str, supplier_id: str) -> Supplier | None:
    """One supplier."""
    item = dynamo.get(table(), company_key(company_id), f"{_PREFIX}{supplier_id}")
    return _read(item) if item else None


def suppliers_by_id(company_id: str, supplier_ids: Iterable[str]) -> dict[str, Supplier]:
    """Those of the suppliers that exist, by id."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, f"{_PREFIX}{each}") for each in supplier_ids])
    return {each.supplier_id: each for each in map(_read, found.values())}


def every_supplier(company_id: str) -> list[Supplier]:
    """All suppliers, oldest first."""
    return list(map(_read, dynamo.every(functools.partial(prefixed_page, company_id, _PREFIX))))


def suppliers(company_id: str, limit: int, cursor: str | None) -> SupplierPage:
    """A page of suppliers, oldest first."""
    page = dynamo.query(table(), company_key(company_id), _PREFIX, limit=limit, cursor=cursor)
    return SupplierPage(items=[_read(item) for item in page.items], next=page.next)
