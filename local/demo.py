"""`make demo`: the whole story, played over HTTP on the running local cloud.

A bureau invites its client, the client invoices, the ledger follows, payments come in on either side, a
receipt arrives, the month ends and the report comes out. Nothing here is a short cut: every step is a
request that an app would send, and everything is left to look at.
"""

from __future__ import annotations

import argparse
import base64
import io
import secrets
import sys
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from local import daemon
from local.client import upload
from local.demo_invoicing import more_invoicing
from local.demo_ledger import ledger
from local.demo_payments import pay_by_cash_method, payments, send_file, tell_file
from local.provision import Clients
from local.story import OUTPUT, PROJECT, Company, Story, issue, sek, step

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = PROJECT.parent / "shared" / "samples"

CUSTOMERS = [
    ("Snickeriet i Åkersberga AB", "556981-2349", "Sågvägen 4", "184 38", "Åkersberga"),
    ("Café Längtan HB", "969712-3454", "Österlånggatan 17", "111 31", "Stockholm"),
    ("Ström & Öberg El AB", "559123-4561", "Elverksgatan 2", "972 31", "Luleå"),
]
START_GUIDE: dict[str, Any] = {
    "company": {
        "name": "Lindgrens Webb & Form AB",
        "org_no": "559234-5671",
        "address": {"street": "Hantverkargatan 12", "postcode": "112 21", "city": "Stockholm"},
        "seat": "Stockholm",
        "email": "anna@lindgrenswebb.example.com",
        "phone": "08-123 45 67",
    },
    "bank": {"bankgiro": "991-2346", "swish": "123 456 78 90"},
    "numbering": {"first_invoice_number": 1043, "previous_program": "Webbfakturering"},
    "payments": {"handler": "client"},
    "registers": {"confirmed": True},
}


def start_guide(year: int) -> dict[str, Any]:
    """The answers, for books of a calendar year."""
    fiscal_year = {"start": f"{year}-01-01", "end": f"{year}-12-31", "vat_period": "quarter"}
    return START_GUIDE | {"fiscal_year": fiscal_year}


def cash_method(story: Story, today: date) -> None:
    """A small firm whose sales are posted when they are paid."""
    guide = start_guide(today.year)
    guide |= {
        "company": START_GUIDE["company"] | {"name": "Majas Trädgård", "org_no": "559345-6782"},
        "fiscal_year": guide["fiscal_year"] | {"accounting_method": "cash"},
    }
    pay_by_cash_method(story, begin(story, guide, "maja@tradgard.example.com"), today)


def begin(story: Story, guide: dict[str, Any], email: str) -> Company:
    """Invite a company, accept, answer the start guide and activate."""
    run = secrets.token_hex(3)
    bureau, client = story.user(f"berit+{run}@siffror.example.com"), story.user(f"{run}+{email}")
    with step("The bureau registers and invites its client; the client accepts"):
        bureau_id = bureau.post(
            "/v1/bureaus", {"name": "Siffror & Balans AB", "org_no": "559345-6782"}
        ).expect(201)["bureau_id"]
        details = guide["company"]
        invitation = bureau.post(
            f"/v1/bureaus/{bureau_id}/invitations",
            {"company_name": details["name"], "org_no": details["org_no"], "email": email},
        ).expect(201)
        accepted = client.post(f"/v1/invitations/{invitation['token']}/accept").expect(200)
    path = f"/v1/companies/{accepted['company_id']}"
    with step(f"The start guide, six steps, and activation of {details['name']}"):
        for name, answers in guide.items():
            client.put(f"{path}/start-guide/{name}", answers).expect(200)
        client.post(f"{path}/collaboration/activate").expect(200)
    return Company(path, client, bureau, bureau_id)


def register(company: Company) -> tuple[list[str], list[str]]:
    """The client's customers and articles."""
    customers = []
    for name, org_no, street, postcode, city in CUSTOMERS:
        body = {
            "name": name,
            "org_no": org_no,
            "address": {"street": street, "postcode": postcode, "city": city},
            "payment_terms_days": 30,
        }
        customers.append(company.client.post(f"{company.path}/customers", body).expect(201)["customer_id"])
    articles = []
    for name, unit, price, rate in (
        ("Webbutveckling", "tim", "1150.00", "25"),
        ("Handbok, tryckt", "st", "240.00", "6"),
    ):
        body = {"name": name, "unit": unit, "unit_price": price, "vat_rate": rate}
        articles.append(company.client.post(f"{company.path}/articles", body).expect(201)["article_id"])
    return customers, articles


