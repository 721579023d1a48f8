"""Which entry a row is about, what it becomes, and that half a file and the whole again make the whole."""

import unicodedata
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from samklang.formats.tables import write_csv
from samklang.formats.tables.xlsx_writer import write_xlsx
from samklang.invoicing.model.register_files import RowError
from samklang.invoicing.model.registers import Article, ArticleInput, Customer, CustomerInput, article_of
from samklang.invoicing.register_plan import ARTICLES, CUSTOMERS, Kind, Plan, plan, read_sheet, row_id
from samklang.invoicing.vat import VatClass, rate_on
from samklang.platform import clock
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek

ORG_NO, OTHER_ORG_NO = "5560125790", "5560360793"
COMPANY = "com_00000000000000000001"


def customer(number: str, name: str = "Anna", **values: Any) -> Customer:
    given_values = CustomerInput.model_validate({"number": number, "name": name} | values)
    return Customer.model_validate(dict(given_values) | {"customer_id": f"cus_{number}", "version": 3})


def article(number: str, name: str = "Skruv", **values: Any) -> Article:
    known = {"article_id": f"art_{number}", "number": number, "name": name, "version": 3, "unit": "st"}
    known |= {"unit_price": 100, "vat_rate": "25", "vat_class": "standard", "kind": "goods", "active": True}
    return Article.model_validate(known | values)


def planned[Entry: Customer | Article](
    kind: Kind[Entry], text: str, *entries: Entry, next_number: int = 1
) -> Plan[Entry]:
    return plan(COMPANY, read_sheet(kind, text.encode()), entries, next_number)


def outcomes(found: Plan[Any]) -> list[tuple[str, str]]:
    """Outcome and number of each row, none of which has errors."""
    assert found.errors == []
    return [(step.outcome, step.entry.number) for step in found.steps]


def errors(found: Plan[Any]) -> list[tuple[int, str | None, str]]:
    return [(error.row, error.column, error.code) for error in found.errors]


def only_error(found: Plan[Any]) -> RowError:
    (error,) = found.errors
    return error


# ---------------------------------------------------------------- which entry a row is about


def test_a_row_with_a_number_is_about_the_entry_with_that_number_whatever_else_it_says() -> None:
    there = customer("17", "Anna", org_no=ORG_NO), customer("18", "Bo")
    found = planned(CUSTOMERS, f"Kundnr;Namn;Org.nr\n18;Anna;{ORG_NO}\n", *there)
    assert outcomes(found) == [("updated", "18")]
    (step,) = found.steps
    assert (step.entry.customer_id, step.entry.name, step.entry.version) == ("cus_18", "Anna", 4)


def test_capitals_do_not_make_another_number() -> None:
    assert outcomes(planned(ARTICLES, "Artikelnr;Pris\na-1;2\n", article("A-1"))) == [("updated", "a-1")]


def test_a_row_with_a_new_number_is_a_new_entry() -> None:
    found = planned(CUSTOMERS, "Kundnr;Namn\n0017;Anna\n", customer("17"))
    assert outcomes(found) == [("created", "0017")]
    assert found.next_number == 1


def test_a_row_without_number_is_about_the_customer_with_its_organisation_number() -> None:
    there = customer("17", org_no=ORG_NO), customer("18", org_no=OTHER_ORG_NO), customer("19")
    found = planned(CUSTOMERS, "Namn;Org.nr\nBertil;556036-0793\n", *there)
    assert outcomes(found) == [("updated", "18")]
    assert found.steps[0].entry.name == "Bertil"


def test_given_several_customers_with_the_organisation_number_then_the_row_must_tell_which() -> None:
    there = customer("17", org_no=ORG_NO), customer("18", org_no=ORG_NO)
    error = only_error(planned(CUSTOMERS, f"Kundnr;Namn;Org.nr\n;Anna;{ORG_NO}\n", *there))
    assert (error.row, error.column, error.code) == (2, "Org.nr", "ambiguous")
    assert "(17, 18)" in error.message


