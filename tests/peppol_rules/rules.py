"""The rules of Peppol BIS Billing 3.0.21 (May 2026), with Sweden's, over a parsed document.

They are put in our own words, since no package carries current ones and the official file has no licence to
copy by. A rule is a generator of the elements that break it; :func:`rule` enters it in :data:`RULES`, and its
docstring says what it asks. ``test_peppol_rules.py`` plants a breach of every one.

Left out: other countries' national rules, which only their suppliers meet; CL003 and CL006 (codes of charges
and of invoice periods), COMMON-R044-R046 and R050 (addresses in Italy and Australia), none of which we write;
CL007, which EN 16931 has as BR-CL-03.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from lxml import etree
from stdnum import ean, luhn
from stdnum.no import orgnr

type Element = etree._Element
type Broken = Iterator[Element]
type Check = Callable[[Document], Broken]

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
NAMESPACES = {"cac": f"{_UBL}CommonAggregateComponents-2", "cbc": f"{_UBL}CommonBasicComponents-2"}

_SLACK = Decimal("0.02")
_SELLER = "cac:AccountingSupplierParty/cac:Party"
_BUYER = "cac:AccountingCustomerParty/cac:Party"
_COUNTRY = "cac:PostalAddress/cac:Country/cbc:IdentificationCode"
_VAT_NO = "cac:PartyTaxScheme[cac:TaxScheme/cbc:ID = 'VAT']/cbc:CompanyID"
_LINES = "//cac:InvoiceLine | //cac:CreditNoteLine"
_ALLOWANCES = f"/*/cac:AllowanceCharge | ({_LINES})/cac:AllowanceCharge"

_CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
_PROFILE = re.compile(
    r"urn:fdc:peppol\.eu:2017:poacc:billing:01:1\.0|urn:peppol:bis:billing_with_response"
    r"|urn:peppol:france:billing:(?:non-)?regulated"
)
_INVOICE_TYPES = (
    "71 80 82 84 102 218 219 326 331 380 382 383 384 386 388 393 395 553 575 623 780 817 870 875 876 877"
)
_CREDIT_NOTE_TYPES = "381 396 81 83 532"
_ALLOWANCE_REASONS = "41 42 60 62 63 64 65 66 67 68 70 71 88 95 100 102 103 104 105"
_MIME_TYPES = (
    "application/pdf image/png image/jpeg text/csv application/vnd.oasis.opendocument.spreadsheet "
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)
_ADDRESS_SCHEMES = (
    "0002 0007 0009 0060 0088 0096 0097 0106 0130 0135 0142 0151 0183 0184 0188 0190 0191 0192 0195 0196 "
    "0198 0199 0200 0201 0204 0208 0209 0210 0211 0216 0218 0221 0225 0230 0235 0240 0242 0244 0245 0246 "
    "0248 9910 9913 9914 9915 9918 9919 9920 9922 9923 9924 9925 9926 9927 9928 9929 9930 9931 9932 9933 "
    "9934 9935 9936 9937 9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948 9949 9950 9951 9952 9953 "
    "9957 9959"
)


class Document:
    """An invoice or credit note, asked by paths."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.is_invoice = etree.QName(root).localname == "Invoice"
        self.known_process = _PROFILE.fullmatch(_said(root, "cbc:ProfileID")) is not None
        self.swedish_seller = _said(root, f"{_SELLER}/{_COUNTRY}") == "SE"
        self.swedish_buyer = _said(root, f"{_BUYER}/{_COUNTRY}") == "SE"
        self.swedish_vat = self.swedish_seller and _said(root, f"{_SELLER}/{_VAT_NO}")[:2] == "SE"
        self.german = all(_said(root, f"{party}/{_COUNTRY}").upper() == "DE" for party in (_SELLER, _BUYER))

    def all(self, path: str) -> list[Element]:
        """Every element at a path from the root."""
        return _all(self.root, path)

    def said(self, path: str) -> str:
        """What stands first at a path from the root; nothing if it is not there."""
        return _said(self.root, path)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a document must be."""

    identifier: str
    fatal: bool
    text: str
    check: Check


RULES: dict[str, Rule] = {}
"""Every rule by its official identifier."""


def rule(identifier: str, *, fatal: bool = True) -> Callable[[Check], Check]:
    """Enter a check in :data:`RULES`."""

    def enter(check: Check) -> Check:
        assert identifier not in RULES
        RULES[identifier] = Rule(identifier, fatal, check.__doc__ or "", check)
        return check

    return enter


# ---------------------------------------------------------------- reading


def _all(element: Element, path: str) -> list[Element]:
    found = element.xpath(path, namespaces=NAMESPACES)
    assert isinstance(found, list)
    return [each for each in found if isinstance(each, etree._Element)]


def _text(element: Element) -> str:
    return " ".join(str(element.xpath("string()")).split())


def _said(element: Element, path: str) -> str:
    found = _all(element, path)
    return _text(found[0]) if found else ""


def _number(element: Element, path: str, default: str) -> Decimal:
    return Decimal(_said(element, path) or default)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-11-23")


def _is_org_no(text: str) -> bool:
    return text.isdecimal() and len(text) >= 10 and luhn.is_valid(text[:10])


# ---------------------------------------------------------------- the document


@rule("PEPPOL-EN16931-R001")
def has_a_process(document: Document) -> Broken:
    """The business process is told."""
    if not document.all("cbc:ProfileID"):
        yield document.root


@rule("PEPPOL-EN16931-R002")
def has_one_note(document: Document) -> Broken:
    """There is one note at most, unless seller and buyer are German."""
    if not document.german:
        yield from document.all("cbc:Note")[1:]


@rule("PEPPOL-EN16931-R003")
def has_a_reference(document: Document) -> Broken:
    """The buyer's reference or order is told."""
    if not document.all("cbc:BuyerReference | cac:OrderReference/cbc:ID"):
        yield document.root


