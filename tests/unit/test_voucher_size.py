"""What a voucher weighs in the table, by AWS's rules of size, and that packing loses nothing."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.ledger.model.vouchers import Details, RowDetail, Voucher, rows_of
from samklang.ledger.store import vouchers
from samklang.platform.dynamo import Transaction, from_item

DAY = date(2026, 11, 23)
ID = "0123456789abcdefghjk"
PAGE = 1024 * 1024


def weight(item: dict[str, Any]) -> int:
    """Bytes of an item: names and values in UTF-8, a number half a byte a digit and one more."""
    total = 0
    for name, attribute in item.items():
        ((kind, value),) = attribute.items()
        text = str(value).encode()
        total += len(name) + (len(text) if kind == "S" else (len(text.strip(b"-0")) + 1) // 2 + 1)
    return total


def kept(voucher: Voucher) -> dict[str, Any]:
    """A voucher's item of the table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEDGER_TABLE", "Ledger")
        transaction = Transaction()
        amounts = [(row.account, row.debit - row.credit) for row in voucher.rows]
        vouchers.put_voucher(transaction, f"com_{ID}", voucher, amounts)
    item: dict[str, Any] = transaction.operations[0]["Put"]["Item"]
    return item


def voucher(series: str, text: str, amounts: list[tuple[str, int]], **values: Any) -> Voucher:
    details: Details = values.pop("details", {})
    given = {"source": None, "created_at": "2026-11-23T09:30:01.234Z"} | values
    return Voucher(
        voucher_id=vouchers.voucher_id(DAY, series, 42),
        series=series,
        number=42,
        date=DAY,
        text=text,
        rows=rows_of(amounts, details),
        **given,
    )


USUAL = [
    voucher(
        "K",
        "Kundfaktura 1042 Andersson Bygg AB",
        [("1510", 1250000), ("3001", -1000000), ("2611", -250000)],
        source=f"invoice/inv_{ID}/issued",
    ),
    voucher(
        "I",
        "Inbetalning 12500,00 kr, Andersson Bygg AB, faktura 1042",
        [("1930", 1250000), ("1510", -1250000)],
        source=f"payment/pay_{ID}/registered",
    ),
    voucher(
        "A", "Lokalhyra november", [("5010", 800000), ("2641", 200000), ("1930", -1000000)], created_by=ID * 2
    ),
]


@pytest.mark.parametrize("each", USUAL, ids=lambda each: each.series)
def test_a_page_of_1_mb_holds_6000_of_the_usual_vouchers(each: Voucher) -> None:
    assert PAGE // weight(kept(each)) >= 6000


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
rows = st.lists(st.integers(-(10**10), 10**10).filter(bool), min_size=1, max_size=6)
details = st.dictionaries(
    st.integers(0, 6),
    st.builds(
        RowDetail,
        st.one_of(st.none(), words),
        st.one_of(st.none(), st.just("-12.50")),
        st.lists(st.tuples(st.sampled_from(["1", "6", "20"]), words), max_size=2).map(tuple),
    ).filter(lambda each: each != RowDetail()),
    max_size=3,
)
sources = st.one_of(
    st.none(),
    st.sampled_from(
        [
            f"invoice/inv_{ID}/issued",
            f"payment/pay_{ID}/registered",
            f"payment/pay_{ID}/reversed",
            f"invoice/inv_{ID}/credited",
            "vat/2026-11/closed",
            "voucher/2026-11-23.A.1/reversed",
        ]
    ),
)


@given(rows, details, sources, words, st.sampled_from(["A", "LON", "9"]))
def test_a_voucher_is_read_as_it_was_written(
    amounts: list[int], told: Details, source: str | None, text: str, series: str
) -> None:
    balanced = [("1930", amount) for amount in amounts] + [("2893", -sum(amounts))]
    told = {place: each for place, each in told.items() if place < len(balanced)}
    written = voucher(
        series, text, balanced, source=source, details=told, documents=["doc_1"], created_by="u"
    )
    assert vouchers.read_voucher(from_item(kept(written))) == written