def test_a_row_without_any_number_is_new_unless_an_entry_is_as_it_says_already() -> None:
    there = customer("17", "Anna", email="anna@example.se", phone="08-1"), customer("18", "Bo")
    text = "Namn;E-post\nAnna;anna@EXAMPLE.se\nAnna;\nBo;bo@example.se\nBo;\n"
    for row, outcome in (
        (1, ("unchanged", "17")),
        (2, ("unchanged", "17")),
        (3, ("created", "1")),
        (4, ("unchanged", "18")),
    ):
        lines = text.splitlines()
        assert outcomes(planned(CUSTOMERS, f"{lines[0]}\n{lines[row]}\n", *there)) == [outcome]


def test_of_entries_that_are_alike_a_row_is_about_one_that_no_other_row_names() -> None:
    there = customer("17", "Anna"), customer("18", "Anna"), customer("19", "Anna")
    found = planned(CUSTOMERS, "Kundnr;Namn;Telefon\n17;Annika;\n;Anna;\n", *there)
    assert outcomes(found) == [("updated", "17"), ("unchanged", "18")]


def test_a_row_finds_what_it_made_itself_before_it_looks_for_anything_else() -> None:
    text = "Namn;Org.nr;E-post\nAnna;;a@example.se\nBo AB;556012-5790;\n"
    made = [step.entry for step in planned(CUSTOMERS, text).steps]
    changed = [made[0].model_copy(update={"name": "Annika"}), made[1].model_copy(update={"org_no": None})]
    others = customer("17", "Anna", email="a@example.se"), customer("18", "Bo AB", org_no=ORG_NO)
    found = planned(CUSTOMERS, text, *changed, *others)
    assert outcomes(found) == [("updated", "1"), ("updated", "2")]
    assert [step.entry.customer_id for step in found.steps] == [each.customer_id for each in made]


def test_a_row_whose_entry_was_given_another_number_by_hand_gives_it_back() -> None:
    text = "Kundnr;Namn\n17;Anna\n"
    (step,) = planned(CUSTOMERS, text).steps
    found = planned(CUSTOMERS, text, step.entry.model_copy(update={"number": "500"}))
    assert outcomes(found) == [("updated", "17")]


def test_rows_without_number_get_the_next_that_neither_the_register_nor_the_file_has() -> None:
    text = "Kundnr;Namn;Org.nr\n;A;\n;B;556012-5790\n12;C;\n;D;\n"
    found = planned(CUSTOMERS, text, customer("11"), customer("14"), next_number=10)
    assert outcomes(found) == [("created", "10"), ("created", "13"), ("created", "12"), ("created", "15")]
    assert (found.next_number_before, found.next_number) == (10, 16)


def test_ids_follow_from_company_file_and_row_and_sort_before_all_others_in_the_order_of_the_rows() -> None:
    text = "Namn\n" + "".join(f"Kund {number}\n" for number in range(30))
    ids = [step.entry.customer_id for step in planned(CUSTOMERS, text).steps]
    assert ids == [step.entry.customer_id for step in planned(CUSTOMERS, text).steps]
    assert ids == sorted(ids) == list(dict.fromkeys(ids))
    assert max(ids) < new_id("cus")
    assert {len(each) for each in ids} == {len("cus_") + 20}
    others = planned(CUSTOMERS, text + "\n"), plan("com_2", read_sheet(CUSTOMERS, text.encode()), [], 1)
    for other in others:
        assert {step.entry.customer_id for step in other.steps} & set(ids) == set()


# ---------------------------------------------------------------- what it becomes


def test_an_empty_cell_and_a_column_that_is_not_there_leave_what_is() -> None:
    address = {"street": "Gatan 1", "postcode": "11122", "city": "Stockholm"}
    there = customer("17", email="a@example.se", phone="08-1", address=address, payment_terms_days=10)
    found = planned(CUSTOMERS, "Kundnr;E-post;Telefon;Postnr;Aktiv\n17;;08-2;114 18;\n", there)
    assert outcomes(found) == [("updated", "17")]
    changed = {"phone": "08-2", "address": {**address, "postcode": "11418", "country": "SE"}, "version": 4}
    assert found.steps[0].entry == Customer.model_validate(there.model_dump() | changed)


