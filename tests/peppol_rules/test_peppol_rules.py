"""The validation itself: every rule catches what it is for, and nothing is valid that was not looked at."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from samklang.formats.peppol import PeppolPayment, PeppolText, VatCategory, write_peppol
from tests.peppol_rules.documents import credit_note, document, eu_goods, line
from tests.peppol_rules.layers import (
    EN16931,
    LAYERS,
    PEPPOL,
    UBL,
    Finding,
    LayerDidNotRun,
    Report,
    Validator,
    en16931_version,
    peppol_layer,
    stylesheet_layer,
    validator,
)
from tests.peppol_rules.rules import NAMESPACES, RULES

type Element = etree._Element
type Plant = Callable[[Element], None]

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "peppol"

INVOICE = write_peppol(
    document(
        [PeppolText("Enligt offert"), line(discount_percent=Decimal(10))],
        payment=PeppolPayment(bankgiro="9912346", plusgiro="9020033", reference="10420262"),
    )
)
CREDIT_NOTE = write_peppol(credit_note())
EU_GOODS = write_peppol(eu_goods())
CONSTRUCTION = write_peppol(document([line(category=VatCategory.REVERSE_CHARGE, rate=0)]))

SELLER = "cac:AccountingSupplierParty/cac:Party"
BUYER = "cac:AccountingCustomerParty/cac:Party"
DISCOUNT = "cac:InvoiceLine/cac:AllowanceCharge"
TOTAL = "cac:LegalMonetaryTotal"


# ---------------------------------------------------------------- planted breaches


def at(root: Element, path: str) -> list[Element]:
    found = root.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    elements = [each for each in found if isinstance(each, etree._Element)]
    assert elements, f"nothing is at {path}"
    return elements


def gone(path: str) -> Plant:
    """Take elements away."""

    def plant(root: Element) -> None:
        for each in at(root, path):
            parent = each.getparent()
            assert parent is not None
            parent.remove(each)

    return plant


def says(path: str, text: str) -> Plant:
    """Write another text."""

    def plant(root: Element) -> None:
        for each in at(root, path):
            each.text = text

    return plant


def marked(path: str, attribute: str, value: str) -> Plant:
    """Write another attribute."""

    def plant(root: Element) -> None:
        for each in at(root, path):
            each.set(attribute, value)

    return plant


def grown(path: str, xml: str) -> Plant:
    """Add an element."""

    def plant(root: Element) -> None:
        spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
        for parent in at(root, path):
            parent.extend(etree.fromstring(f"<x {spaces}>{xml}</x>"))

    return plant


def both(*plants: Plant) -> Plant:
    """Plant several."""

    def plant(root: Element) -> None:
        for each in plants:
            each(root)

    return plant


def planted(written: bytes, plant: Plant) -> bytes:
    root = etree.fromstring(written)
    plant(root)
    return etree.tostring(root)


def address(scheme: str, identifier: str) -> Plant:
    """Give the buyer another electronic address."""
    return both(
        marked(f"{BUYER}/cbc:EndpointID", "schemeID", scheme), says(f"{BUYER}/cbc:EndpointID", identifier)
    )


def exempt(category: str, code: str) -> Plant:
    """Give a reason to be without VAT that does not go with the category."""
    reason = f"<cbc:TaxExemptionReasonCode>{code}</cbc:TaxExemptionReasonCode>"
    return both(says("//cac:TaxCategory/cbc:ID", category), grown("//cac:TaxCategory", reason))


def account(branch: str, number: str) -> Plant:
    """Give another number at a giro."""
    return says(
        f"//cac:PayeeFinancialAccount[cac:FinancialInstitutionBranch/cbc:ID = '{branch}']/cbc:ID", number
    )


PERIOD = (
    "<cac:InvoicePeriod><cbc:StartDate>{}</cbc:StartDate><cbc:EndDate>{}</cbc:EndDate></cac:InvoicePeriod>"
)
GROSS_PRICE = (
    "<cac:AllowanceCharge><cbc:ChargeIndicator>{}</cbc:ChargeIndicator><cbc:Amount>1.00</cbc:Amount>"
    "<cbc:BaseAmount>{}</cbc:BaseAmount></cac:AllowanceCharge>"
)
REFERENCE = "<cac:DocumentReference><cbc:DocumentTypeCode>{}</cbc:DocumentTypeCode></cac:DocumentReference>"
PROJECT = (
    "<cac:AdditionalDocumentReference><cbc:DocumentTypeCode>50</cbc:DocumentTypeCode>"
    "</cac:AdditionalDocumentReference>"
)
ATTACHMENT = '<cbc:EmbeddedDocumentBinaryObject mimeCode="text/html">PGI+</cbc:EmbeddedDocumentBinaryObject>'
KRONA_TAX = '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">-1.00</cbc:TaxAmount></cac:TaxTotal>'

BREACHES: dict[str, Plant | tuple[bytes, Plant]] = {
    "PEPPOL-EN16931-R001": gone("cbc:ProfileID"),
    "PEPPOL-EN16931-R002": grown(".", "<cbc:Note>En till</cbc:Note>"),
    "PEPPOL-EN16931-R003": gone("cbc:BuyerReference"),
    "PEPPOL-EN16931-R004": says("cbc:CustomizationID", "urn:cen.eu:en16931:2017"),
    "PEPPOL-EN16931-R005": grown(".", "<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>"),
    "PEPPOL-EN16931-R007": says("cbc:ProfileID", "urn:fdc:peppol.eu:2017:poacc:billing:99:1.0"),
    "PEPPOL-EN16931-R008": says("cbc:BuyerReference", " "),
    "PEPPOL-EN16931-R010": gone(f"{BUYER}/cbc:EndpointID"),
    "PEPPOL-EN16931-R020": gone(f"{SELLER}/cbc:EndpointID"),
    "PEPPOL-EN16931-R040": says(f"{DISCOUNT}/cbc:MultiplierFactorNumeric", "11"),
    "PEPPOL-EN16931-R041": gone(f"{DISCOUNT}/cbc:BaseAmount"),
    "PEPPOL-EN16931-R042": gone(f"{DISCOUNT}/cbc:MultiplierFactorNumeric"),
    "PEPPOL-EN16931-R043": says(f"{DISCOUNT}/cbc:ChargeIndicator", "0"),
    "PEPPOL-EN16931-R044": grown("cac:InvoiceLine/cac:Price", GROSS_PRICE.format("true", "596.00")),
    "PEPPOL-EN16931-R046": grown("cac:InvoiceLine/cac:Price", GROSS_PRICE.format("false", "597.00")),
    "PEPPOL-EN16931-R051": marked(f"{TOTAL}/cbc:PayableAmount", "currencyID", "EUR"),
    "PEPPOL-EN16931-R053": gone("cac:TaxTotal"),
    "PEPPOL-EN16931-R054": grown(".", "<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>"),
    "PEPPOL-EN16931-R055": grown(".", f"<cbc:TaxCurrencyCode>EUR</cbc:TaxCurrencyCode>{KRONA_TAX}"),
    "PEPPOL-EN16931-R061": says("cac:PaymentMeans/cbc:PaymentMeansCode", "59"),
    "PEPPOL-EN16931-R080": (CREDIT_NOTE, grown(".", PROJECT * 2)),
    "PEPPOL-EN16931-R100": grown("cac:InvoiceLine", REFERENCE.format("130") * 2),
    "PEPPOL-EN16931-R101": grown("cac:InvoiceLine", REFERENCE.format("50")),
    "PEPPOL-EN16931-R110": both(
        grown(".", PERIOD.format("2026-09-01", "2026-09-30")),
        grown("cac:InvoiceLine", PERIOD.format("2026-08-31", "2026-09-30")),
    ),
    "PEPPOL-EN16931-R111": both(
        grown(".", PERIOD.format("2026-09-01", "2026-09-30")),
        grown("cac:InvoiceLine", PERIOD.format("2026-09-01", "2026-10-01")),
    ),
    "PEPPOL-EN16931-R120": says("cac:InvoiceLine/cbc:LineExtensionAmount", "6693.78"),
    "PEPPOL-EN16931-R121": grown("cac:InvoiceLine/cac:Price", "<cbc:BaseQuantity>0</cbc:BaseQuantity>"),
    "PEPPOL-EN16931-R130": grown(
        "cac:InvoiceLine/cac:Price", '<cbc:BaseQuantity unitCode="DAY">1</cbc:BaseQuantity>'
    ),
    "PEPPOL-EN16931-CL001": grown(".", ATTACHMENT),
    "PEPPOL-EN16931-CL002": says(f"{DISCOUNT}/cbc:AllowanceChargeReasonCode", "1"),
    "PEPPOL-EN16931-CL008": address("9955", "SE556012579001"),
    "PEPPOL-EN16931-P0100": says("cbc:InvoiceTypeCode", "381"),
    "PEPPOL-EN16931-P0101": (CREDIT_NOTE, says("cbc:CreditNoteTypeCode", "380")),
    "PEPPOL-EN16931-P0104": exempt("E", "VATEX-EU-G"),
    "PEPPOL-EN16931-P0105": exempt("E", "VATEX-EU-O"),
    "PEPPOL-EN16931-P0106": exempt("AE", "VATEX-EU-IC"),
    "PEPPOL-EN16931-P0107": exempt("K", "VATEX-EU-AE"),
    "PEPPOL-EN16931-P0108": exempt("AE", "VATEX-EU-D"),
    "PEPPOL-EN16931-P0109": exempt("AE", "VATEX-EU-F"),
    "PEPPOL-EN16931-P0110": exempt("AE", "VATEX-EU-I"),
    "PEPPOL-EN16931-P0111": exempt("AE", "VATEX-EU-J"),
    "PEPPOL-EN16931-P0112": says("cbc:InvoiceTypeCode", "384"),
    "PEPPOL-EN16931-F001": says("cbc:DueDate", "2026-11-31"),
    "BR-CO-25": gone("cbc:DueDate"),
    "PEPPOL-COMMON-R040": address("0088", "7300010000002"),
    "PEPPOL-COMMON-R041": address("0192", "988077918"),
    "PEPPOL-COMMON-R042": address("0184", "DK1358562"),
    "PEPPOL-COMMON-R043": address("0208", "0428759498"),
    "PEPPOL-COMMON-R047": address("0211", "IT00743110158"),
    "PEPPOL-COMMON-R049": address("0007", "5560125791"),
    "PEPPOL-COMMON-R052": address("0096", "123456789"),
    "PEPPOL-COMMON-R053": address("0198", "13585628"),
    "PEPPOL-COMMON-R054": address("0106", "1234567"),
    "PEPPOL-COMMON-R055": address("0190", "1234567"),
    "PEPPOL-COMMON-R056-1": address("9944", "004495445B01"),
    "PEPPOL-COMMON-R056-2": says(f"{BUYER}/cac:PartyTaxScheme/cbc:CompanyID", "NL004495445"),
    "PEPPOL-COMMON-R057": address("0217", "1234567"),
    "SE-R-001": says(f"{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID", "SE5560360793"),
    "SE-R-002": says(f"{SELLER}/cac:PartyTaxScheme[1]/cbc:CompanyID", "SE556036-79301"),
    "SE-R-003": says(f"{SELLER}/cac:PartyLegalEntity/cbc:CompanyID", "556036-079"),
    "SE-R-004": says(f"{SELLER}/cac:PartyLegalEntity/cbc:CompanyID", "165560360793"),
    "SE-R-005": says(f"{SELLER}/cac:PartyTaxScheme[2]/cbc:CompanyID", "F-skatt"),
    "SE-R-006": says("//cac:ClassifiedTaxCategory/cbc:Percent", "20"),
    "SE-R-007": account("SE:PLUSGIRO", "902003-3"),
    "SE-R-008": account("SE:BANKGIRO", "991-2346"),
    "SE-R-009": account("SE:BANKGIRO", "991234"),
    "SE-R-010": account("SE:PLUSGIRO", "123456789"),
    "SE-R-011": says("cac:PaymentMeans[1]/cbc:PaymentMeansCode", "56"),
    "SE-R-012": says("cac:PaymentMeans[1]/cbc:PaymentMeansCode", "31"),
    "SE-R-013": says(f"{SELLER}/cac:PartyLegalEntity/cbc:CompanyID", "5560360794"),
}
"""For each rule of ours, something that breaks it; of the invoice unless another document is named."""

WARNINGS = {
    *(f"PEPPOL-COMMON-R{number}" for number in ("047", "054", "055", "056-1", "056-2", "057")),
    *(f"SE-R-{number}" for number in ("007", "008", "009", "010", "011", "012")),
}


def test_what_is_planted_in_is_valid_before() -> None:
    for written in (INVOICE, CREDIT_NOTE, EU_GOODS, CONSTRUCTION):
        report = validator().check(written)
        assert report.valid
        assert report.findings == ()


def test_every_rule_of_ours_has_a_breach() -> None:
    assert set(BREACHES) == set(RULES)


@pytest.mark.parametrize("identifier", BREACHES)
def test_a_breach_of_each_rule_is_found_with_its_severity(identifier: str) -> None:
    breach = BREACHES[identifier]
    written, plant = breach if isinstance(breach, tuple) else (INVOICE, breach)
    findings = {each.rule: each for each in peppol_layer(etree.fromstring(planted(written, plant)))}
    assert findings[identifier].fatal == (identifier not in WARNINGS)
    assert findings[identifier].text
    assert findings[identifier].place.startswith("/")


@pytest.mark.parametrize(
    ("identifier", "written", "plant"),
    [
        ("BR-CO-10", INVOICE, says(f"{TOTAL}/cbc:LineExtensionAmount", "6693.76")),
        ("BR-CO-13", INVOICE, says(f"{TOTAL}/cbc:TaxExclusiveAmount", "6693.76")),
        ("BR-CO-14", INVOICE, says("cac:TaxTotal/cbc:TaxAmount", "1673.45")),
        ("BR-CO-15", INVOICE, says(f"{TOTAL}/cbc:TaxInclusiveAmount", "8367.20")),
        ("BR-CO-16", INVOICE, says(f"{TOTAL}/cbc:PayableAmount", "8367.20")),
        ("BR-CO-17", INVOICE, says("//cac:TaxSubtotal/cbc:TaxAmount", "1675.00")),
        ("BR-S-08", INVOICE, says("//cac:TaxSubtotal/cbc:TaxableAmount", "6600.00")),
        ("BR-08", INVOICE, gone(f"{SELLER}/cac:PostalAddress")),
        ("BR-11", INVOICE, gone(f"{BUYER}/cac:PostalAddress/cac:Country")),
        ("BR-27", INVOICE, says("cac:InvoiceLine/cac:Price/cbc:PriceAmount", "-595.00")),
        ("BR-42", INVOICE, gone(f"{DISCOUNT}/*[starts-with(local-name(), 'AllowanceChargeReason')]")),
        ("BR-61", INVOICE, gone("cac:PaymentMeans/cac:PayeeFinancialAccount")),
        ("BR-AE-02", CONSTRUCTION, gone(f"{BUYER}/*[.//cbc:CompanyID]")),
        ("BR-AE-10", CONSTRUCTION, gone("//*[starts-with(local-name(), 'TaxExemptionReason')]")),
        ("BR-IC-02", EU_GOODS, gone(f"{BUYER}/cac:PartyTaxScheme")),
        ("BR-IC-11", EU_GOODS, gone("cac:Delivery/cbc:ActualDeliveryDate")),
        ("BR-IC-12", EU_GOODS, gone("cac:Delivery/cac:DeliveryLocation")),
        ("BR-CL-01", INVOICE, says("cbc:InvoiceTypeCode", "999")),
        ("BR-CL-03", INVOICE, marked(f"{TOTAL}/cbc:PayableAmount", "currencyID", "KR")),
        ("BR-CL-14", INVOICE, says("//cac:PostalAddress/cac:Country/cbc:IdentificationCode", "UK")),
        ("BR-CL-23", INVOICE, marked("cac:InvoiceLine/cbc:InvoicedQuantity", "unitCode", "tim")),
        ("UBL-SR-44", INVOICE, says("cac:PaymentMeans[2]/cbc:PaymentID", "1")),
    ],
)
def test_a_breach_of_the_european_norm_is_found(identifier: str, written: bytes, plant: Plant) -> None:
    report = validator().check(planted(written, plant))
    assert (EN16931, identifier, True) in {(each.layer, each.rule, each.fatal) for each in report.findings}
    assert not report.valid


@pytest.mark.parametrize(
    ("written", "plant"),
    [
        (INVOICE, gone("cbc:ID")),
        (INVOICE, grown(".", "<cbc:Note>Efter raderna</cbc:Note>")),
        (INVOICE, marked("cac:InvoiceLine/cbc:ID", "unknown", "1")),
        (INVOICE, says("cbc:IssueDate", "5 oktober")),
        (CREDIT_NOTE, grown(".", "<cbc:DueDate>2026-11-04</cbc:DueDate>")),
    ],
)
def test_what_is_not_ubl_is_found(written: bytes, plant: Plant) -> None:
    report = validator().check(planted(written, plant))
    assert UBL in {each.layer for each in report.findings if each.fatal}
    assert not report.valid


def test_a_warning_does_not_make_a_document_invalid() -> None:
    report = validator().check(planted(INVOICE, account("SE:BANKGIRO", "991234")))
    assert report.rules == {"SE-R-009"}
    assert report.valid


# ---------------------------------------------------------------- layers that do not run


@pytest.mark.parametrize("left_out", LAYERS)
def test_nothing_is_valid_without_every_layer(left_out: str) -> None:
    some = Validator({name: layer for name, layer in validator().layers.items() if name != left_out})
    report = some.check(INVOICE)
    assert report.findings == ()
    assert not report.valid


def test_a_fatal_finding_makes_a_document_invalid() -> None:
    finding = Finding(PEPPOL, "SE-R-001", fatal=True, text="", place="")
    assert not Report(LAYERS, (finding,)).valid
    assert Report(LAYERS, (finding._replace(fatal=False),)).valid


STYLESHEET = """<xsl:stylesheet version="3.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template match="/">{}</xsl:template></xsl:stylesheet>"""
REPORT = '<schematron-output xmlns="http://purl.oclc.org/dsdl/svrl"/>'


