"""Orders to the bank to pay suppliers, and what the bank's files say of them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from local.bank.camt import CamtEntry, CamtPayment, CamtReference, camt_entries
from samklang.platform.money import format_sek, parse_sek
from tests.functions.books import TODAY, Office, code, pointers, stand_at
from tests.functions.conftest import STAFF
from tests.functions.test_payables import BANKGIRO, Bought
from tests.functions.test_payment_files import upload

pytest_plugins = ["tests.functions.an_office"]

OWN = "9912346"
"""The company's bankgiro."""
PAY_DAY = TODAY + timedelta(days=2)


@pytest.fixture
def bought(office: Office) -> Bought:
    return Bought(office.firm())


def order(bought: Bought, *invoices: Any, **values: Any) -> Any:
    ids = {"supplier_invoice_ids": [each["supplier_invoice_id"] for each in invoices]} if invoices else {}
    return bought.ok("POST", "payment-orders", {"payment_date": PAY_DAY.isoformat(), **ids, **values})


def again(bought: Bought, made: Any) -> Any:
    return bought.ok("GET", f"payment-orders/{made['payment_order_id']}")


def statuses(found: Any) -> list[str]:
    return [line["status"] for line in found["lines"]]


def debit(line: Any, amount: str | None = None, **values: Any) -> CamtPayment:
    """The bank's word of a line it has paid."""
    given = {"end_to_end_id": line["end_to_end_id"], "amount": parse_sek(amount or line["amount"])}
    return CamtPayment(**given | values)


def tell(bought: Bought, *debits: CamtPayment, day: date = PAY_DAY, account: str = OWN, **values: Any) -> Any:
    """Let the client upload the bank's file of what was paid; what became of that."""
    reference = values.pop("reference", "OUT1")
    kind = values.pop("kind", "camt.054")
    entry = CamtEntry(payments=debits, booking_day=day, sign="DBIT", reference=reference, **values)
    found = upload(bought.firm, camt_entries(account, [entry], kind=kind))
    assert found["status"] == "done", found
    return found


def two(bought: Bought) -> tuple[Any, Any]:
    """Two invoices of two suppliers, 1250.00 with an OCR number and 125.00 without."""
    with_ocr = bought.invoice(bought.supplier("Ett"), ocr="1234574")
    return with_ocr, bought.invoice(bought.supplier("Två", bankgiro=None, plusgiro="90 20 03-3"), "100.00")


# ---------------------------------------------------------------- ordering


def test_an_order_is_a_file_for_the_bank_with_a_line_for_each_invoice(bought: Bought) -> None:
    made = order(bought, *two(bought))
    assert (made["total"], made["status"], statuses(made)) == ("1375.00", "open", ["ordered", "ordered"])
    answer = bought.call("GET", f"payment-orders/{made['payment_order_id']}/file")
    assert answer.headers["Content-Type"] == "application/xml"
    root = ET.fromstring(answer.text)
    found = {
        name: [each.text for each in root.iter() if each.tag.rpartition("}")[2] == name]
        for name in ("EndToEndId", "InstdAmt", "Ref", "Ustrd", "CtrlSum", "ReqdExctnDt")
    }
    assert found == {
        "EndToEndId": [line["end_to_end_id"] for line in made["lines"]],
        "InstdAmt": ["1250.00", "125.00"],
        "Ref": ["1234574"],
        "Ustrd": [f"Faktura {made['lines'][1]['number']}"],
        "CtrlSum": ["1375.00", "1375.00"],
        "ReqdExctnDt": [PAY_DAY.isoformat()],
    }
    assert bought.call("GET", f"payment-orders/{made['payment_order_id']}/file").text == answer.text
    assert [each["payment_order_id"] for each in bought.ok("GET", "payment-orders")["items"]] == [
        made["payment_order_id"]
    ]


def test_an_invoice_in_an_order_is_not_offered_paid_or_taken_back_beside_it(bought: Bought) -> None:
    invoice, _ = two(bought)
    made = order(bought, invoice)
    assert bought.get(invoice)["payment_order_id"] == made["payment_order_id"]
    twice = {
        "payment_date": PAY_DAY.isoformat(),
        "supplier_invoice_ids": [invoice["supplier_invoice_id"]],
    }
    assert code(bought.call("POST", "payment-orders", twice)) == (409, "cannot-be-ordered")
    assert code(bought.pay((invoice, "1.00"))) == (409, "invoice-ordered")
    reverse = f"supplier-invoices/{invoice['supplier_invoice_id']}/reverse"
    assert code(bought.call("POST", reverse, {})) == (409, "invoice-ordered")


