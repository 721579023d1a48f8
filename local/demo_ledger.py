"""The demo on the bureau's ledger: books, suppliers, late payers, VAT and SIE."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from local.bank.camt import CamtEntry, CamtPayment, camt_entries
from local.demo_payments import send_file
from local.story import OUTPUT, PROJECT, issue, ore, step

if TYPE_CHECKING:
    from local.story import Company, Story

OWN_BANKGIRO = "9912346"


def ledger(story: Story, company: Company, today: date) -> None:
    """An accountant's routine, from a voucher by template to the VAT return and the SIE file."""
    _books(story, company, today)
    _suppliers(story, company, today)
    _late_payers(story, company, today)
    _vat(story, company, today)
    _sie(story, company, today)


def _ask(company: Company, tail: str) -> Any:
    return company.bureau.get(f"{company.path}/ledger/{tail}").expect(200)


def _do(company: Company, tail: str, body: Any, status: int = 201) -> Any:
    return company.bureau.post(f"{company.path}/ledger/{tail}", body).expect(status)


def _books(story: Story, company: Company, today: date) -> None:
    """An account of its own, a template, and journalising that the bureau looks through first."""
    with step("The bureau adds an account, writes a voucher by template and takes it back"):
        account = {"account": "6250", "name": "Porto"}
        company.bureau.post(f"{company.path}/ledger/accounts", account).expect(201)
        rent = _do(
            company, "voucher-templates/rent/vouchers", {"date": today.isoformat(), "amount": "12500.00"}
        )
        back = _do(company, f"vouchers/{rent['voucher_id']}/reverse", {}, 200)
    story.tell(
        f"Voucher {rent['series']}{rent['number']} {rent['text']}",
        f"taken back by {back['series']}{back['number']}, with a reference each way",
    )
    with step("Journalising is reviewed for a while: the voucher waits, the open item does not"):
        settings = f"{company.path}/ledger/settings"
        company.bureau.put(settings, {"journalising": "reviewed"}).expect(200)
        customer = company.client.get(f"{company.path}/customers").expect(200)["items"][0]["customer_id"]
        rows = [{"description": "Support", "unit_price": "900.00", "vat_rate": "25"}]
        issue(company, customer, today, rows)
        story.settle()
        waiting = _ask(company, "journalise")["items"]
        done = _do(company, "journalise", {}, 200)
        company.bureau.put(settings, {"journalising": "automatic"}).expect(200)
        story.settle()
    story.tell(
        f"{len(waiting)} voucher looked through",
        f"posted as {', '.join(each['voucher_id'] for each in done['results'])}",
    )


def _suppliers(story: Story, company: Company, today: date) -> None:
    """Bought at home and in the EU, ordered as a file to the bank, paid when the bank says so."""
    with step("Two supplier invoices: rent over three months; software from Ireland, the VAT ours to pay"):
        landlord = {"name": "Fastighets AB Gamla Stan", "bankgiro": "5050-1055", "cost_account": "5010"}
        landlord = _do(company, "suppliers", landlord)
        abroad = {"name": "Cloudworks Ltd", "country": "IE", "cost_account": "5420"}
        abroad = _do(company, "suppliers", abroad | {"vat_kind": "eu_services"})
        invoice = {
            "supplier_id": landlord["supplier_id"],
            "number": "2211",
            "invoice_date": today.isoformat(),
            "total": "22500.00",
            "ocr": "1234574",
            "rows": [{"net": "18000.00", "accrual": {"first_month": f"{today:%Y-%m}", "months": 3}}],
        }
        rent = _do(company, "supplier-invoices", invoice)
        invoice = {
            "supplier_id": abroad["supplier_id"],
            "number": "IE-77",
            "invoice_date": today.isoformat(),
            "total": "4000.00",
            "rows": [{"net": "4000.00"}],
        }
        _do(company, "supplier-invoices", invoice)
    with step("The rent is ordered as pain.001; the bank's camt.053 says it is paid, twice"):
        wanted = {
            "payment_date": today.isoformat(),
            "supplier_invoice_ids": [rent["supplier_invoice_id"]],
        }
        order = _do(company, "payment-orders", wanted)
        path = f"{company.path}/ledger/payment-orders/{order['payment_order_id']}"
        target = OUTPUT / "betalningar-pain001.xml"
        target.write_bytes(company.bureau.get(f"{path}/file").content)
        (line,) = order["lines"]
        paid = CamtPayment(amount=ore(line["amount"]), end_to_end_id=line["end_to_end_id"])
        entry = CamtEntry(payments=[paid], booking_day=today, sign="DBIT")
        for _ in range(2):
            content = camt_entries(OWN_BANKGIRO, [entry], kind="camt.053")
            send_file(story, company, company.bureau, "kontoutdrag.xml", content)
        (line,) = company.bureau.get(path).expect(200)["lines"]
        payables = _ask(company, "payables")
    story.tell(f"Supplier invoice {rent['number']}, {rent['total']} kr", f"ordered, {line['status']} once")
    story.tell(
        "Payables = account 2440",
        f"{payables['total']} = {payables['account_2440']}, of which not due {payables['aged']['not_due']}",
    )
    story.addresses.append(("Payment order (pain.001)", str(target.relative_to(PROJECT))))


