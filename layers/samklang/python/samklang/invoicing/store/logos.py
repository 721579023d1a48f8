"""Logos: each image under its own hash, so that an issued invoice keeps the one it was issued with.

| sk under COMPANY#id | what |
|---|---|
| LOGO#sha256 | an image that has stood on invoices, or may |
| SELLER | which of them new invoices get |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing.store.invoices import SELLER
from samklang.invoicing.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction


def put(transaction: Transaction, company_id: str, digest: str, content: bytes) -> None:
    """An image under its SHA-256."""
    item = {"pk": company_key(company_id), "sk": f"LOGO#{digest}", "kind": "logo", "content": content}
    transaction.replace("logo", table(), item)


def choose(transaction: Transaction, company_id: str, digest: str | None) -> None:
    """Let invoices issued from now on have this logo, or none."""
    transaction.update(
        "seller", table(), (company_key(company_id), SELLER), put={"logo": digest}, expect={"sk": SELLER}
    )


def chosen(company_id: str) -> str | None:
    """Which logo invoices issued now get."""
    item = dynamo.get(table(), company_key(company_id), SELLER)
    return item.get("logo") if item else None


def content(company_id: str, digest: str) -> bytes:
    """An image that was put."""
    item = dynamo.get(table(), company_key(company_id), f"LOGO#{digest}")
    assert item is not None  # never removed: issued invoices refer to it
    return bytes(item["content"])
