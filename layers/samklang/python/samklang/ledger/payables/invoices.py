"""What the bureau does with supplier invoices: registered and posted, or taken back; never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from samklang.documents import booking as documents
from samklang.ledger.accounts import PAYABLES
from samklang.ledger.payables import costs
from samklang.ledger.payables.model.invoices import CostRow, SupplierInvoicePage, SupplierReversal
from samklang.ledger.payables.model.payables import Payable, PayableEntry
from samklang.ledger.payables.texts import accrual_text, invoice_text
from samklang.ledger.posting import reversed_amounts
from samklang.ledger.postings import Postings, reference
from samklang.ledger.store import payables as store
from samklang.ledger.store import suppliers as kept_suppliers
from samklang.ledger.store import vouchers
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from datetime import date

    from samklang.ledger.model.chart import Chart
    from samklang.ledger.model.vouchers import Amounts
    from samklang.ledger.payables.model.invoices import (
        SupplierInvoice,
        SupplierInvoiceInput,
        SupplierInvoiceReversalInput,
    )
    from samklang.ledger.payables.model.suppliers import Supplier
    from samklang.platform.access import CompanyAccess

SERIES = "L"


def register(at: CompanyAccess, given: SupplierInvoiceInput) -> SupplierInvoice:
    """Register a supplier invoice and post it; by the cash method it is posted when it is paid.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation``, ``inactive``,
            ``duplicate-invoice``, ``sums-differ``, ``unknown-account``, ``closed-account``,
            ``control-account``, ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    at.require_bureau("register supplier invoices")
    at.require_active()
    identifier = new_id("sin")
    supplier = _supplier(at, given.supplier_id)

    def attempt() -> SupplierInvoice:
        postings = Postings(at.company_id)
        payable = _payable(at, identifier, given, supplier, postings)
        transaction = Transaction()
        store.put_payable(transaction, at.company_id, payable)
        store.take_number(transaction, at.company_id, payable)
        if payable.document_id:
            _book_document(transaction, at.company_id, payable.document_id, identifier)
        postings.write(transaction)
        answer = _written(payable)
        try:
            return idempotency.commit(transaction, at.user, answer)
        except ConditionFailed as failure:
            if store.NUMBER_TAKEN in failure.labels:
                raise _duplicate(payable, failure.items[store.NUMBER_TAKEN]["id"]) from failure
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def _book_document(
    transaction: Transaction, company_id: str, document_id: str, supplier_invoice_id: str
) -> None:
    try:
        documents.book(transaction, company_id, [document_id], f"supplier_invoice/{supplier_invoice_id}")
    except Problem as problem:
        # It is named otherwise here than on a voucher.
        error = FieldError("/document_id", "not-bookable", problem.detail)
        raise Problem("document-not-bookable", problem.detail, (error,)) from problem


def _written(payable: Payable) -> SupplierInvoice:
    """The invoice as it is once it is written."""
    return payable.shown().model_copy(update={"version": payable.version + 1})


def _supplier(at: CompanyAccess, supplier_id: str) -> Supplier:
    supplier = kept_suppliers.supplier(at.company_id, supplier_id)
    if supplier is None:
        message = "There is no such supplier: register it first."
        raise Problem("validation", message, (FieldError("/supplier_id", "unknown", message),))
    if not supplier.active:
        raise Problem("inactive", f"The supplier {supplier.name} is inactive: make it active again first.")
    return supplier


def _duplicate(payable: Payable, registered: str) -> Problem:
    message = (
        f"Invoice {payable.number} of {payable.supplier} is registered as {registered}. "
        "Take that back first if it is wrong."
    )
    return Problem("duplicate-invoice", message, (FieldError("/number", "taken", message),))


