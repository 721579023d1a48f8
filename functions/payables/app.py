"""HTTP: suppliers, their invoices, what is owed and due, payments of it, and orders to the bank."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.formats.pain001 import Version
from samklang.ledger.payables import invoices, open_items, orders, paying, suppliers
from samklang.ledger.payables.model.invoices import (
    SupplierInvoice,
    SupplierInvoiceInput,
    SupplierInvoicePage,
    SupplierInvoiceReversalInput,
)
from samklang.ledger.payables.model.payables import DueList, Payables, SupplierStatement
from samklang.ledger.payables.model.payments import (
    ChosenLinesInput,
    NewPaymentOrder,
    PaidLinesInput,
    PaymentOrder,
    PaymentOrderInput,
    PaymentOrderPage,
    RejectedLinesInput,
    SupplierPayment,
    SupplierPaymentInput,
    SupplierPaymentPage,
    SupplierPaymentReversalInput,
)
from samklang.ledger.payables.model.suppliers import SavedSupplier, Supplier, SupplierInput, SupplierPage
from samklang.platform.http import Api, Cursor, File, Id, Limit
from samklang.platform.shapes import Day

api = Api()
From = Annotated[Day | None, Query(alias="from")]
To = Annotated[Day | None, Query(alias="to")]


# ---------------------------------------------------------------- suppliers


@api.creates("/v1/companies/{company_id}/ledger/suppliers")
def create_supplier(company_id: Id, body: SupplierInput) -> SavedSupplier:
    """Add a supplier."""
    return suppliers.create(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/suppliers")
def list_suppliers(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> SupplierPage:
    """The company's suppliers."""
    return suppliers.suppliers(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/suppliers/{supplier_id}")
def get_supplier(company_id: Id, supplier_id: Id) -> Supplier:
    """One supplier."""
    return suppliers.get(api.company(company_id), supplier_id)


@api.changes("/v1/companies/{company_id}/ledger/suppliers/{supplier_id}", versioned=True)
def change_supplier(company_id: Id, supplier_id: Id, body: SupplierInput) -> SavedSupplier:
    """Change a supplier, or make it inactive."""
    at = api.company(company_id)
    return suppliers.change(at, supplier_id, api.expected_version(), body)


@api.reads("/v1/companies/{company_id}/ledger/suppliers/{supplier_id}/statement")
def get_supplier_statement(
    company_id: Id,
    supplier_id: Id,
    first: From = None,
    last: To = None,
    limit: Annotated[int, Query(ge=1, le=open_items.MOST_ITEMS)] = open_items.MOST_ITEMS,
    cursor: Cursor = None,
) -> SupplierStatement:
    """What the company owed a supplier, what changed it, and what it owed then."""
    return open_items.statement(api.company(company_id), supplier_id, (first, last), limit, cursor)


# ---------------------------------------------------------------- supplier invoices


@api.creates("/v1/companies/{company_id}/ledger/supplier-invoices")
def register_supplier_invoice(company_id: Id, body: SupplierInvoiceInput) -> SupplierInvoice:
    """Register and post a supplier invoice, or a supplier's credit note."""
    return invoices.register(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/supplier-invoices")
def list_supplier_invoices(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> SupplierInvoicePage:
    """Supplier invoices, newest first."""
    return invoices.invoices(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/supplier-invoices/{supplier_invoice_id}")
def get_supplier_invoice(company_id: Id, supplier_invoice_id: Id) -> SupplierInvoice:
    """One supplier invoice."""
    return invoices.get(api.company(company_id), supplier_invoice_id)


@api.acts("/v1/companies/{company_id}/ledger/supplier-invoices/{supplier_invoice_id}/reverse")
def reverse_supplier_invoice(
    company_id: Id, supplier_invoice_id: Id, body: SupplierInvoiceReversalInput
) -> SupplierInvoice:
    """Take a supplier invoice back by vouchers the other way."""
    return invoices.reverse(api.company(company_id), supplier_invoice_id, body)


# ---------------------------------------------------------------- what is owed


@api.reads("/v1/companies/{company_id}/ledger/payables")
def list_payables(
    company_id: Id,
    as_of: Annotated[Day | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=open_items.MOST_ITEMS)] = open_items.MOST_ITEMS,
    cursor: Cursor = None,
) -> Payables:
    """What the company owed its suppliers at the end of a day, beside account 2440; the sums are of all."""
    return open_items.payables(api.company(company_id), as_of, limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/payables/due")
def list_due_payables(
    company_id: Id,
    until: Annotated[Day | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=open_items.MOST_DUE)] = open_items.MOST_DUE,
    cursor: Cursor = None,
) -> DueList:
    """What is to be paid until a day; the total is of all."""
    return open_items.due(api.company(company_id), until, limit, cursor)


# ---------------------------------------------------------------- payments


@api.creates("/v1/companies/{company_id}/ledger/supplier-payments")
def register_supplier_payment(company_id: Id, body: SupplierPaymentInput) -> SupplierPayment:
    """Register a payment of supplier invoices."""
    return paying.register(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/supplier-payments")
def list_supplier_payments(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> SupplierPaymentPage:
    """Payments to suppliers, newest first."""
    return paying.payments(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/supplier-payments/{supplier_payment_id}")
def get_supplier_payment(company_id: Id, supplier_payment_id: Id) -> SupplierPayment:
    """One payment to suppliers."""
    return paying.get(api.company(company_id), supplier_payment_id)


@api.acts("/v1/companies/{company_id}/ledger/supplier-payments/{supplier_payment_id}/reverse")
def reverse_supplier_payment(
    company_id: Id, supplier_payment_id: Id, body: SupplierPaymentReversalInput
) -> SupplierPayment:
    """Take a payment to suppliers back."""
    return paying.reverse(api.company(company_id), supplier_payment_id, body)


# ---------------------------------------------------------------- orders to the bank


@api.creates("/v1/companies/{company_id}/ledger/payment-orders")
def create_payment_order(company_id: Id, body: PaymentOrderInput) -> NewPaymentOrder:
    """Order the bank to pay invoices: those named, or all that are due."""
    return orders.create(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/payment-orders")
def list_payment_orders(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> PaymentOrderPage:
    """Orders to the bank, newest first."""
    return orders.orders(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/payment-orders/{payment_order_id}")
def get_payment_order(company_id: Id, payment_order_id: Id) -> PaymentOrder:
    """One order to the bank."""
    return orders.get(api.company(company_id), payment_order_id)


@api.reads(
    "/v1/companies/{company_id}/ledger/payment-orders/{payment_order_id}/file", produces="application/xml"
)
def get_payment_order_file(
    company_id: Id, payment_order_id: Id, version: Annotated[Version, Query()] = "03"
) -> File:
    """The order as a file for the bank (pain.001)."""
    content = orders.file(api.company(company_id), payment_order_id, version)
    headers = {"Content-Disposition": f'attachment; filename="pain001-{payment_order_id}.xml"'}
    return File("application/xml", content.decode(), headers)


@api.acts("/v1/companies/{company_id}/ledger/payment-orders/{payment_order_id}/cancel")
def cancel_payment_order(company_id: Id, payment_order_id: Id, body: ChosenLinesInput) -> PaymentOrder:
    """Cancel lines of an order that the bank has not got."""
    return orders.cancel(api.company(company_id), payment_order_id, body)


@api.acts("/v1/companies/{company_id}/ledger/payment-orders/{payment_order_id}/reject")
def reject_payment_order_lines(
    company_id: Id, payment_order_id: Id, body: RejectedLinesInput
) -> PaymentOrder:
    """Say that the bank has refused lines of an order."""
    return orders.reject(api.company(company_id), payment_order_id, body)


@api.acts("/v1/companies/{company_id}/ledger/payment-orders/{payment_order_id}/confirm")
def confirm_payment_order(company_id: Id, payment_order_id: Id, body: PaidLinesInput) -> PaymentOrder:
    """Say that the bank has paid lines of an order, and post that."""
    return orders.confirm(api.company(company_id), payment_order_id, body)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
