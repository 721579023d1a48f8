"""Routes that take a file as it is: its bytes as the body, and in the query what else there is to say.

Such a request is the same as one in JSON with the bytes in base64 as ``content``: so it is read, checked and
repeated in the same way.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from samklang.platform.http import Api

if TYPE_CHECKING:
    from collections.abc import Mapping

_BYTES = "application/octet-stream"
_FLAGS = {"true": True, "false": False}


class FileApi(Api):
    """Routes that take a body of :data:`application/octet-stream` besides JSON."""

    @staticmethod
    def _with_body(event: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event with its body as JSON.

        Raises:
            Problem: ``unsupported-media-type`` or ``malformed-json``.
        """
        headers = event["headers"]
        content_type = headers.get("content-type", "").split(";")[0].strip().lower()
        body: str | None = event.get("body")
        if body and content_type == _BYTES:
            encoded = body if event.get("isBase64Encoded") else base64.b64encode(body.encode()).decode()
            given = {
                name: _FLAGS.get(value, value)
                for name, value in event.get("queryStringParameters", {}).items()
            }
            text = json.dumps({**given, "content": encoded})
            event = {
                **event,
                "headers": {**headers, "content-type": "application/json"},
                "body": text,
                "isBase64Encoded": False,
            }
        return super(FileApi, FileApi)._with_body(event)
