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
ON_THE_SHARED_CLOUD = {
    "test_agreement.py",
    "test_api_contract.py",
    "test_bad_debts.py",
    "test_bad_input.py",
    "test_books.py",
    "test_concurrency.py",
    "test_dunning.py",
    "test_faults.py",
    "test_invoicing.py",
    "test_payables.py",
    "test_payments.py",
    "test_proposals.py",
    "test_register_files.py",
    "test_sending.py",
    "test_sie.py",
    "test_story.py",
    "test_vat_return.py",
}


class Start(Protocol):
    """Makes an active company."""

    def __call__(self, **wishes: Unpack[Wishes]) -> Company: ...


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", "passes_nights: first of all, while few companies have a night's work")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What lets nights pass comes first; what looks back on all the others (``test_zz_*``) comes last."""

    def place(item: pytest.Item) -> tuple[bool, bool]:
        here = item.path.parent == HERE
        return (
            here and item.path.name.startswith("test_zz_"),
            item.get_closest_marker("passes_nights") is None,
        )

    items.sort(key=place)


@pytest.fixture(scope="session")
def missing_modules(request: pytest.FixtureRequest) -> list[str]:
    """The test files on the shared cloud that are not part of this session."""
    return sorted(ON_THE_SHARED_CLOUD - {item.path.name for item in request.session.items})


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
