"""eSKDUpload 6.0: the VAT return as the file that is uploaded in Skatteverket's e-service.

The elements stand in the order of the DTD, which is not the order of the form, and the DTD says nothing of
what is in them. So :func:`read_eskd` checks the rest: whole kronor, and box 49 that is the sum of the others.

Source: Skatteverket, DTD eSKDUpload version 6.0 and its example.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from samklang.formats.identity import format_org_no, parse_org_no
from samklang.formats.skv4700 import TO_PAY, to_pay

_ENCODING = "ISO-8859-1"
_VERSION = "6.0"
_PUBLIC_ID = "-//Skatteverket, Sweden//DTD Skatteverket eSKDUpload-DTD Version 6.0//SV"
_DOCTYPE = (
    f'<!DOCTYPE eSKDUpload PUBLIC "{_PUBLIC_ID}" "https://www1.skatteverket.se/demoeskd/eSKDUpload_6p0.dtd">'
)

ELEMENTS: dict[str, str] = {
    "05": "ForsMomsEjAnnan",
    "06": "UttagMoms",
    "07": "UlagMargbesk",
    "08": "HyrinkomstFriv",
    "20": "InkopVaruAnnatEg",
    "21": "InkopTjanstAnnatEg",
    "22": "InkopTjanstUtomEg",
    "23": "InkopVaruSverige",
    "24": "InkopTjanstSverige",
    "50": "MomsUlagImport",
    "35": "ForsVaruAnnatEg",
    "36": "ForsVaruUtomEg",
    "37": "InkopVaruMellan3p",
    "38": "ForsVaruMellan3p",
    "39": "ForsTjSkskAnnatEg",
    "40": "ForsTjOvrUtomEg",
    "41": "ForsKopareSkskSverige",
    "42": "ForsOvrigt",
    "10": "MomsUtgHog",
    "11": "MomsUtgMedel",
    "12": "MomsUtgLag",
    "30": "MomsInkopUtgHog",
    "31": "MomsInkopUtgMedel",
    "32": "MomsInkopUtgLag",
    "60": "MomsImportUtgHog",
    "61": "MomsImportUtgMedel",
    "62": "MomsImportUtgLag",
    "48": "MomsIngAvdr",
    TO_PAY: "MomsBetala",
}
"""Each box's element, in the order of the DTD."""

_PERIOD, _TEXT = "Period", "TextUpplysningMoms"
_BOXES = {element: box for box, element in ELEMENTS.items()}
_ORDER = {element: place for place, element in enumerate((_PERIOD, *_BOXES, _TEXT))}
_KRONOR = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
_YEAR_MONTH = re.compile(r"20[0-9]{2}(0[1-9]|1[0-2])", re.ASCII)

_PLAINER = str.maketrans(
    {"–": "-", "—": "-", "‑": "-", "−": "-", "’": "'", "‘": "'", "”": '"', "“": '"', "„": '"', "…": "..."}
)
"""Signs that word processors put in, and what says the same in ISO-8859-1."""


