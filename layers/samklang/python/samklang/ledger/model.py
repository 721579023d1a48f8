"""Vouchers, open items and the books' head: what they are."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from samklang.invoicing.vat import Treatment
from samklang.ledger.accounts import CHART, CONTROL, AccountKind
from samklang.platform.money import LIMIT, Money, MoneyInput, format_sek
from samklang.platform.problems import FieldError, Problem
from samklang.platform.shapes import Day, Line, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.ledger.cash_method import Parts

AccountingMethod = Literal["invoice", "cash"]
"""Faktureringsmetoden, kontantmetoden."""

Series = Literal["A", "K", "I"]
"""A: by hand. K: customer invoices. I: payments in."""

Side = Annotated[MoneyInput, Field(ge=0, lt=LIMIT)]


class VoucherRow(Shape):
    """One side of a voucher. Öre; one of the two is zero."""

    account: str
    debit: Money = 0
    credit: Money = 0


class VoucherRowInput(Shape):
    """One side of a voucher written by hand."""

    account: Annotated[str, Field(pattern=r"^[1-8][0-9]{3}$")]
    debit: Side = 0
    credit: Side = 0

    @model_validator(mode="after")
    def _one_side(self) -> VoucherRowInput:
        if bool(self.debit) == bool(self.credit):
            raise ValueError("must have either a debit or a credit above zero")
        return self


class VoucherInput(Shape):
    """A voucher written by hand."""

    date: Day
    text: Line
    rows: Annotated[list[VoucherRowInput], Field(min_length=2, max_length=200)]


class Voucher(Shape):
    """A balanced journal entry, numbered in its series; it never changes."""

    voucher_id: str
    series: Series
    number: int
    date: date
    text: str
    rows: list[VoucherRow]
    source: str | None
    """What caused it: ``invoice/<id>/issued``, ``payment/<id>/registered``; none if by hand."""
    created_at: str

    @model_validator(mode="after")
    def _balances(self) -> Voucher:
        check_balance([(row.account, row.debit - row.credit) for row in self.rows])
        return self


class VoucherPage(Shape):
    """Some vouchers."""

    items: list[Voucher]
    next: str | None


class AccountShape(Shape):
    """An account of the chart."""

    account: str
    name: str
    kind: AccountKind
    vat_box: str | None
    """Its box of the VAT return, if it has one."""


class AccountList(Shape):
    """The chart of accounts."""

    items: list[AccountShape]
    next: None = None


class Balance(Shape):
    """An account over a time: debit above zero, credit below."""

    account: str
    name: str
    opening: Money
    change: Money
    closing: Money


class BalanceList(Shape):
    """Every account that has moved."""

    items: list[Balance]
    next: None = None


class ReceivableItem(Shape):
    """An open item as of a date; a credit note's amounts are below zero."""

    invoice_id: str
    invoice_number: int
    customer: str
    total: Money
    remaining: Money
    invoice_date: date
    due_date: date
    age: int
    """Days past due; below zero when not yet due."""


class Receivables(Shape):
    """The receivables subledger as of a date, beside account 1510 on that date."""

    as_of: date
    items: list[ReceivableItem]
    total: Money
    account_1510: Money


class LedgerCustomer(Shape):
    """A customer as the ledger knows it from invoicing, which is its master."""

    customer_id: str
    number: str
    name: str
    org_no: str | None = None
    vat_no: str | None = None
    vat_treatment: Treatment = "domestic"
    active: bool = True
    version: int


class LedgerCustomerPage(Shape):
    """Some customers."""

    items: list[LedgerCustomer]
    next: str | None


class CustomerBalance(LedgerCustomer):
    """A customer with its open items."""

    open_items: list[ReceivableItem]
    balance: Money
    """What the open items come to: owed by the customer, or (below zero) to it."""


class ParkedEvent(Shape):
    """An event that could not be posted, and why."""

    parked_id: str
    event: str
    code: str
    detail: str
    invoices: list[str]
    parked_at: str


