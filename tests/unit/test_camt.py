import io
import re
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bank.camt import BOOKING_DAY, CamtEntry, CamtPayment, CamtReference, camt_entries, camt_file
from samklang.formats import camt
from samklang.formats.incoming import Deposit, FileRefused, FileSummary, IncomingPayment, Reference

BANKGIRO = "9912346"
SAMPLE = Path(__file__).parents[3] / "shared/samples/camt/camt054_handelsbanken_finland_example.xml"
FIRST = CamtPayment(
    amount=125_050,
    references=(CamtReference(value="1234574"),),
    name="Kalles Plåt & Söner AB",
    org_no="556036-0793",
    account="SE4550000000058398257466",
)
SECOND = CamtPayment(amount=50_000, texts=("Faktura 17", "Tack!"), end_to_end_id="E2E-1")
FILE = camt_file(BANKGIRO, [FIRST, SECOND])


def read(data: bytes, **options: Any) -> tuple[list[IncomingPayment], list[Deposit], FileSummary]:
    items = list(camt.read(io.BytesIO(data), **options))
    payments = [item for item in items if isinstance(item, IncomingPayment)]
    deposits = [item for item in items if isinstance(item, Deposit)]
    summary = items[-1]
    assert isinstance(summary, FileSummary)
    return payments, deposits, summary


def refusal(data: bytes, **options: bool) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(data, **options)
    return caught.value


def sample() -> bytes:
    if not SAMPLE.exists():
        pytest.skip(f"{SAMPLE} is not here: the bank's example is not ours to keep in the repository")
    return SAMPLE.read_bytes()


# The bank's own example


def test_the_banks_example_reads_to_its_four_entries() -> None:
    payments, deposits, summary = read(sample(), allow_foreign=True)
    assert [p.amount for p in payments] == [d.amount for d in deposits] == [88_16, 742_45, 6000_54, 216_85]
    assert (summary.format, summary.payments, summary.totals) == ("camt.054", 4, {"EUR": 7048_00})
    assert summary.recipients == ("FI1431313001234567",)
    assert summary.created.isoformat() == "2017-02-03T08:23:10+01:00"
    assert payments[0].texts == ("9597349",)
    assert payments[0].bank_reference == "201701312588CECZ0804"
    assert payments[0].end_to_end_id == "End To End ID 11"
    assert payments[3].payer_name == "Debtor Name"
    assert {p.date for p in payments} == {date(2017, 1, 22)}


def test_credit_notes_in_the_example_lower_the_payment() -> None:
    payments, _, _ = read(sample(), allow_foreign=True)
    assert payments[1].references == (
        Reference("ocr", "9544208", 1371_13),
        Reference("credit_note", "9582095", -628_68),
    )
    assert payments[2].references == (
        Reference("invoice", "9580572", 6256_70),
        Reference("credit_note", "00000000000009580521", -166_46),
        Reference("credit_note", "00000000000009579095", -89_70),
    )


def test_the_example_in_euro_is_refused_by_default() -> None:
    refused = refusal(sample())
    assert (refused.check, refused.record, refused.unit, refused.found) == ("currency", 1, "entry", "'EUR'")


# What is read


@pytest.mark.parametrize("kind", ["camt.053", "camt.054"])
@pytest.mark.parametrize("version", [*range(2, 15), 99])
def test_every_version_reads_to_the_same_payments(kind: str, version: int) -> None:
    data = camt_file(
        BANKGIRO, [FIRST, SECOND], kind="camt.053" if kind == "camt.053" else "camt.054", version=version
    )
    payments, deposits, summary = read(data)
    assert payments == [
        IncomingPayment(
            kind="payment",
            amount=125_050,
            currency="SEK",
            date=BOOKING_DAY,
            recipient=BANKGIRO,
            bank_reference="BG000000000001",
            record=1,
            references=(Reference("ocr", "1234574"),),
            payer_name="Kalles Plåt & Söner AB",
            payer_org_no="5560360793",
            payer_account="SE4550000000058398257466",
        ),
        IncomingPayment(
            kind="payment",
            amount=50_000,
            currency="SEK",
            date=BOOKING_DAY,
            recipient=BANKGIRO,
            bank_reference="BG000000000002",
            record=1,
            texts=("Faktura 17", "Tack!"),
            end_to_end_id="E2E-1",
        ),
    ]
    assert [(d.amount, d.count, d.serial) for d in deposits] == [(175_050, 2, "DEPOSIT1")]
    assert (summary.format, summary.total, summary.skipped) == (kind, 175_050, 0)


