"""Drafts: written, changed, copied and thrown away; no number, nothing in the books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing.model.invoices import (
    Buyer,
    Invoice,
    InvoiceInput,
    InvoiceRow,
    InvoiceRowInput,
    TextRow,
    row_amount,
    totals,
)
from samklang.invoicing.registers import version_mismatch
from samklang.invoicing.store import invoices as store
from samklang.invoicing.store import registers
from samklang.invoicing.vat import check_buyer, code_of, rate_on
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Transaction
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.invoicing.model.registers import Article, Customer
    from samklang.invoicing.vat import Treatment
    from samklang.platform.access import CompanyAccess

_MAX_ROWS_BYTES = 300_000
"""An item holds 400 KB, and an invoice is one item."""


def create_draft(at: CompanyAccess, given: InvoiceInput) -> Invoice:
    """A new draft.

    Raises:
        Problem: ``not-master``, ``not-active``, ``validation`` for an unknown customer or article or a VAT
            treatment that does not fit, ``inactive``, ``negative-total``.
    """
    at.require_client("invoices")
    at.require_active()
    draft = _draft(at, new_id("inv"), 1, given)
    transaction = Transaction()
    store.put(transaction, at.company_id, draft, at.user.request_id)
    return idempotency.commit(transaction, at.user, draft)


def change_draft(at: CompanyAccess, invoice_id: str, version: int, given: InvoiceInput) -> Invoice:
    """A draft in place of its version ``version``.

    Raises:
        Problem: as :func:`create_draft`, and ``not-found``, ``not-a-draft``, ``version-mismatch``.
    """
    at.require_client("invoices")
    at.require_active()
    before = require_draft(get_invoice(at, invoice_id))
    draft = _draft(at, invoice_id, version + 1, given)
    if before.version != version:
        raise version_mismatch()
    transaction = Transaction()
    store.put(transaction, at.company_id, draft, at.user.request_id)
    return _commit(transaction, at, draft)


def discard_draft(at: CompanyAccess, invoice_id: str) -> Invoice:
    """Throw a draft away; returns what it was.

    Raises:
        Problem: ``not-master``, ``not-active``, ``not-found``, ``not-a-draft``, ``version-mismatch`` when it
            is changed at the same time.
    """
    at.require_client("invoices")
    at.require_active()
    draft = require_draft(get_invoice(at, invoice_id))
    transaction = Transaction()
    store.discard(transaction, at.company_id, draft)
    return _commit(transaction, at, draft)


def copy(at: CompanyAccess, invoice_id: str) -> Invoice:
    """A new draft with the customer, the references and the rows of an invoice or draft, but no dates.

    Rates are those of today: what was 12 % then may be 6 % now.

    Raises:
        Problem: as :func:`create_draft`, and ``not-found``, ``is-credit-note``.
    """
    at.require_client("invoices")
    at.require_active()
    original = get_invoice(at, invoice_id)
    if original.kind == "credit_note":
        raise Problem("is-credit-note", "A credit note belongs to its invoice: copy that invoice instead.")
    own = original.vat_treatment != original.buyer.vat_treatment
    given = InvoiceInput(
        customer_id=original.customer_id,
        vat_treatment=original.vat_treatment if own else None,
        your_reference=original.your_reference,
        our_reference=original.our_reference,
        order_reference=original.order_reference,
        round_to_krona=original.round_to_krona,
        rows=[_as_written(row) for row in original.rows],
    )
    draft = _draft(at, new_id("inv"), 1, given)
    transaction = Transaction()
    store.put(transaction, at.company_id, draft, at.user.request_id)
    return idempotency.commit(transaction, at.user, draft)


def _as_written(row: InvoiceRow | TextRow) -> InvoiceRowInput:
    if isinstance(row, TextRow):
        return InvoiceRowInput(text=row.text)
    values = row.model_dump(exclude={"amount", "vat_code", "vat_class", "vat_rate", "unit_price"})
    values["unit_price"] = format_sek(row.unit_price)
    if row.vat_class is None:
        values["vat_rate"] = row.vat_rate
    elif row.article_id is None:
        values["vat_class"] = row.vat_class
    return InvoiceRowInput.model_validate(values)


def _commit(transaction: Transaction, at: CompanyAccess, draft: Invoice) -> Invoice:
    try:
        return idempotency.commit(transaction, at.user, draft)
    except ConditionFailed as failure:
        raise version_mismatch() from failure


# ---------------------------------------------------------------- what a draft says


def _draft(at: CompanyAccess, invoice_id: str, version: int, given: InvoiceInput) -> Invoice:
    wanted = [row.article_id for row in given.rows if row.article_id]
    customer, articles = registers.customer_and_articles(at.company_id, given.customer_id, wanted)
    if customer is None:
        raise _unknown("/customer_id", "There is no customer with this id.")
    require_active_customer(customer)
    treatment = given.vat_treatment or customer.vat_treatment
    check_buyer(treatment, customer.vat_no, customer.destination, "/vat_treatment")
    rows = _rows(given, articles, treatment, supply_day(given.delivery_date, given.invoice_date))
    if store.packed_size(rows) > _MAX_ROWS_BYTES:
        message = "The rows are too much for one invoice: shorten the descriptions or split it in two."
        raise Problem("validation", message, (FieldError("/rows", "too_long", message),))
    sums = totals(rows, round_to_krona=given.round_to_krona)
    return Invoice(
        invoice_id=invoice_id,
        kind="invoice",
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
        order_reference=given.order_reference,
        vat_treatment=treatment,
        round_to_krona=given.round_to_krona,
        rows=rows,
        vat_lines=sums.vat_lines,
        net=sums.net,
        vat=sums.vat,
        rounding=sums.rounding,
        total=sums.total,
        credited=0,
        paid=0,
        remaining=sums.total,
        buyer=buyer_of(customer),
        original=None,
        credit_notes=[],
        reason=None,
        sent_at=None,
        delivery=None,
        ledger=None,
        logo=None,
        version=version,
    )


def supply_day(delivery_date: date | None, invoice_date: date | None) -> date:
    """The day whose rates hold: of delivery, or else of the invoice (7 kap. mervärdesskattelagen)."""
    return delivery_date or invoice_date or clock.today()


def buyer_of(customer: Customer) -> Buyer:
    """The customer as it stands on an invoice now."""
    return Buyer(
        name=customer.name,
        number=customer.number,
        kind=customer.kind,
        org_no=customer.org_no,
        vat_no=customer.vat_no,
        vat_treatment=customer.vat_treatment,
        address=customer.address,
        delivery_address=customer.delivery_address,
        payment_terms_days=customer.payment_terms_days,
    )


def require_active_customer(customer: Customer) -> None:
    """Refuse a customer that has been made inactive.

    Raises:
        Problem: ``inactive``.
    """
    if not customer.active:
        raise Problem("inactive", f"The customer {customer.name} is inactive: activate it or choose another.")


def _rows(
    given: InvoiceInput, articles: dict[str, Article], treatment: Treatment, supplied: date
) -> list[InvoiceRow | TextRow]:
    unknown = tuple(
        FieldError(f"/rows/{index}/article_id", "unknown", "There is no article with this id.")
        for index, row in enumerate(given.rows)
        if row.article_id and row.article_id not in articles
    )
    if unknown:
        raise Problem("validation", "Some articles do not exist.", unknown)
    for article in articles.values():
        if not article.active:
            raise Problem(
                "inactive", f"The article {article.name} is inactive: activate it or choose another."
            )
    taxed = tuple(
        FieldError(f"/rows/{index}/vat_rate", "no_vat", f"A sale of the kind {treatment!r} has no VAT here.")
        for index, row in enumerate(given.rows)
        if treatment != "domestic" and row.vat_rate not in {None, "0"}
    )
    if taxed:
        detail = "The customer's VAT treatment allows no VAT: leave out vat_rate, or change vat_treatment."
        raise Problem("validation", detail, taxed)
    rows = [_row(row, articles.get(row.article_id or ""), treatment, supplied) for row in given.rows]
    if treatment == "construction" and not any(
        isinstance(row, InvoiceRow) and row.kind == "service" for row in rows
    ):
        message = "The building trade's reverse charge is for services: goods alone are sold with VAT."
        raise Problem("validation", message, (FieldError("/vat_treatment", "goods_alone", message),))
    return rows


def _row(
    given: InvoiceRowInput, article: Article | None, treatment: Treatment, supplied: date
) -> InvoiceRow | TextRow:
    """A row with what it leaves out taken from its article."""
    if given.text is not None:
        return TextRow(text=given.text)
    unit_price = article.unit_price if article and given.unit_price is None else given.unit_price
    description = given.description or (article.name if article else None)
    assert unit_price is not None  # InvoiceRowInput has an article, or else all of them
    assert description is not None
    own_class = given.vat_class or (article.vat_class if article else None)
    vat_class = None if given.vat_rate else own_class
    rate = given.vat_rate or rate_on(vat_class or "standard", supplied)
    if treatment != "domestic":
        rate = "0"
    kind = given.kind or (article.kind if article else "service")
    return InvoiceRow(
        article_id=given.article_id,
        description=description,
        quantity=given.quantity,
        unit=given.unit or (article.unit if article else "st"),
        unit_price=unit_price,
        vat_rate=rate,
        vat_class=vat_class,
        vat_code=code_of(treatment, kind, rate),
        kind=kind,
        discount_percent=given.discount_percent,
        amount=row_amount(given.quantity, unit_price, given.discount_percent),
    )


def _unknown(pointer: str, message: str) -> Problem:
    return Problem("validation", message, (FieldError(pointer, "unknown", message),))


# ---------------------------------------------------------------- reading


def get_invoice(at: CompanyAccess, invoice_id: str) -> Invoice:
    """One invoice, credit note or draft.

    Raises:
        Problem: ``not-found``.
    """
    return found(store.invoice(at.company_id, invoice_id))


def found(invoice: Invoice | None) -> Invoice:
    """The invoice, if there is one.

    Raises:
        Problem: ``not-found``.
    """
    if invoice is None:
        raise Problem("not-found", "There is no such invoice.")
    return invoice


def require_draft(invoice: Invoice) -> Invoice:
    """The invoice, if it is still a draft.

    Raises:
        Problem: ``not-a-draft``.
    """
    if invoice.number is not None:
        instead = "Credit it instead." if invoice.kind == "invoice" else "Write a new invoice instead."
        raise Problem("not-a-draft", f"{invoice.number} is issued and never changes. {instead}")
    return invoice