@rule("PEPPOL-EN16931-R004")
def follows_the_specification(document: Document) -> Broken:
    """The specification is Peppol's."""
    customization = document.said("cbc:CustomizationID")
    if not customization.startswith(_CUSTOMIZATION) or "::" in customization:
        yield document.root


@rule("PEPPOL-EN16931-R005")
def vat_currency_is_another(document: Document) -> Broken:
    """A currency for VAT is told only where it is not the document's."""
    for currency in document.all("cbc:TaxCurrencyCode"):
        if _text(currency) == document.said("cbc:DocumentCurrencyCode"):
            yield currency


@rule("PEPPOL-EN16931-R007")
def process_is_known(document: Document) -> Broken:
    """The business process is one that Peppol knows."""
    if not document.known_process:
        yield document.root


@rule("PEPPOL-EN16931-R008")
def nothing_is_empty(document: Document) -> Broken:
    """No element is empty."""
    yield from document.all("//*[not(*) and not(normalize-space())]")


@rule("PEPPOL-EN16931-R010")
def buyer_has_an_address(document: Document) -> Broken:
    """The buyer has an electronic address."""
    yield from document.all(f"{_BUYER}[not(cbc:EndpointID)]")


@rule("PEPPOL-EN16931-R020")
def seller_has_an_address(document: Document) -> Broken:
    """The seller has an electronic address."""
    yield from document.all(f"{_SELLER}[not(cbc:EndpointID)]")


@rule("PEPPOL-EN16931-R061")
def direct_debit_has_a_mandate(document: Document) -> Broken:
    """Direct debit names its mandate."""
    for means in document.all("cac:PaymentMeans[not(cac:PaymentMandate/cbc:ID)]"):
        if _said(means, "cbc:PaymentMeansCode") in {"49", "59"}:
            yield means


@rule("PEPPOL-EN16931-R080")
def credits_one_project(document: Document) -> Broken:
    """A credit note is of one project at most."""
    if not document.is_invoice:
        yield from document.all("cac:AdditionalDocumentReference[cbc:DocumentTypeCode = '50']")[1:]


@rule("BR-CO-25")
def says_when_to_pay(document: Document) -> Broken:
    """There is a due date, or terms of payment, where something is to be paid."""
    # EN 16931 has it; its stylesheet has left it out since 1.3.16, those of older receivers have not.
    when = document.all("cbc:DueDate | cac:PaymentMeans/cbc:PaymentDueDate | cac:PaymentTerms/cbc:Note")
    if not when and _number(document.root, "cac:LegalMonetaryTotal/cbc:PayableAmount", "0") > 0:
        yield document.root


# ---------------------------------------------------------------- discounts and charges


