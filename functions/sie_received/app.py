"""An uploaded SIE file: surveyed, then taken into the books."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.sie import receiving
from samklang.platform import uploads


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Take in each file."""
    for uploaded in uploads.uploaded_objects(event):
        with uploads.fetched(uploaded) as stream:
            receiving.receive(uploaded.company_id, uploaded.file_id, uploaded.version, stream)
