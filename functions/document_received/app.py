"""An uploaded document: checked, hashed, previewed, locked, put in the bureau's inbox."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.documents import preview, service
from samklang.platform import uploads
from samklang.platform.logs import metrics


def handler(event: dict[str, Any], _context: LambdaContext) -> None:
    """Receive each uploaded document."""
    for uploaded in uploads.uploaded_objects(event):
        outcome = service.receive(uploaded, preview)
        metrics.add_metric(f"Documents{outcome.capitalize()}", "Count", 1)
        metrics.flush_metrics()
