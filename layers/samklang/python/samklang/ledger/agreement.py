"""Proof of agreement: invoicing's balance = the receivables subledger = account 1510, to the öre."""

from __future__ import annotations

import time
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
    why: not posted yet, parked with its reason, or really different. Indexes lag for a moment behind what
    was just written, so what seems to differ is read again from the items themselves.
    """
    for pause in (*_PAUSES, None):
        found = _compare(at.company_id)
        if found.agrees or found.first_difference or pause is None:
            return found
        # The sums differ and no invoice does: something was posted between two readings.
        time.sleep(pause)
    raise AssertionError("the last pause is None")


_PAUSES = (0.1, 0.3)


def _compare(company_id: str) -> Agreement:
    here = {each.invoice_id: each.remaining for each in invoicing.open_invoices(company_id)}
    there = service.open_remaining(company_id)
    differing = [each for each in here.keys() | there.keys() if here.get(each, 0) != there.get(each, 0)]
    if differing:
        invoices = invoicing.invoices_by_id(company_id, differing)
        here |= {invoice_id: invoice.remaining for invoice_id, invoice in invoices.items()}
        there |= service.posted_invoices(company_id, differing)
        differing = [each for each in differing if here.get(each, 0) != there.get(each, 0)]
    account = service.moved(company_id, FIRST_DAY, LAST_DAY).get(RECEIVABLES, 0)
    subledger = sum(there.values())
    return Agreement(
        agrees=not differing and subledger == account,
        invoicing_balance=sum(here.values()),
        subledger_balance=subledger,
        account_1510=account,
        first_difference=_first_difference(company_id, differing, here, there) if differing else None,
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
            "A payment or a credit note may be on its way: check again in a minute."
        )
    return Difference(
        invoice_id=invoice_id,
        invoice_number=numbers.get(invoice_id, 0),
        invoicing_remaining=here,
        ledger_remaining=there,
        cause=cause,
        detail=detail,
    )
