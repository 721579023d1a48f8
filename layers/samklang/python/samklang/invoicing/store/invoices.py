"""Invoices, credit notes and drafts, and the company as it stands on them.

| sk under COMPANY#id | what |
|---|---|
| SELLER | the company as it stands on its invoices |
| INVOICE#id | an invoice with its rows, one item |

Index ``lists`` (listed_as, listed_on) holds issued invoices, open and closed ones apart, by date and
number; index ``customers`` (customer_key, sk) every invoice and draft of a customer, keys only. A draft is
in no list but the table's own, so that issuing it writes one index entry and no more.
"""

from __future__ import annotations

import json
from datetime import date
from itertools import batched
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from samklang.collaboration.model import CompanyDetails
from samklang.invoicing.model.invoices import (
    Buyer,
    CreditNoteReference,
    DeliveryState,
    DunningState,
    Invoice,
    InvoiceRow,
    InvoiceSummary,
    LedgerState,
    OpenInvoice,
    Original,
    TextRow,
    VatLine,
    status_of,
)
from samklang.invoicing.store import series
from samklang.invoicing.store.table import table
from samklang.platform import clock, dynamo
from samklang.platform.access import company_key
from samklang.platform.dynamo import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.platform.dynamo import Item, Transaction

SELLER = "SELLER"
_PREFIX = "INVOICE#"

Shelf = Literal["open", "closed"]
"""The two halves of index ``lists``: with something remaining, and without."""

BEFORE_ALL, BEHIND_ALL = "0", "~"
"""Places (``date#number``) below and above every invoice's."""

_SHELVES: tuple[Shelf, ...] = ("open", "closed")


# ---------------------------------------------------------------- the company


def put_seller(transaction: Transaction, company_id: str, details: CompanyDetails) -> None:
    """The company as it stands on its invoices."""
    item = {
        "pk": company_key(company_id),
        "sk": SELLER,
        "kind": "seller",
        "details": details.model_dump_json(exclude_none=True),
    }
    transaction.put("seller", table(), item)


def seller(company_id: str) -> CompanyDetails:
    """The company as it stands on its invoices."""
    item = dynamo.get(table(), company_key(company_id), SELLER)
    assert item is not None  # written in the transaction that made the company active
    return CompanyDetails.model_validate_json(item["details"])


# ---------------------------------------------------------------- what issuing starts from


class IssueBasis(NamedTuple):
    """What issuing starts from, read at once."""

    invoices: dict[str, Invoice]
    series: series.Series
    logo: str | None


def issue_basis(company_id: str, invoice_ids: Iterable[str]) -> IssueBasis:
    """Those of the invoices that exist, the number series, and the logo they get."""
    pk = company_key(company_id)
    wanted = [(pk, _PREFIX + each) for each in invoice_ids]
    found = dynamo.batch_get(table(), [*wanted, (pk, series.SERIES), (pk, SELLER)])
    # Series and seller were written in the transaction that made the company active.
    head, company = found.pop((pk, series.SERIES)), found.pop((pk, SELLER))
    return IssueBasis(
        invoices={item["id"]: read_invoice(item) for item in found.values()},
        series=series.read(head),
        logo=company.get("logo"),
    )


# ---------------------------------------------------------------- write


