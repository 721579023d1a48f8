"""What is written reads the same; what cannot be written is told. And nothing hostile holds the reader."""

from __future__ import annotations

import io
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.formats import sie
from samklang.formats.sie.fields import writable
from samklang.formats.sie.model import KEPT_FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

YEAR = sie.Year(date(2026, 1, 1), date(2026, 12, 31))


def read(data: bytes) -> tuple[list[sie.Voucher], sie.Summary]:
    *vouchers, summary = sie.read(io.BytesIO(data))
    assert isinstance(summary, sie.Summary)
    return [each for each in vouchers if isinstance(each, sie.Voucher)], summary


CHARACTERS = bytes(range(32, 127)).decode() + "åäöÅÄÖéüÉÜèàñçæÆ£½²\xa0"
"""Not all of CP437: its Greek letters and frames are at the places of å, ä and ö in Latin-1, and a file of
nothing else would be taken for that."""
TEXT = st.one_of(
    st.sampled_from(
        ["", " ", "två ord", 'tum"', '\\"', "\\", "C:\\bok", "{", "}", "{1 2}", "#VER", "åäöÅÄÖ", "\xa0"]
    ),
    st.text(alphabet=CHARACTERS, max_size=8),
).map(writable)
NAME = TEXT.filter(bool)
NUMBER = st.integers(1000, 9999).map(str)
ORE = st.one_of(st.integers(-105, 105), st.integers(-(10**14), 10**14))
DAY = st.integers(0, 364).map(lambda days: YEAR.start + timedelta(days))
QUANTITY = st.none() | st.decimals(-1000, 1000, places=2)
OBJECTS = st.lists(st.tuples(st.sampled_from("167"), NAME), max_size=2).map(tuple)
BALANCE = st.builds(sie.Balance, ORE, QUANTITY)
DETAIL = st.just(sie.Detail()) | st.builds(
    sie.Detail, OBJECTS, TEXT, st.none() | DAY, QUANTITY, TEXT, st.booleans()
)


@st.composite
def some_voucher(draw: st.DrawFn) -> sie.Voucher:
    rows = draw(st.lists(st.tuples(NUMBER, ORE, DETAIL), min_size=1, max_size=4))
    day = draw(DAY)
    rows.append(("3740", -sum(row[1] for row in rows), sie.Detail()))
    details = [detail._replace(day=None if detail.day == day else detail.day) for _, _, detail in rows]
    registered = draw(st.none() | DAY)
    return sie.Voucher(
        draw(TEXT),
        draw(st.none() | st.integers(1, 10**9)),
        day,
        draw(TEXT),
        tuple(row[0] for row in rows),
        tuple(row[1] for row in rows),
        tuple(details) if any(detail != sie.Detail() for detail in details) else (),
        registered,
        draw(TEXT),
        tuple(draw(st.lists(st.builds(sie.Row, NUMBER, ORE, st.just(sie.Detail())), max_size=2))),
    )


HEADS = st.builds(
    sie.Head,
    flag=st.booleans(),
    program=st.tuples(TEXT, TEXT),
    made=DAY,
    made_by=TEXT,
    prose=st.lists(TEXT, max_size=2),
    company=NAME,
    company_id=TEXT,
    org_no=TEXT,
    form=TEXT,
    address=st.sampled_from([(), ("", "Storgatan 1", "123 45 Ort", "")]),
    tax_year=TEXT,
    periods_until=st.none() | DAY,
    chart=TEXT,
    currency=st.sampled_from(["SEK", "EUR"]),
    years=st.just({0: YEAR, -1: sie.Year(date(2025, 1, 1), date(2025, 12, 31))}),
    accounts=st.dictionaries(NUMBER, TEXT, max_size=3).map(
        lambda names: {
            number: sie.Account(number, name, "T", "st" if name else "", ("7251",) if name else ())
            for number, name in names.items()
        }
    ),
    dimensions=st.just({"1": sie.Dimension("1", "Ställe"), "21": sie.Dimension("21", "Under", "1")}),
    objects=st.dictionaries(st.tuples(st.just("1"), NAME), TEXT, max_size=2),
    opening=st.just({0: {"1510": sie.Balance(5)}}),
    closing=st.dictionaries(
        st.sampled_from([0, -1]), st.dictionaries(NUMBER, BALANCE, min_size=1, max_size=2)
    ),
    results=st.dictionaries(
        st.sampled_from([0, -1]), st.dictionaries(NUMBER, BALANCE, min_size=1, max_size=2)
    ),
    object_opening=st.dictionaries(st.tuples(st.just(0), NUMBER, OBJECTS), BALANCE, max_size=2),
    object_closing=st.dictionaries(st.tuples(st.just(-1), NUMBER, OBJECTS), BALANCE, max_size=2),
    months=st.dictionaries(st.tuples(st.just(0), st.just("202601"), NUMBER, OBJECTS), BALANCE, max_size=2),
    budget=st.dictionaries(st.tuples(st.just(-1), st.just("202512"), NUMBER, OBJECTS), BALANCE, max_size=2),
)


@settings(max_examples=60, deadline=None)
@given(HEADS, st.lists(some_voucher(), max_size=4))
def test_what_is_written_reads_the_same(head: sie.Head, vouchers: list[sie.Voucher]) -> None:
    writer = sie.Writer(head)
    found, summary = read(b"".join(writer.write(vouchers)))
    assert summary.head == head
    assert [voucher._replace(line=0) for voucher in found] == vouchers
    assert writer.findings == ()
    assert "checksum-not-begun" not in summary.counts


