"""The ledger's stream back to invoicing: posting state of invoices, and payments the bureau registered.

Every effect is an item or an attribute that says it is done, so a batch delivered twice changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from samklang.invoicing import service as invoicing
from samklang.invoicing.model.invoices import DunningState, LedgerState
from samklang.payments.events import PaymentRegistered, PaymentReversed, payment_values, reversal_values
from samklang.payments.reversing import write_in_invoicing
from samklang.payments.store import payments as store
from samklang.payments.views import voucher_reference
from samklang.platform.dynamo import Contention, Transaction, retrying
from samklang.platform.logs import logger

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item
    from samklang.platform.streams import Change


def bring_back(company_id: str, changes: list[Change]) -> None:
    """Bring a company's changes in the ledger back to invoicing, in order.

    Raises:
        ClientError: AWS could not do it now; send them again.
        Problem: ``busy`` after long contention; send them again.
    """
    for change in changes:
        if change.after and not _is_old_news(change):
            bring_back_item(company_id, change.after)


def _is_old_news(change: Change) -> bool:
    """An open item tells of itself when it comes and when it is journalised; else a payment changed it."""
    before, after = change.before or {}, change.after or {}
    return (
        after.get("kind") == "receivable"
        and change.name == "MODIFY"
        and before.get("voucher_id") == after.get("voucher_id")
    )


def bring_back_item(company_id: str, item: Item) -> None:
    """Bring what an item of the ledger tells back to invoicing; the same again changes nothing.

    Raises:
        ClientError, Problem: as :func:`bring_back`.
    """
    logger.append_keys(correlation_id=item.get("request_id"))
    match item.get("kind"):
        case "receivable":
            voucher = item.get("voucher_id")  # by the cash method there is none until it is paid
            status: Literal["pending", "posted"] = "pending" if item.get("awaits") else "posted"
            state = LedgerState(status=status, voucher=voucher_reference(voucher) if voucher else None)
            invoicing.set_ledger_state(company_id, item["id"], state)
        case "dunning":
            _show_dunning(company_id, item)
        case "parked":
            _show_parked(company_id, item)
        case "payment":
            if item["origin"] == "ledger":
                retrying(lambda: _register(PaymentRegistered.from_image(item)))
            if item.get("reversal_origin") == "ledger":
                retrying(lambda: _reverse(PaymentReversed.from_image(item)))
        case _:
            return
    logger.info("brought back", item=item["sk"])


def _show_parked(company_id: str, item: Item) -> None:
    """An invoice that waits for the bureau says so; a payment says it by its own view."""
    kind, identifier, _ = item["event"].split("/")
    if kind == "invoice":
        invoicing.set_ledger_state(
            company_id, identifier, LedgerState(status="parked", reason=item["detail"])
        )


def _show_dunning(company_id: str, item: Item) -> None:
    """An invoice shows the step taken last; interest that was invoiced is no step."""
    if "stage" in item:
        state = DunningState.model_validate({"stage": item["stage"], "date": item["stage_on"]})
        invoicing.set_dunning_state(company_id, item["id"], state)


def _register(event: PaymentRegistered) -> None:
    if store.payment(event.company_id, event.payment_id):
        return
    transaction = Transaction()
    values = payment_values(event) | {"origin": "ledger"}
    store.put_payment(transaction, event.company_id, event.payment_id, values)
    write_in_invoicing(transaction, event, -1, "ledger")
    transaction.commit_unchanged()


def _reverse(event: PaymentReversed) -> None:
    kept = store.payment(event.company_id, event.payment_id)
    if kept is None:
        # Its own record comes first in the stream; it is under way in another delivery.
        raise Contention(f"{event.payment_id} is not in invoicing yet")
    if "reversal_date" in kept:
        return
    transaction = Transaction()
    values = reversal_values(event, "ledger")
    store.reverse_payment(transaction, event.company_id, event.payment_id, values)
    write_in_invoicing(transaction, event, +1, "ledger")
    transaction.commit_unchanged()
