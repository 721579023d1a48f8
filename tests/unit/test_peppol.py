from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from lxml import etree

from samklang.formats.peppol import (
    PeppolAddress,
    PeppolDocument,
    PeppolEndpoint,
    PeppolIncomplete,
    PeppolLine,
    PeppolOriginal,
    PeppolParty,
    PeppolPayment,
    PeppolTax,
    PeppolText,
    VatCategory,
    electronic_address,
    missing,
    unit_code,
    write_peppol,
)
from tests.peppol_rules.documents import (
    BUYER,
    EU_VAT_NUMBERS,
    GERMAN,
    PAYMENT,
    SELLER,
    credit_note,
    document,
    documents,
    eu_goods,
    line,
)
from tests.peppol_rules.layers import validator
from tests.peppol_rules.rules import NAMESPACES

type Element = etree._Element

SELLER_PATH = "cac:AccountingSupplierParty/cac:Party"
BUYER_PATH = "cac:AccountingCustomerParty/cac:Party"
TOTAL = "cac:LegalMonetaryTotal"
DISCOUNT = "cac:InvoiceLine/cac:AllowanceCharge"


def written(sold: PeppolDocument) -> Element:
    """What is written of a document, when no layer of validation has a word to say of it."""
    data = write_peppol(sold)
    report = validator().check(data)
    assert report.findings == ()
    assert report.valid
    return etree.fromstring(data)


def said(root: Element, path: str) -> list[str]:
    found = root.xpath(f"{path}/text()", namespaces=NAMESPACES)
    assert isinstance(found, list)
    return [str(each) for each in found]


def ore(root: Element, path: str) -> list[int]:
    amounts = [Decimal(text).scaleb(2) for text in said(root, path)]
    assert all(amount == int(amount) for amount in amounts)
    return [int(amount) for amount in amounts]


# ---------------------------------------------------------------- any document


@settings(max_examples=60)
@given(documents())
def test_whatever_lacks_nothing_is_valid_in_every_layer(sold: PeppolDocument) -> None:
    assert missing(sold) == []
    report = validator().check(write_peppol(sold))
    assert report.findings == ()
    assert report.valid


@settings(max_examples=40)
@given(documents())
def test_every_figure_is_written_as_it_was_given(sold: PeppolDocument) -> None:
    root = etree.fromstring(write_peppol(sold))
    assert ore(root, "cac:TaxTotal/cbc:TaxAmount") == [sold.vat]
    assert ore(root, "//cac:TaxSubtotal/cbc:TaxableAmount") == [tax.base for tax in sold.taxes]
    assert ore(root, "//cac:TaxSubtotal/cbc:TaxAmount") == [tax.vat for tax in sold.taxes]
    assert ore(root, f"{TOTAL}/cbc:LineExtensionAmount") == [sold.net]
    assert ore(root, f"{TOTAL}/cbc:TaxExclusiveAmount") == [sold.net]
    assert ore(root, f"{TOTAL}/cbc:TaxInclusiveAmount") == [sold.net + sold.vat]
    assert sum(ore(root, f"{TOTAL}/cbc:PayableRoundingAmount")) == sold.rounding
    assert sum(ore(root, f"{TOTAL}/cbc:PrepaidAmount")) == sold.prepaid
    assert ore(root, f"{TOTAL}/cbc:PayableAmount") == [sold.total - sold.prepaid]
    lines = "*[self::cac:InvoiceLine or self::cac:CreditNoteLine]"
    assert ore(root, f"{lines}/cbc:LineExtensionAmount") == [row.amount for row in sold.lines]
    for row, quantity, price in zip(
        sold.lines,
        said(root, f"{lines}/*[self::cbc:InvoicedQuantity or self::cbc:CreditedQuantity]"),
        ore(root, f"{lines}/cac:Price/cbc:PriceAmount"),
        strict=True,
    ):
        assert price >= 0
        assert Decimal(quantity) * price == row.quantity * row.unit_price


