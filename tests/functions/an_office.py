"""The fixture ``office``, a plugin of its own so that pytest can load it before anything imports it."""

import copy
import gc
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.session import create_loader
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from tests.functions.books import Office
from tests.functions.conftest import Cloud, Firms, Http, Invoke


@pytest.fixture(scope="session", autouse=True)
def _in_good_time() -> Iterator[None]:
    """Read AWS's service models once and not for every test; collect garbage less often."""
    often = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield
    gc.set_threshold(*often)


@pytest.fixture(scope="session", autouse=True)
def _one_copy_for_a_transaction() -> Iterator[None]:
    """Moto copies the whole table before each operation of a transaction begins; the first copy will do."""
    copies: dict[int, Any] = {}
    transact = DynamoDBBackend.transact_write_items

    def deepcopy(value: Any) -> Any:
        if not isinstance(value, Table):
            return copy.deepcopy(value)
        if id(value) not in copies:
            copies[id(value)] = copy.deepcopy(value)
        return copies[id(value)]

    def transact_with_one_copy(backend: DynamoDBBackend, items: list[dict[str, Any]]) -> None:
        copies.clear()
        transact(backend, items)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("moto.dynamodb.models.copy", SimpleNamespace(deepcopy=deepcopy))
        patch.setattr(DynamoDBBackend, "transact_write_items", transact_with_one_copy)
        yield


@pytest.fixture(scope="session", autouse=True)
def _values_by_their_own_names() -> Iterator[None]:
    """Moto looks for every part of a DynamoDB value under four names; it has only the one."""
    get_value = ResponseSerializer.get_value

    def get(serializer: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
        if isinstance(value, dict) and shape.parent.name == "AttributeValue":
            return value.get(key)
        return get_value(serializer, value, key, shape)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResponseSerializer, "get_value", get)
        yield


@pytest.fixture
def office(http: Http, firms: Firms, invoke: Invoke, cloud: Cloud) -> Office:
    """The cloud with everybody in it, its clock at ``NOW``."""
    return Office(http, firms, invoke, cloud)
