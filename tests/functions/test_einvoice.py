"""Invoices and credit notes as e-invoices over HTTP, validated by the layers of an access point."""

from base64 import b64decode
from typing import Any

import pytest
from lxml import etree

from tests.functions.books import Firm, Office
from tests.functions.conftest import STAFF, STRANGER
from tests.peppol_rules.layers import validator
from tests.peppol_rules.rules import NAMESPACES

pytest_plugins = ["tests.functions.an_office"]

SWEDISH = {"street": "Kungsgatan 1", "postcode": "111 22", "city": "Stockholm"}
CUSTOMERS: dict[str, dict[str, Any]] = {
    "domestic": {"org_no": "556036-0793", "address": SWEDISH},
    "exempt": {"org_no": "556036-0793", "address": SWEDISH, "vat_treatment": "exempt"},
    "construction": {
        "org_no": "556036-0793",
        "vat_no": "SE556036079301",
        "address": SWEDISH,
        "vat_treatment": "construction",
    },
    "eu": {
        "vat_no": "DE136695976",
        "address": {"street": "Unter den Linden 1", "postcode": "10117", "city": "Berlin", "country": "DE"},
        "vat_treatment": "eu",
    },
    "export": {
        "org_no": "556036-0793",
        "address": {"street": "Karl Johans gate 1", "postcode": "0154", "city": "Oslo", "country": "NO"},
        "vat_treatment": "export",
    },
}


@pytest.fixture
def firm(office: Office) -> Firm:
    return office.firm()


def rows(treatment: str) -> list[dict[str, Any]]:
    """Goods and services, a discount, a deduction and words between."""
    rate = "25" if treatment == "domestic" else "0"
    return [
        {"text": "Enligt offert 17, å & <kö>"},
        {
            "description": "Fönster",
            "quantity": "3",
            "unit_price": "1999.90",
            "vat_rate": rate,
            "kind": "goods",
            "discount_percent": "12.5",
        },
        {
            "description": "Montering",
            "quantity": "7.25",
            "unit": "tim",
            "unit_price": "489.33",
            "vat_rate": rate,
        },
        {"description": "Avdrag", "unit_price": "-100.00", "vat_rate": rate},
    ]


def issued(firm: Firm, treatment: str, **values: Any) -> Any:
    """An issued invoice to a customer with this treatment."""
    customer = firm.customer(**CUSTOMERS[treatment])
    given = {"customer_id": customer, "rows": rows(treatment), "your_reference": "Eva Ek", **values}
    draft = firm.ok("POST", "/invoices", given)
    return firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")


def einvoice(firm: Firm, invoice: Any, user: str | None = None) -> etree._Element:
    """The e-invoice of an invoice, which no layer has anything against."""
    answer = firm.call("GET", f"/invoices/{invoice['invoice_id']}/peppol", user=user)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    content = b64decode(answer.text)
    report = validator().check(content)
    assert report.valid, report
    assert report.rules == set()
    return etree.fromstring(content)


def text(root: etree._Element, path: str) -> str:
    """The text at a path."""
    return str(root.findtext(path, namespaces=NAMESPACES))


@pytest.mark.parametrize("treatment", CUSTOMERS)
@pytest.mark.parametrize("rounded", [False, True])
def test_an_invoice_and_its_credit_notes_pass_every_official_rule(
    firm: Firm, treatment: str, *, rounded: bool
) -> None:
    invoice = issued(firm, treatment, round_to_krona=rounded)
    root = einvoice(firm, invoice)
    assert text(root, "cac:LegalMonetaryTotal/cbc:PayableAmount") == invoice["total"]
    assert text(root, "cac:PaymentMeans/cbc:PaymentID") == invoice["ocr"]
    part = {"rows": [{"row": 1, "quantity": "1"}]}
    for wanted in (part, {}):
        note = firm.ok("POST", f"/invoices/{invoice['invoice_id']}/credit", wanted)
        credit = einvoice(firm, note)
        assert f"-{text(credit, 'cac:LegalMonetaryTotal/cbc:PayableAmount')}" == note["total"]
        original = text(credit, "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID")
        assert original == str(invoice["number"])


def test_the_bureau_reads_the_same_bytes_as_the_client_and_a_stranger_none(firm: Firm) -> None:
    path = f"/invoices/{issued(firm, 'domestic')['invoice_id']}/peppol"
    assert firm.call("GET", path).text == firm.call("GET", path, user=STAFF).text
    assert firm.call("GET", path, user=STRANGER).status == 404


def test_everything_an_einvoice_lacks_is_told_at_once(firm: Firm) -> None:
    draft = firm.draft()
    answer = firm.call("GET", f"/invoices/{draft['invoice_id']}/peppol")
    assert (answer.status, answer.body["code"]) == (409, "not-issued")
    firm.ok("POST", f"/invoices/{draft['invoice_id']}/issue")
    answer = firm.call("GET", f"/invoices/{draft['invoice_id']}/peppol")
    assert (answer.status, answer.body["code"]) == (409, "einvoice-incomplete")
    fields = {each["pointer"] for each in answer.body["errors"]}
    assert {"/buyer/address", "/buyer_reference"} <= fields
