"""A payment file, uploaded or dropped in the bucket: checked whole, matched, registered."""

from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.payments import receiving
from samklang.platform import uploads


def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Read each file."""
    for uploaded in uploads.uploaded_objects(event):
        fetch = partial(uploads.fetched, uploaded)
        if uploaded.dropped:
            receiving.dropped(uploaded, fetch)
        else:
            with fetch() as stream:
                receiving.receive(uploaded.company_id, uploaded.file_id, uploaded.version, stream)
