"""Files as phones and attackers make them: what is taken, what is refused, and what a preview shows."""

import contextlib
import io
import struct
import time
import zlib
from typing import Any

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from samklang.documents import preview
from samklang.documents.model import ContentType, Look, Refused

RED, BLUE, WHITE = (220, 20, 20), (20, 20, 220), (255, 255, 255)
IMAGE_TYPES: dict[ContentType, str] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/heic": "HEIF",
    "image/webp": "WEBP",
}


def encoded(image: Image.Image, decoder: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, decoder, **options)
    return written.getvalue()


def halves(size: tuple[int, int] = (400, 200)) -> Image.Image:
    """Red to the left, blue to the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def pdf(pages: int = 1, size: tuple[float, float] = (595, 842)) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(*size)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))


def painted(data: bytes, content_type: ContentType) -> Image.Image:
    """The preview of a file, which must have one."""
    made = preview.look(data, content_type).preview
    assert made is not None
    image = Image.open(io.BytesIO(made))
    assert image.format == "JPEG"
    return image


def is_like(image: Image.Image, at: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Whether a point has a colour, give or take what JPEG and colour profiles do to it."""
    found = image.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return all(abs(one - other) < 30 for one, other in zip(found, colour, strict=True))


def examined(data: bytes, content_type: ContentType) -> Look:
    """Both steps, as the function takes them."""
    preview.check_type(data, content_type)
    return preview.look(data, content_type)


def refusal(data: bytes, content_type: ContentType) -> str:
    """With which code a file is refused."""
    with pytest.raises(Refused) as refused:
        examined(data, content_type)
    return refused.value.reason.code


# ---------------------------------------------------------------- real type


@pytest.mark.parametrize(("content_type", "decoder"), IMAGE_TYPES.items())
def test_image_is_known_by_its_content(content_type: ContentType, decoder: str) -> None:
    assert preview.real_type(encoded(halves(), decoder)) == content_type


def test_pdf_is_known_by_its_content() -> None:
    assert preview.real_type(pdf()) == "application/pdf"


@pytest.mark.parametrize(("major", "others"), [(b"heix", [b"mif1"]), (b"mif1", [b"heix"]), (b"heic", [])])
def test_heic_is_known_whatever_phone_wrote_it(major: bytes, others: list[bytes]) -> None:
    brands = b"".join(others)
    head = struct.pack(">I", 16 + len(brands)) + b"ftyp" + major + bytes(4) + brands
    assert preview.real_type(head + bytes(300)) == "image/heic"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"Kvitto 125,00 kr",
        b"<html><script>alert(1)</script>",
        b"<html>%PDF-1.7 further in, where some readers look for it",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + bytes(100),
        b"PK\x03\x04" + bytes(100),
        b"MZ" + bytes(100),
        b"\x00\x00\x00\x18ftypmp42" + bytes(100),
        b"\x00\x00\x00\x1cftypavif" + bytes(100),
        b"\xff\xff\xff\xffftypmif1" + bytes(100),
    ],
)
@pytest.mark.parametrize("declared", [*IMAGE_TYPES, "application/pdf"])
def test_what_is_no_document_is_refused_whatever_it_is_called(data: bytes, declared: ContentType) -> None:
    assert refusal(data, declared) == "type-unknown"


def test_a_type_that_was_not_announced_is_refused() -> None:
    assert refusal(encoded(halves(), "PNG"), "image/jpeg") == "type-differs"
    assert refusal(pdf(), "image/png") == "type-differs"


# ---------------------------------------------------------------- images


@pytest.mark.parametrize(("content_type", "decoder"), IMAGE_TYPES.items())
def test_preview_is_small_and_keeps_the_shape(content_type: ContentType, decoder: str) -> None:
    image = painted(encoded(halves((3000, 1500)), decoder), content_type)
    assert image.size == (1200, 600)
    assert is_like(image, (300, 300), RED)
    assert is_like(image, (900, 300), BLUE)


def test_small_image_is_not_blown_up() -> None:
    assert painted(encoded(halves((40, 20))), "image/png").size == (40, 20)


def test_long_receipt_keeps_a_width() -> None:
    assert painted(encoded(Image.new("L", (3, 9000))), "image/png").size == (1, 1200)


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png", "image/heic", "image/webp"])
def test_photo_is_turned_upright(content_type: ContentType) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright: turn the picture a quarter clockwise
    photo = encoded(halves(), IMAGE_TYPES[content_type], exif=exif.tobytes())
    image = painted(photo, content_type)
    assert image.size == (200, 400)
    assert is_like(image, (100, 100), RED)
    assert is_like(image, (100, 300), BLUE)


