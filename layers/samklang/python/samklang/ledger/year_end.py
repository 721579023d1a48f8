"""The cash method at the end of a fiscal year: what is unpaid is posted, claims and debts with their VAT.

Bokföringslagen 5 kap. 2 §, and mervärdesskattelagen 7 kap.: the VAT of what is unpaid then is reported for
the year's last period. From then on an item is on account 1510, or 2440, and is settled there: neither sale,
cost nor VAT is posted again. The entries have the dormant VAT accounts, which stand in the same boxes.

An item remembers what of it is booked, so that the same year again posts only what has come since.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from samklang.ledger.journal import Journal
from samklang.ledger.model.year_end import YearEndAccount, YearEndItem, YearEndResult
from samklang.ledger.payables import year_end as payables
from samklang.ledger.store import books as kept_books
from samklang.ledger.store import payables as kept_payables
from samklang.ledger.store import receivables as kept_receivables
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import Transaction, retrying
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from samklang.ledger.model.books import Books
    from samklang.ledger.model.receivables import Receivable
    from samklang.ledger.model.vouchers import Voucher
    from samklang.ledger.model.year_end import YearEndInput
    from samklang.ledger.payables.model.payables import Payable
    from samklang.platform.access import CompanyAccess

_SECONDS = 15
"""How long one request goes on before it says what is left."""

_AT_A_TIME = 30
"""Items that are read for one transaction: each takes at most two vouchers and itself."""

_SHOWN = 200

type _Step = Callable[[list[str]], list[tuple[YearEndItem, list[Voucher]]]]
"""Posts as many of the first items as fit in one transaction; an item that needs nothing has no voucher."""


def post(at: CompanyAccess, given: YearEndInput) -> YearEndResult:
    """Post all that was unpaid at the end of a fiscal year and is not posted, or tell what that is.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-cash-method``, ``validation`` for a
            fiscal year that does not exist or could be two, ``period-not-over``, ``closed-period``, ``busy``.
    """
    at.require_bureau("post the year-end entries")
    at.require_active()
    idempotency.replay_if_done(at.user)
    if given.after and not given.dry_run:
        message = "Only a dry run is asked for in parts: what is posted is not posted again."
        raise Problem("validation", message, (FieldError("/after", "not_dry_run", message),))
    head = kept_books.books(at.company_id)
    if head.method != "cash":
        raise Problem(
            "not-cash-method", "By the invoice method all is posted when it is invoiced: nothing is left."
        )
    start, end = _fiscal_year(head, given.fiscal_year)
    if clock.today() <= end:
        raise Problem("period-not-over", f"The fiscal year ends on {end}. Post its entries after that.")
    head.fiscal_year(end)
    run = _Run(at.company_id, start, end, dry_run=given.dry_run, after=given.after)
    result = run.result(head)
    return result if result.left else idempotency.commit(Transaction(), at.user, result)


def _fiscal_year(head: Books, wanted: str) -> tuple[date, date]:
    found = [each for each in head.fiscal_years if wanted in {str(each[0]), str(each[0].year)}]
    if len(found) == 1:
        return found[0]
    there_are = ", ".join(str(start) for start, _ in found or head.fiscal_years)
    if found:
        message = f"{len(found)} fiscal years begin in {wanted}: say which by its first day, {there_are}."
        raise Problem("validation", message, (FieldError("/fiscal_year", "ambiguous", message),))
    message = f"No fiscal year begins in {wanted}. They begin on {there_are}."
    raise Problem("validation", message, (FieldError("/fiscal_year", "unknown", message),))


def unposted(company_id: str, end: date) -> tuple[list[str], list[str]]:
    """Ids of invoices and of supplier invoices that were unpaid at the end of a year and are not posted."""
    customers = [
        each.invoice_id
        for each in kept_receivables.receivables_open_on(company_id, end)
        if each.remaining_on(end) != each.booked_on(end)
    ]
    suppliers = [each.supplier_invoice_id for each in payables.unpaid_items(company_id, end)]
    return customers, suppliers


class _Run:
    """The entries of one fiscal year, a transaction at a time: what is written stays so."""

    def __init__(self, company_id: str, start: date, end: date, *, dry_run: bool, after: str | None) -> None:
        self._company_id, self._start, self._end, self._dry_run = company_id, start, end, dry_run
        self._until = time.monotonic() + _SECONDS
        self._items: list[YearEndItem] = []
        self._moved: dict[str, int] = {}
        self._steps = 0
        self._last = after
        customers, suppliers = unposted(company_id, end)
        self._left = self._go_through("customer", customers, self._customers)
        self._left += self._go_through("supplier", suppliers, self._suppliers)

    def _go_through(self, kind: str, every: list[str], step: _Step) -> int:
        """Post items in the order of their ids while there is time; how many are left."""
        ids = sorted(each for each in every if f"{kind}/{each}" > (self._last or ""))
        while ids and self._has_time:
            found = retrying(lambda some=ids[:_AT_A_TIME]: step(some))  # type: ignore[misc]
            self._last = f"{kind}/{ids[len(found) - 1]}"
            self._steps += 1
            ids = ids[len(found) :]
            for item, vouchers in found:
                if vouchers:
                    self._items.append(item)
                for row in (row for voucher in vouchers for row in voucher.rows):
                    self._moved[row.account] = self._moved.get(row.account, 0) + row.debit - row.credit
        return len(ids)

    @property
    def _has_time(self) -> bool:
        """Whether to go on; a dry run always comes a step further than ``after``."""
        return time.monotonic() < self._until or (self._dry_run and not self._steps)

    # ------------------------------------------------------------ customers

    def _customers(self, ids: list[str]) -> list[tuple[YearEndItem, list[Voucher]]]:
        journal, found = Journal(self._company_id, ids), []
        for invoice_id in ids:
            item = journal.receivables[invoice_id]
            amount = item.remaining_on(self._end) - item.booked_on(self._end)
            cause = f"year_end/{self._start}/{invoice_id}"
            vouchers = journal.book_unpaid(invoice_id, self._end, clock.today(), cause)
            found.append((self._customer_item(item, amount, vouchers), vouchers))
        if not (self._dry_run or journal.empty):
            transaction = Transaction()
            journal.write(transaction)
            transaction.commit_unchanged()
        return found

    def _customer_item(self, item: Receivable, amount: int, vouchers: list[Voucher]) -> YearEndItem:
        return YearEndItem(
            kind="customer",
            item_id=item.invoice_id,
            number=str(item.number),
            name=item.customer_name,
            amount=amount,
            vouchers=self._ids(vouchers),
        )

    # ------------------------------------------------------------ suppliers

    def _suppliers(self, ids: list[str]) -> list[tuple[YearEndItem, list[Voucher]]]:
        journal, transaction = Journal(self._company_id), Transaction()
        found: list[tuple[YearEndItem, list[Voucher]]] = []
        items = kept_payables.payables_by_id(self._company_id, ids)
        for item_id in ids:
            item = items[item_id]
            later = {entry.date for entry in item.entries if entry.date > self._end}
            if found and not journal.has_room(len(transaction.operations) + len(later) + 3):
                break
            vouchers: list[Voucher] = []
            amount = item.remaining_on(self._end)
            if amount and not item.put_on_account:
                vouchers = payables.post_year_end(journal, item, self._end, "L")
                payables.put_item(transaction, self._company_id, item)
            found.append((self._supplier_item(item, amount, vouchers), vouchers))
        if not (self._dry_run or journal.empty):
            journal.write(transaction)
            transaction.commit_unchanged()
        return found

    def _supplier_item(self, item: Payable, amount: int, vouchers: list[Voucher]) -> YearEndItem:
        return YearEndItem(
            kind="supplier",
            item_id=item.supplier_invoice_id,
            number=item.number,
            name=item.supplier,
            amount=amount,
            vouchers=self._ids(vouchers),
        )

    def _ids(self, vouchers: list[Voucher]) -> list[str]:
        return [] if self._dry_run else [each.voucher_id for each in vouchers]

    # ------------------------------------------------------------ what came of it

    def result(self, head: Books) -> YearEndResult:
        """What was posted."""
        chart = Journal(self._company_id).chart
        return YearEndResult(
            start=self._start,
            end=self._end,
            dry_run=self._dry_run,
            count=len(self._items),
            items=self._items[:_SHOWN],
            receivables=sum(each.amount for each in self._items if each.kind == "customer"),
            payables=sum(each.amount for each in self._items if each.kind == "supplier"),
            accounts=[
                YearEndAccount(account=account, name=chart.name(account), amount=amount)
                for account, amount in sorted(self._moved.items())
                if amount
            ],
            parked=head.parked,
            left=self._left,
            next=self._last if self._dry_run and self._left else None,
        )