def put(transaction: Transaction, company_id: str, invoice: Invoice, request_id: str) -> None:
    """A draft, new or in place of its version before, the invoice it becomes, or a new credit note."""
    issued = invoice.number is not None
    original = invoice.original
    values: dict[str, Any] = {
        "company_id": company_id,
        "state": "issued" if issued else "draft",
        "document": "credit_note" if invoice.kind == "credit_note" else None,
        "customer_id": invoice.customer_id,
        "customer_key": _customer_key(company_id, invoice.customer_id),
        "customer_name": invoice.customer_name,
        "number": invoice.number,
        "ocr": invoice.ocr,
        "invoice_date": _day(invoice.invoice_date),
        "delivery_date": _day(invoice.delivery_date),
        "due_date": _day(invoice.due_date),
        "your_reference": invoice.your_reference,
        "our_reference": invoice.our_reference,
        "order_reference": invoice.order_reference,
        "vat_treatment": invoice.vat_treatment if invoice.vat_treatment != "domestic" else None,
        "round_to_krona": invoice.round_to_krona or None,
        "buyer": invoice.buyer.model_dump_json(exclude={"name"}, exclude_none=True),
        "rows": _pack_rows(invoice.rows),
        "vat_lines": _pack([list(line.model_dump().values()) for line in invoice.vat_lines]),
        "rounding": invoice.rounding,
        "total": invoice.total,
        "remaining": invoice.remaining,
        "original": _pack(original.model_dump(mode="python") | {"invoice_date": str(original.invoice_date)})
        if original
        else None,
        "reason": invoice.reason,
        "logo": invoice.logo,
        "delivery": invoice.delivery.model_dump_json(exclude_defaults=True) if invoice.delivery else None,
        "issued_at": clock.timestamp() if issued else None,
        "request_id": request_id,
        **(_shelved(company_id, invoice, invoice.remaining) if issued else {}),
    }
    item = {
        "pk": company_key(company_id),
        "sk": _PREFIX + invoice.invoice_id,
        "kind": "invoice",
        "id": invoice.invoice_id,
        "version": invoice.version,
        **values,
    }
    expect = {"version": invoice.version - 1} if invoice.version > 1 else None
    transaction.put(f"invoice/{invoice.invoice_id}", table(), item, expect=expect)


def discard(transaction: Transaction, company_id: str, draft: Invoice) -> None:
    """Take a draft away, if it is as it was read."""
    key = (company_key(company_id), _PREFIX + draft.invoice_id)
    transaction.delete(f"invoice/{draft.invoice_id}", table(), key, expect={"version": draft.version})


def change_remaining(
    transaction: Transaction,
    company_id: str,
    invoice: Invoice,
    change: int,
    credit_note: Invoice | None = None,
    *,
    written_off: bool = False,
) -> None:
    """Change what remains by ``change`` öre, if the invoice is as it was read.

    Below zero it takes a payment off, a bad debt (``written_off``), or what a credit note settles; a credit
    note is kept with it.
    """
    remaining = invoice.remaining + change
    values: dict[str, Any] = {"remaining": remaining, "version": invoice.version + 1}
    if credit_note:
        assert credit_note.number is not None  # it is issued in this transaction
        references = [
            *invoice.credit_notes,
            CreditNoteReference(
                invoice_id=credit_note.invoice_id, number=credit_note.number, total=credit_note.total
            ),
        ]
        values["credited"] = invoice.credited - credit_note.total
        values["set_off"] = invoice.set_off - change
        values["credit_notes"] = _pack([[each.invoice_id, each.number, each.total] for each in references])
    if written_off:
        values["written_off"] = invoice.written_off - change or None
    transaction.update(
        f"invoice/{invoice.invoice_id}",
        table(),
        (company_key(company_id), _PREFIX + invoice.invoice_id),
        put=values | _shelved(company_id, invoice, remaining),
        expect={"version": invoice.version},
    )


def raise_version(transaction: Transaction, company_id: str, invoice: Invoice) -> None:
    """Change nothing but the version, if the invoice is as it was read: what crosses this is tried again."""
    key = (company_key(company_id), _PREFIX + invoice.invoice_id)
    change, expect = {"version": invoice.version + 1}, {"version": invoice.version}
    transaction.update(f"invoice/{invoice.invoice_id}", table(), key, put=change, expect=expect)


def set_dunning_state(company_id: str, invoice_id: str, state: DunningState) -> None:
    """The step taken last for want of payment; no new version, since the client changes nothing by it."""
    key = (company_key(company_id), _PREFIX + invoice_id)
    dynamo.set_attributes(table(), key, {"dunning": state.model_dump_json()})


def set_ledger_state(company_id: str, invoice_id: str, state: LedgerState) -> None:
    """Where the invoice is on the ledger's side; no new version, since the client changes nothing by it."""
    dynamo.set_attributes(
        table(),
        (company_key(company_id), _PREFIX + invoice_id),
        {"ledger": state.model_dump_json(exclude_none=True)},
    )


