"""HTTP: SIE files out of the books and into them."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.ledger.sie import exporting, importing, uploading
from samklang.ledger.sie.model import (
    NewSieUpload,
    SieExported,
    SieExportInput,
    SieImportInput,
    SieKind,
    SieReport,
    SieUpload,
    SieUploadInput,
    SieUploadPage,
)
from samklang.platform.file_bodies import FileApi
from samklang.platform.http import Cursor, File, Id, Limit
from samklang.platform.shapes import Day

api = FileApi()
FiscalYear = Annotated[str | None, Query(pattern=r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$")]
Kind = Annotated[SieKind, Query(alias="type")]
From = Annotated[Day | None, Query(alias="from")]
To = Annotated[Day | None, Query(alias="to")]


@api.reads("/v1/companies/{company_id}/ledger/sie", produces="application/octet-stream")
def get_sie_file(
    company_id: Id,
    fiscal_year: FiscalYear = None,
    kind: Kind = "4E",
    first: From = None,
    last: To = None,
) -> File:
    """A fiscal year as a SIE file: 4E, or 4I with the vouchers from a date to a date."""
    given = SieExportInput.model_validate(
        {"fiscal_year": fiscal_year, "type": kind, "from": first, "to": last}
    )
    found = exporting.export(api.company(company_id), given)
    headers = {"Content-Disposition": f'attachment; filename="{found.name}"'}
    return File("application/octet-stream", found.content, headers)


@api.acts("/v1/companies/{company_id}/ledger/sie")
def import_sie_file(company_id: Id, body: SieImportInput) -> SieReport:
    """Take in a SIE file: balances to begin with, or a year's vouchers; a dry run tells what it would do."""
    return importing.import_file(api.company(company_id), body)


@api.creates("/v1/companies/{company_id}/ledger/sie-exports")
def export_sie_file(company_id: Id, body: SieExportInput) -> SieExported:
    """Make a SIE file of any size, to be fetched by a link."""
    return exporting.export_to_fetch(api.company(company_id), body)


@api.creates("/v1/companies/{company_id}/ledger/sie-imports")
def create_sie_import(company_id: Id, body: SieUploadInput) -> NewSieUpload:
    """Ask to upload a SIE file of any size; it is taken in when it has come."""
    return uploading.create(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/ledger/sie-imports")
def list_sie_imports(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> SieUploadPage:
    """Uploaded SIE files, newest first, without progress and reports."""
    return uploading.every(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/ledger/sie-imports/{import_id}")
def get_sie_import(company_id: Id, import_id: Id) -> SieUpload:
    """An uploaded SIE file: how far it has come, its report or its refusal."""
    return uploading.get(api.company(company_id), import_id)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
