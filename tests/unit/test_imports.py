"""What each function imports when Lambda starts it: in a process of its own, with its own environment.

A package costs time at every cold start, and one that is in no layer of the function is not there at all.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.unit.template_rules import FUNCTION, REGION, ROOT, load_template

ALLOWED = {
    "SamklangLayer": {"samklang"},
    "CoreLayer": {
        "aws_lambda_powertools",
        *("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"),
        *("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"),
        *("email_validator", "idna"),
        "stdnum",
    },
    "XmlLayer": {"lxml"},
    "PdfLayer": {"segno", "typst"},
    "TablesLayer": {"defusedxml", "openpyxl", "et_xmlfile"},
    "ImagesLayer": {
        *("PIL", "filetype", "pillow_heif", "_pillow_heif"),
        *("pypdfium2", "pypdfium2_cfg", "pypdfium2_raw"),
    },
}
"""Packages that a function may import at its start, by the layer that brings them."""

ONLY_HERE = {"certifi"}
"""botocore takes it where it is found: here, where the tools need it, but in no layer."""

PROBE = """
import json, sys, sysconfig, time

calls = []

def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        calls.append(f"{event} {args[-1] if event == 'socket.connect' else args[0]}")
        raise OSError("no network here")

sys.addaudithook(watch)
before = set(sys.modules)
start = time.perf_counter()
import app
seconds = time.perf_counter() - start
installed = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))
packages = {
    name.partition(".")[0]
    for name, module in sys.modules.items()
    if name not in before and str(getattr(module, "__file__", None) or "").startswith(installed)
}
print(json.dumps([seconds, sorted(packages), calls]))
"""


class Imported(NamedTuple):
    """What the import of a function's module took."""

    seconds: float
    packages: set[str]
    """Installed packages, by the name they are imported by."""
    calls: list[str]
    """Attempts to reach the network, all refused."""


def imported(folder: Path, environment: dict[str, str]) -> Imported:
    """Import ``app`` in a fresh process that knows its folder, our layer and its environment, no more."""
    process = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=folder,
        env={
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "PYTHONPATH": str(ROOT / "layers/samklang/python"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    seconds, packages, calls = json.loads(process.stdout.splitlines()[-1])
    return Imported(seconds, set(packages), calls)


def imported_function(function: str) -> Imported:
    """Import a function of the template."""
    template = load_template()
    return imported(ROOT / template.folder(function), template.environment(function))


FUNCTIONS = sorted(load_template().of_type(FUNCTION))


def test_folders_are_the_functions_of_the_template() -> None:
    in_template = {load_template().folder(function) for function in FUNCTIONS}
    folders = {app.parent.relative_to(ROOT).as_posix() for app in ROOT.glob("functions/*/app.py")}
    assert folders == in_template


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_starts_with_what_its_layers_are_for_and_no_call(function: str) -> None:
    found = imported_function(function)
    allowed = set[str]().union(*(ALLOWED[layer] for layer in load_template().layers(function)))
    assert found.packages - allowed - ONLY_HERE == set()
    assert found.calls == []


@pytest.mark.parametrize(
    ("layer", "folder"),
    [
        ("CoreLayer", "core"),
        ("XmlLayer", "xml"),
        ("PdfLayer", "pdf"),
        ("TablesLayer", "tables"),
        ("ImagesLayer", "images"),
    ],
)
def test_allowed_package_is_locked_in_its_layer(layer: str, folder: str) -> None:
    lock = (ROOT / f"layers/dependencies/{folder}/requirements.txt").read_text(encoding="utf-8")
    locked = {_normal(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    distributions = packages_distributions()
    assert {package for package in ALLOWED[layer] if not _is_from(distributions[package], locked)} == set()


def _is_from(distributions: list[str], locked: set[str]) -> bool:
    return any(_normal(distribution) in locked for distribution in distributions)


def _normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


# ---------------------------------------------------------------- the probe sees what it is for


def test_probe_sees_a_package_however_deep_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import beside")
    (tmp_path / "beside.py").write_text("import requests.adapters")
    found = imported(tmp_path, {}).packages
    assert {"requests", "urllib3"} <= found
    assert "beside" not in found


def test_probe_sees_a_call_that_the_function_forgives(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 80))\nexcept OSError:\n    pass\n"
    )
    assert len(imported(tmp_path, {}).calls) == 1


def test_probe_gives_a_function_no_environment_but_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_TABLE", "of the test")
    (tmp_path / "app.py").write_text("import os\nassert os.environ['A'] == 'a'\nos.environ['LEDGER_TABLE']")
    with pytest.raises(AssertionError, match="KeyError: 'LEDGER_TABLE'"):
        imported(tmp_path, {"A": "a"})
