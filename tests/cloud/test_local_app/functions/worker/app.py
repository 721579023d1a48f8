"""Works through a queue; fails at messages that ask for it."""

import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], _context: Any) -> Any:
    failed = []
    for record in event["Records"]:
        if record["body"] == "poison":
            failed.append({"itemIdentifier": record["messageId"]})
            continue
        item = {"pk": {"S": "work"}, "sk": {"S": f"{time.time_ns()}"}, "name": {"S": record["body"]}}
        dynamodb.put_item(TableName=os.environ["SEEN"], Item=item)
    return {"batchItemFailures": failed}
