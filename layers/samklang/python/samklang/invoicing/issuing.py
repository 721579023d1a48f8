"""Issuing: a draft gets its number, OCR and dates, and never changes again."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from samklang.formats import ocr
from samklang.invoicing.drafts import buyer_of, found, require_active_customer, require_draft, supply_day
from samklang.invoicing.model.invoices import (
    InvoiceRow,
    IssueManyResult,
    IssueOutcome,
    IssueRefusal,
    LedgerState,
)
from samklang.invoicing.store import invoices as store
from samklang.invoicing.store import registers
from samklang.invoicing.vat import check_buyer, rate_on
from samklang.ledger import service as ledger
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from samklang.invoicing.model.invoices import Invoice
    from samklang.invoicing.model.registers import Article, Customer
    from samklang.invoicing.store.invoices import IssueBasis
    from samklang.ledger.model.books import Books
    from samklang.platform.access import CompanyAccess


# ---------------------------------------------------------------- one


def issue(at: CompanyAccess, invoice_id: str) -> Invoice:
    """Give a draft its number, OCR and dates: from here on it never changes.

    The number is taken in the same transaction, so numbers are gapless and unique however many issue
    at once (mervärdesskattelagen 17 kap. 24 § 2).

    Raises:
        Problem: ``not-master``, ``not-active``, ``not-found``, ``not-a-draft``, ``inactive``,
            ``draft-outdated`` when rates or the customer's treatment have changed since it was saved,
            ``validation``, ``outside-fiscal-year`` or ``closed-period`` for dates the books do not take,
            ``busy``.
    """
    at.require_client("invoices")
    at.require_active()
    return retrying(lambda: _issue_once(at, invoice_id))


def _issue_once(at: CompanyAccess, invoice_id: str) -> Invoice:
    basis = store.issue_basis(at.company_id, [invoice_id])
    draft = require_draft(found(basis.invoices.get(invoice_id)))
    wanted = [row.article_id for row in draft.sales if row.article_id]
    customer, articles = registers.customer_and_articles(at.company_id, draft.customer_id, wanted)
    invoice = _issued(draft, customer, articles, basis, ledger.books(at.company_id))
    transaction = Transaction()
    basis.series.write(transaction, at.company_id)
    store.put(transaction, at.company_id, invoice, at.user.request_id)
    try:
        return idempotency.commit(transaction, at.user, invoice)
    except ConditionFailed as failure:
        # The number or the draft was taken meanwhile: what is true now is read anew.
        raise Contention(str(failure)) from failure


def _issued(
    draft: Invoice,
    customer: Customer | None,
    articles: Mapping[str, Article],
    basis: IssueBasis,
    books: Books,
) -> Invoice:
    """The invoice a draft becomes; the number is taken last, so that a refused draft takes none."""
    assert customer is not None  # it was there when the draft was saved, and is never deleted
    require_active_customer(customer)
    invoice_date = draft.invoice_date or clock.today()
    due_date = draft.due_date or invoice_date + timedelta(days=customer.payment_terms_days)
    check_dates(books, invoice_date, due_date)
    if not draft.sales:
        raise Problem(
            "validation", "The invoice has words alone: add a row with a price before you issue it."
        )
    _require_current(draft, customer, articles, supply_day(draft.delivery_date, invoice_date))
    number = basis.series.take(draft.invoice_id)
    return draft.model_copy(
        update={
            "status": "issued" if draft.total else "paid",
            "number": number,
            "ocr": ocr.make_ocr(str(number)),
            "invoice_date": invoice_date,
            "due_date": due_date,
            "customer_name": customer.name,
            "buyer": buyer_of(customer),
            "ledger": LedgerState(status="pending"),
            "logo": basis.logo,
            "version": draft.version + 1,
        }
    )


def _require_current(
    draft: Invoice, customer: Customer, articles: Mapping[str, Article], supplied: date
) -> None:
    """Refuse a draft whose VAT is no longer what it was when the client looked at it.

    Nothing is changed silently: the client saves the draft again, looks it through and issues it.

    Raises:
        Problem: ``draft-outdated``, ``validation``.
    """
    if draft.buyer.vat_treatment != customer.vat_treatment:
        raise _outdated(f"{customer.name} is now taxed as {customer.vat_treatment!r}.")
    check_buyer(draft.vat_treatment, customer.vat_no, customer.destination, "/vat_treatment")
    for place, row in enumerate(draft.rows, 1):
        if not isinstance(row, InvoiceRow) or row.vat_class is None:
            continue
        if row.article_id and articles[row.article_id].vat_class != row.vat_class:
            raise _outdated(f"The VAT of the article {articles[row.article_id].name} has been changed.")
        rate = rate_on(row.vat_class, supplied)
        if draft.vat_treatment == "domestic" and rate != row.vat_rate:
            raise _outdated(f"The VAT of row {place} is {rate} % on {supplied}, not {row.vat_rate} %.")


def _outdated(what: str) -> Problem:
    return Problem("draft-outdated", f"{what} Save the draft again, look it through and issue it.")


DAYS_AHEAD = 366


def check_dates(books: Books, invoice_date: date, due_date: date) -> None:
    """Refuse dates the books do not take: a number is taken for good.

    A period closed right after is met when the invoice is posted, and parks it.

    Raises:
        Problem: ``validation``, ``outside-fiscal-year``, ``closed-period``.
    """
    if due_date < invoice_date:
        raise Problem("validation", f"The due date {due_date} is before the invoice date {invoice_date}.")
    if invoice_date > clock.today() + timedelta(days=DAYS_AHEAD):
        raise Problem("validation", f"The invoice date {invoice_date} is more than a year ahead.")
    books.fiscal_year(invoice_date)


# ---------------------------------------------------------------- many

_PER_TRANSACTION = 90
"""Drafts issued at once: with series and key they stay within a transaction's 100 operations."""

