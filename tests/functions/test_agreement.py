"""Proof that the books agree, and of which event they first do not after."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.iam import granted
from samklang.ledger import agreement
from samklang.ledger.store import receivables as store
from samklang.platform.logs import metrics
from tests.functions.books import NOW, Firm, Office, Record, image, stand_at
from tests.functions.conftest import CLIENT, STAFF, Answer, used_actions

pytest_plugins = ["tests.functions.an_office"]


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "_PAUSES", (0.0, 0.0))


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def credit(firm: Firm, invoice: Any, quantity: str | None = None, **values: Any) -> Any:
    """A credit note of all that is left of an invoice, or of some of its first row."""
    rows = {"rows": [{"row": 0, "quantity": quantity}]} if quantity else {}
    return firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", rows | values)


def paid(firm: Firm, amount: str, *invoices: Any, **values: Any) -> str:
    """A new payment's id."""
    answer = firm.pay(amount, *invoices, **values)
    assert answer.status == 201, answer.text
    return str(answer.body["payment_id"])


def overpaid(firm: Firm, amount: str, invoice: Any, part: str, **values: Any) -> str:
    """A payment of an invoice and more: the rest is the customer's credit."""
    return paid(firm, amount, (invoice, part), **values)


def reverse(firm: Firm, payment_id: str, user: str = CLIENT) -> None:
    firm.ok("POST", f"/payments/{payment_id}/reverse", {}, user)


def cash_firm(office: Office) -> Firm:
    """A company whose sales are posted when they are paid."""
    firm = office.firm(active=False)
    year = {"start": "2026-01-01", "end": "2026-12-31", "accounting_method": "cash"}
    firm.ok("PUT", "/start-guide/fiscal_year", year)
    firm.ok("POST", "/collaboration/activate")
    return firm


def first(firm: Firm) -> Any:
    """The first event after which the books differ."""
    found = firm.agreement()
    assert found["agrees"] is False, found
    assert found["first_difference"] is not None, found
    return found["first_difference"]


def issued(invoice: Any) -> str:
    return f"invoice/{invoice['invoice_id']}/issued"


def registered(payment_id: str) -> str:
    return f"payment/{payment_id}/registered"


def taken_back(payment_id: str) -> str:
    return f"payment/{payment_id}/reversed"


def number(value: int) -> dict[str, Any]:
    return {":value": {"N": str(value)}}


# ---------------------------------------------------------------- books that agree


def test_the_books_agree_from_the_first_day(office: Office) -> None:
    found = office.firm().agreement()
    sums = ("invoicing_balance", "subledger_balance", "account_1510")
    credits_ = ("invoicing_credit", "ledger_credit", "account_2420")
    assert {found[each] for each in (*sums, *credits_)} == {"0.00"}
    assert (found["agrees"], found["method"], found["first_difference"]) == (True, "invoice", None)


def test_before_activation_there_is_nothing_to_agree(office: Office) -> None:
    firm = office.firm(active=False)
    assert code(firm.call("GET", "/agreement")) == (409, "not-active")


def test_invoices_credit_notes_payments_and_credit_agree_with_both_accounts(office: Office) -> None:
    firm = office.firm()
    customer = firm.customer()
    invoice, other = firm.issue("100.00", customer=customer), firm.issue("200.00", customer=customer)
    payment = overpaid(firm, "200.00", invoice, "125.00")
    credit(firm, other, "0.5")
    office.settle()
    paid(firm, "50.00", other)
    again = paid(firm, "75.00", other)
    reverse(firm, again)
    office.settle()
    found = firm.agreement()
    assert found["agrees"] is True
    assert found["invoicing_balance"] == found["subledger_balance"] == found["account_1510"] == "75.00"
    assert found["invoicing_credit"] == found["ledger_credit"] == "75.00"
    assert found["account_2420"] == "-75.00"
    reverse(firm, payment)
    office.settle()
    found = firm.agreement()
    assert (found["agrees"], found["account_2420"], found["account_1510"]) == (True, "0.00", "200.00")