def test_namespace_prefixes_make_no_difference() -> None:
    prefixed = re.sub(rb"<(/?)(?=[A-Z])", rb"<\1c:", FILE).replace(b"xmlns=", b"xmlns:c=")
    assert read(prefixed) == read(FILE)


@pytest.mark.parametrize("batch_count", [False, True])
def test_a_credit_without_transactions_is_a_lump(*, batch_count: bool) -> None:
    entry = CamtEntry(payments=[FIRST, SECOND], details=False, batch_count=batch_count)
    payments, deposits, _ = read(camt_entries(BANKGIRO, [entry]))
    assert [(p.amount, p.bank_reference, p.references) for p in payments] == [(175_050, "DEPOSIT1", ())]
    assert payments[0].lump
    assert deposits[0].count == 1


def test_a_credit_that_the_bank_counts_as_one_transaction_is_no_lump() -> None:
    entry = CamtEntry(payments=[FIRST], details=False, batch_count=True)
    assert [p.lump for p in read(camt_entries(BANKGIRO, [entry]))[0]] == [False]
    two_batches = b"<NtryDtls><Btch><NbOfTxs>1</NbOfTxs></Btch></NtryDtls>"
    data = camt_entries(BANKGIRO, [entry]).replace(two_batches, two_batches * 2)
    assert [p.lump for p in read(data)[0]] == [True]


def test_a_payment_with_its_transaction_is_no_lump() -> None:
    assert [p.lump for p in read(FILE)[0]] == [False, False]


@pytest.mark.parametrize(
    "told",
    [
        b"<BookgDt><DtTm>2026-09-15T23:59:59+02:00</DtTm></BookgDt>",
        b"<ValDt><Dt>2026-09-15</Dt></ValDt>",
        b"<ValDt><DtTm>2026-09-15T00:00:00Z</DtTm></ValDt>",
        b"<BookgDt><Dt>2026-09-15</Dt></BookgDt><ValDt><Dt>2026-09-16</Dt></ValDt>",
    ],
)
def test_the_day_is_the_booking_day_or_else_the_value_day(told: bytes) -> None:
    assert read(FILE.replace(b"<BookgDt><Dt>2026-09-15</Dt></BookgDt>", told)) == read(FILE)


def test_an_entry_without_reference_of_the_bank_is_named_by_statement_and_number() -> None:
    entries = [
        CamtEntry(payments=[FIRST], reference="", number="N7"),
        CamtEntry(payments=[SECOND], reference=""),
    ]
    _, deposits, _ = read(camt_entries(BANKGIRO, entries))
    assert [d.serial for d in deposits] == ["S1/N7", "S1/2"]


def test_a_status_of_the_banks_own_making_is_not_booked() -> None:
    data = camt_entries(BANKGIRO, [CamtEntry(payments=[FIRST])], version=8)
    summary = read(data.replace(b"<Cd>BOOK</Cd>", b"<Prtry>HELD</Prtry>"))[2]
    assert (summary.payments, summary.skipped) == (0, 1)


def test_elements_of_other_namespaces_are_passed_by() -> None:
    inside = b"<Amt Ccy='SEK'>9</Amt><x:Amt xmlns:x='urn:x' Ccy='SEK'>9</x:Amt>"
    for stranger in (
        b"<Ntry xmlns='urn:x'>" + inside + b"</Ntry>",
        b"<x:TxDtls xmlns:x='urn:x'/>",
        inside[22:],
    ):
        assert read(
            FILE.replace(b"<Ntry>", stranger + b"<Ntry>").replace(b"<Refs>", inside[22:] + b"<Refs>")
        ) == read(FILE)


