import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats.countries import CODES, country_code
from samklang.formats.tables import TableError
from samklang.invoicing.model.registers import Article, Customer
from samklang.invoicing.register_columns import ARTICLE_COLUMNS, CUSTOMER_COLUMNS, Column, folded, understood

REGISTERS: dict[str, tuple[tuple[Column[Any], ...], tuple[str, ...]]] = {
    "customers": (CUSTOMER_COLUMNS, ("name",)),
    "articles": (ARTICLE_COLUMNS, ("name", "unit_price")),
}
EITHER = pytest.mark.parametrize("register", REGISTERS)


def fields(register: str, *headers: str) -> dict[str, str]:
    """What each of a file's columns is taken for."""
    columns, needed = REGISTERS[register]
    return {header: column.field for header, column in understood(headers, columns, needed).items()}


def refusal(register: str, *headers: str) -> TableError:
    with pytest.raises(TableError) as caught:
        fields(register, *headers)
    return caught.value


def read(register: str, field: str, text: str) -> Any:
    columns, _ = REGISTERS[register]
    return next(column for column in columns if column.field == field).read(text)


def customer(**values: Any) -> Customer:
    return Customer.model_validate(
        {"customer_id": "cus_1", "number": "1", "version": 1, "name": "A"} | values
    )


def article(**values: Any) -> Article:
    known = {"article_id": "art_1", "number": "1", "version": 1, "name": "A", "unit": "st", "unit_price": 100}
    known |= {"vat_rate": "25", "vat_class": "standard", "kind": "goods", "active": True}
    return Article.model_validate(known | values)


def shown(entry: Customer | Article, field: str) -> Any:
    columns: Any = CUSTOMER_COLUMNS if isinstance(entry, Customer) else ARTICLE_COLUMNS
    return next(column for column in columns if column.field == field).show(entry)


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize(
    ("register", "headers"),
    [
        (
            "customers",
            {
                "Kundnr": "number",
                "Namn": "name",
                "Organisationsnummer": "org_no",
                "VAT-nummer": "vat_no",
                "E-post": "email",
                "Telefon": "phone",
                "Adress 1": "address.street",
                "Postnummer": "address.postcode",
                "Ort": "address.city",
                "Landskod": "address.country",
                "Betalningsvillkor": "payment_terms_days",
                "Er referens": "your_reference",
                "Kundtyp": "kind",
                "Momstyp": "vat_treatment",
                "Leveransadress": "delivery_address.street",
                "Aktiv": "active",
            },
        ),
        (
            "customers",
            {
                "KUNDNUMMER": "number",
                "Företagsnamn": "name",
                "Org.nr/Personnr": "org_no",
                "Momsreg.nr": "vat_no",
                "E-postadress": "email",
                "Telefonnummer": "phone",
                "Gatuadress": "address.street",
                "Postnr.": "address.postcode",
                "Postort": "address.city",
                "LAND": "address.country",
                "Betalningsvillkor (dagar)": "payment_terms_days",
                "Leveranssätt": "delivery",
                "Momshantering": "vat_treatment",
            },
        ),
        (
            "customers",
            {
                "Customer number": "number",
                "Customer name": "name",
                "Corporate identity number": "org_no",
                "VAT number": "vat_no",
                "Email": "email",
                "Address": "address.street",
                "Zip code": "address.postcode",
                "City": "address.city",
                "Country": "address.country",
                "Payment terms (days)": "payment_terms_days",
                "Active": "active",
            },
        ),
        (
            "articles",
            {
                "Artikelnr": "number",
                "Benämning": "name",
                "Enhet": "unit",
                "Försäljningspris exkl. moms": "unit_price",
                "Momssats (%)": "vat",
                "Typ": "kind",
                "Aktiv": "active",
            },
        ),
        (
            "articles",
            {
                "Article number": "number",
                "Article name": "name",
                "Unit": "unit",
                "Pris (kr)": "unit_price",
                "Moms %": "vat",
                "Vara/Tjänst": "kind",
            },
        ),
    ],
)
def test_columns_are_known_by_the_names_that_programs_give_them(
    register: str, headers: dict[str, str]
) -> None:
    assert fields(register, *headers) == headers


@EITHER
def test_columns_are_known_by_the_names_we_write_and_those_of_the_api(register: str) -> None:
    columns, _ = REGISTERS[register]
    for name in ("header", "field"):
        headers = {getattr(column, name): column.field for column in columns}
        assert len(headers) == len(columns)
        assert fields(register, *headers) == headers


@EITHER
def test_no_name_means_two_columns(register: str) -> None:
    columns, _ = REGISTERS[register]
    names = [{folded(name) for name in (*column.names.split(","), column.field)} for column in columns]
    assert "" not in set[str]().union(*names)
    assert sum(map(len, names)) == len(set[str]().union(*names))