def test_all_that_is_due_is_ordered_and_what_cannot_be_is_named(bought: Bought) -> None:
    due, _ = two(bought)
    homeless = bought.invoice(bought.supplier("Utan", bankgiro=None), "10.00")
    note = bought.invoice(bought.supplier("Kredit"), "-10.00")
    until = (TODAY + timedelta(days=60)).isoformat()
    made = order(bought, due_until=until)
    assert len(made["lines"]) == 2
    assert {each["supplier_invoice_id"] for each in made["left_out"]} == {
        homeless["supplier_invoice_id"],
        note["supplier_invoice_id"],
    }
    nothing = {"payment_date": PAY_DAY.isoformat(), "due_until": until}
    assert code(bought.call("POST", "payment-orders", nothing)) == (409, "nothing-to-pay")
    assert bought.get(due)["status"] == "ordered"


WRONG_ORDERS: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"payment_date": (TODAY - timedelta(days=1)).isoformat()}, (422, "validation")),
    ({"supplier_invoice_ids": ["sin_00000000000000000000"]}, (422, "validation")),
    ({"due_until": TODAY.isoformat()}, (422, "validation")),
    ({"account": "5999"}, (422, "unknown-account")),
    ({"account": "2440"}, (422, "control-account")),
    ({"pay_from": "iban"}, (409, "no-account-to-pay-from")),
]


def test_a_wrong_order_is_refused(bought: Bought) -> None:
    invoice, _ = two(bought)
    body = {"payment_date": PAY_DAY.isoformat(), "supplier_invoice_ids": [invoice["supplier_invoice_id"]]}
    for values, refusal in WRONG_ORDERS:
        assert code(bought.call("POST", "payment-orders", body | values)) == refusal, values
    assert bought.get(invoice)["payment_order_id"] is None


def test_lines_are_cancelled_or_rejected_and_their_invoices_are_free_again(bought: Bought) -> None:
    first, second = two(bought)
    made = order(bought, first, second)
    tail = f"payment-orders/{made['payment_order_id']}"
    one = {"supplier_invoice_ids": [first["supplier_invoice_id"]]}
    rejected = bought.ok("POST", f"{tail}/reject", one | {"reason": "Kontot finns inte"})
    assert statuses(rejected) == ["rejected", "ordered"]
    assert rejected["lines"][0]["remark"] == "Kontot finns inte"
    assert rejected["total"] == "125.00"
    assert code(bought.call("POST", f"{tail}/cancel", one)) == (409, "order-line-closed")
    stranger = {"supplier_invoice_ids": ["sin_00000000000000000000"]}
    assert pointers(bought.call("POST", f"{tail}/cancel", stranger)) == {"/supplier_invoice_ids/0"}
    cancelled = bought.ok("POST", f"{tail}/cancel", {})
    assert (statuses(cancelled), cancelled["status"]) == (["rejected", "cancelled"], "closed")
    assert code(bought.call("GET", f"{tail}/file")) == (409, "nothing-to-pay")
    assert code(bought.call("POST", f"{tail}/confirm", {})) == (409, "order-line-closed")
    assert statuses(order(bought, first, second)) == ["ordered", "ordered"]


def test_what_the_bank_has_paid_is_said_by_hand_and_posted_as_one_payment(bought: Bought) -> None:
    first, second = two(bought)
    made = order(bought, first, second, account="1910")
    confirm = f"payment-orders/{made['payment_order_id']}/confirm"
    # Its day has not come: nothing is paid on it yet.
    for body in ({}, {"payment_date": PAY_DAY.isoformat()}):
        assert pointers(bought.call("POST", confirm, body)) == {"/payment_date"}
    stand_at(datetime.combine(PAY_DAY, time(9), UTC))
    paid = bought.ok("POST", confirm, {})
    assert (statuses(paid), paid["status"]) == (["paid", "paid"], "closed")
    (payment,) = {line["supplier_payment_id"] for line in paid["lines"]}
    found = bought.ok("GET", f"supplier-payments/{payment}")
    assert found["payment_date"] == PAY_DAY.isoformat()
    assert found["payment_order_id"] == made["payment_order_id"]
    assert bought.rows(found["voucher_id"]) == {"2440": "1375.00", "1910": "-1375.00"}
    assert bought.get(first)["status"] == "paid"
    bought.ok("POST", f"supplier-payments/{payment}/reverse", {"date": PAY_DAY.isoformat()})
    assert bought.get(first)["status"] == "open"
    assert order(bought, first)["lines"][0]["amount"] == "1250.00"