def test_what_says_the_same_in_other_words_changes_nothing() -> None:
    address = {"street": "Gatan 1", "postcode": "11122", "city": "Stockholm"}
    there = customer("17", org_no=ORG_NO, vat_no="SE556012579001", address=address)
    text = (
        "Kundnr;Namn;Org.nr;VAT-nr;Adress;Postnr;Ort;Land;Villkor;Betalningsvillkor\n"
        "17;Anna;556012-5790;se 556012-5790 01;Gatan 1;111 22;Stockholm;Sverige;x;30 dagar netto\n"
    )
    found = planned(CUSTOMERS, text, there)
    assert outcomes(found) == [("unchanged", "17")]
    assert found.steps[0].entry is there


def test_a_country_alone_is_no_address() -> None:
    assert planned(CUSTOMERS, "Namn;Land\nAnna;Sverige\n").steps[0].entry.address is None


@pytest.mark.parametrize(
    ("day", "vat_class", "text", "becomes"),
    [
        ("2026-11-23", "food", "6 %", "food"),
        ("2028-01-01", "food", "12 %", "food"),
        ("2026-11-23", "food", "12 %", "reduced"),
        ("2028-01-01", "food", "6 %", "low"),
        ("2026-11-23", "food", "25 %", "standard"),
        ("2026-11-23", "standard", "Livsmedel", "food"),
        ("2026-11-23", "reduced", "12", "reduced"),
        ("2026-11-23", "low", "Momsfri", "none"),
        ("2026-11-23", "none", "", "none"),
    ],
)
def test_todays_rate_says_nothing_new_of_what_has_a_rate_of_its_own(
    monkeypatch: pytest.MonkeyPatch, day: str, vat_class: VatClass, text: str, becomes: str
) -> None:
    today = date.fromisoformat(day)
    monkeypatch.setattr(clock, "today", lambda: today)
    there = article("1", vat_class=vat_class, vat_rate=rate_on(vat_class, today))
    (step,) = planned(ARTICLES, f"Artikelnr;Moms\n1;{text}\n", there).steps
    assert (step.entry.vat_class, step.outcome) == (
        becomes,
        "unchanged" if becomes == vat_class else "updated",
    )