def test_agreeing_reads_the_sums_and_no_history(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    paid(firm, "25.00", invoice)
    office.settle()
    with office.reads("InvoicingTable") as here, office.reads("LedgerTable") as there:
        assert firm.agreement()["agrees"] is True
    assert here == {"Query": 2}  # open invoices, customers' credit
    assert there == {"GetItem": 1, "Query": 4}  # head; open items, customers' credit, payables, months


def test_an_index_that_lags_is_no_difference(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    office.settle()
    read = store.open_receivables
    with monkeypatch.context() as patch:
        patch.setenv("LEDGER_TABLE", office.cloud.template.name("LedgerTable"))
        stale = list(read(firm.company_id))
    paid(firm, "125.00", invoice)
    office.settle()
    monkeypatch.setattr(store, "open_receivables", lambda _: iter(stale))
    found = firm.agreement()
    assert (found["agrees"], found["subledger_balance"]) == (True, "0.00")


# ---------------------------------------------------------------- on its way, or parked


def test_the_first_of_several_invoices_on_their_way_is_named(office: Office) -> None:
    firm = office.firm()
    firm.issue("100.00")
    office.settle()
    waiting = firm.issue("8.00")
    firm.issue("16.00")
    found = firm.agreement()
    assert (found["agrees"], found["invoicing_balance"], found["subledger_balance"]) == (
        False,
        "155.00",
        "125.00",
    )
    difference = found["first_difference"]
    assert difference.pop("detail").startswith("It is done in invoicing and on its way to the ledger.")
    assert difference.pop("at").startswith("2026-11-23T09:00")
    assert difference == {
        "event": issued(waiting),
        "invoice_id": waiting["invoice_id"],
        "invoice_number": waiting["number"],
        "payment_id": None,
        "invoicing_amount": "10.00",
        "ledger_amount": "0.00",
        "cause": "pending",
    }
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_a_payment_on_its_way_is_named_with_the_invoice_it_shows_on(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    office.settle()
    payment = paid(firm, "125.00", invoice)
    difference = first(firm)
    assert (difference["event"], difference["payment_id"]) == (registered(payment), payment)
    assert (difference["cause"], difference["invoice_number"]) == ("pending", invoice["number"])
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("-125.00", "0.00")


def test_a_reversal_on_its_way_is_named_and_not_its_payment(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    payment = paid(firm, "25.00", invoice)
    office.settle()
    reverse(firm, payment)
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (taken_back(payment), "pending")
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("25.00", "0.00")


def test_the_bureaus_payment_and_its_reversal_are_on_their_way_to_invoicing(office: Office) -> None:
    firm = office.firm(handler="bureau")
    invoice = firm.issue("100.00")
    office.settle()
    payment = paid(firm, "25.00", invoice, user=STAFF)
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(payment), "pending")
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("0.00", "-25.00")
    assert "on its way to invoicing" in difference["detail"]
    office.settle()
    reverse(firm, payment, STAFF)
    assert first(firm)["event"] == taken_back(payment)
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_a_credit_note_on_its_way_is_named_with_the_invoice_it_is_set_off_against(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    office.settle()
    note = credit(firm, invoice)
    found = firm.agreement()
    assert (found["invoicing_balance"], found["subledger_balance"]) == ("0.00", "125.00")
    difference = found["first_difference"]
    assert (difference["event"], difference["cause"]) == (issued(note), "pending")
    assert difference["invoice_number"] == invoice["number"]
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_a_parked_invoice_is_named_with_its_reason_before_the_payment_that_waits_for_it(
    office: Office,
) -> None:
    firm = office.firm()
    parked = firm.issue("100.00", invoice_date="2026-10-31")
    firm.close_books_until("2026-10-31")
    paid(firm, "25.00", parked)
    office.settle()
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (issued(parked), "parked")
    assert "The books are closed to 2026-10-31" in difference["detail"]
    assert firm.invoice(parked)["ledger"]["status"] == "parked"


def test_a_parked_credit_note_is_named_with_the_invoice_it_credits(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00", invoice_date="2026-10-01")
    office.settle()
    note = credit(firm, invoice, invoice_date="2026-10-15")
    firm.close_books_until("2026-10-31")
    office.settle()
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (issued(note), "parked")
    assert difference["invoice_number"] == invoice["number"]
    assert f"{issued(note)} is parked" in difference["detail"]


def test_what_could_not_be_read_is_named_as_parked(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    payment = paid(firm, "25.00", invoice)
    records = office.news("ledger_sync")
    for record in records:
        if image(record)["kind"] == "payment":
            record["dynamodb"]["NewImage"]["allocations"] = {"S": "["}
    office.deliver("ledger_sync", records)
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(payment), "parked")
    assert f"payment/{payment}/unreadable is parked" in difference["detail"]


def test_credit_on_its_way_is_named_by_the_payment_that_gave_it(office: Office) -> None:
    firm = office.firm()
    invoice = firm.issue("100.00")
    office.settle()
    payment = paid(firm, "10.00", customer_id=invoice["customer_id"])
    found = firm.agreement()
    assert (found["invoicing_credit"], found["ledger_credit"]) == ("10.00", "0.00")
    difference = found["first_difference"]
    assert (difference["event"], difference["cause"]) == (registered(payment), "pending")
    assert (difference["invoice_id"], difference["invoicing_amount"]) == (None, "10.00")
    office.settle()
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- corrupted on purpose


@pytest.fixture
def busy(office: Office) -> tuple[Firm, dict[str, Any]]:
    """A firm whose books agree, and what has happened to it by name."""
    firm = office.firm()
    customer = firm.customer()
    done: dict[str, Any] = {"customer": customer}
    done["paid"] = firm.issue("100.00", customer=customer)
    done["open"] = firm.issue("200.00", customer=customer)
    done["part"] = paid(firm, "25.00", done["open"])
    done["over"] = overpaid(firm, "130.00", done["paid"], "125.00")
    done["last"] = firm.issue("400.00", customer=customer)
    office.settle()
    assert firm.agreement()["agrees"] is True
    return firm, done


def test_given_another_remaining_in_invoicing_then_the_invoices_last_event_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    firm.tamper(
        "InvoicingTable",
        f"INVOICE#{done['open']['invoice_id']}",
        "SET remaining = remaining - :value",
        number(1),
    )
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(done["part"]), "differs")
    assert difference["invoice_number"] == done["open"]["number"]
    assert "225.00" in difference["detail"]
    assert "224.99" in difference["detail"]


def test_given_an_open_item_taken_away_then_its_issue_is_named_as_gone(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    firm.remove("LedgerTable", f"RECEIVABLE#{done['open']['invoice_id']}")
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (issued(done["open"]), "differs")
    assert "the ledger, which had it, does not" in difference["detail"]


def test_given_open_items_taken_away_that_nobody_misses_then_their_voucher_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    invoice_id = done["last"]["invoice_id"]
    firm.remove("LedgerTable", f"RECEIVABLE#{invoice_id}")
    firm.tamper("InvoicingTable", f"INVOICE#{invoice_id}", "SET remaining = :value", number(0))
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (issued(done["last"]), "differs")
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("0.00", "500.00")
    assert "moved account 1510" in difference["detail"]


def test_given_a_payment_lost_from_invoicing_then_it_is_named_as_gone(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    firm.remove("InvoicingTable", f"PAYMENT#{done['part']}")
    firm.tamper(
        "InvoicingTable",
        f"INVOICE#{done['open']['invoice_id']}",
        "SET remaining = remaining + :value",
        number(2500),
    )
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(done["part"]), "differs")
    assert "invoicing, which had it, does not" in difference["detail"]


def test_given_another_amount_in_an_open_items_entry_then_that_payment_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    (item,) = firm.items("LedgerTable", f"RECEIVABLE#{done['open']['invoice_id']}")
    entries = json.loads(item["entries"])
    entries[0][1] -= 1
    firm.tamper("LedgerTable", item["sk"], "SET entries = :value", {":value": {"S": json.dumps(entries)}})
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(done["part"]), "differs")
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("-25.00", "-25.01")


def test_given_something_added_to_a_months_balance_then_the_month_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, _ = busy
    firm.tamper("LedgerTable", "BALANCE#2026-11", "ADD a1510 :value", number(100))
    found = firm.agreement()
    assert (found["subledger_balance"], found["account_1510"]) == ("725.00", "726.00")
    difference = found["first_difference"]
    assert (difference["event"], difference["at"]) == ("balance/2026-11", None)
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("725.00", "726.00")


def kept(event: str) -> str:
    """A voucher's source as it is kept: a letter and the id."""
    kind, identifier, _ = event.split("/")
    return kind[0] + identifier.partition("_")[2]


@pytest.mark.parametrize(("account", "named"), [("1510", "part"), ("2420", "over")])
def test_given_another_amount_in_a_voucher_and_its_month_then_its_event_is_named(
    busy: tuple[Firm, dict[str, Any]], account: str, named: str
) -> None:
    firm, done = busy
    event = registered(done[named])
    (item,) = (each for each in firm.items("LedgerTable", "V#") if each.get("s") == kept(event))
    rows = [row.split(":") for row in item["r"].split(";")]
    changed = ";".join(f"{each}:{int(amount) + (each == account)}" for each, amount in rows)
    firm.tamper("LedgerTable", item["sk"], "SET #rows = :value", {":value": {"S": changed}}, {"#rows": "r"})
    firm.tamper("LedgerTable", "BALANCE#2026-11", f"ADD a{account} :value", number(1))
    difference = first(firm)
    assert (difference["event"], difference["payment_id"]) == (event, done[named])
    assert (difference["cause"], account in difference["detail"]) == ("differs", True)


def test_given_a_voucher_taken_away_and_its_month_then_its_event_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    event = issued(done["paid"])
    (item,) = (each for each in firm.items("LedgerTable", "V#") if each.get("s") == kept(event))
    firm.remove("LedgerTable", item["sk"])
    firm.tamper("LedgerTable", "BALANCE#2026-11", "ADD a1510 :value", number(-12500))
    difference = first(firm)
    assert (difference["event"], difference["invoice_number"]) == (event, done["paid"]["number"])
    assert "No voucher of it moved account 1510" in difference["detail"]


def test_given_other_credit_in_one_book_then_the_payment_that_last_changed_it_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    sk = f"CREDIT#{done['customer']}"
    firm.tamper("InvoicingTable", sk, "ADD balance :value", number(1))
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(done["over"]), "differs")
    assert "5.01" in difference["detail"]


def test_given_other_credit_in_both_books_then_the_customers_credit_is_named(
    busy: tuple[Firm, dict[str, Any]],
) -> None:
    firm, done = busy
    for table in ("InvoicingTable", "LedgerTable"):
        firm.tamper(table, f"CREDIT#{done['customer']}", "ADD balance :value", number(1))
    difference = first(firm)
    assert difference["event"] == f"credit/{done['customer']}"
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("5.00", "5.01")


def test_given_credit_that_no_payment_gave_then_the_customers_credit_is_named(
    busy: tuple[Firm, dict[str, Any]], office: Office
) -> None:
    firm, done = busy
    office.cloud.dynamodb.put_item(
        TableName=office.cloud.template.name("InvoicingTable"),
        Item={
            "pk": {"S": f"COMPANY#{firm.company_id}"},
            "sk": {"S": "CREDIT#cus_nobody"},
            "customer_id": {"S": "cus_nobody"},
            "balance": {"N": "7"},
            "from_invoicing": {"N": "1"},
            "from_ledger": {"N": "0"},
            "version": {"N": "1"},
        },
    )
    assert first(firm)["event"] == "credit/cus_nobody"
    assert done["customer"] != "cus_nobody"


def test_given_two_faults_then_the_earlier_is_named(busy: tuple[Firm, dict[str, Any]]) -> None:
    firm, done = busy
    firm.remove("LedgerTable", f"RECEIVABLE#{done['last']['invoice_id']}")
    (item,) = firm.items("LedgerTable", f"RECEIVABLE#{done['open']['invoice_id']}")
    firm.tamper("LedgerTable", item["sk"], "SET entries = :value", {":value": {"S": "[]"}})
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(done["part"]), "differs")


# ---------------------------------------------------------------- the cash method


def test_by_the_cash_method_1510_is_zero_and_what_is_posted_is_what_is_paid(office: Office) -> None:
    firm = cash_firm(office)
    invoice = firm.issue("100.00")
    part = paid(firm, "25.00", invoice)
    office.settle()
    found = firm.agreement()
    assert (found["agrees"], found["method"]) == (True, "cash")
    assert (found["invoicing_balance"], found["subledger_balance"], found["account_1510"]) == (
        "100.00",
        "100.00",
        "0.00",
    )
    reverse(firm, part)
    assert first(firm)["event"] == taken_back(part)
    office.settle()
    assert firm.agreement()["agrees"] is True


def test_by_the_cash_method_a_payment_of_which_another_amount_is_posted_is_named(office: Office) -> None:
    firm = cash_firm(office)
    invoice = firm.issue("100.00")
    paid(firm, "25.00", invoice)
    wrong = paid(firm, "50.00", invoice)
    office.settle()
    item = f"RECEIVABLE#{invoice['invoice_id']}"
    (kept,) = firm.items("LedgerTable", f"PAYMENT#{wrong}")
    sales = json.loads(kept["sales"])
    sales[invoice["invoice_id"]]["3001"] -= 1
    firm.tamper("LedgerTable", kept["sk"], "SET sales = :value", {":value": {"S": json.dumps(sales)}})
    posted = {"2611": 1500, "3001": 5999}
    firm.tamper("LedgerTable", item, "SET posted = :value", {":value": {"S": json.dumps(posted)}})
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (registered(wrong), "differs")
    assert (difference["invoicing_amount"], difference["ledger_amount"]) == ("50.00", "49.99")
    firm.tamper("LedgerTable", "BALANCE#2026-11", "ADD a1510 :value", number(1))
    assert firm.agreement()["account_1510"] == "0.01"


# ---------------------------------------------------------------- any history, one event withheld


def test_an_invoice_that_comes_to_the_same_on_both_sides_is_named_when_later_events_show_that_it_is_lost(
    office: Office,
) -> None:
    firm = office.firm()
    lost = firm.issue("100.00")
    paid(firm, "10.00", lost)
    note = credit(firm, lost)
    records = [each for each in office.news("ledger_sync") if image(each).get("id") != lost["invoice_id"]]
    office.deliver("ledger_sync", records)
    office.settle()
    assert (firm.invoice(lost)["remaining"], firm.invoice(note)["remaining"]) == ("0.00", "-10.00")
    difference = first(firm)
    assert (difference["event"], difference["cause"]) == (issued(lost), "pending")


STEPS = st.lists(
    st.sampled_from(["issue", "issue", "pay", "pay", "overpay", "credit", "reverse"]), min_size=2, max_size=6
)


def play(firm: Firm, steps: list[str], choose: Callable[[int], int]) -> set[str]:
    """Let things happen; the events that later ones have undone."""
    customer = firm.customer()
    invoices = [firm.issue("100.00", customer=customer)]
    payments: list[str] = []
    undone: set[str] = set()
    for step in steps:
        invoice = invoices[choose(len(invoices))]
        if step == "issue":
            invoices.append(firm.issue("40.00", customer=customer))
        elif step == "overpay":
            answer = firm.pay("20.00", (invoice, "5.00"))
            payments += [answer.body["payment_id"]] if answer.status == 201 else []
        elif step == "pay":
            answer = firm.pay("10.00", invoice)
            payments += [answer.body["payment_id"]] if answer.status == 201 else []
        elif step == "credit":
            if firm.credit(invoice).status == 201:
                undone.add(issued(invoice))
        elif payments:
            payment = payments.pop(choose(len(payments)))
            reverse(firm, payment)
            undone.add(registered(payment))
    return undone


def event_of(record: Record) -> str:
    item = image(record)
    if item["kind"] == "invoice":
        return f"invoice/{item['id']}/issued"
    return f"payment/{item['id']}/{'reversed' if 'reversal_date' in item else 'registered'}"


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, data=st.data())
def test_the_event_withheld_from_the_ledger_is_the_first_after_which_the_books_differ(
    office: Office, steps: list[str], data: st.DataObject
) -> None:
    office.settle()  # what an example before has left
    firm = office.firm()
    undone = play(firm, steps, lambda count: data.draw(st.integers(0, count - 1)))
    records = [each for each in office.news("ledger_sync") if image(each)["kind"] != "customer"]
    withheld = records[data.draw(st.integers(0, 11)) % len(records)]
    for function, news in (
        ("ledger_sync", [each for each in records if each is not withheld]),
        ("payment_sync", office.news("payment_sync")),
    ):
        if news:
            office.deliver(function, news)
    found = firm.agreement()
    if found["agrees"]:
        assert event_of(withheld) in undone
    else:
        difference = found["first_difference"]
        assert (difference["event"], difference["cause"]) == (event_of(withheld), "pending")


# ---------------------------------------------------------------- every night


def messages(office: Office) -> list[dict[str, Any]]:
    """What waits on the queue of checks."""
    url = office.cloud.template.function("AgreementFunction").environment["AGREEMENT_QUEUE_URL"]
    found = office.cloud.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return [json.loads(each["Body"]) for each in found]


def a_night(office: Office, *firms: Firm) -> None:
    """Check these companies as the queue asks for it."""
    records = [
        {
            "messageId": str(place),
            "eventSource": "aws:sqs",
            "body": json.dumps({"company_id": firm.company_id}),
        }
        for place, firm in enumerate(firms)
    ]
    assert office.invoke("agreement", {"Records": records}) == {"batchItemFailures": []}


def nightly(firm: Firm, user: str = CLIENT) -> Any:
    return firm.ok("GET", "/agreement/nightly", user=user)


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How many faults were counted, check by check."""
    counted: list[float] = []
    add = metrics.add_metric

    def note(name: str, unit: Any, value: float) -> None:
        if name == "BooksDiffer":
            counted.append(value)
        add(name, unit, value)

    monkeypatch.setattr(metrics, "add_metric", note)
    return counted


def test_the_schedule_asks_for_a_check_of_every_active_company(office: Office) -> None:
    firms = [office.firm(client=f"klient{place}") for place in range(3)]
    office.firm(client="ny", active=False)
    office.invoke("agreement", {"source": "aws.scheduler"})
    assert {each["company_id"] for each in messages(office)} == {firm.company_id for firm in firms}


def test_more_companies_than_one_call_holds_are_all_asked_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [f"com_{place:020}" for place in range(12)]
    monkeypatch.setattr("samklang.collaboration.service.active_companies", lambda: iter(wanted))
    office.invoke("agreement", {"source": "aws.scheduler"})
    found = messages(office) + messages(office)
    assert sorted(each["company_id"] for each in found) == wanted


def test_the_last_nightly_result_is_kept_for_both_parties(office: Office, faults: list[float]) -> None:
    firm = office.firm()
    firm.issue("100.00")
    office.settle()
    assert code(firm.call("GET", "/agreement/nightly")) == (404, "not-found")
    a_night(office, firm)
    found = nightly(firm)
    assert found == nightly(firm, STAFF)
    assert (found["agrees"], found["account_1510"], found["differs_since"]) == (True, "125.00", None)
    assert faults == [0]


def test_a_fault_is_counted_each_night_and_the_first_of_these_nights_is_told(
    office: Office, faults: list[float]
) -> None:
    firm, sound = office.firm(), office.firm(client="olle", staff="stina")
    invoice = firm.issue("100.00")
    office.settle()
    a_night(office, firm)
    firm.remove("LedgerTable", f"RECEIVABLE#{invoice['invoice_id']}")
    nights = []
    for day in (1, 2):
        stand_at(NOW + timedelta(days=day))
        a_night(office, sound, firm)
        nights.append(nightly(firm))
    assert [each["first_difference"]["event"] for each in nights] == [issued(invoice)] * 2
    assert nights[1]["differs_since"] == nights[0]["checked_at"] == nights[0]["differs_since"]
    assert nights[1]["checked_at"] > nights[0]["checked_at"]
    assert nightly(sound, sound.company.client)["agrees"] is True
    assert faults == [0, 0, 1, 0, 1]


def test_what_is_parked_or_has_just_happened_is_kept_and_is_no_fault(
    office: Office, faults: list[float]
) -> None:
    firm = office.firm()
    firm.issue("100.00", invoice_date="2026-10-31")
    firm.close_books_until("2026-10-31")
    office.settle()
    firm.issue("8.00")
    a_night(office, firm)
    found = nightly(firm)
    assert (found["agrees"], found["first_difference"]["cause"]) == (False, "parked")
    assert found["differs_since"] == found["checked_at"]
    assert faults == [0]


def test_what_is_on_its_way_for_more_than_an_hour_is_a_fault(office: Office, faults: list[float]) -> None:
    firm = office.firm()
    firm.issue("100.00")
    stand_at(NOW + timedelta(minutes=61))
    a_night(office, firm)
    assert nightly(firm)["first_difference"]["cause"] == "pending"
    assert faults == [1]


def test_the_function_uses_all_that_it_is_granted(office: Office) -> None:
    firm = office.firm()
    firm.issue("100.00")
    office.invoke("agreement", {"source": "aws.scheduler"})
    a_night(office, firm)
    assert used_actions["agreement"] == granted(office.cloud.template)["AgreementFunction"]


def test_a_fault_behind_a_parked_event_is_still_a_fault(office: Office, faults: list[float]) -> None:
    firm = office.firm()
    sound = firm.issue("8.00")
    firm.issue("100.00", invoice_date="2026-10-31")
    firm.close_books_until("2026-10-31")
    office.settle()
    firm.tamper("InvoicingTable", f"INVOICE#{sound['invoice_id']}", "SET remaining = :value", number(999))
    a_night(office, firm)
    assert faults == [1]