@settings(max_examples=40)
@given(documents())
def test_every_text_is_found_again_but_for_what_xml_cannot_hold(sold: PeppolDocument) -> None:
    def visible(text: str) -> str:
        held = (each for each in text if each >= " " and each not in "\ufffe\uffff" and not each.isspace())
        return "".join(held)

    root = etree.fromstring(write_peppol(sold))
    names = [SELLER_PATH, BUYER_PATH]
    found = [said(root, f"{path}/cac:PartyLegalEntity/cbc:RegistrationName")[0] for path in names]
    assert [visible(name) for name in found] == [visible(sold.seller.name), visible(sold.buyer.name)]
    items = [visible(name) for name in said(root, "//cac:Item/cbc:Name")]
    assert items == [visible(row.description) for row in sold.lines]
    notes = visible("".join(said(root, "//cbc:Note")))
    assert all(visible(row.text) in notes for row in sold.rows if isinstance(row, PeppolText))


def test_a_document_is_written_the_same_every_time() -> None:
    assert write_peppol(document()) == write_peppol(document())
    assert write_peppol(document()).startswith(b"<?xml")


# ---------------------------------------------------------------- head and parties


def test_an_invoice_says_what_it_is() -> None:
    root = written(document(order_reference="PO-7"))
    assert etree.QName(root).localname == "Invoice"
    assert said(root, "cbc:InvoiceTypeCode") == ["380"]
    assert said(root, "cbc:ID") == ["1042"]
    assert said(root, "cbc:IssueDate") == ["2026-10-05"]
    assert said(root, "cbc:DueDate") == ["2026-11-04"]
    assert said(root, "cac:Delivery/cbc:ActualDeliveryDate") == ["2026-09-28"]
    assert said(root, "cbc:BuyerReference") == ["Åsa Öhman"]
    assert said(root, "cac:OrderReference/cbc:ID") == ["PO-7"]


def test_an_order_number_will_do_without_a_reference() -> None:
    root = written(document(buyer_reference=None, order_reference="PO-7"))
    assert said(root, "cbc:BuyerReference") == []


def test_the_seller_tells_its_numbers_its_seat_and_its_f_tax() -> None:
    party = written(document()).find(SELLER_PATH, NAMESPACES)
    assert party is not None
    assert said(party, "cbc:EndpointID[@schemeID = '0007']") == ["5560360793"]
    assert said(party, "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID = 'VAT']/cbc:CompanyID") == ["SE556036079301"]
    assert said(party, "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID = 'TAX']/cbc:CompanyID") == [
        "Godkänd för F-skatt"
    ]
    assert said(party, "cac:PartyLegalEntity/cbc:CompanyID[@schemeID = '0007']") == ["5560360793"]
    assert said(party, "cac:PartyLegalEntity/cbc:CompanyLegalForm") == ["Säte: Uddevalla"]
    assert said(party, "cac:Contact/*") == ["Per Björk", "0522-123 45", "faktura@exempel.se"]


def test_a_seller_without_f_tax_and_contact_says_nothing_of_them() -> None:
    seller = replace(SELLER, f_tax=False, contact=None, phone=" ", email=None, seat=None)
    party = written(document(seller=seller)).find(SELLER_PATH, NAMESPACES)
    assert party is not None
    assert said(party, "cac:PartyTaxScheme/cac:TaxScheme/cbc:ID") == ["VAT"]
    assert party.find("cac:Contact", NAMESPACES) is None


def test_the_buyers_seat_and_f_tax_are_nobodys_business() -> None:
    party = written(document(buyer=replace(BUYER, f_tax=True, seat="Göteborg"))).find(BUYER_PATH, NAMESPACES)
    assert party is not None
    assert said(party, "cac:PartyTaxScheme/cac:TaxScheme/cbc:ID") == ["VAT"]
    assert said(party, "cac:PartyLegalEntity/cbc:CompanyLegalForm") == []


@pytest.mark.parametrize("vat_no", EU_VAT_NUMBERS.split())
def test_a_company_of_any_eu_country_is_reached_by_its_vat_number(vat_no: str) -> None:
    country = vat_no[:2].replace("EL", "GR")
    address = PeppolAddress(street="High Street 1", city="Capital", country=country)
    root = written(eu_goods(buyer=PeppolParty(name="Customer", vat_no=vat_no, address=address)))
    assert said(root, f"{BUYER_PATH}/cac:PartyTaxScheme/cbc:CompanyID") == [vat_no]


