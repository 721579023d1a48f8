import json
from datetime import date

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from samklang.formats.usingqr import AccountType, Kind, UsingQr, giro_with_hyphen, read_usingqr, usingqr_text

# The unit test strings of weep/UsingQR (MIT), as they stand in the project's samples.
PUBLISHED = (
    (
        '{"uqr":1,"tp":1,"nme":"Test Company AB","cid":"555555-5555","iref":"0470-706000","idt":"20130424",'
        '"ddt":"20130524","due":4500,"vat":900,"cur":"SEK","pt":"BG","acc":"433-8778"}'
    ),
    (
        '{"uqr":1,"tp":1,"nme":"Test Company AS","cid":"123456789MVA","iref":"00001","idt":"20130424",'
        '"ddt":"20130524","due":240,"vh":25,"vm":15,"cur":"NOK","pt":"BBAN","acc":"86011117947",'
        '"bc":"DNBANOKK332","adr":"0687 Oslo"}'
    ),
    (
        '{"uqr":1,"tp":1,"nme":"Test Company","cid":"98-0202855","cc":"US","iref":"934000000000159",'
        '"ddt":"20120215","due":1.75,"cur":"USD","pt":"BBAN","acc":"6000658159712","bc":"ACIXUS33XXX",'
        '"adr":"12405,Acra"}'
    ),
    (
        '{"uqr":1,"tp":1,"nme":"Test company AB","cid":"555555-5555","cc":"SE","iref":"934000000000159",'
        '"idt":"20120215","ddt":"20120215","due":10.75,"cur":"DKK","pt":"IBAN","acc":"DK4830004073013895",'
        '"bc":"DABADKKK","adr":"1092 Köpenhamn"}'
    ),
    (
        '{"uqr":1,"tp":1,"nme":"Test company AB","cid":"555555-5555","iref":"52456","ddt":"20130408","due":5,'
        '"pt":"BG","acc":"433-8778"}'
    ),
    (
        '{"uqr":1,"tp":1,"nme":"Test company AB","cid":"555555-5555","iref":"52456","idt":"20130408",'
        '"ddt":"20130508","due":5,"pt":"BBAN","acc":"6000658159712","bc":"HANDSESS"}'
    ),
)

INVOICE = UsingQr(
    payee_name="Åkerö Bygg AB",
    payee_org_no="555555-5555",
    reference="1234574",
    invoice_date=date(2026, 10, 1),
    due_date=date(2026, 10, 31),
    amount=125050,
    vat=25010,
    account_type=AccountType.BANKGIRO,
    account="433-8778",
)


def changed(**values: object) -> str:
    """The text of INVOICE with other values; None takes a key away."""
    fields = json.loads(usingqr_text(INVOICE)) | values
    return json.dumps({key: value for key, value in fields.items() if value is not None})


@pytest.mark.parametrize("text", PUBLISHED)
def test_published_strings_are_read_and_written_back(text: str) -> None:
    assert json.loads(usingqr_text(read_usingqr(text))) == {"cur": "SEK"} | json.loads(text)


def test_what_is_written() -> None:
    assert usingqr_text(INVOICE) == (
        '{"uqr":1,"tp":1,"nme":"\\u00c5ker\\u00f6 Bygg AB","cid":"555555-5555","iref":"1234574",'
        '"idt":"20261001","ddt":"20261031","due":1250.50,"cur":"SEK","vat":250.10,"pt":"BG","acc":"433-8778"}'
    )


def test_a_credit_note_may_be_negative_and_needs_no_account() -> None:
    credit = read_usingqr(
        '{"uqr":1,"tp":2,"nme":"A","cid":"555555-5555","iref":"7","cr":"6","due":-10.5,"vh":-2.1}'
    )
    assert (credit.kind, credit.amount, credit.credited_reference) == (Kind.CREDIT, -1050, "6")
    assert credit.total_vat == -210


