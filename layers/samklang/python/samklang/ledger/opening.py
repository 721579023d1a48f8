"""Opening balances: what the accounts held when the first fiscal year began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.accounts import CARRIED, CONTROL
from samklang.ledger.balances import is_result
from samklang.ledger.model.opening import Opening, OpeningBalances
from samklang.ledger.model.vouchers import amounts_of, rows_of
from samklang.ledger.postings import Postings
from samklang.ledger.store import books
from samklang.ledger.store import opening as store
from samklang.platform import clock, idempotency
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.ledger.model.opening import OpeningInput
    from samklang.ledger.model.vouchers import Amounts
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction


def opening_balances(at: CompanyAccess) -> OpeningBalances:
    """What the accounts held when the first fiscal year began."""
    return _shown(store.opening(at.company_id), books.books(at.company_id).fiscal_years[0][0])


def _shown(opening: Opening, day: date) -> OpeningBalances:
    return OpeningBalances(
        date=day,
        rows=rows_of(sorted(opening.amounts.items()), {}),
        source=opening.source,
        changed_at=opening.changed_at,
        changed_by=opening.changed_by,
        version=opening.version,
    )


def set_opening_balances(at: CompanyAccess, given: OpeningInput) -> OpeningBalances:
    """Give the opening balances, in place of those given before.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``opening-balances-differ``,
            ``unknown-account``, ``closed-account``, ``control-account``, ``validation`` for an account that
            begins each year at zero, ``closed-period``, ``busy``.
    """
    at.require_bureau("give opening balances")
    at.require_active()

    def make(transaction: Transaction) -> OpeningBalances:
        postings = Postings(at.company_id)
        opening = put_opening(transaction, postings, amounts_of(given.rows), None, at.user.user_id)
        postings.write(transaction)
        return _shown(opening, postings.books.fiscal_years[0][0])

    return idempotency.carry_out(at.user, make)


def put_opening(
    transaction: Transaction, postings: Postings, amounts: Amounts, source: str | None, user_id: str
) -> Opening:
    """Write opening balances in the transaction that the postings are written in.

    Raises:
        Problem: as :func:`set_opening_balances`.
    """
    postings.chart.check(amounts)
    _check(amounts)
    postings.books.fiscal_year(postings.books.fiscal_years[0][0])
    before = store.opening(postings.company_id)
    held: dict[str, int] = {}
    for account, amount in amounts:
        held[account] = held.get(account, 0) + amount
    opening = Opening(
        amounts={account: amount for account, amount in held.items() if amount},
        source=source,
        changed_at=clock.timestamp(),
        changed_by=user_id,
        version=before.version,
    )
    store.put_opening(transaction, postings.company_id, opening)
    return opening


def _check(amounts: Amounts) -> None:
    for index, (account, _) in enumerate(amounts):
        pointer = f"/rows/{index}/account"
        if account in CONTROL:
            message = (
                f"Account {account} is what its open items come to. Put what another program had on it on "
                f"{CARRIED[account]}."
            )
            raise Problem("control-account", message, (FieldError(pointer, "control", message),))
        if is_result(account):
            message = f"Account {account} begins each fiscal year at zero: give assets and debts only."
            raise Problem("validation", message, (FieldError(pointer, "result", message),))
    difference = sum(amount for _, amount in amounts)
    if difference:
        message = (
            f"Debit less credit is {format_sek(difference)}. A profit not yet moved belongs on 2099, credit."
        )
        raise Problem("opening-balances-differ", message, (FieldError("/rows", "unbalanced", message),))
