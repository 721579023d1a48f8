"""Opening balances: ``OPENING``, what accounts held before the first fiscal year of the books."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.model.opening import Opening
from samklang.ledger.store.table import table
from samklang.ledger.store.vouchers import pack_amounts, unpack_amounts
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction

_OPENING = "OPENING"


def put_opening(transaction: Transaction, company_id: str, opening: Opening) -> None:
    """The opening balances, if they are as they were read."""
    item = {
        "pk": company_key(company_id),
        "sk": _OPENING,
        "kind": "opening",
        "rows": pack_amounts(sorted(opening.amounts.items())) or None,
        "source": opening.source,
        "changed_at": opening.changed_at,
        "changed_by": opening.changed_by,
        "version": opening.version + 1,
    }
    expect = {"version": opening.version} if opening.version else None
    transaction.put("opening", table(), item, expect=expect)


def opening(company_id: str) -> Opening:
    """The opening balances; nothing where none were given."""
    item = dynamo.get(table(), company_key(company_id), _OPENING)
    if item is None:
        return Opening()
    return Opening(
        amounts=dict(unpack_amounts(item["rows"])) if "rows" in item else {},
        source=item.get("source"),
        changed_at=item["changed_at"],
        changed_by=item["changed_by"],
        version=item["version"],
    )