@pytest.mark.parametrize(("report", "says"), [(REPORT, "no rule"), ("", "no report")])
def test_a_stylesheet_that_looks_at_nothing_has_not_run(report: str, says: str) -> None:
    with pytest.raises(LayerDidNotRun, match=says):
        stylesheet_layer(STYLESHEET.format(report))(etree.fromstring(INVOICE))


def test_a_stylesheet_that_stops_has_not_run() -> None:
    stops = STYLESHEET.format('<xsl:message terminate="yes"/>')
    with pytest.raises(Exception, match="terminate"):
        stylesheet_layer(stops)(etree.fromstring(INVOICE))


@pytest.mark.parametrize("layer", LAYERS)
def test_no_layer_judges_what_is_no_invoice(layer: str) -> None:
    order = b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>'
    with pytest.raises(LayerDidNotRun, match="no invoice"):
        validator().layers[layer](etree.fromstring(order))


def test_the_european_rules_are_no_older_than_those_we_read() -> None:
    assert tuple(map(int, en16931_version().split("."))) >= (1, 3, 16)


# ---------------------------------------------------------------- the official examples


def sample(name: str) -> Element:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the official examples are not ours to keep in the repository")
    return etree.parse(path).getroot()


def cases(name: str) -> Iterator[tuple[str, str, Element]]:
    """The documents of a test set: whether a rule is kept, which, and the document."""
    namespace = {"t": "http://difi.no/xsd/vefa/validator/1.0"}
    for test in sample(name).iterfind("t:test", namespace):
        verdict = test.find("t:assert/*", namespace)
        documents = [each for each in test if isinstance(each.tag, str) and "oasis" in each.tag]
        assert verdict is not None
        assert len(documents) == 1
        yield etree.QName(verdict).localname, verdict.text or "", documents[0]


