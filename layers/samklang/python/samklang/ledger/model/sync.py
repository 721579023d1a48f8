"""What has happened on either side, and how far it has come on each."""

from __future__ import annotations

from typing import Literal

from samklang.platform.shapes import Shape


class SyncInvoicing(Shape):
    """Where an event is on invoicing's side."""

    state: Literal["done", "pending"]
    at: str | None
    """When it was done, where that is kept: of what came from the ledger it is not."""


class SyncLedger(Shape):
    """Where an event is on the ledger's side."""

    state: Literal["posted", "parked", "pending"]
    voucher: str | None
    """None by the cash method, where a sale is posted when it is paid."""
    reason: str | None
    """Why it is parked, or pending if that is known."""
    parked_id: str | None
    at: str | None
    """When it was posted or parked."""


class SyncEvent(Shape):
    """Something that happened on one side, and how far it has come on each."""

    event: str
    kind: Literal["invoice", "credit_note", "payment", "reversal", "customer"]
    reference: str
    """The invoice's number; the id of a payment or a customer."""
    origin: Literal["invoicing", "ledger"]
    at: str
    invoicing: SyncInvoicing
    ledger: SyncLedger


class SyncPage(Shape):
    """Some events; with a state chosen, perhaps fewer than asked for, though ``next`` leads on."""

    items: list[SyncEvent]
    next: str | None


class NightlySummary(Shape):
    """What the last nightly check found."""

    agrees: bool
    checked_at: str
    differs_since: str | None
    first_difference: str | None
    """The event."""


class CompanySync(Shape):
    """Whether something waits in a company's books."""

    company_id: str
    company_name: str
    parked: int
    """Events that the books refuse; customers that could not be read are not among them."""
    parked_since: str | None
    """From when on there has been something parked all the time."""
    nightly: NightlySummary | None


class CompanySyncPage(Shape):
    """Some of a bureau's companies."""

    items: list[CompanySync]
    next: str | None
