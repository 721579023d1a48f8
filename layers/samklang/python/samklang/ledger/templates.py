"""Voucher templates: the common ones and the company's own, and vouchers made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.ledger.common_templates import COMMON
from samklang.ledger.model.templates import Template, TemplateList, amounts_from
from samklang.ledger.model.vouchers import VoucherInput
from samklang.ledger.store import templates as store
from samklang.ledger.vouchers import write_voucher
from samklang.platform import idempotency
from samklang.platform.ids import new_id
from samklang.platform.money import format_sek
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from samklang.ledger.model.templates import TemplateInput, TemplateUse
    from samklang.ledger.model.vouchers import Voucher
    from samklang.platform.access import CompanyAccess
    from samklang.platform.dynamo import Transaction


def templates(at: CompanyAccess) -> TemplateList:
    """The company's own templates, and then those that every company has."""
    return TemplateList(items=[*store.templates(at.company_id), *COMMON.values()])


def create_template(at: CompanyAccess, given: TemplateInput) -> Template:
    """Keep a template of the company's own.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``.
    """
    at.require_bureau("make voucher templates")
    at.require_active()
    template = Template(template_id=new_id("tpl"), own=True, **dict(given))
    return idempotency.carry_out(at.user, lambda transaction: _put(transaction, at, template))


def change_template(at: CompanyAccess, template_id: str, given: TemplateInput) -> Template:
    """Change a template of the company's own.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``.
    """
    at.require_bureau("change voucher templates")
    at.require_active()
    _own(at, template_id)
    template = Template(template_id=template_id, own=True, **dict(given))
    return idempotency.carry_out(at.user, lambda transaction: _put(transaction, at, template))


def _put(transaction: Transaction, at: CompanyAccess, template: Template) -> Template:
    store.put_template(transaction, at.company_id, template)
    return template


def remove_template(at: CompanyAccess, template_id: str) -> Template:
    """Take a template of the company's own away.

    Raises:
        Problem: ``not-allowed`` for the client, ``not-active``, ``not-found``.
    """
    at.require_bureau("remove voucher templates")
    at.require_active()

    def make(transaction: Transaction) -> Template:
        template = _own(at, template_id)
        store.remove_template(transaction, at.company_id, template_id)
        return template

    return idempotency.carry_out(at.user, make)


def _own(at: CompanyAccess, template_id: str) -> Template:
    template = store.template(at.company_id, template_id)
    if template is None:
        idempotency.replay_if_done(at.user)
        raise Problem("not-found", "The company has no such template of its own.")
    return template


def use_template(at: CompanyAccess, template_id: str, given: TemplateUse) -> Voucher:
    """Write a voucher from a template.

    Raises:
        Problem: ``not-found``, and as :func:`samklang.ledger.vouchers.write_voucher`.
    """
    template = COMMON.get(template_id) or store.template(at.company_id, template_id)
    if template is None:
        raise Problem("not-found", "There is no such template.")
    amounts = amounts_from(template.rows, given.amount)
    voucher = VoucherInput.model_validate(
        {
            "date": given.date,
            "text": given.text or template.text,
            "series": template.series,
            "rows": [
                {"account": account, "debit" if amount > 0 else "credit": format_sek(abs(amount))}
                for account, amount in amounts
            ],
            "documents": given.documents,
        }
    )
    return write_voucher(at, voucher)
