"""DynamoDB stream batches: in order per company, each record's fate reported on its own.

Powertools' BatchProcessor goes on with later records of a key after one has failed; here order matters,
so a company's records stop at its first failure and the whole batch is sent again from there. Companies
whose records went through are skipped on redelivery by what they left in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from samklang.platform.dynamo import Contention, Item, from_item
from samklang.platform.logs import logger
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one item: its images before and after."""

    sequence: str
    name: str
    company_id: str
    before: Item | None
    after: Item | None


def read_change(record: Mapping[str, Any]) -> Change:
    """A change from a stream record."""
    body = record["dynamodb"]
    return Change(
        sequence=body["SequenceNumber"],
        name=record["eventName"],
        company_id=str(body["Keys"]["pk"]["S"]).removeprefix("COMPANY#"),
        before=from_item(body["OldImage"]) if "OldImage" in body else None,
        after=from_item(body["NewImage"]) if "NewImage" in body else None,
    )


def by_company(event: Mapping[str, Any], handle: Callable[[str, list[Change]], object]) -> dict[str, Any]:
    """Hand each company its changes, in order; report from where to send again.

    Args:
        event: the stream's batch.
        handle: does a company's changes, each exactly once; AWS errors and contention mean that the
            company's changes are sent again from the first.

    Returns:
        ``batchItemFailures`` as Lambda wants them (ReportBatchItemFailures).
    """
    companies: dict[str, list[Change]] = {}
    for record in event["Records"]:
        change = read_change(record)
        companies.setdefault(change.company_id, []).append(change)
    failures = []
    for company_id, changes in companies.items():
        try:
            handle(company_id, changes)
        except (ClientError, BotoCoreError, Contention) as error:
            logger.warning("will be sent again", company=company_id, error=str(error))
            failures.append(changes[0].sequence)
        except Problem as problem:
            if problem.code != "busy":
                raise
            failures.append(changes[0].sequence)
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in sorted(failures, key=int)]}
