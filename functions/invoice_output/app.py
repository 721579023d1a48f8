"""HTTP: the invoice as a PDF and as an e-invoice, and the logo on it."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.invoicing import drafts, letterhead, service
from samklang.invoicing.einvoice import einvoice_of
from samklang.invoicing.model.letterhead import Logo, LogoInput
from samklang.invoicing.pdf import render_pdf
from samklang.platform.http import Api, File, Id

api = Api()


@api.reads("/v1/companies/{company_id}/invoices/{invoice_id}/pdf", produces="application/pdf")
def get_invoice_pdf(company_id: Id, invoice_id: Id) -> File:
    """The invoice as a PDF, the same bytes every time; a draft is marked as one on every page."""
    page = letterhead.invoice_page(api.company(company_id), invoice_id)
    name = f"faktura-{page.number}" if page.number else "utkast"
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return File("application/pdf", render_pdf(page), headers)


@api.reads("/v1/companies/{company_id}/invoices/{invoice_id}/peppol", produces="application/xml")
def get_invoice_peppol(company_id: Id, invoice_id: Id) -> File:
    """The issued invoice or credit note as an e-invoice: Peppol BIS Billing 3."""
    at = api.company(company_id)
    invoice = drafts.get_invoice(at, invoice_id)
    content = einvoice_of(invoice, service.seller(at.company_id))
    headers = {"Content-Disposition": f'attachment; filename="faktura-{invoice.number}.xml"'}
    return File("application/xml", content, headers)


@api.changes("/v1/companies/{company_id}/logo")
def set_logo(company_id: Id, body: LogoInput) -> Logo:
    """Put a logo on the invoices issued from now on, or take it away."""
    return letterhead.set_logo(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/logo", produces="image/*")
def get_logo(company_id: Id) -> File:
    """The logo on the invoices issued from now on."""
    content_type, content = letterhead.get_logo(api.company(company_id))
    return File(content_type, content)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
