"""Customers: ``CUSTOMER#id``, as the newest version known here says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from samklang.ledger.model.customers import LedgerCustomer, LedgerCustomerPage, customer_of
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.clients import dynamodb

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item


def put_customer(company_id: str, customer_id: str, version: int, body: str) -> bool:
    """Keep a customer, if no version as new is kept already: the newest wins in whatever order they come.

    One write with its condition; customers take no part in the books, so their head is left alone.

    Returns:
        Whether it was kept.
    """
    item = {
        "pk": company_key(company_id),
        "sk": f"CUSTOMER#{customer_id}",
        "kind": "customer",
        "id": customer_id,
        "version": version,
        "body": body,
    }
    try:
        dynamodb().put_item(
            TableName=table(),
            Item=dynamo.to_item(item),
            ConditionExpression="attribute_not_exists(pk) OR version < :version",
            ExpressionAttributeValues=dynamo.to_item({":version": version}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def customer(company_id: str, customer_id: str) -> LedgerCustomer | None:
    """One customer."""
    item = dynamo.get(table(), company_key(company_id), f"CUSTOMER#{customer_id}")
    return _read_customer(item) if item else None


def customers(company_id: str, limit: int, cursor: str | None) -> LedgerCustomerPage:
    """A page of customers, oldest first."""
    page = dynamo.query(table(), company_key(company_id), "CUSTOMER#", limit=limit, cursor=cursor)
    return LedgerCustomerPage(items=[_read_customer(item) for item in page.items], next=page.next)


def _read_customer(item: Item) -> LedgerCustomer:
    return customer_of(item["id"], item["version"], item["body"])
