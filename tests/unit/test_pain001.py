from dataclasses import replace
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.formats import pain001
from samklang.formats.pain001 import GiroOrIban, Initiation, Transfer, Version
from samklang.platform.money import parse_sek

PAID_FROM = GiroOrIban("iban", "SE4550000000058398257466", "ESSESESS")
BANKGIRO = GiroOrIban("bankgiro", "50501055")
PLUSGIRO = GiroOrIban("plusgiro", "9020033")
DAY = date(2026, 11, 30)
RENT = Transfer("0abc-1", DAY, PAID_FROM, 1250_00, "Fastighets AB Björken", BANKGIRO, ocr="1234574")
CABLE = Transfer("0abc-2", DAY, PAID_FROM, 99_50, "Kabel & Co", PLUSGIRO, message="Faktura 17")
LATER = Transfer("0abc-3", date(2026, 12, 1), PAID_FROM, 1, "Snickare", GiroOrIban("iban", PAID_FROM.number))
FILE = Initiation(
    "0abc", datetime(2026, 11, 23, 9, 0, tzinfo=UTC), "Ateljé Lövgren AB", "5560000019", (RENT, CABLE, LATER)
)

# The order of the schema (pain.001.001.03), for the elements we write: (name, must it be there).
ORDER: dict[str, tuple[tuple[str, bool], ...]] = {
    "Document": (("CstmrCdtTrfInitn", True),),
    "CstmrCdtTrfInitn": (("GrpHdr", True), ("PmtInf", True)),
    "GrpHdr": (("MsgId", True), ("CreDtTm", True), ("NbOfTxs", True), ("CtrlSum", False), ("InitgPty", True)),
    "InitgPty": (("Nm", False), ("Id", False)),
    "PmtInf": (
        ("PmtInfId", True),
        ("PmtMtd", True),
        ("BtchBookg", False),
        ("NbOfTxs", False),
        ("CtrlSum", False),
        ("PmtTpInf", False),
        ("ReqdExctnDt", True),
        ("Dbtr", True),
        ("DbtrAcct", True),
        ("DbtrAgt", True),
        ("ChrgBr", False),
        ("CdtTrfTxInf", True),
    ),
    "PmtTpInf": (("InstrPrty", False), ("SvcLvl", False), ("LclInstrm", False), ("CtgyPurp", False)),
    "Dbtr": (("Nm", False), ("PstlAdr", False), ("Id", False)),
    "DbtrAcct": (("Id", True), ("Tp", False), ("Ccy", False)),
    "DbtrAgt": (("FinInstnId", True),),
    "CdtrAgt": (("FinInstnId", True),),
    "FinInstnId": (("BIC", False), ("BICFI", False), ("ClrSysMmbId", False), ("Othr", False)),
    "ClrSysMmbId": (("ClrSysId", False), ("MmbId", True)),
    "CdtTrfTxInf": (
        ("PmtId", True),
        ("PmtTpInf", False),
        ("Amt", True),
        ("ChrgBr", False),
        ("CdtrAgt", False),
        ("Cdtr", False),
        ("CdtrAcct", False),
        ("RmtInf", False),
    ),
    "PmtId": (("InstrId", False), ("EndToEndId", True)),
    "Othr": (("Id", True), ("SchmeNm", False), ("Issr", False)),
    "RmtInf": (("Ustrd", False), ("Strd", False)),
    "CdtrRefInf": (("Tp", False), ("Ref", False)),
}


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def out_of_order(root: ET.Element) -> list[str]:
    """Elements whose children are not those of the schema, in its order."""
    wrong = []
    for element in root.iter():
        names = [local(child) for child in element]
        rules = ORDER.get(local(element))
        if rules is None:
            continue
        places = [name for name, _ in rules]
        in_order = all(name in places for name in names) and names == sorted(names, key=places.index)
        if not in_order or any(must and name not in names for name, must in rules):
            wrong.append(f"{local(element)}: {names}")
    return wrong


def written(initiation: Initiation = FILE, version: Version = "03") -> ET.Element:
    return ET.fromstring(pain001.write(initiation, version))


def texts(root: ET.Element, path: str) -> list[str | None]:
    return [each.text for each in root.findall("/".join(f"{{*}}{name}" for name in path.split("/")))]


def payment(transfer: Transfer, version: Version = "03") -> ET.Element:
    found = written(replace(FILE, transfers=(transfer,)), version).find(".//{*}CdtTrfTxInf")
    assert found is not None
    return found


@pytest.mark.parametrize("version", ["03", "09"])
def test_elements_stand_in_the_order_of_the_schema(version: Version) -> None:
    root = written(version=version)
    assert pain001.write(FILE, version).startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Document')
    assert root.tag == f"{{urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}}}Document"
    assert out_of_order(root) == []


@pytest.mark.parametrize("place", ["GrpHdr", "PmtInf", "CdtTrfTxInf", "DbtrAcct"])
def test_the_check_of_the_order_sees_what_is_moved_and_what_is_missing(place: str) -> None:
    root = written()
    element = root.findall(f".//{{*}}{place}")[0]
    first = element[0]
    element.remove(first)
    assert out_of_order(root)
    element.append(first)
    assert out_of_order(root)


def test_payments_of_a_day_and_an_account_are_one_block_with_its_own_sums() -> None:
    root = written()
    base = "CstmrCdtTrfInitn/PmtInf"
    assert texts(root, f"{base}/PmtInfId") == ["0abc-1", "0abc-2"]
    assert texts(root, f"{base}/NbOfTxs") == ["2", "1"]
    assert texts(root, f"{base}/CtrlSum") == ["1349.50", "0.01"]
    assert texts(root, f"{base}/ReqdExctnDt") == ["2026-11-30", "2026-12-01"]
    assert texts(root, "CstmrCdtTrfInitn/GrpHdr/NbOfTxs") == ["3"]
    assert texts(root, "CstmrCdtTrfInitn/GrpHdr/CtrlSum") == ["1349.51"]
    assert texts(root, f"{base}/CdtTrfTxInf/PmtId/EndToEndId") == ["0abc-1", "0abc-2", "0abc-3"]