def test_what_is_not_known_is_left_out_and_a_price_with_vat_is_not_taken_for_one_without() -> None:
    found = fields("articles", "Artikelnr", "Benämning", "Pris inkl. moms", "Inköpspris", "Lagersaldo", "%")
    assert found == {"Artikelnr": "number", "Benämning": "name"}


def test_two_columns_that_mean_the_same_are_refused_by_both_names() -> None:
    refused = refusal("customers", "Namn", "Org.nr", "E-post", "Personnummer")
    assert refused.check == "column-twice"
    assert '"Org.nr" and "Personnummer"' in refused.message


@pytest.mark.parametrize(
    ("register", "headers", "missing"),
    [
        ("customers", ["Kund", "E-post"], "Namn"),
        ("articles", ["Benämning", "Enhet"], "Pris"),
        ("articles", ["Pris", "Moms"], "Benämning"),
    ],
)
def test_a_file_that_can_make_nothing_is_refused_for_what_it_lacks_and_told_what_it_has(
    register: str, headers: list[str], missing: str
) -> None:
    refused = refusal(register, *headers)
    assert (refused.check, refused.column) == ("column-missing", missing)
    assert ", ".join(f'"{header}"' for header in headers) in refused.message


@EITHER
def test_a_file_with_numbers_may_have_few_columns_to_change_what_is_there(register: str) -> None:
    assert fields(register, "Nummer", "Aktiv") == {"Nummer": "number", "Aktiv": "active"}


def test_a_message_stays_short_however_many_and_long_the_headers_are() -> None:
    refused = refusal("customers", *(f"{number}{'x' * 30_000}" for number in range(100)))
    assert len(refused.message) < 2_000


# ---------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("register", "field", "texts", "value"),
    [
        ("customers", "active", ["Ja", "JA", "j", "Yes", "1", "true", "Sant", "X", "Aktiv"], True),
        ("customers", "active", ["Nej", "n", "No", "0", "False", "FALSKT", "Inaktiv"], False),
        ("customers", "kind", ["Företag", "company", "Juridisk person"], "company"),
        ("customers", "kind", ["Privat", "Privatperson", "private"], "private"),
        ("customers", "delivery", ["E-post", "epost", "E-mail", "mejl"], "email"),
        ("customers", "delivery", ["E-faktura", "Einvoice"], "einvoice"),
        ("customers", "delivery", ["Utskrift", "print", "Brev"], "print"),
        ("customers", "vat_treatment", ["Svensk moms", "SE", "SEVAT", "domestic"], "domestic"),
        ("customers", "vat_treatment", ["Omvänd skattskyldighet", "SEREVERSEDVAT"], "construction"),
        ("customers", "vat_treatment", ["EU", "EU omvänd moms"], "eu"),
        ("customers", "vat_treatment", ["Export", "Utanför EU"], "export"),
        ("customers", "vat_treatment", ["Momsfri"], "exempt"),
        (
            "customers",
            "payment_terms_days",
            ["30", "30 dagar", "30 dagar netto", "30 Dagar", "30d", "30 dgr", "Netto 30", "30  days net"],
            30,
        ),
        ("customers", "payment_terms_days", ["0", "Kontant", "K"], 0),
        ("customers", "payment_terms_days", ["365"], 365),
        ("customers", "org_no", ["556012-5790", "5560125790", "16556012-5790"], "5560125790"),
        ("customers", "address.country", ["SE", "se", "Sverige", "SVERIGE", "Sweden"], "SE"),
        ("articles", "kind", ["Vara", "Varor", "Lager", "goods"], "goods"),
        ("articles", "kind", ["Tjänst", "SERVICE"], "service"),
        ("articles", "unit_price", ["1250,5", "1 250,50 kr", "1250.50", "1.250,50"], "1250.50"),
        ("articles", "unit_price", ["-99", "-99,00"], "-99.00"),
        ("articles", "vat", ["25", "25 %", "25%", "25,00", "25.0 %"], {"vat_rate": "25"}),
        ("articles", "vat", ["0", "0 %"], {"vat_rate": "0"}),
        ("articles", "vat", ["Livsmedel", "food"], {"vat_class": "food"}),
        ("articles", "vat", ["Momsfri", "Ingen moms"], {"vat_class": "none"}),
    ],
)
def test_a_cell_is_read_however_programs_and_people_write_it(
    register: str, field: str, texts: list[str], value: Any
) -> None:
    assert [read(register, field, text) for text in texts] == [value] * len(texts)


