"""One local cloud for all tests here; each test has a company of its own in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Unpack

import pytest

from local.testing import LocalCloud
from tests.cloud.company import Company, People, Wishes

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
OWN_CLOUD = "test_local_"
"""Files beginning so test the local cloud itself, on instances of their own."""


class Start(Protocol):
    """Makes an active company."""

    def __call__(self, **wishes: Unpack[Wishes]) -> Company: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What looks back on all the others (``test_zz_*``) comes last."""
    items.sort(key=lambda item: item.path.parent == HERE and item.path.name.startswith("test_zz_"))


@pytest.fixture(scope="session")
def missing_modules(request: pytest.FixtureRequest) -> list[str]:
    """The test files on the shared cloud that are not part of this session."""
    run = {item.path.name for item in request.session.items}
    files = {path.name for path in HERE.glob("test_*.py") if not path.name.startswith(OWN_CLOUD)}
    return sorted(files - run)


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """The whole system on this machine."""
    with LocalCloud() as found:
        yield found


@pytest.fixture(scope="session")
def people(cloud: LocalCloud) -> People:
    """The users, and the bureau they meet."""
    return People.arrive(cloud)


@pytest.fixture
def start(cloud: LocalCloud, people: People) -> Start:
    """Makes active companies."""

    def make(**wishes: Unpack[Wishes]) -> Company:
        return Company.start(cloud, people, **wishes)

    return make


@pytest.fixture
def company(start: Start) -> Company:
    """An active company whose client handles payments, with a customer and an article."""
    return start()
