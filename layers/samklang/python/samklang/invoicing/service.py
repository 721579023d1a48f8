"""What other contexts may ask of invoicing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing.store import deliveries, registers, series
from samklang.invoicing.store import invoices as store
from samklang.platform import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.collaboration.model import CompanyDetails
    from samklang.invoicing.model.invoices import DunningState, Invoice, LedgerState, OpenInvoice
    from samklang.invoicing.model.registers import Customer
    from samklang.platform.dynamo import Item, Transaction


def open_series(
    transaction: Transaction,
    company_id: str,
    first_number: int,
    previous_program: str | None,
    details: CompanyDetails,
) -> None:
    """Let a company begin to invoice, from its first number on."""
    series.opened(transaction, company_id, first_number, previous_program)
    store.put_seller(transaction, company_id, details)


def seller(company_id: str) -> CompanyDetails:
    """The company as it stands on its invoices."""
    return store.seller(company_id)


def open_invoices(company_id: str) -> Iterator[OpenInvoice]:
    """All issued invoices and credit notes with something remaining, by date and number."""
    return store.open_invoices(company_id)


def issued_images(company_id: str) -> Iterator[Item]:
    """Every issued invoice and credit note as it is kept, by number: what the stream once told of them."""
    return store.issued_items(company_id)


def customer_images(company_id: str) -> Iterator[Item]:
    """Every customer as it is kept: what the stream once told of them."""
    return registers.images(company_id, "customer")


def invoices_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Invoice]:
    """Those of the invoices that exist."""
    return store.invoices_by_id(company_id, invoice_ids)


def invoice_ids(company_id: str, numbers: Iterable[int]) -> dict[int, str]:
    """The ids of those of the invoices and credit notes that are issued: number to id."""
    return series.invoice_ids(company_id, numbers)


def customer_names(company_id: str, customer_ids: Iterable[str]) -> dict[str, str]:
    """The names of those of the customers that exist: id to name."""
    return {each: entry.name for each, entry in registers.customers_by_id(company_id, customer_ids).items()}


def customers_by_id(company_id: str, customer_ids: Iterable[str]) -> dict[str, Customer]:
    """Those of the customers that exist."""
    return registers.customers_by_id(company_id, customer_ids)


def find_customers(company_id: str, words: str, limit: int) -> list[Customer]:
    """Customers with words that begin as all of these do (name, number, org no), ``limit`` at most."""
    folded = registers.fold(words)
    if not folded:
        return []
    ids, _ = registers.found_ids(company_id, "customer", folded, limit)
    return list(registers.customers_by_id(company_id, ids).values())


def newest_invoices(company_id: str, customer_id: str, limit: int) -> list[str]:
    """The ids of a customer's newest invoices, credit notes and drafts."""
    return store.of_customer(company_id, customer_id, store.BEHIND_ALL, limit)


def change_remaining(
    transaction: Transaction, company_id: str, invoice: Invoice, change: int, *, written_off: bool = False
) -> None:
    """Take a payment off what remains of an invoice (``change`` in öre, below zero), or put it back.

    ``written_off``: it is a bad debt, and no payment.
    """
    store.change_remaining(transaction, company_id, invoice, change, written_off=written_off)


def raise_version(transaction: Transaction, company_id: str, invoice: Invoice) -> None:
    """Let the transaction happen only if the invoice is as it was read, and fail what crosses it."""
    store.raise_version(transaction, company_id, invoice)


def set_ledger_state(company_id: str, invoice_id: str, state: LedgerState) -> None:
    """Show the client where the invoice is on the ledger's side."""
    store.set_ledger_state(company_id, invoice_id, state)


def set_dunning_state(company_id: str, invoice_id: str, state: DunningState) -> None:
    """Show the client which step was taken last for want of payment."""
    store.set_dunning_state(company_id, invoice_id, state)


def count_mails(transaction: Transaction, company_id: str, number: int) -> None:
    """Count e-mails that are queued today.

    Raises:
        Problem: ``too-many-mails`` when the day's are used up.
    """
    deliveries.count(transaction, company_id, clock.today(), number)


def images_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the invoices, credit notes and drafts that exist, as they are kept.

    An issued one's ``issued_at`` tells when that was.
    """
    return store.items_by_id(company_id, invoice_ids)


def newest_images(company_id: str, below: int | None, limit: int) -> list[Item]:
    """Issued invoices and credit notes with numbers below ``below``, the highest first, as they are kept.

    Raises:
        Problem: ``not-active`` before the start guide is finished.
    """
    head = series.series(company_id)
    last = min(below or head.next, head.next)
    ids = series.invoice_ids(company_id, range(max(head.first, last - limit), last))
    found = store.items_by_id(company_id, ids.values())
    return [found[ids[number]] for number in sorted(ids, reverse=True) if ids[number] in found]