def show_delivery(
    transaction: Transaction,
    company_id: str,
    invoice_id: str,
    state: DeliveryState,
    sent_at: str | None,
    shown: str | None,
) -> None:
    """How the sending to the customer goes; no new version. ``sent_at`` is kept once the invoice is sent.

    ``shown`` is the attribute as it was read, if there was one, and must be so still: news of an old sending
    never hide a newer one.
    """
    values = {"delivery": state.model_dump_json(exclude_defaults=True)} | (
        {"sent_at": sent_at} if sent_at else {}
    )
    key = (company_key(company_id), _PREFIX + invoice_id)
    expect = {"sk": key[1], "delivery": MISSING if shown is None else shown}
    transaction.update("invoice's delivery", table(), key, put=values, expect=expect)


def _shelved(company_id: str, invoice: Invoice, remaining: int) -> dict[str, str]:
    """Its place in index ``lists``."""
    assert invoice.number is not None  # only issued ones are there
    return {
        "listed_as": _shelf(company_id, "open" if remaining else "closed"),
        "listed_on": f"{invoice.invoice_date}#{invoice.number:09d}",
    }


def _shelf(company_id: str, shelf: Shelf) -> str:
    return f"{company_id}#{shelf}"


def _customer_key(company_id: str, customer_id: str) -> str:
    return f"{company_id}#{customer_id}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ---------------------------------------------------------------- rows


def _pack(value: Any) -> str:
    """One string instead of a nested attribute: a third of the bytes, and a tenth of the time to read."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _pack_rows(rows: list[InvoiceRow | TextRow]) -> str:
    return _pack([_row_values(row) for row in rows])


def packed_size(rows: list[InvoiceRow | TextRow]) -> int:
    """How many bytes an invoice's rows are when kept."""
    return len(_pack_rows(rows).encode())


_MOSTLY = (None, "standard", "domestic", "service", "0")
"""What the last values of a row mostly are; where they are, they are left out."""


def _row_values(row: InvoiceRow | TextRow) -> Any:
    if isinstance(row, TextRow):
        return row.text
    last = (row.article_id, row.vat_class, row.vat_code, row.kind, str(row.discount_percent))
    kept = [
        None if value == usual else value if value is not None else ""
        for value, usual in zip(last, _MOSTLY, strict=True)
    ]
    while kept and kept[-1] is None:
        kept.pop()
    return [row.description, str(row.quantity), row.unit, row.unit_price, row.vat_rate, row.amount, *kept]


def _read_row(values: Any) -> InvoiceRow | TextRow:
    if isinstance(values, str):
        return TextRow(text=values)
    description, quantity, unit, unit_price, vat_rate, amount, *kept = values
    kept += [None] * (len(_MOSTLY) - len(kept))
    article_id, vat_class, vat_code, kind, discount = (
        usual if value is None else value or None for value, usual in zip(kept, _MOSTLY, strict=True)
    )
    return InvoiceRow.model_validate(
        {
            "article_id": article_id,
            "description": description,
            "quantity": quantity,
            "unit": unit,
            "unit_price": unit_price,
            "vat_rate": vat_rate,
            "vat_class": vat_class,
            "vat_code": vat_code,
            "kind": kind,
            "discount_percent": discount,
            "amount": amount,
        }
    )


# ---------------------------------------------------------------- read


