"""Payables: suppliers, their invoices, what is owed as of any day, and payments by hand."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from samklang.ledger.payables import open_items
from samklang.ledger.store import payables as kept_payables
from tests.functions.books import TODAY, Firm, Office, code, etag, pointers
from tests.functions.conftest import Answer, as_function

pytest_plugins = ["tests.functions.an_office"]

BANKGIRO = "5050-1055"


@dataclass(frozen=True)
class Bought:
    """A firm and what its bureau does with suppliers."""

    firm: Firm

    def call(self, method: str, tail: str, body: Any = None, **headers: str) -> Answer:
        user = self.firm.company.staff
        return self.firm.call(method, f"/ledger/{tail}", body, user, headers=headers)

    def ok(self, method: str, tail: str, body: Any = None) -> Any:
        return self.firm.ok(method, f"/ledger/{tail}", body, self.firm.company.staff)

    def supplier(self, name: str = "Fastighets AB Björken", **values: Any) -> str:
        given = {"name": name, "bankgiro": BANKGIRO, "cost_account": "5410", **values}
        return str(self.ok("POST", "suppliers", given)["supplier_id"])

    def body(self, supplier: str, net: str = "1000.00", **values: Any) -> dict[str, Any]:
        """An invoice of one row with 25 % VAT, its number made of what it is on."""
        total = str((Decimal(net) * 5 / 4).quantize(Decimal("0.01")))
        row = {"net": net} | values.pop("row", {})
        day = values.get("invoice_date", TODAY.isoformat())
        given = {"supplier_id": supplier, "number": f"F-{net}-{day}", "invoice_date": day, "total": total}
        return given | {"rows": [row]} | values

    def invoice(self, supplier: str, net: str = "1000.00", **values: Any) -> Any:
        return self.ok("POST", "supplier-invoices", self.body(supplier, net, **values))

    def get(self, invoice: Any) -> Any:
        return self.ok("GET", f"supplier-invoices/{invoice['supplier_invoice_id']}")

    def pay(self, *parts: tuple[Any, str], day: date = TODAY, **values: Any) -> Answer:
        allocations = [
            {"supplier_invoice_id": invoice["supplier_invoice_id"], "amount": amount}
            for invoice, amount in parts
        ]
        given = {"payment_date": day.isoformat(), "allocations": allocations, **values}
        return self.call("POST", "supplier-payments", given)

    def rows(self, voucher_id: str) -> dict[str, str]:
        """A voucher's rows: account to amount, credit below zero."""
        voucher = self.firm.ok("GET", f"/ledger/vouchers/{voucher_id}")
        sums: dict[str, Decimal] = {}
        for row in voucher["rows"]:
            amount = Decimal(row["debit"]) - Decimal(row["credit"])
            sums[row["account"]] = sums.get(row["account"], Decimal(0)) + amount
        return {account: str(amount) for account, amount in sums.items()}

    def payables(self, day: date | None = None) -> Any:
        return self.ok("GET", f"payables?as_of={day}" if day else "payables")

    def assert_agreement(self, owed: str, on_account: str | None = None) -> None:
        """The subledger, and account 2440 to the öre, on this day and in all."""
        found = self.payables()
        booked = owed if on_account is None else on_account
        assert [found[name] for name in ("total", "on_account", "account_2440")] == [owed, booked, booked]
        with as_function("payables"):
            assert open_items.agreement(self.firm.company_id).agrees


@pytest.fixture
def bought(office: Office) -> Bought:
    return Bought(office.firm())


@pytest.fixture
def cash(office: Office) -> Bought:
    return Bought(office.firm(method="cash"))


# ---------------------------------------------------------------- suppliers


def test_a_supplier_is_kept_changed_by_version_and_made_inactive_never_removed(bought: Bought) -> None:
    made = bought.call(
        "POST", "suppliers", {"name": "Kabel AB", "org_no": "556036-0793", "bankgiro": BANKGIRO}
    )
    assert made.status == 201
    assert (made.body["bankgiro"], made.body["country"], made.body["payment_terms_days"]) == (
        "50501055",
        "SE",
        30,
    )
    tail = f"suppliers/{made.body['supplier_id']}"
    changed = bought.firm.call(
        "PUT",
        f"/ledger/{tail}",
        {"name": "Kabel AB", "active": False},
        bought.firm.company.staff,
        etag(made),
    )
    assert changed.body["active"] is False
    again = bought.firm.call("PUT", f"/ledger/{tail}", {"name": "X"}, bought.firm.company.staff, etag(made))
    assert code(again) == (412, "version-mismatch")
    refused = bought.call("POST", "supplier-invoices", bought.body(made.body["supplier_id"]))
    assert code(refused) == (409, "inactive")
    assert [each["name"] for each in bought.ok("GET", "suppliers")["items"]] == ["Kabel AB"]


