"""The chart of accounts: shown, added to, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.model.chart import AccountList, AccountShape
from samklang.ledger.postings import Postings
from samklang.ledger.store import chart as store
from samklang.platform import idempotency
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.ledger.model.chart import AccountChange, AccountInput
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction


def accounts(at: CompanyAccess) -> AccountList:
    """The chart of accounts, closed ones too."""
    return AccountList(items=[AccountShape.of(each) for each in store.chart(at.company_id).accounts()])


def add_account(at: CompanyAccess, given: AccountInput) -> AccountShape:
    """Add an account to the chart.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``account-exists``, ``busy``.
    """
    at.require_bureau("change the chart of accounts")
    at.require_active()
    return idempotency.carry_out(
        at.user, lambda transaction: _write(transaction, at, given.account, given, new=True)
    )


def change_account(at: CompanyAccess, number: str, given: AccountChange) -> AccountShape:
    """Rename an account, close it or open it again, or say in which box of the VAT return it is.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``, ``control-account``, ``busy``.
    """
    at.require_bureau("change the chart of accounts")
    at.require_active()
    return idempotency.carry_out(
        at.user, lambda transaction: _write(transaction, at, number, given, new=False)
    )


def _write(
    transaction: Transaction, at: CompanyAccess, number: str, given: AccountChange, *, new: bool
) -> AccountShape:
    # The head's version is raised too: a posting that has read the old chart must not go through.
    postings = Postings(at.company_id)
    known = postings.chart.get(number)
    if new and known:
        raise Problem("account-exists", f"Account {number} is {known.name}. Change it instead.")
    if not new and known is None:
        raise Problem("not-found", f"Account {number} is not in the chart of accounts.")
    chart = postings.chart.changed(number, given)
    store.put_chart(transaction, at.company_id, chart)
    postings.write(transaction)
    return AccountShape.of(chart.changes[number])
