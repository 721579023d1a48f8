"""The demo on invoicing: many at once, credits, food, building, e-invoices, the bureau's proposals."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from local.story import OUTPUT, PROJECT, issue, step

if TYPE_CHECKING:
    from datetime import date

    from local.story import Company, Story

ADDRESS = {"street": "Byggmästaregatan 3", "postcode": "252 25", "city": "Helsingborg"}

CUSTOMER_FILE = """\
Kundnr;Namn;Org.nr;E-post;Adress;Postnr;Ort;Betalningsvillkor
101;Bageri Ängla AB;556703-7485;bageri@angla.example.com;Bagargränd 5;753 10;Uppsala;20
102;Ödmans Måleri;559123-4561;malare@odman.example.com;Penselvägen 2;972 31;Luleå;30
"""


def more_invoicing(story: Story, company: Company, today: date) -> None:
    """What a small firm meets in a year of invoicing."""
    registers(story, company)
    _many_at_once(story, company, today)
    credited = _credit(story, company, today)
    _building(story, company, today)
    _proposal(story, company)
    with step("The ledger has posted all of it; the number series is certified"):
        story.settle()
        found = company.bureau.get(f"{company.path}/number-series").expect(200)
    span = f"{found['first_number']}–{found['last_number']}"
    before = found["handed_over"]
    story.tell(
        f"Number series {span}",
        f"{'complete' if found['complete'] else 'NOT COMPLETE'}; {before['previous_program']} ended at "
        f"{before['last_number_before']}; SHA-256 {found['digest'][:16]}…",
    )
    now = company.client.get(f"{company.path}/invoices/{credited}").expect(200)
    voucher = now["ledger"]["voucher"]
    story.tell(
        f"Credit note {now['number']}",
        f"{now['total']:>9} kr, voucher {voucher['series']}{voucher['number']}",
    )


def registers(story: Story, company: Company) -> None:
    """A register from the program before."""
    body = {"content": base64.b64encode(CUSTOMER_FILE.encode("cp1252")).decode()}
    with step("Customers from the program before, as Excel saves them: first a dry run, then for real"):
        tried = company.client.post(f"{company.path}/customer-file", body | {"dry_run": True}).expect(200)
        done = company.client.post(f"{company.path}/customer-file", body | {"dry_run": False}).expect(200)
    story.tell(
        "Customers imported", f"{done['created']} of {tried['rows']} rows, {tried['error_count']} errors"
    )


def _find(company: Company, name: str) -> str:
    """A customer by some of its name."""
    found = company.client.get(f"{company.path}/customers?search={quote(name)}").expect(200)["items"]
    customer_id: str = found[0]["customer_id"]
    return customer_id


def _many_at_once(story: Story, company: Company, today: date) -> None:
    customer = _find(company, "bageri")
    article = {"name": "Surdegsbröd", "unit_price": "32.00", "vat_class": "food", "kind": "goods"}
    made = company.client.post(f"{company.path}/articles", article).expect(201)
    row = {"article_id": made["article_id"], "quantity": "12"}
    with step("Thirty drafts of food, issued in one call"):
        drafts = [
            company.client.post(
                f"{company.path}/invoices",
                {"customer_id": customer, "invoice_date": today.isoformat(), "rows": [row]},
            ).expect(201)
            for _ in range(30)
        ]
        ids = [each["invoice_id"] for each in drafts]
        result = company.client.post(f"{company.path}/invoice-issues", {"invoice_ids": ids}).expect(200)
    numbers = [each["number"] for each in result["items"]]
    rate = drafts[0]["vat_lines"][0]["vat_rate"]
    story.tell(
        "Thirty at once", f"{result['issued']} issued, {min(numbers)}–{max(numbers)}, food at {rate} % VAT"
    )


def _credit(story: Story, company: Company, today: date) -> str:
    """An invoice of which half is credited; the id of the credit note."""
    rows = [{"description": "Kurs i typografi", "quantity": "4", "unit_price": "900.00", "vat_rate": "25"}]
    invoice = issue(company, _find(company, "bageri"), today, rows)
    path = f"{company.path}/invoices/{invoice['invoice_id']}"
    with step("Half of an invoice is credited; more than is left is refused"):
        half = {"rows": [{"row": 0, "quantity": "2"}], "reason": "Två platser avbokade"}
        note = company.client.post(f"{path}/credit", half).expect(201)
        refused = company.client.post(f"{path}/credit", {"rows": [{"row": 0, "quantity": "3"}]}).expect(409)
    story.tell(
        f"Credit of invoice {invoice['number']}", f"{note['total']} kr; then refused: {refused['detail']}"
    )
    credit_note_id: str = note["invoice_id"]
    return credit_note_id


def _building(story: Story, company: Company, today: date) -> None:
    customer = {
        "name": "Skånes Byggmästare AB",
        "org_no": "556016-0680",
        "vat_no": "SE556016068001",
        "address": ADDRESS,
        "vat_treatment": "construction",
        "your_reference": "Projekt 4711",
    }
    made = company.client.post(f"{company.path}/customers", customer).expect(201)
    with step("An invoice with the building trade's reverse charge, as Peppol e-invoice"):
        rows: list[dict[str, Any]] = [
            {"description": "Skyltmontering", "unit_price": "18500.00", "vat_rate": "0"}
        ]
        invoice = issue(company, made["customer_id"], today, rows)
        xml = company.client.get(f"{company.path}/invoices/{invoice['invoice_id']}/peppol")
        target = OUTPUT / f"faktura-{invoice['number']}.xml"
        target.write_bytes(xml.content)
        assert xml.status == 200, xml.content[:500]  # noqa: PLR2004 - OK
    story.tell(f"Invoice {invoice['number']}, building", f"{invoice['total']:>9} kr, VAT {invoice['vat']}")
    story.addresses.append(("E-invoice, Peppol BIS 3", str(target.relative_to(PROJECT))))


def _proposal(story: Story, company: Company) -> None:
    customer = _find(company, "byggmästare")
    path = f"{company.path}/customers/{customer}"
    with step("The bureau may not change the register, but proposes; the client accepts"):
        read = company.bureau.get(path).expect(200)
        direct = company.bureau.put(path, {"name": read["name"]}, **{"If-Match": '"1"'}).expect(409)
        wanted = {"changes": {"payment_terms_days": 20}, "comment": "Enligt avtalet"}
        proposal = company.bureau.post(f"{path}/proposals", wanted).expect(201)
        accept = f"{company.path}/proposals/{proposal['proposal_id']}/accept"
        accepted = company.client.post(accept).expect(200)
    (change,) = accepted["changes"]
    story.tell(
        "The bureau's proposal",
        f"{direct['code']}; then {change['field']} {change['from']} → {change['to']}, {accepted['status']}",
    )