@pytest.mark.parametrize(
    ("party", "scheme", "identifier"),
    [
        (BUYER, "0007", "5560125790"),
        (replace(BUYER, org_no=None), "0007", "5560125790"),
        (GERMAN, "9930", "DE136695976"),
        (replace(GERMAN, vat_no="BE0428759497"), "0208", "0428759497"),
        (replace(GERMAN, vat_no="DK13585628"), "0184", "13585628"),
        (replace(GERMAN, vat_no="FI20774740"), "0216", "003720774740"),
        (replace(GERMAN, vat_no="IT00743110157"), "0211", "IT00743110157"),
        (replace(GERMAN, vat_no="EL094259216"), "9933", "EL094259216"),
    ],
)
def test_an_electronic_address_follows_from_the_numbers(
    party: PeppolParty, scheme: str, identifier: str
) -> None:
    assert electronic_address(party) == PeppolEndpoint(scheme=scheme, identifier=identifier)


def test_an_address_of_its_own_goes_before_the_numbers() -> None:
    gln = PeppolEndpoint(scheme="0088", identifier="7300010000001")
    root = written(document(buyer=replace(BUYER, endpoint=gln)))
    assert said(root, f"{BUYER_PATH}/cbc:EndpointID[@schemeID = '0088']") == ["7300010000001"]


def test_a_private_person_has_no_electronic_address() -> None:
    assert electronic_address(PeppolParty(name="Åsa Öhman")) is None
    assert electronic_address(PeppolParty(name="Ola Nordmann", vat_no="XI123456789")) is None


# ---------------------------------------------------------------- payment


def test_a_bankgiro_is_told_with_its_branch_and_the_ocr_number() -> None:
    root = written(document())
    assert said(root, "cac:PaymentMeans/cbc:PaymentMeansCode") == ["30"]
    assert said(root, "cac:PaymentMeans/cbc:PaymentID") == ["10420262"]
    assert said(root, "cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID") == ["9912346"]
    assert said(root, "//cac:FinancialInstitutionBranch/cbc:ID") == ["SE:BANKGIRO"]


def test_several_accounts_share_one_reference() -> None:
    payment = replace(PAYMENT, plusgiro="9020033", iban="SE4550000000058398257466", bic="ESSESESS")
    root = written(document(payment=payment))
    assert said(root, "//cac:PayeeFinancialAccount/cbc:ID") == [
        "9912346",
        "9020033",
        "SE4550000000058398257466",
    ]
    assert said(root, "//cac:FinancialInstitutionBranch/cbc:ID") == ["SE:BANKGIRO", "SE:PLUSGIRO", "ESSESESS"]
    assert said(root, "//cbc:PaymentID") == ["10420262"] * 3


def test_terms_of_payment_are_told_and_will_do_without_a_due_date() -> None:
    root = written(
        document(due_date=None, payment_terms="30 dagar netto.\nDröjsmålsränta enligt räntelagen.")
    )
    assert said(root, "cac:PaymentTerms/cbc:Note") == ["30 dagar netto.\nDröjsmålsränta enligt räntelagen."]
    assert said(root, "cbc:DueDate") == []


def test_an_invoice_that_is_paid_needs_no_account() -> None:
    paid = document(payment=PeppolPayment(), due_date=None)
    root = written(replace(paid, prepaid=paid.total))
    assert ore(root, f"{TOTAL}/cbc:PrepaidAmount") == [paid.total]
    assert ore(root, f"{TOTAL}/cbc:PayableAmount") == [0]


def test_rounding_to_whole_kronor_leaves_vat_and_net_alone() -> None:
    root = written(document([line(unit_price=9999, quantity=Decimal(1))], rounding=1))
    assert ore(root, f"{TOTAL}/cbc:TaxInclusiveAmount") == [9999 + 2500]
    assert ore(root, f"{TOTAL}/cbc:PayableRoundingAmount") == [1]
    assert ore(root, f"{TOTAL}/cbc:PayableAmount") == [12500]


# ---------------------------------------------------------------- rows


def test_a_discount_in_percent_is_told_with_its_base() -> None:
    root = written(document([line(quantity=Decimal(3), unit_price=3333, discount_percent=Decimal("12.5"))]))
    assert said(root, f"{DISCOUNT}/cbc:ChargeIndicator") == ["false"]
    assert said(root, f"{DISCOUNT}/cbc:AllowanceChargeReasonCode") == ["95"]
    assert said(root, f"{DISCOUNT}/cbc:MultiplierFactorNumeric") == ["12.5"]
    assert ore(root, f"{DISCOUNT}/cbc:BaseAmount") == [9999]
    assert ore(root, f"{DISCOUNT}/cbc:Amount") == [1250]
    assert ore(root, "cac:InvoiceLine/cbc:LineExtensionAmount") == [8749]


