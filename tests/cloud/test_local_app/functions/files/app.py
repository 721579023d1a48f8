"""Reads uploaded files."""

import os
import time
from typing import Any
from urllib.parse import unquote_plus

import boto3

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")


def handler(event: dict[str, Any], _context: Any) -> None:
    (record,) = event["Records"]
    key = unquote_plus(record["s3"]["object"]["key"])
    body = s3.get_object(Bucket=record["s3"]["bucket"]["name"], Key=key)["Body"].read().decode()
    if body == "poison":
        raise ValueError("as asked")
    item = {
        "pk": {"S": "files"},
        "sk": {"S": f"{time.time_ns()}"},
        "name": {"S": key},
        "event": {"S": record["eventName"]},
        "version": {"S": record["s3"]["object"]["versionId"]},
    }
    dynamodb.put_item(TableName=os.environ["SEEN"], Item=item)
