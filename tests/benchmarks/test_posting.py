"""Stream to ledger: invoices and payments posted a second, and write units each, by the size of the batch.

A company's changes are folded into as few transactions as fit: the larger the batch, the less each costs.
Ratios count, not seconds; the units are those of ``tests/cloud/test_write_units.py``.
"""

import time
from itertools import batched
from typing import TYPE_CHECKING

import pytest

from samklang.invoicing import issuing
from samklang.invoicing.service import invoices_by_id
from samklang.ledger import sync
from samklang.platform import logs
from tests.cloud import test_write_units
from tests.cloud.test_write_units import Books

if TYPE_CHECKING:
    from collections.abc import Callable

    from samklang.platform.streams import Change

books = test_write_units.books
"""The fixture."""


@pytest.fixture(autouse=True)
def _without_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the function's, which writes them once for each batch."""
    monkeypatch.setattr(logs.metrics, "add_metric", lambda *_, **__: None)
    monkeypatch.setattr(logs.logger, "info", lambda *_, **__: None)


MANY = 200
SIZES = (1, 10, 100)


def _posted(books: Books, changes: "list[Change]", size: int) -> tuple[float, float]:
    """Post changes in batches of a size: how many a second, and write units each."""
    books.meter.taken()
    begun = time.perf_counter()
    for batch in batched(changes, size, strict=False):
        sync.post_changes(test_write_units.COMPANY, batch)
    spent = time.perf_counter() - begun
    return len(changes) / spent, books.meter.taken() / len(changes)


def _table(what: str, books: Books, make: "Callable[[], list[Change]]") -> list[float]:
    """Tell how posting depends on the size of a batch; units by size."""
    print(f"\n{MANY} {what}\nbatch | a second | times batch of 1 | write units each")
    found = [(size, *_posted(books, make(), size)) for size in SIZES]
    slowest = found[0][1]
    for size, speed, units in found:
        print(f"{size:5d} | {speed:8.0f} | {speed / slowest:16.1f} | {units:16.2f}")
    return [units for _, _, units in found]


def _issued(books: Books) -> "list[Change]":
    ids = [books.draft().invoice_id for _ in range(MANY)]
    assert issuing.issue_many(books.at, ids).issued == MANY
    found = [
        change for change in books.changes("InvoicingTable") if test_write_units._wanted_by_ledger(change)
    ]
    assert len(found) == MANY
    return found


def _paid(books: Books) -> "list[Change]":
    """Payments of as many new invoices, which are posted."""
    issued = _issued(books)
    sync.post_changes(test_write_units.COMPANY, issued)
    for change in issued:
        assert change.after is not None
        (invoice,) = invoices_by_id(test_write_units.COMPANY, [change.after["id"]]).values()
        books.pay(invoice)
    found = [
        change for change in books.changes("InvoicingTable") if test_write_units._wanted_by_ledger(change)
    ]
    assert len(found) == MANY
    return found


def test_the_larger_the_batch_the_less_an_invoice_costs_to_post(books: Books) -> None:
    units = _table("invoices of three rows", books, lambda: _issued(books))
    assert units == sorted(units, reverse=True)


def test_the_larger_the_batch_the_less_a_payment_costs_to_post(books: Books) -> None:
    units = _table("payments in full", books, lambda: _paid(books))
    assert units == sorted(units, reverse=True)