@rule("PEPPOL-EN16931-R040")
def discount_is_its_percentage(document: Document) -> Broken:
    """A discount or charge in percent is that percentage of its base."""
    for each in document.all(f"({_ALLOWANCES})[cbc:MultiplierFactorNumeric and cbc:BaseAmount]"):
        share = _number(each, "cbc:BaseAmount", "") * _number(each, "cbc:MultiplierFactorNumeric", "")
        if abs(_number(each, "cbc:Amount", "0") - share / 100) > _SLACK:
            yield each


@rule("PEPPOL-EN16931-R041")
def percentage_has_a_base(document: Document) -> Broken:
    """A percentage has a base amount."""
    yield from document.all(f"({_ALLOWANCES})[cbc:MultiplierFactorNumeric and not(cbc:BaseAmount)]")


@rule("PEPPOL-EN16931-R042")
def base_has_a_percentage(document: Document) -> Broken:
    """A base amount has a percentage."""
    yield from document.all(f"({_ALLOWANCES})[cbc:BaseAmount and not(cbc:MultiplierFactorNumeric)]")


@rule("PEPPOL-EN16931-R043")
def discount_or_charge(document: Document) -> Broken:
    """It is said which it is: a charge is true, a discount false."""
    both_or_neither = "boolean(cbc:MultiplierFactorNumeric) = boolean(cbc:BaseAmount)"
    for each in document.all(f"({_ALLOWANCES})[{both_or_neither}]"):
        if _said(each, "cbc:ChargeIndicator") not in {"true", "false"}:
            yield each


@rule("PEPPOL-EN16931-R044")
def price_has_no_charge(document: Document) -> Broken:
    """A price can be lowered by a discount, not raised by a charge."""
    for each in document.all("//cac:Price/cac:AllowanceCharge"):
        if _said(each, "cbc:ChargeIndicator") != "false":
            yield each


@rule("PEPPOL-EN16931-R046")
def net_price_is_gross_less_discount(document: Document) -> Broken:
    """The net price is the gross price less the discount."""
    for each in document.all("//cac:Price/cac:AllowanceCharge[cbc:BaseAmount]"):
        net = _number(each, "cbc:BaseAmount", "") - _number(each, "cbc:Amount", "0")
        if _number(each, "../cbc:PriceAmount", "0") != net:
            yield each


# ---------------------------------------------------------------- sums


@rule("PEPPOL-EN16931-R051")
def amounts_are_in_the_documents_currency(document: Document) -> Broken:
    """Every amount is in the document's currency, but for the VAT in another."""
    currency = document.said("cbc:DocumentCurrencyCode")
    for each in document.all("//cbc:*[@currencyID][not(parent::cac:TaxTotal[not(cac:TaxSubtotal)])]"):
        if each.get("currencyID") != currency:
            yield each


@rule("PEPPOL-EN16931-R053")
def has_one_tax_total(document: Document) -> Broken:
    """There is one total of VAT with its parts."""
    if len(document.all("cac:TaxTotal[cac:TaxSubtotal]")) != 1:
        yield document.root


@rule("PEPPOL-EN16931-R054")
def has_one_total_in_the_vat_currency(document: Document) -> Broken:
    """There is one total of VAT without parts where VAT has its own currency, else none."""
    totals = document.all("cac:TaxTotal[not(cac:TaxSubtotal)]")
    if len(totals) != len(document.all("cbc:TaxCurrencyCode")):
        yield document.root


@rule("PEPPOL-EN16931-R055")
def vat_has_one_sign(document: Document) -> Broken:
    """VAT has the same sign in both currencies."""
    if not document.all("cbc:TaxCurrencyCode"):
        return
    totals = document.all("cac:TaxTotal/cbc:TaxAmount")
    amounts = {each.get("currencyID"): Decimal(_text(each)) for each in totals}
    own = amounts.get(document.said("cbc:DocumentCurrencyCode"))
    other = amounts.get(document.said("cbc:TaxCurrencyCode"))
    if own is None or other is None or own * other < 0:
        yield document.root


# ---------------------------------------------------------------- rows


@rule("PEPPOL-EN16931-R100")
def line_has_one_object(document: Document) -> Broken:
    """A row refers to one document at most."""
    yield from document.all(f"({_LINES})[count(cac:DocumentReference) > 1]")


@rule("PEPPOL-EN16931-R101")
def line_refers_to_an_object(document: Document) -> Broken:
    """The document that a row refers to is an invoiced object."""
    yield from document.all(
        f"({_LINES})[cac:DocumentReference and not(cac:DocumentReference/cbc:DocumentTypeCode = '130')]"
    )


