"""The official examples: every consistent one reads to balances that agree, every bad one is told why."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from samklang.formats import sie

SAMPLES = Path(__file__).parents[3] / "shared/samples/sie"

DIFFERENCES = {"closing-differs", "result-differs", "month-differs", "sums-differ", "opening-differs"}


class Read(NamedTuple):
    vouchers: list[sie.Voucher]
    summary: sie.Summary


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not here: the examples are not ours to keep in the repository")
    return path.read_bytes()


def read(data: bytes) -> Read:
    *vouchers, summary = sie.read(io.BytesIO(data))
    assert isinstance(summary, sie.Summary)
    return Read([each for each in vouchers if isinstance(each, sie.Voucher)], summary)


@pytest.mark.parametrize(
    ("name", "vouchers", "rows", "added", "struck"),
    [
        ("BL0001_typ4.SE", 84, 405, 6, 3),
        ("SIE4_Exempelfil_med_underdim.SE", 295, 1330, 0, 0),
        ("SIE_exempelfil.se", 26, 148, 0, 0),
        ("magenta_bokföring_SIE4E.se", 19, 84, 0, 0),
        ("sie_4.SE", 20, 76, 1, 1),
    ],
)
def test_consistent_export_reads_with_opening_and_changes_equal_to_closing(
    name: str, vouchers: int, rows: int, added: int, struck: int
) -> None:
    found = read(sample(name))
    summary = found.summary
    assert (summary.vouchers, summary.rows, summary.added, summary.struck) == (vouchers, rows, added, struck)
    assert DIFFERENCES & set(summary.counts) == set()
    assert summary.head.type == "4E"
    # and once more without the reader's own sums
    moved: Counter[str] = Counter()
    for voucher in found.vouchers:
        assert sum(voucher.amounts) == 0
        moved.update(dict.fromkeys(voucher.accounts, 0))
        for row in voucher.rows:
            moved[row.account] += row.amount
    opening, closing = summary.head.opening[0], summary.head.closing[0]
    none = sie.Balance(0)
    assert {
        account: opening.get(account, none).amount + moved[account] - closing[account].amount
        for account in closing
    } == dict.fromkeys(closing, 0)
    assert {account: moved[account] for account in summary.head.results[0]} == {
        account: balance.amount for account, balance in summary.head.results[0].items()
    }


@pytest.mark.parametrize(
    ("name", "vouchers", "rows"),
    [
        ("BokOrder.si", 1, 4),
        ("Norstedts_Bokslut_SIE_4I.si", 2, 4),
        ("magenta_bokföring_SIE4I.se", 19, 84),
        ("BL0001_typ4I.SI", 1, 10),
    ],
)
def test_import_files_read(name: str, vouchers: int, rows: int) -> None:
    summary = read(sample(name)).summary
    assert (summary.head.type, summary.vouchers, summary.rows) == ("4I", vouchers, rows)
    assert DIFFERENCES & set(summary.counts) == set()


def test_voucher_off_by_an_amount_refuses_the_file_and_names_it() -> None:
    with pytest.raises(sie.SieRefused) as caught:
        read(sample("transaktioner_ovnbolag-bad-balance.se"))
    refused = caught.value
    assert (refused.check, refused.label, refused.record, refused.unit) == (
        "unbalanced",
        "#VER",
        3905,
        "line",
    )
    assert refused.found == "a difference of -12771.00 in voucher B 1"


def test_empty_year_is_told_and_the_file_read() -> None:
    summary = read(sample("BL0001_typ4I.SI")).summary
    assert summary.counts == {"year-empty": 1}
    assert [finding.line for finding in summary.findings] == [7]


def test_letters_lost_before_are_told_and_the_alphabet_is() -> None:
    summary = read(sample("SIE4_Exempelfil_med_underdim.SE")).summary
    assert summary.encoding == "utf-8"
    assert summary.counts["characters-lost"] == 430
    assert {"alphabet", "already-read"} <= set(summary.counts)
    lower = [dimension for dimension in summary.head.dimensions.values() if dimension.parent]
    assert len(lower) == 2


def test_result_that_was_not_moved_is_told() -> None:
    assert read(sample("SIE_exempelfil.se")).summary.counts == {"opening-sum": 1}


def test_rows_added_and_struck_out_are_kept_and_count_once() -> None:
    voucher = next(each for each in read(sample("sie_4.SE")).vouchers if each.struck)
    assert [(row.account, row.amount, row.detail.added) for row in voucher.rows] == [
        ("2641", 16_81, False),
        ("1920", -157_00, True),
        ("7690", 140_19, False),
    ]
    assert [(row.account, row.amount) for row in voucher.struck] == [("1910", -157_00)]


@pytest.mark.parametrize("name", ["Norstedts_Bokslut_SIE_1.se", "Norstedts_Bokslut_SIE_4I.si"])
def test_official_checksum_holds_and_a_change_is_found(name: str) -> None:
    data = sample(name)
    assert b"#KSUMMA" in data
    assert read(data).summary.counts == {}
    changed = data.replace(b'#FNAMN "', b'#FNAMN "X', 1) if b'#FNAMN "' in data else data
    if changed == data:
        changed = data.replace(b"#KONTO", b"#KONTQ", 1)
    with pytest.raises(sie.SieRefused) as caught:
        read(changed)
    assert (caught.value.check, caught.value.label) == ("checksum", "#KSUMMA")


@pytest.mark.parametrize(
    "name",
    [
        "BL0001_typ4.SE",
        "SIE4_Exempelfil_med_underdim.SE",
        "SIE_exempelfil.se",
        "magenta_bokföring_SIE4E.se",
        "sie_4.SE",
        "Norstedts_Bokslut_SIE_4I.si",
    ],
)
def test_what_is_read_and_written_again_reads_the_same(name: str) -> None:
    found = read(sample(name))
    writer = sie.Writer(found.summary.head)
    again = read(b"".join(writer.write(found.vouchers)))
    if "characters-lost" not in found.summary.counts:
        assert writer.findings == ()
        assert again.summary.head == found.summary.head
    unlined = [[voucher._replace(line=0) for voucher in each.vouchers] for each in (found, again)]
    if "characters-lost" not in found.summary.counts:
        assert unlined[0] == unlined[1]
    assert again.summary.moved == found.summary.moved
