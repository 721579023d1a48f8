"""Answers over HTTP, and misbehaves when asked to."""

import base64
import json
import os
import sys
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")
s3 = boto3.client("s3")
TABLE = os.environ["TABLE"]


def handler(event: dict[str, Any], context: Any) -> Any:
    body = event.get("body") or ""
    if event["rawPath"] == "/things":
        item = json.loads(body)
        dynamodb.put_item(TableName=TABLE, Item={name: {"S": value} for name, value in item.items()})
        return {"statusCode": 201, "headers": {"Location": "/things/1"}, "body": body}
    if event["rawPath"].startswith("/do/"):
        return do(event["pathParameters"]["what"], context)
    return {"statusCode": 200, "body": json.dumps(event), "headers": {"content-type": "application/json"}}


def do(what: str, context: Any) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case per way to behave
    match what:
        case "environment":
            return dict(os.environ) | {"path": sys.path, "remaining": context.get_remaining_time_in_millis()}
        case "fail":
            raise ValueError("as asked")
        case "hang":
            time.sleep(60)
        case "exit":
            os._exit(3)
        case "large":
            return {"statusCode": 200, "body": "x" * 7_000_000}
        case "strange":
            return {"statusCode": "many"}
        case "unserialisable":
            return {"statusCode": 200, "body": object()}
        case "bytes":
            cookies = ["a=1; Path=/", "b=2"]
            image = base64.b64encode(b"\x89PNG").decode()
            headers = {"content-type": "image/png", "access-control-allow-origin": "*"}
            return {
                "statusCode": 200,
                "isBase64Encoded": True,
                "body": image,
                "headers": headers,
                "cookies": cookies,
            }
        case "text":
            return "just text"
        case "delete":
            dynamodb.delete_item(TableName=TABLE, Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
        case "query":
            values = {":c": {"S": "red"}}
            dynamodb.query(
                TableName=TABLE,
                IndexName="colours",
                KeyConditionExpression="colour = :c",
                ExpressionAttributeValues=values,
            )
        case "scan":
            dynamodb.scan(TableName=TABLE)
        case "upload":
            return s3.generate_presigned_post(os.environ["BUCKET"], "incoming/new.txt")
        case "upload-elsewhere":
            return s3.generate_presigned_post(os.environ["BUCKET"], "elsewhere/new.txt")
    return {"statusCode": 204}
