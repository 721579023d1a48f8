"""The VAT return's file, against Skatteverket's DTD and example."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from samklang.formats.eskd import ELEMENTS, EskdInvalid, EskdReturn, read_eskd, unwritable, write_eskd
from samklang.formats.skv4700 import BOXES, TO_PAY, to_pay, whole_kronor

SAMPLES = Path(__file__).parents[3] / "shared/samples/eskd"
ORG_NO = "5593456782"
FILE = write_eskd(
    EskdReturn(ORG_NO, 2026, 11, {"05": 100_000, "10": 25_000, "35": 3_000, "48": 7_500}, "Ändrad & rättad")
)


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{path} is not here: Skatteverket's files are not ours to keep in the repository")
    return path.read_bytes()


def by_the_dtd(data: bytes) -> bool:
    """Whether Skatteverket's DTD accepts a file."""
    sample("eSKDUpload_6p0.dtd")
    return etree.DTD(str(SAMPLES / "eSKDUpload_6p0.dtd")).validate(etree.fromstring(data))


def faults(data: bytes) -> list[str]:
    with pytest.raises(EskdInvalid) as caught:
        read_eskd(data)
    return caught.value.faults


def test_official_example_is_read_and_written_again_as_it_is() -> None:
    example = sample("momsexempel_v6.xml")
    found = read_eskd(example)
    assert (found.org_no, found.year, found.month, to_pay(found.boxes)) == ("5999000465", 2015, 7, 225_500)
    assert set(found.boxes) == set(BOXES)
    assert write_eskd(found).split() == example.split()
    assert by_the_dtd(example)


def test_elements_are_those_of_the_dtd_in_its_order() -> None:
    dtd = sample("eSKDUpload_6p0.dtd").decode("iso-8859-1")
    model = dtd.partition("<!ELEMENT Moms (")[2].partition(")")[0]
    names = [name.strip().removesuffix("?") for name in model.split(",")]
    assert names == ["Period", *ELEMENTS.values(), "TextUpplysningMoms"]
    assert set(ELEMENTS) == {*BOXES, TO_PAY}


returns = st.builds(
    EskdReturn,
    org_no=st.sampled_from([ORG_NO, "5999000465", "1212121212"]),
    year=st.integers(2000, 2099),
    month=st.integers(1, 12),
    boxes=st.dictionaries(
        st.sampled_from(sorted(BOXES)), st.integers(-(10**12), 10**12).filter(bool), max_size=28
    ),
    text=st.none() | st.text("abcåäöÅÄÖé<>&\"' §½ÿ\n", min_size=1, max_size=40),
)


@settings(max_examples=40, deadline=None)
@given(returns)
def test_any_boxes_are_valid_by_the_dtd_and_read_back_the_same(any_return: EskdReturn) -> None:
    data = write_eskd(any_return)
    assert read_eskd(data) == any_return
    assert by_the_dtd(data)


def test_return_of_nothing_says_that_nothing_is_to_pay() -> None:
    data = write_eskd(EskdReturn(ORG_NO, 2026, 4, dict.fromkeys(BOXES, 0)))
    assert [element.tag for element in etree.fromstring(data)[1]] == ["Period", "MomsBetala"]
    assert read_eskd(data) == EskdReturn(ORG_NO, 2026, 4)
    assert by_the_dtd(data)


def test_file_is_in_latin_1_and_says_so() -> None:
    assert FILE.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert "Ändrad &amp; rättad".encode("iso-8859-1") in FILE


def test_signs_of_word_processors_are_written_plainer() -> None:
    data = write_eskd(EskdReturn(ORG_NO, 2026, 11, text="”Se – bilaga…”"))
    assert read_eskd(data).text == '"Se - bilaga..."'


@pytest.mark.parametrize(("text", "named"), [("100 €", "'€'"), ("łódź", "'ł' 'ź'"), ("a\x07b", r"'\x07'")])
def test_text_that_latin_1_cannot_hold_is_refused_with_its_characters(text: str, named: str) -> None:
    assert unwritable(text)
    with pytest.raises(EskdInvalid, match="cannot") as caught:
        write_eskd(EskdReturn(ORG_NO, 2026, 11, text=text))
    assert named in caught.value.faults[0]


@pytest.mark.parametrize(
    "given_return",
    [
        EskdReturn("5593456783", 2026, 11),
        EskdReturn(ORG_NO, 2026, 13),
        EskdReturn(ORG_NO, 2026, 11, {"49": 1}),
        EskdReturn(ORG_NO, 2026, 11, {"09": 1}),
    ],
    ids=["org_no", "month", "box 49", "no box"],
)
def test_return_that_cannot_be_is_not_written(given_return: EskdReturn) -> None:
    with pytest.raises(EskdInvalid):
        write_eskd(given_return)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (b"<MomsBetala>17500", b"<MomsBetala>17501", "Box 49 says 17501, and the other boxes come to 17500."),
        (b">25000<", b">25000.00<", "Box 10 (MomsUtgHog) is '25000.00'"),
        (b">25000<", b">25 000<", "whole kronor in digits"),
        (b">25000<", b"><", "Box 10 (MomsUtgHog) is None"),
        (b">25000<", b"><x/><", "MomsUtgHog holds other elements."),
        (b">25000<", ">２5000<".encode("ascii", "xmlcharrefreplace"), "whole kronor in digits"),
        (b"MomsUtgHog", b"MomsUtgLagom", "MomsUtgLagom is no element"),
        (b"<Period>202611", b"<Period>202613", "Period is '202613'"),
        (b"<OrgNr>559345-6782", b"<OrgNr>5593456782", "it is written as 559345-6782"),
        (b"<OrgNr>559345-6782", b"<OrgNr>559345-6783", "wrong check digit"),
        (b'Version="6.0"', b'Version="5.0"', "version 6.0"),
        (b"ISO-8859-1", b"iso-8859-15", "ISO-8859-1 is needed"),
        (b"Version 6.0//SV", b"Version 4.0//SV", "DTD"),
        (b"</Moms>", b"</Moms><Moms/>", "one Moms"),
        (b"</OrgNr>", b"", "It is not XML"),
    ],
)
def test_fault_of_a_file_is_named(before: bytes, after: bytes, fault: str) -> None:
    assert FILE.count(before) >= 1
    assert any(fault in each for each in faults(FILE.replace(before, after)))


def test_boxes_in_the_order_of_the_form_are_refused() -> None:
    sales = b"<ForsVaruAnnatEg>3000</ForsVaruAnnatEg>"
    moved = FILE.replace(sales, b"").replace(b"</MomsIngAvdr>", b"</MomsIngAvdr>" + sales)
    assert faults(moved) == ["ForsVaruAnnatEg stands twice, or after what it must stand before."]


def test_file_without_box_49_or_period_is_refused() -> None:
    assert "Box 49" in faults(FILE.replace(b"<MomsBetala>17500</MomsBetala>", b""))[0]
    assert faults(FILE.replace(b"<Period>202611</Period>", b"")) == ["Moms must begin with its Period."]


def test_entity_is_not_expanded() -> None:
    doctype, _, rest = FILE.partition(b'.dtd">')
    hostile = doctype + b'.dtd" [<!ENTITY a "25000">]>' + rest.replace(b">25000<", b">&a;<")
    assert faults(hostile) == ["MomsUtgHog holds other elements."]


@given(st.integers(-(10**14), 10**14))
def test_ore_are_left_out_towards_zero(ore: int) -> None:
    kronor = whole_kronor(ore)
    assert abs(kronor) * 100 <= abs(ore) < (abs(kronor) + 1) * 100
    assert kronor * ore >= 0