@rule("PEPPOL-EN16931-R110")
def line_starts_within_the_period(document: Document) -> Broken:
    """A row's period starts no earlier than the document's."""
    start = document.said("cac:InvoicePeriod/cbc:StartDate")
    for each in document.all(f"({_LINES})/cac:InvoicePeriod/cbc:StartDate"):
        if start and _text(each) < start:
            yield each


@rule("PEPPOL-EN16931-R111")
def line_ends_within_the_period(document: Document) -> Broken:
    """A row's period ends no later than the document's."""
    end = document.said("cac:InvoicePeriod/cbc:EndDate")
    for each in document.all(f"({_LINES})/cac:InvoicePeriod/cbc:EndDate"):
        if end and _text(each) > end:
            yield each


@rule("PEPPOL-EN16931-R120")
def line_adds_up(document: Document) -> Broken:
    """A row is quantity times price, with its charges, less its discounts."""
    quantity = "cbc:InvoicedQuantity" if document.is_invoice else "cbc:CreditedQuantity"
    for line in document.all(_LINES):
        price = _number(line, "cac:Price/cbc:PriceAmount", "0")
        per = _number(line, "cac:Price/cbc:BaseQuantity", "1") or Decimal(1)
        made = _number(line, quantity, "1") * (price / per) + _sum(line, "true") - _sum(line, "false")
        if abs(_number(line, "cbc:LineExtensionAmount", "0") - made) > _SLACK:
            yield line


def _sum(line: Element, indicator: str) -> Decimal:
    amounts = f"cac:AllowanceCharge[normalize-space(cbc:ChargeIndicator) = '{indicator}']/cbc:Amount"
    total = sum((Decimal(_text(each)) for each in _all(line, amounts)), Decimal(0))
    return total.quantize(Decimal("0.01"), ROUND_HALF_UP)


@rule("PEPPOL-EN16931-R121")
def price_is_per_something(document: Document) -> Broken:
    """The quantity that a price is for is above zero."""
    for each in document.all("//cac:Price/cbc:BaseQuantity"):
        if Decimal(_text(each)) <= 0:
            yield each


@rule("PEPPOL-EN16931-R130")
def price_is_per_the_rows_unit(document: Document) -> Broken:
    """The quantity that a price is for has the row's unit."""
    for line in document.all(_LINES):
        units = {each.get("unitCode") for each in _all(line, "cbc:InvoicedQuantity | cbc:CreditedQuantity")}
        for each in _all(line, "cac:Price/cbc:BaseQuantity[@unitCode]"):
            if units and each.get("unitCode") not in units:
                yield each


# ---------------------------------------------------------------- codes and forms


@rule("PEPPOL-EN16931-CL001")
def attachment_is_of_a_known_type(document: Document) -> Broken:
    """An attachment is of a type that everybody can read."""
    for each in document.all("//cbc:EmbeddedDocumentBinaryObject[@mimeCode]"):
        if each.get("mimeCode") not in _MIME_TYPES.split():
            yield each


@rule("PEPPOL-EN16931-CL002")
def discount_has_a_known_reason(document: Document) -> Broken:
    """The code of a discount's reason is one of UNCL 5189."""
    discounts = "//cac:AllowanceCharge[cbc:ChargeIndicator = 'false']"
    for each in document.all(f"{discounts}/cbc:AllowanceChargeReasonCode"):
        if _text(each) not in _ALLOWANCE_REASONS.split():
            yield each


@rule("PEPPOL-EN16931-CL008")
def address_scheme_is_known(document: Document) -> Broken:
    """The scheme of an electronic address is in the code list EAS."""
    for each in document.all("//cbc:EndpointID[@schemeID]"):
        if each.get("schemeID") not in _ADDRESS_SCHEMES.split():
            yield each


@rule("PEPPOL-EN16931-P0100")
def invoice_type_is_known(document: Document) -> Broken:
    """An invoice is of a type that the process knows."""
    for each in document.all("cbc:InvoiceTypeCode"):
        if document.known_process and _text(each) not in _INVOICE_TYPES.split():
            yield each


@rule("PEPPOL-EN16931-P0101")
def credit_note_type_is_known(document: Document) -> Broken:
    """A credit note is of a type that the process knows."""
    for each in document.all("cbc:CreditNoteTypeCode"):
        if document.known_process and _text(each) not in _CREDIT_NOTE_TYPES.split():
            yield each