def read_invoice(item: Item) -> Invoice:
    """An invoice from its item."""
    lines = [
        VatLine(vat_code=code, vat_rate=rate, base=base, vat=vat)
        for code, rate, base, vat in json.loads(item["vat_lines"])
    ]
    summary = read_summary(item)
    original = item.get("original")
    return Invoice(
        invoice_id=item["id"],
        kind=summary.kind,
        customer_id=item["customer_id"],
        customer_name=item["customer_name"],
        status=summary.status,
        number=summary.number,
        ocr=summary.ocr,
        invoice_date=summary.invoice_date,
        delivery_date=item.get("delivery_date"),
        due_date=summary.due_date,
        your_reference=item.get("your_reference"),
        our_reference=item.get("our_reference"),
        order_reference=item.get("order_reference"),
        vat_treatment=item.get("vat_treatment", "domestic"),
        round_to_krona=item.get("round_to_krona", False),
        rows=[_read_row(values) for values in json.loads(item["rows"])],
        vat_lines=lines,
        net=sum(line.base for line in lines),
        vat=sum(line.vat for line in lines),
        rounding=item["rounding"],
        total=summary.total,
        credited=summary.credited,
        paid=summary.paid,
        written_off=summary.written_off,
        remaining=summary.remaining,
        buyer=Buyer.model_validate(json.loads(item["buyer"]) | {"name": item["customer_name"]}),
        original=Original.model_validate_json(original) if original else None,
        credit_notes=[
            CreditNoteReference(invoice_id=each, number=number, total=total)
            for each, number, total in json.loads(item.get("credit_notes", "[]"))
        ],
        reason=item.get("reason"),
        sent_at=item.get("sent_at"),
        delivery=summary.delivery,
        ledger=summary.ledger,
        dunning=summary.dunning,
        logo=item.get("logo"),
        version=item["version"],
    )


SUMMARY = (
    *("sk", "id", "document", "customer_id", "customer_name", "number", "ocr", "invoice_date", "due_date"),
    *("listed_on", "total", "remaining", "credited", "set_off", "written_off", "original"),
    *("sent_at", "delivery", "ledger", "dunning"),
)
"""The attributes of an invoice in a list; index ``lists`` holds them."""


def read_summary(item: Item) -> InvoiceSummary:
    """An invoice in a list, from its item or its entry in index ``lists``."""
    kind = item.get("document", "invoice")
    number, total, remaining, credited = (
        item.get("number"),
        item["total"],
        item["remaining"],
        item.get("credited", 0),
    )
    written_off = item.get("written_off", 0)
    original = item.get("original")
    set_off = -json.loads(original)["settled"] if original else item.get("set_off", 0)
    due: str = item.get("due_date", "")
    ledger = item.get("ledger")
    return InvoiceSummary(
        invoice_id=item["id"],
        kind=kind,
        customer_id=item["customer_id"],
        customer_name=item["customer_name"],
        status=status_of(
            kind=kind,
            number=number,
            total=total,
            credited=credited,
            remaining=remaining,
            paid=total - set_off - written_off - remaining,
            written_off=written_off,
            sent="sent_at" in item,
        ),
        number=number,
        ocr=item.get("ocr"),
        invoice_date=item.get("invoice_date"),
        due_date=date.fromisoformat(due) if due else None,
        overdue=number is not None and remaining > 0 and credited < total and due < clock.today().isoformat(),
        total=total,
        credited=credited,
        paid=total - set_off - written_off - remaining,
        written_off=written_off,
        remaining=remaining,
        delivery=DeliveryState.model_validate_json(item["delivery"]) if "delivery" in item else None,
        ledger=_ledger_state(ledger) if number is not None else None,
        dunning=DunningState.model_validate_json(item["dunning"]) if "dunning" in item else None,
    )


def _ledger_state(kept: str | None) -> LedgerState:
    return LedgerState.model_validate_json(kept) if kept else LedgerState(status="pending")


def invoice(company_id: str, invoice_id: str) -> Invoice | None:
    """One invoice."""
    return invoices_by_id(company_id, [invoice_id]).get(invoice_id)


def invoices_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Invoice]:
    """Those of the invoices that exist."""
    return {each: read_invoice(item) for each, item in items_by_id(company_id, invoice_ids).items()}


def items_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the invoices that exist, as they are kept."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, _PREFIX + each) for each in invoice_ids])
    return {item["id"]: item for item in found.values()}


def issued_items(company_id: str) -> Iterator[Item]:
    """Every issued invoice and credit note, by number, as it is kept."""
    for batch in batched(series.given_ids(company_id, series.series(company_id)), 100, strict=False):
        found = items_by_id(company_id, batch)
        yield from (found[each] for each in batch)


