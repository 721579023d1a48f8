"""Correction proposals: the bureau sends what it wants changed in a register, the client answers.

A proposal holds fields, not a whole customer or article, and is laid on top of what that is when the client
accepts: other fields that were changed meanwhile stay as they are. A field of its own that was changed
meanwhile, to whatever value, makes it stale: the bureau has not seen what it would overwrite.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from samklang.invoicing.model.proposals import (
    CorrectionProposal,
    CorrectionProposalPage,
    FieldChange,
    diff,
    values_of,
)
from samklang.invoicing.model.registers import ArticleInput, Customer, CustomerInput, article_of
from samklang.invoicing.registers import customer_of, get_article, get_customer
from samklang.invoicing.store import proposals as store
from samklang.invoicing.store import registers
from samklang.platform import clock, idempotency
from samklang.platform.cursors import read_cursor, write_cursor
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.model.proposals import (
        ArticleProposalInput,
        CustomerProposalInput,
        ProposalStatus,
        RegisterName,
    )
    from samklang.invoicing.store.proposals import Shelf
    from samklang.invoicing.store.registers import Entry
    from samklang.platform.access import CompanyAccess

# ---------------------------------------------------------------- proposing


def propose_customer(at: CompanyAccess, customer_id: str, given: CustomerProposalInput) -> CorrectionProposal:
    """Propose a correction of a customer.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-found``, ``validation`` if nothing would change or the
            customer would not be a valid one, ``number-taken``.
    """
    at.require_bureau(_PROPOSE)
    return _propose(at, "customer", get_customer(at, customer_id), given.changes.values(), given.comment)


def propose_article(at: CompanyAccess, article_id: str, given: ArticleProposalInput) -> CorrectionProposal:
    """Propose a correction of an article.

    Raises:
        Problem: as :func:`propose_customer`.
    """
    at.require_bureau(_PROPOSE)
    return _propose(at, "article", get_article(at, article_id), given.changes.values(), given.comment)


_PROPOSE = "propose corrections; as the client, change the register itself"


def _propose(
    at: CompanyAccess, register: RegisterName, entry: Entry, wanted: Mapping[str, Any], comment: str | None
) -> CorrectionProposal:
    try:
        after = _merged(entry, wanted)
    except ValidationError as error:
        message = f"The {register} would not be valid: see `errors`."
        raise Problem("validation", message, _field_errors(error)) from error
    changes = diff(entry, after)
    if not changes:
        message = f"The {register} is like this already: propose what should be different."
        raise Problem("validation", message, (FieldError("/changes", "no_change", message),))
    target_id = _id(entry)
    if after.number != entry.number:
        taken = registers.taken_numbers(at.company_id, register, [after.number])
        if taken.get(after.number, target_id) != target_id:
            raise _number_taken(after.number)
    proposal = CorrectionProposal(
        proposal_id=new_id("prp"),
        of=register,
        target_id=target_id,
        target_name=entry.name,
        status="open",
        changes=changes,
        comment=comment,
        made_by=at.user.user_id,
        made_at=clock.timestamp(),
        decided_at=None,
        decided_by=None,
        answer=None,
        base_version=entry.version,
        version=1,
    )
    transaction = Transaction()
    store.put_open(transaction, at.company_id, proposal)
    return idempotency.commit(transaction, at.user, proposal)


# ---------------------------------------------------------------- reading


def get_proposal(at: CompanyAccess, proposal_id: str) -> CorrectionProposal:
    """One proposal.

    Raises:
        Problem: ``not-found``.
    """
    (shown,) = _shown(at.company_id, [_found(at, proposal_id)])
    return shown


def proposals(
    at: CompanyAccess, status: ProposalStatus | None, limit: int, cursor: str | None
) -> CorrectionProposalPage:
    """A page of proposals, the newest first.

    ``status`` leaves some out of the page, which may then hold fewer than ``limit``.

    Raises:
        Problem: ``cursor-invalid``.
    """
    below = read_cursor(cursor, _PROPOSAL) if cursor else _LAST
    found: dict[str, CorrectionProposal] = {}
    ends = []
    # In this order: what is decided between the two reads is then in both, and as it was decided.
    for shelf in _SHELVES[status]:
        some, last = store.newest(at.company_id, shelf, below, limit)
        found |= {each.proposal_id: each for each in some}
        if last:
            ends.append(last)
    # Below where the shorter reading ended, something of that shelf may be missing.
    end = max(ends, default=None)
    ids = sorted((each for each in found if end is None or each >= end), reverse=True)
    following = ids[limit - 1] if len(ids) > limit else end
    shown = _shown(at.company_id, [found[each] for each in ids[:limit]])
    return CorrectionProposalPage(
        items=[each for each in shown if status in {None, each.status}],
        next=write_cursor(following) if following else None,
    )


_PROPOSAL = re.compile(r"prp_[0-9a-z]{20}", re.ASCII)
_LAST = "~"
"""Above every proposal's id."""