def _payable(
    at: CompanyAccess, identifier: str, given: SupplierInvoiceInput, supplier: Supplier, postings: Postings
) -> Payable:
    """The open item, posted in memory."""
    rows = _rows(given, supplier)
    costs.check_rows(rows, postings.chart)
    vat = costs.charged_vat(rows, given.vat_amounts)
    payable = Payable(
        supplier_invoice_id=identifier,
        supplier_id=supplier.supplier_id,
        supplier=supplier.name,
        number=given.number,
        invoice_date=given.invoice_date,
        posting_date=given.posting_date or given.invoice_date,
        due_date=given.due_date or given.invoice_date + timedelta(days=supplier.payment_terms_days),
        total=given.total,
        rows=rows,
        vat=vat,
        ocr=given.ocr,
        message=given.message,
        document_id=given.document_id,
        voucher_id=None,
        accrual_voucher_ids=[],
        request_id=at.user.request_id,
        created_at=clock.timestamp(),
    )
    amounts = costs.cost_amounts(rows, vat, given.total, postings.chart)
    postings.books.fiscal_year(payable.posting_date)
    if postings.books.method == "cash":
        _keep_costs(payable, amounts, postings.chart)
    else:
        _post(at, payable, amounts, postings)
    return payable


def _rows(given: SupplierInvoiceInput, supplier: Supplier) -> list[CostRow]:
    rows = []
    for index, row in enumerate(given.rows):
        account, kind = row.account or supplier.cost_account, row.vat_kind or supplier.vat_kind
        if account is None:
            message = f"{supplier.name} has no account for costs: send one with each row."
            raise Problem("validation", message, (FieldError(f"/rows/{index}/account", "missing", message),))
        if row.vat_rate == "0":
            kind = "domestic"
        values = {"account": account, "vat_kind": kind, "vat_rate": row.vat_rate}
        rows.append(CostRow.model_validate(dict(row) | values))
    return rows


def _keep_costs(payable: Payable, amounts: Amounts, chart: Chart) -> None:
    """By the cash method, keep what the purchase is made of until it is paid."""
    if any(row.accrual for row in payable.rows):
        message = "By the cash method a cost is posted when it is paid: send the rows without accrual."
        raise Problem("validation", message, (FieldError("/rows", "accrual", message),))
    chart.check(amounts)
    payable.bought = dict(amounts)


def _post(at: CompanyAccess, payable: Payable, amounts: Amounts, postings: Postings) -> None:
    source = f"supplier_invoice/{payable.supplier_invoice_id}"
    attached = [payable.document_id] if payable.document_id else []
    voucher = postings.post(
        SERIES,
        payable.posting_date,
        invoice_text(payable),
        costs.debt_amounts(amounts),
        f"{source}/registered",
        documents=attached,
        created_by=at.user.user_id,
    )
    payable.voucher_id = voucher.voucher_id
    payable.put_on_account = [(payable.posting_date, payable.total)]
    for day, part in costs.accrual_amounts(payable.rows).items():
        if not postings.has_room(_BESIDE + 2):
            message = "The accruals reach over too many months for one invoice: spread them over fewer."
            raise Problem("validation", message, (FieldError("/rows", "accrual", message),))
        spread = postings.post(
            SERIES,
            day,
            accrual_text(payable, day),
            part,
            f"{source}/accrual-{day:%Y-%m}",
            documents=attached,
            created_by=at.user.user_id,
        )
        payable.accrual_voucher_ids.append(spread.voucher_id)


_BESIDE = 3
"""Items beside the vouchers: the open item, its number, and its document."""


def get(at: CompanyAccess, supplier_invoice_id: str) -> SupplierInvoice:
    """One supplier invoice.

    Raises:
        Problem: ``not-found``.
    """
    return _kept(at, supplier_invoice_id).shown()


def _kept(at: CompanyAccess, supplier_invoice_id: str) -> Payable:
    payable = store.payable(at.company_id, supplier_invoice_id)
    if payable is None:
        raise Problem("not-found", "There is no such supplier invoice.")
    return payable


def invoices(at: CompanyAccess, limit: int, cursor: str | None) -> SupplierInvoicePage:
    """A page of supplier invoices, newest first."""
    found, following = store.payables(at.company_id, limit, cursor)
    return SupplierInvoicePage(items=[each.shown() for each in found], next=following)


