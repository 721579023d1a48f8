"""HTTP: customers, articles, invoices."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.invoicing import service
from samklang.invoicing.model import (
    Article,
    ArticleInput,
    ArticlePage,
    Customer,
    CustomerInput,
    CustomerPage,
    Invoice,
    InvoiceInput,
    InvoicePage,
)
from samklang.platform.http import Api, Cursor, Id, Limit

api = Api()


@api.creates("/v1/companies/{company_id}/customers")
def create_customer(company_id: Id, body: CustomerInput) -> Customer:
    """Create a customer."""
    return service.create_customer(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/customers")
def list_customers(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> CustomerPage:
    """The company's customers."""
    return service.customers(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/customers/{customer_id}")
def get_customer(company_id: Id, customer_id: Id) -> Customer:
    """One customer."""
    return service.get_customer(api.company(company_id), customer_id)


@api.changes("/v1/companies/{company_id}/customers/{customer_id}", versioned=True)
def change_customer(company_id: Id, customer_id: Id, body: CustomerInput) -> Customer:
    """Change a customer you have read."""
    at, version = api.company(company_id), api.expected_version()
    return service.change_customer(at, customer_id, version, body)


@api.creates("/v1/companies/{company_id}/articles")
def create_article(company_id: Id, body: ArticleInput) -> Article:
    """Create an article."""
    return service.create_article(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/articles")
def list_articles(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> ArticlePage:
    """The company's articles."""
    return service.articles(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/articles/{article_id}")
def get_article(company_id: Id, article_id: Id) -> Article:
    """One article."""
    return service.get_article(api.company(company_id), article_id)


@api.changes("/v1/companies/{company_id}/articles/{article_id}", versioned=True)
def change_article(company_id: Id, article_id: Id, body: ArticleInput) -> Article:
    """Change an article you have read."""
    at, version = api.company(company_id), api.expected_version()
    return service.change_article(at, article_id, version, body)


@api.creates("/v1/companies/{company_id}/invoices")
def create_invoice(company_id: Id, body: InvoiceInput) -> Invoice:
    """Create a draft: no number, nothing in the books."""
    return service.create_draft(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/invoices")
def list_invoices(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> InvoicePage:
    """Invoices and drafts, newest first."""
    return service.invoices(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/invoices/{invoice_id}")
def get_invoice(company_id: Id, invoice_id: Id) -> Invoice:
    """One invoice or draft."""
    return service.get_invoice(api.company(company_id), invoice_id)


@api.changes("/v1/companies/{company_id}/invoices/{invoice_id}", versioned=True)
def change_invoice(company_id: Id, invoice_id: Id, body: InvoiceInput) -> Invoice:
    """Change a draft you have read."""
    at, version = api.company(company_id), api.expected_version()
    return service.change_draft(at, invoice_id, version, body)


@api.acts("/v1/companies/{company_id}/invoices/{invoice_id}/issue")
def issue_invoice(company_id: Id, invoice_id: Id) -> Invoice:
    """Issue a draft: it gets its number and never changes again."""
    return service.issue(api.company(company_id), invoice_id)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