def test_a_deduction_has_its_sign_in_the_quantity_never_in_the_price() -> None:
    returned = [line(), line(quantity=Decimal(-2)), line(unit_price=-59500, quantity=Decimal(3))]
    root = written(document(returned))
    assert said(root, "cac:InvoiceLine/cbc:InvoicedQuantity") == ["12.5", "-2", "-3"]
    assert ore(root, "cac:InvoiceLine/cac:Price/cbc:PriceAmount") == [59500] * 3
    assert ore(root, "cac:InvoiceLine/cbc:LineExtensionAmount") == [743750, -119000, -178500]


def test_what_is_left_of_a_row_may_be_off_by_some_ore() -> None:
    rest = line(quantity=Decimal(1), unit_price=3333, discount_percent=Decimal(10))
    for difference, indicator in ((7, "true"), (-7, "false")):
        root = written(credit_note([replace(rest, amount=rest.amount + difference)]))
        rounding = "cac:CreditNoteLine/cac:AllowanceCharge[cbc:AllowanceChargeReason = 'Avrundning']"
        assert said(root, f"{rounding}/cbc:ChargeIndicator") == [indicator]
        assert ore(root, f"{rounding}/cbc:Amount") == [7]
        assert ore(root, "cac:CreditNoteLine/cbc:LineExtensionAmount") == [rest.amount + difference]


@pytest.mark.parametrize(
    ("word", "code"),
    [
        *(("st", "C62"), ("tim", "HUR"), ("timmar", "HUR"), ("h", "HUR"), ("dag", "DAY"), ("kg", "KGM")),
        *(("m", "MTR"), ("m2", "MTK"), ("m²", "MTK"), ("m3", "MTQ"), ("km", "KMT"), ("l", "LTR")),
        *(("mån", "MON"), ("månad", "MON"), ("år", "ANN"), ("förp", "XPK"), ("par", "PR")),
        *(("Tim.", "HUR"), (" KG ", "KGM"), ("mil", "C62"), ("", "C62")),
    ],
)
def test_units_are_coded_as_swedes_write_them(word: str, code: str) -> None:
    assert unit_code(word) == code


def test_every_code_of_a_unit_is_in_the_official_list() -> None:
    words = (
        "st tim min dag v mån kv år kg hg g t km m dm cm mm m2 m3 l dl cl ml kwh förp krt låda pall fl påse"
    )
    rows = [line(unit=word) for word in f"{words} säck rulle par set dussin pers sida".split()]
    root = written(document(rows))
    codes = root.xpath("//cbc:InvoicedQuantity/@unitCode", namespaces=NAMESPACES)
    assert isinstance(codes, list)
    assert len(set(codes)) == len(rows)
    assert said(root, "//cbc:Note") == []


def test_a_unit_without_a_code_is_told_in_words() -> None:
    root = written(document([line(unit="mil"), line(unit="tim")]))
    assert said(root, "cac:InvoiceLine/cbc:InvoicedQuantity[@unitCode = 'C62']") == ["12.5"]
    assert said(root, "cac:InvoiceLine[1]/cbc:Note") == ["Enhet: mil"]
    assert said(root, "cac:InvoiceLine[2]/cbc:Note") == []


def test_text_follows_its_row_and_text_before_all_rows_is_the_documents() -> None:
    rows: list[PeppolLine | PeppolText] = [PeppolText("Enligt offert."), PeppolText("Tack!"), line()]
    rows += [PeppolText("El ingick."), line(), PeppolText(" "), PeppolText("Slut."), PeppolText("Hej.")]
    root = written(document(rows, note="Obs"))
    assert said(root, "cbc:Note") == ["Obs\nEnligt offert.\nTack!"]
    assert said(root, "cac:InvoiceLine[1]/cbc:Note") == ["El ingick."]
    assert said(root, "cac:InvoiceLine[2]/cbc:Note") == ["Slut.\nHej."]


def test_the_lines_of_a_text_are_kept() -> None:
    root = written(document([line(), PeppolText("  Rad 1\r\nRad 2\rRad 3 ")]))
    assert said(root, "cac:InvoiceLine/cbc:Note") == ["Rad 1\nRad 2\nRad 3"]


# ---------------------------------------------------------------- VAT


