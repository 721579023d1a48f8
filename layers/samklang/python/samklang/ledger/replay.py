"""Everything again: what the streams would have told, from the items themselves.

For when stream records are lost: after a restore, or an outage of more than the 24 hours they live.
Posting and bringing back are exactly once, so what was done before is seen and skipped.
"""

from __future__ import annotations

from itertools import batched
from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger import service, sync
from samklang.payments import service as payments
from samklang.payments.sync import bring_back_item

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.platform.dynamo import Item

_BATCH = 100


def into_ledger(company_id: str) -> int:
    """Bring every customer, issued invoice, payment and reversal of a company's invoicing the ledger lacks.

    Returns:
        How many events were looked at.
    """
    count = 0
    for batch in batched(_events(company_id), _BATCH, strict=False):
        sync.post_images(company_id, batch)
        count += len(batch)
    return count


def _events(company_id: str) -> Iterator[tuple[str, Item]]:
    """Customers, invoices by number, then payments as they came, each with its reversal behind it."""
    for image in invoicing.customer_images(company_id):
        yield "customer", image
    for image in invoicing.issued_images(company_id):
        yield "invoice", image
    for image in payments.images(company_id):
        if image["origin"] == "invoicing":
            yield "payment", image
        if image.get("reversal_origin") == "invoicing":
            yield "reversal", image


def into_invoicing(company_id: str) -> int:
    """Bring every posting and every payment of a company's ledger back that invoicing lacks.

    Returns:
        How many items were looked at.
    """
    count = 0
    for item in service.images(company_id):
        bring_back_item(company_id, item)
        count += 1
    return count