@rule("PEPPOL-EN16931-P0112")
def german_types_stay_in_germany(document: Document) -> Broken:
    """Partial and corrected invoices are for German sellers and buyers."""
    for each in document.all("cbc:InvoiceTypeCode"):
        if _text(each) in {"326", "384"} and not document.german:
            yield each


@rule("PEPPOL-EN16931-F001")
def dates_are_dates(document: Document) -> Broken:
    """A date is written as 2026-11-23."""
    names = ("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
    for each in document.all(" | ".join(f"//cbc:{name}" for name in names)):
        if not _is_date(each.text or ""):
            yield each


def _enter_exemptions() -> None:
    """Each code of a reason to be without VAT goes with one category."""
    codes = {"G": "G", "O": "O", "IC": "K", "AE": "AE", "D": "E", "F": "E", "I": "E", "J": "E"}
    for number, (code, category) in enumerate(codes.items(), 104):

        def check(document: Document, code: str = f"VATEX-EU-{code}", category: str = category) -> Broken:
            for each in document.all("//cac:TaxCategory"):
                said = _said(each, "cbc:TaxExemptionReasonCode").upper()
                if said == code and _said(each, "cbc:ID") != category:
                    yield each

        check.__doc__ = f"VATEX-EU-{code} goes with category {category}."
        rule(f"PEPPOL-EN16931-P0{number}")(check)


_enter_exemptions()


# ---------------------------------------------------------------- numbers of companies


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text, re.ASCII) is not None


def _is_gln(text: str) -> bool:
    return text.isdecimal() and ean.calc_check_digit(text[:-1]) == text[-1]


def _is_belgian(text: str) -> bool:
    return _matches(r"\d{10}")(text) and 97 - int(text[:8]) % 97 == int(text[8:])


def _is_italian(text: str) -> bool:
    return text[:2].upper() != "IT" or (len(text) == 13 and text[2:].isdecimal() and luhn.is_valid(text[2:]))


def _enter_numbers() -> None:
    """Electronic addresses and company numbers have the form of their scheme."""
    forms: dict[str, tuple[str, Callable[[str], bool], bool]] = {
        "R040": ("0088", _is_gln, True),
        "R041": ("0192", orgnr.is_valid, True),
        "R042": ("0184", _matches(r"(DK)?\d{8}"), True),
        "R043": ("0208", _is_belgian, True),
        "R047": ("0211", _is_italian, False),
        "R049": ("0007", lambda text: len(text) == 10 and _is_org_no(text), True),
        "R052": ("0096", _matches(r"\d{10}"), True),
        "R053": ("0198", _matches(r"DK\d{8}"), True),
        "R054": ("0106", _matches(r"\d{8}"), False),
        "R055": ("0190", _matches(r"\d{20}"), False),
        "R056-1": ("9944", _matches(r"NL\d{9}B\d{2}"), False),
        "R057": ("0217", _matches(r"\d{12}"), False),
    }
    for number, (scheme, is_right, fatal) in forms.items():

        def check(
            document: Document, scheme: str = scheme, is_right: Callable[[str], bool] = is_right
        ) -> Broken:
            for path in ("//cbc:EndpointID", "//cac:PartyIdentification/cbc:ID", "//cbc:CompanyID"):
                for each in document.all(f"{path}[@schemeID = '{scheme}']"):
                    if not is_right(_text(each)):
                        yield each

        check.__doc__ = f"An identifier of scheme {scheme} has the scheme's form."
        rule(f"PEPPOL-COMMON-{number}", fatal=fatal)(check)


_enter_numbers()


@rule("PEPPOL-COMMON-R056-2", fatal=False)
def dutch_vat_number_has_its_form(document: Document) -> Broken:
    """A Dutch VAT number has the Dutch form."""
    for each in document.all(f"//{_VAT_NO}"):
        if _text(each).startswith("NL") and not _matches(r"NL\d{9}B\d{2}")(_text(each)):
            yield each


# ---------------------------------------------------------------- Sweden


@rule("SE-R-001")
def vat_number_has_its_length(document: Document) -> Broken:
    """A Swedish seller's VAT number has 14 signs."""
    if document.swedish_vat and len(document.said(f"{_SELLER}/{_VAT_NO}")) != 14:
        yield from document.all(f"{_SELLER}/{_VAT_NO}")


