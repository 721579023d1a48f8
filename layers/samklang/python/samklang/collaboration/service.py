"""What happens between a bureau and a company: invite, accept, start guide, activate, payment handler."""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from samklang.collaboration import store
from samklang.collaboration.model import (
    STEPS,
    Accepted,
    AnyStep,
    BankStep,
    Bureau,
    BureauInput,
    Collaboration,
    CompanyDetails,
    CompanyPage,
    CompanyStep,
    HandlerInput,
    HandlerPeriod,
    Invitation,
    InvitationInput,
    Me,
    NewInvitation,
    NumberingStep,
    PaymentsStep,
    StepName,
    handler_on,
)
from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.platform import access, clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from samklang.collaboration.model import FiscalYearStep
    from samklang.platform.access import BureauAccess, CompanyAccess, Party, User
    from samklang.platform.dynamo import Item

INVITATION_DAYS = 30
"""How long an invitation can be accepted."""

_TOKEN_REMOVED_AFTER_DAYS = 365


def create_bureau(user: User, given: BureauInput) -> Bureau:
    """A new bureau; its maker becomes its administrator."""
    bureau = Bureau(
        bureau_id=new_id("bur"), name=given.name, org_no=given.org_no, created_at=clock.timestamp()
    )
    transaction = Transaction()
    store.put_bureau(transaction, bureau)
    access.join_bureau(transaction, user, bureau.bureau_id, "admin")
    return idempotency.commit(transaction, user, bureau)


def get_bureau(at: BureauAccess) -> Bureau:
    """The bureau itself."""
    return _bureau(at.bureau_id)


def _bureau(bureau_id: str) -> Bureau:
    bureau = store.bureau(bureau_id)
    assert bureau is not None  # written in the same transaction as the membership that led here
    return bureau


def invite(at: BureauAccess, given: InvitationInput) -> NewInvitation:
    """Invite a company; the token is shown this once."""
    token = secrets.token_urlsafe(24)
    invitation = NewInvitation(
        invitation_id=new_id("ivt"),
        bureau_id=at.bureau_id,
        status="open",
        expires_at=clock.timestamp(clock.now() + timedelta(days=INVITATION_DAYS)),
        token=token,
        **dict(given),
    )
    transaction = Transaction()
    removed_at = int(time.time()) + _TOKEN_REMOVED_AFTER_DAYS * 24 * 3600
    kept = Invitation.model_validate(invitation.model_dump(exclude={"token"}))
    store.put_invitation(transaction, kept, token, removed_at)
    return idempotency.commit(transaction, at.user, invitation)


def withdraw(at: BureauAccess, invitation_id: str) -> Invitation:
    """Take an open invitation back.

    Raises:
        Problem: ``not-found``, ``invitation-closed``.
    """
    invitation = store.invitation(at.bureau_id, invitation_id)
    if invitation is None:
        raise Problem("not-found", "There is no such invitation.")
    return _close(at.user, invitation, "withdrawn")


def decline(user: User, token: str) -> Invitation:
    """Say no to an invitation.

    Raises:
        Problem: ``not-found``, ``invitation-closed``, ``invitation-expired``.
    """
    return _close(user, _open_invitation(token), "declined")


def _close(user: User, invitation: Invitation, status: str) -> Invitation:
    transaction = Transaction()
    store.close_invitation(transaction, invitation, status)
    closed = Invitation.model_validate(invitation.model_dump() | {"status": status})
    try:
        return idempotency.commit(transaction, user, closed)
    except ConditionFailed as failure:
        raise Problem("invitation-closed", "The invitation is already answered or withdrawn.") from failure


def _open_invitation(token: str) -> Invitation:
    invitation = store.invitation_by_token(token)
    if invitation is None:
        raise Problem(
            "not-found", "There is no such invitation. Check the link, or ask the bureau for a new one."
        )
    if invitation.status != "open":
        raise Problem("invitation-closed", f"The invitation is already {invitation.status}.")
    if clock.timestamp() > invitation.expires_at:
        raise Problem("invitation-expired", "The invitation has expired. Ask the bureau for a new one.")
    return invitation


def accept(user: User, token: str) -> Accepted:
    """Say yes to an invitation: the company comes to be, and the user is its administrator.

    Raises:
        Problem: ``not-found``, ``invitation-closed``, ``invitation-expired``.
    """
    invitation = _open_invitation(token)
    accepted = Accepted(company_id=new_id("com"), collaboration_id=new_id("col"), status="start_guide")
    bureau = _bureau(invitation.bureau_id)
    transaction = Transaction()
    store.close_invitation(transaction, invitation, "accepted")
    store.put_collaboration(transaction, accepted.company_id, invitation, bureau, accepted.collaboration_id)
    access.join_company(transaction, user, accepted.company_id, "admin")
    try:
        return idempotency.commit(transaction, user, accepted)
    except ConditionFailed as failure:
        raise Problem("invitation-closed", "The invitation is already answered or withdrawn.") from failure


def get_collaboration(at: CompanyAccess) -> Collaboration:
    """The state of the collaboration."""
    return store.read(at.collaboration)


