"""The runner's own way to the store: small asynchronous JSON calls, and the feed of changes.

The runner reads streams and queues many times a second; boto3 would need a thread for each call.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import aiohttp

from local.store_host import CHANGES
from local.template import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_SERVICES = {
    "dynamodb": ("DynamoDB_20120810", "application/x-amz-json-1.0", "dynamodb"),
    "streams": ("DynamoDBStreams_20120810", "application/x-amz-json-1.0", "dynamodb"),
    "sqs": ("AmazonSQS", "application/x-amz-json-1.0", "sqs"),
}
_RECONNECT_SECONDS = 0.2


class StoreError(Exception):
    """The store refused a call."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Store:
    """Calls to ministack on this machine."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=60),
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def call(self, service: str, action: str, **parameters: Any) -> dict[str, Any]:
        """Make one call, e.g. ``call("sqs", "ReceiveMessage", QueueUrl=…)``.

        Raises:
            StoreError: The store answered with an error.
        """
        prefix, content_type, scope = _SERVICES[service]
        headers = {
            "Content-Type": content_type,
            "X-Amz-Target": f"{prefix}.{action}",
            # Not a real signature: the store reads the account's region and the service from it.
            "Authorization": (
                f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/{scope}/aws4_request, "
                "SignedHeaders=host, Signature=local"
            ),
        }
        body = json.dumps(parameters)
        async with self._session.post(self.endpoint, data=body, headers=headers) as response:
            answer: dict[str, Any] = json.loads(await response.read() or b"{}")
        if response.status >= 400:  # noqa: PLR2004 - HTTP
            code = str(answer.get("__type", response.status)).rpartition("#")[2]
            raise StoreError(code, str(answer.get("message", answer.get("Message", ""))))
        return answer

    async def get(self, path: str) -> Any:
        """A plain GET, read as JSON."""
        async with self._session.get(f"{self.endpoint}{path}") as response:
            response.raise_for_status()
            return await response.json(content_type=None)

    async def changes(self) -> AsyncGenerator[set[str] | None]:
        """What changed in the store, as it happens; None when something may have been missed."""
        no_limit = aiohttp.ClientTimeout(total=None, sock_read=20)
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with self._session.get(f"{self.endpoint}{CHANGES}", timeout=no_limit) as feed:
                    yield None
                    async for line in feed.content:
                        if line.strip():
                            yield set(json.loads(line))
            await asyncio.sleep(_RECONNECT_SECONDS)


class Notes:
    """What the runner remembers, kept in the store itself.

    Data, streams and the runner's place in them are in one journal: after a crash they agree.
    """

    def __init__(self, store: Store, table: str) -> None:
        self._store = store
        self.table = table
        self.key = (ACCOUNT, REGION, table)

    async def create(self) -> None:
        """Make the table, unless it is there."""
        try:
            await self._store.call(
                "dynamodb",
                "CreateTable",
                TableName=self.table,
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
                KeySchema=[
                    {"AttributeName": "pk", "KeyType": "HASH"},
                    {"AttributeName": "sk", "KeyType": "RANGE"},
                ],
                BillingMode="PAY_PER_REQUEST",
            )
        except StoreError as error:
            if error.code != "ResourceInUseException":
                raise

    async def read(self, kind: str, name: str) -> str | None:
        """A remembered text."""
        key = {"pk": {"S": kind}, "sk": {"S": name}}
        answer = await self._store.call(
            "dynamodb", "GetItem", TableName=self.table, Key=key, ConsistentRead=True
        )
        item = answer.get("Item")
        return item["value"]["S"] if item else None

    async def all(self, kind: str) -> list[tuple[str, str]]:
        """Every text of a kind, with its name, in the order of names."""
        found: list[tuple[str, str]] = []
        more: dict[str, Any] = {}
        while True:
            answer = await self._store.call(
                "dynamodb",
                "Query",
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": kind}},
                ConsistentRead=True,
                **more,
            )
            found += [(item["sk"]["S"], item["value"]["S"]) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return found
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    async def write(self, kind: str, name: str, value: str) -> None:
        """Remember a text."""
        item = {"pk": {"S": kind}, "sk": {"S": name}, "value": {"S": value}}
        await self._store.call("dynamodb", "PutItem", TableName=self.table, Item=item)

    async def forget(self, kind: str, name: str) -> None:
        """Remove what is remembered under a name."""
        key = {"pk": {"S": kind}, "sk": {"S": name}}
        await self._store.call("dynamodb", "DeleteItem", TableName=self.table, Key=key)
