"""Structured logs and metrics, one of each per function."""

from aws_lambda_powertools import Logger, Metrics

logger = Logger()
"""JSON lines with the correlation id; the service name comes from the template."""

metrics = Metrics()
"""Written to the log in the embedded metric format; the namespace comes from the template."""