# ---------------------------------------------------------------- what the bank says


@pytest.mark.parametrize("kind", ["camt.054", "camt.053"])
def test_a_line_is_paid_when_the_bank_says_so_once_however_often_it_says_it(
    bought: Bought, kind: str
) -> None:
    made = order(bought, *two(bought))
    first, second = made["lines"]
    tell(bought, debit(first), kind=kind)
    found = again(bought, made)
    assert statuses(found) == ["paid", "ordered"]
    payment = bought.ok("GET", f"supplier-payments/{found['lines'][0]['supplier_payment_id']}")
    assert (payment["payment_date"], payment["amount"]) == (PAY_DAY.isoformat(), "1250.00")
    # The same file, and the same debit beside another in the other format: only what is new is posted.
    tell(bought, debit(first), kind=kind)
    other = "camt.053" if kind == "camt.054" else "camt.054"
    tell(bought, debit(first), debit(second), kind=other)
    assert statuses(again(bought, made)) == ["paid", "paid"]
    assert len(bought.ok("GET", "supplier-payments")["items"]) == 2
    assert bought.firm.balances("?to=2026-12-31")["1930"] == "-1375.00"


def test_one_sum_for_the_whole_order_pays_all_its_lines(bought: Bought) -> None:
    made = order(bought, *two(bought))
    block = f"{made['payment_order_id'].removeprefix('ord_')}-1"
    tell(bought, CamtPayment(amount=1375_00), details=False, batch_count=True, block=block)
    found = again(bought, made)
    assert statuses(found) == ["paid", "paid"]
    assert len({line["supplier_payment_id"] for line in found["lines"]}) == 1


def test_without_our_id_a_debit_is_known_by_amount_account_and_reference(bought: Bought) -> None:
    made = order(bought, *two(bought))
    bank = {"end_to_end_id": "NOTPROVIDED", "paid_to": "50501055"}
    ocr = (CamtReference(value="0001234574"),)
    first = made["lines"][0]
    tell(bought, debit(first, references=(CamtReference(value="1234582"),), **bank))
    tell(bought, debit(first, "1250.01", references=ocr, **bank), reference="OUT2")
    tell(bought, debit(first, references=ocr, **bank), reference="OUT3", day=PAY_DAY - timedelta(days=1))
    assert statuses(again(bought, made)) == ["ordered", "ordered"]
    tell(bought, debit(first, references=ocr, **bank), reference="OUT4")
    assert statuses(again(bought, made)) == ["paid", "ordered"]


def test_the_same_debit_does_not_pay_the_next_order_that_looks_alike(bought: Bought) -> None:
    bank: dict[str, Any] = {"end_to_end_id": "NOTPROVIDED", "paid_to": "50501055", "texts": ("Hyra",)}
    supplier = bought.supplier(bankgiro=BANKGIRO)
    made = order(bought, bought.invoice(supplier, message="Hyra"))
    tell(bought, debit(made["lines"][0], **bank))
    following = order(bought, bought.invoice(supplier, number="nästa", message="Hyra"))
    tell(bought, debit(made["lines"][0], **bank))
    assert statuses(again(bought, following)) == ["ordered"]
    tell(bought, debit(made["lines"][0], bank_reference="BG2", **bank))
    assert statuses(again(bought, following)) == ["paid"]


def test_another_amount_and_a_closed_period_are_told_on_the_line_which_waits(bought: Bought) -> None:
    made = order(bought, *two(bought))
    tell(bought, debit(made["lines"][0], "1200.00"))
    line = again(bought, made)["lines"][0]
    assert (line["status"], line["supplier_payment_id"]) == ("ordered", None)
    assert "1200.00" in line["remark"]
    assert format_sek(1250_00) in line["remark"]
    bought.firm.close_books_until("2026-11-30")
    tell(bought, debit(made["lines"][1]), day=date(2026, 11, 25))
    line = again(bought, made)["lines"][1]
    assert line["status"] == "ordered"
    assert "closed" in line["remark"]
    stand_at(datetime(2026, 12, 1, 9, tzinfo=UTC))
    bought.ok("POST", f"payment-orders/{made['payment_order_id']}/confirm", {"payment_date": "2026-12-01"})
    # The file again: of another amount it was told already, and the other is the one said by hand.
    before = again(bought, made)
    tell(bought, debit(made["lines"][0], "1200.00"))
    tell(bought, debit(made["lines"][1]), day=date(2026, 11, 25))
    assert statuses(before) == ["paid", "paid"]
    assert [line["remark"] for line in again(bought, made)["lines"]] == [None, None]


