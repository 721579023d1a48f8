"""The company's customers in the ledger: copies of what invoicing, their master, tells of them.

They stand beside the books: a customer changes no balance, so keeping one needs neither the books' head
nor a voucher, and the newest version wins in whatever order and however often versions come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.metrics import MetricUnit

from samklang.invoicing.events import CustomerChanged
from samklang.ledger.model.customers import customer_of
from samklang.ledger.store import customers, parked
from samklang.platform.dynamo import Transaction, retrying
from samklang.platform.logs import logger, metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.platform.dynamo import Item


def read(image: Item) -> CustomerChanged:
    """The event of a customer's item, when it can be read to its end.

    Raises:
        KeyError, TypeError, ValueError: it cannot.
    """
    event = CustomerChanged.from_image(image)
    customer_of(event.customer_id, event.version, event.body)
    return event


def keep(company_id: str, event: CustomerChanged) -> bool:
    """Keep a customer; whether it was news."""
    return customers.put_customer(company_id, event.customer_id, event.version, event.body)


def keep_all(company_id: str, images: Iterable[Item]) -> list[Item]:
    """Keep what customers' items tell, and take off the parked list what is now out of date.

    Returns:
        The items that cannot be read, other than those of which a newer version is kept.

    Raises:
        ClientError: AWS could not do it now.
        Problem: ``busy``.
    """
    logger.append_keys(correlation_id=None)  # a customer's item does not say which request wrote it
    newest: dict[str, CustomerChanged] = {}
    unreadable: list[Item] = []
    for image in images:
        try:
            event = read(image)
        except (KeyError, TypeError, ValueError):
            unreadable.append(image)
            continue
        known = newest.get(event.customer_id)
        if known is None or known.version < event.version:
            newest[event.customer_id] = event
    news = {event.customer_id for event in newest.values() if keep(company_id, event)}
    if newest:
        retrying(lambda: _unpark(company_id, newest, news))
        logger.info("customers kept", kept=len(news), known=len(newest) - len(news))
        metrics.add_metric("CustomersKept", MetricUnit.Count, len(news))
    return [image for image in unreadable if not _out_of_date(company_id, image)]


def _unpark(company_id: str, newest: dict[str, CustomerChanged], news: set[str]) -> None:
    """Take those off the parked list whose item could not be read, and no longer needs to be."""
    ids = {f"customer.{customer_id}.unreadable": event for customer_id, event in newest.items()}
    transaction = Transaction()
    for each, item in parked.parked_by_id(company_id, ids).items():
        event, version = ids[each], _version(parked.parked_change(item)["image"])
        if event.customer_id in news if version is None else version <= event.version:
            parked.remove_parked(transaction, company_id, each)
    transaction.commit_unchanged()


def _out_of_date(company_id: str, image: Item) -> bool:
    """Whether a version that cannot be read is one that nobody needs any more."""
    version, customer_id = _version(image), image.get("id")
    if version is None or not isinstance(customer_id, str):
        return False
    kept = customers.customer(company_id, customer_id)
    if kept is None or kept.version < version:
        return False
    logger.warning("unreadable customer, a newer version of which is kept", customer=customer_id)
    metrics.add_metric("Unreadable", MetricUnit.Count, 1)
    return True


def _version(image: Item) -> int | None:
    version = image.get("version")
    return version if isinstance(version, int) and not isinstance(version, bool) else None
