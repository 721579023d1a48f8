"""HTTP: customers and articles in and out as files."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.invoicing import register_files
from samklang.invoicing.model.register_files import (
    ArticleImportResult,
    CustomerImportResult,
    FileFormat,
    ImportInput,
)
from samklang.platform.http import Api, File, Id

api = Api()
Format = Annotated[FileFormat, Query()]


@api.acts("/v1/companies/{company_id}/customer-file")
def import_customers(company_id: Id, body: ImportInput) -> CustomerImportResult:
    """Create and change customers by a CSV or XLSX file, or only tell what that would do."""
    return register_files.import_customers(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/customer-file", produces="*/*")
def export_customers(company_id: Id, format: Format = "csv") -> File:  # noqa: A002 - its name in the address
    """All customers as a CSV or XLSX file, in columns that can be imported."""
    return _file(register_files.export_customers(api.company(company_id), format))


@api.acts("/v1/companies/{company_id}/article-file")
def import_articles(company_id: Id, body: ImportInput) -> ArticleImportResult:
    """Create and change articles by a CSV or XLSX file, or only tell what that would do."""
    return register_files.import_articles(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/article-file", produces="*/*")
def export_articles(company_id: Id, format: Format = "csv") -> File:  # noqa: A002 - its name in the address
    """All articles as a CSV or XLSX file, in columns that can be imported."""
    return _file(register_files.export_articles(api.company(company_id), format))


def _file(export: register_files.Export) -> File:
    headers = {"Content-Disposition": f'attachment; filename="{export.name}"'}
    return File(export.content_type, export.content, headers)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
