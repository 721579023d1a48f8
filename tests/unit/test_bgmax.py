import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bank.bgmax import (
    BANKGIRO,
    PAYMENT_DAY,
    BgMaxPayment,
    BgMaxSection,
    ExtraReference,
    bgmax_file,
    bgmax_sections,
)
from samklang.formats import bgmax
from samklang.formats.incoming import Deposit, FileRefused, FileSummary, IncomingPayment, Reference

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "bgmax"
FIRST = BgMaxPayment(amount=125_050, reference="1234574", sender_bankgiro="50501055", name="Kalles Plåt AB")
SECOND = BgMaxPayment(amount=50_000, reference="Faktura 17", code=3, org_no="5560360793")
FILE = bgmax_file(BANKGIRO, [FIRST, SECOND])


def read(data: bytes, **options: bool) -> tuple[list[IncomingPayment], list[Deposit], FileSummary]:
    items = list(bgmax.read(io.BytesIO(data), **options))
    payments = [item for item in items if isinstance(item, IncomingPayment)]
    deposits = [item for item in items if isinstance(item, Deposit)]
    summary = items[-1]
    assert isinstance(summary, FileSummary)
    return payments, deposits, summary


def refusal(data: bytes, **options: bool) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        read(data, **options)
    return caught.value


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not here: Bankgirot's examples are not ours to keep in the repository")
    return path.read_bytes()


def row_replaced(record: int, change: Callable[[bytes], bytes], data: bytes = FILE) -> bytes:
    rows = data.split(b"\r\n")
    rows[record - 1] = change(rows[record - 1])
    return b"\r\n".join(rows)


def put(first: int, text: str) -> Callable[[bytes], bytes]:
    """Write over a row from a position of the manual."""
    return lambda row: row[: first - 1] + text.encode() + row[first - 1 + len(text) :]


# Bankgirot's own examples


def test_bankgirots_example_reads_to_its_four_deposits() -> None:
    payments, deposits, summary = read(sample("BgMaxfil4.txt"), allow_foreign=True)
    assert [(d.amount, d.currency, d.count) for d in deposits] == [
        (370_000, "SEK", 2),
        (200_000, "SEK", 1),
        (290_000, "SEK", 4),
        (400_000, "EUR", 2),
    ]
    assert [d.serial for d in deposits] == ["00056", "00057", "00058", "00059"]
    assert {p.date for p in payments} == {date(2004, 5, 25)}
    assert (summary.payments, summary.totals) == (9, {"SEK": 860_000, "EUR": 400_000})
    assert summary.total == 860_000
    assert summary.recipients == (BANKGIRO,)
    assert summary.created.isoformat() == "2004-05-25T17:30:35.010331+02:00"


def test_a_lump_for_several_references_names_them_without_amounts() -> None:
    payments, _, _ = read(sample("BgMaxfil4.txt"), allow_foreign=True)
    lump = payments[0]
    assert [r.value for r in lump.references] == ["665760", "665869", "665661", "657775"]
    assert {(r.kind, r.amount) for r in lump.references} == {("ocr", None)}
    assert lump.texts == ("Betalning med extra refnr 665869 657775 665661", "665760")
    assert (lump.payer_name, lump.payer_org_no, lump.payer_account) == (
        "Kalles Plåt AB",
        "5500001234",
        "3783511",
    )


def test_a_payment_with_part_amounts_adds_up_with_its_credit_note() -> None:
    payments, _, _ = read(sample("BgMaxfil4.txt"), allow_foreign=True)
    assert payments[6].amount == 140_000
    assert payments[6].references == (
        Reference("ocr", "7495575", 100_000),
        Reference("ocr", "695668", 50_000),
        Reference("text", "8988777", 40_000),
        Reference("credit_note", "74450", -50_000),
    )


def test_the_example_with_a_section_in_euro_is_refused_by_default() -> None:
    refused = refusal(sample("BgMaxfil4.txt"))
    assert (refused.check, refused.record, refused.found) == ("currency", 51, "'EUR'")


def test_the_broken_example_is_refused_for_its_counts() -> None:
    refused = refusal(sample("BgMaxfil4_broken.txt"), allow_foreign=True)
    assert (refused.check, refused.record, refused.found) == ("file-count", 67, "9")
    assert refused.expected == "8 records 20, as pos 3-10 say"


def test_the_example_damaged_by_a_tab_is_refused_in_the_row_at_fault() -> None:
    refused = refusal(sample("exempelfil_ocr-checksiffra-langd.fabhed.txt"))
    assert (refused.check, refused.record) == ("tab", 17)


