"""The fixture ``office``, a plugin of its own so that pytest can load it before anything imports it."""

import pytest

from tests.functions.books import Office
from tests.functions.conftest import Cloud, Firms, Http, Invoke


@pytest.fixture
def office(http: Http, firms: Firms, invoke: Invoke, cloud: Cloud) -> Office:
    """The cloud with everybody in it, its clock at ``NOW``."""
    return Office(http, firms, invoke, cloud)
