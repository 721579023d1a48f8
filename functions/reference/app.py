"""HTTP: the API's own pages, and every address that has no route."""

from pathlib import Path
from typing import Any, Literal

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.platform.http import File
from samklang.platform.reference import ReferenceApi
from samklang.platform.shapes import Shape

api = ReferenceApi(Path(__file__).with_name("openapi.json"))


class Health(Shape):
    """That the API answers."""

    status: Literal["ok"]


@api.reads("/v1/health")
def get_health() -> Health:
    """Whether the API answers."""
    return Health(status="ok")


@api.reads("/v1/openapi.json", produces="application/json")
def get_openapi() -> File:
    """This document."""
    return File("application/json", api.document)


@api.reads("/v1/docs", produces="text/html")
def get_docs() -> File:
    """The Swagger page."""
    return File("text/html; charset=utf-8", api.page)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
