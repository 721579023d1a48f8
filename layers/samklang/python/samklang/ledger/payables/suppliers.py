"""What the bureau does with the company's suppliers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.payables.model.suppliers import SavedSupplier, Supplier, SupplierInput, similar
from samklang.ledger.store import chart
from samklang.ledger.store import suppliers as store
from samklang.platform import idempotency
from samklang.platform.dynamo import ConditionFailed, Transaction
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from samklang.ledger.payables.model.suppliers import SupplierPage
    from samklang.platform.access import CompanyAccess


def create(at: CompanyAccess, given: SupplierInput) -> SavedSupplier:
    """A new supplier, with a warning if it may be there already.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``unknown-account``.
    """
    _require(at)
    supplier = Supplier.model_validate(dict(given) | {"supplier_id": new_id("sup"), "version": 1})
    return _save(at, supplier)


def change(at: CompanyAccess, supplier_id: str, version: int, given: SupplierInput) -> SavedSupplier:
    """A supplier in place of its version ``version``; inactive, it gets no new invoices.

    Raises:
        Problem: ``not-allowed``, ``not-active``, ``not-found``, ``version-mismatch``, ``unknown-account``.
    """
    _require(at)
    before = get(at, supplier_id)
    if before.version != version:
        raise _changed_meanwhile()
    known = {"supplier_id": supplier_id, "version": version + 1}
    return _save(at, Supplier.model_validate(dict(given) | known))


def get(at: CompanyAccess, supplier_id: str) -> Supplier:
    """One supplier.

    Raises:
        Problem: ``not-found``.
    """
    supplier = store.supplier(at.company_id, supplier_id)
    if supplier is None:
        raise Problem("not-found", "There is no such supplier.")
    return supplier


def suppliers(at: CompanyAccess, limit: int, cursor: str | None) -> SupplierPage:
    """A page of suppliers, oldest first."""
    return store.suppliers(at.company_id, limit, cursor)


def _require(at: CompanyAccess) -> None:
    at.require_bureau("keep suppliers")
    at.require_active()


def _save(at: CompanyAccess, supplier: Supplier) -> SavedSupplier:
    if supplier.cost_account is not None:
        account = chart.chart(at.company_id).get(supplier.cost_account)
        if account is None or not account.active:
            message = f"Account {supplier.cost_account} is not open in the chart of accounts. Choose another."
            raise Problem("unknown-account", message, (FieldError("/cost_account", "unknown", message),))
    saved = SavedSupplier.model_validate(
        dict(supplier) | {"similar": similar(supplier, store.every_supplier(at.company_id))}
    )
    transaction = Transaction()
    store.put_supplier(transaction, at.company_id, supplier)
    try:
        return idempotency.commit(transaction, at.user, saved)
    except ConditionFailed as failure:
        raise _changed_meanwhile() from failure


def _changed_meanwhile() -> Problem:
    return Problem("version-mismatch", "Read it again, make your change to what it is now, and send that.")