@pytest.mark.parametrize(
    ("register", "field", "text", "message"),
    [
        ("customers", "active", "Kanske", 'must be one of "Ja", "Nej"'),
        ("customers", "active", "2", 'must be one of "Ja", "Nej"'),
        ("customers", "delivery", "Schenker", '"E-post", "E-faktura", "Utskrift"'),
        ("customers", "vat_treatment", "EUVAT", '"Svensk moms"'),
        ("customers", "payment_terms_days", "-5", "must be 0 to 365 days"),
        ("customers", "payment_terms_days", "366", "must be 0 to 365 days"),
        ("customers", "payment_terms_days", "30,5", "must be 0 to 365 days"),
        ("customers", "payment_terms_days", "Förskott", "must be 0 to 365 days"),
        ("customers", "payment_terms_days", "9" * 200, "must be 0 to 365 days"),
        ("customers", "org_no", "556012-5791", "wrong check digit"),
        ("customers", "vat_no", "DE123", "is not a VAT number"),
        ("customers", "address.country", "Atlantis", "write its two letters"),
        ("customers", "address.country", "UK", 'did you mean "GB"'),
        ("customers", "address.country", "XX", "write its two letters"),
        ("articles", "unit_price", "1.250", "unclear"),
        ("articles", "unit_price", "10,005", "at most two decimals"),
        ("articles", "unit_price", "tio", "must be a number"),
        ("articles", "unit_price", "10000000000,01", "must be at most 10000000000.00"),
        ("articles", "vat", "24", '25, 12, 6 or 0 percent, "Livsmedel"'),
        ("articles", "vat", "0,25", "25, 12, 6 or 0 percent"),
        ("articles", "vat", "MP1", "25, 12, 6 or 0 percent"),
    ],
)
def test_a_cell_that_cannot_be_read_says_what_to_write(
    register: str, field: str, text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        read(register, field, text)


@EITHER
@given(st.data())
def test_any_text_is_read_or_refused_with_a_reason_and_nothing_else(
    register: str, data: st.DataObject
) -> None:
    column = data.draw(st.sampled_from(REGISTERS[register][0]), label="column")
    text = data.draw(st.text(min_size=1, max_size=40), label="text")
    try:
        column.read(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - any other exception fails the test


# ---------------------------------------------------------------- written and read again


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("kind", "private", "Privat"),
        ("org_no", "5560125790", "556012-5790"),
        ("delivery", "einvoice", "E-faktura"),
        ("vat_treatment", "exempt", "Momsfri"),
        ("active", False, "Nej"),
        ("payment_terms_days", 10, 10),
        ("email", None, None),
    ],
)
def test_a_customer_is_shown_as_swedes_write(field: str, value: Any, text: Any) -> None:
    assert shown(customer(**{field: value}), field) == text


def test_a_swedish_postcode_is_shown_in_two_parts_and_a_foreign_one_as_it_is() -> None:
    lines = {"street": "Gatan 1", "city": "A"}
    swedish = customer(address=lines | {"postcode": "11122"})
    german = customer(delivery_address=lines | {"postcode": "10115", "country": "DE"})
    assert [shown(swedish, f"address.{part}") for part in ("postcode", "country")] == ["111 22", "SE"]
    assert [shown(german, f"delivery_address.{part}") for part in ("postcode", "country")] == ["10115", "DE"]
    assert shown(german, "address.postcode") is shown(swedish, "delivery_address.country") is None


@pytest.mark.parametrize(
    ("vat_class", "text"), [("standard", 25), ("food", "Livsmedel"), ("reduced", 12), ("low", 6), ("none", 0)]
)
def test_an_article_shows_a_rate_or_the_class_whose_rate_changes(vat_class: str, text: Any) -> None:
    assert shown(article(vat_class=vat_class), "vat") == text


def test_a_price_is_shown_to_the_ore() -> None:
    assert [str(shown(article(unit_price=ore), "unit_price")) for ore in (125050, 100, 0, -5)] == [
        "1250.50",
        "1.00",
        "0.00",
        "-0.05",
    ]


@given(st.integers(-(10**12), 10**12))
def test_any_price_reads_as_what_it_was(ore: int) -> None:
    price = shown(article(unit_price=ore), "unit_price")
    assert Decimal(read("articles", "unit_price", f"{price:f}".replace(".", ","))) * 100 == ore


# ---------------------------------------------------------------- countries


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Tyskland", "DE"),
        ("Germany", "DE"),
        ("  förenta   staterna ", "US"),
        ("ÅLAND", "AX"),
        ("de", "DE"),
        ("Österrike", "AT"),
        ("Island", "IS"),
        ("ZW", "ZW"),
    ],
)
def test_a_country_is_known_by_its_letters_and_by_its_name(text: str, code: str) -> None:
    assert country_code(text) == code


def test_every_assigned_code_is_its_own_country() -> None:
    assert len(CODES) == 249
    assert {country_code(code.lower()) for code in CODES} == CODES