@rule("SE-R-002")
def vat_number_is_digits(document: Document) -> Broken:
    """A Swedish seller's VAT number is digits after SE."""
    if document.swedish_vat and not document.said(f"{_SELLER}/{_VAT_NO}")[2:14].isdecimal():
        yield from document.all(f"{_SELLER}/{_VAT_NO}")


def _org_nos(document: Document) -> list[Element]:
    return document.all(f"{_SELLER}/cac:PartyLegalEntity/cbc:CompanyID") if document.swedish_seller else []


@rule("SE-R-003")
def org_no_is_digits(document: Document) -> Broken:
    """A Swedish seller's organisation number is digits."""
    yield from (each for each in _org_nos(document) if not _text(each).isdecimal())


@rule("SE-R-004")
def org_no_has_its_length(document: Document) -> Broken:
    """A Swedish seller's organisation number has ten signs."""
    yield from (each for each in _org_nos(document) if len(_text(each)) != 10)


@rule("SE-R-013")
def org_no_has_its_check_digit(document: Document) -> Broken:
    """A Swedish seller's organisation number has a right check digit."""
    yield from (each for each in _org_nos(document) if not _is_org_no(_text(each)))


@rule("SE-R-005")
def f_tax_is_said_in_words(document: Document) -> Broken:
    """A Swedish seller's tax registration other than VAT says Godkänd för F-skatt."""
    if _org_nos(document):
        for scheme in document.all(f"{_SELLER}/cac:PartyTaxScheme"):
            if _said(scheme, "cac:TaxScheme/cbc:ID").upper() != "VAT":
                for each in _all(scheme, "cbc:CompanyID"):
                    if _text(each).upper() != "GODKÄND FÖR F-SKATT":
                        yield each


@rule("SE-R-006")
def rate_is_swedish(document: Document) -> Broken:
    """A Swedish seller's rate is 25, 12 or 6."""
    if document.swedish_vat:
        for each in document.all("(//cac:TaxCategory | //cac:ClassifiedTaxCategory)[cbc:ID = 'S']"):
            if _number(each, "cbc:Percent", "-1") not in {25, 12, 6}:
                yield each


def _accounts(document: Document, branch: str) -> list[Element]:
    """The accounts of a Swedish seller at one of the giros."""
    if not document.swedish_seller:
        return []
    return [
        account
        for means in document.all("//cac:PaymentMeans[normalize-space(cbc:PaymentMeansCode) = '30']")
        if _said(means, "cac:PayeeFinancialAccount/cac:FinancialInstitutionBranch/cbc:ID") == branch
        for account in _all(means, "cac:PayeeFinancialAccount/cbc:ID")
    ]


@rule("SE-R-007", fatal=False)
def plusgiro_is_digits(document: Document) -> Broken:
    """A plusgiro number is digits."""
    yield from (each for each in _accounts(document, "SE:PLUSGIRO") if not _text(each).isdecimal())


@rule("SE-R-010", fatal=False)
def plusgiro_has_its_length(document: Document) -> Broken:
    """A plusgiro number has 2-8 signs."""
    yield from (each for each in _accounts(document, "SE:PLUSGIRO") if not 2 <= len(_text(each)) <= 8)


@rule("SE-R-008", fatal=False)
def bankgiro_is_digits(document: Document) -> Broken:
    """A bankgiro number is digits."""
    yield from (each for each in _accounts(document, "SE:BANKGIRO") if not _text(each).isdecimal())


@rule("SE-R-009", fatal=False)
def bankgiro_has_its_length(document: Document) -> Broken:
    """A bankgiro number has 7 or 8 signs."""
    yield from (each for each in _accounts(document, "SE:BANKGIRO") if len(_text(each)) not in {7, 8})


@rule("SE-R-011", fatal=False)
def giro_is_a_credit_transfer(document: Document) -> Broken:
    """A Swedish seller tells a giro with code 30 and its branch, not with 50 or 56."""
    if document.swedish_seller:
        yield from document.all("//cac:PaymentMeans[cbc:PaymentMeansCode[. = '50' or . = '56']]")


@rule("SE-R-012", fatal=False)
def domestic_transfer_has_code_30(document: Document) -> Broken:
    """A transfer within Sweden has code 30, not 31."""
    if document.swedish_seller and document.swedish_buyer:
        yield from document.all("//cac:PaymentMeans[cbc:PaymentMeansCode = '31']")