_SHELVES: dict[ProposalStatus | None, tuple[Shelf, ...]] = {
    None: ("OPEN", "DECIDED"),
    "open": ("OPEN",),
    "stale": ("OPEN",),
    "accepted": ("DECIDED",),
    "declined": ("DECIDED",),
    "withdrawn": ("DECIDED",),
}
"""Where proposals of a status are kept."""


def _found(at: CompanyAccess, proposal_id: str) -> CorrectionProposal:
    proposal = store.proposal(at.company_id, proposal_id)
    if proposal is None:
        raise Problem("not-found", "There is no such proposal.")
    return proposal


def _shown(company_id: str, kept: list[CorrectionProposal]) -> list[CorrectionProposal]:
    """Proposals with the status they have as the registers stand."""
    undecided = [each for each in kept if each.status == "open"]
    targets: dict[str, Entry] = {
        **registers.customers_by_id(company_id, _targets(undecided, "customer")),
        **registers.articles_by_id(company_id, _targets(undecided, "article")),
    }
    now = {
        each.proposal_id: each.model_copy(update={"status": "stale"})
        for each in undecided
        if _conflicts(each, targets[each.target_id])
    }
    # One that was accepted after it was read has itself changed what it is of.
    now |= store.decided_by_id(company_id, list(now))
    return [now.get(each.proposal_id, each) for each in kept]


def _targets(proposals: list[CorrectionProposal], register: RegisterName) -> list[str]:
    return [each.target_id for each in proposals if each.of == register]


# ---------------------------------------------------------------- answering


def accept(at: CompanyAccess, proposal_id: str) -> CorrectionProposal:
    """Let a proposal change its customer or article: both are written together.

    Raises:
        Problem: ``not-allowed`` for the bureau, ``not-found``, ``proposal-closed``, ``proposal-stale`` with
            what has changed since, ``number-taken``, ``busy``.
    """
    _require_client(at)
    return retrying(lambda: _accept_once(at, proposal_id))


def _accept_once(at: CompanyAccess, proposal_id: str) -> CorrectionProposal:
    proposal = _require_undecided(_found(at, proposal_id))
    before = _target(at, proposal)
    if errors := _conflicts(proposal, before):
        # Whoever accepted it after it was read has changed just these fields.
        _require_undecided(_found(at, proposal_id))
        raise Problem(
            "proposal-stale",
            f"The {proposal.of} has changed since, see `errors`: decline the proposal, "
            "or let the bureau send a new one.",
            errors,
        )
    after = _merged(before, _wanted(proposal))
    accepted = _decided(at, proposal, "accepted", None)
    transaction = Transaction()
    registers.put(transaction, at.company_id, after, before)
    store.decide(transaction, at.company_id, accepted)
    try:
        return idempotency.commit(transaction, at.user, accepted)
    except ConditionFailed as failure:
        if failure.labels == {registers.NUMBER_TAKEN}:
            raise _number_taken(after.number) from failure
        # The proposal was decided, or its customer or article changed, meanwhile: see what is true now.
        raise Contention(str(failure)) from failure