def test_a_new_article_has_what_the_row_says_and_the_registers_own_defaults() -> None:
    (step,) = planned(ARTICLES, "Benämning;Pris;Moms;Typ\nBröd;12,50;Livsmedel;Vara\n").steps
    entry = step.entry
    assert (entry.name, entry.unit_price, entry.vat_class, entry.kind) == ("Bröd", 1250, "food", "goods")
    assert (entry.unit, entry.active, entry.number, entry.version) == ("st", True, "1", 1)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kundnr;E-post\n99;a@example.se\n", (2, None, "missing", '"Namn", which a new one needs')),
        ("Kundnr;Namn\n;\n;Anna\n99;\n", (4, "Namn", "missing", "No customer has this number")),
        ("Namn;Ort\nAnna;Lund\n", (2, "Ort", "missing", "fill in what it lacks")),
        ("Namn;Adress;Ort\nAnna;Gatan 1;Lund\n", (2, "Adress", "missing", "fill in what it lacks")),
        ("Namn;Adress;Postnr;Ort\nA;Rue 1;F-75001;Paris\n", (2, "Postnr", "value_error", "give the country")),
        ("Namn;E-post\nAnna;anna@\n", (2, "E-post", "value_error", "not a valid email address")),
        ("Namn;Momstyp\nAnna;EU\n", (2, "Momstyp", "value_error", "VAT number from there")),
        (
            "Namn;Momsreg.nr;Momstyp\nA;DE136695976;Byggmoms\n",
            (2, "Momstyp", "value_error", "Swedish VAT"),
        ),
        (f"Namn;Ort\nAnna;{'x' * 255}\n", (2, "Ort", "value_error", "longer than 254")),
        (f"Namn\n{'x' * 101}\n", (2, "Namn", "too_long", "longer than 100")),
        (f"Namn;Kundnr\nA;{'1' * 31}\n", (2, "Kundnr", "too_long", "longer than 30")),
        ("Namn;Kundnr\nA;1\u200b\n", (2, "Kundnr", "value_error", "U+200B")),
        ("Namn\nAn\u202ena\n", (2, "Namn", "value_error", "U+202E")),
        ("Namn;Org.nr\nAnna;556012-5791\n", (2, "Org.nr", "value_error", "wrong check digit")),
        ("Namn;Kundnr\nAnna;1\nBo;Ö\nCarl;ö\n", (4, "Kundnr", "twice", "Row 3 has the same number")),
        (
            "Kundnr;Namn;Org.nr\n1;A;5560125790\n;B;556012-5790\n",
            (3, "Org.nr", "twice", "Row 2 has the same organisation number: give each its number"),
        ),
        (
            "Kundnr;Namn;Org.nr\n;B;556012-5790\n1;A;5560125790\n",
            (3, "Org.nr", "twice", "Row 2 has the same organisation number"),
        ),
        ("Namn;Telefon\nAnna;08-1\nAnna;08-1\n", (3, None, "twice", "Row 2 says the same: give each")),
        ("Namn;Telefon\nAnna;\nAnna;08-1\n", (2, None, "twice", "Row 3 says the same")),
        ("Namn;Aktiv\nAnna;kanske\nAnna;Ja\n", (2, "Aktiv", "value_error", "must be one of")),
        ("Kundnr;Namn;Telefon\n;Anna;\n1;Anna;08-1\n", (2, None, "twice", "Row 3 says the same")),
        ("Namn;Telefon\nAnna;08-1\nAnna;\n", (3, None, "twice", "Row 2 says the same")),
        ('Namn;Ort\nAnna;""\nBo;;Lund\n', (3, "3", "cell-outside", "column without a name")),
    ],
)
def test_a_row_that_cannot_be_used_says_where_and_why(
    text: str, expected: tuple[int, str | None, str, str]
) -> None:
    error = only_error(planned(CUSTOMERS, text))
    row, column, code, message = expected
    assert (error.row, error.column, error.code) == (row, column, code)
    assert message in error.message


def test_two_rows_about_one_entry_are_an_error_of_the_second() -> None:
    there = customer("17", "Anna", org_no=ORG_NO)
    text = f"Kundnr;Namn;Org.nr\n17;Anna;\n;Bo;{ORG_NO}\n"
    error = only_error(planned(CUSTOMERS, text, there))
    assert (error.row, error.code, error.message) == (
        3,
        "twice",
        "Row 2 is about number 17 too: remove one of the two.",
    )


def test_customers_may_share_an_organisation_number_if_each_has_its_customer_number() -> None:
    text = f"Kundnr;Namn;Org.nr\n1;Norr;{ORG_NO}\n2;Söder;{ORG_NO}\n"
    assert outcomes(planned(CUSTOMERS, text)) == [("created", "1"), ("created", "2")]


def test_all_errors_of_all_rows_are_told_at_once_each_thing_once() -> None:
    text = (
        "Kundnr;Namn;E-post;Org.nr;Adress;Postnr;Ort;Land;Aktiv;Momstyp\n"
        "1;;a@;556012-5791;Gatan;1;Ort;Narnia;kanske;EU\n"
        "1;Bo;;;;;;;;\n"
        "2;Carl;;;;;;;;\n"
    )
    found = planned(CUSTOMERS, text)
    assert sorted(errors(found), key=str) == sorted(
        [
            (2, "Org.nr", "value_error"),
            (2, "Land", "value_error"),
            (2, "Aktiv", "value_error"),
            (2, "Namn", "missing"),
            (2, "E-post", "value_error"),
            (3, "Kundnr", "twice"),
        ],
        key=str,
    )
    assert [step.row for step in found.steps] == [4]