def answer_step(at: CompanyAccess, name: StepName, answers: AnyStep) -> Collaboration:
    """Answer a step of the start guide, or answer it anew.

    Raises:
        Problem: ``already-active``.
    """
    if at.collaboration["status"] != "start_guide":
        code = "number-locked" if name == "numbering" else "already-active"
        raise Problem(code, "The start guide ended with activation; its answers stand.")
    transaction = Transaction()
    changed = store.put_step(transaction, at.collaboration, name, answers)
    return _commit(at, transaction, changed)


def activate(at: CompanyAccess) -> Collaboration:
    """End the start guide: lock the first number, open the series, the books and the payment handler.

    Raises:
        Problem: ``already-active``, ``start-guide-incomplete``.
    """
    item = at.collaboration
    if item["status"] != "start_guide":
        raise Problem("already-active", "It is active already.")
    steps = {name: store.step(item, name) for name in STEPS}
    left = [name for name, answers in steps.items() if answers is None]
    if left:
        raise Problem("start-guide-incomplete", f"Answer these steps first: {', '.join(left)}.")
    company, bank = cast("CompanyStep", steps["company"]), cast("BankStep", steps["bank"])
    fiscal_year = cast("FiscalYearStep", steps["fiscal_year"])
    first_handler = HandlerPeriod(
        party=cast("PaymentsStep", steps["payments"]).handler,
        # Somebody must handle payments from today on, also when the first fiscal year is still to come.
        since=min(fiscal_year.start, clock.today()),
        decided_at=clock.timestamp(),
        decided_by=at.user.user_id,
    )
    transaction = Transaction()
    changed = store.activate(transaction, item, first_handler)
    numbering = cast("NumberingStep", steps["numbering"])
    invoicing.open_series(
        transaction,
        at.company_id,
        numbering.first_invoice_number,
        numbering.previous_program,
        CompanyDetails(company=company, fiscal_year=fiscal_year, bank=bank),
    )
    ledger.open_books(
        transaction, at.company_id, fiscal_year.start, fiscal_year.end, fiscal_year.accounting_method
    )
    return _commit(at, transaction, changed)


def change_handler(at: CompanyAccess, given: HandlerInput) -> Collaboration:
    """Let a party handle payments from a date on (today, if none is given); history is kept.

    Raises:
        Problem: ``not-active``, ``validation`` for a date in the past.
    """
    at.require_active()
    since = given.since or clock.today()
    if since < clock.today():
        raise Problem(
            "validation", "Payments already registered keep their handler: choose today or a later date."
        )
    decision = HandlerPeriod(
        party=given.handler, since=since, decided_at=clock.timestamp(), decided_by=at.user.user_id
    )
    transaction = Transaction()
    history = [*store.handlers(at.collaboration), decision]
    party = handler_on(history, clock.today()).party
    changed = store.put_handlers(transaction, at.collaboration, history, party)
    return _commit(at, transaction, changed)


def _commit(at: CompanyAccess, transaction: Transaction, changed: Item) -> Collaboration:
    try:
        return idempotency.commit(transaction, at.user, store.read(changed))
    except ConditionFailed as failure:
        raise Problem(
            "version-mismatch", "Somebody else changed it meanwhile. Read it and try again."
        ) from failure


# ---------------------------------------------------------------- for other contexts


def require_handler(transaction: Transaction, at: CompanyAccess) -> None:
    """Let only the party that handles payments today go on.

    The transaction then fails, with label ``payment_handler``, if that is changed meanwhile. Whoever's day
    has come by a dated decision takes over first, in a write of its own, and reads the books behind that:
    what the other party began before midnight either is done by then or fails.

    Raises:
        Problem: ``not-active``; ``not-handler``, with who handles payments and since when;
            ``handler-changed``.
    """
    at.require_active()
    current = handler_on(store.handlers(at.collaboration), clock.today())
    if current.party != at.party:
        whom = {"client": "The client", "bureau": "The bureau"}[current.party]
        raise Problem("not-handler", f"{whom} handles payments since {current.since}.")
    if at.collaboration["handled_by"] != at.party:
        try:
            at.collaboration.update(retrying(lambda: store.take_over(at.collaboration, at.party)))
        except ConditionFailed as failure:
            raise Problem(
                "handler-changed", "Who handles payments was changed just now. Send the request again."
            ) from failure
    store.check_handler(transaction, at.collaboration)


def exists(company_id: str) -> bool:
    """Whether there is such a company, active or not."""
    return store.collaboration(company_id) is not None


def handling_party(company_id: str) -> Party | None:
    """The party that handles a company's payments today; None when nobody does."""
    item = store.collaboration(company_id)
    if item is None or item["status"] != "active":
        return None
    return handler_on(store.handlers(item), clock.today()).party


def companies(at: BureauAccess, limit: int, cursor: str | None) -> CompanyPage:
    """The bureau's companies."""
    return store.companies(at.bureau_id, limit, cursor)


def me(user: User) -> Me:
    """What the user may act for."""
    return store.memberships(user.user_id)


def active_companies() -> Iterator[str]:
    """The ids of all active companies, for scheduled work."""
    return store.active_companies()
