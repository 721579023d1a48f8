"""The seller's logo: which images may stand on an invoice, and the proof that one can.

A file comes from anywhere. Its type and its size in pixels are read from its first bytes before anything is
unpacked; then it is printed on a page of its own, in a process whose memory and time are bounded.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal
from xml.parsers import expat

MAX_BYTES = 200 * 1024
MAX_SIDE = 4000
"""Most pixels of a side."""

_TRIAL_SECONDS = 15
"""Wall clock; the trial bounds its own CPU time more tightly."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_SVG = "http://www.w3.org/2000/svg"
_XHTML = "http://www.w3.org/1999/xhtml"

_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_END_OF_IMAGE = b"\xff\xd9"
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}
"""JPEG markers that stand alone."""
_CMYK_COMPONENTS = 4

_OUTSIDE = re.compile(r"url\(\s*[\"']?\s*[^#\"'\s]|@import", re.IGNORECASE)
"""What in a style leads out of the file."""

_UNWANTED = {
    "script": "a script",
    "foreignObject": "HTML",
    "image": "a bitmap image; upload that as PNG or JPEG instead",
    "feImage": "a bitmap image; upload that as PNG or JPEG instead",
    "text": "text, whose font is not here; convert the text to outlines",
    "animate": "an animation",
    "animateMotion": "an animation",
    "animateTransform": "an animation",
    "set": "an animation",
}
"""Elements of SVG that no printed logo needs, and what they are called."""

type Format = Literal["png", "jpg", "svg"]


@dataclass(frozen=True, slots=True)
class Logo:
    """What a logo's first bytes tell."""

    format: Format
    width: int | None = None
    """Pixels; None for a drawing, which is as sharp in every size."""


def check_logo(content: bytes) -> None:
    """See that an image can be printed on invoices.

    Takes some tenths of a second, in a process of its own.

    Raises:
        ValueError: it is too large, of another kind, broken, or has what no printed logo may have; the
            message says what to do.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"The logo is larger than {MAX_BYTES // 1024} KB: save it smaller.")
    if read_logo(content).format == "svg":
        _check_drawing(content)
    _try(content)


def read_logo(content: bytes) -> Logo:
    """The kind of image and its size, from its first bytes.

    Raises:
        ValueError: it is no PNG, JPEG or SVG, or larger than :data:`MAX_SIDE` pixels.
    """
    if content.startswith(_PNG):
        return Logo("png", _checked_width(*_png_size(content)))
    if content.startswith(_JPEG):
        return Logo("jpg", _checked_width(*_jpeg_size(content)))
    if content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return Logo("svg")
    raise _other_kind()


def _other_kind() -> ValueError:
    return ValueError("The logo is no PNG, JPEG or SVG image: save it as one of these.")


def _checked_width(width: int, height: int) -> int:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise ValueError(
            f"The logo is {width} × {height} pixels: save it with 1 to {MAX_SIDE} pixels on each side."
        )
    return width


def _png_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the header that every PNG begins with."""
    if content[12:16] != b"IHDR":
        raise _broken("PNG")
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the first frame's header (ITU-T T.81, B.2.2)."""
    at = 2
    while at + 10 <= len(content) and content[at] == 0xFF:  # noqa: PLR2004 - the byte before every marker
        marker = content[at + 1]
        if marker in _START_OF_FRAME:
            if content[at + 9] == _CMYK_COMPONENTS:
                raise ValueError("The logo has the colours of a printing press (CMYK): save it as RGB.")
            if _END_OF_IMAGE not in content[at:]:
                raise _broken("JPEG")
            return int.from_bytes(content[at + 7 : at + 9]), int.from_bytes(content[at + 5 : at + 7])
        if marker == 0xFF:  # noqa: PLR2004 - the same byte may be repeated
            at += 1
        elif marker in _NO_LENGTH:
            at += 2
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4])
    raise _broken("JPEG")


def _broken(kind: str) -> ValueError:
    return ValueError(f"The logo is a broken {kind}: save it anew.")


# ---------------------------------------------------------------- drawings


def _check_drawing(content: bytes) -> None:
    """Refuse what in an SVG is no drawing, or leads out of the file.

    Typst would read a file that the SVG names; an app that shows the logo would run its scripts.
    """
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise ValueError("The SVG is not written in UTF-8: save it anew in UTF-8.") from error
    drawing = _Drawing()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = drawing.begin
    parser.EndElementHandler = drawing.end
    parser.CharacterDataHandler = drawing.text
    parser.StartDoctypeDeclHandler = _check_doctype
    parser.ProcessingInstructionHandler = _check_instruction
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the last part; the parser takes no keywords
    except expat.ExpatError as error:
        raise ValueError(f"The SVG is broken ({error}): save it anew.") from error


class _Drawing:
    """Follows the elements of an SVG as they begin and end."""

    def __init__(self) -> None:
        self.inside: list[str] = []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if not self.inside and name != f"{_SVG} svg":
            raise _other_kind()
        _check_element(name, attributes)
        self.inside.append(name)

    def end(self, _: str) -> None:
        self.inside.pop()

    def text(self, words: str) -> None:
        if self.inside[-1].endswith(" style"):
            _check_style(words)


def _check_doctype(_name: str, _system: str | None, _public: str | None, internal: int) -> None:
    if internal:
        raise ValueError("The SVG declares entities: save it as plain SVG.")


def _check_instruction(target: str, _: str) -> None:
    if target == "xml-stylesheet":
        raise _leads_outside(target)


def _check_element(name: str, attributes: dict[str, str]) -> None:
    namespace, _, element = name.rpartition(" ")
    if element in _UNWANTED:
        raise ValueError(f"The SVG holds {_UNWANTED[element]}.")
    if namespace == _XHTML:
        raise ValueError("The SVG holds HTML: save it as plain SVG.")
    for key, value in attributes.items():
        attribute = key.rpartition(" ")[2]
        if attribute == "href" and not value.strip().startswith("#"):
            raise _leads_outside(attribute)
        if attribute.lower().startswith("on"):
            raise ValueError(f"The SVG holds a script ({attribute}): save it as plain SVG.")
        if attribute == key:  # SVG's own; drawing programs keep paths and the like under names of theirs
            _check_style(value)


def _check_style(words: str) -> None:
    if found := _OUTSIDE.search(words):
        raise _leads_outside(found[0])


def _leads_outside(what: str) -> ValueError:
    return ValueError(f"The SVG refers to something outside the file ({what}): save it as plain SVG.")


# ---------------------------------------------------------------- trial


def _try(content: bytes) -> None:
    """Print the logo in a process of its own: what hangs, grows or crashes there does no harm here."""
    environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PATH") if name in os.environ}
    try:
        trial = subprocess.run(
            [sys.executable, "-P", "-m", "samklang.invoicing.logo_trial"],
            input=content,
            capture_output=True,
            check=False,
            timeout=_TRIAL_SECONDS,
            env=environment | {"PYTHONPATH": os.pathsep.join(sys.path), "RAYON_NUM_THREADS": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise _too_heavy() from error
    began, _, refusal = trial.stdout.decode().partition("\n")
    if began != "began":
        raise RuntimeError(f"the trial of a logo could not begin: {trial.stderr.decode()}")
    if refusal:
        raise ValueError(f"The logo cannot be printed ({refusal}): save it anew, as PNG if it was SVG.")
    if trial.returncode:
        raise _too_heavy()


def _too_heavy() -> ValueError:
    return ValueError("The logo takes too much time or memory to print: save a simpler one, such as a PNG.")