def test_what_is_wrong_in_a_column_that_is_left_out_is_no_error() -> None:
    text = f"Namn;Anteckning\nAnna;{'x' * 40_000}\n"
    assert outcomes(planned(CUSTOMERS, text)) == [("created", "1")]


def test_messages_stay_short_whatever_the_cells_and_headers_hold() -> None:
    header = f"Org.nr;Namn;Aktiv;{'y' * 30_000}"
    found = planned(CUSTOMERS, f"{header}\n{chr(0x301) * 250};A;{'z' * 250};\n;{'x' * 250};;\n")
    assert [error.code for error in found.errors] == ["value_error", "value_error", "too_long"]
    assert max(len(error.message) for error in found.errors) <= 201


# ---------------------------------------------------------------- half a file, and the whole again

ROWS = st.tuples(
    st.sampled_from(["", "", "", "1", "2", "3", "a", "A"]),
    st.sampled_from(["Anna", "Anna", "Bo", ""]),
    st.sampled_from(["", "", "", ORG_NO, OTHER_ORG_NO]),
    st.sampled_from(["", "a@example.se", "b@example.se"]),
    st.sampled_from(["", "08-1"]),
)
HEADER = ["Kundnr", "Namn", "Org.nr", "E-post", "Telefon"]


def written(entries: list[Customer], steps: list[Any]) -> list[Customer]:
    """A register after some steps were written."""
    after = {each.customer_id: each for each in entries} | {
        step.entry.customer_id: step.entry for step in steps
    }
    numbers = [each.number.casefold() for each in after.values()]
    assert len(set(numbers)) == len(numbers)
    return sorted(after.values(), key=lambda each: each.customer_id)


def said(entries: list[Customer]) -> list[dict[str, Any]]:
    """The register, but for how many times each was changed."""
    found = [each.model_dump(exclude={"version"}) for each in entries]
    return sorted(found, key=lambda each: str(each["customer_id"]))


@given(
    there=st.lists(ROWS, max_size=4),
    rows=st.lists(ROWS, min_size=1, max_size=6),
    reached=st.sets(st.integers(0, 5)),
)
def test_whatever_was_written_of_a_file_the_same_again_makes_the_rest_and_a_third_time_nothing(
    there: list[tuple[str, ...]], rows: list[tuple[str, ...]], reached: set[int]
) -> None:
    register = [
        customer(f"x{place}", name or "Bo", org_no=org_no or None, email=email or None, phone=phone or None)
        for place, (_, name, org_no, email, phone) in enumerate(there)
    ]
    register += [customer("1", "Anna")]
    sheet = read_sheet(CUSTOMERS, write_csv(HEADER, rows))
    whole = plan(COMPANY, sheet, register, 1)
    assume(not whole.errors)
    complete = written(register, whole.steps)

    half = written(register, [step for place, step in enumerate(whole.steps) if place in reached])
    rest = plan(COMPANY, sheet, half, 1)
    assert rest.errors == []
    finished = written(half, rest.steps)
    assert (said(finished), rest.next_number) == (said(complete), whole.next_number)

    again = plan(COMPANY, sheet, finished, rest.next_number)
    assert {step.outcome for step in again.steps} <= {"unchanged"}
    assert (again.errors, again.next_number) == ([], rest.next_number)


# ---------------------------------------------------------------- out and in again

ODD = st.sampled_from([*"=+-@'\";,_ åÖß", "＝", "\u00a0", "_x0041_", "#N/A", "0", "007", "1E5", "25 %", "ja"])
PIECES = ODD | st.sampled_from(["\u0301", "Bo", "Ek & Co", "Ångström", "\U0001f600"])
LINES = st.lists(PIECES, min_size=1, max_size=3).map("".join).map(str.strip).filter(bool)
COUNTRIES = st.sampled_from(["DE", "NO", "US"])
ABROAD: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, street=LINES, city=LINES, postcode=LINES, country=COUNTRIES
)
AT_HOME: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict, street=LINES, city=LINES, postcode=st.just("11122")
)


