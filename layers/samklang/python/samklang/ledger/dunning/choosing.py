"""How a company duns, and who is left alone: what the bureau chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger.dunning.interest import REFERENCE_RATES
from samklang.ledger.dunning.model.letters import EndPauseInput, Pause, PauseInput, PausePage
from samklang.ledger.dunning.model.settings import (
    DunningSettings,
    DunningSettingsAnswer,
    DunningSettingsInput,
    ReferenceRateShape,
)
from samklang.ledger.store import dunning as store
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from samklang.platform.access import CompanyAccess

# ---------------------------------------------------------------- settings


def settings(at: CompanyAccess) -> DunningSettingsAnswer:
    """How the company duns, and the reference rates interest by law is reckoned from."""
    return _answer(store.settings(at.company_id))


def choose(at: CompanyAccess, given: DunningSettingsInput, version: int) -> DunningSettingsAnswer:
    """Dun otherwise from now on; letters that are written stay as they are.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``version-mismatch``, ``busy``.
    """
    at.require_bureau("change how customers are dunned")
    at.require_active()
    chosen = DunningSettings.model_validate(given.model_dump(mode="json") | {"version": version + 1})
    transaction = Transaction()
    store.put_settings(transaction, at.company_id, chosen)
    try:
        retrying(transaction.commit)
    except ConditionFailed as failure:
        raise Problem("version-mismatch", "Read the settings again and try anew.") from failure
    return _answer(chosen)


def _answer(chosen: DunningSettings) -> DunningSettingsAnswer:
    known = [
        ReferenceRateShape(
            half_year=half_year,
            rate=each.rate,
            source=each.source,
            read_on=each.read_on,
            verified=each.verified,
        )
        for half_year, each in REFERENCE_RATES.items()
    ]
    known += [
        ReferenceRateShape(
            half_year=each.half_year, rate=each.rate, source=each.source, read_on=None, verified=False
        )
        for each in chosen.reference_rates
    ]
    return DunningSettingsAnswer.model_validate(
        chosen.model_dump(mode="json") | {"known_reference_rates": known}
    )


# ---------------------------------------------------------------- pauses


def pause(at: CompanyAccess, given: PauseInput) -> Pause:
    """Leave a customer, or one of its invoices, alone.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``validation`` for what does not exist,
            ``busy``.
    """
    at.require_bureau("pause dunning")
    at.require_active()
    made = Pause(
        pause_id=new_id("pse"),
        reason=given.reason,
        customer_id=_customer(at.company_id, given),
        invoice_id=given.invoice_id,
        until=given.until,
        note=given.note,
        status="open",
        made_at=clock.timestamp(),
        made_by=at.user.user_id,
    )

    def add(transaction: Transaction) -> Pause:
        store.put_pause(transaction, at.company_id, made)
        return made

    return idempotency.carry_out(at.user, add)


def _customer(company_id: str, given: PauseInput) -> str:
    """The customer concerned.

    Raises:
        Problem: ``validation``.
    """
    if given.invoice_id:
        invoice = invoicing.invoices_by_id(company_id, [given.invoice_id]).get(given.invoice_id)
        if invoice and invoice.number is not None:
            return invoice.customer_id
        pointer, what = "/invoice_id", "issued invoice"
    else:
        assert given.customer_id is not None  # one of the two is named
        if invoicing.customers_by_id(company_id, [given.customer_id]):
            return given.customer_id
        pointer, what = "/customer_id", "customer"
    message = f"There is no such {what}."
    raise Problem("validation", message, (FieldError(pointer, "unknown", message),))


def end_pause(at: CompanyAccess, pause_id: str, given: EndPauseInput) -> Pause:
    """Dun again; the pause is kept among those that have ended.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``, ``pause-ended``, ``busy``.
    """
    at.require_bureau("end a pause of dunning")
    at.require_active()

    def end(transaction: Transaction) -> Pause:
        kept = get_pause(at, pause_id)
        if kept.status == "ended":
            raise Problem("pause-ended", f"It ended at {kept.ended_at}. Make a new pause if you need one.")
        ended = kept.model_copy(
            update={
                "status": "ended",
                "ended_at": clock.timestamp(),
                "ended_by": at.user.user_id,
                "ended_note": given.note,
            }
        )
        store.put_pause(transaction, at.company_id, ended)
        return ended

    return idempotency.carry_out(at.user, end)


def get_pause(at: CompanyAccess, pause_id: str) -> Pause:
    """One pause, open or ended.

    Raises:
        Problem: ``not-found``.
    """
    found = store.pause(at.company_id, pause_id)
    if found is None:
        raise Problem("not-found", "There is no such pause.")
    return found


def pauses(at: CompanyAccess, *, ended: bool, limit: int, cursor: str | None) -> PausePage:
    """A page of pauses that nobody has ended, or of those that have ended, the newest first."""
    return store.pauses(at.company_id, ended=ended, limit=limit, cursor=cursor)
