"""Correction proposals.

| sk under COMPANY#id | what |
|---|---|
| PROPOSAL#OPEN#id | one that nobody has answered |
| PROPOSAL#DECIDED#id | one that is accepted, declined or withdrawn; it never changes again |

A decision moves the item, in its own transaction. That is two write units more than to mark it where it is,
once in its life; for that the open ones are listed by reading them and none of the decided ones, as last
written, without an index that lags behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from samklang.invoicing.model.proposals import CorrectionProposal
from samklang.invoicing.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item, Transaction

Shelf = Literal["OPEN", "DECIDED"]


def put_open(transaction: Transaction, company_id: str, proposal: CorrectionProposal) -> None:
    """A new proposal."""
    transaction.put("proposal", table(), _item(company_id, "OPEN", proposal))


def decide(transaction: Transaction, company_id: str, decided: CorrectionProposal) -> None:
    """A proposal as it was decided, if it is still open."""
    open_key = (company_key(company_id), _key("OPEN", decided.proposal_id))
    transaction.delete("open proposal", table(), open_key)
    transaction.put("proposal", table(), _item(company_id, "DECIDED", decided))


def proposal(company_id: str, proposal_id: str) -> CorrectionProposal | None:
    """One proposal, as it is kept."""
    # One read after the other: one that moves meanwhile is found by the second, which a batch may miss.
    pk = company_key(company_id)
    item = dynamo.get(table(), pk, _key("OPEN", proposal_id)) or dynamo.get(
        table(), pk, _key("DECIDED", proposal_id)
    )
    return _read(item) if item else None


def decided_by_id(company_id: str, proposal_ids: Iterable[str]) -> dict[str, CorrectionProposal]:
    """Those of the proposals that are decided."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, _key("DECIDED", each)) for each in proposal_ids])
    return {item["id"]: _read(item) for item in found.values()}


def newest(
    company_id: str, shelf: Shelf, below: str, limit: int
) -> tuple[list[CorrectionProposal], str | None]:
    """Proposals with ids below ``below``, the newest first, and the id looked at last if more are left.

    There may be one more than ``limit``.
    """
    prefix = _key(shelf, "")
    # BETWEEN includes its ends: ask for one more and leave the bound itself out.
    page = dynamo.query_between(
        table(), company_key(company_id), prefix, prefix + below, limit=limit + 1, descending=True
    )
    found = [_read(item) for item in page.items if item["sk"] != prefix + below]
    return found, page.last["sk"].removeprefix(prefix) if page.last else None


def _item(company_id: str, shelf: Shelf, proposal: CorrectionProposal) -> Item:
    return {
        "pk": company_key(company_id),
        "sk": _key(shelf, proposal.proposal_id),
        "kind": "proposal",
        "id": proposal.proposal_id,
        "body": proposal.model_dump_json(),
    }


def _read(item: Item) -> CorrectionProposal:
    return CorrectionProposal.model_validate_json(item["body"])


def _key(shelf: Shelf, proposal_id: str) -> str:
    return f"PROPOSAL#{shelf}#{proposal_id}"