class ParkedPage(Shape):
    """Some parked events."""

    items: list[ParkedEvent]
    next: str | None


class RetryResult(Shape):
    """What a retry did: which events were posted, and which are still parked."""

    posted: list[str]
    parked: list[ParkedEvent]


class RetryAllResult(Shape):
    """What a retry of all parked events did."""

    posted: list[str]
    parked: list[ParkedEvent]
    """Those that are refused still, the first hundred; the list of parked events has them all."""
    still_parked: int
    left: int
    """How many there was no time to try: the same request again goes on with them."""


class Difference(Shape):
    """The first event after which the books differ, and what it did in each of them."""

    event: str
    """``invoice/<id>/issued``, ``payment/<id>/registered``, ``payment/<id>/reversed``; ``balance/<month>`` or
    ``credit/<customer id>`` when every event agrees and the sum kept of them does not."""
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
    invoicing_credit: Money
    """What customers have paid above their invoices."""
    ledger_credit: Money
    account_2420: Money
    """A debt, so below zero when the credit is above."""
    first_difference: Difference | None
    checked_at: str


class NightlyAgreement(Agreement):
    """The result of the last nightly check."""

    differs_since: str | None
    """The first of the nights on end in which the books have differed."""


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
    """Why it is parked."""
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


def customer_of(customer_id: str, version: int, body: str) -> LedgerCustomer:
    """A customer from what invoicing keeps of it; what the ledger has no use for is left out.

    Raises:
        TypeError, ValueError: it is no customer.
    """
    given = json.loads(body)
    if not isinstance(given, dict):
        raise TypeError(f"{type(given).__name__} is no customer")
    known = {name: value for name, value in given.items() if name in LedgerCustomer.model_fields}
    return LedgerCustomer.model_validate(known | {"customer_id": customer_id, "version": version})


Amounts = list[tuple[str, int]]
"""A voucher's rows inside: (account, öre), debit above zero, credit below."""


def check_balance(amounts: Sequence[tuple[str, int]]) -> None:
    """Refuse rows whose debit and credit differ (bokföringslagen 5 kap.: double entry).

    Raises:
        Problem: ``unbalanced``.
    """
    difference = sum(amount for _, amount in amounts)
    if difference:
        side = "debit" if difference > 0 else "credit"
        message = f"There is {format_sek(abs(difference))} too much on the {side} side."
        raise Problem("unbalanced", message, (FieldError("/rows", "unbalanced", message),))


def check_accounts(amounts: Sequence[tuple[str, int]]) -> None:
    """Refuse accounts that are not in the chart.

    Raises:
        Problem: ``unknown-account``, naming each.
    """
    errors = tuple(
        FieldError(f"/rows/{index}/account", "unknown", f"Account {account} is not in the chart of accounts.")
        for index, (account, _) in enumerate(amounts)
        if account not in CHART
    )
    if errors:
        raise Problem("unknown-account", errors[0].message, errors)


def check_no_control_account(amounts: Sequence[tuple[str, int]]) -> None:
    """Refuse by hand the accounts that always equal a subledger, which a voucher by hand does not reach.

    Raises:
        Problem: ``control-account``.
    """
    for index, (account, _) in enumerate(amounts):
        if account in CONTROL:
            message = f"Account {account} follows {CONTROL[account]}."
            raise Problem(
                "control-account", message, (FieldError(f"/rows/{index}/account", "control", message),)
            )


OPEN = "9999-12-31"
"""``closed_on`` of an item that is still open."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A change of what remains of an open item: a payment (below zero), its reversal, or a credit.

    A credit is entered twice, on the invoice (below zero) and on its credit note: it moves nothing on the
    account, since the credit note's own total did that.
    """

    date: date
    amount: int
    cause: str
    """The event: ``payment/<id>/registered``, ``payment/<id>/reversed``, ``invoice/<credit note>/issued``."""


