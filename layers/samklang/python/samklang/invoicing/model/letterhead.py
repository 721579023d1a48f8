"""The logo as it is sent."""

from typing import Annotated

from pydantic import Field

from samklang.platform.shapes import Shape


class LogoInput(Shape):
    """An image for the head of the invoices: PNG, JPEG or SVG of at most 200 KB, in base64."""

    content: Annotated[str, Field(min_length=1, max_length=280_000)] | None
    """None takes the logo away."""


class Logo(Shape):
    """Which logo invoices issued from now on get: the SHA-256 of its bytes."""

    logo: str | None
