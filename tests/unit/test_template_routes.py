"""A route exists twice, in the template and in the code: API Gateway asks the one, Powertools the other."""

import importlib.util
import json
import sys
from types import ModuleType

import pytest

from tests.unit.template_rules import REGION, ROOT, load_template

DEFAULT = ("ANY", "$default")
"""Takes what no route does; in the code that is the resolver's own answer to an unknown address."""


@pytest.mark.parametrize("function", sorted(load_template().http_functions()))
def test_routes_in_code_are_the_routes_in_the_template(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = _loaded(function, monkeypatch)
    in_template = {(r.method, r.path) for r in load_template().routes() if r.function == function}
    assert set(app.api.routes) == in_template - {DEFAULT}


def test_every_route_is_published_but_those_that_show_what_is() -> None:
    document = json.loads((ROOT / "functions" / "reference" / "openapi.json").read_text(encoding="utf-8"))
    published = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    in_template = {(route.method, route.path) for route in load_template().routes()} - {DEFAULT}
    assert in_template - published <= {("GET", "/v1/docs")}


def test_unknown_addresses_come_to_one_function() -> None:
    takers = [r.function for r in load_template().routes() if (r.method, r.path) == DEFAULT]
    assert takers == ["ReferenceFunction"]


def _loaded(function: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A function's module, under a name of its own: all of them are called ``app``."""
    template = load_template()
    for name, value in {"AWS_DEFAULT_REGION": REGION, **template.environment(function)}.items():
        monkeypatch.setenv(name, value)
    path = ROOT / template.folder(function) / "app.py"
    spec = importlib.util.spec_from_file_location(f"app_of_{function}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module
