"""Bad debts through the functions: written off with VAT back, recovered, taken back; both books agree."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.bank.bgmax import BgMaxPayment
from samklang.ledger.bad_debts import write_downs
from samklang.platform.money import format_sek, parse_sek
from tests.functions.books import Firm, Office, cross
from tests.functions.conftest import CLIENT, STAFF, Answer
from tests.functions.test_payment_files import bgmax, ocr, upload

pytest_plugins = ["tests.functions.an_office"]

HANDLERS = [("client", CLIENT), ("bureau", STAFF)]
by_either_party = pytest.mark.parametrize(("handler", "user"), HANDLERS)

WRITTEN_OFF = {"3001": "-1000.00", "6351": "1000.00", "6358": "1000.00", "6359": "-1000.00"}


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def write_off(firm: Firm, invoice: Any, amount: str | None = None, **values: Any) -> Answer:
    user = values.pop("user", STAFF)
    given_values = {"invoice_id": invoice["invoice_id"], "date": "2026-11-20", "reason": "Konkurs", **values}
    return firm.call("POST", "/ledger/bad-debts", given_values | ({"amount": amount} if amount else {}), user)


def written_off(firm: Firm, invoice: Any, amount: str | None = None, **values: Any) -> Any:
    answer = write_off(firm, invoice, amount, **values)
    assert answer.status == 201, answer.text
    firm.office.settle()
    return answer.body


def act(firm: Firm, bad_debt: Any, what: str, body: Any = None, user: str = STAFF) -> Answer:
    return firm.call("POST", f"/ledger/bad-debts/{bad_debt['bad_debt_id']}/{what}", body or {}, user)


def recover(firm: Firm, bad_debt: Any, amount: str, **values: Any) -> Any:
    answer = act(firm, bad_debt, "recover", {"date": "2026-11-22", "amount": amount, **values})
    assert answer.status == 200, answer.text
    firm.office.settle()
    return answer.body


def moved(firm: Firm, query: str = "") -> dict[str, str]:
    return {account: amount for account, amount in firm.balances(query).items() if amount != "0.00"}


def an_invoice(office: Office, handler: str = "bureau", method: str = "invoice") -> tuple[Firm, Any]:
    """A firm, and its invoice of 1000.00 and VAT from the first of October."""
    firm = office.firm(handler=handler, method=method)
    invoice = firm.issue("1000.00", invoice_date="2026-10-01")
    office.settle()
    return firm, invoice


def shown(firm: Firm, invoice: Any) -> tuple[str, str, str, str]:
    found = firm.invoice(invoice)
    return found["status"], found["paid"], found["written_off"], found["remaining"]


# ---------------------------------------------------------------- confirmed


@by_either_party
def test_a_written_off_invoice_has_its_vat_back_and_is_shown_so_to_the_client(
    office: Office, handler: str, user: str
) -> None:
    firm, invoice = an_invoice(office, handler)
    firm.paid("250.00", invoice, user=user)
    office.settle()
    bad_debt = written_off(firm, invoice, evidence="Underrättelse från konkursförvaltaren")
    (step,) = bad_debt["steps"]
    assert (bad_debt["amount"], bad_debt["standing"], bad_debt["status"]) == (
        "1000.00",
        "1000.00",
        "standing",
    )
    assert (step["what"], step["loss"], step["vat"]) == ("written_off", "800.00", "200.00")
    voucher = firm.ok("GET", f"/ledger/vouchers/{step['voucher_id']}", user=STAFF)
    assert (voucher["series"], voucher["date"]) == ("R", "2026-11-20")
    assert voucher["text"] == "Konstaterad kundförlust 1000,00 kr, Kund AB, faktura 1001: Konkurs"
    rows = {row["account"]: (row["debit"], row["credit"]) for row in voucher["rows"]}
    assert rows == {
        "1510": ("0.00", "1000.00"),
        "2611": ("200.00", "0.00"),
        "6351": ("800.00", "0.00"),
        "6358": ("800.00", "0.00"),
        "6359": ("0.00", "800.00"),
    }
    assert shown(firm, invoice) == ("written_off", "250.00", "1000.00", "0.00")
    assert firm.listed("/invoices?status=written_off")[0]["invoice_id"] == invoice["invoice_id"]
    assert firm.receivables()["items"] == []
    assert firm.receivables("?as_of=2026-11-19")["total"] == "1250.00"
    assert firm.agreement()["agrees"] is True
    for reader in (CLIENT, STAFF):
        assert firm.ok("GET", f"/ledger/bad-debts/{bad_debt['bad_debt_id']}", user=reader) == bad_debt
        assert firm.ok("GET", "/ledger/bad-debts", user=reader)["items"] == [bad_debt]


def test_a_bad_debt_is_no_money_in_any_list(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    written_off(firm, invoice)
    (payment,) = firm.listed("/payments")
    assert (payment["amount"], payment["loss"], payment["method"]) == ("0.00", "1250.00", "bad_debt")
    assert (payment["origin"], payment["sync"]) == ("ledger", "synchronised")
    assert payment["ledger"]["status"] == "posted"
    sums = firm.ok("GET", "/invoices")["sums"]
    assert (sums["paid"], sums["remaining"]) == ("0.00", "0.00")
    assert moved(firm).keys() & {"1510", "1910", "1930"} == set()


def test_a_part_written_off_leaves_the_rest_to_be_paid_and_the_parts_come_to_the_sale(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    written_off(firm, invoice, "333.33")
    assert shown(firm, invoice) == ("issued", "0.00", "333.33", "916.67")
    firm.paid("583.33", invoice)
    office.settle()
    written_off(firm, invoice, "333.34")
    assert shown(firm, invoice) == ("written_off", "583.33", "666.67", "0.00")
    assert moved(firm)["6351"] == "533.34"
    assert moved(firm)["2611"] == "-116.67"
    assert firm.agreement()["agrees"] is True


def test_what_bore_no_vat_is_lost_whole(office: Office) -> None:
    firm = office.firm(handler="bureau")
    invoice = firm.issue("1000.00", rate="0", customer=firm.customer())
    office.settle()
    written_off(firm, invoice, date="2026-11-23")
    assert moved(firm) == {"3004": "-1000.00", "6351": "1000.00"}


def test_a_credited_part_is_not_lost_a_second_time(office: Office) -> None:
    firm = office.firm(handler="bureau")
    rows = [
        {"description": "Arbete", "unit_price": "100.00", "vat_rate": "25"},
        {"description": "Mat", "unit_price": "100.00", "vat_rate": "12"},
    ]
    draft = firm.ok("POST", "/invoices", {"customer_id": firm.customer(), "rows": rows})
    invoice = firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    office.settle()
    firm.credited(invoice, (0, None))
    office.settle()
    bad_debt = written_off(firm, invoice, date="2026-11-23")
    assert (bad_debt["steps"][0]["loss"], bad_debt["steps"][0]["vat"]) == ("100.00", "12.00")
    assert moved(firm) == {"3002": "-100.00", "6351": "100.00", "6358": "100.00", "6359": "-100.00"}


def test_a_bad_debt_taken_back_opens_the_invoice_and_it_can_be_paid(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    bad_debt = written_off(firm, invoice)
    back = act(firm, bad_debt, "reverse").body
    office.settle()
    assert (back["status"], back["standing"], len(back["steps"])) == ("taken_back", "0.00", 2)
    assert shown(firm, invoice) == ("issued", "0.00", "0.00", "1250.00")
    assert code(act(firm, bad_debt, "reverse")) == (409, "bad-debt-closed")
    firm.paid("1250.00", invoice)
    office.settle()
    assert shown(firm, invoice) == ("paid", "1250.00", "0.00", "0.00")
    assert moved(firm) == {"1930": "1250.00", "2611": "-250.00", "3001": "-1000.00"}
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- recovered


def test_money_that_comes_after_all_is_a_payment_and_vat_follows_it(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    bad_debt = written_off(firm, invoice)
    after = recover(firm, bad_debt, "250.00", method="swish")
    assert [each["what"] for each in after["steps"]] == [
        "written_off",
        "taken_back",
        "recovered",
        "written_off",
    ]
    assert (after["status"], after["standing"], after["recovered"]) == ("standing", "1000.00", "250.00")
    assert shown(firm, invoice) == ("written_off", "250.00", "1000.00", "0.00")
    assert moved(firm) == {
        "1930": "250.00",
        "2611": "-50.00",
        "3001": "-1000.00",
        "6351": "800.00",
        "6358": "800.00",
        "6359": "-800.00",
    }
    assert firm.agreement()["agrees"] is True
    done = recover(firm, bad_debt, "1000.00")
    assert (done["status"], done["standing"], done["recovered"]) == ("recovered", "0.00", "1250.00")
    assert shown(firm, invoice) == ("paid", "1250.00", "0.00", "0.00")
    assert moved(firm) == {"1930": "1250.00", "2611": "-250.00", "3001": "-1000.00"}
    again = act(firm, bad_debt, "recover", {"date": "2026-11-22", "amount": "1.00"})
    assert code(again) == (409, "bad-debt-closed")
    assert firm.agreement()["agrees"] is True


def test_more_than_is_written_off_is_not_recovered_and_not_before_it_was(office: Office) -> None:
    firm, invoice = an_invoice(office)
    bad_debt = written_off(firm, invoice, "500.00")
    before = firm.items("LedgerTable")
    too_much = act(firm, bad_debt, "recover", {"date": "2026-11-22", "amount": "500.01"})
    assert code(too_much) == (409, "allocation-exceeds")
    assert [each["pointer"] for each in too_much.body["errors"]] == ["/amount"]
    for day in ("2026-11-19", "2026-11-24"):
        answer = act(firm, bad_debt, "recover", {"date": day, "amount": "1.00"})
        assert code(answer) == (422, "validation")
    assert firm.items("LedgerTable") == before


# ---------------------------------------------------------------- expected


def test_an_expected_loss_is_written_down_without_vat_and_the_invoice_stays_open(office: Office) -> None:
    firm, invoice = an_invoice(office)
    bad_debt = written_off(firm, invoice, kind="expected")
    sale = {"1510": "1250.00", "2611": "-250.00", "3001": "-1000.00"}
    assert moved(firm) == sale | {"1519": "-1000.00", "6352": "1000.00"}
    assert shown(firm, invoice) == ("issued", "0.00", "0.00", "1250.00")
    again = write_off(firm, invoice, "0.01", kind="expected")
    assert code(again) == (409, "allocation-exceeds")
    assert code(act(firm, bad_debt, "recover", {"date": "2026-11-22", "amount": "1.00"})) == (
        409,
        "bad-debt-closed",
    )
    assert firm.agreement()["agrees"] is True
    assert act(firm, bad_debt, "reverse").body["status"] == "taken_back"
    assert moved(firm) == sale
    assert written_off(firm, invoice, "0.01", kind="expected")["standing"] == "0.01"


def test_a_confirmed_loss_takes_the_expected_one_back_in_the_same_moment(office: Office) -> None:
    firm, invoice = an_invoice(office)
    expected = written_off(firm, invoice, kind="expected")
    written_off(firm, invoice)
    assert firm.ok("GET", f"/ledger/bad-debts/{expected['bad_debt_id']}")["status"] == "taken_back"
    assert moved(firm) == WRITTEN_OFF
    assert firm.agreement()["agrees"] is True


def expected_losses(firm: Firm) -> tuple[str, str]:
    found = moved(firm)
    return found.get("1519", "0.00"), found.get("6352", "0.00")


def test_what_is_confirmed_of_an_expected_loss_is_expected_no_more(office: Office) -> None:
    firm, invoice = an_invoice(office)
    expected = written_off(firm, invoice, "1000.00", kind="expected")
    more = written_off(firm, invoice, "250.00", kind="expected")
    written_off(firm, invoice, "625.00")
    assert expected_losses(firm) == ("-500.00", "500.00")
    found = firm.ok("GET", f"/ledger/bad-debts/{expected['bad_debt_id']}")
    assert (found["status"], found["standing"], found["amount"]) == ("standing", "375.00", "1000.00")
    assert [(each["what"], each["amount"], each["loss"]) for each in found["steps"]] == [
        ("written_down", "1000.00", "800.00"),
        ("taken_back", "-625.00", "-500.00"),
    ]
    assert code(write_off(firm, invoice, "0.01", kind="expected")) == (409, "allocation-exceeds")
    written_off(firm, invoice, "500.00")
    assert act(firm, more, "reverse").body["status"] == "taken_back"
    assert expected_losses(firm) == ("0.00", "0.00")
    assert code(act(firm, expected, "reverse")) == (409, "bad-debt-closed")
    assert firm.agreement()["agrees"] is True


def test_what_is_recovered_of_one_part_leaves_what_is_expected_to_be_lost_of_the_rest(office: Office) -> None:
    firm, invoice = an_invoice(office)
    lost = written_off(firm, invoice, "500.00")
    written_off(firm, invoice, "750.00", kind="expected")
    recover(firm, lost, "250.00")
    assert expected_losses(firm) == ("-600.00", "600.00")


@by_either_party
@pytest.mark.parametrize("journalising", ["automatic", "reviewed"])
def test_what_is_paid_or_credited_of_an_expected_loss_is_written_up_and_its_bad_debt_follows(
    office: Office, handler: str, user: str, journalising: str
) -> None:
    firm, invoice = an_invoice(office, handler)
    firm.ok("PUT", "/ledger/settings", {"journalising": journalising}, STAFF)
    expected = written_off(firm, invoice, "1000.00", kind="expected")
    firm.paid("250.00", invoice, user=user)
    office.settle()
    assert expected_losses(firm) == ("-800.00", "800.00")
    firm.paid("125.00", invoice, user=user, payment_date="2026-11-19")
    office.settle()
    assert expected_losses(firm) == ("-700.00", "700.00")
    found = firm.ok("GET", f"/ledger/bad-debts/{expected['bad_debt_id']}")
    assert (found["status"], found["standing"]) == ("standing", "875.00")
    assert found["steps"][-1]["date"] == "2026-11-20"
    firm.credited(invoice)
    office.settle()
    assert expected_losses(firm) == ("0.00", "0.00")
    found = firm.ok("GET", f"/ledger/bad-debts/{expected['bad_debt_id']}")
    assert (found["status"], found["standing"], len(found["steps"])) == ("taken_back", "0.00", 3)
    voucher = firm.ok("GET", f"/ledger/vouchers/{found['steps'][-1]['voucher_id']}", user=STAFF)
    assert (voucher["series"], voucher["date"]) == ("R", "2026-11-23")
    assert voucher["text"] == "Befarad kundförlust återförd, Kund AB, faktura 1001"
    assert firm.agreement()["agrees"] is True


def test_one_payment_of_many_written_down_invoices_writes_all_of_them_up_in_one_voucher(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm, first = an_invoice(office)
    second = firm.issue("100.00", customer=first["customer_id"], invoice_date="2026-10-01")
    office.settle()
    doubted = [written_off(firm, each, kind="expected") for each in (first, second)]
    firm.close_books_until("2026-11-22")
    both, before = ((first, "1250.00"), (second, "125.00")), firm.items("LedgerTable")
    with monkeypatch.context() as patch:
        patch.setattr(write_downs, "_MOST_AT_ONCE", 1)
        assert code(firm.pay("1375.00", *both, user=STAFF)) == (422, "validation")
    assert firm.items("LedgerTable") == before
    paid = firm.paid("1375.00", *both, user=STAFF)
    office.settle()
    ids = {each["bad_debt_id"] for each in doubted}
    found = [each for each in firm.listed("/ledger/bad-debts") if each["bad_debt_id"] in ids]
    assert {(each["status"], each["steps"][-1]["loss"]) for each in found} == {
        ("taken_back", "-1000.00"),
        ("taken_back", "-100.00"),
    }
    (voucher_id,) = {each["steps"][-1]["voucher_id"] for each in found}
    voucher = firm.ok("GET", f"/ledger/vouchers/{voucher_id}", user=STAFF)
    assert voucher["source"] == f"payment/{paid['payment_id']}/registered"
    assert voucher["date"] == "2026-11-23"
    assert expected_losses(firm) == ("0.00", "0.00")


# ---------------------------------------------------------------- the cash method


def test_by_the_cash_method_an_unpaid_sale_was_never_posted_and_nothing_is_lost_in_the_accounts(
    office: Office,
) -> None:
    firm, invoice = an_invoice(office, "client", "cash")
    firm.paid("625.00", invoice)
    office.settle()
    half = moved(firm)
    bad_debt = written_off(firm, invoice)
    (step,) = bad_debt["steps"]
    assert (step["loss"], step["vat"], step["voucher_id"]) == ("0.00", "0.00", None)
    assert moved(firm) == half
    assert shown(firm, invoice) == ("written_off", "625.00", "625.00", "0.00")
    payments = firm.listed("/payments")
    assert [(each["method"], each["ledger"]["status"]) for each in payments] == [
        ("bad_debt", "posted"),
        ("bank", "posted"),
    ]
    assert firm.agreement()["agrees"] is True
    assert code(write_off(firm, invoice, kind="expected")) == (409, "allocation-exceeds")
    recover(firm, bad_debt, "625.00")
    assert moved(firm) == {"1930": "1250.00", "2611": "-250.00", "3001": "-1000.00"}
    assert firm.agreement()["agrees"] is True


# ---------------------------------------------------------------- refused


def test_who_may_not_and_what_cannot_be_written_off_is_refused_with_its_reason_and_nothing_is_written(
    office: Office,
) -> None:
    firm, invoice = an_invoice(office)
    other = firm.issue("100.00")
    draft = firm.draft("100.00")
    paid = firm.issue("80.00")
    office.settle()
    firm.paid("100.00", paid, user=STAFF)
    note = firm.credited(other)
    office.settle()
    firm.close_books_until("2026-10-31")
    before = firm.items("LedgerTable") + firm.items("InvoicingTable")
    refused = [
        (write_off(firm, invoice, user=CLIENT), (403, "not-allowed")),
        (write_off(firm, invoice, "1250.01"), (409, "allocation-exceeds")),
        (write_off(firm, paid, date="2026-11-23"), (409, "allocation-exceeds")),
        (write_off(firm, note, date="2026-11-23"), (409, "is-credit-note")),
        (write_off(firm, draft), (409, "not-issued")),
        (write_off(firm, {"invoice_id": "inv_00000000000000000000"}), (422, "validation")),
        (write_off(firm, invoice, date="2026-10-31"), (409, "closed-period")),
        (write_off(firm, invoice, date="2026-09-30"), (422, "validation")),
        (write_off(firm, invoice, date="2026-11-24"), (422, "validation")),
        (write_off(firm, invoice, "0.00"), (422, "validation")),
        (write_off(firm, invoice, reason=""), (422, "validation")),
        (act(firm, {"bad_debt_id": "bad_00000000000000000000"}, "reverse"), (404, "not-found")),
    ]
    assert [code(answer) for answer, _ in refused] == [expected for _, expected in refused]
    assert firm.items("LedgerTable") + firm.items("InvoicingTable") == before


def test_nobody_registers_or_takes_back_a_bad_debt_as_a_payment(office: Office) -> None:
    firm, invoice = an_invoice(office)
    as_payment = firm.pay("0.00", (invoice, "1250.00"), user=STAFF, method="bad_debt")
    assert code(as_payment) == (422, "validation")
    bad_debt = written_off(firm, invoice)
    payment = {"payment_id": bad_debt["steps"][0]["payment_id"]}
    assert code(firm.take_back(payment, STAFF)) == (409, "written-off")
    assert shown(firm, invoice)[0] == "written_off"


def test_a_written_off_invoice_is_neither_paid_nor_credited(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    written_off(firm, invoice, "1000.00")
    assert code(firm.credit(invoice)) == (409, "written-off")
    assert code(firm.pay("250.01", (invoice, "250.01"))) == (409, "allocation-exceeds")
    firm.paid("250.00", invoice)
    assert code(firm.pay("1.00", (invoice, "1.00"))) == (409, "allocation-exceeds")


def test_what_is_on_its_way_from_the_other_side_is_waited_for(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    firm.paid("250.00", invoice)
    assert code(write_off(firm, invoice, "100.00")) == (409, "not-synchronised")
    office.settle()
    assert write_off(firm, invoice, "100.00").status == 201
    assert code(firm.pay("100.00", invoice)) == (409, "not-synchronised")
    office.settle()
    firm.paid("100.00", invoice)


def test_a_credit_note_waits_for_what_the_bureau_has_taken_off_its_invoice(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    write_off(firm, invoice)
    assert code(firm.credit(invoice)) == (409, "not-synchronised")
    office.settle()
    assert code(firm.credit(invoice)) == (409, "written-off")
    assert moved(firm) == WRITTEN_OFF
    firm.hand_payments_to("bureau")
    other = firm.issue("100.00")
    office.settle()
    firm.paid("125.00", other, user=STAFF)
    assert code(firm.credit(other)) == (409, "not-synchronised")
    office.settle()
    assert firm.credited(other)["remaining"] == "-125.00"
    office.settle()
    assert firm.agreement()["agrees"] is True


@pytest.mark.parametrize("crossing", ["pay", "credit"])
def test_a_write_off_in_the_middle_of_what_the_client_does_wins(
    office: Office, monkeypatch: pytest.MonkeyPatch, crossing: str
) -> None:
    firm, invoice = an_invoice(office, "client")
    written = cross(monkeypatch, lambda: write_off(firm, invoice))
    answer = firm.pay("1250.00", invoice) if crossing == "pay" else firm.credit(invoice)
    assert code(answer) == (409, "not-synchronised")
    assert [each.status for each in written] == [201]
    office.settle()
    assert shown(firm, invoice) == ("written_off", "0.00", "1250.00", "0.00")
    assert moved(firm) == WRITTEN_OFF
    assert firm.agreement()["agrees"] is True


def test_the_same_request_again_writes_off_once(office: Office) -> None:
    firm, invoice = an_invoice(office)
    key = {"Idempotency-Key": "samma"}
    body = {
        "invoice_id": invoice["invoice_id"],
        "date": "2026-11-20",
        "reason": "Konkurs",
        "amount": "100.00",
    }
    first, second = (firm.call("POST", "/ledger/bad-debts", body, STAFF, key) for _ in range(2))
    assert (first.status, second.status, first.body) == (201, 201, second.body)
    assert len(firm.listed("/ledger/bad-debts")) == 1


def test_what_the_stream_brings_back_twice_is_written_off_once(office: Office) -> None:
    firm, invoice = an_invoice(office, "client")
    bad_debt = write_off(firm, invoice).body
    act(firm, bad_debt, "recover", {"date": "2026-11-22", "amount": "250.00"})
    batch = office.news("payment_sync")
    assert office.deliver("payment_sync", [each for record in batch for each in (record, record)]) == []
    before = firm.items("InvoicingTable")
    assert office.deliver("payment_sync", batch) == []
    assert firm.items("InvoicingTable") == before
    assert shown(firm, invoice) == ("written_off", "250.00", "1000.00", "0.00")
    assert firm.agreement()["agrees"] is True


def test_the_sync_ledger_tells_of_bad_debts_on_both_sides(office: Office) -> None:
    firm, invoice = an_invoice(office, "client", "cash")
    bad_debt = written_off(firm, invoice)
    act(firm, bad_debt, "reverse")
    office.settle()
    events = firm.ok("GET", "/sync")["items"]
    told = {(each["kind"], each["ledger"]["state"], each["invoicing"]["state"]) for each in events}
    assert {("payment", "posted", "done"), ("reversal", "posted", "done")} <= told
    assert {each["origin"] for each in events if each["kind"] in {"payment", "reversal"}} == {"ledger"}


# ---------------------------------------------------------------- whatever is written off, paid, recovered


def test_whatever_is_written_off_recovered_and_taken_back_both_books_agree_to_the_oere(
    office: Office,
) -> None:
    part = st.fractions(0, 1)
    steps = st.lists(st.tuples(st.sampled_from(["lose", "pay", "recover", "back"]), part), max_size=5)

    @settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.sampled_from(["invoice", "cash"]), steps)
    def live(method: str, done: list[tuple[str, Any]]) -> None:
        firm, invoice = an_invoice(office, "bureau", method)
        for what, how_much in done:
            standing = [each for each in firm.listed("/ledger/bad-debts") if each["status"] == "standing"]
            left = parse_sek(firm.invoice(invoice)["remaining"])
            amount = format_sek(max(1, int(left * how_much)))
            match what:
                case "lose" if left:
                    written_off(firm, invoice, amount)
                case "pay" if left:
                    firm.paid(amount, invoice, user=STAFF)
                case "recover" if standing:
                    most = parse_sek(standing[0]["standing"])
                    recover(firm, standing[0], format_sek(max(1, int(most * how_much))), date="2026-11-23")
                case "back" if standing:
                    assert act(firm, standing[0], "reverse").status == 200
            office.settle()
        found = firm.invoice(invoice)
        sums = [parse_sek(found[each]) for each in ("paid", "written_off", "remaining")]
        assert sum(sums) == 125_000
        assert firm.agreement()["agrees"] is True
        standing = firm.listed("/ledger/bad-debts")
        assert sum(parse_sek(each["standing"]) for each in standing) == sums[1]
        assert parse_sek(moved(firm).get("1930", "0.00")) == sums[0]

    live()


def test_money_in_a_file_for_what_is_written_off_waits_and_says_where_it_is_entered(office: Office) -> None:
    firm, invoice = an_invoice(office)
    written_off(firm, invoice)
    (found,) = upload(firm, bgmax(BgMaxPayment(amount=125_000, reference=ocr(invoice))), STAFF)["payments"]
    assert found["status"] == "waiting"
    assert found["reasons"][-1] == (
        "Invoice 1001 is written off as a bad debt: the bureau enters the money there, and sets this payment "
        "aside."
    )


def test_a_bad_debt_is_posted_at_once_also_where_the_sale_still_waits_to_be_journalised(
    office: Office,
) -> None:
    firm = office.firm(handler="bureau")
    firm.ok("PUT", "/ledger/settings", {"journalising": "reviewed"}, STAFF)
    invoice = firm.issue("1000.00")
    office.settle()
    recover(firm, written_off(firm, invoice, date="2026-11-23"), "250.00", date="2026-11-23")
    assert [each["series"] for each in firm.vouchers()] == ["R", "R", "R"]
    assert firm.agreement()["agrees"] is True
    firm.ok("POST", "/ledger/journalise", {}, STAFF)
    assert moved(firm)["2611"] == "-50.00"
    assert firm.agreement()["agrees"] is True