def test_another_companys_debits_and_those_of_no_order_change_nothing(bought: Bought) -> None:
    made = order(bought, *two(bought))
    strange = debit(made["lines"][0], end_to_end_id="0" * 20 + "-1")
    salary = CamtPayment(amount=1250_00, texts=("Lön",), end_to_end_id="LON-1")
    before = bought.firm.office.cloud.items("LedgerTable")
    tell(bought, strange, salary)
    other = Bought(bought.firm.office.firm(bought.firm.company.bureau_id, client="olle"))
    entry = CamtEntry(payments=[debit(made["lines"][0])], booking_day=PAY_DAY, sign="DBIT")
    assert upload(other.firm, camt_entries(OWN, [entry]), "olle")["status"] == "done"
    ours = [each for each in bought.firm.office.cloud.items("LedgerTable") if each in before]
    assert ours == before
    assert statuses(again(bought, made)) == ["ordered", "ordered"]


def test_two_payments_of_one_amount_in_one_block_are_both_counted_and_once(bought: Bought) -> None:
    supplier = bought.supplier()
    alike = [bought.invoice(supplier, number=number, message="Hyra") for number in ("1", "2")]
    made = order(bought, *alike, bought.invoice(supplier, number="3", message="El"))
    block = f"{made['payment_order_id'].removeprefix('ord_')}-1"
    bank: dict[str, Any] = {"end_to_end_id": "NOTPROVIDED", "paid_to": "50501055"}

    def told(*numbers: str, text: str = "Hyra") -> None:
        debits = [debit(made["lines"][0], texts=(text,), bank_reference=each, **bank) for each in numbers]
        entry = CamtEntry(payments=debits, booking_day=PAY_DAY, sign="DBIT")
        named = b"<PmtInfId>%s</PmtInfId><EndToEndId>" % block.encode()
        content = camt_entries(OWN, [entry]).replace(b"<EndToEndId>", named)
        assert content.count(named) == len(numbers)
        assert upload(bought.firm, content)["status"] == "done"

    told("R1")
    told("R1")
    assert statuses(again(bought, made)) == ["paid", "ordered", "ordered"]
    told("R1", "R2")
    told("R3", text="El")
    found = again(bought, made)
    assert statuses(found) == ["paid", "paid", "paid"]
    assert {line["remark"] for line in found["lines"]} == {None}
    assert bought.firm.balances("?to=2026-12-31")["1930"] == "-3750.00"


@pytest.mark.parametrize("released", ["cancel", "reject"])
def test_a_released_line_that_the_bank_paid_waits_until_somebody_has_looked(
    bought: Bought, released: str
) -> None:
    first, second = two(bought)
    made = order(bought, first, second)
    tail = f"payment-orders/{made['payment_order_id']}"
    one = {"supplier_invoice_ids": [first["supplier_invoice_id"]], "reason": "Fel"}
    bought.ok("POST", f"{tail}/{released}", one)
    tell(bought, debit(made["lines"][0]), debit(made["lines"][1]))
    found = again(bought, made)
    assert (statuses(found), found["status"], found["total"]) == (["ordered", "paid"], "open", "1375.00")
    assert f"though it was {released}" in found["lines"][0]["remark"]
    body = {"payment_date": PAY_DAY.isoformat(), "supplier_invoice_ids": one["supplier_invoice_ids"]}
    assert code(bought.call("POST", "payment-orders", body)) == (409, "cannot-be-ordered")
    # Dismissed: the same file does not ask again. Once more by the bank: it does, and it is confirmed.
    bought.ok("POST", f"{tail}/cancel", {})
    tell(bought, debit(made["lines"][0]))
    assert statuses(again(bought, made)) == ["cancelled", "paid"]
    tell(bought, debit(made["lines"][0]), day=PAY_DAY + timedelta(days=1), reference="OUT2")
    assert statuses(again(bought, made)) == ["ordered", "paid"]
    bought.ok("POST", f"{tail}/confirm", {"payment_date": TODAY.isoformat()})
    assert bought.get(first)["status"] == "paid"
    assert again(bought, made)["lines"][0]["remark"] is None


