from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats.incoming import IncomingPayment
from samklang.payments.payers import NAME_LENGTH, customer_reason, learned_reason, normalise_name, payer_keys

DAY = date(2026, 10, 2)


def paid_by(
    name: str | None = None, *, org_no: str | None = None, account: str | None = None
) -> IncomingPayment:
    return IncomingPayment(
        kind="payment",
        amount=1,
        currency="SEK",
        date=DAY,
        recipient="9912346",
        bank_reference="1",
        record=1,
        payer_name=name,
        payer_org_no=org_no,
        payer_account=account,
    )


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "written",
    [
        "Kalles Plåt & Söner AB",
        "KALLES PLAT OCH SONER",
        "AKTIEBOLAGET KALLES PLÅT SÖNER",
        "Kalles Pla\u030at  &  So\u0308ner Aktiebolag (publ)",
        " kalles-plåt, söner ab. ",
    ],
)
def test_a_name_is_the_same_however_banks_write_it(written: str) -> None:
    assert normalise_name(written) == "kalles plat soner"


def test_a_name_is_the_same_when_it_is_cut_as_in_bgmax() -> None:
    whole = "Kalles Plåtslageri och Rörläggeri i Göteborg Aktiebolag"
    assert normalise_name(whole) == normalise_name(whole[:NAME_LENGTH].upper())
    assert normalise_name(whole) == "kalles platslageri rorlaggeri i"


def test_a_legal_form_that_was_cut_does_not_matter_either() -> None:
    whole = "Kalles Plåtslageri i Göteborg Aktiebolag"
    assert whole[:NAME_LENGTH].endswith("Aktie")
    assert normalise_name(whole[:NAME_LENGTH]) == normalise_name("Kalles Plåtslageri i Göteborg AB")


def test_different_names_stay_different() -> None:
    names = ["Kalles Plåt AB", "Kalles Plast AB", "Kalle Plåt AB", "Plåt Kalle AB"]
    assert len({normalise_name(each) for each in names}) == len(names)


@pytest.mark.parametrize(
    "written", ["", "AB", "A B", "Aktiebolag & HB", "12345", "- -", "X1 2", "NOTPROVIDED"]
)
def test_a_name_that_tells_too_little_is_none(written: str) -> None:
    assert normalise_name(written) == ""


@given(st.text(max_size=80))
def test_any_name_gives_plain_words_that_capitals_and_blanks_do_not_change(text: str) -> None:
    name = normalise_name(text)
    assert name == " ".join(name.split())
    assert len(name) <= 3 * NAME_LENGTH
    assert normalise_name(f"  {text} ") == name


@given(st.text("abcåäöéü &-ABÅÄÖ", max_size=80))
def test_any_western_name_is_the_same_in_capitals_and_read_again(text: str) -> None:
    assert normalise_name(text.upper()) == normalise_name(text)
    assert normalise_name(normalise_name(text)) == normalise_name(text)


# ---------------------------------------------------------------- keys


def test_given_all_a_bank_can_tell_then_the_surest_comes_first() -> None:
    payment = paid_by("KALLES PLAT AB", org_no="5560360793", account="50501055")
    assert payer_keys(payment) == [
        ("org_no", "5560360793", "556036-0793"),
        ("account", "50501055", "50501055"),
        ("name", "kalles plat", "KALLES PLAT AB"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SE45 5000 0000 0583 9825 7466", "se4550000000058398257466"),
        ("0050501055", "5050-1055"),
        ("000000 12 345 67", "1234567"),
    ],
)
def test_an_account_is_the_same_however_banks_write_it(one: str, other: str) -> None:
    assert payer_keys(paid_by(account=one))[0].key == payer_keys(paid_by(account=other))[0].key


@pytest.mark.parametrize(
    "payment",
    [
        paid_by(),
        paid_by("AB"),
        paid_by(org_no="5560360794"),
        paid_by(org_no="0000000000"),
        paid_by(account="0000000000"),
        paid_by(account="9999999"),
        paid_by(account="1234"),
        paid_by(account="konto: okänt"),
    ],
)
def test_what_could_be_anybodys_is_no_key(payment: IncomingPayment) -> None:
    assert payer_keys(payment) == []


@given(
    st.none() | st.text(max_size=60),
    st.none() | st.text("0123456789-", max_size=14),
    st.none() | st.text(max_size=40),
)
def test_whatever_a_bank_writes_there_is_at_most_one_key_of_each_kind_and_none_is_empty(
    name: str | None, org_no: str | None, account: str | None
) -> None:
    keys = payer_keys(paid_by(name, org_no=org_no, account=account))
    kinds = [each.kind for each in keys]
    assert len(kinds) == len(set(kinds))
    assert all(each.key and each.shown for each in keys)


# ---------------------------------------------------------------- in words


def test_reasons_are_sentences_for_a_bookkeeper() -> None:
    assert learned_reason("name", "KALLES PLAT", "Kalles Plåt AB", 1007, DAY) == (
        "Payer KALLES PLAT paid invoice 1007 of Kalles Plåt AB on 2026-10-02."
    )
    assert learned_reason("account", "50501055", "Kalles Plåt AB", None, DAY) == (
        "Account 50501055 paid on account for Kalles Plåt AB on 2026-10-02."
    )
    assert customer_reason("org_no", "5560360793", "Kalles Plåt AB") == (
        "Organisation number 556036-0793 is that of Kalles Plåt AB."
    )
    assert customer_reason("name", "KALLES PLAT", "Kalles Plåt AB") == (
        "Payer KALLES PLAT has the same name as Kalles Plåt AB."
    )
