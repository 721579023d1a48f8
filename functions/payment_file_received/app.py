"""An uploaded payment file: checked whole, matched, registered."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.payments import files
from samklang.platform import uploads


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Read each uploaded file."""
    for uploaded in uploads.uploaded_objects(event):
        with uploads.fetched(uploaded) as stream:
            files.receive(uploaded.company_id, uploaded.file_id, uploaded.version, stream)
