"""Proof of agreement: invoicing's balance = the receivables subledger = account 1510, to the öre.

And of what customers have paid above their invoices: invoicing's = the ledger's = account 2420. By the cash
method account 1510 is what the year-end entries have put there and is not settled; what is posted of each
sale is what is paid of it, and that.

The ledger alone has the payables: what is owed to suppliers = account 2440.

Books that agree cost one query each of the open invoices, the open items and both sides' customers' credit,
the head of the books, and the balances of the months. Histories are read only of what differs.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger import accounts_proof, cash_method, histories
from samklang.ledger.accounts import CUSTOMER_CREDIT, PAYABLES, RECEIVABLES
from samklang.ledger.balances import FIRST_DAY, LAST_DAY, moved
from samklang.ledger.explanations import difference, explain_all, payment_of, what
from samklang.ledger.model.agreement import Agreement, Difference
from samklang.ledger.payables import open_items as payables
from samklang.ledger.store import books, customer_credit, loading
from samklang.ledger.store import receivables as kept_receivables
from samklang.payments import service as payments
from samklang.platform import clock
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.ledger.histories import Histories
    from samklang.ledger.model.books import AccountingMethod
    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item


def check(at: CompanyAccess) -> Agreement:
    """Compare the two books invoice by invoice, and the subledgers with their accounts.

    Raises:
        Problem: ``not-active`` before the start guide is finished.
    """
    if at.collaboration["status"] == "start_guide":
        raise Problem("not-active", "Finish the start guide first: there are no books yet.")
    return examine(at.company_id).agreement


@dataclass(frozen=True, slots=True)
class Examination:
    """Whether the books agree, and all that shows that they do not."""

    agreement: Agreement
    differences: list[Difference]
    """In the order of time."""


def examine(company_id: str) -> Examination:
    """Compare the books; on difference the first event after which they differ is named, and why.

    Indexes lag for a moment behind what was just written, and the books are not read in one moment: what
    seems to differ is read again from the items themselves, and sums that differ without any event that
    does are read anew after a pause.
    """
    for pause in (*_PAUSES, None):
        sides = _read(company_id)
        differences, done = _differences(company_id, sides, last=pause is None)
        if done or pause is None:
            break
        time.sleep(pause)
    return Examination(_agreement(sides, differences), differences)


_PAUSES = (0.1, 0.3)


@dataclass(slots=True)
class _Sides:
    """What both books hold of one company. Öre."""

    method: AccountingMethod
    invoices: dict[str, int]
    """What remains of invoices in invoicing, by id; those not named have nothing remaining."""
    items: dict[str, Receivable]
    """The open items of the ledger."""
    credit_here: dict[str, int]
    credit_there: dict[str, int]
    accounts: dict[str, int]
    unposted: dict[str, int]
    """What waits to be journalised comes to, by account that a subledger keeps."""
    payables: int
    """What the company owes its suppliers, as far as it is posted."""
    differing_invoices: list[str] = field(init=False, default_factory=list)

    @property
    def invoicing_balance(self) -> int:
        """What remains in invoicing."""
        return sum(self.invoices.values())

    @property
    def subledger_balance(self) -> int:
        """What remains in the ledger."""
        return sum(each.remaining for each in self.items.values())

    @property
    def receivables(self) -> int:
        """What account 1510 should be."""
        return self.subledger_balance if self.method == "invoice" else self.booked_balance

    @property
    def booked_balance(self) -> int:
        """By the cash method: what year-end entries have booked of open items and is not settled."""
        return sum(each.booked for each in self.items.values())

    @property
    def accounts_agree(self) -> bool:
        """Whether the accounts are what their subledgers say."""
        return (
            self.payables_agree
            and self.with_unposted(RECEIVABLES) == self.receivables
            and -self.with_unposted(CUSTOMER_CREDIT) == sum(self.credit_there.values())
        )

    @property
    def payables_agree(self) -> bool:
        """Whether account 2440 is what the payables say."""
        return -self.accounts.get(PAYABLES, 0) == self.payables

    def with_unposted(self, account: str) -> int:
        """What an account holds and what waits to be journalised on it."""
        return self.accounts.get(account, 0) + self.unposted.get(account, 0)

    @property
    def differing_customers(self) -> list[str]:
        """Customers whose credit differs."""
        return _differing(self.credit_here, self.credit_there)

    @property
    def wrongly_posted(self) -> list[Receivable]:
        """By the cash method: open items of which not what is paid is posted."""
        if self.method == "invoice":
            return []
        return [each for each in self.items.values() if each.posted != _to_be_posted(each)]

    @property
    def differ(self) -> bool:
        """Whether anything differs."""
        return bool(
            self.differing_invoices
            or self.differing_customers
            or self.wrongly_posted
            or not self.accounts_agree
        )


def _to_be_posted(item: Receivable) -> cash_method.Parts:
    return cash_method.posted_when_paid(item.sale, item.sold, item.due_to_be_posted)


def _read(company_id: str) -> _Sides:
    head = books.books(company_id)
    sides = _Sides(
        method=head.method,
        unposted=head.unposted_amounts,
        invoices={each.invoice_id: each.remaining for each in invoicing.open_invoices(company_id)},
        items={each.invoice_id: each for each in kept_receivables.open_receivables(company_id)},
        credit_here={each.customer_id: each.balance for each in payments.every_credit(company_id)},
        credit_there={each.customer_id: each.balance for each in customer_credit.every_credit(company_id)},
        accounts=moved(company_id, FIRST_DAY, LAST_DAY),
        payables=payables.owed(company_id),
    )
    if not sides.payables_agree:
        sides.payables = payables.owed(company_id, as_written=True)
    seem = _differing(sides.invoices, _remaining(sides.items))
    if seem:
        images = invoicing.images_by_id(company_id, seem)
        sides.invoices |= {each: images[each]["remaining"] if each in images else 0 for each in seem}
        sides.items = {each: item for each, item in sides.items.items() if each not in set(seem)}
        sides.items |= loading.load(company_id, seem).receivables
        sides.differing_invoices = _differing(sides.invoices, _remaining(sides.items))
    return sides


def _remaining(items: dict[str, Receivable]) -> dict[str, int]:
    return {each: item.remaining for each, item in items.items()}


def _differing(here: dict[str, int], there: dict[str, int]) -> list[str]:
    return [each for each in here.keys() | there.keys() if here.get(each, 0) != there.get(each, 0)]


def _agreement(sides: _Sides, differences: list[Difference]) -> Agreement:
    return Agreement(
        agrees=not sides.differ,
        method=sides.method,
        invoicing_balance=sides.invoicing_balance,
        subledger_balance=sides.subledger_balance,
        account_1510=sides.accounts.get(RECEIVABLES, 0),
        unposted_1510=sides.unposted.get(RECEIVABLES, 0),
        invoicing_credit=sum(sides.credit_here.values()),
        ledger_credit=sum(sides.credit_there.values()),
        account_2420=sides.accounts.get(CUSTOMER_CREDIT, 0),
        unposted_2420=sides.unposted.get(CUSTOMER_CREDIT, 0),
        payables_balance=sides.payables,
        account_2440=-sides.accounts.get(PAYABLES, 0),
        first_difference=differences[0] if differences else None,
        checked_at=clock.timestamp(),
    )


# ---------------------------------------------------------------- the first event


def _differences(company_id: str, sides: _Sides, *, last: bool) -> tuple[list[Difference], bool]:
    """What differs, in the order of time, and whether that is all.

    Where every event agrees and what is kept of them does not, that may be because something was written
    between two readings: only the ``last`` try takes it for a fault.
    """
    found = [*_wrongly_posted(company_id, sides.wrongly_posted)]
    left = {*sides.differing_invoices, *sides.differing_customers}
    if left:
        told = histories.read(company_id, sides.differing_invoices, sides.differing_customers)
        differing = told.differing()
        found += explain_all(company_id, told, differing)
        left -= {each.changed for each in differing}
        if last:
            found += [_against_history(sides, told, each) for each in left]
    if last and not sides.accounts_agree:
        found += [*_accounts(company_id, sides)]
    return sorted(found, key=lambda each: each.at or "~"), sides.accounts_agree and not left


def _against_history(sides: _Sides, told: Histories, changed: str) -> Difference:
    """What every event agrees on and what is kept of it does not: the last event is the one that shows it."""
    mine = [each for each in told.changes() if each.changed == changed]
    item = sides.items.get(changed)
    here = sides.invoices.get(changed, 0) + sides.credit_here.get(changed, 0)
    there = (item.remaining if item else 0) + sides.credit_there.get(changed, 0)
    comes_to = format_sek(sum(each.invoicing for each in mine))
    detail = (
        f"Every event agrees and {what(told, changed)} comes to {comes_to} by them, but {format_sek(here)} "
        f"is kept in invoicing and {format_sek(there)} in the ledger."
    )
    if mine:
        return difference(told, mine[-1], "differs", detail)
    return accounts_proof.of_sum(f"credit/{changed}", here, there, detail)


# ---------------------------------------------------------------- by the cash method


def _wrongly_posted(company_id: str, items: list[Receivable]) -> list[Difference]:
    """By the cash method: of each item the first payment of which another amount is posted."""
    ids = {each for item in items for each in item.paid}
    found = loading.load(company_id, (), ids).payments if ids else {}
    return [_first_wrongly_posted(item, found) for item in items]


def _first_wrongly_posted(item: Receivable, found: dict[str, Item]) -> Difference:
    event, at = f"invoice/{item.invoice_id}/issued", item.invoice_date.isoformat()
    amount, posted = 0, sum(item.posted.values()) - item.due_to_be_posted
    for payment_id in item.paid:
        kept = found.get(payment_id, {})
        sales = json.loads(kept.get("sales") or "{}") if "reversal_date" not in kept else {}
        event, at = f"payment/{payment_id}/registered", kept.get("registered_at", at)
        amount = item.sold_by(payment_id)
        posted = sum(sales.get(item.invoice_id, {}).values())
        if amount != posted:
            break
    return Difference(
        event=event,
        at=at,
        invoice_id=item.invoice_id,
        invoice_number=item.number,
        payment_id=payment_of(event),
        invoicing_amount=amount,
        ledger_amount=posted,
        cause="differs",
        detail=(
            f"{format_sek(item.due_to_be_posted)} of the sale is paid or booked at a year's end and "
            f"{format_sek(sum(item.posted.values()))} of it is posted, by account {item.posted}; "
            f"{_to_be_posted(item)} should be (öre)."
        ),
    )


# ---------------------------------------------------------------- the accounts


def _accounts(company_id: str, sides: _Sides) -> list[Difference]:
    """The first voucher at fault on each account that is not what its subledger says."""
    found = []
    if sides.with_unposted(RECEIVABLES) != sides.receivables:
        expected = accounts_proof.of_open_items(company_id, sides.method)
        found.append(accounts_proof.first_fault(company_id, RECEIVABLES, expected))
    if -sides.with_unposted(CUSTOMER_CREDIT) != sum(sides.credit_there.values()):
        expected = accounts_proof.of_credit(company_id)
        fault = accounts_proof.first_fault(company_id, CUSTOMER_CREDIT, expected, sign=-1)
        found.append(fault or accounts_proof.first_kept_credit(company_id, sides.credit_there))
    if not sides.payables_agree:
        account = -sides.accounts.get(PAYABLES, 0)
        detail = (
            f"The payables come to {format_sek(sides.payables)} and account {PAYABLES} is "
            f"{format_sek(account)}: look for a voucher on it that no supplier invoice or payment made."
        )
        found.append(accounts_proof.of_sum("payables", sides.payables, account, detail))
    return [each for each in found if each]
