"""HTTP: the invoice as a PDF."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.invoicing import service
from samklang.invoicing.pdf import render_pdf
from samklang.invoicing.printing import page_of
from samklang.platform.http import Api, File, Id

api = Api()


@api.reads("/v1/companies/{company_id}/invoices/{invoice_id}/pdf", produces="application/pdf")
def get_invoice_pdf(company_id: Id, invoice_id: Id) -> File:
    """The issued invoice as a PDF; the same bytes every time."""
    invoice = service.get_invoice(api.company(company_id), invoice_id)
    page = page_of(invoice, service.seller(company_id))
    headers = {"Content-Disposition": f'inline; filename="faktura-{page.number}.pdf"'}
    return File("application/pdf", render_pdf(page), headers)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
