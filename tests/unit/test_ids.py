import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from samklang.platform import ids
from samklang.platform.http import Id

PATTERN = re.compile(r"[a-z]{2,4}_[0-9a-z]{20}")


def test_an_id_has_its_prefix_and_20_characters() -> None:
    assert PATTERN.fullmatch(ids.new_id("inv"))
    assert ids.new_id("inv").startswith("inv_")


def test_an_id_passes_the_pattern_the_api_asks_of_ids() -> None:
    assert TypeAdapter(Id).validate_python(made := ids.new_id("cus")) == made


def test_ten_thousand_ids_are_all_different() -> None:
    assert len({ids.new_id("pay") for _ in range(10_000)}) == 10_000


@given(st.lists(st.integers(0, 32**9 * 1_000_000 - 1), min_size=2, max_size=20))
def test_ids_sort_by_the_millisecond_they_were_made_in(moments: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        made = []
        for moment in moments:
            patch.setattr(time, "time_ns", lambda moment=moment: moment)
            made.append((moment // 1_000_000, ids.new_id("inv")))
    for first, first_id in made:
        for second, second_id in made:
            if first < second:
                assert first_id < second_id


def test_ids_have_room_for_the_time_for_a_thousand_years() -> None:
    year_3000_in_milliseconds = 32_503_680_000_000
    assert year_3000_in_milliseconds < 32**ids._TIME_DIGITS


@given(st.integers(0, 32**11 - 1))
def test_no_two_numbers_are_written_alike(value: int) -> None:
    text = ids._base32(value, 11)
    assert len(text) == 11
    read = 0
    for character in text:
        read = read * 32 + ids._ALPHABET.index(character)
    assert read == value


def test_letters_that_look_like_digits_or_each_other_are_not_used() -> None:
    assert not set("ilou") & set(ids._ALPHABET)
    assert len(set(ids._ALPHABET)) == 32