def receipt() -> tuple[str, bytes]:
    """The sample photo of a receipt, or one drawn here."""
    photo = SAMPLES / "receipt" / "photo.jpg"
    if photo.exists():
        return "kvitto.jpg", photo.read_bytes()
    image = Image.new("RGB", (600, 900), "white")
    lines = [
        "BYGGLADAN AB",
        "Org.nr 559234-5671",
        "",
        "Skruv 5x80     129,00",
        "Moms 25 %       25,80",
        "",
        "TOTALT  129,00",
    ]
    ImageDraw.Draw(image).multiline_text((60, 80), "\n".join(lines), fill="black", font_size=36, spacing=18)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=80)
    return "kvitto.jpg", content.getvalue()


def year_so_far(company: Company, today: date) -> None:
    """The bureau's own vouchers, month by month: sales from before the service, rent, software, salary."""
    for month in range(1, today.month):
        day = date(today.year, month, 25)
        sales = 5_200_000 + 310_000 * month - (1_900_000 if month == 7 else 0)  # noqa: PLR2004 - July is slow
        rows = [
            ("1930", sales + sales // 4, 0),
            ("3001", 0, sales),
            ("2611", 0, sales // 4),
            ("5010", 1_150_000, 0),
            ("5420", 189_000 + 7_000 * month, 0),
            ("7010", 2_400_000, 0),
            ("1930", 0, 1_150_000 + 189_000 + 7_000 * month + 2_400_000),
        ]
        body = {
            "date": day.isoformat(),
            "text": f"Sammandrag {day:%Y-%m}",
            "rows": [
                {"account": account, "debit": sek(debit), "credit": sek(credit)}
                for account, debit, credit in rows
            ],
        }
        company.bureau.post(f"{company.path}/ledger/vouchers", body).expect(201)


def invoices_and_ledger(story: Story, company: Company, today: date) -> list[dict[str, Any]]:
    """The client invoices; the ledger posts by itself."""
    with step("Three customers, two articles"):
        customers, (hours, book) = register(company)
    first = today.replace(day=1)
    with step("Four invoices written and issued; the numbers follow on the program before"):
        invoices = [
            issue(company, customers[0], first, [{"article_id": hours, "quantity": "12.5"}]),
            issue(
                company,
                customers[1],
                first,
                [
                    {"article_id": hours, "quantity": "3"},
                    {"article_id": book, "quantity": "4", "discount_percent": "10"},
                ],
            ),
            issue(
                company,
                customers[2],
                today,
                [{"description": "Fast pris, ny webbplats", "unit_price": "38000.00", "vat_rate": "25"}],
            ),
            issue(company, customers[1], today, [{"article_id": book, "quantity": "30"}]),
        ]
    with step("The ledger posts them from the stream"):
        story.settle()
    for invoice in invoices:
        now = company.bureau.get(f"{company.path}/invoices/{invoice['invoice_id']}").expect(200)
        voucher = now["ledger"]["voucher"]
        story.tell(
            f"Invoice {now['number']} (OCR {now['ocr']})",
            f"{now['total']:>9} kr, voucher {voucher['series']}{voucher['number']} of {voucher['date']}",
        )
    with step("The first one as a PDF with payment codes"):
        pdf = company.client.get(f"{company.path}/invoices/{invoices[0]['invoice_id']}/pdf")
        target = OUTPUT / f"faktura-{invoices[0]['number']}.pdf"
        target.write_bytes(pdf.content)
        assert pdf.content.startswith(b"%PDF"), pdf.content[:200]
    story.addresses.append(("Invoice as PDF", str(target.relative_to(PROJECT))))
    return invoices


def by_email(story: Story, company: Company, invoices: list[dict[str, Any]]) -> None:
    """Invoices reach their customers, or the client learns why not."""
    sent = list(zip(invoices[:2], ("success", "bounce"), strict=True))
    with step("The first two go by e-mail, with the PDF; the second customer's address is wrong"):
        for invoice, kind in sent:
            body = {"to": f"{kind}@simulator.amazonses.com", "message": "Tack för förtroendet!"}
            company.client.post(f"{company.path}/invoices/{invoice['invoice_id']}/send", body).expect(200)
        story.settle()
    for invoice, _ in sent:
        now = company.client.get(f"{company.path}/invoices/{invoice['invoice_id']}").expect(200)
        fate = now["delivery"]
        story.tell(
            f"Invoice {now['number']} by e-mail", ": ".join(filter(None, (fate["status"], fate["reason"])))
        )
    story.addresses.append(("E-mail sent", f"{story.base_url}/_local/mailbox"))


def document(story: Story, company: Company) -> None:
    """A receipt from the phone to the bureau's inbox."""
    filename, content = receipt()
    with step("The client photographs a receipt; it reaches the bureau's inbox with hash and preview"):
        body = {
            "filename": filename,
            "content_type": "image/jpeg",
            "kind": "receipt",
            "comment": "Skruv till mässan",
        }
        asked = company.client.post(f"{company.path}/documents", body).expect(201)
        upload(asked["upload"], content, filename).expect_ok()
        story.settle()
        inbox = company.bureau.get(f"/v1/bureaus/{company.bureau_id}/inbox").expect(200)["items"]
        found = company.bureau.get(f"{company.path}/documents/{asked['document_id']}").expect(200)
    story.tell(
        f"Receipt “{found['comment']}”",
        f"{found['state']}, {len(inbox)} in the inbox, SHA-256 {found['sha256'][:16]}…, "
        f"kept until {found['retain_until']}",
    )
    story.addresses.append(("Preview of the receipt", found["preview"]["url"]))


def report(story: Story, company: Company, today: date) -> None:
    """The month ends, and the scheduled report comes out."""
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=3)
    with step(f"The clock is moved to {next_month} 06:01: the monthly reports are made"):
        story.control("POST", "/clock", {"to": f"{next_month}T06:01:00+01:00"})
        try:
            story.settle()
            made = company.client.get(f"{company.path}/overview/reports/{today:%Y-%m}").expect(200)
        finally:
            story.control("POST", "/clock", {"to": "reset"})
    story.tell(f"Report of {made['month']}", f"made by schedule at {made['created_at']}")
    story.addresses.append(("Monthly report", made["html"]["url"]))


def agreement(story: Story, company: Company) -> None:
    """Do the two books agree?"""
    with step("The two books are compared"):
        found = company.bureau.get(f"{company.path}/agreement").expect(200)
        balances = company.bureau.get(f"{company.path}/ledger/balances").expect(200)["items"]
    for each in balances:
        story.tell(f"Account {each['account']} {each['name']}", f"{each['closing']:>9} kr")
    story.tell(
        "Invoicing = subledger = account 1510",
        f"{found['invoicing_balance']} = {found['subledger_balance']} = {found['account_1510']}: "
        + ("they agree" if found["agrees"] else f"THEY DIFFER: {found['first_difference']}"),
    )


def real_file(story: Story) -> None:
    """Bankgirot's own example file, from 2004, on a company whose books are from then."""
    sample = SAMPLES / "bgmax" / "BgMaxfil4.txt"
    if not sample.exists():
        story.tell("Bankgirot's example file", "not on this machine; see ../shared/samples")
        return
    guide = start_guide(2004) | {
        "company": START_GUIDE["company"] | {"name": "Kalles Skylt AB", "org_no": "559456-7892"},
        "numbering": {"first_invoice_number": 5249},
        "payments": {"handler": "bureau"},
    }
    company = begin(story, guide, "kalle@skylt.example.com")
    with step("Ten invoices from 2004, of which a real BgMax file pays some"):
        customer = company.client.post(f"{company.path}/customers", {"name": "Olles färg AB"}).expect(201)
        for number in range(5249, 5259):
            price = "1520.00" if number == 5249 else "400.00"  # noqa: PLR2004 - the invoice the file pays 1900 for
            rows = [{"description": "Skylt", "unit_price": price, "vat_rate": "25"}]
            issue(company, customer["customer_id"], date(2004, 5, 3), rows)
        story.settle()
    with step("Bankgirot's own example file is uploaded: SEK and EUR, several references, deductions"):
        found = send_file(story, company, company.bureau, "BgMaxfil4.txt", sample.read_bytes())
        story.settle()
    tell_file(story, "Bankgirot's example BgMaxfil4", found)
    broken = (SAMPLES / "bgmax" / "BgMaxfil4_broken.txt").read_bytes()
    with step("… and the broken one is refused whole"):
        tell_file(story, "BgMaxfil4_broken", send_file(story, company, company.bureau, "broken.txt", broken))
    found = company.bureau.get(f"{company.path}/agreement").expect(200)
    story.tell("Their books", "agree" if found["agrees"] else f"DIFFER: {found['first_difference']}")


def real_sie(story: Story) -> None:
    """Another program's year, a file from sie.se, taken into empty books."""
    sample = SAMPLES / "sie" / "SIE4_Exempelfil_med_underdim.SE"
    if not sample.exists():
        story.tell("A SIE file of another program", "not on this machine; see ../shared/samples")
        return
    guide = start_guide(2021) | {
        "company": START_GUIDE["company"] | {"name": "Övningsbolaget AB", "org_no": "559567-8904"}
    }
    company = begin(story, guide, "ove@ovningsbolaget.example.com")
    content = base64.b64encode(sample.read_bytes()).decode()
    with step("Another program's SIE file: first a dry run, then its balances and its year are taken in"):
        seen, _, taken = (
            company.bureau.post(
                f"{company.path}/ledger/sie", {"content": content, "mode": mode, "dry_run": dry}
            ).expect(200)
            for mode, dry in (("history", True), ("opening", False), ("history", False))
        )
    story.tell(
        f"{seen['program']}, {seen['fiscal_year']['start'][:4]}",
        f"{taken['vouchers']} vouchers, turnover {taken['turnover']} kr, "
        f"{len(taken['new_accounts'])} accounts added, findings {sum(seen['finding_counts'].values())}",
    )


def show(story: Story) -> None:
    """What happened, and where to look."""
    width = max(len(what) for what, _ in story.happened)
    print("\n  What happened\n")
    for what, result in story.happened:
        print(f"  {what:<{width}}  {result}")
    print("\n  Where to look\n")
    width = max(len(name) for name, _ in story.addresses)
    for name, address in story.addresses:
        print(f"  {name:<{width}}  {address}")
    print("\n  The local cloud is left running: `make down` stops it, `make up` shows its addresses.")


def main() -> None:
    """Play the story on the running local cloud."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.parse_args()
    running = daemon.read_pids(PROJECT / ".local")
    if running is None or not running.alive():
        sys.exit("The local cloud is not running: `make up`.")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    store = Clients(f"http://127.0.0.1:{running.store_port}")
    story = Story(f"http://127.0.0.1:{running.port}", store)
    today = date.fromisoformat(story.control("GET", "/status")["time"][:10])
    print("\n  Samklang: from a client's invoice to the bureau's ledger and back\n")
    company = begin(story, start_guide(today.year), "anna@lindgrenswebb.example.com")
    with step("The bureau books the year so far by hand, in balanced vouchers"):
        year_so_far(company, today)
    invoices = invoices_and_ledger(story, company, today)
    by_email(story, company, invoices)
    payments(story, company, invoices, today)
    more_invoicing(story, company, today)
    document(story, company)
    ledger(story, company, today)
    agreement(story, company)
    report(story, company, today)
    real_file(story)
    real_sie(story)
    cash_method(story, today)
    story.addresses += [
        ("Swagger page", f"{story.base_url}/v1/docs"),
        ("The company", f"{story.base_url}{company.path}/collaboration"),
        ("A token for it", f"in {_write_tokens(company).relative_to(PROJECT)} (client and bureau)"),
    ]
    show(story)


def _write_tokens(company: Company) -> Path:
    target = OUTPUT / "tokens.env"
    target.write_text(
        f"CLIENT_TOKEN={company.client.token}\nBUREAU_TOKEN={company.bureau.token}\nCOMPANY={company.path}\n",
        encoding="utf-8",
    )
    target.chmod(0o600)
    return target


if __name__ == "__main__":
    main()