def test_vat_is_told_by_rate() -> None:
    root = written(document([line(), line(rate=12), line(rate=6), line(rate=12)]))
    assert said(root, "//cac:TaxSubtotal/cac:TaxCategory/cbc:ID") == ["S"] * 3
    assert said(root, "//cac:TaxSubtotal/cac:TaxCategory/cbc:Percent") == ["25", "12", "6"]
    assert ore(root, "//cac:TaxSubtotal/cbc:TaxableAmount") == [743750, 2 * 743750, 743750]
    assert ore(root, "//cac:TaxSubtotal/cbc:TaxAmount") == [185938, 178500, 44625]


@pytest.mark.parametrize(
    ("category", "buyer", "code", "words"),
    [
        (VatCategory.REVERSE_CHARGE, BUYER, ["VATEX-EU-AE"], "Omvänd betalningsskyldighet"),
        (VatCategory.REVERSE_CHARGE, GERMAN, ["VATEX-EU-AE"], "Omvänd betalningsskyldighet"),
        (
            VatCategory.EU_GOODS,
            GERMAN,
            ["VATEX-EU-IC"],
            "Momsfri försäljning av varor till ett annat EU-land",
        ),
        (VatCategory.EXPORT, GERMAN, ["VATEX-EU-G"], "Export utanför EU"),
    ],
)
def test_a_sale_without_vat_says_what_it_rests_on(
    category: VatCategory, buyer: PeppolParty, code: list[str], words: str
) -> None:
    sold = [line(category=category, rate=0)]
    root = written(document(sold, buyer=buyer))
    assert said(root, "//cac:ClassifiedTaxCategory/cbc:ID") == [category]
    assert said(root, "//cac:TaxCategory/cbc:TaxExemptionReasonCode") == code
    assert said(root, "//cac:TaxCategory/cbc:TaxExemptionReason") == [words]
    root = written(document(sold, buyer=buyer, reason="Reverse charge, artikel 196"))
    assert said(root, "//cac:TaxCategory/cbc:TaxExemptionReason") == ["Reverse charge, artikel 196"]


def test_an_exempt_sale_says_why_in_its_own_words() -> None:
    sold = [line(category=VatCategory.EXEMPT, rate=0)]
    root = written(document(sold, reason="10 kap. 20 § mervärdesskattelagen"))
    assert said(root, "//cac:TaxCategory/cbc:ID") == ["E"]
    assert said(root, "//cac:TaxCategory/cbc:TaxExemptionReasonCode") == []
    assert said(root, "//cac:TaxCategory/cbc:TaxExemptionReason") == ["10 kap. 20 § mervärdesskattelagen"]


def test_a_firm_that_sells_nothing_with_vat_needs_f_tax_instead_of_a_vat_number() -> None:
    sold = [line(category=VatCategory.EXEMPT, rate=0)]
    root = written(document(sold, reason="18 kap.", seller=replace(SELLER, vat_no=None)))
    assert said(root, f"{SELLER_PATH}/cac:PartyTaxScheme/cac:TaxScheme/cbc:ID") == ["TAX"]


def test_goods_for_another_eu_country_tell_where_and_when_they_were_delivered() -> None:
    root = written(eu_goods())
    assert said(root, "cac:Delivery/cbc:ActualDeliveryDate") == ["2026-09-28"]
    delivered = "cac:Delivery/cac:DeliveryLocation/cac:Address"
    assert said(root, f"{delivered}/cac:Country/cbc:IdentificationCode") == ["DE"]
    depot = PeppolAddress(street="Rue 1", postcode="75001", city="Paris", country="FR")
    root = written(eu_goods(delivery_address=depot))
    assert said(root, f"{delivered}/cac:Country/cbc:IdentificationCode") == ["FR"]
    assert said(root, f"{delivered}/cbc:CityName") == ["Paris"]


def test_grounds_of_one_category_are_told_together() -> None:
    goods, services = line(category=VatCategory.EXPORT, rate=0), line(category=VatCategory.EXPORT, rate=0)
    taxes = tuple(
        PeppolTax(category=VatCategory.EXPORT, rate=0, base=row.amount, vat=0, reason=reason)
        for row, reason in ((goods, "Artikel 146."), (services, "Artikel 44."))
    )
    root = written(document([goods, services], buyer=GERMAN, taxes=taxes))
    assert ore(root, "//cac:TaxSubtotal/cbc:TaxableAmount") == [2 * goods.amount]
    assert said(root, "//cac:TaxCategory/cbc:TaxExemptionReason") == ["Artikel 146. Artikel 44."]


