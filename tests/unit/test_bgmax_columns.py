"""Plain payments are read by the column; everything else row by row. Both ways come to the same."""

import io
import re
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bank.bgmax import (
    BANKGIRO,
    BgMaxPayment,
    BgMaxSection,
    ExtraReference,
    bgmax_file,
    bgmax_sections,
)
from samklang.formats import bgmax
from samklang.formats.bgmax import columns, rows
from samklang.formats.incoming import Deposit, FileRefused, FileSummary, IncomingPayment

BY_COLUMN, BY_ROW = 1, 1_000_000
"""Payments that a stretch must hold to be read by the column."""


def read(data: bytes, fewest: int, block: int = 1 << 16) -> list[IncomingPayment | Deposit | FileSummary]:
    with patch.object(columns, "FEWEST", fewest), patch.object(rows, "_BLOCK", block):
        return list(bgmax.read(io.BytesIO(data), allow_foreign=True))


def outcome(data: bytes, fewest: int, block: int = 1 << 16) -> Any:
    """What is read, or what the refusal says."""
    try:
        return read(data, fewest, block)
    except FileRefused as refused:
        return str(refused)


words = st.text("abcåäöÅÄÖ 0123456789-é", max_size=35).map(str.strip)
amounts = st.integers(0, 10**12)
plain = st.builds(
    BgMaxPayment,
    amount=amounts,
    reference=st.sampled_from(["", "1234574", "Faktura 17", "1" * 25]),
    code=st.integers(0, 5),
    channel=st.integers(0, 9),
    texts=st.lists(words, max_size=3).map(tuple),
    name=words,
    street=st.sampled_from(["", "Storgatan 2"]),
    town=st.sampled_from(["", "Ö-vik"]),
    org_no=st.sampled_from(["", "5560360793", "165560360793", "0", "55603-0793"]),
    sender_bankgiro=st.sampled_from(["", "50501055", "1234567", " " * 10]),
)
unusual = st.builds(
    BgMaxPayment,
    amount=amounts,
    reference=st.sampled_from(["", "89853"]),
    code=st.sampled_from([0, 3]),
    deduction_code=st.sampled_from([None, 0, 1, 7]),
    extra=st.lists(st.builds(ExtraReference, reference=st.just("1234574")), max_size=2).map(tuple),
    serial=st.sampled_from([None, None, 3, 4_000_000]),
    name=words,
)
payments = st.lists(plain | plain | plain | unusual, max_size=25)
sections = st.lists(
    st.builds(BgMaxSection, payments=payments, currency=st.sampled_from(["SEK", "SEK", "EUR"])), max_size=3
)
encodings = st.sampled_from(["latin-1", "utf-8"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    given_sections = [
        BgMaxSection(payments=each.payments, currency=each.currency, deposit_serial=place)
        for place, each in enumerate(draw(sections), 1)
    ]
    newline, encoding = draw(st.sampled_from(["\r\n", "\n"])), draw(encodings)
    data = bgmax_sections(given_sections, newline=newline, encoding=encoding)
    return re.sub(rb" +(?=\r?\n)", b"", data) if draw(st.booleans()) else data


@given(files(), st.sampled_from([100, 1_000, 5_000]))
def test_any_file_reads_the_same_by_column_and_by_row(data: bytes, block: int) -> None:
    assert outcome(data, BY_COLUMN) == outcome(data, BY_ROW)
    assert outcome(data, BY_COLUMN, block) == outcome(data, BY_ROW)


@given(files(), st.data())
def test_any_damaged_file_is_refused_alike_by_column_and_by_row(data: bytes, draw: st.DataObject) -> None:
    given_rows = data.split(b"\n")
    match draw.draw(st.sampled_from(["byte", "lost row", "row twice", "rows in another order"])):
        case "byte":
            place = draw.draw(st.integers(0, len(data) - 1))
            damaged = data[:place] + draw.draw(
                st.sampled_from([b" ", b"0", b"9", b"-", b"\xb2", b"\n", b"\r", b""])
            )
            damaged += data[place + 1 :]
        case "lost row":
            given_rows.pop(draw.draw(st.integers(0, len(given_rows) - 1)))
            damaged = b"\n".join(given_rows)
        case "row twice":
            place = draw.draw(st.integers(0, len(given_rows) - 1))
            damaged = b"\n".join([*given_rows[:place], given_rows[place], *given_rows[place:]])
        case _:
            damaged = b"\n".join(draw.draw(st.permutations(given_rows)))
    assert outcome(damaged, BY_COLUMN, 1_000) == outcome(damaged, BY_ROW)


def many(**changed: Any) -> list[BgMaxPayment]:
    """Payments enough to be read by the column."""
    return [BgMaxPayment(amount=100 + place, reference=str(place), **changed) for place in range(20)]


def test_plain_payments_are_indeed_read_by_the_column() -> None:
    data = bgmax_file(BANKGIRO, many(texts=("Tack", "igen"), name="Kalles Plåt AB", org_no="5560360793"))
    with patch.object(columns, "read_plain", wraps=columns.read_plain) as read_plain:
        list(bgmax.read(io.BytesIO(data)))
    (call,) = read_plain.call_args_list
    assert call.args[1] == "05569" * 19  # all but the last, whose end is not seen before record 15 comes


@pytest.mark.parametrize(
    "rewritten",
    [
        (b"000000000000000110", b"00000000000000011x"),
        (b"000000000000000110", b"0000000000000001\xb20"),
        (b"21000000000001", b"21000000000000"),
        (b"21000000000011", b"21000000000010"),
        (b"21000000000020", b"21000000000001"),
        (b"21000000000011", b"21000000000000"),
        (b"21000000000011", b"2x000000000011"),
        (b"29001655603607", b"2900165560360x"),
    ],
)
def test_a_stretch_with_something_amiss_is_read_row_by_row(rewritten: tuple[bytes, bytes]) -> None:
    data = bgmax_file(BANKGIRO, many(org_no="1655603607"))
    assert data.count(rewritten[0])
    changed = data.replace(*rewritten, 1)
    assert outcome(changed, BY_COLUMN) == outcome(changed, BY_ROW) != outcome(data, BY_ROW)


def test_a_block_of_very_short_rows_is_read_whole() -> None:
    """Blanks cut off, a block of the file holds far more rows than one of whole rows does."""
    data = bgmax_file(BANKGIRO, many(texts=tuple("x" * 90), name="A"))
    short = re.sub(rb" +\r\n", b"\n", data)
    found = read(short, columns.FEWEST)
    assert found == read(data, BY_ROW)
    assert len(short.split(b"\n")) > 1_800


@pytest.mark.parametrize("fewest", [BY_COLUMN, BY_ROW])
@pytest.mark.parametrize(("row", "another"), [(b"26A   ", b"26B   "), (b"29005560360793", b"29005560360794")])
def test_the_last_of_two_names_or_organisation_numbers_counts(
    row: bytes, another: bytes, fewest: int
) -> None:
    data = bgmax_file(BANKGIRO, many(name="A", org_no="5560360793"))
    found = read(data.replace(row, another.ljust(80) + b"\r\n" + row), fewest)[:20]
    told = {(each.payer_name, each.payer_org_no) for each in found if isinstance(each, IncomingPayment)}
    assert told == {("A", "5560360793")}


def test_more_records_behind_a_payment_than_any_bank_writes_are_refused() -> None:
    with pytest.raises(FileRefused) as caught:
        read(bgmax_file(BANKGIRO, [BgMaxPayment(amount=1, texts=("x",) * 10_001)]), columns.FEWEST)
    assert (caught.value.check, caught.value.record) == ("details", 10_004)