def test_vat_by_level_is_added_up() -> None:
    assert read_usingqr(PUBLISHED[1]).total_vat == 4000
    assert read_usingqr(PUBLISHED[4]).total_vat is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hej",
        "[]",
        "{}",
        "1",
        '"uqr"',
        "[" * 2900,
        '{"a":' * 500,
        changed(uqr=2),
        changed(tp=4),
        changed(tp="ett"),
        changed(nme=None),
        changed(nme=" "),
        changed(nme={"sv": "A"}),
        changed(cid=None),
        changed(iref=None),
        changed(iref="1" * 26),
        changed(ddt=None),
        changed(ddt="2026-10-31"),
        changed(ddt="20261032"),
        changed(idt="٢٠٢٦١٠٣١"),
        changed(due=None),
        changed(due=-1),
        changed(due=1.005),
        changed(due="1e3"),
        changed(due="1 000"),
        changed(due=float("nan")),
        changed(due=10**13),
        changed(due="1" * 2000),
        changed(vh=1),
        changed(cur="kr"),
        changed(cc="Sverige"),
        changed(pt="XX"),
        changed(pt=None),
        changed(acc=None),
        changed(acc="433-87"),
        changed(acc="433-877A"),
        changed(nme="A" * 3000),
        usingqr_text(INVOICE).replace('"tp":1', '"tp":1,"tp":1'),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_usingqr(text)


def test_numbers_and_strings_are_taken_for_each_other() -> None:
    assert read_usingqr(changed(due="1250.5000", iref=1234574, uqr="1", extra=[1])) == INVOICE


def test_an_account_is_read_in_any_common_writing() -> None:
    assert read_usingqr(changed(acc="4338778")).account == "433-8778"
    assert read_usingqr(changed(pt="PG", acc="90 20 03-3")).account == "902003-3"
    assert read_usingqr(changed(pt="IBAN", acc="DK48 3000 4073 0138 95")).account == "DK4830004073013895"


@pytest.mark.parametrize("number", ["991-2346", "5050-1055", "5805-6201", "433-8778", "5536-7742"])
def test_true_bankgiros_raise_no_doubt(number: str) -> None:
    assert read_usingqr(changed(acc=number)).doubts() == ()


@pytest.mark.parametrize(
    ("values", "doubt"),
    [
        ({"acc": "5072-7498"}, "account"),
        ({"acc": "579-3722"}, "account"),
        ({"pt": "PG", "acc": "90 20 03-4"}, "account"),
        ({"pt": "IBAN", "acc": "DK4830004073013896"}, "account"),
        ({"pt": "IBAN", "acc": "DK48å000"}, "account"),
        ({"cid": "555555-5556"}, "payee_org_no"),
        ({"cid": "123456789MVA"}, "payee_org_no"),
        ({"iref": "1234575"}, "reference"),
    ],
)
def test_failing_check_digits_are_doubts_and_no_refusals(values: dict[str, str], doubt: str) -> None:
    assert read_usingqr(changed(**values)).doubts() == (doubt,)


def test_what_cannot_be_checked_raises_no_doubt() -> None:
    code = read_usingqr(changed(cc="NO", cid="123456789MVA", iref="F-17", pt="BBAN", acc="86011117947"))
    assert code.doubts() == ()


@pytest.mark.parametrize("number", ["", "12345", "123456789", "1234-567a"])
def test_what_is_no_bankgiro_gets_no_hyphen(number: str) -> None:
    with pytest.raises(ValueError):
        giro_with_hyphen(number, AccountType.BANKGIRO)


amounts = st.integers(0, 10**12)
words = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "")
accounts = st.one_of(
    st.tuples(st.just(AccountType.BANKGIRO), st.from_regex(r"[0-9]{3,4}-[0-9]{4}", fullmatch=True)),
    st.tuples(st.just(AccountType.PLUSGIRO), st.from_regex(r"[0-9]{1,7}-[0-9]", fullmatch=True)),
    st.tuples(st.just(AccountType.BBAN), st.from_regex(r"[0-9]{5,15}", fullmatch=True)),
)


codes = st.builds(
    lambda account, **values: UsingQr(account_type=account[0], account=account[1], **values),
    accounts,
    payee_name=words,
    payee_org_no=st.just("555555-5555"),
    reference=words.filter(lambda text: len(text) <= 25),
    due_date=st.dates(min_value=date(1000, 1, 1)),
    amount=amounts,
    vat=st.none() | amounts,
)


@given(codes)
def test_what_is_written_can_be_read(code: UsingQr) -> None:
    text = usingqr_text(code)
    assert text.isascii()
    assert read_usingqr(text) == code


@given(
    st.text() | st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists).map(json.dumps)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_usingqr(text)


def test_the_text_fits_a_code_of_20_mm() -> None:
    code = segno.make_qr(usingqr_text(INVOICE), error="m", mode="byte")
    assert code.symbol_size(border=4)[0] <= 77
