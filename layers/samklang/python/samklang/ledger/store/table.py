"""The table of the books, and how items of one kind are read."""

from __future__ import annotations

from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.settings import setting

FULL_PAGE = 10_000
"""More than a page of 1 MB holds: a long reading takes as few requests as it can."""


def table() -> str:
    """The table's name."""
    return setting("LEDGER_TABLE")


def prefixed_page(company_id: str, prefix: str, cursor: str | None) -> dynamo.Page:
    """A page of a company's items with keys that begin with ``prefix``, in the order of keys."""
    return dynamo.query(table(), company_key(company_id), prefix, limit=FULL_PAGE, cursor=cursor)