class EskdInvalid(ValueError):  # noqa: N818 - it says what the file is
    """The return cannot be written, or the file is none: every fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class EskdReturn:
    """A VAT return. Whole kronor; box 49 follows from the others."""

    org_no: str
    """Ten digits."""
    year: int
    month: int
    """The last month of the period."""
    boxes: Mapping[str, int] = field(default_factory=dict)
    """By number; a box of nothing may be left out."""
    text: str | None = None
    """What the company wants to tell besides."""


def unwritable(text: str) -> list[str]:
    """The characters of a text that the file cannot hold, each once.

    A reference to a character would be well-formed XML, but the file is in ISO-8859-1 for receivers that have
    no other characters. Dashes, quotation marks and the like are not among them: they are written plainer.
    """
    plain = text.translate(_PLAINER)
    return [each for each in dict.fromkeys(plain) if not _is_writable(each)]


def _is_writable(character: str) -> bool:
    return character == "\n" or " " <= character <= "~" or "\xa0" <= character <= "\xff"


def write_eskd(given: EskdReturn) -> bytes:
    """Write a return; the boxes of nothing are left out, box 49 never is.

    Raises:
        EskdInvalid: a box that is none, a text the file cannot hold, or not an organisation number.
    """
    if faults := list(_lacks(given)):
        raise EskdInvalid(faults)
    root = etree.Element("eSKDUpload", Version=_VERSION)
    etree.SubElement(root, "OrgNr").text = format_org_no(given.org_no)
    moms = etree.SubElement(root, "Moms")
    etree.SubElement(moms, _PERIOD).text = f"{given.year}{given.month:02d}"
    for box, element in ELEMENTS.items():
        kronor = to_pay(given.boxes) if box == TO_PAY else given.boxes.get(box, 0)
        if kronor or box == TO_PAY:
            etree.SubElement(moms, element).text = str(kronor)
    if given.text:
        etree.SubElement(moms, _TEXT).text = given.text.translate(_PLAINER)
    text = etree.tostring(root, encoding="unicode", pretty_print=True, doctype=_DOCTYPE)
    return f'<?xml version="1.0" encoding="{_ENCODING}"?>\n{text}'.encode(_ENCODING)


def _lacks(given: EskdReturn) -> Iterator[str]:
    try:
        parse_org_no(given.org_no)
    except ValueError as error:
        yield f"{error}."
    if not _YEAR_MONTH.fullmatch(f"{given.year}{given.month:02d}"):
        yield f"{given.year}-{given.month} is no month that a return can be for."
    for box in given.boxes:
        if box not in ELEMENTS or box == TO_PAY:
            yield f"Box {box} is not one to fill in."
    if given.text and (characters := unwritable(given.text)):
        yield f"The text holds what the file cannot: {' '.join(map(repr, characters))}. Write it otherwise."


# ---------------------------------------------------------------- reading, to check


def read_eskd(data: bytes) -> EskdReturn:
    """Read a file of one VAT return, everything about it checked.

    Raises:
        EskdInvalid: it is not in ISO-8859-1 or not eSKDUpload 6.0, an element is unknown, stands twice or in
            the wrong place, a value is not whole kronor, or box 49 is not what the others come to.
    """
    # Nothing is fetched and no entity is expanded: the file says which DTD it follows, we know it.
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise EskdInvalid([f"It is not XML: {error}."]) from error
    if faults := list(_head_faults(root)):
        raise EskdInvalid(faults)
    org_no, moms = root
    if faults := list(_value_faults(org_no, moms)):
        raise EskdInvalid(faults)
    values = {element.tag: element.text or "" for element in moms}
    boxes = {box: int(values[element]) for box, element in ELEMENTS.items() if element in values}
    if TO_PAY not in boxes:
        raise EskdInvalid(["Box 49 (MomsBetala) is missing."])
    paid, expected = boxes.pop(TO_PAY), to_pay(boxes)
    if paid != expected:
        raise EskdInvalid([f"Box 49 says {paid}, and the other boxes come to {expected}."])
    return EskdReturn(
        org_no=parse_org_no(org_no.text or ""),
        year=int(values[_PERIOD][:4]),
        month=int(values[_PERIOD][4:]),
        boxes={box: kronor for box, kronor in boxes.items() if kronor},
        text=values.get(_TEXT) or None,
    )


def _head_faults(root: etree._Element) -> Iterator[str]:
    head = root.getroottree().docinfo
    if head.encoding != _ENCODING:
        yield f"It is in {head.encoding}; {_ENCODING} is needed."
    if head.public_id != _PUBLIC_ID:
        yield "It does not name the DTD of eSKDUpload 6.0."
    if root.tag != "eSKDUpload" or root.items() != [("Version", _VERSION)]:
        yield "Its root is not eSKDUpload in version 6.0."
    if [child.tag for child in root] != ["OrgNr", "Moms"]:
        yield "It must have one OrgNr and then one Moms."


def _value_faults(org_no: etree._Element, moms: etree._Element) -> Iterator[str]:
    text = org_no.text or ""
    try:
        if format_org_no(text) != text:
            yield f"OrgNr is {text!r}; it is written as {format_org_no(text)}."
    except ValueError as error:
        yield f"OrgNr: {error}."
    last = -1
    for element in moms:
        tag = str(element.tag)
        place = _ORDER.get(tag)
        if place is None:
            yield f"{tag} is no element of a VAT return."
            continue
        if place <= last:
            yield f"{tag} stands twice, or after what it must stand before."
        last = max(last, place)
        if len(element):
            yield f"{tag} holds other elements."
        elif tag == _PERIOD and not _YEAR_MONTH.fullmatch(element.text or ""):
            yield f"Period is {element.text!r}; a year and a month are needed, such as 202611."
        elif tag in _BOXES and not _KRONOR.fullmatch(element.text or ""):
            yield f"Box {_BOXES[tag]} ({tag}) is {element.text!r}; whole kronor in digits are needed."
    if not len(moms) or moms[0].tag != _PERIOD:
        yield "Moms must begin with its Period."