@pytest.mark.parametrize(
    "entry",
    [
        CamtEntry(payments=[FIRST], sign="DBIT"),
        CamtEntry(payments=[FIRST], status="PDNG"),
        CamtEntry(payments=[FIRST], reversal=True),
    ],
)
@pytest.mark.parametrize("kind", ["camt.053", "camt.054"])
def test_debits_reversals_and_what_is_not_booked_are_skipped_but_counted(entry: CamtEntry, kind: str) -> None:
    entries = [entry, CamtEntry(payments=[SECOND], reference="DEPOSIT2")]
    payments, deposits, summary = read(
        camt_entries(BANKGIRO, entries, kind="camt.053" if kind == "camt.053" else "camt.054", version=8)
    )
    assert [p.amount for p in payments] == [d.amount for d in deposits] == [50_000]
    assert (payments[0].record, summary.skipped, summary.total) == (2, 1, 50_000)


@pytest.mark.parametrize("version", [2, 8])
def test_a_debit_among_the_transactions_of_a_credit_is_a_deduction(version: int) -> None:
    deduction = CamtPayment(amount=50_000, deduction=True)
    payments, deposits, summary = read(camt_file(BANKGIRO, [FIRST, deduction], version=version))
    assert [(p.kind, p.amount) for p in payments] == [("payment", 125_050), ("deduction", 50_000)]
    assert deposits[0].amount == summary.total == 75_050


@pytest.mark.parametrize("version", [2, 8])
def test_the_bankgiro_number_paid_to_is_the_recipient_when_the_account_is_an_iban(version: int) -> None:
    paid = [CamtPayment(amount=100, paid_to="050501055"), CamtPayment(amount=100)]
    payments, deposits, summary = read(camt_file("SE4550000000058398257466", paid, version=version))
    assert [p.recipient for p in payments] == ["50501055", "SE4550000000058398257466"]
    assert deposits[0].recipient == "SE4550000000058398257466"
    assert summary.recipients == ("50501055", "SE4550000000058398257466")


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (["A", "B", "C"], ["A", "B", "C"]),
        (["", "", ""], ["DEPOSIT1", "DEPOSIT1/2", "DEPOSIT1/3"]),
        (["A", "A", "A"], ["A", "A/2", "A/3"]),
        (["DEPOSIT1", "DEPOSIT1", "C"], ["DEPOSIT1", "DEPOSIT1/2", "C"]),
    ],
)
def test_each_payment_gets_a_reference_of_its_own(own: list[str], expected: list[str]) -> None:
    payments, _, _ = read(camt_file(BANKGIRO, [CamtPayment(amount=1, bank_reference=name) for name in own]))
    assert [p.bank_reference for p in payments] == expected


def test_amounts_of_a_part_of_the_references_are_not_added_up() -> None:
    references = (CamtReference(value="1234574", amount=100), CamtReference(value="74450"))
    payments, _, _ = read(camt_file(BANKGIRO, [CamtPayment(amount=500, references=references)]))
    assert [r.amount for r in payments[0].references] == [100, None]


def test_personal_numbers_of_payers_are_left_in_the_file() -> None:
    data = FILE.replace(b"OrgId", b"PrvtId")
    assert read(data)[0][0].payer_org_no is None


# What is refused