def test_a_supplier_that_may_be_there_already_is_warned_of(bought: Bought) -> None:
    first = bought.supplier(org_no="556036-0793")
    by_number = bought.ok("POST", "suppliers", {"name": "Björken Fastigheter", "org_no": "556036-0793"})
    by_giro = bought.ok("POST", "suppliers", {"name": "Björk", "bankgiro": BANKGIRO})
    assert [(each["supplier_id"], each["same"]) for each in by_number["similar"]] == [(first, "org_no")]
    assert [(each["supplier_id"], each["same"]) for each in by_giro["similar"]] == [(first, "bankgiro")]
    assert bought.ok("POST", "suppliers", {"name": "Annan"})["similar"] == []


def test_a_suppliers_numbers_are_checked(bought: Bought) -> None:
    for name, wrong in {
        "bankgiro": "5072-7498",
        "plusgiro": "12345",
        "iban": "SE00",
        "org_no": "1",
        "country": "XX",
        "cost_account": "12",
    }.items():
        assert pointers(bought.call("POST", "suppliers", {"name": "X", name: wrong})) == {f"/{name}"}
    assert bought.ok("GET", "suppliers")["items"] == []


def test_an_account_that_is_not_in_the_chart_is_refused_for_a_supplier(bought: Bought) -> None:
    answer = bought.call("POST", "suppliers", {"name": "X", "cost_account": "5999"})
    assert code(answer) == (422, "unknown-account")


# ---------------------------------------------------------------- supplier invoices


def test_an_invoice_is_posted_with_its_vat_and_is_due_by_the_suppliers_terms(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier(payment_terms_days=20))
    assert invoice["due_date"] == (TODAY + timedelta(days=20)).isoformat()
    assert (invoice["status"], invoice["remaining"]) == ("open", "1250.00")
    assert invoice["vat_amounts"] == [{"rate": "25", "amount": "250.00"}]
    assert bought.rows(invoice["voucher_id"]) == {"5410": "1000.00", "2641": "250.00", "2440": "-1250.00"}
    voucher = bought.firm.ok("GET", f"/ledger/vouchers/{invoice['voucher_id']}")
    assert voucher["series"] == "L"
    assert voucher["source"] == f"supplier_invoice/{invoice['supplier_invoice_id']}/registered"
    assert bought.get(invoice) == invoice
    bought.assert_agreement("1250.00")


def test_services_from_the_eu_have_vat_on_both_sides_and_their_box(bought: Bought) -> None:
    supplier = bought.supplier("Cloud Ltd", vat_kind="eu_services", cost_account="6540", country="IE")
    invoice = bought.invoice(supplier, total="1000.00")
    assert bought.rows(invoice["voucher_id"]) == {
        "6540": "1000.00",
        "2645": "250.00",
        "2614": "-250.00",
        "4535": "1000.00",
        "4598": "-1000.00",
        "2440": "-1000.00",
    }