@dataclass(slots=True)
class Receivable:
    """An open item of the subledger: the total and everything that changed it since. Öre.

    A credit note is an item of its own, its total below zero.
    """

    invoice_id: str
    number: int
    customer_id: str
    customer_name: str
    invoice_date: date
    due_date: date
    total: int
    voucher_id: str | None
    """None by the cash method, where a sale is posted when it is paid."""
    request_id: str
    entries: list[Entry] = field(default_factory=list)
    sold: Parts = field(default_factory=dict)
    """By the cash method: what the sale was made of, by account."""
    sale: Parts = field(default_factory=dict)
    """By the cash method: what credit notes have left of it, to be paid or paid."""
    posted: Parts = field(default_factory=dict)
    """By the cash method: what of the sale is posted."""
    version: int = 0

    @property
    def remaining(self) -> int:
        """What remains, all entries counted."""
        return self.total + sum(entry.amount for entry in self.entries)

    def remaining_on(self, day: date) -> int:
        """What remained at the end of a day; below zero when it was paid before it was invoiced."""
        invoiced = self.total if self.invoice_date <= day else 0
        return invoiced + sum(entry.amount for entry in self.entries if entry.date <= day)

    @property
    def paid(self) -> dict[str, int]:
        """What each payment has taken off it, its reversal counted: payment id to öre."""
        return self._taken_off_by("payment")

    @property
    def credited(self) -> dict[str, int]:
        """What each credit note has taken off it: credit note's id to öre.

        Of a credit note itself, what of it is used up: its own id to öre below zero.
        """
        return self._taken_off_by("invoice")

    def _taken_off_by(self, kind: str) -> dict[str, int]:
        taken: dict[str, int] = {}
        for entry in self.entries:
            what, identifier, _ = entry.cause.split("/")
            if what == kind:
                taken[identifier] = taken.get(identifier, 0) - entry.amount
        return taken

    @property
    def closed_on(self) -> str:
        """The day from which nothing remains; :data:`OPEN` while something does."""
        if self.remaining:
            return OPEN
        return max([self.invoice_date, *(entry.date for entry in self.entries)]).isoformat()


@dataclass(slots=True)
class Books:
    """The head of a company's books. Every posting raises its version, so postings happen one by one."""

    fiscal_years: list[tuple[date, date]]
    method: AccountingMethod
    closed_until: date | None
    next_numbers: dict[str, int]
    version: int
    parked: int = 0
    """Events that could not be posted; customers, which are kept beside the books, are not counted."""
    parked_since: str | None = None
    """From when on there has been something parked all the time."""

    def count_parked(self, change: int, at: str) -> None:
        """One event more (``change`` 1) is parked, or one less (-1)."""
        self.parked += change
        self.parked_since = (self.parked_since or at) if self.parked else None

    def fiscal_year(self, day: date) -> date:
        """The start of the fiscal year a day is in.

        Raises:
            Problem: ``outside-fiscal-year`` or ``closed-period``.
        """
        for start, end in self.fiscal_years:
            if start <= day <= end:
                if self.closed_until and day <= self.closed_until:
                    raise Problem(
                        "closed-period", f"The books are closed to {self.closed_until}; {day} is before that."
                    )
                return start
        raise Problem(
            "outside-fiscal-year", f"No fiscal year has {day}. Open the fiscal year or change the date."
        )

    def next_number(self, series: Series, day: date) -> int:
        """The next number of a series in the fiscal year of a day.

        Raises:
            Problem: as :meth:`fiscal_year`.
        """
        return self.next_numbers.get(f"{self.fiscal_year(day)}#{series}", 1)

    def take_number(self, series: Series, day: date) -> int:
        """The next number, taken.

        Raises:
            Problem: as :meth:`fiscal_year`.
        """
        number = self.next_number(series, day)
        self.next_numbers[f"{self.fiscal_year(day)}#{series}"] = number + 1
        return number
