import signal
import struct
import subprocess
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samklang.invoicing import logo
from samklang.invoicing.logo import MAX_BYTES, check_logo, read_logo

SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def bitmap(kind: str, mode: str = "RGB", size: tuple[int, int] = (60, 20), **options: Any) -> bytes:
    written = BytesIO()
    Image.new(mode, size, 90).save(written, kind, **options)
    return written.getvalue()


def drawing(inside: str = '<path d="M0 0h9v9z"/>', attributes: str = "") -> bytes:
    return f'<svg {SVG} viewBox="0 0 30 10" {attributes}>{inside}</svg>'.encode()


def png_of(width: int, height: int, pixels: bytes) -> bytes:
    """A PNG that says it has this size, with whatever pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def jpeg_of(width: int, height: int) -> bytes:
    """A JPEG that says it has this size."""
    image = bitmap("JPEG")
    at = image.index(b"\xff\xc0") + 5
    return image[:at] + struct.pack(">HH", height, width) + image[at + 4 :]


def layers_of(element: str, reference: str) -> bytes:
    """A drawing of some hundred bytes that takes ten million times as many steps to paint."""
    layers = "".join(
        f'<{element} id="a{layer}" width="1" height="1">'
        + f'<rect width="9" height="9" {reference}="url(#a{layer - 1})"/>' * 10
        + f"</{element}>"
        for layer in range(1, 8)
    )
    first = f'<{element} id="a0" width="1" height="1"><rect width="1" height="1" fill="#f00"/></{element}>'
    return drawing(f'<defs>{first}{layers}</defs><rect width="5" height="5" {reference}="url(#a7)"/>')


ILLUSTRATOR = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
) + drawing(
    "<style>.a{fill:url(#g);clip-path:url('#c')}</style><title>Björks</title>"
    '<linearGradient id="g"><stop stop-color="#f00"/><stop offset="1" stop-opacity=".5"/></linearGradient>'
    '<clipPath id="c"><circle cx="5" cy="5" r="5"/></clipPath><path class="a" d="M0 0h9v9z"/>'
)
INKSCAPE = drawing(
    '<metadata><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></metadata>'
    '<g id="g"><path style="fill:#123456" d="M0 0h9v9z"/></g><use xlink:href="#g" x="9"/>',
    'xmlns:i="http://www.inkscape.org/namespaces/inkscape" i:export-filename="C:\\bilder\\url(logo).png"',
)


@pytest.mark.parametrize(
    "content",
    [
        bitmap("PNG"),
        bitmap("PNG", "RGBA"),
        bitmap("PNG", "P"),
        bitmap("PNG", "L", (1, 4000)),
        bitmap("JPEG"),
        bitmap("JPEG", "L", progressive=True),
        bitmap("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0"),
        drawing(),
        b"\xef\xbb\xbf\n" + drawing(),
        ILLUSTRATOR,
        INKSCAPE,
    ],
    ids=[
        *("PNG", "transparent", "palette", "narrow", "JPEG", "grey", "EXIF"),
        *("SVG", "marked UTF-8", "as Illustrator", "as Inkscape"),
    ],
)
def test_what_programs_save_is_let_through(content: bytes) -> None:
    check_logo(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no PNG, JPEG or SVG"),
        (b"GIF89a" + bytes(100), "no PNG, JPEG or SVG"),
        (b"%PDF-1.7", "no PNG, JPEG or SVG"),
        (b"<html><body/></html>", "no PNG, JPEG or SVG"),
        (b'<svg viewBox="0 0 9 9"/>', "no PNG, JPEG or SVG"),
        (bitmap("PNG") + bytes(MAX_BYTES), "larger than 200 KB"),
        (png_of(60_000, 60_000, b""), "60000 × 60000 pixels"),
        (png_of(4001, 1, b""), "4001 × 1 pixels"),
        (png_of(0, 9, b""), "0 × 9 pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "broken PNG"),
        (jpeg_of(65_535, 9), "65535 × 9 pixels"),
        (jpeg_of(9, 0), "9 × 0 pixels"),
        (bitmap("JPEG", "CMYK"), "CMYK"),
        (bitmap("JPEG")[:-2], "broken JPEG"),
        (b"\xff\xd8\xff\xe0\0\0" + bytes(99), "broken JPEG"),
        (drawing("<script>alert(1)</script>"), "holds a script"),
        (drawing(attributes='onload="alert(1)"'), r"holds a script \(onload\)"),
        (drawing("<foreignObject/>"), "HTML"),
        (drawing('<p xmlns="http://www.w3.org/1999/xhtml"/>'), "HTML"),
        (drawing('<image href="data:image/png;base64,"/>'), "bitmap"),
        (drawing("<text>Björks</text>"), "outlines"),
        (drawing('<animate attributeName="x"/>'), "animation"),
        (drawing('<use href="other.svg#a"/>'), r"outside the file \(href\)"),
        (drawing('<a xlink:href="javascript:alert(1)"/>'), r"outside the file \(href\)"),
        (drawing("<style>@import 'a.css';</style>"), "outside the file"),
        (drawing("<style><![CDATA[a{fill:url( 'http://a/b#c')}]]></style>"), "outside the file"),
        (drawing('<path style="fill:url(/etc/passwd#a)" d=""/>'), "outside the file"),
        (drawing('<path fill="URL(data:image/svg+xml,a#a)" d=""/>'), "outside the file"),
        (b'<?xml-stylesheet href="a.css"?>' + drawing(), "outside the file"),
        (b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + drawing("<g>&x;</g>"), "entities"),
        (b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + drawing(), "entities"),
        (drawing()[:-3], "broken"),
        (drawing("&x;"), "broken"),
        (drawing().decode().encode("utf-16"), "no PNG, JPEG or SVG"),
        (drawing("<desc>ä</desc>").decode().encode("latin-1"), "UTF-8"),
    ],
)  # fmt: skip
def test_the_rest_is_refused_before_anything_is_unpacked(
    monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    def never(*_: object, **__: object) -> None:
        pytest.fail("it was tried")

    monkeypatch.setattr(subprocess, "run", never)
    with pytest.raises(ValueError, match=message):
        check_logo(content)


@pytest.mark.parametrize(
    "content",
    [
        png_of(3000, 3000, bytes(9000)),
        bitmap("PNG", size=(600, 600))[:300],
        png_of(9, 9, b"")[:60],
        b'<svg xmlns="http://www.w3.org/2000/svg" width="0" height="0"/>',
        drawing("<g>" * 5000 + "</g>" * 5000),
    ],
    ids=["too few pixels", "cut short", "no pixels", "no size", "too deep"],
)
def test_what_cannot_be_printed_is_refused_with_the_reason(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"cannot be printed \(.+\): save it anew"):
        check_logo(content)


@pytest.mark.parametrize(
    ("content", "ends"),
    [
        # A slow machine reaches the bound of time before that of memory.
        (layers_of("pattern", "fill"), {signal.SIGABRT, signal.SIGPROF}),
        (layers_of("clipPath", "clip-path"), {signal.SIGPROF}),
    ],
    ids=["memory", "time"],
)
def test_what_takes_too_much_is_stopped(
    monkeypatch: pytest.MonkeyPatch, content: bytes, ends: set[signal.Signals]
) -> None:
    trials: list[subprocess.CompletedProcess[bytes]] = []

    def run(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[bytes]:
        trials.append(original(*arguments, **options))
        return trials[-1]

    original = subprocess.run
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ValueError, match="too much time or memory"):
        check_logo(content)
    (trial,) = trials
    assert -trial.returncode in ends


def test_a_trial_that_waits_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logo, "_TRIAL_SECONDS", 0.001)
    with pytest.raises(ValueError, match="too much time or memory"):
        check_logo(bitmap("PNG"))


def test_a_trial_that_cannot_begin_is_no_fault_of_the_logo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(RuntimeError, match=r"could not begin.*samklang"):
        check_logo(bitmap("PNG"))


def test_the_trial_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    environments: list[dict[str, str]] = []

    def run(*_: object, env: dict[str, str], **__: object) -> Any:
        environments.append(env)
        return subprocess.CompletedProcess([], 0, b"began\n", b"")

    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setattr(subprocess, "run", run)
    check_logo(bitmap("PNG"))
    (environment,) = environments
    assert set(environment) <= {"LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "RAYON_NUM_THREADS"}


def refusal(check: Callable[[bytes], object], content: bytes) -> str | None:
    try:
        check(content)
    except ValueError as error:
        return str(error)
    return None


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<svg ", b""]), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(beginning: bytes, rest: bytes) -> None:
    message = refusal(read_logo, beginning + rest)
    assert message is None or "save it" in message


PIECES = [
    *(b"<svg", b" ", b"a", b"=", b'"', b">", b"</svg>", b"<!--", b"-->", b"&", b"<style>", b"</style>"),
    *(b"url(", b"<?x", b"?>", b"<![CDATA[", b"]]>", b"\xff", f"<svg {SVG}>".encode()),
]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_any_drawing_is_let_through_or_refused(content: bytes) -> None:
    message = refusal(logo._check_drawing, b"<" + content)
    assert message is None or "SVG" in message
