"""The demo on payments: what waits, twins in other formats, credit, undo, a dropped file, the cash method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from local.bank.camt import CamtPayment, CamtReference, camt_file
from local.client import upload
from local.story import issue, ore, sek, step

if TYPE_CHECKING:
    from datetime import date

    from local.client import Client
    from local.story import Company, Story

Invoice = dict[str, Any]


def send_file(story: Story, company: Company, who: Client, filename: str, content: bytes) -> dict[str, Any]:
    """Upload a payment file and wait for what became of it."""
    asked = who.post(f"{company.path}/payment-files", {"filename": filename}).expect(201)
    upload(asked["upload"], content, filename).expect_ok()
    story.settle()
    found: dict[str, Any] = who.get(f"{company.path}/payment-files/{asked['file_id']}").expect(200)
    return found


def tell_file(story: Story, name: str, found: dict[str, Any]) -> None:
    """What became of a payment file."""
    if found["status"] == "refused":
        story.tell(name, f"refused: {found['refusal']['message']}")
        return
    totals = found["totals"]
    counts = ", ".join(
        f"{totals[what]} {word}"
        for what, word in (
            ("exact", "registered"),
            ("proposed", "proposed"),
            ("unmatched", "unmatched"),
            ("duplicates", "known before"),
        )
    )
    story.tell(name, f"{totals['payments']} payments, {totals['amount']} kr: {counts}")


def payments(story: Story, company: Company, invoices: list[Invoice], today: date) -> None:
    """Payments by the client, then by the bureau from the bank's files; both see all of them."""
    first, second, third, fourth = invoices
    with step("The client registers a Swish payment; the bureau is refused"):
        body = {
            "payment_date": today.isoformat(),
            "amount": first["total"],
            "method": "swish",
            "allocations": [{"invoice_id": first["invoice_id"], "amount": first["total"]}],
        }
        refused = company.bureau.post(f"{company.path}/payments", body).expect(403)
        company.client.post(f"{company.path}/payments", body).expect(201)
        story.settle()
    story.tell("The bureau's attempt to register", f"refused: {refused['detail']}")
    with step("From today the bureau handles payments"):
        handler = {"handler": "bureau"}
        company.client.post(f"{company.path}/collaboration/payment-handler", handler).expect(200)
    _files(story, company, (second, third, fourth), today)
    _what_waits(story, company)
    _credit(story, company, third, today)
    with step("The bureau's payments come back to the client's invoices"):
        story.settle()
        seen = company.client.get(f"{company.path}/payments").expect(200)["items"]
    for payment in reversed(seen):
        numbers = ", ".join(str(each["invoice_number"]) for each in payment["allocations"]) or "on account"
        voucher = payment["ledger"]["voucher"]
        back = ", taken back" if payment["reversal"] else ""
        story.tell(
            f"Payment of {numbers}",
            f"{payment['amount']:>9} kr, registered in {payment['origin']}, {payment['sync']}, "
            f"voucher {voucher['series']}{voucher['number']}{back}",
        )


def _files(story: Story, company: Company, invoices: tuple[Invoice, Invoice, Invoice], today: date) -> None:
    second, third, fourth = invoices
    with step("The bureau uploads a BgMax file: one payment by OCR, one of another amount, one unknown"):
        content = bgmax_file(
            BANKGIRO,
            [
                BgMaxPayment(amount=ore(second["total"]), reference=second["ocr"], name="CAFÉ LÄNGTAN HB"),
                BgMaxPayment(amount=1_000_000, reference=third["ocr"], name="STRÖM & ÖBERG EL AB"),
                BgMaxPayment(amount=50_000, reference="Tack för hjälpen", code=3, name="MOSTER GUNVOR"),
            ],
            payment_day=today,
        )
        tell_file(story, "BgMax file", send_file(story, company, company.bureau, "BGMAX.txt", content))
    with step("… and a camt.054 file, as banks send them from now on; one of its payments is in both"):
        paid = [
            CamtPayment(
                amount=ore(each["total"]),
                references=(CamtReference(value=each["ocr"]),),
                name=each["customer_name"],
            )
            for each in (second, fourth)
        ]
        content = camt_file(BANKGIRO, paid, booking_day=today, version=8)
        tell_file(story, "camt.054 file", send_file(story, company, company.bureau, "camt054.xml", content))
    with step("… and the BgMax file's day once more, dropped in the bucket by the bank"):
        key = f"dropped/{company.path.rpartition('/')[2]}/camt054-again.xml"
        story.store.s3.put_object(Bucket=story.bucket("PaymentFilesBucket"), Key=key, Body=content)
        story.settle()
        newest = company.bureau.get(f"{company.path}/payment-files?limit=1").expect(200)["items"][0]
    tell_file(story, f"{newest['filename']}, by the {newest['uploaded_by']}", newest)