def test_the_mended_example_holds_a_deduction_and_a_serial_number_twice() -> None:
    data = sample("exempelfil_ocr-checksiffra-langd.fabhed.txt").replace(b"\t\t       ", b" " * 19)
    refused = refusal(data)
    assert (refused.check, refused.record) == ("serial-twice", 40)

    payments, deposits, summary = read(row_replaced(40, put(58, "000000000017"), _other_serials(data)))
    assert [(d.amount, d.count) for d in deposits] == [(190_000, 3), (800_000, 4)]
    assert summary.payments == 7
    deduction = payments[1]
    assert (deduction.kind, deduction.amount, deduction.deduction_code) == ("deduction", 50_000, 0)
    assert deduction.bank_reference == "000230000111"
    assert deduction.references == (Reference("credit_note", "89853"),)


def _other_serials(data: bytes) -> bytes:
    data = row_replaced(41, put(58, "000000000017"), data)
    return row_replaced(42, put(58, "000000000017"), data)


def test_the_smallest_example_is_one_payment() -> None:
    payments, _, summary = read(sample("minimal.txt"))
    assert [(p.amount, p.references) for p in payments] == [(110_000, (Reference("ocr", "650861"),))]
    assert summary.total == 110_000


# What is read


def test_payments_come_with_the_day_and_recipient_of_their_section() -> None:
    payments, deposits, summary = read(FILE)
    assert payments[0] == IncomingPayment(
        kind="payment",
        amount=125_050,
        currency="SEK",
        date=PAYMENT_DAY,
        recipient=BANKGIRO,
        bank_reference="000000000001",
        record=3,
        references=(Reference("ocr", "1234574"),),
        payer_name="Kalles Plåt AB",
        payer_account="50501055",
    )
    assert payments[1].references == (Reference("text", "Faktura 17"),)
    assert payments[1].payer_org_no == "5560360793"
    assert [(d.amount, d.count, d.record, d.account) for d in deposits] == [
        (175_050, 2, 7, "58410000010098232")
    ]
    assert (summary.format, summary.payments, summary.total) == ("bgmax", 2, 175_050)


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_line_ends_and_encodings_make_no_difference(newline: str, encoding: str) -> None:
    data = bgmax_file(BANKGIRO, [FIRST, SECOND], newline=newline, encoding=encoding)
    assert read(data) == read(FILE)


def test_blanks_cut_off_at_the_end_of_rows_make_no_difference() -> None:
    stripped = b"\r\n".join(row.rstrip() for row in FILE.split(b"\r\n"))
    assert read(stripped) == read(FILE)


def test_blank_rows_after_the_end_make_no_difference() -> None:
    assert read(FILE + b"\r\n   \r\n\r\n") == read(FILE)


def test_record_types_of_later_editions_are_skipped() -> None:
    rows = FILE.split(b"\r\n")
    rows[3:3] = [b"24 something new"]
    payments, _, _ = read(b"\r\n".join(rows))
    assert [p.amount for p in payments] == [125_050, 50_000]
    assert payments[0].payer_name == "Kalles Plåt AB"


def test_a_deduction_lowers_the_deposit() -> None:
    deduction = BgMaxPayment(amount=20_000, reference="89853", code=3, deduction_code=1)
    payments, deposits, summary = read(bgmax_file(BANKGIRO, [FIRST, deduction]))
    assert [(p.kind, p.amount, p.deduction_code) for p in payments] == [
        ("payment", 125_050, None),
        ("deduction", 20_000, 1),
    ]
    assert deposits[0].amount == summary.total == 105_050


def test_references_the_bank_read_out_of_a_text_take_its_place() -> None:
    extra = (ExtraReference(reference="1234574"), ExtraReference(reference="74450"))
    payment = BgMaxPayment(amount=100, reference="1234574,74450", code=3, extra=extra, texts=("Tack",))
    payments, _, _ = read(bgmax_file(BANKGIRO, [payment]))
    assert [r.value for r in payments[0].references] == ["1234574", "74450"]
    assert payments[0].texts == ("1234574,74450", "Tack")


def test_a_right_reference_stands_before_those_found_beside_it() -> None:
    payment = BgMaxPayment(amount=100, reference="1234574", extra=(ExtraReference(reference="74450"),))
    payments, _, _ = read(bgmax_file(BANKGIRO, [payment]))
    assert payments[0].references == (Reference("ocr", "1234574"), Reference("ocr", "74450"))


def test_sections_of_several_recipients_are_summed_up() -> None:
    sections = [
        BgMaxSection(payments=[FIRST]),
        BgMaxSection(recipient_bankgiro="50501055", payments=[SECOND], payment_day=date(2026, 9, 16)),
    ]
    payments, _, summary = read(bgmax_sections(sections))
    assert [(p.recipient, p.date.day) for p in payments] == [(BANKGIRO, 15), ("50501055", 16)]
    assert summary.recipients == (BANKGIRO, "50501055")


