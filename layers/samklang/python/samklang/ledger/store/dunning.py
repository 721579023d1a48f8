"""Dunning.

| sk under COMPANY#id | what |
|---|---|
| DUNNING_SETTINGS | how the company duns |
| DUNNING#invoice id | what has been done about a debt |
| DUNNING_PAUSE#OPEN#id, DUNNING_PAUSE#ENDED#id | who is left alone; to end a pause moves it |
| DUNNING_PAUSES | the version of all of them: a pause raises it |
| DUNNING_LETTER#id | a letter as it was written, and how it went |
| DUNNING_EXPORT#id | cases handed over for collection |
| DUNNING_PROPOSAL | what the morning's look found due |

Every step with a debt is conditional on the version of its item, on that of the open item and on that of the
pauses: so a step is taken once, and never with a debt that was paid or disputed meanwhile.
"""

from __future__ import annotations

import functools
import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from samklang.ledger.dunning.model.charges import CollectionExport
from samklang.ledger.dunning.model.debts import Costs, DebtState, InterestCharged, Step
from samklang.ledger.dunning.model.letters import (
    DunningProposal,
    Letter,
    LetterDelivery,
    LetterPage,
    LetterSummary,
    Pause,
    PausePage,
    SentLetter,
)
from samklang.ledger.dunning.model.settings import DunningSettings
from samklang.ledger.store.table import prefixed_page, table
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.dynamo import MISSING, Transaction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.ledger.model.receivables import Receivable
    from samklang.platform.dynamo import Item

# ---------------------------------------------------------------- settings

_SETTINGS = "DUNNING_SETTINGS"


def settings(company_id: str) -> DunningSettings:
    """How the company duns: version 0 is what holds until the bureau has chosen."""
    item = dynamo.get(table(), company_key(company_id), _SETTINGS)
    if item is None:
        return DunningSettings(version=0)
    return DunningSettings.model_validate(json.loads(item["chosen"]) | {"version": item["version"]})


def put_settings(transaction: Transaction, company_id: str, chosen: DunningSettings) -> None:
    """Settings in place of those of the version before."""
    item = {
        "pk": company_key(company_id),
        "sk": _SETTINGS,
        "kind": "dunning_settings",
        "chosen": chosen.model_dump_json(exclude={"version"}, exclude_none=True),
        "version": chosen.version,
    }
    expect = {"version": chosen.version - 1} if chosen.version > 1 else None
    transaction.put("settings", table(), item, expect=expect)


# ---------------------------------------------------------------- debts


def _state_key(invoice_id: str) -> str:
    return f"DUNNING#{invoice_id}"