def _late_payers(story: Story, company: Company, today: date) -> None:
    """A reminder and its letter; and a customer that will never pay."""
    day = max(today.replace(month=1, day=1), today - timedelta(days=60))
    with step(f"Two invoices of {day} that nobody has paid: a reminder, and a bad debt"):
        details = {
            "name": "Bortglömda Bygg AB",
            "org_no": "556703-7485",
            "address": {"street": "Bakgatan 1", "postcode": "118 20", "city": "Stockholm"},
        }
        customer = company.client.post(f"{company.path}/customers", details).expect(201)["customer_id"]
        rows = [{"description": "Webbplats", "unit_price": "8000.00", "vat_rate": "25"}]
        late, lost = (issue(company, customer, day, rows) for _ in range(2))
        story.settle()
        loss = {
            "invoice_id": lost["invoice_id"],
            "date": today.isoformat(),
            "reason": "Konkurs utan utdelning",
        }
        bad = _do(company, "bad-debts", loss)
        terms = {"reminder_fee": "60.00", "fee_in_terms_since": day.isoformat()}
        known = company.bureau.get(f"{company.path}/ledger/dunning/settings")
        headers = {"If_Match": known.headers["etag"]}
        company.bureau.put(f"{company.path}/ledger/dunning/settings", terms, **headers).expect(200)
        seen = _do(company, "dunning/preview", {}, 200)
        run = _do(company, "dunning/run", {}, 200)
        story.settle()
        told = company.client.get(f"{company.path}/invoices/{late['invoice_id']}").expect(200)
        written_off = company.client.get(f"{company.path}/invoices/{lost['invoice_id']}").expect(200)
    stage = told["dunning"]["stage"] if told["dunning"] else "not due yet"
    story.tell(
        f"Invoice {told['number']}, due {told['due_date']}", f"{len(run['steps'])} sent, stage {stage}"
    )
    for case in seen["cases"][:1]:
        sums = case["sums"]
        story.tell(
            f"Reminder to {case['customer_name']}",
            f"{sums['principal']} kr, interest {sums['interest']}, fee {sums['costs']}",
        )
    story.tell(
        f"Invoice {written_off['number']}, {bad['reason']}",
        f"{written_off['status']}, VAT back {bad['steps'][0]['vat']} kr",
    )
    if run["letters"]:
        path = f"{company.path}/ledger/dunning/letters/{run['letters'][0]}/pdf"
        target = OUTPUT / "paminnelse.pdf"
        target.write_bytes(company.bureau.get(path).content)
        story.addresses.append(("Reminder as PDF", str(target.relative_to(PROJECT))))


def _vat(story: Story, company: Company, today: date) -> None:
    """Every VAT period that has ended is settled and closed, oldest first."""
    with step("VAT periods that have ended are settled and closed, each in one transaction"):
        closed = [
            _do(company, "vat-return/close", {"period": each["period"]}, 200)
            for each in _ask(company, "vat-returns")["items"]
            if date.fromisoformat(each["last_day"]) < today
        ]
    for each in closed:
        story.tell(
            f"VAT return {each['period']}",
            f"box 05 {each['boxes']['05']}, 10 {each['boxes']['10']}, 48 {each['boxes']['48']}, "
            f"49 {each['boxes']['49']} kr",
        )
    if not closed:
        story.tell("VAT return", "no period of the year has ended yet")
        return
    target = OUTPUT / f"moms-{closed[-1]['period']}.eskd.xml"
    tail = f"vat-return/eskd?period={closed[-1]['period']}"
    target.write_bytes(company.bureau.get(f"{company.path}/ledger/{tail}").content)
    story.addresses.append(("VAT return for Skatteverket", str(target.relative_to(PROJECT))))
    voucher = {
        "date": closed[-1]["last_day"],
        "text": "För sent",
        "rows": [{"account": "6250", "debit": "50.00"}, {"account": "1930", "credit": "50.00"}],
    }
    refused = company.bureau.post(f"{company.path}/ledger/vouchers", voucher).expect(409)
    story.tell("A voucher in the closed period", f"refused: {refused['detail']}")


def _sie(story: Story, company: Company, today: date) -> None:
    """The year out as SIE 4E, and another program's year looked at."""
    with step("The year goes out as SIE 4E"):
        found = company.bureau.get(f"{company.path}/ledger/sie?fiscal_year={today.year}")
        target = OUTPUT / f"bokforing-{today.year}.se"
        target.write_bytes(found.content)
    lines = found.content.decode("cp437").splitlines()
    vouchers = sum(line.startswith("#VER") for line in lines)
    story.tell(f"SIE 4E of {today.year}", f"{vouchers} vouchers, {lines[-1]}")
    story.addresses.append(("SIE file", str(target.relative_to(PROJECT))))
    check = _ask(company, "balances/check")
    agrees = "agree to the öre" if check["agrees"] else f"DIFFER: {check['differences']}"
    story.tell(f"Month balances and {check['vouchers']} vouchers", agrees)