# ---------------------------------------------------------------- lists


def newest(company_id: str, below: str, limit: int) -> list[InvoiceSummary]:
    """Invoices and drafts with ids below ``below``, the newest first."""
    pk = company_key(company_id)
    items = dynamo.query_below(table(), pk, _PREFIX, below, limit, SUMMARY)
    return [read_summary(item) for item in items]


def drafts(company_id: str, below: str) -> tuple[list[InvoiceSummary], str | None]:
    """The drafts among the newest thousand below an id, and the id looked at last if more are left."""
    pk, bound = company_key(company_id), _PREFIX + below
    page = dynamo.query_between(
        table(), pk, _PREFIX, bound, descending=True, only={"state": "draft"}, select=SUMMARY
    )
    found = [read_summary(item) for item in page.items]
    last = page.last["sk"].removeprefix(_PREFIX) if page.last else None
    return [each for each in found if each.invoice_id != below], last


def shelved(
    company_id: str, shelf: Shelf, first: str, last: str, limit: int, *, descending: bool
) -> tuple[dict[str, InvoiceSummary], str | None]:
    """Issued invoices by place (``date#number``), ``first`` <= place <= ``last``.

    With them the place looked at last, if there are more.
    """
    page = dynamo.query_index(
        table(),
        "lists",
        ("listed_as", _shelf(company_id, shelf)),
        between=("listed_on", first, last),
        limit=limit,
        descending=descending,
    )
    found = {item["listed_on"]: read_summary(item) for item in page.items}
    return found, page.last["listed_on"] if page.last else None


def shelf_of(company_id: str, shelf: Shelf, first: str, last: str) -> Iterator[InvoiceSummary]:
    """All issued invoices with ``first`` <= place <= ``last`` (``date#number``), by place."""

    def page(cursor: str | None) -> dynamo.Page:
        partition = ("listed_as", _shelf(company_id, shelf))
        between = ("listed_on", first, last)
        return dynamo.query_index(table(), "lists", partition, between=between, cursor=cursor)

    return map(read_summary, dynamo.every(page))


def of_customer(company_id: str, customer_id: str, below: str, limit: int) -> list[str]:
    """The ids of a customer's invoices and drafts below ``below``, the newest first."""
    bound = _PREFIX + below
    page = dynamo.query_index(
        table(),
        "customers",
        ("customer_key", _customer_key(company_id, customer_id)),
        between=("sk", _PREFIX, bound),
        limit=limit + 1,
        descending=True,
    )
    ids = [item["sk"].removeprefix(_PREFIX) for item in page.items if item["sk"] != bound]
    return ids[:limit]


def numbers(company_id: str) -> dict[str, int]:
    """Every issued invoice's number as index ``lists`` has it: invoice id to number."""
    found: dict[str, int] = {}
    for shelf in _SHELVES:
        partition = ("listed_as", _shelf(company_id, shelf))
        pages = dynamo.every(
            lambda cursor, partition=partition: dynamo.query_index(  # type: ignore[misc]
                table(), "lists", partition, cursor=cursor, select=("id", "number")
            )
        )
        found.update((item["id"], item["number"]) for item in pages)
    return found


def summaries_by_id(company_id: str, invoice_ids: Iterable[str]) -> dict[str, InvoiceSummary]:
    """Those of the invoices that exist."""
    return {each: read_summary(item) for each, item in items_by_id(company_id, invoice_ids).items()}


def open_invoices(company_id: str) -> Iterator[OpenInvoice]:
    """All issued invoices and credit notes with something remaining, by date and number."""
    for each in shelf_of(company_id, "open", BEFORE_ALL, BEHIND_ALL):
        assert each.number is not None  # only issued ones are on a shelf
        assert each.ocr is not None
        assert each.due_date is not None
        yield OpenInvoice(
            invoice_id=each.invoice_id,
            number=each.number,
            ocr=each.ocr,
            customer_id=each.customer_id,
            customer_name=each.customer_name,
            total=each.total,
            remaining=each.remaining,
            due_date=each.due_date,
        )
