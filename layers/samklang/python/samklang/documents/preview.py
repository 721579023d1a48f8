"""Looks into uploaded files: real type by content, limits, pages, and a preview.

Pure functions from bytes to bytes, for the one function that has the libraries to read images with.
A file comes from anywhere: nothing it says of itself is believed, sizes are checked before pixels are
unpacked, and a preview is painted anew, so that nothing but pixels of the file is in it.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import filetype  # type: ignore[import-untyped,unused-ignore]
import pypdfium2
from PIL import Image, ImageOps
from pillow_heif import register_heif_opener

from samklang.documents.model import ContentType, Look, Note, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PIXELS = 70_000_000
"""A little more than a phone camera of 64 megapixels gives."""

MAX_PAGES = 500
"""Longer than any invoice; only the first page is painted."""

PREVIEW_SIDE = 1200
"""The longer side of a preview, in pixels."""

_JPEG_QUALITY = 80
_LARGEST_SCALE = 4.0
"""A page the size of a stamp is not blown up further than this."""

_FORMATS: dict[str, str] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/heic": "HEIF",
    "image/webp": "WEBP",
}
"""The one decoder of Pillow a type may use; the dozens of others never see the file."""

_SCALABLE = {"L", "LA", "RGB", "RGBA", "CMYK"}
"""Modes whose pixels can be blended; a palette's numbers cannot."""

_PDF = "application/pdf"
_HEIC_BRANDS = {b"heic", b"heix"}
_HEIC_FAMILY = _HEIC_BRANDS | {b"mif1"}

register_heif_opener()
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def real_type(data: bytes) -> str | None:
    """The media type by the content's first bytes, or None if it is none that is known."""
    if _is_heic(data):
        return "image/heic"
    found: str | None = filetype.guess_mime(data)
    return found


def _is_heic(data: bytes) -> bool:
    """HEIC by its brands; filetype knows only those with 8 bits per colour."""
    if data[4:8] != b"ftyp" or data[8:12] not in _HEIC_FAMILY:
        return False
    end = min(int.from_bytes(data[:4]), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    return bool(brands & _HEIC_BRANDS)


def check_type(data: bytes, declared: ContentType) -> None:
    """Refuse a file that is not of the type it was announced as.

    Raises:
        Refused: ``type-unknown``, ``type-differs``.
    """
    found = real_type(data)
    if found not in {*_FORMATS, _PDF}:
        raise Refused("type-unknown", "The file is no JPEG, PNG, HEIC or WebP image and no PDF.")
    if found != declared:
        raise Refused("type-differs", f"The file was announced as {declared} but is {found}. Send it anew.")


def look(data: bytes, content_type: ContentType) -> Look:
    """Open a file of a checked type, count its pages and make its preview.

    Raises:
        Refused: ``unreadable``, ``password``, ``too-many-pixels``, ``too-many-pages``.
    """
    return _look_at_pdf(data) if content_type == _PDF else _look_at_image(data, _FORMATS[content_type])


# ---------------------------------------------------------------- images


def _look_at_image(data: bytes, decoder: str) -> Look:
    image = _decoded(data, decoder)
    return _with_preview(1, lambda: _jpeg(image))


def _decoded(data: bytes, decoder: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=[decoder])
        _check_pixels(*image.size)
        image.draft(None, (PREVIEW_SIDE, PREVIEW_SIDE))  # a JPEG is unpacked no larger than it need be
        image.load()
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Refused:
        raise
    except Exception as error:  # decoders raise anything on a broken or hostile file
        raise Refused(
            "unreadable", "The image is broken or cut short. Take the photo again, or send another file."
        ) from error
    return image


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> Refused:
    return Refused(
        "too-many-pixels",
        f"The image has more than {MAX_PIXELS // 1_000_000} million pixels. Send it in a smaller size.",
    )


def _jpeg(image: Image.Image) -> bytes:
    """A preview painted on a new sheet: comments, EXIF, places and profiles stay behind."""
    small = _upright(_scaled(image))
    sheet = Image.new("RGB", small.size, "white")
    if small.has_transparency_data:
        small = small.convert("RGBA")
        sheet.paste(small, mask=small.getchannel("A"))
    else:
        sheet.paste(small.convert("RGB"))
    written = io.BytesIO()
    sheet.save(written, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return written.getvalue()


def _scaled(image: Image.Image) -> Image.Image:
    """The image in the size of a preview; scaled in place, since a large one fits in memory only so often."""
    if image.mode.startswith("I;16"):  # grey of 16 bits, which Pillow would clip instead of scale
        image = image.point(lambda value: value / 256).convert("L")
    elif image.mode not in _SCALABLE or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), reducing_gap=2.0)
    return image


def _upright(image: Image.Image) -> Image.Image:
    """The image as the photographer saw it, by its EXIF orientation."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - broken EXIF raises anything, and is no reason to show nothing
        return image


# ---------------------------------------------------------------- PDF


def _look_at_pdf(data: bytes) -> Look:
    try:
        document = pypdfium2.PdfDocument(data)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise Refused("password", "The PDF has a password. Send it without one.") from error
        raise _unreadable_pdf() from error
    try:
        if pages == 0:
            raise _unreadable_pdf()
        if pages > MAX_PAGES:
            raise Refused("too-many-pages", f"The PDF has more than {MAX_PAGES} pages. Send it in parts.")
        return _with_preview(pages, lambda: _jpeg(_first_page(document)))
    finally:
        document.close()


def _unreadable_pdf() -> Refused:
    return Refused("unreadable", "The PDF is broken or has no pages. Send another file.")


def _first_page(document: pypdfium2.PdfDocument) -> Image.Image:
    page = document[0]
    scale = min(PREVIEW_SIDE / max(page.get_size()), _LARGEST_SCALE)
    painted: Image.Image = page.render(scale=scale, may_draw_forms=False).to_pil()
    return painted


def _with_preview(pages: int, make: Callable[[], bytes]) -> Look:
    try:
        return Look(pages=pages, preview=make())
    except Exception as error:  # noqa: BLE001 - a preview that fails, however it fails, loses no document
        message = f"No preview could be made ({type(error).__name__}); the original is kept."
        return Look(pages=pages, preview=None, note=Note(code="no-preview", message=message))