def test_a_test_file_is_read_only_when_asked_for() -> None:
    data = bgmax_file(BANKGIRO, [FIRST], mark="T")
    assert (refusal(data).check, refusal(data).record) == ("test-mark", 1)
    assert read(data, allow_test=True)[2].payments == 1


def test_serial_numbers_need_not_ascend() -> None:
    downwards = [BgMaxPayment(amount=1, serial=serial) for serial in (9, 5, 7)]
    assert read(bgmax_file(BANKGIRO, downwards))[2].payments == 3


# What is refused


def test_a_refusal_says_where_what_and_what_to_do() -> None:
    refused = refusal(row_replaced(7, put(51, "000000000000175051")))
    assert str(refused) == (
        "Record 7: expected payments less deductions of 175051 öre, as pos 51-68 say, found 175050 öre "
        "(deposit-amount). The bank's own figures do not agree: fetch the file again, and ask the bank if it "
        "stays so."
    )


@pytest.mark.parametrize(
    ("record", "first", "text", "check"),
    [
        (1, 3, "BGMIN", "not-bgmax"),
        (1, 23, "02", "layout-version"),
        (1, 25, "20261315", "created"),
        (1, 45, " ", "test-mark"),
        (2, 3, "0009912347", "recipient-check-digit"),
        (2, 3, "          ", "not-a-number"),
        (2, 23, "EUR", "currency"),
        (3, 38, "-", "not-a-number"),
        (3, 38, "+1_000", "not-a-number"),
        (3, 58, "000000000000", "serial"),
        (5, 58, "000000000001", "serial-twice"),
        (4, 1, "70", "record-order"),
        (4, 1, "x6", "record-type"),
        (7, 38, "20260931", "payment-day"),
        (7, 68, "1", "deposit-amount"),
        (7, 69, "EUR", "deposit-currency"),
        (7, 79, "3", "deposit-count"),
        (8, 10, "3", "file-count"),
        (8, 18, "1", "file-count"),
        (8, 26, "1", "file-count"),
        (8, 34, "2", "file-count"),
    ],
)
def test_each_check_names_the_record_at_fault(record: int, first: int, text: str, check: str) -> None:
    refused = refusal(row_replaced(record, put(first, text)))
    assert (refused.check, refused.record) == (check, record)


@pytest.mark.parametrize(
    ("rows", "check", "record"),
    [
        ([1, 2, 3, 5, 7], "cut-file", None),
        ([1, 2, 3, 8], "section-end", 2),
        ([1, 2, 3, 2, 7, 8], "record-order", 4),
        ([1, 3, 7, 8], "record-order", 2),
        ([1, 2, 4, 7, 8], "record-order", 3),
        ([1, 2, 7, 8], "deposit-amount", 3),
        ([1, 1, 2, 3, 5, 7, 8], "record-order", 2),
        ([1, 2, 3, 5, 7, 8, 8], "record-order", 7),
        ([1, 2, 3, 5, 7, 8, 2], "cut-file", None),
        ([1, 2, 3, 5, 7, 2, 3, 5, 7, 8], "deposit-twice", 9),
        ([2, 3, 5, 7, 8], "not-bgmax", 1),
    ],
)
def test_records_out_of_order_are_refused(rows: list[int], check: str, record: int | None) -> None:
    given_rows = FILE.split(b"\r\n")
    refused = refusal(b"\r\n".join(given_rows[row - 1] for row in rows))
    assert (refused.check, refused.record) == (check, record)


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"\xff\xd8\xff\xe0" * 100, b"<Document/>", b"05\r\n70\r\n"]
)
def test_other_files_are_refused_at_once(data: bytes) -> None:
    assert refusal(data).check == "not-bgmax"


def test_a_row_that_is_too_long_is_refused() -> None:
    refused = refusal(row_replaced(4, lambda row: row + b"x"))
    assert (refused.check, refused.record, refused.found) == ("row-width", 4, "81")


def test_a_row_one_longer_than_its_line_end_tells_is_refused() -> None:
    refused = refusal(row_replaced(4, lambda row: row + b"x").replace(b"x\r\n", b"x\n"))
    assert (refused.check, refused.record, refused.found) == ("row-width", 4, "81")


def test_a_row_one_too_short_is_refused_whatever_ends_it() -> None:
    rows = bgmax_file(BANKGIRO, [FIRST, SECOND], newline="\n").split(b"\n")
    rows[3] = rows[3][:79] + b"\r"
    refused = refusal(b"\n".join(rows))
    assert (refused.check, refused.record, refused.found) == ("row-width", 4, "79, a blank last")


@pytest.mark.parametrize("lost", [1, 2])
def test_the_last_row_may_lack_its_line_end(lost: int) -> None:
    assert read(FILE[:-lost]) == read(FILE)