def treatment_allowed(given_values: dict[str, Any]) -> str:
    """An export leaves the EU."""
    to = given_values["delivery_address"] or given_values["address"] or {}
    treatment: str = given_values["vat_treatment"]
    return "domestic" if treatment == "export" and to.get("country") not in {"NO", "US"} else treatment


ANY_CUSTOMERS: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    name=LINES,
    kind=st.sampled_from(["company", "private"]),
    org_no=st.sampled_from([None, ORG_NO]),
    vat_no=st.just("SE556012579001"),
    email=st.sampled_from([None, "'=@example.se", "åsa@exämple.se"]),
    phone=st.none() | LINES,
    address=st.none() | ABROAD | AT_HOME,
    delivery_address=st.none() | ABROAD,
    delivery=st.sampled_from(["email", "einvoice", "print"]),
    payment_terms_days=st.integers(0, 365),
    vat_treatment=st.sampled_from(["domestic", "construction", "export", "exempt"]),
    your_reference=st.none() | LINES,
    active=st.booleans(),
).map(lambda given: given | {"vat_treatment": treatment_allowed(given)})
ANY_ARTICLES: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    name=LINES,
    unit=LINES,
    unit_price=st.integers(-(10**12), 10**12).map(format_sek),
    vat_class=st.sampled_from(["standard", "food", "reduced", "low", "none"]),
    kind=st.sampled_from(["goods", "service"]),
    active=st.booleans(),
)
ANY_NUMBERS = st.lists(
    LINES, max_size=4, unique_by=lambda text: unicodedata.normalize("NFC", text).casefold()
)
WRITERS = {"csv": write_csv, "xlsx": write_xlsx}


def exported[Entry: Customer | Article](kind: Kind[Entry], entries: list[Entry], writer: str) -> bytes:
    rows = [[column.show(each) for column in kind.columns] for each in entries]
    return WRITERS[writer]([column.header for column in kind.columns], rows)


def comes_back[Entry: Customer | Article](kind: Kind[Entry], entries: list[Entry], writer: str) -> None:
    """What is written is, when read, what is there; elsewhere it makes the same but for ids and versions."""
    sheet = read_sheet(kind, exported(kind, entries, writer))
    at_home = plan(COMPANY, sheet, entries, 1)
    assert at_home.errors == []
    assert [step.entry for step in at_home.steps] == entries
    assert {step.outcome for step in at_home.steps} <= {"unchanged"}
    elsewhere = plan(COMPANY, sheet, [], 1)
    ours = {"customer_id", "article_id", "version"}
    assert [step.entry.model_dump(exclude=ours) for step in elsewhere.steps] == [
        each.model_dump(exclude=ours) for each in entries
    ]


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=25)
@given(ANY_NUMBERS, st.data())
def test_any_customers_come_back_from_their_file(
    writer: str, numbers: list[str], data: st.DataObject
) -> None:
    drawn = [customer(number, **data.draw(ANY_CUSTOMERS)) for number in numbers]
    comes_back(CUSTOMERS, drawn, writer)


@pytest.mark.parametrize("writer", WRITERS)
@settings(max_examples=25)
@given(ANY_NUMBERS, st.data())
def test_any_articles_come_back_from_their_file(writer: str, numbers: list[str], data: st.DataObject) -> None:
    drawn = []
    for number in numbers:
        given_values = ArticleInput.model_validate(data.draw(ANY_ARTICLES) | {"number": number})
        drawn.append(article_of(given_values, f"art_{number}", str(given_values.number), 3, clock.today()))
    comes_back(ARTICLES, drawn, writer)


def test_the_id_of_a_row_is_an_id() -> None:
    assert row_id(COMPANY, "cus", "0" * 64, 2).startswith("cus_00000002")
