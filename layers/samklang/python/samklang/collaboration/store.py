"""How collaborations are kept, in table Platform.

| pk | sk | what |
|---|---|---|
| BUREAU#id | BUREAU | the bureau |
| BUREAU#id | INVITATION#id | an invitation |
| BUREAU#id | COMPANY#id | a company of the bureau |
| TOKEN#hash | INVITATION | which invitation a token opens |
| COMPANY#id | COLLABORATION | the collaboration, the start guide's answers, the payment handlers |
| ACTIVE#shard | COMPANY#id | active companies, for scheduled work |
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

from samklang.collaboration.model import (
    STEP_SHAPES,
    STEPS,
    AnyStep,
    Bureau,
    Collaboration,
    CompanyPage,
    CompanyStep,
    CompanySummary,
    HandlerPeriod,
    Invitation,
    Me,
    Membership,
    PaymentHandler,
    ProposedSettings,
    StartGuide,
    StartGuideStep,
    StepName,
    handler_on,
)
from samklang.platform import clock, dynamo
from samklang.platform.access import COLLABORATION, Party, bureau_key, company_key, user_key
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from samklang.platform.dynamo import Item, Transaction

ACTIVE_SHARDS = 8
"""Active companies are spread over this many partitions."""


def _table() -> str:
    return setting("PLATFORM_TABLE")


# ---------------------------------------------------------------- bureaus and invitations


def put_bureau(transaction: Transaction, bureau: Bureau) -> None:
    """A new bureau."""
    item = {"pk": bureau_key(bureau.bureau_id), "sk": "BUREAU", "kind": "bureau", **bureau.model_dump()}
    transaction.put("bureau", _table(), item)


def bureau(bureau_id: str) -> Bureau | None:
    """The bureau, if it exists."""
    item = dynamo.get(_table(), bureau_key(bureau_id), "BUREAU")
    return Bureau.model_validate(_only(item, Bureau.model_fields)) if item else None


def token_hash(token: str) -> str:
    """Only the hash of a token is kept."""
    return hashlib.sha256(token.encode()).hexdigest()


def put_invitation(transaction: Transaction, invitation: Invitation, token: str, removed_at: int) -> None:
    """A new invitation and the way to it from its token."""
    item = {
        "pk": bureau_key(invitation.bureau_id),
        "sk": f"INVITATION#{invitation.invitation_id}",
        "kind": "invitation",
        **invitation.model_dump(mode="json"),
    }
    transaction.put("invitation", _table(), item)
    pointer = {
        "pk": f"TOKEN#{token_hash(token)}",
        "sk": "INVITATION",
        "kind": "token",
        "bureau_id": invitation.bureau_id,
        "invitation_id": invitation.invitation_id,
        "expires_at": removed_at,
    }
    transaction.put("token", _table(), pointer)


def invitation_by_token(token: str) -> Invitation | None:
    """The invitation a token opens."""
    pointer = dynamo.get(_table(), f"TOKEN#{token_hash(token)}", "INVITATION")
    return invitation(pointer["bureau_id"], pointer["invitation_id"]) if pointer else None


def invitation(bureau_id: str, invitation_id: str) -> Invitation | None:
    """One invitation of a bureau."""
    item = dynamo.get(_table(), bureau_key(bureau_id), f"INVITATION#{invitation_id}")
    return Invitation.model_validate(_only(item, Invitation.model_fields)) if item else None


def close_invitation(transaction: Transaction, invitation: Invitation, status: str) -> None:
    """Accept, decline or withdraw an open invitation."""
    key = (bureau_key(invitation.bureau_id), f"INVITATION#{invitation.invitation_id}")
    transaction.update("invitation", _table(), key, put={"status": status}, expect={"status": "open"})


# ---------------------------------------------------------------- collaborations


def put_collaboration(
    transaction: Transaction, company_id: str, invitation: Invitation, bureau: Bureau, collaboration_id: str
) -> None:
    """A new collaboration in the start guide, and the company in its bureau's list."""
    item: Item = {
        "pk": company_key(company_id),
        "sk": COLLABORATION,
        "kind": "collaboration",
        "collaboration_id": collaboration_id,
        "company_id": company_id,
        "company_name": invitation.company_name,
        "org_no": invitation.org_no,
        "bureau_id": bureau.bureau_id,
        "bureau_name": bureau.name,
        "status": "start_guide",
        "settings": invitation.settings.model_dump(mode="json"),
        "handlers": [],
        "handled_by": None,
        "handler_version": 1,
        "version": 1,
    }
    transaction.put("collaboration", _table(), item)
    listed = {
        "pk": bureau_key(bureau.bureau_id),
        "sk": company_key(company_id),
        "kind": "bureau_company",
        "company_id": company_id,
        "company_name": invitation.company_name,
        "org_no": invitation.org_no,
    }
    transaction.put("bureau_company", _table(), listed)


def collaboration(company_id: str) -> Item | None:
    """A company's collaboration as it is kept, if there is such a company."""
    return dynamo.get(_table(), company_key(company_id), COLLABORATION)


def put_step(transaction: Transaction, collaboration: Item, step: StepName, answers: AnyStep) -> Item:
    """The answers of one step of the start guide; returns the item as it will be, as all changes here do."""
    changes: dict[str, Any] = {
        f"step_{step}": answers.model_dump_json(exclude_none=True),
        "version": collaboration["version"] + 1,
    }
    if isinstance(answers, CompanyStep):
        named = {"company_name": answers.name, "org_no": answers.org_no}
        changes |= named
        listed = (bureau_key(collaboration["bureau_id"]), collaboration["pk"])
        transaction.update("bureau_company", _table(), listed, put=named)
    return _update(transaction, collaboration, changes)


