from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from samklang.invoicing.model.invoices import (
    Buyer,
    CreditInput,
    CreditNoteReference,
    DeliveryState,
    Invoice,
    InvoiceInput,
    InvoiceRow,
    InvoiceRowInput,
    InvoiceStatus,
    IssueManyInput,
    LedgerState,
    Original,
    TextRow,
    status_of,
    totals,
)
from samklang.invoicing.model.registers import CustomerAddress
from samklang.invoicing.store import invoices as store
from samklang.invoicing.vat import Kind, VatClass, VatCode
from samklang.platform.dynamo import Transaction, from_item, to_item
from samklang.platform.money import LIMIT
from tests.unit.test_invoice_totals import RATES, row

CUSTOMER = "cus_00000000000000000001"
ARTICLE = "art_00000000000000000001"
DAY = date(2026, 11, 23)
BUYER = Buyer(
    name="Kund AB",
    number="17",
    org_no="5560125790",
    vat_no="SE556012579001",
    address=CustomerAddress(street="Kungsgatan 1", postcode="111 22", city="Stockholm"),
    payment_terms_days=30,
)


def invoice(*rows: InvoiceRow | TextRow, round_to_krona: bool = False, **values: Any) -> Invoice:
    """An issued invoice with these rows (one of 1000.00 if none is given)."""
    given_rows = list(rows) or [row(100_000)]
    sums = totals(given_rows, round_to_krona=round_to_krona)
    fields: dict[str, Any] = {
        "invoice_id": "inv_1",
        "kind": "invoice",
        "customer_id": "cus_1",
        "customer_name": "Kund AB",
        "status": "issued",
        "number": 1001,
        "ocr": "100164",
        "invoice_date": DAY,
        "delivery_date": None,
        "due_date": date(2026, 12, 23),
        "your_reference": "Karin Ek",
        "our_reference": "Anna Lövgren",
        "order_reference": None,
        "vat_treatment": "domestic",
        "round_to_krona": round_to_krona,
        "rows": given_rows,
        "vat_lines": sums.vat_lines,
        "net": sums.net,
        "vat": sums.vat,
        "rounding": sums.rounding,
        "total": sums.total,
        "credited": 0,
        "paid": 0,
        "remaining": sums.total,
        "buyer": BUYER,
        "original": None,
        "credit_notes": [],
        "reason": None,
        "sent_at": None,
        "delivery": None,
        "ledger": None,
        "logo": None,
        "version": 2,
    }
    return Invoice(**fields | values)


# ---------------------------------------------------------------- what a row and an invoice must have


def test_a_row_without_article_must_have_description_price_and_rate() -> None:
    with pytest.raises(ValidationError, match="description, unit_price, vat_rate"):
        InvoiceRowInput()
    with pytest.raises(ValidationError, match="else vat_rate"):
        InvoiceRowInput.model_validate({"description": "Arbete", "unit_price": "10.00"})


def test_a_row_with_an_article_needs_nothing_else() -> None:
    assert InvoiceRowInput.model_validate({"article_id": ARTICLE}).quantity == 1


def test_a_class_does_for_a_rate_but_not_beside_one_and_not_beside_an_articles_own() -> None:
    right = {"description": "Bröd", "unit_price": "10.00", "vat_class": "food"}
    assert InvoiceRowInput.model_validate(right).vat_class == "food"
    for wrong in (right | {"vat_rate": "12"}, {"article_id": ARTICLE, "vat_class": "food"}):
        with pytest.raises(ValidationError, match="vat_class alone"):
            InvoiceRowInput.model_validate(wrong)


@pytest.mark.parametrize(
    "values",
    [
        {"article_id": ARTICLE},
        {"description": "Arbete"},
        {"quantity": "1"},
        {"unit": "st"},
        {"unit_price": "0.00"},
        {"vat_rate": "0"},
        {"vat_class": "none"},
        {"kind": "goods"},
        {"discount_percent": "0"},
    ],
)
def test_a_row_of_words_has_no_figures(values: dict[str, Any]) -> None:
    assert InvoiceRowInput.model_validate({"text": "Etapp 1"}).text == "Etapp 1"
    with pytest.raises(ValidationError, match="a text row has no figures"):
        InvoiceRowInput.model_validate({"text": "Etapp 1"} | values)