@pytest.mark.parametrize(
    ("old", "new", "check", "record"),
    [
        (b'<Amt Ccy="SEK">500.00</Amt>', b'<Amt Ccy="SEK">500.01</Amt>', "entry-sum", 1),
        (b"<NbOfTxs>2<", b"<NbOfTxs>3<", "batch-count", 1),
        (b"<NbOfNtries>1<", b"<NbOfNtries>2<", "summary-count", None),
        (b"<Sum>1750.50<", b"<Sum>1750.51<", "summary-sum", None),
        (b"<Sts>BOOK", b"<Sts>BOOK</Sts><Sts>", None, None),
        (b">1250.50<", b">1250.505<", "amount", 1),
        (b">1250.50<", b">-1250.50<", "amount", 1),
        (b">1250.50<", b">1e3<", "amount", 1),
        (b"<NbOfTxs>2<", b"<NbOfTxs>two<", "not-a-number", 1),
        (b"<CdtDbtInd>CRDT<", b"<CdtDbtInd>CREDIT<", "sign", 1),
        (b"<BookgDt><Dt>2026-09-15<", b"<BookgDt><Dt>2026-13-15<", "booking-day", 1),
        (b"<BookgDt><Dt>2026-09-15</Dt></BookgDt>", b"", "booking-day", 1),
        (b"2026-09-15T17:30:35+02:00</CreDtTm></GrpHdr>", b"yesterday</CreDtTm></GrpHdr>", "created", None),
        (b"<CreDtTm>2026-09-15T17:30:35+02:00</CreDtTm></GrpHdr>", b"</GrpHdr>", "created", None),
        (b"camt.054.001.02", b"camt.054.001.01", "not-camt", None),
        (b"camt.054.001.02", b"camt.054.001.00", "not-camt", None),
        (b"camt.054.001.02", b"camt.054.001.2", "not-camt", None),
        (b"camt.054.001.02", b"camt.054.001.002", "not-camt", None),
        (b"camt.054.001.02", b"camt.054.002.02", "not-camt", None),
        (b"camt.054.001.02", b"camt.055.001.02", "not-camt", None),
        (b"camt.054.001.02", b"camt.052.001.02", "not-camt", None),
        (b"xsd:camt.054.001.02", b"xsd:pain.001.001.03", "not-camt", None),
        (b"Ntfctn>", b"Rpt>", "structure", None),
        (b"Ntry>", b"Entry>", "structure", None),
        (b"</Document>", b"", "xml", None),
    ],
)  # fmt: skip
def test_each_check_names_the_entry_at_fault(
    old: bytes, new: bytes, check: str | None, record: int | None
) -> None:
    assert old in FILE
    data = FILE.replace(old, new)
    if check is None:
        assert read(data)[0] == read(FILE)[0]
        return
    refused = refusal(data)
    assert refused.check == check
    assert refused.unit == "line" or refused.record == record


def test_a_statement_whose_balances_do_not_fit_its_entries_is_refused() -> None:
    data = camt_file(BANKGIRO, [FIRST], kind="camt.053")
    refused = refusal(data.replace(b">11250.50<", b">11250.51<"))
    assert (refused.check, refused.found) == ("balance", "11250.50")


def test_part_amounts_that_do_not_add_up_are_refused() -> None:
    references = (
        CamtReference(value="1234574", amount=600),
        CamtReference(kind="credit_note", value="9", amount=-99),
    )
    refused = refusal(camt_file(BANKGIRO, [CamtPayment(amount=500, references=references)]))
    assert (refused.check, refused.record, refused.found) == ("remittance-sum", 1, "5.01")


def test_a_foreign_credit_is_read_when_asked_for() -> None:
    data = camt_file(BANKGIRO, [FIRST], currency="EUR")
    assert refusal(data).check == "currency"
    payments, _, summary = read(data, allow_foreign=True)
    assert payments[0].currency == "EUR"
    assert (summary.totals, summary.total) == ({"EUR": 125_050}, 0)


def test_a_refusal_of_bad_xml_names_the_line() -> None:
    refused = refusal(FILE.replace(b"<Ntry>", b"\n<Ntry"))
    assert (refused.check, refused.unit) == ("xml", "line")
    assert str(refused).startswith("Line 3: ")


# Hostile XML

BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(9))


@pytest.mark.parametrize(
    "declaration",
    [
        "<!DOCTYPE Document>",
        '<!DOCTYPE Document SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        f"<!DOCTYPE Document [{BOMB}]>",
    ],
)
@pytest.mark.parametrize("use", ["", "&x;", "&e8;"])
def test_a_document_type_declaration_is_refused_whatever_it_does(declaration: str, use: str) -> None:
    data = FILE.replace(b"<Document", declaration.encode() + b"<Document").replace(b"Faktura", use.encode())
    assert refusal(data).check in {"doctype", "xml"}