def test_a_day_is_in_an_element_of_its_own_in_version_09_and_the_bic_has_another_name() -> None:
    root = written(version="09")
    assert texts(root, "CstmrCdtTrfInitn/PmtInf/ReqdExctnDt/Dt") == ["2026-11-30", "2026-12-01"]
    assert texts(root, "CstmrCdtTrfInitn/PmtInf/DbtrAgt/FinInstnId/BICFI") == ["ESSESESS"] * 2


@pytest.mark.parametrize(
    ("account", "scheme", "value", "clearing"),
    [(BANKGIRO, "Prtry", "BGNR", "9900"), (PLUSGIRO, "Cd", "BBAN", "9960")],
)
def test_a_giro_number_has_its_scheme_and_clearing_number(
    account: GiroOrIban, scheme: str, value: str, clearing: str
) -> None:
    row = payment(replace(RENT, account=account))
    assert texts(row, "CdtrAcct/Id/Othr/Id") == [account.number]
    assert texts(row, f"CdtrAcct/Id/Othr/SchmeNm/{scheme}") == [value]
    assert texts(row, "CdtrAgt/FinInstnId/ClrSysMmbId/ClrSysId/Cd") == ["SESBA"]
    assert texts(row, "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId") == [clearing]


def test_an_iban_needs_no_bank_beside_it_and_a_payers_without_bic_says_so() -> None:
    row = payment(LATER)
    assert texts(row, "CdtrAcct/Id/IBAN") == ["SE4550000000058398257466"]
    assert texts(row, "CdtrAgt") == []
    without = replace(RENT, debtor=GiroOrIban("iban", PAID_FROM.number))
    root = written(replace(FILE, transfers=(without,)))
    assert texts(root, "CstmrCdtTrfInitn/PmtInf/DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]


def test_an_ocr_number_is_structured_and_a_message_is_not() -> None:
    assert texts(payment(RENT), "RmtInf/Strd/CdtrRefInf/Tp/CdOrPrtry/Cd") == ["SCOR"]
    assert texts(payment(RENT), "RmtInf/Strd/CdtrRefInf/Ref") == ["1234574"]
    assert texts(payment(CABLE), "RmtInf/Ustrd") == ["Faktura 17"]
    assert texts(payment(replace(CABLE, message=None)), "RmtInf") == []


def test_letters_outside_the_banks_set_are_written_with_the_nearest() -> None:
    assert texts(payment(CABLE), "Cdtr/Nm") == ["Kabel + Co"]
    assert texts(written(), "CstmrCdtTrfInitn/GrpHdr/InitgPty/Nm") == ["Atelje Lövgren AB"]
    assert pain001.plain("Šk_ødä\n€ 12 %", 100) == "Sk-ödä 12"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (replace(FILE, transfers=()), "nothing to pay"),
        (replace(FILE, transfers=(RENT, replace(CABLE, end_to_end_id="0abc-1"))), "stands twice"),
        (replace(FILE, transfers=(replace(RENT, amount=0),)), "cannot be paid"),
        (replace(FILE, transfers=(replace(RENT, amount=pain001.LARGEST + 1),)), "cannot be paid"),
        (replace(FILE, transfers=(replace(RENT, end_to_end_id="a//b"),)), "no id"),
        (replace(FILE, message_id="x" * 34), "no id"),
        (replace(FILE, transfers=(replace(RENT, ocr="1" * 36),)), "no reference"),
        (replace(FILE, transfers=(replace(RENT, creditor="株式会社"),)), "no character"),
    ],
)
def test_what_the_format_does_not_hold_is_refused(wrong: Initiation, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        pain001.write(wrong)


transfers = st.builds(
    Transfer,
    end_to_end_id=st.uuids().map(lambda each: each.hex),
    date=st.dates(date(2026, 11, 1), date(2026, 11, 3)),
    debtor=st.sampled_from([PAID_FROM, BANKGIRO]),
    amount=st.integers(1, pain001.LARGEST),
    creditor=st.text(max_size=200).map(lambda text: f"A{text}"),
    account=st.sampled_from([BANKGIRO, PLUSGIRO, PAID_FROM]),
    ocr=st.none() | st.from_regex(r"[0-9]{2,25}", fullmatch=True),
    message=st.none() | st.text(max_size=300),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(transfers, min_size=1, max_size=6), st.sampled_from(["03", "09"]))
def test_any_payments_are_each_in_the_file_once_and_the_sums_are_theirs(
    given_transfers: list[Transfer], version: Version
) -> None:
    initiation = replace(FILE, transfers=tuple(given_transfers))
    data = pain001.write(initiation, version)
    assert data == pain001.write(initiation, version)
    root = ET.fromstring(data)
    assert out_of_order(root) == []
    paid = texts(root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/Amt/InstdAmt")
    ids = texts(root, "CstmrCdtTrfInitn/PmtInf/CdtTrfTxInf/PmtId/EndToEndId")
    amounts = {each.end_to_end_id: each.amount for each in given_transfers}
    assert dict(zip(ids, (parse_sek(each or "") for each in paid), strict=True)) == amounts
    sums = texts(root, "CstmrCdtTrfInitn/PmtInf/CtrlSum")
    assert sum(parse_sek(each or "") for each in sums) == sum(amounts.values())
    days = [(each.date, each.debtor) for each in given_transfers]
    assert len(sums) == len(set(days))