@pytest.mark.parametrize(
    "values",
    [
        {"quantity": "-1"},
        {"quantity": "0"},
        {"quantity": 1.5},
        {"unit_price": 12.5},
        {"unit_price": "12.345"},
        {"unit_price": "10000000000.01"},
        {"unit_price": "-10000000000.01"},
        {"vat_rate": "20"},
        {"vat_rate": 25.0},
        {"vat_rate": True},
        {"kind": "rent"},
        {"discount_percent": "100.01"},
        {"discount_percent": "-1"},
        {"article_id": "42"},
        {"colour": "red"},
    ],
)
def test_a_row_at_fault_is_refused(values: dict[str, Any]) -> None:
    right = {"description": "Arbete", "unit_price": "10000000000.00", "vat_rate": "25"}
    InvoiceRowInput.model_validate(right)
    with pytest.raises(ValidationError):
        InvoiceRowInput.model_validate(right | values)


def test_a_rate_may_be_written_as_a_whole_number() -> None:
    values = {"description": "Bok", "unit_price": "10.00", "vat_rate": 6}
    assert InvoiceRowInput.model_validate(values).vat_rate == "6"


@pytest.mark.parametrize(("count", "allowed"), [(0, False), (1, True), (500, True), (501, False)])
def test_an_invoice_has_1_to_500_rows(count: int, *, allowed: bool) -> None:
    values = {"customer_id": CUSTOMER, "rows": [{"article_id": ARTICLE}] * count}
    if allowed:
        assert len(InvoiceInput.model_validate(values).rows) == count
    else:
        with pytest.raises(ValidationError, match="rows"):
            InvoiceInput.model_validate(values)


@pytest.mark.parametrize(
    "rows", [[], [{"row": -1}], [{"row": 500}], [{"row": "0"}], [{"row": 0, "quantity": "0"}], [{}]]
)
def test_what_to_credit_is_rows_by_their_place_with_a_quantity_above_zero(rows: list[Any]) -> None:
    assert CreditInput.model_validate({}).rows is None
    with pytest.raises(ValidationError):
        CreditInput.model_validate({"rows": rows})


def test_many_are_issued_each_once_and_at_most_500() -> None:
    ids = [f"inv_{number:020d}" for number in range(501)]
    assert len(IssueManyInput(invoice_ids=ids[:500]).invoice_ids) == 500
    for wrong in (ids, [], [*ids[:3], ids[0]]):
        with pytest.raises(ValidationError):
            IssueManyInput(invoice_ids=wrong)


# ---------------------------------------------------------------- status


def status(total: int, **values: Any) -> InvoiceStatus:
    fields: dict[str, Any] = {"kind": "invoice", "number": 1, "credited": 0, "paid": 0, "sent": False}
    return status_of(**{"total": total, "remaining": total} | fields | values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"number": None}, "draft"),
        ({}, "issued"),
        ({"sent": True}, "sent"),
        ({"paid": 40, "remaining": 60}, "partly_paid"),
        ({"paid": 40, "remaining": 60, "sent": True}, "partly_paid"),
        ({"paid": 100, "remaining": 0}, "paid"),
        ({"paid": 100, "remaining": 0, "sent": True}, "paid"),
        ({"paid": 130, "remaining": -30}, "paid"),
        ({"credited": 30, "remaining": 70}, "issued"),
        ({"credited": 30, "remaining": 70, "sent": True}, "sent"),
        ({"credited": 30, "paid": 70, "remaining": 0}, "paid"),
        ({"credited": 100, "remaining": 0}, "credited"),
        ({"credited": 100, "paid": 100, "remaining": 0}, "credited"),
        ({"kind": "credit_note", "total": -100, "remaining": -100}, "issued"),
        ({"kind": "credit_note", "total": -100, "remaining": -100, "sent": True}, "sent"),
        ({"kind": "credit_note", "total": -100, "remaining": -1}, "issued"),
        ({"kind": "credit_note", "total": -100, "remaining": 0}, "settled"),
    ],
)
def test_the_status_follows_from_the_figures(values: dict[str, Any], expected: InvoiceStatus) -> None:
    assert status(**{"total": 100} | values) == expected


def test_an_invoice_of_nothing_is_paid() -> None:
    assert status(0) == "paid"


@given(st.integers(1, LIMIT), st.data())
def test_the_status_of_a_payment_follows_from_what_remains(total: int, data: st.DataObject) -> None:
    remaining = data.draw(st.integers(-total, total))
    expected = "paid" if remaining <= 0 else "issued" if remaining == total else "partly_paid"
    assert status(total, remaining=remaining, paid=total - remaining) == expected


