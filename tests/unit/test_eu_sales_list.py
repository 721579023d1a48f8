"""The file of the EU sales list, and öre left out of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.formats.eu_sales_list import (
    BuyerSales,
    SalesList,
    SalesListInvalid,
    read_sales_list,
    write_sales_list,
)
from samklang.formats.skv4700 import whole_kronor
from samklang.ledger.vat.sales_rounding import whole_by_buyer

BUYERS = (
    BuyerSales("FI01409351", goods=16_400),
    BuyerSales("DK31283522", goods=21_700, triangular=13_600),
    BuyerSales("ESA28480514", goods=3_200, services=15_300),
)
LIST = SalesList("SE556000016701", "2611", "Göran Öst", "0123-45690", "post@example.se", BUYERS)
FILE = (
    "SKV574008;\r\n"
    "SE556000016701;2611;Göran Öst;0123-45690;post@example.se\r\n"
    "FI01409351;16400;;;\r\n"
    "DK31283522;21700;13600;;\r\n"
    "ESA28480514;3200;;15300;\r\n"
)


def refusal(given_list: SalesList) -> list[str]:
    with pytest.raises(SalesListInvalid) as caught:
        write_sales_list(given_list)
    return caught.value.faults


def with_buyer(buyer: BuyerSales) -> SalesList:
    return SalesList("SE556000016701", "26-4", "Göran Öst", "+46123456", None, (buyer,))


def test_lines_are_as_skatteverket_shows_them() -> None:
    assert write_sales_list(LIST) == FILE.encode("iso-8859-1")
    assert read_sales_list(FILE.encode("iso-8859-1")) == LIST


def test_file_of_another_program_is_read() -> None:
    own = FILE.replace("SE5560", "5560").replace("\r\n", "\n").removesuffix("\n")
    assert read_sales_list(own.encode("iso-8859-1")) == LIST


def test_nothing_stands_where_nothing_was_sold_and_0_where_it_was_credited() -> None:
    assert b"\r\nFI01409351;0;;-200;\r\n" in write_sales_list(
        with_buyer(BuyerSales("FI01409351", goods=0, services=-200))
    )


kronor = st.none() | st.integers(-(10**10), 10**11)
buyers = st.builds(
    BuyerSales,
    st.from_regex(r"(DE|FI|EL|NL)[0-9A-Z]{2,12}", fullmatch=True),
    goods=kronor,
    triangular=kronor,
    services=kronor,
).filter(lambda each: (each.goods, each.triangular, each.services) != (None, None, None))
lists = st.builds(
    SalesList,
    vat_no=st.just("SE556000016701"),
    period=st.sampled_from(["2611", "26-4"]),
    contact=st.text("aåÖ é-", min_size=1, max_size=35),
    phone=st.sampled_from(["0123-45690", "+46123456", "112"]),
    email=st.none() | st.just("a@example.se"),
    buyers=st.lists(buyers, max_size=6, unique_by=lambda each: each.vat_no).map(tuple),
)


@settings(max_examples=50)
@given(lists)
def test_any_list_reads_back_the_same(any_list: SalesList) -> None:
    assert read_sales_list(write_sales_list(any_list)) == any_list


@pytest.mark.parametrize(
    ("buyer", "fault"),
    [
        (BuyerSales("SE556000016701", goods=1), "another EU country"),
        (BuyerSales("GR094259216", goods=1), "another EU country"),
        (BuyerSales("NO123456789", goods=1), "another EU country"),
        (BuyerSales("FI 0140 9351", goods=1), "another EU country"),
        (BuyerSales("FI01409351"), "bought nothing"),
        (BuyerSales("XI980780684", services=1), "Northern Ireland"),
        (BuyerSales("FI01409351", goods=-(10**11)), "12 digits"),
    ],
)
def test_buyer_that_is_not_reported_is_refused(buyer: BuyerSales, fault: str) -> None:
    (found,) = refusal(with_buyer(buyer))
    assert fault in found


def test_longest_amounts_pass() -> None:
    longest = BuyerSales("XI980780684", goods=10**12 - 1, triangular=-(10**11) + 1)
    assert read_sales_list(write_sales_list(with_buyer(longest))).buyers == (longest,)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"vat_no": "556000016701"}, "SE and twelve digits"),
        ({"period": "2613"}, "neither a month"),
        ({"period": "26-5"}, "neither a month"),
        ({"contact": "x" * 36}, "1 to 35"),
        ({"contact": ""}, "1 to 35"),
        ({"contact": "Öst; Göran"}, "';'"),
        ({"contact": "Łukasz"}, "'Ł'"),
        ({"phone": "0123 45 690"}, "17 digits"),
        ({"phone": "1" * 18}, "17 digits"),
        ({"email": "a\nb"}, r"'\n'"),
        ({"buyers": BUYERS + BUYERS[:1]}, "stands twice"),
    ],
)
def test_head_that_cannot_be_written_is_refused(changed: dict[str, object], fault: str) -> None:
    values = {name: getattr(LIST, name) for name in SalesList.__slots__} | changed
    (found,) = refusal(SalesList(**values))
    assert fault in found


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("SKV574008;", "SKV574007;", "Line 1"),
        ("Göran Öst;", "", "Line 2 has 4 fields"),
        ("16400;;;", "16400;;", "Line 3"),
        ("16400;;;", "16400;;;x", "Line 3"),
        ("16400", "16400,00", "Line 3"),
        ("21700", "X", "Line 4"),
        ("SE5560000", "SE556000", "twelve digits"),
    ],
)
def test_fault_of_a_file_is_named(before: str, after: str, fault: str) -> None:
    assert before in FILE
    with pytest.raises(SalesListInvalid, match=fault):
        read_sales_list(FILE.replace(before, after).encode("iso-8859-1"))


def test_file_of_one_line_is_refused() -> None:
    with pytest.raises(SalesListInvalid, match="line 2"):
        read_sales_list(b"SKV574008;\r\n")


@given(st.dictionaries(st.sampled_from("ABCDEFG"), st.integers(-(10**12), 10**12)))
def test_whole_kronor_of_buyers_come_to_those_of_all(exact: dict[str, int]) -> None:
    whole = whole_by_buyer(exact)
    assert sum(whole.values()) == whole_kronor(sum(exact.values()))
    assert all(abs(whole[buyer] * 100 - amount) < 100 for buyer, amount in exact.items())