@pytest.mark.parametrize("rule", ["SE-R-001", "SE-R-004", "SE-R-006", "SE-R-013"])
def test_the_official_cases_of_a_swedish_rule_come_out_as_they_should(rule: str) -> None:
    seen = set()
    for verdict, tested, written in cases(f"UBL-IN_{rule}.xml"):
        alone = etree.fromstring(etree.tostring(written, with_tail=False))
        broken = tested in {each.rule for each in peppol_layer(alone)}
        assert broken == (verdict != "success"), f"{tested} in a case of {verdict}"
        seen.add(verdict)
    assert len(seen) == 2


@pytest.mark.parametrize(
    "name",
    ["base-example.xml", "Allowance-example.xml", "base-creditnote-correction.xml", "vat-category-E.xml"],
)
def test_the_official_examples_are_valid(name: str) -> None:
    report = validator().check(etree.tostring(sample(name)))
    assert report.valid, report.findings


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("BIS_Billing_30-InomstatligFakturering.xml", set()),
        ("BIS_Billing_30-OmvandSkattskyldighet.xml", {"PEPPOL-COMMON-R049", "SE-R-013"}),
    ],
)
def test_older_swedish_examples_break_the_rules_that_came_since(name: str, rules: set[str]) -> None:
    report = validator().check(etree.tostring(sample(f"sfti/{name}")))
    assert {each.rule for each in report.findings if each.fatal} == rules