@pytest.mark.parametrize(
    "data",
    [
        FILE.replace(b"<Document", f"<!DOCTYPE Document [{BOMB}]><Document a='&e8;'".encode()),
        FILE.replace(b"Faktura", b"&undeclared;"),
        FILE.replace(b"<GrpHdr>", b"<GrpHdr>" + b"<a>" * 5_000),
        FILE.replace(b"Faktura", b"x" * 11_000_000),
        FILE.replace(b"Faktura", b"\x00"),
        b"",
    ],
)
def test_xml_made_to_harm_is_refused(data: bytes) -> None:
    assert refusal(data).check in {"xml", "oversized"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<TxDtls/>",
        "<Ntry/>",
        "<Acct/>",
        "<Bal/>",
        "<NtryDtls/>",
        "<Ntfctn><Ntry/></Ntfctn>",
        "<TxsSummry/>",
    ],
)
@pytest.mark.parametrize("namespace", ["", " xmlns='urn:iso:std:iso:20022:tech:xsd:camt.054.001.02'"])
def test_elements_in_wrong_places_are_refused(body: str, namespace: str) -> None:
    refusal(f"<Document{namespace}>{body}</Document>".encode())
    refusal(f"{body or '<a/>'}".encode())


@given(st.data())
def test_any_element_renamed_moved_or_lost_never_crashes(data: st.DataObject) -> None:
    tags = re.findall(rb"<[A-Z]\w+", FILE)
    old, new = data.draw(st.sampled_from(tags)), data.draw(st.sampled_from(tags))
    changed = re.sub(old + rb"\b", new, FILE).replace(
        old.replace(b"<", b"</") + b">", new.replace(b"<", b"</") + b">"
    )
    with suppress(FileRefused):
        read(changed)


# Any file

words = st.text("abcåäöÅÄÖ <>&\"'0123456789", max_size=30).map(lambda text: " ".join(text.split()))
digits = st.text("0123456789", min_size=2, max_size=25)
payments_with_texts = st.builds(
    CamtPayment,
    amount=st.integers(1, 10**12),
    references=st.lists(digits.map(lambda text: CamtReference(value=text)), max_size=3).map(tuple),
    texts=st.lists(words.filter(bool), max_size=2).map(tuple),
    name=words,
)
files = st.lists(payments_with_texts, min_size=1, max_size=6)


@given(files, st.integers(2, 12))
def test_what_is_written_is_read(written: list[CamtPayment], version: int) -> None:
    payments, _, summary = read(camt_file(BANKGIRO, written, version=version))
    assert [p.amount for p in payments] == [w.amount for w in written]
    assert [p.payer_name or "" for p in payments] == [w.name for w in written]
    assert [p.texts for p in payments] == [w.texts for w in written]
    assert [[r.value for r in p.references] for p in payments] == [
        [r.value for r in w.references] for w in written
    ]
    assert summary.total == sum(w.amount for w in written)


@given(files, st.data())
def test_a_file_cut_anywhere_is_refused(written: list[CamtPayment], data: st.DataObject) -> None:
    whole = camt_file(BANKGIRO, written).rstrip()
    assert refusal(whole[: data.draw(st.integers(0, len(whole) - 1))]).check == "xml"


@given(files, st.data())
def test_any_flipped_digit_of_an_amount_or_count_is_refused(
    written: list[CamtPayment], data: st.DataObject
) -> None:
    whole = camt_file(BANKGIRO, written)
    numbers = rb'(?<=<Amt Ccy="SEK">)[0-9.]+|(?<=<Sum>)[0-9.]+|(?<=<NbOfTxs>)\d+|(?<=<NbOfNtries>)\d+'
    places = [n for m in re.finditer(numbers, whole) for n in range(*m.span()) if whole[n : n + 1] != b"."]
    place = data.draw(st.sampled_from(places))
    digit = data.draw(st.sampled_from(b"0123456789").filter(lambda byte: byte != whole[place]))
    refusal(whole[:place] + bytes([digit]) + whole[place + 1 :])
