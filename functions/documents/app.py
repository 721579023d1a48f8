"""HTTP: upload of receipts and supplier invoices, their state, the bureau's inbox."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.documents import service
from samklang.documents.model import Document, DocumentInput, DocumentPage, InboxPage, NewDocument
from samklang.platform.http import Api, Cursor, Id, Limit

api = Api()


@api.creates("/v1/companies/{company_id}/documents")
def create_document(company_id: Id, body: DocumentInput) -> NewDocument:
    """Announce a document and get the form to upload it with."""
    return service.create(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/documents")
def list_documents(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> DocumentPage:
    """Documents, newest first."""
    return service.documents(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/documents/{document_id}")
def get_document(company_id: Id, document_id: Id) -> Document:
    """One document, with links to its preview and its original."""
    return service.get(api.company(company_id), document_id)


@api.reads("/v1/bureaus/{bureau_id}/inbox")
def list_inbox(bureau_id: Id, limit: Limit = 50, cursor: Cursor = None) -> InboxPage:
    """What waits for the bureau in all its companies, oldest first."""
    return service.inbox(api.bureau(bureau_id), limit, cursor)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
