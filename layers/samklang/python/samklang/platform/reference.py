"""The API's own pages: its OpenAPI document, the Swagger page over it, and the answer to wrong addresses."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi import swagger_ui

from samklang.platform.http import Api
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.exceptions import NotFoundError


class ReferenceApi(Api):
    """Routes about the API itself, and every address that has no route."""

    needs_user = False

    def __init__(self, document: Path) -> None:
        super().__init__()
        self._document = document

    @cached_property
    def document(self) -> str:
        """The OpenAPI document as it is kept."""
        return self._document.read_text(encoding="utf-8")

    @cached_property
    def page(self) -> str:
        """The Swagger page; script and style are Powertools', inside the page."""
        folder = Path(swagger_ui.__file__).parent
        return swagger_ui.generate_swagger_html(
            self.document,
            (folder / "swagger-ui-bundle.min.js").read_text(encoding="utf-8"),
            (folder / "swagger-ui.min.css").read_text(encoding="utf-8"),
            "",
            oauth2_config=None,
            persist_authorization=False,
        )

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], list[str]]]:
        paths: dict[str, dict[str, Any]] = json.loads(self.document)["paths"]
        return [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), sorted(method.upper() for method in methods))
            for path, methods in paths.items()
        ]

    def _unknown(self, _: NotFoundError) -> Response[str]:
        """404 for an address we do not have, 405 with Allow for a method it does not have."""
        path = self.current_event.path
        for pattern, methods in self._paths:
            if pattern.fullmatch(path):
                allowed = ", ".join(methods)
                response = self._problem(Problem("method-not-allowed", f"Use {allowed} here."))
                response.headers["Allow"] = allowed
                return response
        return self._problem(Problem("not-found", "There is nothing at this address; see /v1/docs."))