_BYTES_PER_TRANSACTION = 3_000_000
"""Of a transaction's 4 MB."""


def issue_many(at: CompanyAccess, invoice_ids: Sequence[str]) -> IssueManyResult:
    """Issue drafts in the order given; each is issued, or refused with its reason, whatever the others are.

    One that is issued already is told as such, so the same call again after a crash does what was left.

    Raises:
        Problem: ``not-master``, ``not-active``, ``idempotency-key-reused``, ``busy`` if nothing was done.
        Replay: the same request was done before.
    """
    at.require_client("invoices")
    at.require_active()
    # The key is kept with the last drafts: whether it is used must be known before the first.
    idempotency.replay_if_done(at.user)
    outcomes: list[IssueOutcome] = []
    while len(outcomes) < len(invoice_ids):
        try:
            outcomes = retrying(lambda done=outcomes: _issue_some(at, invoice_ids, done))  # type: ignore[misc]
        except Problem as problem:
            if problem.code != "busy" or not outcomes:
                raise
            left = invoice_ids[len(outcomes) :]
            return _result([*outcomes, *(_refused(each, problem) for each in left)])
    return _result(outcomes)


def _issue_some(
    at: CompanyAccess, invoice_ids: Sequence[str], done: list[IssueOutcome]
) -> list[IssueOutcome]:
    """Issue as many of the next drafts as fit in one transaction; all outcomes so far."""
    batch = invoice_ids[len(done) : len(done) + _PER_TRANSACTION]
    basis = store.issue_basis(at.company_id, batch)
    drafts = [draft for draft in basis.invoices.values() if draft.number is None]
    customers = registers.customers_by_id(at.company_id, {draft.customer_id for draft in drafts})
    wanted = {row.article_id for draft in drafts for row in draft.sales if row.article_id}
    articles = registers.articles_by_id(at.company_id, wanted)
    books = ledger.books(at.company_id)
    transaction, outcomes, size = Transaction(), list(done), 0
    for invoice_id in batch:
        draft = basis.invoices.get(invoice_id)
        if draft and draft.number is None:
            size += store.packed_size(draft.rows)
            if size > _BYTES_PER_TRANSACTION and transaction.operations:
                break
        try:
            outcomes.append(_outcome(found(draft), customers, articles, basis, books, transaction, at))
        except Problem as problem:
            outcomes.append(_refused(invoice_id, problem))
    if transaction.operations:
        basis.series.write(transaction, at.company_id)
    try:
        if len(outcomes) == len(invoice_ids):
            idempotency.commit(transaction, at.user, _result(outcomes))
        else:
            transaction.commit()
    except ConditionFailed as failure:
        raise Contention(str(failure)) from failure
    return outcomes


def _outcome(
    draft: Invoice,
    customers: Mapping[str, Customer],
    articles: Mapping[str, Article],
    basis: IssueBasis,
    books: Books,
    transaction: Transaction,
    at: CompanyAccess,
) -> IssueOutcome:
    if draft.number is not None:
        outcome: Literal["issued", "already_issued"] = "already_issued"
        invoice = draft
    else:
        outcome = "issued"
        customer = customers.get(draft.customer_id)
        invoice = _issued(draft, customer, articles, basis, books)
        store.put(transaction, at.company_id, invoice, at.user.request_id)
    return IssueOutcome(
        invoice_id=invoice.invoice_id,
        outcome=outcome,
        number=invoice.number,
        total=invoice.total,
        refusal=None,
    )


def _refused(invoice_id: str, problem: Problem) -> IssueOutcome:
    refusal = IssueRefusal(code=problem.code, detail=problem.detail)
    return IssueOutcome(invoice_id=invoice_id, outcome="refused", number=None, total=None, refusal=refusal)


def _result(outcomes: list[IssueOutcome]) -> IssueManyResult:
    counted = Counter(each.outcome for each in outcomes)
    return IssueManyResult(
        items=outcomes,
        issued=counted["issued"],
        already_issued=counted["already_issued"],
        refused=counted["refused"],
    )
