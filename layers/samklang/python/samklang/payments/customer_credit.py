"""What customers have paid above their invoices, as both books have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing import service as invoicing
from samklang.ledger import service as ledger
from samklang.payments.model.credit import Credit
from samklang.payments.model.payments import CustomerCredit, CustomerCreditList
from samklang.payments.store import payments as store
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.payments.model.payments import Origin
    from samklang.platform.access import CompanyAccess


def in_invoicing(company_id: str, customer_id: str) -> Credit:
    """A customer's credit as invoicing has it."""
    return store.credits_by_customer(company_id, [customer_id]).get(customer_id, Credit(customer_id))


def in_ledger(company_id: str, customer_id: str) -> Credit:
    """A customer's credit as the ledger has it."""
    return ledger.customer_credits(company_id, [customer_id]).get(customer_id, Credit(customer_id))


def require_no_news(company_id: str, own: Credit, side: Origin) -> None:
    """Refuse to take of credit while the other side has changed it in a way that this side does not know.

    Raises:
        Problem: ``not-synchronised``.
    """
    other = (in_invoicing if side == "ledger" else in_ledger)(company_id, own.customer_id)
    if own.lacks_news_of(other, side):
        raise Problem(
            "not-synchronised",
            "A change of the customer's credit is on its way from the other side. Try again soon; "
            "if it is parked in the ledger, post it first.",
        )


def customer_credits(at: CompanyAccess) -> CustomerCreditList:
    """The credit of every customer that has any in either book; ``pending`` until both know all changes."""
    here = {each.customer_id: each for each in store.every_credit(at.company_id)}
    there = {each.customer_id: each for each in ledger.every_credit(at.company_id)}
    open_ = [
        each
        for each in sorted(here.keys() | there.keys())
        if any(side[each].balance for side in (here, there) if each in side)
    ]
    names = invoicing.customer_names(at.company_id, open_)
    return CustomerCreditList(
        items=[
            _credit(here.get(each, Credit(each)), there.get(each, Credit(each)), names[each])
            for each in open_
        ]
    )


def _credit(here: Credit, there: Credit, name: str) -> CustomerCredit:
    """A customer's credit from both sides; where neither knows all, each side's own is pending."""
    ahead = there if there.from_ledger > here.from_ledger else here
    same = (here.from_invoicing, here.from_ledger) == (there.from_invoicing, there.from_ledger)
    return CustomerCredit(
        customer_id=here.customer_id,
        customer_name=name,
        credit=ahead.balance,
        sync="synchronised" if same else "pending",
    )
