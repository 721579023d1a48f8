"""What the client does with customers, articles and invoices."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from samklang.formats import ocr
from samklang.invoicing import store
from samklang.invoicing.model import (
    Article,
    ArticleInput,
    ArticlePage,
    Buyer,
    Customer,
    CustomerInput,
    CustomerPage,
    Invoice,
    InvoiceInput,
    InvoicePage,
    InvoiceRow,
    InvoiceRowInput,
    LedgerState,
    OpenInvoice,
    row_amount,
    totals,
)
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from pydantic import BaseModel

    from samklang.collaboration.model import CompanyDetails
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Item


# ---------------------------------------------------------------- customers


def create_customer(at: CompanyAccess, given: CustomerInput) -> Customer:
    """A new customer.

    Raises:
        Problem: ``not-master`` for the bureau.
    """
    at.require_client("the customer register")
    customer = Customer(customer_id=new_id("cus"), version=1, **dict(given))
    transaction = Transaction()
    store.put_customer(transaction, at.company_id, customer)
    return idempotency.commit(transaction, at.user, customer)


def get_customer(at: CompanyAccess, customer_id: str) -> Customer:
    """One customer.

    Raises:
        Problem: ``not-found``.
    """
    customer = store.customer(at.company_id, customer_id)
    if customer is None:
        raise Problem("not-found", "There is no such customer.")
    return customer


def change_customer(at: CompanyAccess, customer_id: str, version: int, given: CustomerInput) -> Customer:
    """A customer in place of its version ``version``.

    Raises:
        Problem: ``not-master``, ``not-found``, ``version-mismatch``.
    """
    at.require_client("the customer register")
    before = get_customer(at, customer_id)
    customer = Customer(customer_id=customer_id, version=version + 1, **dict(given))
    transaction = Transaction()
    store.put_customer(transaction, at.company_id, customer)
    return _commit_version(at, transaction, before.version, version, customer)


def customers(at: CompanyAccess, limit: int, cursor: str | None) -> CustomerPage:
    """A page of customers."""
    return store.customers(at.company_id, limit, cursor)


# ---------------------------------------------------------------- articles


def create_article(at: CompanyAccess, given: ArticleInput) -> Article:
    """A new article.

    Raises:
        Problem: ``not-master`` for the bureau.
    """
    at.require_client("the article register")
    article = Article(article_id=new_id("art"), version=1, **dict(given))
    transaction = Transaction()
    store.put_article(transaction, at.company_id, article)
    return idempotency.commit(transaction, at.user, article)


def get_article(at: CompanyAccess, article_id: str) -> Article:
    """One article.

    Raises:
        Problem: ``not-found``.
    """
    article = store.article(at.company_id, article_id)
    if article is None:
        raise Problem("not-found", "There is no such article.")
    return article


def change_article(at: CompanyAccess, article_id: str, version: int, given: ArticleInput) -> Article:
    """An article in place of its version ``version``.

    Raises:
        Problem: ``not-master``, ``not-found``, ``version-mismatch``.
    """
    at.require_client("the article register")
    before = get_article(at, article_id)
    article = Article(article_id=article_id, version=version + 1, **dict(given))
    transaction = Transaction()
    store.put_article(transaction, at.company_id, article)
    return _commit_version(at, transaction, before.version, version, article)


def articles(at: CompanyAccess, limit: int, cursor: str | None) -> ArticlePage:
    """A page of articles."""
    return store.articles(at.company_id, limit, cursor)


def _commit_version[Answer: BaseModel](
    at: CompanyAccess, transaction: Transaction, current: int, expected: int, answer: Answer
) -> Answer:
    """Commit a change of the version the caller has read.

    Raises:
        Problem: ``version-mismatch``.
    """
    mismatch = Problem(
        "version-mismatch", "Read it again, make your change to what it is now, and send that."
    )
    if current != expected:
        raise mismatch
    try:
        return idempotency.commit(transaction, at.user, answer)
    except ConditionFailed as failure:
        raise mismatch from failure


# ---------------------------------------------------------------- drafts


def create_draft(at: CompanyAccess, given: InvoiceInput) -> Invoice:
    """A new draft: no number, nothing in the books.

    Raises:
        Problem: ``not-master``, ``not-active``, ``validation`` for an unknown customer or article,
            ``inactive``, ``negative-total``.
    """
    at.require_client("invoices")
    at.require_active()
    draft = _draft(at, new_id("inv"), 1, given)
    transaction = Transaction()
    store.put_invoice(transaction, at.company_id, draft, at.user.request_id)
    return idempotency.commit(transaction, at.user, draft)


def change_draft(at: CompanyAccess, invoice_id: str, version: int, given: InvoiceInput) -> Invoice:
    """A draft in place of its version ``version``.

    Raises:
        Problem: as :func:`create_draft`, and ``not-found``, ``not-a-draft``, ``version-mismatch``.
    """
    at.require_client("invoices")
    at.require_active()
    before = _require_draft(get_invoice(at, invoice_id))
    draft = _draft(at, invoice_id, version + 1, given)
    transaction = Transaction()
    store.put_invoice(transaction, at.company_id, draft, at.user.request_id)
    return _commit_version(at, transaction, before.version, version, draft)


_MAX_ROWS_BYTES = 300_000
"""An item holds 400 KB, and an invoice is one item."""


def _draft(at: CompanyAccess, invoice_id: str, version: int, given: InvoiceInput) -> Invoice:
    customer = store.customer(at.company_id, given.customer_id)
    if customer is None:
        raise _unknown("/customer_id", "There is no customer with this id.")
    if not customer.active:
        raise Problem("inactive", f"The customer {customer.name} is inactive: activate it or choose another.")
    rows = _rows(at.company_id, given.rows)
    if store.packed_size(rows) > _MAX_ROWS_BYTES:
        message = "The rows are too much for one invoice: shorten the descriptions or split it in two."
        raise Problem("validation", message, (FieldError("/rows", "too_long", message),))
    sums = totals(rows)
    return Invoice(
        invoice_id=invoice_id,
        customer_id=customer.customer_id,
        customer_name=customer.name,
        status="draft",
        number=None,
        ocr=None,
        invoice_date=given.invoice_date,
        delivery_date=given.delivery_date,
        due_date=given.due_date,
        your_reference=given.your_reference or customer.your_reference,
        our_reference=given.our_reference,
        rows=rows,
        vat_lines=sums.vat_lines,
        net=sums.net,
        vat=sums.vat,
        total=sums.total,
        paid=0,
        remaining=sums.total,
        buyer=_buyer(customer),
        ledger=None,
        version=version,
    )


def _buyer(customer: Customer) -> Buyer:
    return Buyer(
        name=customer.name,
        org_no=customer.org_no,
        vat_no=customer.vat_no,
        address=customer.address,
        payment_terms_days=customer.payment_terms_days,
    )


def _rows(company_id: str, given: list[InvoiceRowInput]) -> list[InvoiceRow]:
    wanted = [row.article_id for row in given if row.article_id]
    articles = store.articles_by_id(company_id, wanted) if wanted else {}
    unknown = tuple(
        FieldError(f"/rows/{index}/article_id", "unknown", "There is no article with this id.")
        for index, row in enumerate(given)
        if row.article_id and row.article_id not in articles
    )
    if unknown:
        raise Problem("validation", "Some articles do not exist.", unknown)
    for article in articles.values():
        if not article.active:
            raise Problem(
                "inactive", f"The article {article.name} is inactive: activate it or choose another."
            )
    return [_row(row, articles.get(row.article_id or "")) for row in given]


def _row(given: InvoiceRowInput, article: Article | None) -> InvoiceRow:
    """A row with what it leaves out taken from its article."""
    unit_price = article.unit_price if article and given.unit_price is None else given.unit_price
    description = given.description or (article.name if article else None)
    vat_rate = given.vat_rate or (article.vat_rate if article else None)
    assert unit_price is not None  # InvoiceRowInput has an article, or else all three
    assert description is not None
    assert vat_rate is not None
    return InvoiceRow(
        article_id=given.article_id,
        description=description,
        quantity=given.quantity,
        unit=given.unit or (article.unit if article else "st"),
        unit_price=unit_price,
        vat_rate=vat_rate,
        discount_percent=given.discount_percent,
        amount=row_amount(given.quantity, unit_price, given.discount_percent),
    )


def _unknown(pointer: str, message: str) -> Problem:
    return Problem("validation", message, (FieldError(pointer, "unknown", message),))


def _require_draft(invoice: Invoice) -> Invoice:
    if invoice.status != "draft":
        raise Problem(
            "not-a-draft", f"Invoice {invoice.number} is issued and never changes. Credit it instead."
        )
    return invoice


# ---------------------------------------------------------------- issue


def issue(at: CompanyAccess, invoice_id: str) -> Invoice:
    """Give a draft its number, OCR and dates: from here on it never changes.

    The number is taken in the same transaction, so numbers are gapless and unique however many issue
    at once (mervärdesskattelagen 17 kap. 24 § 2).

    Raises:
        Problem: ``not-master``, ``not-active``, ``not-found``, ``not-a-draft``, ``inactive``,
            ``validation`` or ``outside-fiscal-year`` for dates the books could never take, ``busy``.
    """
    at.require_client("invoices")
    at.require_active()
    return retrying(lambda: _issue_once(at, invoice_id))


def _issue_once(at: CompanyAccess, invoice_id: str) -> Invoice:
    basis = store.issue_basis(at.company_id, invoice_id)
    draft = _require_draft(_found(basis.invoice))
    customer = store.customer(at.company_id, draft.customer_id)
    if customer is None or not customer.active:
        raise Problem("inactive", f"The customer {draft.customer_name} is inactive: activate it first.")
    invoice_date = draft.invoice_date or clock.today()
    buyer = _buyer(customer)
    due_date = draft.due_date or invoice_date + timedelta(days=buyer.payment_terms_days)
    _check_dates(basis.seller, invoice_date, due_date)
    number = basis.next_number
    invoice = draft.model_copy(
        update={
            "status": "issued" if draft.total else "paid",
            "number": number,
            "ocr": ocr.make_ocr(str(number)),
            "invoice_date": invoice_date,
            "due_date": due_date,
            "customer_name": customer.name,
            "buyer": buyer,
            "ledger": LedgerState(status="pending"),
            "version": draft.version + 1,
        }
    )
    transaction = Transaction()
    store.take_number(transaction, at.company_id, number)
    store.put_invoice(transaction, at.company_id, invoice, at.user.request_id)
    try:
        return idempotency.commit(transaction, at.user, invoice)
    except ConditionFailed as failure:
        # The number or the draft was taken meanwhile: what is true now is read anew.
        raise Contention(str(failure)) from failure


_DAYS_AHEAD = 366


def _check_dates(seller: CompanyDetails, invoice_date: date, due_date: date) -> None:
    """Refuse dates the books could never take: a number is taken for good.

    Raises:
        Problem: ``validation``, ``outside-fiscal-year``.
    """
    if due_date < invoice_date:
        raise Problem("validation", f"The due date {due_date} is before the invoice date {invoice_date}.")
    if invoice_date > clock.today() + timedelta(days=_DAYS_AHEAD):
        raise Problem("validation", f"The invoice date {invoice_date} is more than a year ahead.")
    first = seller.fiscal_year.start
    if invoice_date < first:
        raise Problem("outside-fiscal-year", f"The books begin on {first}; {invoice_date} is before that.")


# ---------------------------------------------------------------- reading


def get_invoice(at: CompanyAccess, invoice_id: str) -> Invoice:
    """One invoice or draft.

    Raises:
        Problem: ``not-found``.
    """
    return _found(store.invoice(at.company_id, invoice_id))


def _found(invoice: Invoice | None) -> Invoice:
    if invoice is None:
        raise Problem("not-found", "There is no such invoice.")
    return invoice


def invoices(at: CompanyAccess, limit: int, cursor: str | None) -> InvoicePage:
    """A page of invoices and drafts, newest first."""
    return store.invoices(at.company_id, limit, cursor)


# ---------------------------------------------------------------- for other contexts


def open_series(
    transaction: Transaction, company_id: str, first_number: int, details: CompanyDetails
) -> None:
    """Let a company begin to invoice, from its first number on."""
    store.put_series(transaction, company_id, first_number)
    store.put_seller(transaction, company_id, details)


def seller(company_id: str) -> CompanyDetails:
    """The company as it stands on its invoices."""
    return store.seller(company_id)


def open_invoices(company_id: str) -> Iterator[OpenInvoice]:
    """All issued invoices with something remaining, in number order."""
    return store.open_invoices(company_id)


def issued_invoice(company_id: str, number: int) -> Invoice | None:
    """The issued invoice with this number, if there is one."""
    invoice_id = store.invoice_id_by_number(company_id, number)
    return store.invoice(company_id, invoice_id) if invoice_id else None


def issued_images(company_id: str) -> Iterator[Item]:
    """Every issued invoice as it is kept, by number: what the stream once told of them."""
    return store.issued_items(company_id)


def invoices_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Invoice]:
    """Those of the invoices that exist."""
    return store.invoices_by_id(company_id, list(invoice_ids))


def change_remaining(transaction: Transaction, company_id: str, invoice: Invoice, change: int) -> None:
    """Take a payment off what remains of an invoice (``change`` in öre, below zero), or put it back."""
    store.change_remaining(transaction, company_id, invoice, change)


def set_ledger_state(company_id: str, invoice_id: str, state: LedgerState) -> None:
    """Show the client where the invoice is on the ledger's side."""
    store.set_ledger_state(company_id, invoice_id, state)
