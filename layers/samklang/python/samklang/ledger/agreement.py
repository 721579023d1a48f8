"""Proof of agreement: invoicing's balance = the receivables subledger = account 1510, to the öre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from samklang.invoicing import service as invoicing
from samklang.ledger import service, store
from samklang.ledger.accounts import RECEIVABLES
from samklang.ledger.model import Agreement, Difference
from samklang.ledger.service import FIRST_DAY, LAST_DAY
from samklang.platform import clock
from samklang.platform.money import format_sek

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.platform.access import CompanyAccess


def check(at: CompanyAccess) -> Agreement:
    """Compare the two books invoice by invoice, and the subledger with its account.

    On difference the invoice with the lowest number is named, with what remains of it on each side and
    why: not posted yet, parked with its reason, or really different.
    """
    company_id = at.company_id
    open_invoices = {each.invoice_id: each for each in invoicing.open_invoices(company_id)}
    invoicing_side = {invoice_id: each.remaining for invoice_id, each in open_invoices.items()}
    ledger_side = service.open_remaining(company_id)
    account = service.moved(company_id, FIRST_DAY, LAST_DAY).get(RECEIVABLES, 0)
    subledger = sum(ledger_side.values())
    differing = [
        invoice_id
        for invoice_id in invoicing_side.keys() | ledger_side.keys()
        if invoicing_side.get(invoice_id, 0) != ledger_side.get(invoice_id, 0)
    ]
    first = _first_difference(company_id, differing, invoicing_side, ledger_side) if differing else None
    return Agreement(
        agrees=not differing and subledger == account,
        invoicing_balance=sum(invoicing_side.values()),
        subledger_balance=subledger,
        account_1510=account,
        first_difference=first,
        checked_at=clock.timestamp(),
    )


def _first_difference(
    company_id: str, differing: list[str], invoicing_side: Mapping[str, int], ledger_side: Mapping[str, int]
) -> Difference:
    numbers = {
        invoice_id: invoice.number or 0
        for invoice_id, invoice in invoicing.invoices_by_id(company_id, differing).items()
    }
    invoice_id = min(differing, key=lambda each: numbers.get(each, 0))
    here, there = invoicing_side.get(invoice_id, 0), ledger_side.get(invoice_id, 0)
    parked = next((item for item in store.parked_items(company_id) if invoice_id in item["invoices"]), None)
    cause: Literal["pending", "parked", "differs"]
    if parked:
        cause, detail = "parked", f"{parked['event']} is parked: {parked['detail']}"
    elif invoice_id not in service.posted_invoices(company_id, [invoice_id]):
        cause, detail = "pending", "The invoice is issued and on its way to the ledger."
    else:
        cause = "differs"
        detail = (
            f"{format_sek(here)} remains in invoicing, {format_sek(there)} in the ledger. "
            "A payment may be on its way: check again in a minute."
        )
    return Difference(
        invoice_id=invoice_id,
        invoice_number=numbers.get(invoice_id, 0),
        invoicing_remaining=here,
        ledger_remaining=there,
        cause=cause,
        detail=detail,
    )