def _what_waits(story: Story, company: Company) -> None:
    """The bureau looks through what waits: confirms, puts on account, changes its mind."""
    bureau, path = company.bureau, f"{company.path}/bank-payments"
    with step("The bureau confirms what is proposed; the unknown one it sets aside, then puts on account"):
        waiting = bureau.get(f"{path}?status=waiting").expect(200)["items"]
        part = next(each for each in waiting if each["proposals"])
        unknown = next(each for each in waiting if not each["proposals"])
        best = part["proposals"][0]
        bureau.post(f"{path}/{part['bank_payment_id']}/confirm").expect(200)
        address = f"{path}/{unknown['bank_payment_id']}"
        bureau.post(f"{address}/set-aside", {"reason": "Frågar kunden"}).expect(200)
        bureau.post(f"{address}/undo").expect(200)
        bureau.post(f"{address}/confirm", {"customer_id": best["customer_id"]}).expect(200)
        known = bureau.get(f"{company.path}/customers/{best['customer_id']}/payers").expect(200)["items"]
    story.tell(f"Proposed for {part['amount']} kr", " ".join(best["reasons"]))
    story.tell(f"Payers now known as {best['customer_name']}", ", ".join(each["shown"] for each in known))
    with step("It was wrong: undone on both sides, and confirmed again"):
        bureau.post(f"{path}/{part['bank_payment_id']}/undo").expect(200)
        story.settle()
        bureau.post(f"{path}/{part['bank_payment_id']}/confirm").expect(200)
        story.settle()


def _credit(story: Story, company: Company, invoice: Invoice, today: date) -> None:
    """What was put on account pays some of the next invoice; the rest is paid back."""
    bureau = company.bureau
    (credit,) = bureau.get(f"{company.path}/customer-credits").expect(200)["items"]
    rows = [{"description": "Support, en kvart", "unit_price": "240.00", "vat_rate": "25"}]
    with step("The customer's credit pays its next invoice, and what is left is paid back"):
        following = issue(company, invoice["customer_id"], today, rows)
        story.settle()
        body = {"payment_date": today.isoformat(), "customer_id": invoice["customer_id"]}
        allocation = {"invoice_id": following["invoice_id"], "amount": following["total"]}
        set_off = {"amount": "0.00", "method": "set_off", "allocations": [allocation]}
        bureau.post(f"{company.path}/payments", body | set_off | {"use_credit": following["total"]}).expect(
            201
        )
        left = sek(ore(credit["credit"]) - ore(following["total"]))
        bureau.post(f"{company.path}/payments", body | {"amount": f"-{left}", "use_credit": left}).expect(201)
        story.settle()
    story.tell(
        f"Credit of {credit['customer_name']}",
        f"{credit['credit']} kr: {following['total']} for invoice {following['number']}, {left} paid back",
    )


def pay_by_cash_method(story: Story, company: Company, today: date) -> None:
    """Sale and VAT come with the money."""
    with step("By the cash method half an invoice is paid: half its sale and VAT are posted"):
        customer = company.client.post(f"{company.path}/customers", {"name": "Brf Eken"}).expect(201)
        rows = [{"description": "Häckklippning", "unit_price": "1000.00", "vat_rate": "25"}]
        invoice = issue(company, customer["customer_id"], today, rows)
        story.settle()
        allocation = {"invoice_id": invoice["invoice_id"], "amount": "625.00"}
        body = {"payment_date": today.isoformat(), "amount": "625.00", "allocations": [allocation]}
        company.client.post(f"{company.path}/payments", body).expect(201)
        story.settle()
        balances = company.bureau.get(f"{company.path}/ledger/balances").expect(200)["items"]
        found = company.bureau.get(f"{company.path}/agreement").expect(200)
    posted = ", ".join(
        f"{each['account']} {each['closing']}" for each in balances if each["closing"] != "0.00"
    )
    story.tell("Cash method, 625 of 1,250 kr paid", posted)
    story.tell("Their books", "agree" if found["agrees"] else f"DIFFER: {found['first_difference']}")