def test_a_row_without_end_is_refused_before_it_fills_the_memory() -> None:
    endless = FILE[:82] + b"0" * 10_000_000
    refused = refusal(endless)
    assert (refused.check, refused.record) == ("row-width", 2)


@pytest.mark.parametrize(
    ("extra", "check"),
    [
        (
            (ExtraReference(reference="1", amount=99), ExtraReference(reference="2", amount=-1)),
            "extra-reference-sum",
        ),
        ((ExtraReference(reference="1", amount=-100),), "extra-reference-sum"),
    ],
)
def test_part_amounts_that_do_not_add_up_are_refused(extra: tuple[ExtraReference, ...], check: str) -> None:
    refused = refusal(bgmax_file(BANKGIRO, [BgMaxPayment(amount=100, extra=extra)]))
    assert (refused.check, refused.record) == (check, 3)


@pytest.mark.parametrize(("first", "text"), [(3, "0050501055"), (58, "000000000002")])
def test_an_extra_reference_of_another_payment_is_refused(first: int, text: str) -> None:
    data = bgmax_file(BANKGIRO, [BgMaxPayment(amount=100, extra=(ExtraReference(reference="1234574"),))])
    refused = refusal(row_replaced(4, put(first, text), data))
    assert (refused.check, refused.record) == ("extra-reference-parent", 4)


# Any file

words = st.text("abcåäöÅÄÖ 0123456789-é", max_size=35).map(str.strip)
references = st.text("0123456789", min_size=1, max_size=25)
amounts = st.integers(1, 10**12)
plain_payments = st.builds(
    BgMaxPayment,
    amount=amounts,
    reference=references,
    code=st.sampled_from([2, 3, 4, 5]),
    name=words,
    texts=st.lists(words.filter(bool), max_size=2).map(tuple),
    sender_bankgiro=st.sampled_from(["", "50501055", "1234567"]),
)
lumps = st.builds(
    BgMaxPayment,
    amount=amounts,
    code=st.just(0),
    extra=st.lists(references.map(lambda text: ExtraReference(reference=text)), min_size=1, max_size=4).map(
        tuple
    ),
)
files = st.lists(plain_payments | lumps, min_size=1, max_size=8)


@given(files, st.sampled_from(["\r\n", "\n"]), st.sampled_from(["latin-1", "utf-8"]))
def test_what_is_written_is_read(written: list[BgMaxPayment], newline: str, encoding: str) -> None:
    payments, deposits, summary = read(bgmax_file(BANKGIRO, written, newline=newline, encoding=encoding))
    assert [p.amount for p in payments] == [w.amount for w in written]
    assert [p.payer_name or "" for p in payments] == [w.name for w in written]
    assert [p.texts for p in payments] == [w.texts for w in written]
    named = [[w.reference] if w.reference else [extra.reference for extra in w.extra] for w in written]
    assert [[r.value for r in p.references] for p in payments] == named
    assert deposits[0].amount == summary.total == sum(w.amount for w in written)


@given(files, st.data())
def test_a_file_cut_anywhere_is_refused(written: list[BgMaxPayment], data: st.DataObject) -> None:
    whole = bgmax_file(BANKGIRO, written).rstrip()
    refusal(whole[: data.draw(st.integers(0, len(whole) - 1))])


@given(files, st.data())
def test_any_flipped_digit_of_an_amount_or_count_is_refused(
    written: list[BgMaxPayment], data: st.DataObject
) -> None:
    whole = bgmax_file(BANKGIRO, written)
    fields = [(m.start() + 37, 18) for m in re.finditer(rb"^20", whole, re.MULTILINE)]
    deposit, end = whole.rindex(b"\n15") + 1, whole.rindex(b"\n70") + 1
    fields += [(deposit + 50, 18), (deposit + 71, 8), (end + 2, 32)]
    start, length = data.draw(st.sampled_from(fields))
    place = start + data.draw(st.integers(0, length - 1))
    digit = data.draw(st.sampled_from(b"0123456789").filter(lambda byte: byte != whole[place]))
    refusal(whole[:place] + bytes([digit]) + whole[place + 1 :])


@given(files, st.data())
def test_a_single_lost_byte_is_refused(written: list[BgMaxPayment], data: st.DataObject) -> None:
    """But for the last byte of record 15, a blank: without it the row reads the same."""
    whole = bgmax_file(BANKGIRO, written, newline="\n")
    blank = whole.index(b"\n", whole.rindex(b"\n15") + 1) - 1
    place = data.draw(st.integers(0, len(whole) - 2).filter(lambda place: place != blank))
    refusal(whole[:place] + whole[place + 1 :])


@given(st.binary(max_size=400))
def test_rubbish_is_refused_and_never_crashes(rubbish: bytes) -> None:
    refusal(FILE[:82] + rubbish)
