"""The company's own voucher templates: ``TEMPLATE#id``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from samklang.ledger.model.templates import Template
from samklang.ledger.store.table import prefixed_page, table
from samklang.platform import dynamo
from samklang.platform.access import company_key

if TYPE_CHECKING:
    from samklang.platform.dynamo import Transaction

_PREFIX = "TEMPLATE#"


def put_template(transaction: Transaction, company_id: str, template: Template) -> None:
    """A template, new or in place of what it was."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_PREFIX}{template.template_id}",
        "kind": "template",
        "template": template.model_dump_json(),
    }
    transaction.replace("template", table(), item)


def remove_template(transaction: Transaction, company_id: str, template_id: str) -> None:
    """Take a template away; vouchers made from it stay as they are. Label ``template``."""
    transaction.delete("template", table(), (company_key(company_id), f"{_PREFIX}{template_id}"))


def template(company_id: str, template_id: str) -> Template | None:
    """One template of the company's own."""
    item = dynamo.get(table(), company_key(company_id), f"{_PREFIX}{template_id}")
    return Template.model_validate_json(item["template"]) if item else None


def templates(company_id: str) -> list[Template]:
    """The company's own templates, oldest first."""
    found = dynamo.every(functools.partial(prefixed_page, company_id, _PREFIX))
    return [Template.model_validate_json(item["template"]) for item in found]
