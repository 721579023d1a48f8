"""The columns of a register's file: by which names they are known, and how a cell is read and written.

Names are those that Swedish invoicing programs give their columns, in Swedish and English, and those of our
own API. Capitals, blanks and signs do not count. What is written under the first name of each column reads
back as what it was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from samklang.formats.countries import country_code
from samklang.formats.identity import format_org_no, format_postcode, parse_org_no, parse_vat_no
from samklang.formats.tables import TableError, read_decimal
from samklang.platform.money import LIMIT, format_sek

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from samklang.formats.tables import Cell
    from samklang.invoicing.model.registers import Article, Customer, CustomerAddress
    from samklang.invoicing.vat import VatClass


@dataclass(frozen=True, slots=True)
class Column[Entry]:
    """One column of a register's file."""

    field: str
    """What it holds; a part of an address behind a point."""
    names: str
    """Parted by commas; the first is what we write."""
    show: Callable[[Entry], Cell]
    read: Callable[[str], Any] = str
    """The text of a cell as the model takes it, or a ValueError that says what to write."""

    @property
    def header(self) -> str:
        """The name we write."""
        return self.names.partition(",")[0]


_UNITS = {"kr", "sek", "dagar", "days"}


def folded(text: str) -> str:
    """A name without what does not count: capitals, blanks, signs, and in which unit the column is."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return "".join(word for word in words if word not in _UNITS)


def understood[Entry](
    headers: Sequence[str], columns: Sequence[Column[Entry]], needed: Sequence[str]
) -> dict[str, Column[Entry]]:
    """Which columns of a file are which of ours, by header.

    Args:
        headers: the names of the file's columns.
        columns: ours.
        needed: fields without which no row can be new; not asked for if the file tells numbers, since its
            rows may then all be about what is in the register.

    Raises:
        TableError: two columns are the same, or one that is needed is missing.
    """
    by_name = {
        folded(name): column for column in columns for name in (*column.names.split(","), column.field)
    }
    found = {header: by_name[folded(header)] for header in headers if folded(header) in by_name}
    headers_of: dict[str, str] = {}
    for header, column in found.items():
        if (first := headers_of.setdefault(column.field, header)) != header:
            message = f'The columns "{first}" and "{header}" mean the same: remove or rename one of them.'
            raise TableError("column-twice", message, column=header)
    for column in columns:
        if column.field in needed and not headers_of.keys() & {column.field, "number"}:
            there = ", ".join(f'"{header[:_SHOWN]}"' for header in headers[:_SHOWN])
            message = (
                f'The file needs a column "{column.header}". Its columns are {there}: rename the right one.'
            )
            raise TableError("column-missing", message, column=column.header)
    return found


_SHOWN = 40
"""Characters of a header, and headers, shown in a message."""


# ---------------------------------------------------------------- reading cells


def _one_of(choices: Mapping[Any, str]) -> Callable[[str], Any]:
    """A reader of texts that each mean one of few values; the first text of each is what we write."""
    values = {folded(text): value for value, texts in choices.items() for text in texts.split(",")}
    shown = ", ".join(f'"{texts.partition(",")[0]}"' for texts in choices.values())

    def read(text: str) -> Any:
        try:
            return values[folded(text)]
        except KeyError:
            raise ValueError(f"must be one of {shown}") from None

    return read


_YES = {
    True: "Ja, J, Yes, Y, True, Sant, 1, X, Aktiv, Active",
    False: "Nej, N, No, False, Falskt, 0, Inaktiv, Inactive",
}
_CUSTOMER_KINDS = {
    "company": "Företag, Företagskund, Juridisk person, Company, Corporation, Business",
    "private": "Privat, Privatperson, Privatkund, Private, Individual, Person",
}
_CHANNELS = {
    "email": "E-post, Mejl, Mail, Email",
    "einvoice": "E-faktura, Elektronisk faktura, Peppol, Einvoice",
    "print": "Utskrift, Post, Brev, Papper, Print, Paper",
}
_TREATMENTS = {
    "domestic": "Svensk moms, Sverige, SE, SE moms, SEVAT, Domestic",
    "construction": (
        "Omvänd byggmoms, Omvänd betalningsskyldighet, Omvänd skattskyldighet, Omvänd moms, Byggmoms, "
        "SE omvänd, SEREVERSEDVAT, Construction"
    ),
    "eu": "EU, EU-land, EU omvänd, EU omvänd moms, EU omvänd skattskyldighet, EUREVERSEDVAT",
    "export": "Export, Utanför EU",
    "exempt": "Momsfri, Momsbefriad, Undantagen, Exempt",
}
_ARTICLE_KINDS = {
    "goods": "Vara, Varor, Lager, Lagervara, Lagerartikel, Goods, Stock",
    "service": "Tjänst, Tjänster, Service, Services",
}
_VAT_CLASSES: dict[VatClass, str] = {
    "standard": "25, Standard",
    "food": "Livsmedel, Mat, Food",
    "reduced": "12, Reduced",
    "low": "6, Low",
    "none": "0, Momsfri, Ingen moms, None",
}
_RATES = ("25", "12", "6", "0")
_vat_class_named = _one_of(_VAT_CLASSES)

_TERMS = re.compile(
    r"(?:(?:netto|net|nto)\s*)?(?P<days>-?[0-9]{1,9})\s*(?:d|dgr|dag|dagar|days?)?\.?(?:\s*(?:netto|net|nto))?"
)
_LONGEST_TERMS = 365
_AT_ONCE = {"kontant", "kontantbetalning", "k", "omgående", "cash"}


def _read_terms(text: str) -> int:
    plain = " ".join(text.casefold().split())
    if plain in _AT_ONCE:
        return 0
    if (match := _TERMS.fullmatch(plain)) and 0 <= (days := int(match["days"])) <= _LONGEST_TERMS:
        return days
    raise ValueError('must be 0 to 365 days, such as "30", "30 dagar netto" or "Kontant"')


def _read_price(text: str) -> str:
    ore = read_decimal(text) * 100
    if abs(ore) > _DEAREST:
        raise ValueError(f"must be at most {format_sek(_DEAREST)} kronor")
    if ore != ore.to_integral_value():
        raise ValueError("has parts of an öre: write at most two decimals")
    return format_sek(int(ore))


_DEAREST = LIMIT // 1000
"""Öre; the limit of the register."""


def _read_vat(text: str) -> dict[str, str]:
    """A rate, or the class of what has a rate of its own."""
    try:
        rate = format(read_decimal(text).normalize(), "f")
    except ValueError:
        try:
            return {"vat_class": _vat_class_named(text)}
        except ValueError:
            rate = ""
    if rate in _RATES:
        return {"vat_rate": rate}
    raise ValueError('must be 25, 12, 6 or 0 percent, "Livsmedel" or "Momsfri"')


# ---------------------------------------------------------------- writing cells


def _first(choices: Mapping[Any, str], value: Any) -> str:
    return choices[value].partition(",")[0]


def _show_org_no(customer: Customer) -> str | None:
    return format_org_no(customer.org_no) if customer.org_no else None


def _show_vat(article: Article) -> Cell:
    text = _first(_VAT_CLASSES, article.vat_class)
    return int(text) if text.isdecimal() else text


type _AddressOf = Callable[[Customer], CustomerAddress | None]


def _part(of: _AddressOf, part: str) -> Callable[[Customer], Cell]:
    def show(customer: Customer) -> Cell:
        address = of(customer)
        return getattr(address, part) if address else None

    return show


def _postcode(of: _AddressOf) -> Callable[[Customer], Cell]:
    def show(customer: Customer) -> Cell:
        address = of(customer)
        if address and address.country == "SE":
            return format_postcode(address.postcode)
        return address.postcode if address else None

    return show


def _invoice_address(customer: Customer) -> CustomerAddress | None:
    return customer.address


def _delivery_address(customer: Customer) -> CustomerAddress | None:
    return customer.delivery_address


# ---------------------------------------------------------------- the columns

CUSTOMER_COLUMNS: tuple[Column[Customer], ...] = (
    Column(
        "number",
        "Kundnr, Kundnummer, Nr, Nummer, Customer no, Customer number",
        lambda customer: customer.number,
    ),
    Column(
        "name",
        "Namn, Kundnamn, Företagsnamn, Customer name, Company name",
        lambda customer: customer.name,
    ),
    Column(
        "kind",
        "Kundtyp, Typ, Customer type, Type",
        lambda customer: _first(_CUSTOMER_KINDS, customer.kind),
        _one_of(_CUSTOMER_KINDS),
    ),
    Column(
        "org_no",
        "Org.nr, Orgnummer, Organisationsnr, Organisationsnummer, Personnr, Personnummer, Org.nr/Personnr, "
        "Orgnr/Persnr, Org/Pers.nr, Organisationsnummer/Personnummer, Organisations-/personnummer, "
        "Corporate identity number, Organisation number, Organization number, Company registration number",
        _show_org_no,
        parse_org_no,
    ),
    Column(
        "vat_no",
        "Momsreg.nr, Momsregistreringsnr, Momsregistreringsnummer, Momsnr, Momsnummer, VAT-nr, VAT-nummer, "
        "VAT number, VAT reg no, VAT registration number",
        lambda customer: customer.vat_no,
        parse_vat_no,
    ),
    Column(
        "email",
        "E-post, E-postadress, Mejl, Mejladress, Mail, Mailadress, Email address",
        lambda customer: customer.email,
    ),
    Column(
        "phone",
        "Telefon, Telefon 1, Telefonnr, Telefonnummer, Tel, Phone number, Telephone",
        lambda customer: customer.phone,
    ),
    Column(
        "address.street",
        "Adress, Adress 1, Adressrad 1, Gata, Gatuadress, Postadress, Postadress 1, Fakturaadress, "
        "Fakturaadress 1, Address, Address 1, Street, Street address, Invoice address",
        _part(_invoice_address, "street"),
    ),
    Column(
        "address.postcode",
        "Postnr, Postnummer, Fakturapostnr, Fakturapostnummer, Postcode, Postal code, Zip, Zip code",
        _postcode(_invoice_address),
    ),
    Column(
        "address.city",
        "Ort, Postort, Stad, Fakturaort, Fakturapostort, City, Town",
        _part(_invoice_address, "city"),
    ),
    Column(
        "address.country",
        "Land, Landskod, Fakturaland, Country, Country code",
        _part(_invoice_address, "country"),
        country_code,
    ),
    Column(
        "delivery_address.street",
        "Leveransadress, Leveransadress 1, Delivery address, Delivery address 1",
        _part(_delivery_address, "street"),
    ),
    Column(
        "delivery_address.postcode",
        "Leveranspostnr, Leveranspostnummer, Leveransadress postnr, Leveransadress postnummer, "
        "Delivery postcode",
        _postcode(_delivery_address),
    ),
    Column(
        "delivery_address.city",
        "Leveransort, Leveranspostort, Leveransadress ort, Leveransadress postort, Delivery city",
        _part(_delivery_address, "city"),
    ),
    Column(
        "delivery_address.country",
        "Leveransland, Leveranslandskod, Leveransadress land, Delivery country",
        _part(_delivery_address, "country"),
        country_code,
    ),
    Column(
        "delivery",
        "Leveranssätt, Fakturaleverans, Leveranssätt faktura, Fakturasätt, Faktureringssätt, "
        "Invoice delivery",
        lambda customer: _first(_CHANNELS, customer.delivery),
        _one_of(_CHANNELS),
    ),
    Column(
        "payment_terms_days",
        "Betalningsvillkor, Betalvillkor, Bet.villkor, Kredittid, Kreditdagar, Betalningstid, Payment terms, "
        "Terms of payment",
        lambda customer: customer.payment_terms_days,
        _read_terms,
    ),
    Column(
        "vat_treatment",
        "Momstyp, Momshantering, Momsbehandling, VAT type",
        lambda customer: _first(_TREATMENTS, customer.vat_treatment),
        _one_of(_TREATMENTS),
    ),
    Column(
        "your_reference",
        "Er referens, Er ref, Kundens referens, Referens, Kontaktperson, Contact person",
        lambda customer: customer.your_reference,
    ),
    Column("active", "Aktiv", lambda customer: _first(_YES, customer.active), _one_of(_YES)),
)

ARTICLE_COLUMNS: tuple[Column[Article], ...] = (
    Column(
        "number",
        "Artikelnr, Artikelnummer, Art.nr, Produktnr, Produktnummer, Nr, Nummer, SKU, Article no, "
        "Article number, Item no, Product number",
        lambda article: article.number,
    ),
    Column(
        "name",
        "Benämning, Artikelnamn, Produktnamn, Namn, Article name, Product name",
        lambda article: article.name,
    ),
    Column("unit", "Enhet", lambda article: article.unit),
    Column(
        "unit_price",
        "Pris, Pris exkl. moms, Pris ex moms, Á-pris, À-pris, A-pris, Utpris, Försäljningspris, "
        "Försäljningspris exkl. moms, Enhetspris, Styckpris, Price, Net price, Sales price, Selling price",
        lambda article: Decimal(article.unit_price).scaleb(-2),
        _read_price,
    ),
    Column(
        "vat",
        "Moms, Momssats, Momsprocent, Momsklass, VAT rate, VAT class",
        _show_vat,
        _read_vat,
    ),
    Column(
        "kind",
        "Typ, Artikeltyp, Produkttyp, Vara/Tjänst, Article type, Type",
        lambda article: _first(_ARTICLE_KINDS, article.kind),
        _one_of(_ARTICLE_KINDS),
    ),
    Column("active", "Aktiv", lambda article: _first(_YES, article.active), _one_of(_YES)),
)
