"""Whether both books agree, and what shows that they do not."""

from __future__ import annotations

from typing import Literal

from samklang.ledger.model.books import AccountingMethod
from samklang.platform.money import Money
from samklang.platform.shapes import Shape


class Difference(Shape):
    """The first event after which the books differ, and what it did in each of them."""

    event: str
    """``invoice/<id>/issued``, ``payment/<id>/registered``, ``payment/<id>/reversed``,
    ``year_end/<first day>/<invoice>``; ``balance/<month>``,
    ``credit/<customer id>`` or ``payables`` when every event agrees and the sum kept of them does not."""
    at: str | None
    """When it happened; none of a sum."""
    invoice_id: str | None
    """The invoice, or credit note, on which it shows."""
    invoice_number: int | None
    payment_id: str | None
    invoicing_amount: Money
    """By how much it changed the invoice, or the customer's credit, in invoicing; zero if it is not there."""
    ledger_amount: Money
    """The same in the ledger."""
    cause: Literal["pending", "parked", "differs"]
    """On its way to the other side, refused by the books for a reason, or a fault."""
    detail: str


class Agreement(Shape):
    """Whether invoicing, the subledgers and their accounts agree."""

    agrees: bool
    method: AccountingMethod
    """By the cash method a sale is posted when it is paid: account 1510 is then zero."""
    invoicing_balance: Money
    subledger_balance: Money
    account_1510: Money
    unposted_1510: Money
    """What waits to be journalised comes to on it: with that it is the subledger's balance."""
    invoicing_credit: Money
    """What customers have paid above their invoices."""
    ledger_credit: Money
    account_2420: Money
    """A debt, so below zero when the credit is above."""
    unposted_2420: Money
    """What waits to be journalised comes to on it."""
    payables_balance: Money
    """What the company owes its suppliers, as far as it is posted."""
    account_2440: Money
    """A debt, above zero here as in the payables."""
    first_difference: Difference | None
    """Of what both books have; what only the ledger has, the payables, has its own sums."""
    checked_at: str


class NightlyAgreement(Agreement):
    """The result of the last nightly check."""

    differs_since: str | None
    """The first of the nights on end in which the books have differed."""