SMALL = sie.Head(company="Kalles Plåt AB", made=YEAR.start, years={0: YEAR})


def voucher(text: str, number: int = 1) -> sie.Voucher:
    return sie.Voucher("A", number, YEAR.start, text, ("1930", "3001"), (100, -100))


def test_file_is_what_the_format_says() -> None:
    assert b"".join(sie.Writer(SMALL).write([voucher("Så här")])).decode("cp437").split("\r\n") == [
        "#FLAGGA 0",
        "#KSUMMA",
        '#PROGRAM "" ""',
        "#FORMAT PC8",
        '#GEN 20260101 ""',
        "#SIETYP 4",
        '#FNAMN "Kalles Plåt AB"',
        "#RAR 0 20260101 20261231",
        '#VER "A" 1 20260101 "Så här"',
        "{",
        "#TRANS 1930 {} 1.00",
        "#TRANS 3001 {} -1.00",
        "}",
        "#KSUMMA 3522340001",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("5 € – nu", "5 EUR - nu"),
        ("日本", "??"),
        ("rad\nrad\ttab\x07", "rad rad tab "),
        ("slutar med \\", "slutar med /"),
    ],
)
def test_what_cannot_be_written_is_substituted_and_told(text: str, written: str) -> None:
    writer = sie.Writer(SMALL)
    (found, other), summary = read(b"".join(writer.write([voucher(text), voucher("rätt", 2)])))
    assert (found.text, other.text) == (written, "rätt")
    assert [finding.code for finding in writer.findings] == ["substituted"]
    assert repr(written) in writer.findings[0].text
    assert "control-character" not in summary.counts


def test_substitutions_are_bounded_and_counted() -> None:
    writer = sie.Writer(SMALL)
    for _ in writer.write(voucher(f"{number} €", number) for number in range(1, 1_000)):
        pass
    assert len(writer.findings) == KEPT_FINDINGS
    assert writer.counts == {"substituted": 999}


def test_vouchers_are_written_as_they_come() -> None:
    taken = []

    def source() -> Iterator[sie.Voucher]:
        for number in range(1, 10_000):
            taken.append(number)
            yield voucher("Försäljning", number)

    seen = [len(taken) for _ in sie.Writer(SMALL).write(source())]
    assert len(seen) > 20
    assert max(after - before for before, after in pairwise(seen)) < 1_000


# Hostile files

FILE = b"".join(
    sie.Writer(
        sie.Head(
            company="Åsa AB",
            made=YEAR.start,
            years={0: YEAR},
            accounts={"1930": sie.Account("1930", "Bank", "T")},
            opening={0: {"1930": sie.Balance(5)}},
        )
    ).write(
        [
            voucher("Så"),
            voucher("b", 2)._replace(
                details=(sie.Detail((("1", "N"),), 'x"y', quantity=Decimal(1)), sie.Detail())
            ),
        ]
    )
)
BARE = b"".join(line + b"\n" for line in FILE.split(b"\r\n") if b"KSUMMA" not in line)
"""The same without checksum, which would refuse nearly every change at once."""


def outcome(data: bytes) -> str:
    try:
        read(data)
    except sie.SieRefused as refused:
        return refused.check
    return "read"


def test_file_cut_anywhere_is_read_or_refused() -> None:
    outcomes = {outcome(BARE[:size]) for size in range(len(BARE))}
    assert {"read", "structure", "type", "company", "not-sie", "date"} <= outcomes
    with_checksum = [outcome(FILE[:size]) for size in range(len(FILE) - 2)]
    assert "read" not in with_checksum[40:]


def test_file_with_any_bit_flipped_is_read_or_refused() -> None:
    outcomes = set()
    for place in range(len(BARE)):
        for bit in range(8):
            data = bytearray(BARE)
            data[place] ^= 1 << bit
            outcomes.add(outcome(bytes(data)))
    assert {"read", "unbalanced", "amount", "structure"} <= outcomes


def test_checksum_finds_every_changed_byte_that_is_no_separator() -> None:
    start = FILE.index(b"#PROGRAM")
    for place in range(start, len(FILE) - 30):
        if FILE[place] in b' \r\n"{}\\':
            continue
        data = bytearray(FILE)
        data[place] ^= 1
        assert outcome(bytes(data)) != "read", place


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_anything_behind_the_head_is_read_or_refused(tail: bytes) -> None:
    outcome(BARE + tail)


@pytest.mark.parametrize(
    ("data", "check"),
    [
        (BARE + b"{" * 20_000, "read"),
        (BARE + b"#TRANS 1 " + b"{" * 20_000, "structure"),
        (BARE + b"#PROSA " + b'"\\' * 10_000, "read"),
        (BARE + b'#PROSA "' + b'\\"' * 10_000, "read"),
        (BARE + b"#VER A 3 20260101 x\n{\n" + b"#TRANS 1930 {} 0.00\n" * 100_001, "too-many-rows"),
        (BARE + b"#KONTO 1 x " + b"y" * 300_000, "line-too-long"),
        (BARE + b"\n" * 300_000, "read"),
        (b" " * 300_000, "not-sie"),
    ],
)
def test_hostile_file_takes_no_time(data: bytes, check: str) -> None:
    assert outcome(data) == check
