"""How reports are kept: their list in table Platform (COMPANY#id, REPORT#month), their pages in S3."""

from __future__ import annotations

from samklang.overview.model import ReportPage, ReportSummary
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.clients import s3
from samklang.platform.settings import setting


def _table() -> str:
    return setting("PLATFORM_TABLE")


def page_key(company_id: str, month: str) -> str:
    """Where a report's page is in its bucket."""
    return f"{company_id}/{month}.html"


def put_report(company_id: str, summary: ReportSummary, html: str) -> None:
    """Keep a report; made again, it takes the place of the one before (whose page stays as a version)."""
    s3().put_object(
        Bucket=setting("REPORTS_BUCKET"),
        Key=page_key(company_id, summary.month),
        Body=html.encode(),
        ContentType="text/html; charset=utf-8",
    )
    transaction = dynamo.Transaction()
    item = {
        "pk": company_key(company_id),
        "sk": f"REPORT#{summary.month}",
        "kind": "report",
        **summary.model_dump(),
    }
    transaction.replace("report", _table(), item)
    transaction.commit()


def report(company_id: str, month: str) -> ReportSummary | None:
    """One report."""
    item = dynamo.get(_table(), company_key(company_id), f"REPORT#{month}")
    return _read(item) if item else None


def reports(company_id: str, limit: int, cursor: str | None) -> ReportPage:
    """A page of reports, newest first."""
    pk = company_key(company_id)
    page = dynamo.query(_table(), pk, "REPORT#", limit=limit, cursor=cursor, descending=True)
    return ReportPage(items=[_read(item) for item in page.items], next=page.next)


def _read(item: dynamo.Item) -> ReportSummary:
    return ReportSummary.model_validate({name: item[name] for name in ReportSummary.model_fields})
