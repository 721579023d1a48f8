"""Writes down what it sees of a stream; fails at what the records ask for."""

import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
SEEN = os.environ["SEEN"]


def handler(event: dict[str, Any], _context: Any) -> Any:
    records = event["Records"]
    size = str(len(records))
    for record in records:
        image = record["dynamodb"]["NewImage"]
        if image.get("fails", {}).get("S") == "whole batch":
            raise RuntimeError("as asked")
        if image.get("fails", {}).get("S") == "reported":
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
        item = {
            "pk": {"S": "stream"},
            "sk": {"S": f"{time.time_ns()}"},
            "name": image["sk"],
            "batch": {"N": size},
        }
        dynamodb.put_item(TableName=SEEN, Item=item)
    return {"batchItemFailures": []}