def test_a_spread_cost_has_a_voucher_a_month_and_all_are_taken_back_with_the_invoice(bought: Bought) -> None:
    spread = {"account": "5010", "accrual": {"first_month": "2026-11", "months": 3}}
    invoice = bought.invoice(bought.supplier(), row=spread)
    assert [each[:10] for each in invoice["accrual_voucher_ids"]] == [
        "2026-11-30",
        "2026-12-31",
        "2027-01-31",
    ]
    months = [bought.rows(each) for each in invoice["accrual_voucher_ids"]]
    assert months == [{"5010": part, "1790": f"-{part}"} for part in ("333.33", "333.33", "333.34")]
    taken = bought.ok("POST", f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse", {})
    assert (taken["status"], taken["remaining"]) == ("reversed", "0.00")
    balances = bought.firm.balances()
    assert {balances[each] for each in ("5010", "1790", "2641", "2440")} == {"0.00"}
    # What lies in months to come is taken back there: each month's cost is as if it had never been.
    assert bought.firm.balances("?from=2026-12-01&to=2026-12-31")["5010"] == "0.00"


def test_accruals_over_more_months_than_one_transaction_holds_are_refused(bought: Bought) -> None:
    rows = [
        {"net": "500.00", "account": "5010", "accrual": {"first_month": first, "months": 30}}
        for first in ("2026-11", "2029-05")
    ]
    given = bought.body(bought.supplier(), rows=rows)
    assert pointers(bought.call("POST", "supplier-invoices", given)) == {"/rows"}
    fitting = given | {"rows": [rows[0], {"net": "500.00", "account": "5010"}]}
    assert len(bought.ok("POST", "supplier-invoices", fitting)["accrual_voucher_ids"]) == 30


def test_the_same_number_of_a_supplier_is_refused_until_the_first_is_taken_back(bought: Bought) -> None:
    supplier = bought.supplier()
    first = bought.invoice(supplier, number="A 17")
    same = bought.body(supplier, "5.00", number="a17")
    assert code(bought.call("POST", "supplier-invoices", same)) == (409, "duplicate-invoice")
    bought.invoice(bought.supplier("Annan"), number="A 17")
    bought.ok("POST", f"supplier-invoices/{first['supplier_invoice_id']}/reverse", {})
    assert bought.ok("POST", "supplier-invoices", same)["number"] == "a17"


def test_a_reversal_keeps_both_vouchers_and_is_done_once(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier())
    tail = f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse"
    early = bought.call("POST", tail, {"date": "2026-11-01"})
    assert pointers(early) == {"/date"}
    taken = bought.ok("POST", tail, {})
    back = bought.firm.ok("GET", f"/ledger/vouchers/{taken['reversal']['voucher_id']}")
    assert back["reverses"] == invoice["voucher_id"]
    assert bought.rows(back["voucher_id"]) == {"5410": "-1000.00", "2641": "-250.00", "2440": "1250.00"}
    assert code(bought.call("POST", tail, {})) == (409, "invoice-reversed")
    assert code(bought.pay((invoice, "1.00"))) == (409, "invoice-reversed")
    bought.assert_agreement("0.00")


WRONG_INVOICES: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"total": "1252.01"}, (422, "sums-differ")),
    ({"row": {"account": "9999"}}, (422, "validation")),
    ({"row": {"account": "5999"}}, (422, "unknown-account")),
    ({"row": {"account": "2440"}}, (422, "control-account")),
    ({"row": {"account": "3001"}}, (422, "validation")),
    ({"row": {"vat_kind": "import", "vat_rate": "0"}}, (422, "validation")),
    ({"ocr": "1234575"}, (422, "validation")),
    ({"ocr": "1234574", "message": "x"}, (422, "validation")),
    ({"due_date": "2026-11-01"}, (422, "validation")),
    ({"currency": "EUR"}, (422, "validation")),
    ({"total": "0.00"}, (422, "validation")),
    ({"posting_date": "2019-01-01"}, (409, "outside-fiscal-year")),
    ({"supplier_id": "sup_00000000000000000000"}, (422, "validation")),
    ({"document_id": "doc_00000000000000000000"}, (409, "document-not-bookable")),
]


def test_a_wrong_invoice_is_refused_and_nothing_is_kept(bought: Bought) -> None:
    supplier = bought.supplier()
    before = bought.firm.office.cloud.items("LedgerTable")
    for values, refusal in WRONG_INVOICES:
        answer = bought.call("POST", "supplier-invoices", bought.body(supplier, **values))
        assert code(answer) == refusal, values
    assert bought.firm.office.cloud.items("LedgerTable") == before


def test_nothing_is_posted_in_a_closed_period(bought: Bought) -> None:
    supplier = bought.supplier()
    invoice = bought.invoice(supplier, invoice_date="2026-10-10")
    bought.firm.close_books_until("2026-10-31")
    late = bought.body(supplier, "5.00", invoice_date="2026-10-12")
    assert code(bought.call("POST", "supplier-invoices", late)) == (409, "closed-period")
    assert code(bought.pay((invoice, "1250.00"), day=date(2026, 10, 30))) == (409, "closed-period")
    assert bought.ok("POST", "supplier-invoices", late | {"posting_date": "2026-11-01"})["status"] == "open"
    bought.assert_agreement("1256.25")