def states(company_id: str, invoice_ids: Iterable[str]) -> dict[str, DebtState]:
    """What has been done about those of the debts with which anything has."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, _state_key(each)) for each in invoice_ids])
    return {item["id"]: _read_state(item) for item in found.values()}


def put_state(transaction: Transaction, company_id: str, state: DebtState) -> None:
    """What has been done about a debt, if nobody else has done anything since it was read."""
    last = state.last
    item = {
        "pk": company_key(company_id),
        "sk": _state_key(state.invoice_id),
        "kind": "dunning",
        "company_id": company_id,
        "id": state.invoice_id,
        "customer_id": state.customer_id,
        "stage": last.stage if last else None,
        "stage_on": last.day.isoformat() if last else None,
        "steps": _pack(
            [
                [step.stage, _day(step.day), _day(step.pay_by), step.letter_id, *step.incurred]
                for step in state.steps
            ]
        ),
        "interest": _pack([_pack_interest(each) for each in state.interest]),
        "costs_invoiced": _pack(list(state.costs_invoiced)),
        "is_charge": state.is_charge or None,
        "version": state.version + 1,
    }
    expect = {"version": state.version} if state.version else None
    transaction.put(f"dunning/{state.invoice_id}", table(), item, expect=expect)


def with_interest_invoiced(company_id: str) -> set[str]:
    """Debts whose interest, or some of it, stands on an invoice of its own."""
    items = dynamo.every(functools.partial(prefixed_page, company_id, _state_key("")))
    return {item["id"] for item in items if json.loads(item["interest"])}


def require_unchanged(transaction: Transaction, company_id: str, receivable: Receivable) -> None:
    """Let the transaction happen only if the debt is as it was read: not paid, not credited meanwhile."""
    key = (company_key(company_id), f"RECEIVABLE#{receivable.invoice_id}")
    transaction.check(f"receivable/{receivable.invoice_id}", table(), key, {"version": receivable.version})


def _read_state(item: Item) -> DebtState:
    return DebtState(
        invoice_id=item["id"],
        customer_id=item["customer_id"],
        steps=[
            Step(
                stage,
                date.fromisoformat(day),
                date.fromisoformat(pay_by) if pay_by else None,
                Costs(*incurred),
                letter_id,
            )
            for stage, day, pay_by, letter_id, *incurred in json.loads(item["steps"])
        ],
        interest=[
            InterestCharged(
                date.fromisoformat(first),
                date.fromisoformat(last),
                amount,
                invoice_id,
                None if rate is None else Decimal(rate),
            )
            for first, last, amount, invoice_id, rate in json.loads(item["interest"])
        ],
        costs_invoiced=Costs(*json.loads(item["costs_invoiced"])),
        is_charge=item.get("is_charge", False),
        version=item["version"],
    )


def _pack_interest(each: InterestCharged) -> list[str | int | None]:
    rate = None if each.agreed_rate is None else str(each.agreed_rate)
    return [_day(each.first), _day(each.last), each.amount, each.invoice_id, rate]


def _pack(value: list[list[str | int | None]] | list[int]) -> str:
    return json.dumps(value, separators=(",", ":"))


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


# ---------------------------------------------------------------- pauses

_OPEN, _ENDED = "DUNNING_PAUSE#OPEN#", "DUNNING_PAUSE#ENDED#"
_PAUSES = "DUNNING_PAUSES"


def pauses_version(company_id: str) -> int:
    """How often pauses have been made or ended."""
    item = dynamo.get(table(), company_key(company_id), _PAUSES)
    return int(item["version"]) if item else 0


def require_same_pauses(transaction: Transaction, company_id: str, version: int) -> None:
    """Let the transaction happen only if no pause has been made, or has ended, since that version."""
    expect = {"version": version or MISSING}
    transaction.check("pauses", table(), (company_key(company_id), _PAUSES), expect)


def put_pause(transaction: Transaction, company_id: str, pause: Pause) -> None:
    """A new pause, or an open one that ends, if there has been no other meanwhile."""
    version = pauses_version(company_id)
    counted = {"pk": company_key(company_id), "sk": _PAUSES, "kind": "dunning_pauses", "version": version + 1}
    transaction.put("pauses", table(), counted, expect={"version": version} if version else None)
    ended = pause.status == "ended"
    item = {
        "pk": company_key(company_id),
        "sk": (_ENDED if ended else _OPEN) + pause.pause_id,
        "kind": "dunning_pause",
        "pause": pause.model_dump_json(exclude_none=True),
    }
    if ended:
        transaction.delete("pause", table(), (company_key(company_id), _OPEN + pause.pause_id))
    transaction.put(f"pause/{pause.status}", table(), item)


def pause(company_id: str, pause_id: str) -> Pause | None:
    """One pause, open or ended."""
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, _OPEN + pause_id), (pk, _ENDED + pause_id)])
    return next(map(_read_pause, found.values()), None)


def open_pauses(company_id: str) -> Iterator[Pause]:
    """Every pause nobody has ended; a day it holds through may have passed."""
    return map(_read_pause, dynamo.every(functools.partial(prefixed_page, company_id, _OPEN)))


def pauses(company_id: str, *, ended: bool, limit: int, cursor: str | None) -> PausePage:
    """A page of pauses, the newest first."""
    prefix = _ENDED if ended else _OPEN
    page = dynamo.query(table(), company_key(company_id), prefix, limit=limit, cursor=cursor, descending=True)
    return PausePage(items=[_read_pause(item) for item in page.items], next=page.next)


def _read_pause(item: Item) -> Pause:
    return Pause.model_validate({"invoice_id": None, "until": None, "note": None} | json.loads(item["pause"]))


# ---------------------------------------------------------------- letters

_LETTER = "DUNNING_LETTER#"


def put_letter(
    transaction: Transaction, company_id: str, letter: Letter, delivery: LetterDelivery, request_id: str
) -> None:
    """A new letter."""
    item = {
        "pk": company_key(company_id),
        "sk": _LETTER + letter.letter_id,
        "kind": "dunning_letter",
        "company_id": company_id,
        "id": letter.letter_id,
        "letter": letter.model_dump_json(),
        "request_id": request_id,
        **delivery.model_dump(),
    }
    transaction.put(f"letter/{letter.letter_id}", table(), item)


class PendingLetter(NamedTuple):
    """A letter, and who has its e-mail in hand."""

    sent: SentLetter
    claimed_at: str | None
    tries: int


def letter(company_id: str, letter_id: str) -> PendingLetter | None:
    """One letter."""
    item = dynamo.get(table(), company_key(company_id), _LETTER + letter_id)
    return PendingLetter(_read_letter(item), item.get("claimed_at"), item.get("tries", 0)) if item else None


def letters(company_id: str, limit: int, cursor: str | None) -> LetterPage:
    """A page of letters, the newest first."""
    page = dynamo.query(
        table(), company_key(company_id), _LETTER, limit=limit, cursor=cursor, descending=True
    )
    return LetterPage(items=[_summary(_read_letter(item)) for item in page.items], next=page.next)


def queued_letters(company_id: str) -> Iterator[str]:
    """Every letter whose e-mail nobody has sent yet."""
    for item in dynamo.every(functools.partial(prefixed_page, company_id, _LETTER)):
        if item["status"] == "queued":
            yield item["id"]


def change_letter(company_id: str, letter_id: str, before: LetterDelivery, after: LetterDelivery) -> None:
    """What has become of a letter.

    Raises:
        Contention: somebody has changed it meanwhile.
    """
    transaction = Transaction()
    transaction.update(
        "letter",
        table(),
        (company_key(company_id), _LETTER + letter_id),
        put=after.model_dump(include={"status", "at", "reason", "diagnostic", "message_id"}),
        remove=["claimed_at"],
        expect={"status": before.status},
    )
    transaction.commit_unchanged()


def claim_letter(company_id: str, pending: PendingLetter, now: str) -> None:
    """Take a queued e-mail in hand, if it is as it was read.

    Raises:
        Contention: somebody else has.
    """
    transaction = Transaction()
    transaction.update(
        "letter",
        table(),
        (company_key(company_id), _LETTER + pending.sent.letter_id),
        put={"claimed_at": now},
        add={"tries": 1},
        expect={"status": "queued", "claimed_at": pending.claimed_at or MISSING},
    )
    transaction.commit_unchanged()


def release_letter(company_id: str, letter_id: str, claimed_at: str) -> None:
    """Give a claim back that has led to nothing, as if it had not been.

    Raises:
        Contention: it is no longer ours.
    """
    transaction = Transaction()
    transaction.update(
        "letter",
        table(),
        (company_key(company_id), _LETTER + letter_id),
        add={"tries": -1},
        remove=["claimed_at"],
        expect={"claimed_at": claimed_at},
    )
    transaction.commit_unchanged()


def _read_letter(item: Item) -> SentLetter:
    delivery = {name: item.get(name) for name in LetterDelivery.model_fields}
    return SentLetter.model_validate(json.loads(item["letter"]) | {"delivery": delivery})


def _summary(sent: SentLetter) -> LetterSummary:
    return LetterSummary(
        letter_id=sent.letter_id,
        customer_id=sent.customer_id,
        customer_name=sent.debtor.name,
        kind=sent.kind,
        day=sent.day,
        pay_by=sent.pay_by,
        invoice_numbers=[line.invoice_number for line in sent.lines],
        total=sent.sums.total,
        delivery=sent.delivery,
    )


# ---------------------------------------------------------------- collection, proposal

_EXPORT, _PROPOSAL = "DUNNING_EXPORT#", "DUNNING_PROPOSAL"


def put_export(transaction: Transaction, company_id: str, export: CollectionExport) -> None:
    """Cases handed over."""
    item = {
        "pk": company_key(company_id),
        "sk": _EXPORT + export.export_id,
        "kind": "dunning_export",
        "export": export.model_dump_json(),
    }
    transaction.put(f"export/{export.export_id}", table(), item)


def export(company_id: str, export_id: str) -> CollectionExport | None:
    """Cases handed over at once."""
    item = dynamo.get(table(), company_key(company_id), _EXPORT + export_id)
    return CollectionExport.model_validate_json(item["export"]) if item else None


def keep_proposal(company_id: str, proposal: DunningProposal) -> None:
    """What a morning found, in place of what the one before did."""
    item = {
        "pk": company_key(company_id),
        "sk": _PROPOSAL,
        "kind": "dunning_proposal",
        "proposal": proposal.model_dump_json(),
    }
    transaction = Transaction()
    transaction.replace("proposal", table(), item)
    transaction.commit()


def proposal(company_id: str) -> DunningProposal | None:
    """What the last morning found, if there has been one."""
    item = dynamo.get(table(), company_key(company_id), _PROPOSAL)
    return DunningProposal.model_validate_json(item["proposal"]) if item else None
