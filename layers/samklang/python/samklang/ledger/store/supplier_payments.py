"""Payments to suppliers: ``SUPPLIERPAYMENT#id``, and orders to the bank: ``PAYMENTORDER#id``.

Debits that the bank has told of are ``BANKDEBIT#id``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from samklang.ledger.payables.model.payments import (
    PaymentOrder,
    PaymentOrderPage,
    SupplierPayment,
    SupplierPaymentPage,
)
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item, Transaction

_PAYMENT = "SUPPLIERPAYMENT#"
_ORDER = "PAYMENTORDER#"


def put_payment(transaction: Transaction, company_id: str, payment: SupplierPayment) -> SupplierPayment:
    """A payment, new or in place of its version before; returned as it is then."""
    item = _item(company_id, _PAYMENT + payment.supplier_payment_id, "supplier_payment", payment)
    expect = {"version": payment.version} if payment.version else None
    transaction.put(f"supplier_payment/{payment.supplier_payment_id}", table(), item, expect=expect)
    return payment.model_copy(update={"version": payment.version + 1})


def payment(company_id: str, supplier_payment_id: str) -> SupplierPayment | None:
    """One payment."""
    item = dynamo.get(table(), company_key(company_id), _PAYMENT + supplier_payment_id)
    return _read_payment(item) if item else None


def payments(company_id: str, limit: int, cursor: str | None) -> SupplierPaymentPage:
    """A page of payments, newest first."""
    page = _page(company_id, _PAYMENT, limit, cursor)
    return SupplierPaymentPage(items=[_read_payment(item) for item in page.items], next=page.next)


def _read_payment(item: Item) -> SupplierPayment:
    return SupplierPayment.model_validate(json.loads(item["body"]) | {"version": item["version"]})


def put_order[Order: PaymentOrder](transaction: Transaction, company_id: str, order: Order) -> Order:
    """An order, new or in place of its version before; returned as it is then."""
    item = _item(company_id, _ORDER + order.payment_order_id, "payment_order", order)
    expect = {"version": order.version} if order.version else None
    transaction.put(f"payment_order/{order.payment_order_id}", table(), item, expect=expect)
    return order.model_copy(update={"version": order.version + 1})


def order(company_id: str, payment_order_id: str) -> PaymentOrder | None:
    """One order."""
    return orders_by_id(company_id, [payment_order_id]).get(payment_order_id)


def orders_by_id(company_id: str, payment_order_ids: Iterable[str]) -> dict[str, PaymentOrder]:
    """Those of the orders that exist, by id."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, _ORDER + each) for each in payment_order_ids])
    return {each.payment_order_id: each for each in map(_read_order, found.values())}


def orders(company_id: str, limit: int, cursor: str | None) -> PaymentOrderPage:
    """A page of orders, newest first."""
    page = _page(company_id, _ORDER, limit, cursor)
    return PaymentOrderPage(items=[_read_order(item) for item in page.items], next=page.next)


def _read_order(item: Item) -> PaymentOrder:
    return PaymentOrder.model_validate(json.loads(item["body"]) | {"version": item["version"]})


def _page(company_id: str, prefix: str, limit: int, cursor: str | None) -> dynamo.Page:
    pk = company_key(company_id)
    return dynamo.query(table(), pk, prefix, limit=limit, cursor=cursor, descending=True)


def _item(company_id: str, sk: str, kind: str, what: SupplierPayment | PaymentOrder) -> Item:
    return {
        "pk": company_key(company_id),
        "sk": sk,
        "kind": kind,
        "version": what.version + 1,
        "body": what.model_dump_json(exclude={"version", "left_out"}),
    }


# ---------------------------------------------------------------- what the bank has told of


def put_debit(transaction: Transaction, company_id: str, debit_id: str) -> None:
    """That a debit of a bank's file has closed lines of an order: it closes none again."""
    item = {"pk": company_key(company_id), "sk": f"BANKDEBIT#{debit_id}", "kind": "bank_debit"}
    transaction.put(f"bank_debit/{debit_id}", table(), item)


def known_debits(company_id: str, debit_ids: Iterable[str]) -> set[str]:
    """Those of the debits that have closed lines."""
    pk = company_key(company_id)
    keys = {(pk, f"BANKDEBIT#{each}"): each for each in debit_ids}
    return {keys[key] for key in dynamo.batch_get(table(), keys)}
