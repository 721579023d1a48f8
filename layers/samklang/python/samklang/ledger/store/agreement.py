"""What the nightly check of the books found: ``AGREEMENT``, and what waits in many companies at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.model.agreement import NightlyAgreement
from samklang.ledger.store.books import BOOKS
from samklang.ledger.store.table import table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item


def keep_agreement(company_id: str, found: NightlyAgreement) -> None:
    """Keep what the nightly check found, in place of what the one before did."""
    item = {
        "pk": company_key(company_id),
        "sk": AGREEMENT,
        "kind": "agreement",
        "found": found.model_dump_json(),
    }
    transaction = dynamo.Transaction()
    transaction.replace("agreement", table(), item)
    transaction.commit()


AGREEMENT = "AGREEMENT"


def kept_agreement(company_id: str) -> NightlyAgreement | None:
    """What the last nightly check found, if there has been one."""
    item = dynamo.get(table(), company_key(company_id), AGREEMENT)
    return _read_agreement(item) if item else None


def _read_agreement(item: Item) -> NightlyAgreement:
    return NightlyAgreement.model_validate_json(item["found"])


class Waiting(NamedTuple):
    """Whether something waits in a company's books."""

    parked: int
    parked_since: str | None
    nightly: NightlyAgreement | None


def waiting(company_ids: Iterable[str]) -> dict[str, Waiting]:
    """What waits in each company's books, read in batches; nothing where there are no books yet."""
    wanted = list(company_ids)
    keys = [(company_key(each), sk) for each in wanted for sk in (BOOKS, AGREEMENT)]
    found = dynamo.batch_get(table(), keys)
    waits = {}
    for each in wanted:
        head = found.get((company_key(each), BOOKS), {})
        nightly = found.get((company_key(each), AGREEMENT))
        waits[each] = Waiting(
            head.get("parked", 0), head.get("parked_since"), _read_agreement(nightly) if nightly else None
        )
    return waits
