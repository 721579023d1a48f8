"""AWS clients, made once per process and only when first used."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sqs import SQSClient

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "max_attempts": 4},
    # We build requests ourselves and test them; checking each parameter again costs a third of a call.
    parameter_validation=False,
)


@cache
def dynamodb() -> DynamoDBClient:
    """The DynamoDB client."""
    return boto3.client("dynamodb", config=_CONFIG)


@cache
def s3() -> S3Client:
    """The S3 client; path addresses, so that the same code works against a local endpoint."""
    return boto3.client(
        "s3", config=_CONFIG.merge(Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    )


@cache
def sesv2() -> SESV2Client:
    """The SES client. It tries once: the second of two attempts might send the message again."""
    return boto3.client("sesv2", config=_CONFIG.merge(Config(retries={"total_max_attempts": 1})))


@cache
def sqs() -> SQSClient:
    """The SQS client."""
    return boto3.client("sqs", config=_CONFIG)
