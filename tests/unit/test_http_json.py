import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.platform.http import read_json
from samklang.platform.problems import Problem

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def refusal(text: str) -> str:
    with pytest.raises(Problem) as caught:
        read_json(text)
    assert caught.value.status == 400
    return caught.value.code


@given(values)
def test_what_is_json_is_read_as_the_standard_library_reads_it(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert read_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[1,]",
        "{'a': 1}",
        "{a: 1}",
        '{"a": 1} x',
        "undefined",
        '"\n"',
        "01",
        "1.",
        "--1",
        "\ufeff{}",
        '{"a":1',
        '{"a"}',
        "tru",
        "/* */ {}",
    ],
)
def test_what_is_no_json_is_malformed(text: str) -> None:
    assert refusal(text) == "malformed-json"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("shape", ["{}", "[{}]", '{{"a": {{"b": [{}]}}}}'])
def test_a_number_that_is_none_is_malformed_wherever_it_stands(constant: str, shape: str) -> None:
    assert refusal(shape.format(constant)) == "malformed-json"


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"b":2,"a":3}',
        '{"x":{"a":1,"a":2}}',
        '[[{"a":null,"a":null}]]',
        '{"a":1,"\\u0061":2}',
        '{"":1,"":2}',
    ],
)
def test_a_name_twice_in_an_object_is_refused_even_when_it_is_written_otherwise(text: str) -> None:
    assert refusal(text) == "duplicate-key"


def test_the_refusal_says_which_name_stands_twice() -> None:
    with pytest.raises(Problem, match="'amount'"):
        read_json('{"text":"x","amount":"1","amount":"2"}')


def test_the_same_name_in_two_objects_is_no_duplicate() -> None:
    assert read_json('[{"a":1},{"a":2}]') == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_32_levels_are_read_and_33_are_too_deep(opening: str, closing: str) -> None:
    read_json(opening * 32 + "1" + closing * 32)
    assert refusal(opening * 33 + "1" + closing * 33) == "too-deep"


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_a_hundred_thousand_levels_are_too_deep_and_do_no_harm(opening: str) -> None:
    assert refusal(opening * 100_000) == "too-deep"


@pytest.mark.parametrize("levels", [33, 100_000])
def test_closing_brackets_in_a_text_do_not_let_deeper_levels_through(levels: int) -> None:
    text = '{"a":"' + "]" * levels + '","b":' + "[" * levels + "]" * levels + "}"
    assert refusal(text) == "too-deep"


def test_a_number_of_a_hundred_thousand_digits_is_malformed_and_does_no_harm() -> None:
    assert refusal("1" * 100_000) == "malformed-json"


@pytest.mark.parametrize("text", [r'"\ud800"', r'{"a":"\udc00x"}', r'{"\udfff":1}', r'["\ud83d"]'])
def test_half_a_character_is_refused(text: str) -> None:
    assert refusal(text) == "malformed-json"


def test_both_halves_of_a_character_are_one_character() -> None:
    assert read_json(r'"\ud83e\udeb5"') == "🪵"


@pytest.mark.parametrize("end", ["", "\\", '"', '"}'])
def test_a_long_text_of_quotes_is_read_or_refused_in_a_moment(end: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(Problem):
        read_json('{"a":"' + '\\"' * 20_000 + end)
    assert time.perf_counter() - started < 1
