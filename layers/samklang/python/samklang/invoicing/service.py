"""What other contexts may ask of invoicing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing.store import invoices as store
from samklang.invoicing.store import registers, series

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.collaboration.model import CompanyDetails
    from samklang.invoicing.model.invoices import Invoice, LedgerState, OpenInvoice
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


def issued_invoice(company_id: str, number: int) -> Invoice | None:
    """The issued invoice or credit note with this number, if there is one."""
    found = series.invoice_ids(company_id, [number])
    return store.invoice(company_id, found[number]) if found else None


def issued_images(company_id: str) -> Iterator[Item]:
    """Every issued invoice and credit note as it is kept, by number: what the stream once told of them."""
    return store.issued_items(company_id)


def customer_images(company_id: str) -> Iterator[Item]:
    """Every customer as it is kept: what the stream once told of them."""
    return registers.images(company_id, "customer")


def invoices_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Invoice]:
    """Those of the invoices that exist."""
    return store.invoices_by_id(company_id, invoice_ids)


def change_remaining(transaction: Transaction, company_id: str, invoice: Invoice, change: int) -> None:
    """Take a payment off what remains of an invoice (``change`` in öre, below zero), or put it back."""
    store.change_remaining(transaction, company_id, invoice, change)


def set_ledger_state(company_id: str, invoice_id: str, state: LedgerState) -> None:
    """Show the client where the invoice is on the ledger's side."""
    store.set_ledger_state(company_id, invoice_id, state)
