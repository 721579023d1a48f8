import json
from typing import Any

import pytest

from local.filters import Filter, PatternError


def passes(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    return Filter({"Filters": [{"Pattern": json.dumps(pattern)}]}).passes(event)


RECORD = {
    "eventName": "MODIFY",
    "dynamodb": {
        "NewImage": {
            "kind": {"S": "invoice"},
            "status": {"S": "issued"},
            "total": {"N": "125"},
            "flag": {"BOOL": True},
        },
        "OldImage": {"status": {"S": "draft"}},
    },
    "size": 250,
    "tags": ["red", "blue"],
    "nothing": None,
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"eventName": ["MODIFY"]}, True),
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"eventName": ["modify"]}, False),
        ({"eventName": [{"equals-ignore-case": "modify"}]}, True),
        (
            {
                "dynamodb": {
                    "NewImage": {"status": {"S": ["issued"]}},
                    "OldImage": {"status": {"S": ["draft"]}},
                }
            },
            True,
        ),
        (
            {
                "dynamodb": {
                    "NewImage": {"status": {"S": ["issued"]}},
                    "OldImage": {"status": {"S": ["issued"]}},
                }
            },
            False,
        ),
        ({"dynamodb": {"NewImage": {"origin": {"S": ["ledger"]}}}}, False),
        ({"eventName": [{"prefix": "MOD"}]}, True),
        ({"eventName": [{"prefix": {"equals-ignore-case": "mod"}}]}, True),
        ({"eventName": [{"suffix": "FY"}]}, True),
        ({"eventName": [{"suffix": "MOD"}]}, False),
        ({"eventName": [{"anything-but": "INSERT"}]}, True),
        ({"eventName": [{"anything-but": ["INSERT", "MODIFY"]}]}, False),
        ({"eventName": [{"anything-but": {"prefix": "MOD"}}]}, False),
        ({"eventName": [{"anything-but": {"prefix": "INS"}}]}, True),
        ({"missing": [{"anything-but": "x"}]}, False),
        ({"missing": [{"exists": False}]}, True),
        ({"missing": [{"exists": True}]}, False),
        ({"eventName": [{"exists": True}]}, True),
        ({"eventName": [{"exists": False}]}, False),
        ({"dynamodb": {"OldImage": {"reversed": {"S": [{"exists": False}]}}}}, True),
        ({"dynamodb": {"NewImage": {"status": {"S": [{"exists": False}]}}}}, False),
        # Asked of an attribute instead of its value, existence is always denied: only leaves exist.
        ({"dynamodb": {"NewImage": {"status": [{"exists": False}]}}}, True),
        ({"dynamodb": {"NewImage": {"status": [{"exists": True}]}}}, False),
        ({"size": [{"numeric": [">", 100]}]}, True),
        ({"size": [{"numeric": [">", 100, "<=", 250]}]}, True),
        ({"size": [{"numeric": ["<", 250]}]}, False),
        ({"size": [{"numeric": ["=", 250.0]}]}, True),
        ({"dynamodb": {"NewImage": {"total": {"N": [{"numeric": [">", 1]}]}}}}, False),
        ({"size": [250]}, True),
        ({"size": ["250"]}, False),
        ({"dynamodb": {"NewImage": {"flag": {"BOOL": [True]}}}}, True),
        ({"dynamodb": {"NewImage": {"flag": {"BOOL": [1]}}}}, False),
        ({"tags": ["blue"]}, True),
        ({"tags": ["green"]}, False),
        ({"nothing": [None]}, True),
        ({"nothing": [""]}, False),
        ({"$or": [{"eventName": ["INSERT"]}, {"size": [250]}]}, True),
        ({"$or": [{"eventName": ["INSERT"]}, {"size": [1]}]}, False),
        ({"eventName": ["MODIFY"], "$or": [{"size": [1]}, {"size": [250]}]}, True),
        ({"eventName": [{"wildcard": "M*F*"}]}, True),
        ({"eventName": [{"wildcard": "M*X*"}]}, False),
        ({"eventName": [{"wildcard": "MODIFY*Y"}]}, False),
    ],
)
def test_given_a_pattern_when_matched_then_as_lambda_decides(
    pattern: dict[str, Any], *, expected: bool
) -> None:
    assert passes(pattern, RECORD) is expected


def test_given_an_address_when_matched_against_a_network_then_inside_or_not() -> None:
    pattern = {"ip": [{"cidr": "10.0.0.0/24"}]}

    assert passes(pattern, {"ip": "10.0.0.7"})
    assert not passes(pattern, {"ip": "10.0.1.7"})
    assert not passes(pattern, {"ip": "nowhere"})


def test_given_no_criteria_when_matched_then_everything_passes() -> None:
    assert Filter(None).passes(RECORD)


def test_given_several_filters_when_one_matches_then_it_passes() -> None:
    criteria = {
        "Filters": [{"Pattern": '{"eventName": ["INSERT"]}'}, {"Pattern": '{"eventName": ["MODIFY"]}'}]
    }

    assert Filter(criteria).passes(RECORD)


@pytest.mark.parametrize(
    "pattern", ["no json", "[]", '{"a": "text"}', '{"a": []}', '{"a": {}}', '{"$or": [{"a": [1]}]}']
)
def test_given_a_pattern_aws_refuses_when_read_then_it_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        Filter({"Filters": [{"Pattern": pattern}]})
