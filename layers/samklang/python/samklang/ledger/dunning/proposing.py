"""Every morning: what is due in each active company, for the bureau to look at. Nothing is sent by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.collaboration import service as collaboration
from samklang.ledger.dunning.model.letters import DunningProposal, ProposedInvoice, ProposedStage
from samklang.ledger.dunning.model.settings import ORDER
from samklang.ledger.dunning.running import look
from samklang.ledger.store import dunning as store
from samklang.platform import clock
from samklang.platform.logs import logger
from samklang.platform.messages import send_all
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from samklang.ledger.dunning.model.letters import DunningCase, DunningLine
    from samklang.ledger.dunning.model.settings import Stage
    from samklang.platform.access import CompanyAccess

_SHOWN = 200
"""Invoices that a proposal names."""


def ask_for_proposals() -> int:
    """Put one message per active company on the queue; how many it was.

    Raises:
        RuntimeError: the queue did not take them all; ask again, one proposal too many does no harm.
    """
    messages = ({"company_id": company_id} for company_id in collaboration.active_companies())
    return send_all(setting("DUNNING_QUEUE_URL"), messages)


def propose(company_id: str) -> DunningProposal:
    """See what is due in a company today, and keep it in place of what was due the morning before."""
    today = clock.today()
    found = look(company_id, today)
    lines = [(case, line) for case in found.cases for line in case.lines]
    proposal = DunningProposal(
        as_of=today,
        made_at=clock.timestamp(),
        stages=[stage for each in ORDER if (stage := _stage(each, lines))],
        invoices=[
            ProposedInvoice(
                invoice_id=line.invoice_id,
                invoice_number=line.invoice_number,
                customer_id=case.customer_id,
                customer_name=case.customer_name,
                stage=line.stage,
                days_overdue=line.days_overdue,
                total=line.total,
            )
            for case, line in lines[:_SHOWN]
        ],
        ready_for_collection=sum(each.reason == "ready-for-collection" for each in found.left_out),
        left_out=len(found.left_out),
    )
    store.keep_proposal(company_id, proposal)
    logger.info("dunning proposed", company=company_id, invoices=len(lines), left_out=len(found.left_out))
    return proposal


def _stage(stage: Stage, lines: Sequence[tuple[DunningCase, DunningLine]]) -> ProposedStage | None:
    due = [(case, line) for case, line in lines if line.stage == stage]
    if not due:
        return None
    return ProposedStage(
        stage=stage,
        invoices=len(due),
        customers=len({case.customer_id for case, _ in due}),
        total=sum(line.total for _, line in due),
    )


def last_proposal(at: CompanyAccess) -> DunningProposal:
    """What the last morning found due.

    Raises:
        Problem: ``not-found`` before the first.
    """
    found = store.proposal(at.company_id)
    if found is None:
        raise Problem("not-found", "No morning has passed yet: ask for a preview itself.")
    return found