def decline(at: CompanyAccess, proposal_id: str, comment: str | None) -> CorrectionProposal:
    """Leave the register as it is; a stale proposal can be declined too.

    Raises:
        Problem: ``not-allowed`` for the bureau, ``not-found``, ``proposal-closed``, ``busy``.
    """
    _require_client(at)
    return retrying(lambda: _close_once(at, proposal_id, "declined", comment))


def withdraw(at: CompanyAccess, proposal_id: str) -> CorrectionProposal:
    """Take a proposal back, whoever at the bureau made it; a stale one too.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-found``, ``proposal-closed``, ``busy``.
    """
    at.require_bureau("withdraw a proposal; as the client, decline it")
    return retrying(lambda: _close_once(at, proposal_id, "withdrawn", None))


def _close_once(
    at: CompanyAccess, proposal_id: str, status: ProposalStatus, comment: str | None
) -> CorrectionProposal:
    decided = _decided(at, _require_undecided(_found(at, proposal_id)), status, comment)
    transaction = Transaction()
    store.decide(transaction, at.company_id, decided)
    try:
        return idempotency.commit(transaction, at.user, decided)
    except ConditionFailed as failure:
        raise Contention(str(failure)) from failure


def _require_client(at: CompanyAccess) -> None:
    if at.party != "client":
        raise Problem("not-allowed", "Only the client answers a proposal. To take it back, withdraw it.")


def _require_undecided(proposal: CorrectionProposal) -> CorrectionProposal:
    if proposal.status != "open":
        message = f"The proposal was {proposal.status} at {proposal.decided_at}: nothing is left to decide."
        raise Problem("proposal-closed", message)
    return proposal


def _decided(
    at: CompanyAccess, proposal: CorrectionProposal, status: ProposalStatus, answer: str | None
) -> CorrectionProposal:
    known = {
        "status": status,
        "decided_at": clock.timestamp(),
        "decided_by": at.user.user_id,
        "answer": answer,
        "version": proposal.version + 1,
    }
    return proposal.model_copy(update=known)


# ---------------------------------------------------------------- proposal and register


def _target(at: CompanyAccess, proposal: CorrectionProposal) -> Entry:
    get = get_customer if proposal.of == "customer" else get_article
    return get(at, proposal.target_id)


def _id(entry: Entry) -> str:
    return entry.customer_id if isinstance(entry, Customer) else entry.article_id


def _wanted(proposal: CorrectionProposal) -> dict[str, Any]:
    return {each.field: each.to for each in proposal.changes}


def _merged(entry: Entry, wanted: Mapping[str, Any]) -> Entry:
    """The customer or article with these fields instead of its own, as its next version.

    Raises:
        ValidationError: it would not be a valid one.
    """
    given = values_of(entry) | dict(wanted)
    if isinstance(entry, Customer):
        return customer_of(CustomerInput.model_validate(given), entry)
    article = ArticleInput.model_validate(given)
    number = article.number or entry.number
    return article_of(article, entry.article_id, number, entry.version + 1, clock.today())


def _conflicts(proposal: CorrectionProposal, entry: Entry) -> tuple[FieldError, ...]:
    """Why an open proposal is stale as the register stands; nothing if it is not."""
    now = values_of(entry)
    moved = [each for each in proposal.changes if now[each.field] != each.was]
    if moved:
        return tuple(_moved(each, now[each.field]) for each in moved)
    try:
        _merged(entry, _wanted(proposal))
    except ValidationError as error:
        return _field_errors(error)
    return ()


def _moved(change: FieldChange, now: Any) -> FieldError:
    message = f"was {_text(change.was)} when this was proposed and is {_text(now)} now"
    return FieldError(f"/changes/{change.field}", "changed", message)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _field_errors(error: ValidationError) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(
            "".join(f"/{part}" for part in ("changes", *each["loc"])),
            each["type"],
            each["msg"].removeprefix("Value error, "),
        )
        for each in error.errors(include_context=False)
    )


def _number_taken(number: str) -> Problem:
    message = f"The number {number} is another's: choose one that is free."
    return Problem("number-taken", message, (FieldError("/changes/number", "taken", message),))
