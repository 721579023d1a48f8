"""Suppliers' invoices on the whole cloud: owed, ordered, paid when the bank says so; many at once."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from local.bank.camt import CamtEntry, CamtPayment, CamtReference, camt_entries
from local.client import upload
from samklang.platform.money import parse_sek
from tests.cloud.company import Company, at_once, today
from tests.cloud.test_books import a_photo

OWN = "9912346"


class Purchases:
    """A company and what its bureau does with suppliers."""

    def __init__(self, company: Company) -> None:
        self.company = company
        given = {"name": "Fastighets AB", "bankgiro": "5050-1055", "cost_account": "5010"}
        self.supplier = self.post("suppliers", given)["supplier_id"]

    def post(self, tail: str, body: Any, status: int = 201) -> Any:
        return self.company.post(f"ledger/{tail}", body, "bureau").expect(status)

    def get(self, tail: str) -> Any:
        return self.company.get(f"ledger/{tail}").expect(200)

    def body(self, number: str, **values: Any) -> dict[str, Any]:
        day = today().isoformat()
        given = {"supplier_id": self.supplier, "number": number, "invoice_date": day, "total": "1250.00"}
        return given | {"rows": [{"net": "1000.00"}]} | values

    def invoice(self, number: str, **values: Any) -> Any:
        return self.post("supplier-invoices", self.body(number, **values))

    def status(self, invoice: Any) -> str:
        return str(self.get(f"supplier-invoices/{invoice['supplier_invoice_id']}")["status"])

    def order(self, *invoices: Any) -> dict[str, Any]:
        ids = [each["supplier_invoice_id"] for each in invoices]
        return {"payment_date": today().isoformat(), "supplier_invoice_ids": ids}

    def payment(self, invoice: Any, amount: str) -> dict[str, Any]:
        allocation = {"supplier_invoice_id": invoice["supplier_invoice_id"], "amount": amount}
        return {"payment_date": today().isoformat(), "allocations": [allocation]}

    def assert_owed(self, amount: str) -> None:
        found = self.get("payables")
        assert [found[name] for name in ("total", "on_account", "account_2440")] == [amount] * 3, found


@pytest.fixture
def purchases(company: Company) -> Purchases:
    return Purchases(company)


def test_given_an_order_when_the_banks_file_comes_twice_then_its_lines_are_paid_once(
    purchases: Purchases,
) -> None:
    company = purchases.company
    wanted = {"filename": "faktura.jpg", "content_type": "image/jpeg", "kind": "supplier_invoice"}
    document = company.post("documents", wanted).expect(201)
    assert upload(document["upload"], a_photo()).status == 204
    company.cloud.wait_idle()
    first = purchases.invoice("1", ocr="1234574", document_id=document["document_id"])
    booked = company.get(f"documents/{document['document_id']}").expect(200)
    assert booked["booked_as"] == [f"supplier_invoice/{first['supplier_invoice_id']}"]
    second = purchases.invoice("2", ocr="1234582")
    assert purchases.get("payables/due?until=2099-12-31")["total"] == "2500.00"
    made = purchases.post("payment-orders", purchases.order(first, second))

    tail = f"payment-orders/{made['payment_order_id']}"
    content = company.get(f"ledger/{tail}/file").content
    ids = [each.text for each in ET.fromstring(content).iter() if each.tag.endswith("EndToEndId")]
    assert ids == [line["end_to_end_id"] for line in made["lines"]]

    # One debit has our id; the other only what was ordered.
    known = CamtPayment(amount=parse_sek("1250.00"), end_to_end_id=str(ids[0]))
    alike = CamtPayment(
        amount=parse_sek("1250.00"), paid_to="50501055", references=(CamtReference(value="1234582"),)
    )
    entry = CamtEntry(payments=[known, alike], booking_day=today(), sign="DBIT")
    for _ in range(2):
        file = company.send_file(camt_entries(OWN, [entry], kind="camt.053"))
        assert file["status"] == "done", file

    assert [line["status"] for line in purchases.get(tail)["lines"]] == ["paid", "paid"]
    assert [purchases.status(each) for each in (first, second)] == ["paid", "paid"]
    (payment,) = purchases.get("supplier-payments")["items"]
    assert (payment["amount"], payment["payment_order_id"]) == ("2500.00", made["payment_order_id"])
    purchases.assert_owed("0.00")
    balances = {each["account"]: each["closing"] for each in purchases.get("balances")["items"]}
    assert {balances[each] for each in ("5010", "2641", "1930")} == {"2000.00", "500.00", "-2500.00"}


def test_given_many_at_once_when_they_want_the_same_invoice_then_one_gets_it(purchases: Purchases) -> None:
    company = purchases.company

    def outcomes(tail: str, body: Any) -> list[tuple[int, str | None]]:
        answers = at_once(4, lambda _: company.post(f"ledger/{tail}", body, "bureau"))
        return sorted((each.status, each.json.get("code")) for each in answers)

    registered = outcomes("supplier-invoices", purchases.body("17"))
    assert registered == [(201, None), *[(409, "duplicate-invoice")] * 3]
    (invoice,) = purchases.get("supplier-invoices")["items"]
    paid = outcomes("supplier-payments", purchases.payment(invoice, "700.00"))
    assert paid == [(201, None), *[(409, "allocation-exceeds")] * 3]
    ordered = outcomes("payment-orders", purchases.order(invoice))
    assert ordered == [(201, None), *[(409, "cannot-be-ordered")] * 3]
    (made,) = purchases.get("payment-orders")["items"]
    confirmed = outcomes(f"payment-orders/{made['payment_order_id']}/confirm", {})
    assert confirmed == [(200, None), *[(409, "order-line-closed")] * 3]
    purchases.assert_owed("0.00")
    assert purchases.status(invoice) == "paid"


def test_given_a_mistake_when_it_is_taken_back_then_nothing_is_owed_and_both_vouchers_stand(
    purchases: Purchases,
) -> None:
    invoice = purchases.invoice(
        "1", rows=[{"net": "1000.00", "accrual": {"first_month": _month(), "months": 2}}]
    )
    order = purchases.post("payment-orders", purchases.order(invoice))
    tail = f"payment-orders/{order['payment_order_id']}"
    one = {"supplier_invoice_ids": [invoice["supplier_invoice_id"]], "reason": "Fel konto"}
    assert purchases.post(f"{tail}/reject", one, 200)["status"] == "closed"
    order = purchases.post("payment-orders", purchases.order(invoice))
    purchases.post(f"payment-orders/{order['payment_order_id']}/cancel", {}, 200)
    payment = purchases.post("supplier-payments", purchases.payment(invoice, "1250.00"))
    purchases.post(f"supplier-payments/{payment['supplier_payment_id']}/reverse", {}, 200)
    purchases.assert_owed("1250.00")
    taken = purchases.post(f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse", {}, 200)
    assert taken["status"] == "reversed"
    purchases.assert_owed("0.00")
    statement = purchases.get(f"suppliers/{purchases.supplier}/statement")
    assert [each["kind"] for each in statement["entries"]] == [
        "invoice",
        "payment",
        "payment_reversed",
        "invoice_reversed",
    ]
    assert statement["closing"] == "0.00"
    assert purchases.invoice("1")["status"] == "open"
    suppliers = purchases.get("suppliers")["items"]
    answer = purchases.company.put(
        f"ledger/suppliers/{purchases.supplier}",
        {"name": "Fastighets AB", "active": False},
        "bureau",
        **{"If-Match": f'"{suppliers[0]["version"]}"'},
    )
    assert answer.expect(200)["active"] is False


def _month() -> str:
    return f"{today():%Y-%m}"