def test_broken_exif_costs_nothing_but_the_turn() -> None:
    photo = encoded(halves(), "JPEG", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff\x01\x12\x00\x99")
    assert painted(photo, "image/jpeg").size == (400, 200)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_white_paper_stays_white_in_every_mode_of_a_png(mode: str) -> None:
    image = Image.new(mode, (100, 100), 65535 if mode == "I;16" else "white")
    assert is_like(painted(encoded(image), "image/png"), (50, 50), WHITE)


def test_grey_of_16_bits_is_scaled_not_clipped() -> None:
    image = painted(encoded(Image.new("I;16", (100, 100), 32768)), "image/png")
    assert is_like(image, (50, 50), (128, 128, 128))


def test_one_colour_of_a_palette_or_picture_can_be_transparent() -> None:
    for mode, colour in (("P", 0), ("RGB", (0, 0, 0)), ("L", 0)):
        image = Image.new(mode, (100, 100), colour)
        assert is_like(painted(encoded(image, transparency=colour), "image/png"), (50, 50), WHITE), mode


def test_jpeg_for_print_is_shown() -> None:
    image = painted(encoded(Image.new("CMYK", (100, 100), (0, 0, 0, 0)), "JPEG"), "image/jpeg")
    assert is_like(image, (50, 50), WHITE)


def test_what_is_transparent_is_shown_on_white() -> None:
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((0, 0, 50, 100), RED)
    shown = painted(encoded(image), "image/png")
    assert is_like(shown, (20, 50), RED)
    assert is_like(shown, (80, 50), WHITE)


def test_nothing_but_pixels_comes_through() -> None:
    exif = Image.Exif()
    exif[0x010E] = "HIDDEN in the description"
    photo = encoded(
        halves(), "JPEG", exif=exif, comment=b"<script>HIDDEN</script>", icc_profile=b"HIDDEN" * 9
    )
    polyglot = photo + b"PK\x03\x04HIDDEN archive behind the picture"
    made = preview.look(polyglot, "image/jpeg").preview
    assert made is not None
    assert b"HIDDEN" not in made
    assert b"Exif" not in made


# ---------------------------------------------------------------- limits and broken files


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (2_000_000_000, 2_000_000_000)])
def test_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    started = time.perf_counter()
    assert refusal(png_header(*size), "image/png") == "too-many-pixels"
    assert time.perf_counter() - started < 0.5


def test_real_picture_of_100_megapixels_is_refused() -> None:
    bomb = encoded(Image.new("1", (10_000, 10_000)))
    assert len(bomb) < 20_000
    assert refusal(bomb, "image/png") == "too-many-pixels"


def test_photo_of_a_64_megapixel_camera_is_taken() -> None:
    photo = encoded(Image.new("L", (9248, 6936), 255), "JPEG")
    assert painted(photo, "image/jpeg").size == (1200, 900)


@pytest.mark.parametrize(("content_type", "decoder"), IMAGE_TYPES.items())
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_image_cut_short_is_refused(content_type: ContentType, decoder: str, part: float) -> None:
    noise = Image.effect_noise((600, 600), 90).convert("RGB")
    data = encoded(noise, decoder)
    assert refusal(data[: int(len(data) * part)], content_type) == "unreadable"


def test_preview_that_fails_loses_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(image: Image.Image) -> bytes:
        raise MemoryError

    monkeypatch.setattr(preview, "_jpeg", out_of_memory)
    for data, content_type in ((encoded(halves()), "image/png"), (pdf(3), "application/pdf")):
        seen = preview.look(data, content_type)  # type: ignore[arg-type]
        assert seen.preview is None
        assert seen.note is not None
        assert seen.note.code == "no-preview"
        assert "MemoryError" in seen.note.message


# ---------------------------------------------------------------- PDF


def test_pdf_shows_its_first_page() -> None:
    seen = preview.look(pdf(3), "application/pdf")
    assert seen.pages == 3
    assert painted(pdf(3), "application/pdf").size == (848, 1200)


def test_pdf_of_a_picture_shows_it() -> None:
    image = painted(encoded(halves((600, 300)), "PDF"), "application/pdf")
    assert is_like(image, (100, 100), RED)
    assert is_like(image, (image.width - 100, 100), BLUE)


@pytest.mark.parametrize("size", [(14_400, 1), (1, 14_400), (0.01, 0.01), (14_400, 14_400)])
def test_pdf_page_of_any_size_gets_a_bounded_preview(size: tuple[float, float]) -> None:
    seen = preview.look(pdf(1, size), "application/pdf")
    if seen.preview:
        assert max(Image.open(io.BytesIO(seen.preview)).size) <= 1200
    else:
        assert seen.note is not None


def test_pdf_with_too_many_pages_is_refused() -> None:
    assert refusal(pdf(preview.MAX_PAGES + 1), "application/pdf") == "too-many-pages"
    assert preview.look(pdf(preview.MAX_PAGES), "application/pdf").pages == preview.MAX_PAGES


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.7\n" + b"x" * 5000, pdf()[:200], pdf(0)])
def test_broken_or_empty_pdf_is_refused(data: bytes) -> None:
    assert refusal(data, "application/pdf") == "unreadable"


def test_pdf_with_a_password_says_so() -> None:
    secret = "<" + "5A" * 32 + ">"
    parts = [
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
        f"<</Filter/Standard/V 1/R 2/O {secret}/U {secret}/P -4>>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(data))
        data += f"{number} 0 obj{part}endobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    tail = f"xref\n0 5\n0000000000 65535 f \n{table}trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>"
    data += f"{tail}\nstartxref\n{len(data)}\n%%EOF".encode()
    assert refusal(data, "application/pdf") == "password"


# ---------------------------------------------------------------- anything at all

SAMPLES: dict[ContentType, bytes] = {
    **{kind: encoded(halves((60, 40)), decoder) for kind, decoder in IMAGE_TYPES.items()},
    "application/pdf": pdf(2),
}


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_damaged_file_is_refused_or_seen_and_nothing_else(kind: ContentType, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLES[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        damaged[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(Refused):
        seen = examined(bytes(damaged), kind)
        assert seen.preview or seen.note
