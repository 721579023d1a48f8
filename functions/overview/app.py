"""HTTP: figures and reports for the client."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.overview import service
from samklang.overview.model import Month, Overview, Report, ReportPage
from samklang.platform.http import Api, Cursor, Id, Limit

api = Api()
ReportId = Annotated[str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


@api.reads("/v1/companies/{company_id}/overview")
def get_overview(company_id: Id, month: Annotated[Month | None, Query()] = None) -> Overview:
    """How the company is doing, to the end of a month."""
    return service.overview(api.company(company_id), month)


@api.reads("/v1/companies/{company_id}/overview/reports")
def list_reports(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> ReportPage:
    """Reports, newest first."""
    return service.reports(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/overview/reports/{report_id}")
def get_report(company_id: Id, report_id: ReportId) -> Report:
    """A report and where to read it."""
    return service.get_report(api.company(company_id), report_id)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
