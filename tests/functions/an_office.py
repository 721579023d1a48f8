"""The fixture ``office``, a plugin of its own so that pytest can load it before anything imports it."""

import gc
from collections.abc import Iterator
from functools import cache

import pytest
from botocore.session import create_loader

from tests.functions.books import Office
from tests.functions.conftest import Cloud, Firms, Http, Invoke


@pytest.fixture(scope="session", autouse=True)
def _in_good_time() -> Iterator[None]:
    """Read AWS's service models once and not for every test, and collect garbage less often: twice as fast."""
    often = gc.get_threshold()
    gc.set_threshold(100_000, 20, 100)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", cache(create_loader))
        yield
    gc.set_threshold(*often)


@pytest.fixture
def office(http: Http, firms: Firms, invoke: Invoke, cloud: Cloud) -> Office:
    """The cloud with everybody in it, its clock at ``NOW``."""
    return Office(http, firms, invoke, cloud)