def receive(bought: Bought, document: str) -> None:
    """Let a document be received, as its upload would."""
    bought.firm.tamper(
        "PlatformTable", f"DOCUMENT#{document}", "SET #s = :r", {":r": {"S": "received"}}, {"#s": "state"}
    )


def test_a_document_is_followed_from_its_invoice_and_back(bought: Bought) -> None:
    given = {"filename": "f.jpg", "content_type": "image/jpeg", "kind": "supplier_invoice"}
    document = bought.firm.ok("POST", "/documents", given)["document_id"]
    receive(bought, document)
    invoice = bought.invoice(bought.supplier(), document_id=document)
    assert invoice["document_id"] == document
    assert bought.firm.ok("GET", f"/ledger/vouchers/{invoice['voucher_id']}")["documents"] == [document]
    booked = bought.firm.ok("GET", f"/documents/{document}")
    assert booked["state"] == "booked"
    assert f"supplier_invoice/{invoice['supplier_invoice_id']}" in booked["booked_as"]


def test_the_client_sees_everything_and_changes_nothing(bought: Bought) -> None:
    supplier = bought.supplier()
    invoice = bought.invoice(supplier)
    for tail in (
        "suppliers",
        f"suppliers/{supplier}",
        f"suppliers/{supplier}/statement",
        "supplier-invoices",
        "payables",
        "payables/due",
        "supplier-payments",
        "payment-orders",
    ):
        assert bought.firm.call("GET", f"/ledger/{tail}").status == 200
    for tail, body in (
        ("suppliers", {"name": "X"}),
        ("supplier-invoices", bought.body(supplier, "5.00")),
        (f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse", {}),
        ("payment-orders", {"payment_date": TODAY.isoformat(), "due_until": "2027-01-01"}),
    ):
        assert code(bought.firm.call("POST", f"/ledger/{tail}", body)) == (403, "not-allowed")


# ---------------------------------------------------------------- what is owed


def test_what_was_owed_is_told_as_of_any_day_whatever_has_happened_since(bought: Bought) -> None:
    supplier = bought.supplier(payment_terms_days=10)
    old = bought.invoice(supplier, "800.00", invoice_date="2026-09-01")
    new = bought.invoice(supplier, "80.00", invoice_date="2026-11-10")
    bought.pay((old, "400.00"), day=date(2026, 10, 1)).body["supplier_payment_id"]
    bought.pay((old, "600.00"), (new, "100.00"), day=date(2026, 11, 20))
    told = {
        day: (found["total"], found["account_2440"], [each["remaining"] for each in found["items"]])
        for day in (date(2026, 8, 31), date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 10), TODAY)
        if (found := bought.payables(day))
    }
    assert told == {
        date(2026, 8, 31): ("0.00", "0.00", []),
        date(2026, 9, 1): ("1000.00", "1000.00", ["1000.00"]),
        date(2026, 10, 1): ("600.00", "600.00", ["600.00"]),
        date(2026, 11, 10): ("700.00", "700.00", ["600.00", "100.00"]),
        TODAY: ("0.00", "0.00", []),
    }
    # On 10 November the old one was 60 days past due, the new one not yet due.
    aged = bought.payables(date(2026, 11, 10))["aged"]
    assert aged == {
        "not_due": "100.00",
        "days_1_30": "0.00",
        "days_31_60": "600.00",
        "days_61_90": "0.00",
        "over_90": "0.00",
    }


def test_the_list_of_what_is_due_says_what_a_file_cannot_pay(bought: Bought) -> None:
    rent = bought.invoice(bought.supplier(payment_terms_days=0))
    nowhere = bought.supplier("Utan konto", bankgiro=None, payment_terms_days=5)
    loose = bought.invoice(nowhere, "100.00")
    bought.invoice(bought.supplier("Sedan", payment_terms_days=60))
    today = bought.ok("GET", "payables/due")
    assert [(each["supplier_invoice_id"], each["payable_by_file"]) for each in today["items"]] == [
        (rent["supplier_invoice_id"], True)
    ]
    later = bought.ok("GET", f"payables/due?until={TODAY + timedelta(days=30)}")
    assert later["total"] == "1375.00"
    hindered = later["items"][1]
    assert hindered["supplier_invoice_id"] == loose["supplier_invoice_id"]
    assert "no bankgiro" in hindered["hindrance"]