def activate(transaction: Transaction, collaboration: Item, first_handler: HandlerPeriod) -> Item:
    """Open for work."""
    changes = {
        "status": "active",
        "handlers": [first_handler.model_dump(mode="json")],
        "handled_by": first_handler.party,
        "handler_version": collaboration["handler_version"] + 1,
        "version": collaboration["version"] + 1,
    }
    company_id = collaboration["company_id"]
    listed = {
        "pk": active_partition(company_id),
        "sk": company_key(company_id),
        "kind": "active_company",
        "company_id": company_id,
    }
    transaction.put("active_company", _table(), listed)
    return _update(transaction, collaboration, changes)


def put_handlers(
    transaction: Transaction, collaboration: Item, history: list[HandlerPeriod], party: Party
) -> Item:
    """A new decision on who handles payments, and who does so now."""
    changes = {
        "handled_by": party,
        "handlers": [period.model_dump(mode="json") for period in history],
        "handler_version": collaboration["handler_version"] + 1,
        "version": collaboration["version"] + 1,
    }
    return _update(transaction, collaboration, changes)


def take_over(collaboration: Item, party: Party) -> Item:
    """Let a party begin to handle payments, whose day has come; the collaboration as it is then.

    From that write on, nothing is written that the other party began before.
    """
    transaction = dynamo.Transaction()
    key = (collaboration["pk"], collaboration["sk"])
    now = {"handled_by": party, "handler_version": collaboration["handler_version"] + 1}
    expect = {"handler_version": collaboration["handler_version"]}
    transaction.update("payment_handler", _table(), key, put=now, expect=expect)
    transaction.commit()
    return collaboration | now


def check_handler(transaction: Transaction, collaboration: Item) -> None:
    """Let the transaction happen only if nobody has changed the payment handler since it was read."""
    key = (collaboration["pk"], collaboration["sk"])
    expect = {"handler_version": collaboration["handler_version"], "status": collaboration["status"]}
    transaction.check("payment_handler", _table(), key, expect)


def _update(transaction: Transaction, collaboration: Item, changes: dict[str, Any]) -> Item:
    key = (collaboration["pk"], collaboration["sk"])
    transaction.update(
        "collaboration", _table(), key, put=changes, expect={"version": collaboration["version"]}
    )
    return collaboration | changes


def handlers(item: Item) -> list[HandlerPeriod]:
    """Every decision on who handles payments."""
    return [HandlerPeriod.model_validate(period) for period in item["handlers"]]


def step(item: Item, name: StepName) -> AnyStep | None:
    """The answers of one step, if it is done."""
    kept = item.get(f"step_{name}")
    if kept is None:
        return None
    return STEP_SHAPES[name].model_validate_json(kept)


def read(item: Item) -> Collaboration:
    """A collaboration from its item."""
    history = handlers(item)
    current = handler_on(history, clock.today()) if history else None
    steps = []
    for name in STEPS:
        answers = step(item, name)
        steps.append(StartGuideStep(step=name, done=answers is not None, answers=answers))
    return Collaboration(
        collaboration_id=item["collaboration_id"],
        company_id=item["company_id"],
        company_name=item["company_name"],
        org_no=item["org_no"],
        bureau_id=item["bureau_id"],
        bureau_name=item["bureau_name"],
        status=item["status"],
        settings=ProposedSettings.model_validate(item["settings"]),
        payment_handler=current and PaymentHandler(party=current.party, since=current.since, history=history),
        start_guide=StartGuide(steps=steps, remaining=[each.step for each in steps if not each.done]),
        version=item["version"],
    )


# ---------------------------------------------------------------- lists


def companies(bureau_id: str, limit: int, cursor: str | None) -> CompanyPage:
    """The companies of a bureau."""
    page = dynamo.query(_table(), bureau_key(bureau_id), "COMPANY#", limit=limit, cursor=cursor)
    items = [CompanySummary.model_validate(_only(item, CompanySummary.model_fields)) for item in page.items]
    return CompanyPage(items=items, next=page.next)


def memberships(user_id: str) -> Me:
    """What a user may act for."""
    found = []
    for item in dynamo.every(lambda cursor: dynamo.query(_table(), user_key(user_id), cursor=cursor)):
        kind, _, identifier = item["sk"].partition("#")
        found.append(
            Membership.model_validate({"kind": kind.lower(), "id": identifier, "role": item["role"]})
        )
    return Me(user_id=user_id, memberships=found)


def active_partition(company_id: str) -> str:
    """The partition an active company is listed in."""
    shard = hashlib.sha256(company_id.encode()).digest()[0] % ACTIVE_SHARDS
    return f"ACTIVE#{shard}"


def active_companies() -> Iterator[str]:
    """The ids of all active companies."""
    for shard in range(ACTIVE_SHARDS):
        page = functools.partial(_active_page, f"ACTIVE#{shard}")
        for item in dynamo.every(page):
            yield item["company_id"]


def _active_page(pk: str, cursor: str | None) -> dynamo.Page:
    return dynamo.query(_table(), pk, limit=1000, cursor=cursor)


def _only(item: Item, names: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of an item that a shape knows."""
    return {name: item[name] for name in names if name in item}
