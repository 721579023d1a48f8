"""What is read, what is refused and what is only told."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.formats import sie
from samklang.formats.sie import charset, checksum, fields
from samklang.formats.sie.head import HeadReader
from samklang.formats.sie.model import Findings
from samklang.formats.sie.vouchers import VoucherReader

HEAD = """\
#FLAGGA 0
#PROGRAM "Någon Bokföring" 3.1
#FORMAT PC8
#GEN 20260131 "AA"
#SIETYP 4
#FNAMN "Kalles Plåt AB"
#RAR 0 20260101 20261231
#KONTO 1510 "Kundfordringar"
#KONTO 3001 "Försäljning"
#KONTO 2611 "Utgående moms"
"""
VOUCHER = """\
#VER "K" 17 20260131 "Faktura 1042" 20260201 "AA"
{
#TRANS 1510 {} 1250.00
#TRANS 3001 {1 "Nord"} -1000.00
#TRANS 2611 {} -250.00
}
"""


def read(text: str | bytes) -> tuple[list[sie.Voucher], sie.Summary]:
    data = text if isinstance(text, bytes) else text.encode("cp437")
    *vouchers, summary = sie.read(io.BytesIO(data))
    assert isinstance(summary, sie.Summary)
    return [each for each in vouchers if isinstance(each, sie.Voucher)], summary


def refusal(text: str | bytes) -> sie.SieRefused:
    with pytest.raises(sie.SieRefused) as caught:
        read(text)
    return caught.value


def rows(*lines: str, head: str = "#VER A 1 20260115") -> str:
    return HEAD + "\n".join([head, "{", *lines, "}", ""])


# What is read


def test_head_and_voucher_are_read() -> None:
    vouchers, summary = read(HEAD + VOUCHER)
    head = summary.head
    assert (head.company, head.program, head.made, head.made_by) == (
        "Kalles Plåt AB",
        ("Någon Bokföring", "3.1"),
        date(2026, 1, 31),
        "AA",
    )
    assert head.years == {0: sie.Year(date(2026, 1, 1), date(2026, 12, 31))}
    assert {number: account.name for number, account in head.accounts.items()}["1510"] == "Kundfordringar"
    assert vouchers == [
        sie.Voucher(
            "K",
            17,
            date(2026, 1, 31),
            "Faktura 1042",
            ("1510", "3001", "2611"),
            (1250_00, -1000_00, -250_00),
            (sie.Detail(), sie.Detail((("1", "Nord"),)), sie.Detail()),
            date(2026, 2, 1),
            "AA",
            line=11,
        )
    ]
    assert (summary.vouchers, summary.rows, summary.turnover) == (1, 3, 1250_00)
    assert summary.series == {"K": sie.SeriesSum(1, 17, 17)}
    assert (summary.first, summary.last) == (date(2026, 1, 31), date(2026, 1, 31))


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("#KTYP 1510 T", ("kind", "T")),
        ("#ENHET 1510 st", ("unit", "st")),
        ("#SRU 1510 7251\n#SRU 1510 7252", ("sru", ("7251", "7252"))),
    ],
)
def test_account_has_what_other_records_tell_of_it(record: str, expected: tuple[str, object]) -> None:
    _, summary = read(HEAD + record)
    name, value = expected
    assert getattr(summary.head.accounts["1510"], name) == value
    assert summary.head.accounts["1510"].name == "Kundfordringar"


def test_balances_of_years_objects_and_months_are_read() -> None:
    _, summary = read(
        HEAD
        + '#DIM 1 "Kostnadsställe"\n#UNDERDIM 21 "Avdelning" 1\n#OBJEKT 1 "Nord" "Norr"\n'
        + '#IB 0 1510 100.00 3.5\n#UB 0 1510 100.00\n#OIB 0 1510 {1 "Nord"} 40.00\n'
        + '#OUB 0 1510 {1 "Nord"} 40\n#RES 0 3001 0.00\n#PSALDO 0 202601 1510 {} 0.00\n'
        + "#PSALDO 0 202602 1510 1.5\n"
        + "#PBUDGET 0 202601 3001 {} -5000\n"
    )
    head = summary.head
    assert head.opening == {0: {"1510": sie.Balance(100_00, Decimal("3.5"))}}
    assert head.object_opening == {(0, "1510", (("1", "Nord"),)): sie.Balance(40_00)}
    assert head.object_closing == {(0, "1510", (("1", "Nord"),)): sie.Balance(40_00)}
    assert head.months == {
        (0, "202601", "1510", ()): sie.Balance(0),
        (0, "202602", "1510", ()): sie.Balance(150),
    }
    assert head.budget == {(0, "202601", "3001", ()): sie.Balance(-5000_00)}
    assert head.dimensions["21"] == sie.Dimension("21", "Avdelning", "1")
    assert head.objects == {("1", "Nord"): "Norr"}


@pytest.mark.parametrize(
    ("line", "account", "amount", "detail"),
    [
        ("#TRANS 1510 {} 1.00", "1510", 100, sie.Detail()),
        ("\t#TRANS  1510 { } 1", "1510", 100, sie.Detail()),
        ("#trans 1510 {} 1.0", "1510", 100, sie.Detail()),
        ("#TRANS 1510 {} 1.00000", "1510", 100, sie.Detail()),
        ('#TRANS "1510" {} "1.00"', "1510", 100, sie.Detail()),
        ('#TRANS 1510 {"1" "Nord" 6 P1} 1', "1510", 100, sie.Detail((("1", "Nord"), ("6", "P1")))),
        ('#TRANS 1510 {1 "a}b"} 1', "1510", 100, sie.Detail((("1", "a}b"),))),
        ("#TRANS 1510 {1 Nord} 1", "1510", 100, sie.Detail((("1", "Nord"),))),
        ('#TRANS 1510 {} 1.00 20260115 "Text"', "1510", 100, sie.Detail(text="Text")),
        ('#TRANS 1510 {} 1.00 20260114 ""', "1510", 100, sie.Detail(day=date(2026, 1, 14))),
        ('#TRANS 1510 {} 1.00 "" "" 2.5 "AA"', "1510", 100, sie.Detail(quantity=Decimal("2.5"), sign="AA")),
        ('#TRANS 1510 {} 1.00 "" "" 0', "1510", 100, sie.Detail(quantity=Decimal(0))),
        (r'#TRANS 1510 {} 1.00 "" "5\" rör"', "1510", 100, sie.Detail(text='5" rör')),
        (r'#TRANS 1510 {} 1.00 "" "C:\bok\x"', "1510", 100, sie.Detail(text=r"C:\bok\x")),
        (r'#TRANS 1510 {} 1.00 "" C:\bok\ ', "1510", 100, sie.Detail(text="C:\\bok\\")),
        (r'#TRANS 1510 {} 1.00 "" "C:\bok\"', "1510", 100, sie.Detail(text="C:\\bok\\")),
        ('#TRANS 1510 {} 1.00 "" "x" "" "AA" more and more', "1510", 100, sie.Detail(text="x", sign="AA")),
    ],
)
def test_row_is_read_however_it_is_written(line: str, account: str, amount: int, detail: sie.Detail) -> None:
    (voucher,), summary = read(rows(line, "#TRANS 3001 {} -1"))
    assert voucher.rows[0] == sie.Row(account, amount, detail)
    assert set(summary.counts) <= {"object-undeclared", "account-undeclared"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", " \n", "\r\n\r\n"])
@pytest.mark.parametrize("last", ["", "\x1a", "\n\x1a"])
def test_line_ends_and_end_of_file_marks_change_nothing(end: str, last: str) -> None:
    vouchers, summary = read((HEAD + VOUCHER).replace("\n", end) + last)
    expected, _ = read(HEAD + VOUCHER)
    assert [each._replace(line=0) for each in vouchers] == [each._replace(line=0) for each in expected]
    assert "control-character" not in summary.counts


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("cp437", set()), ("latin-1", {"alphabet"}), ("utf-8", {"alphabet"}), ("utf-8-sig", {"alphabet"})],
)
def test_alphabet_is_found_by_its_swedish_letters(encoding: str, told: set[str]) -> None:
    _, summary = read((HEAD + VOUCHER).encode(encoding))
    assert summary.head.company == "Kalles Plåt AB"
    assert set(summary.counts) & {"alphabet"} == told


def test_voucher_without_number_is_to_be_numbered_by_the_receiver() -> None:
    vouchers, summary = read(HEAD + '#VER "" "" 20260115\n{\n}\n#VER A 0 20260115\n{\n}\n')
    assert [voucher.number for voucher in vouchers] == [None, 0]
    assert summary.counts == {"no-rows": 2}


def test_added_row_counts_once_and_the_struck_one_not_at_all() -> None:
    (voucher,), summary = read(
        rows(
            '#BTRANS 1510 {} 5.00 20260120 "" "" "AA"',
            '#RTRANS 1510 {} 1.00 20260120 "" "" "AA"',
            "#TRANS 1510 {} 1.00",
            "#TRANS 3001 {} -1.00",
        )
    )
    assert voucher.rows == [
        sie.Row("1510", 100, sie.Detail(day=date(2026, 1, 20), sign="AA", added=True)),
        sie.Row("3001", -100),
    ]
    assert [row.amount for row in voucher.struck] == [500]
    assert (summary.added, summary.struck, summary.moved) == (1, 1, {"1510": 100, "3001": -100})


# What is refused


@pytest.mark.parametrize(
    ("text", "check", "label", "line"),
    [
        (HEAD.replace("#SIETYP 4\n", ""), "type", "", None),
        (HEAD.replace("#SIETYP 4", "#SIETYP 7"), "type", "#SIETYP", 5),
        (HEAD.replace('#FNAMN "Kalles Plåt AB"\n', ""), "company", "", None),
        (rows("#TRANS 1510 {} 1.00", "#TRANS 3001 {} -1.10"), "unbalanced", "#VER", 11),
        (rows("#TRANS 1510 {} 1,00"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} +1.00"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} 1.2.00"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} 1_0.00"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} 1.001"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} 12345678901234.00"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} ."), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {}"), "amount", "#TRANS", 13),
        (rows("#TRANS 1510 {} 1.00 2026-01-15"), "date", "#TRANS", 13),
        (rows("#TRANS {} 1.00"), "account", "#TRANS", 13),
        (rows(head="#VER A 1 2026-01-15"), "date", "#VER", 11),
        (rows(head="#VER A 1 20260229"), "date", "#VER", 11),
        (rows(head="#VER A 1"), "date", "#VER", 11),
        (rows(head='#VER A 1 20260115 "x" 20260199'), "date", "#VER", 11),
        (HEAD + "#IB 0 1510 tio\n", "amount", "#IB", 11),
        (HEAD + "#IB noll 1510 10.00\n", "year", "#IB", 11),
        (HEAD + "#PSALDO 0 202613 1510 {} 1.00\n", "date", "#PSALDO", 11),
        (HEAD + "#RAR -1 20250101 20251331\n", "date", "#RAR", 11),
        (HEAD + "#TRANS 1510 {} 1.00\n", "structure", "", 11),
        (HEAD + "#VER A 1 20260115\n#TRANS 1510 {} 1.00\n", "structure", "", 12),
        (HEAD + "#VER A 1 20260115\n{\n#TRANS 1510 {} 0.00\n", "structure", "#VER", 11),
        (HEAD + "#VER A 1 20260115\n{\n{\n", "structure", "", 13),
        (HEAD + "#VER A 1 20260115\n{\n#VER A 2 20260115\n", "structure", "#VER", 13),
        (HEAD + "#VER A 1 20260115\n{\n#KONTO 1510 x\n}\n", "structure", "#VER", 13),
        (HEAD + "}\n", "structure", "", 11),
        (rows("#TRANS 1510 {1 {6 2}} 1.00"), "structure", "#TRANS", 13),
        (rows("#TRANS 1510 {1} 1.00"), "structure", "#TRANS", 13),
        (rows("#TRANS 1510 {1 2 1.00"), "structure", "#TRANS", 13),
        ("", "not-sie", "", None),
        ("%PDF-1.7", "not-sie", "", None),
        ('<Sie xmlns="http://www.sie.se/sie5"/>', "not-sie", "", None),
        ("konto;belopp\n1510;100\n", "not-sie", "", None),
        ("#" + "A" * 200_000, "line-too-long", "", None),
        (HEAD + "#KSUMMA\n#KONTO 1 x\n", "checksum", "", None),
        (HEAD + "#KSUMMA\n#KONTO 1 x\n#KSUMMA 17\n", "checksum", "#KSUMMA", 13),
    ],
)
def test_what_makes_a_file_unusable_is_refused_by_its_line(
    text: str, check: str, label: str, line: int | None
) -> None:
    refused = refusal(text)
    assert (refused.check, refused.label, refused.record) == (check, label, line)
    assert refused.advice


def test_sie_5_is_told_from_other_xml() -> None:
    assert "SIE type 4" in refusal('<Sie xmlns="http://www.sie.se/sie5"/>').advice
    assert refusal("<html></html>").found == "XML or a web page"


def test_comma_and_cut_files_say_what_to_do() -> None:
    assert "a dot" in refusal(rows("#TRANS 1510 {} 1,00")).expected
    assert "cut or damaged" in refusal(HEAD + "#VER A 1 20260115\n{\n").advice


# What is only told


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (HEAD.replace("#FLAGGA 0\n", "#EXTRA 1\n"), "unknown-label", 1),
        (HEAD.replace("#FLAGGA 0\n", ""), "missing", None),
        (HEAD.replace("#FLAGGA 0", "#FLAGGA 1"), "already-read", None),
        (HEAD.replace("PC8", "UTF8"), "format", 3),
        (HEAD + "#VALUTA EUR\n", "currency", 11),
        (HEAD + "#KONTO 1510 x\n", "twice", 11),
        (HEAD + "#KONTO\n", "incomplete", 11),
        (HEAD + "#KTYP 1510 X\n", "kind", 11),
        (HEAD + "#KONTO 15x0 y\n", "account-not-numeric", 11),
        (HEAD + "hej\n", "no-record", 11),
        (HEAD + '#PROSA "open\n', "open-quote", 11),
        (HEAD + "#PROSA a\x07b\n", "control-character", 11),
        (HEAD + "#IB 0 1510 5 många\n#UB 0 1510 5\n", "quantity", 11),
        (HEAD + "#RAR -1\n", "year-empty", 11),
        (HEAD + "#KSUMMA 17\n", "checksum-not-begun", 11),
        (rows("#TRANS 1510 {} 0.00", head="#VER A 1 20270115"), "outside-year", 11),
        (rows("#TRANS 1510 0.00"), "no-object-list", 13),
        (rows("#RTRANS 1510 {} 1.00", "#TRANS 1510 {} 0.00"), "added-alone", 14),
        (rows("#TRANS 1510 {99 x} 0.00"), "object-undeclared", 11),
        (rows(head="#VER A x 20260115"), "number-not-numeric", 11),
        (rows() + rows().removeprefix(HEAD), "number-twice", 14),
        (rows(head="#VER A 9 20260115") + rows().removeprefix(HEAD), "not-ascending", 14),
        (HEAD + "#IB 0 1510 5\n#UB 0 1510 6\n" + VOUCHER, "closing-differs", None),
        (HEAD + "#UB 0 1510 1250\n#UB 0 2611 -250\n#RES 0 3001 -900\n" + VOUCHER, "result-differs", None),
        (HEAD + "#PSALDO 0 202601 1510 {} 1249\n" + VOUCHER, "month-differs", None),
        (
            HEAD.replace("#SIETYP 4", "#SIETYP 2") + "#PSALDO 0 202601 3001 {} 1\n#RES 0 3001 2",
            "month-differs",
            None,
        ),
        (HEAD + "#UB 0 1510 5\n#RES 0 3001 -4\n", "sums-differ", None),
        (HEAD + "#IB 0 1510 5\n#UB 0 1510 5\n", "opening-sum", None),
        (HEAD + "#IB 0 1510 5\n#UB -1 1510 4\n#UB 0 1510 5\n", "opening-differs", None),
        (HEAD + "#IB 0 1930 0\n", "account-undeclared", None),
    ],
)
def test_what_is_odd_is_told_with_its_line(text: str, code: str, line: int | None) -> None:
    _, summary = read(text)
    assert code in summary.counts
    assert (code, line) in [(finding.code, finding.line) for finding in summary.findings]


def test_findings_are_bounded_and_counted() -> None:
    _, summary = read(HEAD + "#NYTT 1\n" * 5_000)
    assert summary.counts == {"unknown-label": 5_000}
    assert [finding.line for finding in summary.findings] == list(range(11, 31))


# Both ways to read


AMOUNT = st.integers(-(10**6), 10**6).map(
    lambda ore: f"{'-' if ore < 0 else ''}{abs(ore) // 100}.{abs(ore) % 100:02d}"
)
TEXT = st.sampled_from(["", "a", "två ord", 'citat"', "\\", "a\\", "{x}", "#VER", "åäö", "_+", "\xa0"])
FIELD = TEXT.map(lambda text: fields.quoted(fields.writable(text)) or '""')
LISTS = st.sampled_from(["{}", "{ }", '{1 "Nord"}', "{1 Nord 6 P1}", '{"1" "a}b"}', "{1}", "{{"])
DAYS = st.sampled_from(["20260115", '"20260115"', '""', "20260116", "20269999", ""])
LINE = st.one_of(
    st.builds("#TRANS {} {} {}".format, st.sampled_from(["1510", "3001", '"1510"', "x", ""]), LISTS, AMOUNT),
    st.builds("#TRANS 1510 {} {} {} {}".format, LISTS, AMOUNT, DAYS, FIELD),
    st.builds("#TRANS 1510 {} 0.00 {} {} 1 {}".format, LISTS, DAYS, FIELD, FIELD),
    st.sampled_from(["#RTRANS 1510 {} 0.00", "#BTRANS 1510 {} 0.00", "", "#NYTT 1", "{", "}", "x"]),
)
VER = st.one_of(
    st.builds("#VER {} {} {} {}".format, FIELD, st.sampled_from(["1", '"2"', '""', "x"]), DAYS, FIELD),
    st.builds("#VER A 1 20260115 {} {} {}".format, FIELD, DAYS, FIELD),
    st.builds('#VER {}A{} {}1{} {}20260115{} "x"'.format, *[st.sampled_from(["", '"'])] * 6),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(VER, st.lists(LINE, max_size=4)), min_size=1, max_size=3))
def test_quick_and_careful_reading_come_to_the_same(blocks: list[tuple[str, list[str]]]) -> None:
    text = "".join("\n".join([head, "{", *lines, "}", ""]) for head, lines in blocks)

    def outcome(*, careful: bool) -> object:
        findings = Findings()
        reader = VoucherReader(HeadReader(findings), findings)
        try:
            found = reader.read(text, careful=careful)
        except sie.SieRefused as refused:
            return str(refused)
        return found, findings.all(), reader.months, reader.accounts, reader.rows, reader.turnover

    assert outcome(careful=False) == outcome(careful=True)


# Parts


@given(st.text(alphabet='ab "\\{}åäö', max_size=12), st.text(alphabet='ab "\\{}', max_size=12))
def test_quoted_text_splits_to_itself(first: str, second: str) -> None:
    written = [fields.writable(each) for each in (first, second)]
    line = " ".join(["#PROSA", *(fields.quoted(each) or '""' for each in written)])
    assert fields.split(line) == (["#PROSA", *written], False)


def test_checksum_leaves_out_separators_quotes_braces_and_escapes() -> None:
    data = b'#VER "A" "1" 20260115 "5\\" r\x94r"\r\n{\r\n#TRANS\t1510 {1 "No rd"} 1.00\r\n}\r\n'
    assert checksum.add(0, data) == crc32(b'#VERA1202601155" r\x94r#TRANS15101No rd1.00')
    assert checksum.add(checksum.add(0, data), data) == checksum.add(0, data + data)


def test_checksum_with_a_quote_left_open_ends_at_the_line() -> None:
    assert checksum.add(0, b'#PROSA "a b\n#PROSA "c d\n') == crc32(b"#PROSAa b#PROSAc d")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 € – “hej”…", '5 EUR - "hej"...'),
        ("Łódź Žižek", "Lódz Zizek"),
        ("a\u030a", "å"),
        ("日", "?"),
        ("åäöÅÄÖé", "åäöÅÄÖé"),
    ],
)
def test_what_cp437_lacks_is_written_as_something_like_it(text: str, expected: str) -> None:
    assert charset.written(text) == expected
    charset.encoded(charset.written(text))