# ---------------------------------------------------------------- credit notes


def test_a_credit_note_names_its_original_and_is_not_to_be_paid() -> None:
    root = written(credit_note())
    assert etree.QName(root).localname == "CreditNote"
    assert said(root, "cbc:CreditNoteTypeCode") == ["381"]
    original = "cac:BillingReference/cac:InvoiceDocumentReference"
    assert said(root, f"{original}/cbc:ID") == ["1041"]
    assert said(root, f"{original}/cbc:IssueDate") == ["2026-09-01"]
    assert said(root, "cac:CreditNoteLine/cbc:CreditedQuantity") == ["12.5"]
    assert ore(root, f"{TOTAL}/cbc:PayableAmount") == [929688]
    assert root.find("cac:PaymentMeans", NAMESPACES) is None
    assert said(root, "cac:PaymentTerms/cbc:Note") == ["Krediterar faktura 1041. Ska inte betalas."]


def test_a_credit_note_may_say_something_else_of_its_payment() -> None:
    root = written(credit_note(payment_terms="Betalas tillbaka till ert bankgiro."))
    assert said(root, "cac:PaymentTerms/cbc:Note") == ["Betalas tillbaka till ert bankgiro."]


def test_the_vat_of_what_is_left_is_written_as_given_not_as_rate_times_base() -> None:
    rest = credit_note(vat_differs=-2)
    root = written(rest)
    assert ore(root, "//cac:TaxSubtotal/cbc:TaxAmount") == [185936]
    assert ore(root, f"{TOTAL}/cbc:TaxInclusiveAmount") == [743750 + 185936]


# ---------------------------------------------------------------- what is missing

EXEMPT = [line(category=VatCategory.EXEMPT, rate=0)]
CONSTRUCTION = [line(category=VatCategory.REVERSE_CHARGE, rate=0)]
SWEDISH_ADDRESS = PeppolAddress(street="Kajen 1", city="Malmö")