def test_a_suppliers_statement_runs_from_opening_to_closing(bought: Bought) -> None:
    supplier = bought.supplier()
    first = bought.invoice(supplier, "400.00", invoice_date="2026-09-10")
    second = bought.invoice(supplier, "80.00", invoice_date="2026-10-10")
    payment = bought.pay((first, "300.00"), day=date(2026, 10, 1)).body
    bought.ok("POST", f"supplier-payments/{payment['supplier_payment_id']}/reverse", {"date": "2026-10-20"})
    bought.ok("POST", f"supplier-invoices/{second['supplier_invoice_id']}/reverse", {"date": "2026-10-31"})
    bought.invoice(bought.supplier("Annan"), "1.00", invoice_date="2026-10-10")
    found = bought.ok("GET", f"suppliers/{supplier}/statement?from=2026-10-01&to=2026-10-31")
    assert (found["opening"], found["closing"]) == ("500.00", "500.00")
    assert [(each["date"], each["kind"], each["amount"], each["balance"]) for each in found["entries"]] == [
        ("2026-10-01", "payment", "-300.00", "200.00"),
        ("2026-10-10", "invoice", "100.00", "300.00"),
        ("2026-10-20", "payment_reversed", "300.00", "600.00"),
        ("2026-10-31", "invoice_reversed", "-100.00", "500.00"),
    ]
    wrong = bought.call("GET", f"suppliers/{supplier}/statement?from=2026-10-02&to=2026-10-01")
    assert pointers(wrong) == {"?to"}


def pages(bought: Bought, tail: str, name: str = "items") -> list[Any]:
    """A list in answers of one each; the sums are the same in all."""
    whole = bought.ok("GET", tail)
    shown: list[Any] = []
    cursor = ""
    while cursor is not None:
        page = bought.ok("GET", f"{tail}{'&' if '?' in tail else '?'}limit=1{cursor and f'&cursor={cursor}'}")
        assert len(page[name]) == 1
        shown += page[name]
        cursor = page["next"]
        assert {key: page[key] for key in page.keys() - {name, "next"}} == {
            key: whole[key] for key in whole.keys() - {name, "next"}
        }
    assert (shown, whole["next"]) == (whole[name], None)
    return shown


def test_long_lists_are_told_in_pages_with_the_sums_of_all(bought: Bought) -> None:
    supplier = bought.supplier(payment_terms_days=0)
    first, _, third = [bought.invoice(supplier, net) for net in ("80.00", "160.00", "240.00")]
    bought.invoice(bought.supplier("Utan", bankgiro=None), "8.00")
    bought.pay((first, "40.00"), (third, "100.00"))
    for tail in ("payables", "payables/due?until=2026-12-31"):
        assert [each["remaining"] for each in pages(bought, tail)] == ["60.00", "200.00", "200.00", "10.00"]
    entries = pages(bought, f"suppliers/{supplier}/statement", "entries")
    assert (len(entries), entries[-1]["balance"]) == (5, "460.00")
    wrong = bought.call("GET", "payables/due?cursor=MQ==")
    assert code(wrong) == (400, "cursor-invalid")


def test_an_index_that_lags_is_no_difference(bought: Bought, monkeypatch: pytest.MonkeyPatch) -> None:
    bought.invoice(bought.supplier())
    monkeypatch.setattr(kept_payables, "payables_open_after", lambda *_: iter(()))
    with as_function("payables"):
        assert open_items.agreement(bought.firm.company_id).agrees
    assert bought.firm.agreement()["payables_balance"] == "1250.00"
    assert bought.firm.agreement()["agrees"]


# ---------------------------------------------------------------- payments by hand


def test_invoices_are_paid_in_part_and_several_at_once(bought: Bought) -> None:
    first, second = (bought.invoice(bought.supplier(name), "80.00") for name in ("Ett", "Två"))
    part = bought.pay((first, "40.00")).body
    assert bought.get(first)["status"] == "partly_paid"
    both = bought.pay((first, "60.00"), (second, "100.00"), account="1910").body
    assert bought.rows(part["voucher_id"]) == {"2440": "40.00", "1930": "-40.00"}
    assert bought.rows(both["voucher_id"]) == {"2440": "160.00", "1910": "-160.00"}
    assert {bought.get(each)["status"] for each in (first, second)} == {"paid"}
    assert code(bought.pay((first, "0.01"))) == (409, "allocation-exceeds")
    listed = [each["supplier_payment_id"] for each in bought.ok("GET", "supplier-payments")["items"]]
    assert listed == [both["supplier_payment_id"], part["supplier_payment_id"]]
    bought.assert_agreement("0.00")


