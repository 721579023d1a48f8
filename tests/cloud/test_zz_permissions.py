"""After all other tests: what the template grants each function is what it was seen to use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local import daemon, iam
from local.template import Template

if TYPE_CHECKING:
    from local.testing import LocalCloud

Named = tuple[str, str]


@pytest.fixture(scope="module")
def all_ran(missing_modules: list[str]) -> None:
    """Only a whole session has seen everything."""
    if missing_modules:
        pytest.skip(f"looks back on the whole session, without {', '.join(missing_modules)}")


@pytest.fixture(scope="module")
def template() -> Template:
    return Template.load(daemon.PROJECT / "template.yaml")


@pytest.fixture(scope="module")
def granted(template: Template) -> dict[str, set[Named]]:
    return iam.granted(template)


def beyond(these: dict[str, set[Named]], those: dict[str, set[Named]]) -> dict[str, list[str]]:
    """What is among these and not among those, by function."""
    found = {name: items - those.get(name, set()) for name, items in these.items()}
    return {
        name: [f"{action} on {what}" for action, what in sorted(items)]
        for name, items in found.items()
        if items
    }


def test_given_the_whole_session_when_looked_back_then_no_function_was_refused_anything(
    cloud: LocalCloud,
) -> None:
    assert {name: items for name, items in cloud.refused().items() if items} == {}


def test_given_the_whole_session_when_looked_back_then_no_function_is_granted_what_it_does_not_use(
    all_ran: None, cloud: LocalCloud, granted: dict[str, set[Named]]
) -> None:
    assert beyond(granted, cloud.actions()) == {}


def test_given_the_whole_session_when_looked_back_then_no_function_used_what_it_is_not_granted(
    cloud: LocalCloud, granted: dict[str, set[Named]]
) -> None:
    assert beyond(cloud.actions(), granted) == {}


def test_given_the_whole_session_when_looked_back_then_every_function_ran(
    all_ran: None, cloud: LocalCloud, template: Template
) -> None:
    # A function that uses nothing, and so cannot be told by its grants, still has a log.
    folders = [function.folder.name for function in template.functions().values()]
    assert [folder for folder in folders if not cloud.log(folder)] == []