def reverse(
    at: CompanyAccess, supplier_invoice_id: str, given: SupplierInvoiceReversalInput
) -> SupplierInvoice:
    """Take a supplier invoice back: vouchers the other way, and its number free again.

    Raises:
        Problem: ``not-allowed``, ``not-active``, ``not-found``, ``invoice-reversed``, ``has-payments``,
            ``invoice-ordered``, ``validation``, ``closed-period``, ``outside-fiscal-year``, ``busy``.
    """
    at.require_bureau("take supplier invoices back")
    at.require_active()
    day = given.date or clock.today()

    def attempt() -> SupplierInvoice:
        payable = _kept(at, supplier_invoice_id)
        _check_reversible(payable, day)
        postings = Postings(at.company_id)
        voucher_id = _post_backwards(at, payable, day, postings)
        cause = f"supplier_invoice/{payable.supplier_invoice_id}/reversed"
        on_account = bool(payable.put_on_account)
        payable.entries.append(PayableEntry(day, -payable.total, cause, on_account))
        payable.reversal = SupplierReversal(date=day, voucher_id=voucher_id)
        transaction = Transaction()
        store.put_payable(transaction, at.company_id, payable)
        store.free_number(transaction, at.company_id, payable)
        postings.write(transaction)
        try:
            return idempotency.commit(transaction, at.user, _written(payable))
        except ConditionFailed as failure:
            raise Contention(str(failure)) from failure

    return retrying(attempt)


def _check_reversible(payable: Payable, day: date) -> None:
    if payable.reversal:
        raise Problem("invoice-reversed", f"The invoice was taken back on {payable.reversal.date} already.")
    if payable.order_id:
        raise Problem("invoice-ordered", f"Cancel its line in payment order {payable.order_id} first.")
    if payable.remaining != payable.total:
        raise Problem("has-payments", "Take back its payments first, or wait for a credit note.")
    last = max([payable.posting_date, *(entry.date for entry in payable.entries)])
    if day < last:
        what = "posted" if last == payable.posting_date else "last changed by a payment, or one taken back,"
        message = f"The invoice is {what} on {last}: take it back then or later."
        raise Problem("validation", message, (FieldError("/date", "before", message),))


def _post_backwards(at: CompanyAccess, payable: Payable, day: date, postings: Postings) -> str | None:
    """The vouchers the other way; a month's part to come on its own day.

    By the cash method nothing may have been posted yet; what a year's end has put on 2440 is taken off.
    """
    source = f"supplier_invoice/{payable.supplier_invoice_id}/reversed"
    if payable.bought:
        if not payable.on_account:
            return None
        amounts = [(account, -amount) for account, amount in sorted(payable.posted.items())]
        payable.posted = {}
        amounts.append((PAYABLES, payable.on_account))
        text = f"Rättelse av {reference(payable.voucher_id)}: {invoice_text(payable)}"
        backwards = postings.post(
            SERIES, day, text, amounts, source, created_by=at.user.user_id, reverses=payable.voucher_id
        )
        postings.refer_back(backwards)
        return backwards.voucher_id
    reversal = None
    for voucher_id in [payable.voucher_id, *payable.accrual_voucher_ids]:
        posted = vouchers.voucher(at.company_id, voucher_id or "")
        assert posted is not None  # written in the transaction that told its id, and never removed
        backwards = postings.post(
            SERIES,
            max(day, posted.date),
            f"Rättelse av {reference(voucher_id)}: {posted.text}",
            reversed_amounts([(row.account, row.debit - row.credit) for row in posted.rows]),
            source if reversal is None else f"{source}-{posted.date:%Y-%m}",
            documents=posted.documents,
            created_by=at.user.user_id,
            reverses=voucher_id,
        )
        if reversal is None:
            # Vouchers of accruals are told by the invoice: to write to each would not fit in a transaction.
            postings.refer_back(backwards)
            reversal = backwards.voucher_id
    return reversal