def test_a_credit_note_is_set_off_and_more_than_remains_is_not(bought: Bought) -> None:
    supplier = bought.supplier()
    invoice, note = bought.invoice(supplier, "800.00"), bought.invoice(supplier, "-80.00")
    assert bought.rows(note["voucher_id"]) == {"5410": "-80.00", "2641": "-20.00", "2440": "100.00"}
    assert code(bought.pay((invoice, "1000.00"), (note, "-100.01"))) == (409, "allocation-exceeds")
    assert code(bought.pay((note, "100.00"))) == (409, "allocation-exceeds")
    set_off = bought.pay((invoice, "100.00"), (note, "-100.00")).body
    assert set_off["amount"] == "0.00"
    assert bought.get(note)["status"] == "paid"
    assert bought.get(invoice)["remaining"] == "900.00"
    bought.assert_agreement("900.00")


def test_what_one_supplier_owes_the_company_pays_no_other(bought: Bought) -> None:
    one, other = bought.supplier("Ett"), bought.supplier("Två", bankgiro=None)
    invoice, note, third = (
        bought.invoice(one),
        bought.invoice(other, "-800.00"),
        bought.invoice(other, "80.00"),
    )
    refused = bought.pay((invoice, "1250.00"), (note, "-1000.00"), (third, "100.00"))
    assert (code(refused), pointers(refused)) == ((422, "validation"), {"/allocations/1"})
    assert bought.get(invoice)["status"] == "open"
    # To the sum of its own it may be in the same payment; and a supplier may pay back by itself.
    assert bought.pay((invoice, "1250.00"), (note, "-100.00"), (third, "100.00")).status == 201
    assert bought.pay((note, "-900.00")).body["amount"] == "-900.00"
    bought.assert_agreement("0.00")


def test_nothing_is_paid_or_taken_back_on_a_day_that_has_not_come(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier())
    tomorrow = TODAY + timedelta(days=1)
    assert pointers(bought.pay((invoice, "1250.00"), day=tomorrow)) == {"/payment_date"}
    payment = bought.pay((invoice, "1250.00")).body
    reverse = f"supplier-payments/{payment['supplier_payment_id']}/reverse"
    assert pointers(bought.call("POST", reverse, {"date": tomorrow.isoformat()})) == {"/date"}
    bought.assert_agreement("0.00")


def test_an_invoice_is_not_taken_back_before_its_payment_was(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier(), invoice_date="2026-10-01")
    payment = bought.pay((invoice, "1250.00"), day=date(2026, 11, 10)).body
    bought.ok("POST", f"supplier-payments/{payment['supplier_payment_id']}/reverse", {"date": "2026-11-20"})
    reverse = f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse"
    assert pointers(bought.call("POST", reverse, {"date": "2026-11-19"})) == {"/date"}
    bought.ok("POST", reverse, {"date": "2026-11-20"})
    for day in (date(2026, 11, 9), date(2026, 11, 12), TODAY):
        assert bought.payables(day)["total"] == bought.payables(day)["account_2440"]


def test_a_payment_is_taken_back_once_and_its_invoice_is_open_again(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier())
    payment = bought.pay((invoice, "1250.00")).body
    tail = f"supplier-payments/{payment['supplier_payment_id']}"
    reverse_paid = f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse"
    assert code(bought.call("POST", reverse_paid, {})) == (409, "has-payments")
    assert pointers(bought.call("POST", f"{tail}/reverse", {"date": "2026-11-01"})) == {"/date"}
    taken = bought.ok("POST", f"{tail}/reverse", {})
    assert bought.rows(taken["reversal"]["voucher_id"]) == {"2440": "-1250.00", "1930": "1250.00"}
    assert bought.ok("GET", tail) == taken
    original = bought.firm.ok("GET", f"/ledger/vouchers/{payment['voucher_id']}")
    assert original["reversed_by"] == taken["reversal"]["voucher_id"]
    assert code(bought.call("POST", f"{tail}/reverse", {})) == (409, "already-reversed")
    assert bought.get(invoice)["status"] == "open"
    bought.ok("POST", reverse_paid, {})
    bought.assert_agreement("0.00")


