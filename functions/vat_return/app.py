"""HTTP: the VAT return, its file, its closing, and the EU sales list."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.vat import closing, files, returns
from samklang.ledger.vat.model import (
    LIST_PERIOD_FORM,
    PERIOD_FORM,
    CloseVatInput,
    EuSalesList,
    VatBoxVouchers,
    VatReturn,
    VatReturnList,
)
from samklang.platform.http import Api, Cursor, File, Id, Limit
from samklang.platform.shapes import Day

api = Api()
Period = Annotated[str | None, Query(pattern=PERIOD_FORM)]
"""As the company reports VAT: ``2026-11``, ``2026-Q4``, or the last month of a fiscal year, ``2026-12``.

The year alone will do for a fiscal year, ``2026``, if no other ends in it. If left out: the newest that has
ended.
"""
ListPeriod = Annotated[str | None, Query(pattern=LIST_PERIOD_FORM)]
"""``2026-11`` or ``2026-Q4``; the newest that has ended if left out."""
BoxNumber = Annotated[str, Path(pattern=r"^[0-9]{2}$")]
Contact = Annotated[str | None, Query(min_length=1, max_length=100)]


@api.reads("/v1/companies/{company_id}/ledger/vat-returns")
def list_vat_returns(company_id: Id, fiscal_year: Annotated[Day | None, Query()] = None) -> VatReturnList:
    """The VAT periods of the fiscal year that a day is in (today if none is given)."""
    return returns.vat_returns(api.company(company_id), fiscal_year)


@api.reads("/v1/companies/{company_id}/ledger/vat-return")
def get_vat_return(company_id: Id, period: Period = None) -> VatReturn:
    """The VAT return of a period: every box, what it is made of, and what does not look right."""
    return returns.vat_return(api.company(company_id), period)


@api.reads("/v1/companies/{company_id}/ledger/vat-return/boxes/{box}")
def list_vat_box_vouchers(
    company_id: Id, box: BoxNumber, period: Period = None, limit: Limit = 50, cursor: Cursor = None
) -> VatBoxVouchers:
    """What a box of the return is made of: its accounts and the vouchers that moved them."""
    return returns.box_vouchers(api.company(company_id), period, box, limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/vat-return/eskd", produces="application/xml")
def get_vat_return_file(company_id: Id, period: Period = None) -> File:
    """The return as the file that Skatteverket takes: eSKDUpload 6.0."""
    return _file(files.eskd_file(api.company(company_id), period), "application/xml; charset=ISO-8859-1")


@api.acts("/v1/companies/{company_id}/ledger/vat-return/close")
def close_vat_period(company_id: Id, body: CloseVatInput) -> VatReturn:
    """Close a VAT period: its boxes are kept as filed, its VAT is settled, and its days are closed."""
    return closing.close(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/vat-return/eu-sales-list")
def get_eu_sales_list(company_id: Id, period: ListPeriod = None) -> EuSalesList:
    """The EU sales list of a month or a quarter."""
    return files.sales_list(api.company(company_id), period)


@api.reads("/v1/companies/{company_id}/ledger/vat-return/eu-sales-list/file", produces="text/plain")
def get_eu_sales_list_file(
    company_id: Id,
    period: ListPeriod = None,
    contact: Contact = None,
    phone: Contact = None,
    email: Contact = None,
) -> File:
    """The EU sales list as the file that Skatteverket takes: SKV 574."""
    found = files.sales_list_file(api.company(company_id), period, contact, phone, email)
    return _file(found, "text/plain; charset=ISO-8859-1")


def _file(found: files.TaxFile, content_type: str) -> File:
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return File(content_type, found.content, headers)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
