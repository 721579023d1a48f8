"""Journalising reviewed by the bureau: what waits, how it will be posted, and posting many at once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from samklang.ledger.journal import Journal
from samklang.ledger.model.journalising import (
    JournaliseResult,
    JournaliseResults,
    LedgerSettings,
    VoucherPreview,
    VoucherPreviewPage,
)
from samklang.ledger.model.vouchers import rows_of
from samklang.ledger.postings import Postings
from samklang.ledger.store import books
from samklang.ledger.store import unposted as store
from samklang.platform import idempotency
from samklang.platform.dynamo import Transaction, retrying
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.ledger.model.journalising import JournaliseInput, Unposted
    from samklang.platform.access import CompanyAccess


def settings(at: CompanyAccess) -> LedgerSettings:
    """How the books are kept."""
    return LedgerSettings(journalising=books.books(at.company_id).journalising)


def change_settings(at: CompanyAccess, given: LedgerSettings) -> LedgerSettings:
    """Let what the subledger tells be posted at once, or wait to be looked at; what waits, waits still.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``busy``.
    """
    at.require_bureau("say how the books are kept")
    at.require_active()

    def make(transaction: Transaction) -> LedgerSettings:
        postings = Postings(at.company_id)
        postings.books.journalising = given.journalising
        postings.write(transaction)
        return given

    return idempotency.carry_out(at.user, make)


def waiting(at: CompanyAccess, limit: int, cursor: str | None) -> VoucherPreviewPage:
    """A page of what waits to be journalised, each as the voucher it will be."""
    found, following = store.unposted_page(at.company_id, limit, cursor)
    items = [
        VoucherPreview(
            event=each.event,
            series=each.series,
            date=each.date,
            text=each.text,
            rows=rows_of(each.amounts, {}),
            since=each.since,
        )
        for each in found
    ]
    return VoucherPreviewPage(items=items, next=following)


_AT_A_TIME = 25
"""Vouchers read for one transaction."""

_OPERATIONS = 4
"""Of each: a voucher, an item less, an item that tells its voucher, and perhaps a month."""

_SECONDS = 15
"""How long one request goes on before it says what is left."""

_MOST_POSTED = 1000
"""Vouchers posted in one request: under its Idempotency-Key the answer must fit in one item."""

_REFUSED_SHOWN = 500
"""Results of what is refused; how many they are is told."""


def journalise(at: CompanyAccess, given: JournaliseInput) -> JournaliseResults:
    """Post what waits, a transaction at a time; each with its result.

    What was posted stays so whatever happens next, and waits no more: the same request again goes on with the
    rest. The answer is kept under its Idempotency-Key when nothing is left.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``busy``.
    """
    at.require_bureau("journalise")
    at.require_active()
    idempotency.replay_if_done(at.user)
    if given.events is None:
        found = store.every_unposted(at.company_id)
        refused = []
    else:
        kept = store.unposted_of(at.company_id, given.events)
        found = sorted(kept.values(), key=lambda each: (each.date, each.since))
        refused = [_refused(each, _NOT_WAITING) for each in given.events if each not in kept]
    left = [each for each in found if given.until is None or each.date <= given.until]
    end = time.monotonic() + _SECONDS
    posted: list[JournaliseResult] = []
    while left and time.monotonic() < end and len(posted) < _MOST_POSTED:
        results = retrying(lambda some=left[:_AT_A_TIME]: _post(at.company_id, some))  # type: ignore[misc]
        posted += [each for each in results if each.voucher_id]
        refused += [each for each in results if not each.voucher_id]
        left = left[len(results) :]
    answer = JournaliseResults(
        results=posted + refused[:_REFUSED_SHOWN], refused=len(refused), left=len(left)
    )
    return answer if left else idempotency.commit(Transaction(), at.user, answer)


_NOT_WAITING = Problem("not-found", "It does not wait to be journalised; perhaps it is posted already.")


def _post(company_id: str, some: Sequence[Unposted]) -> list[JournaliseResult]:
    """Post as many of what waits as fit in one transaction; what the books refuse waits still."""
    events = [each.event for each in some]
    invoices = {each.split("/")[1] for each in events if each.startswith("invoice/")}
    journal = Journal(company_id, invoices)
    # Read behind the head of the books: what was posted meanwhile is seen.
    kept = store.unposted_of(company_id, events)
    results = []
    for event in events:
        if not journal.has_room(_OPERATIONS):
            break
        if event not in kept:
            results.append(_refused(event, _NOT_WAITING))
            continue
        try:
            voucher = journal.journalise(kept[event])
        except Problem as problem:
            results.append(_refused(event, problem))
        else:
            results.append(
                JournaliseResult(event=event, voucher_id=voucher.voucher_id, code=None, detail=None)
            )
    if not journal.empty:
        transaction = Transaction()
        journal.write(transaction)
        transaction.commit_unchanged()
    return results


def _refused(event: str, problem: Problem) -> JournaliseResult:
    return JournaliseResult(event=event, voucher_id=None, code=problem.code, detail=problem.detail)