@pytest.mark.parametrize(
    ("make", "field", "advice"),
    [
        (lambda: document(number=" "), "number", "Issue the document"),
        (lambda: document(buyer_reference="\n"), "buyer_reference", "order number"),
        (lambda: document([PeppolText("Hej")]), "rows", "Add a row"),
        (
            lambda: document([PeppolText("Hej"), line(description="\x00")]),
            "rows[1].description",
            "what was sold",
        ),
        (lambda: document(EXEMPT), "taxes", "exempt"),
        (lambda: document(seller=replace(SELLER, name="")), "seller.name", "name"),
        (lambda: document(seller=replace(SELLER, org_no=None)), "seller.org_no", "address in Peppol"),
        (lambda: document(seller=replace(SELLER, org_no="5560360794")), "seller.org_no", "check digit"),
        (
            lambda: document(seller=replace(SELLER, org_no="556036-0793")),
            "seller.org_no",
            "Write it as 5560360793",
        ),
        (lambda: document(seller=replace(SELLER, vat_no=None)), "seller.vat_no", "SE556677889901"),
        (lambda: document(seller=replace(SELLER, vat_no="DE136695976")), "seller.vat_no", "Swedish"),
        (lambda: document(seller=replace(SELLER, address=None)), "seller.address", "country"),
        (
            lambda: document(EXEMPT, reason="18 kap.", seller=replace(SELLER, vat_no=None, f_tax=False)),
            "seller.vat_no",
            "VAT number",
        ),
        (lambda: document(buyer=replace(BUYER, name=" ")), "buyer.name", "name"),
        (lambda: document(buyer=replace(BUYER, org_no=None, vat_no=None)), "buyer.org_no", "e-mail or print"),
        (lambda: document(buyer=replace(BUYER, address=None)), "buyer.address", "country"),
        (
            lambda: document(buyer=replace(BUYER, address=PeppolAddress(street="", city="Malmö"))),
            "buyer.address.street",
            "street",
        ),
        (
            lambda: document(buyer=replace(BUYER, address=PeppolAddress(street="Kajen 1", city=" "))),
            "buyer.address.city",
            "city",
        ),
        (
            lambda: document(
                buyer=replace(BUYER, address=PeppolAddress(street="1 Pier", city="Hull", country="UK"))
            ),
            "buyer.address.country",
            "GB",
        ),
        (
            lambda: document(buyer=replace(BUYER, endpoint=PeppolEndpoint(scheme="9955", identifier="SE1"))),
            "buyer.endpoint.scheme",
            "0007",
        ),
        (
            lambda: document(buyer=replace(BUYER, endpoint=PeppolEndpoint(scheme="9930", identifier=" "))),
            "buyer.endpoint.identifier",
            "identifier",
        ),
        (
            lambda: document(
                buyer=replace(BUYER, endpoint=PeppolEndpoint(scheme="0088", identifier="7300010000002"))
            ),
            "buyer.endpoint.identifier",
            "13 digits",
        ),
        (lambda: document(CONSTRUCTION, buyer=replace(BUYER, vat_no=None)), "buyer.vat_no", "liable"),
        (
            lambda: eu_goods(buyer=replace(GERMAN, vat_no="SE556012579001")),
            "buyer.vat_no",
            "another EU country",
        ),
        (lambda: eu_goods(delivery_date=None), "delivery_date", "day of delivery"),
        (lambda: eu_goods(delivery_address=SWEDISH_ADDRESS), "delivery_address", "leave Sweden"),
        (
            lambda: document(delivery_address=PeppolAddress(street="Kajen 1", city="")),
            "delivery_address.city",
            "city",
        ),
        (lambda: document(payment=PeppolPayment(reference="18")), "payment", "IBAN"),
        (lambda: document(payment=PeppolPayment(bankgiro="9912347")), "payment.bankgiro", "check digit"),
        (lambda: document(payment=PeppolPayment(bankgiro="991-2346")), "payment.bankgiro", "9912346"),
        (lambda: document(payment=PeppolPayment(plusgiro="9020034")), "payment.plusgiro", "check digit"),
        (
            lambda: document(payment=PeppolPayment(iban="SE4550000000058398257467")),
            "payment.iban",
            "mistyped",
        ),
        (lambda: document(due_date=None), "due_date", "terms of payment"),
        (lambda: credit_note(original=None), "original", "Name the invoice"),
        (
            lambda: credit_note(original=PeppolOriginal(number="", date=date(2026, 9, 1))),
            "original",
            "Name the invoice",
        ),
    ],
)
def test_what_is_missing_is_told_with_what_to_do(
    make: Callable[[], PeppolDocument], field: str, advice: str
) -> None:
    lacks = missing(make())
    assert [each.field for each in lacks] == [field]
    assert advice in lacks[0].message
    assert lacks[0].message.endswith(".")


def test_all_that_is_missing_is_told_at_once() -> None:
    nobody = PeppolParty(name="Åsa Öhman")
    with pytest.raises(PeppolIncomplete) as caught:
        write_peppol(document(buyer=nobody, buyer_reference=None, payment=PeppolPayment()))
    fields = [each.field for each in caught.value.missing]
    assert fields == ["buyer_reference", "buyer.address", "buyer.org_no", "payment"]
    assert isinstance(caught.value, ValueError)
    assert all(each.message in str(caught.value) for each in caught.value.missing)


# ---------------------------------------------------------------- figures that cannot be true


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: document(net=1), "net"),
        (lambda: document(vat=1), "vat"),
        (lambda: document(total=1), "total"),
        (lambda: document(taxes=()), "rows of each category"),
        (lambda: document([line()], taxes=document([line(rate=12)]).taxes), "rows of each category"),
        (lambda: credit_note([line(quantity=Decimal(-1))]), "positive"),
        (lambda: line(amount=743850), "not quantity"),
        (lambda: line(rate=20), "category S"),
        (lambda: line(rate=0), "category S"),
        (lambda: line(category=VatCategory.EXPORT), "category G"),
        (lambda: PeppolTax(rate=25, base=100000, vat=25100), "not 25 % VAT"),
        (lambda: PeppolTax(category=VatCategory.EXEMPT, rate=0, base=100000, vat=1), "not 0 % VAT"),
        (lambda: PeppolTax(rate=25, base=100000, vat=25000, reason="Undantag"), "reason"),
        (lambda: line(discount_percent=Decimal(101), amount=0), "discount"),
    ],
)
def test_figures_that_do_not_add_up_are_refused(
    make: Callable[[], PeppolDocument | PeppolLine | PeppolTax], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        make()