def test_a_released_line_paid_when_its_invoice_waits_elsewhere_or_is_paid_is_told_there_too(
    bought: Bought,
) -> None:
    first, second = two(bought)
    made = order(bought, first, second)
    bought.ok("POST", f"payment-orders/{made['payment_order_id']}/cancel", {})
    other = order(bought, first)
    bought.pay((second, "125.00"))
    strange = debit(made["lines"][0], end_to_end_id=made["lines"][0]["end_to_end_id"] + "9")
    for _ in range(2):
        tell(bought, debit(made["lines"][0]), debit(made["lines"][1]), strange)
    found = again(bought, made)
    assert statuses(found) == ["cancelled", "cancelled"]
    assert other["payment_order_id"] in found["lines"][0]["remark"]
    assert f"{format_sek(0)} left" in found["lines"][1]["remark"]
    (remark,) = found["remarks"]
    assert "no line of the order" in remark
    (line,) = again(bought, other)["lines"]
    assert line["status"] == "ordered"
    assert made["payment_order_id"] in line["remark"]


def test_a_line_paid_once_more_is_told_and_what_was_said_by_hand_is_not(bought: Bought) -> None:
    made = order(bought, *two(bought), payment_date=TODAY.isoformat())
    tail = f"payment-orders/{made['payment_order_id']}"
    first, second = made["lines"]
    tell(bought, debit(first), day=TODAY)
    bought.ok("POST", f"{tail}/confirm", {})
    tell(bought, debit(second), day=TODAY)
    assert [line["remark"] for line in again(bought, made)["lines"]] == [None, None]
    tell(bought, debit(first), debit(second), day=TODAY + timedelta(days=1), reference="OUT2")
    found = again(bought, made)
    assert all("once more" in line["remark"] for line in found["lines"])
    assert (statuses(found), found["status"]) == (["paid", "paid"], "closed")
    assert len(bought.ok("GET", "supplier-payments")["items"]) == 2


def test_of_several_debits_of_a_line_none_is_silent(bought: Bought) -> None:
    made = order(bought, *two(bought))
    first, second = made["lines"]
    one = {"supplier_invoice_ids": [second["supplier_invoice_id"]]}
    bought.ok("POST", f"payment-orders/{made['payment_order_id']}/cancel", one)
    tell(bought, debit(first, "1200.00"), debit(first), debit(second, "100.00"), debit(second))
    found = again(bought, made)
    assert statuses(found) == ["paid", "ordered"]
    assert format_sek(1200_00) in found["lines"][0]["remark"]
    assert "not only that" in found["lines"][1]["remark"]
    # What was told of the second before goes on being told when another debit pays it.
    tell(bought, debit(second), day=PAY_DAY + timedelta(days=1), reference="OUT2")
    paid = again(bought, made)
    assert statuses(paid) == ["paid", "paid"]
    assert paid["lines"][1]["remark"] == found["lines"][1]["remark"]


def test_a_line_told_by_the_bank_after_its_payment_is_taken_back_is_not_silent(bought: Bought) -> None:
    made = order(bought, *two(bought), payment_date=TODAY.isoformat())
    paid = bought.ok("POST", f"payment-orders/{made['payment_order_id']}/confirm", {})
    bought.ok("POST", f"supplier-payments/{paid['lines'][0]['supplier_payment_id']}/reverse", {})
    tell(bought, debit(made["lines"][0]), day=TODAY)
    assert "taken back" in again(bought, made)["lines"][0]["remark"]


def test_a_foreign_iban_is_paid_at_the_bank(bought: Bought) -> None:
    abroad = bought.supplier("GmbH", bankgiro=None, iban="DE89370400440532013000")
    body = {
        "payment_date": PAY_DAY.isoformat(),
        "supplier_invoice_ids": [bought.invoice(abroad)["supplier_invoice_id"]],
    }
    answer = bought.call("POST", "payment-orders", body)
    assert code(answer) == (409, "cannot-be-ordered")
    assert "pay it at the bank" in answer.text
    home = bought.supplier("AB", bankgiro=None, iban="SE4550000000058398257466")
    assert order(bought, bought.invoice(home))["lines"][0]["to"]["kind"] == "iban"


def test_a_bureau_that_may_not_send_the_banks_file_is_told_what_to_do(bought: Bought) -> None:
    answer = bought.firm.call("POST", "/payment-files", {"filename": "x"}, STAFF)
    assert code(answer) == (403, "not-handler")
    assert "confirm the lines of a payment order by hand" in answer.body["detail"]
