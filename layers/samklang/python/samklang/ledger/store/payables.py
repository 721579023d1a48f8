"""Supplier invoices as open items: ``PAYABLE#id``.

Beside them, which one has a supplier's number: ``PAYABLENO#supplier#number``. Index ``payables`` (pk,
payable_closed_on) holds the open items by the day they closed, so that the items open on any day, past or
present, are one query.
"""

from __future__ import annotations

import functools
import json
from datetime import date
from typing import TYPE_CHECKING, Any

from samklang.ledger.model.receivables import OPEN
from samklang.ledger.payables.model.invoices import CostRow, SupplierReversal
from samklang.ledger.payables.model.payables import Payable, PayableEntry
from samklang.ledger.store.table import prefixed_page, table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "PAYABLE#"
NUMBER_TAKEN = "payable-number"
"""Label of the operation that fails when the supplier's number is registered already."""


def put_payable(transaction: Transaction, company_id: str, payable: Payable) -> None:
    """An open item, new or in place of its version before."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_PREFIX}{payable.supplier_invoice_id}",
        "kind": "payable",
        "id": payable.supplier_invoice_id,
        "supplier_id": payable.supplier_id,
        "supplier": payable.supplier,
        "number": payable.number,
        "invoice_date": payable.invoice_date.isoformat(),
        "posting_date": payable.posting_date.isoformat(),
        "due_date": payable.due_date.isoformat(),
        "total": payable.total,
        "rows": _packed([row.model_dump(mode="json", exclude_none=True) for row in payable.rows]),
        "vat": _pack(payable.vat),
        "ocr": payable.ocr,
        "message": payable.message,
        "document_id": payable.document_id,
        "voucher_id": payable.voucher_id,
        "accrual_voucher_ids": payable.accrual_voucher_ids or None,
        "request_id": payable.request_id,
        "created_at": payable.created_at,
        "bought": _pack(payable.bought),
        "posted": _pack(payable.posted),
        "put_on_account": _packed([[day.isoformat(), amount] for day, amount in payable.put_on_account]),
        "entries": _packed(
            [[each.date.isoformat(), each.amount, each.cause, each.on_account] for each in payable.entries]
        ),
        "order_id": payable.order_id,
        "reversal": payable.reversal.model_dump_json() if payable.reversal else None,
        "payable_closed_on": payable.closed_on,
        "version": payable.version + 1,
    }
    expect = {"version": payable.version} if payable.version else None
    transaction.put(f"payable/{payable.supplier_invoice_id}", table(), item, expect=expect)


def _packed(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _pack(parts: Mapping[Any, int]) -> str | None:
    return _packed(parts) if parts else None


def _read(item: Item) -> Payable:
    row_defaults = {"text": None, "accrual": None}
    reversal = item.get("reversal")
    return Payable(
        supplier_invoice_id=item["id"],
        supplier_id=item["supplier_id"],
        supplier=item["supplier"],
        number=item["number"],
        invoice_date=date.fromisoformat(item["invoice_date"]),
        posting_date=date.fromisoformat(item["posting_date"]),
        due_date=date.fromisoformat(item["due_date"]),
        total=item["total"],
        rows=[CostRow.model_validate(row_defaults | row) for row in json.loads(item["rows"])],
        vat=json.loads(item.get("vat", "{}")),
        ocr=item.get("ocr"),
        message=item.get("message"),
        document_id=item.get("document_id"),
        voucher_id=item.get("voucher_id"),
        accrual_voucher_ids=item.get("accrual_voucher_ids", []),
        request_id=item["request_id"],
        created_at=item["created_at"],
        bought=json.loads(item.get("bought", "{}")),
        posted=json.loads(item.get("posted", "{}")),
        put_on_account=[
            (date.fromisoformat(day), amount) for day, amount in json.loads(item["put_on_account"])
        ],
        entries=[
            PayableEntry(date.fromisoformat(day), amount, cause, on_account)
            for day, amount, cause, on_account in json.loads(item["entries"])
        ],
        order_id=item.get("order_id"),
        reversal=SupplierReversal.model_validate_json(reversal) if reversal else None,
        version=item["version"],
    )


def payable(company_id: str, supplier_invoice_id: str) -> Payable | None:
    """One open item, or a closed one."""
    item = dynamo.get(table(), company_key(company_id), f"{_PREFIX}{supplier_invoice_id}")
    return _read(item) if item else None


def payables_by_id(company_id: str, supplier_invoice_ids: Iterable[str]) -> dict[str, Payable]:
    """Those of the items that exist, by id."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, f"{_PREFIX}{each}") for each in supplier_invoice_ids])
    return {each.supplier_invoice_id: each for each in map(_read, found.values())}


def payables(company_id: str, limit: int, cursor: str | None) -> tuple[list[Payable], str | None]:
    """A page of items, newest first, and the cursor to the next."""
    pk = company_key(company_id)
    page = dynamo.query(table(), pk, _PREFIX, limit=limit, cursor=cursor, descending=True)
    return [_read(item) for item in page.items], page.next


def every_payable(company_id: str) -> Iterator[Payable]:
    """All items, open and closed, as last written."""
    return map(_read, dynamo.every(functools.partial(prefixed_page, company_id, _PREFIX)))


def payables_open_after(company_id: str, day: date) -> Iterator[Payable]:
    """Items that may be open on a day: those that closed after it, or never."""
    return map(_read, dynamo.every(functools.partial(_closed_after, company_id, day.isoformat())))


def open_payables(company_id: str) -> Iterator[Payable]:
    """Items with something remaining, whatever their dates."""
    return map(_read, dynamo.every(functools.partial(_closed_after, company_id, OPEN[:-1])))


def _closed_after(company_id: str, day: str, cursor: str | None) -> dynamo.Page:
    partition = ("pk", company_key(company_id))
    return dynamo.query_index(table(), "payables", partition, ("payable_closed_on", day), cursor=cursor)


# ---------------------------------------------------------------- a supplier's numbers


def take_number(transaction: Transaction, company_id: str, payable: Payable) -> None:
    """Let no other invoice of the supplier have this number; label :data:`NUMBER_TAKEN`."""
    pk, sk = _number_key(company_id, payable)
    item = {"pk": pk, "sk": sk, "kind": "payable_number", "id": payable.supplier_invoice_id}
    transaction.put(NUMBER_TAKEN, table(), item)


def free_number(transaction: Transaction, company_id: str, payable: Payable) -> None:
    """Let the supplier's number be registered again."""
    transaction.delete(NUMBER_TAKEN, table(), _number_key(company_id, payable))


def _number_key(company_id: str, payable: Payable) -> tuple[str, str]:
    """Blanks and capitals do not make another number."""
    number = "".join(payable.number.split()).casefold()
    return company_key(company_id), f"PAYABLENO#{payable.supplier_id}#{number}"
