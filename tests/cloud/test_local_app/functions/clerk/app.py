"""Comes when scheduled, writes down what time it thinks it is, and gives work to the worker."""

import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
sqs = boto3.client("sqs")


def handler(event: dict[str, Any], _context: Any) -> None:
    item = {"pk": {"S": "clerk"}, "sk": {"S": f"{time.time_ns()}"}, "name": {"S": event["at"]}}
    dynamodb.put_item(TableName=os.environ["SEEN"], Item=item)
    sqs.send_message(QueueUrl=os.environ["WORK"], MessageBody=event["at"])