# ---------------------------------------------------------------- kept and read again

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
money = st.integers(-LIMIT, LIMIT)
quantities = st.decimals("0.001", "9999999.999", places=3)
any_rows = st.lists(
    st.builds(TextRow, text=texts)
    | st.builds(
        InvoiceRow,
        article_id=st.none() | st.just(ARTICLE),
        description=texts,
        quantity=quantities | quantities.map(lambda quantity: -quantity),
        unit=texts,
        unit_price=money,
        vat_rate=st.sampled_from(RATES),
        vat_class=st.none() | st.sampled_from(get_args(VatClass)),
        vat_code=st.sampled_from(get_args(VatCode)),
        kind=st.sampled_from(get_args(Kind)),
        discount_percent=st.sampled_from([Decimal(0), Decimal("0.00"), Decimal("12.5"), Decimal(100)]),
        amount=st.integers(0, 10**9),
    ),
    min_size=1,
    max_size=6,
)


def kept(given_invoice: Invoice, monkeypatch: pytest.MonkeyPatch) -> Invoice:
    """An invoice as it is read from what would be written."""
    transaction = Transaction()
    with monkeypatch.context() as patch:
        patch.setenv("INVOICING_TABLE", "T")
        store.put(transaction, "com_1", given_invoice, "req")
    ((_, operation),) = transaction.operations[0].items()
    assert operation["Item"] == to_item(from_item(operation["Item"]))
    return store.read_invoice(from_item(operation["Item"]))


@pytest.fixture(scope="module")
def patches() -> Any:
    """A patch that hypothesis may use in every example."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@given(rows=any_rows)
def test_whatever_its_rows_an_invoice_is_read_as_it_was_written(rows: Any, patches: Any) -> None:
    given_invoice = invoice(
        *rows,
        ledger=LedgerState(status="pending"),
        vat_treatment="eu",
        delivery_date=DAY,
        order_reference="PO 7",
        logo="0f" * 32,
    )
    found = kept(given_invoice, patches).model_copy(update={"status": "issued"})
    assert found == given_invoice
    assert [str(each.quantity) for each in found.sales] == [
        str(each.quantity) for each in given_invoice.sales
    ]


def test_a_draft_with_next_to_nothing_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    draft = invoice(
        status="draft",
        number=None,
        ocr=None,
        invoice_date=None,
        due_date=None,
        your_reference=None,
        our_reference=None,
        buyer=Buyer(name="Kund AB", payment_terms_days=0),
        version=1,
    )
    assert kept(draft, monkeypatch) == draft


def test_a_credit_note_is_read_as_it_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    note = invoice(
        kind="credit_note",
        rows=[row(-100_000, quantity=Decimal(-1), unit_price=100_000)],
        vat_lines=[
            line.model_copy(update={"base": -100_000, "vat": -25_000}) for line in invoice().vat_lines
        ],
        net=-100_000,
        vat=-25_000,
        total=-125_000,
        remaining=-25_000,
        original=Original(invoice_id="inv_0", number=7, invoice_date=DAY, settled=100_000, rows=[3]),
        reason="Retur",
        ledger=LedgerState(status="pending"),
        version=1,
    )
    assert kept(note, monkeypatch) == note


def test_what_comes_to_an_invoice_later_is_read_from_its_item(monkeypatch: pytest.MonkeyPatch) -> None:
    transaction = Transaction()
    issued = invoice(ledger=LedgerState(status="pending"))
    note = invoice(invoice_id="inv_9", kind="credit_note", number=1002, total=-50_000)
    state = DeliveryState(delivery_id="del_1", channel="email", to="a@b.se", status="bounced", at="now")
    with monkeypatch.context() as patch:
        patch.setenv("INVOICING_TABLE", "T")
        store.put(transaction, "com_1", issued, "req")
        store.change_remaining(transaction, "com_1", issued, -50_000, note)
    item = from_item(transaction.operations[0]["Put"]["Item"])
    update = transaction.operations[1]["Update"]
    names, values = update["ExpressionAttributeNames"], update["ExpressionAttributeValues"]
    sets = update["UpdateExpression"].removeprefix("SET ").split(", ")
    changed = {names[name]: values[value] for name, value in (each.split(" = ") for each in sets)}
    item |= from_item(changed) | {"sent_at": "2026-11-24", "delivery": state.model_dump_json()}
    found = store.read_invoice(item)
    assert (found.remaining, found.credited, found.paid, found.version) == (75_000, 50_000, 0, 3)
    assert found.credit_notes == [CreditNoteReference(invoice_id="inv_9", number=1002, total=-50_000)]
    assert (found.status, found.sent_at, found.delivery) == ("sent", "2026-11-24", state)