def test_the_same_request_again_pays_once(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier())
    allocations = [{"supplier_invoice_id": invoice["supplier_invoice_id"], "amount": "100.00"}]
    body = {"payment_date": TODAY.isoformat(), "allocations": allocations}
    key = {"Idempotency-Key": "k1"}
    first, second = (bought.call("POST", "supplier-payments", body, **key) for _ in range(2))
    assert first.text == second.text
    assert bought.get(invoice)["paid"] == "100.00"


def test_a_payment_from_a_wrong_account_is_refused(bought: Bought) -> None:
    invoice = bought.invoice(bought.supplier())
    assert code(bought.pay((invoice, "1.00"), account="5999")) == (422, "unknown-account")
    assert code(bought.pay((invoice, "1.00"), account="2440")) == (422, "control-account")


def test_by_the_cash_method_the_payments_voucher_has_the_document(cash: Bought) -> None:
    given = {"filename": "f.jpg", "content_type": "image/jpeg", "kind": "supplier_invoice"}
    document = cash.firm.ok("POST", "/documents", given)["document_id"]
    body = cash.body(cash.supplier(), document_id=document)
    answer = cash.call("POST", "supplier-invoices", body)
    assert code(answer) == (409, "document-not-bookable")
    assert answer.body["errors"][0]["pointer"] == "/document_id"
    receive(cash, document)
    payment = cash.pay((cash.ok("POST", "supplier-invoices", body), "1250.00")).body
    assert cash.firm.ok("GET", f"/ledger/vouchers/{payment['voucher_id']}")["documents"] == [document]


def test_a_payment_of_nothing_known_or_of_the_same_twice_is_refused(bought: Bought) -> None:
    unknown = {"supplier_invoice_id": "sin_00000000000000000000"}
    assert pointers(bought.pay((unknown, "1.00"))) == {"/allocations/0/supplier_invoice_id"}
    invoice = bought.invoice(bought.supplier())
    assert pointers(bought.pay((invoice, "1.00"), (invoice, "1.00"))) == {""}


# ---------------------------------------------------------------- the cash method


def test_by_the_cash_method_each_payment_posts_its_share_of_cost_and_vat(cash: Bought) -> None:
    invoice = cash.invoice(cash.supplier(), "100.01", total="125.01")
    assert invoice["voucher_id"] is None
    assert cash.firm.vouchers() == []
    cash.assert_agreement("125.01", "0.00")
    for amount in ("41.67", "41.67", "41.67"):
        assert cash.pay((invoice, amount)).status == 201
    balances = cash.firm.balances()
    assert (balances["5410"], balances["2641"], balances["1930"]) == ("100.01", "25.00", "-125.01")
    assert "2440" not in balances
    cash.assert_agreement("0.00", "0.00")


def test_by_the_cash_method_a_credit_note_set_off_is_a_voucher_of_both(cash: Bought) -> None:
    supplier = cash.supplier()
    invoice, note = cash.invoice(supplier), cash.invoice(supplier, "-1000.00")
    set_off = cash.pay((invoice, "1250.00"), (note, "-1250.00")).body
    rows = cash.firm.ok("GET", f"/ledger/vouchers/{set_off['voucher_id']}")["rows"]
    assert [(each["account"], each["debit"], each["credit"]) for each in rows] == [
        ("2641", "250.00", "0.00"),
        ("5410", "1000.00", "0.00"),
        ("2641", "0.00", "250.00"),
        ("5410", "0.00", "1000.00"),
    ]
    cash.ok("POST", f"supplier-payments/{set_off['supplier_payment_id']}/reverse", {})
    assert {cash.get(each)["status"] for each in (invoice, note)} == {"open"}
    assert len(cash.firm.vouchers()) == 2
    cash.assert_agreement("0.00")


def test_by_the_cash_method_a_payment_taken_back_and_an_unpaid_invoice_leave_nothing(cash: Bought) -> None:
    invoice = cash.invoice(cash.supplier())
    payment = cash.pay((invoice, "333.33")).body
    cash.ok("POST", f"supplier-payments/{payment['supplier_payment_id']}/reverse", {})
    taken = cash.ok("POST", f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse", {})
    assert taken["reversal"]["voucher_id"] is None
    assert set(cash.firm.balances().values()) == {"0.00"}
    spread = {"accrual": {"first_month": "2026-11", "months": 3}}
    refused = cash.call("POST", "supplier-invoices", cash.body(cash.supplier("B"), "1.00", row=spread))
    assert pointers(refused) == {"/rows"}
