"""HTTP: payments and payment files."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.payments import files, service
from samklang.payments.model import (
    NewPaymentFile,
    Payment,
    PaymentFile,
    PaymentFileInput,
    PaymentFilePage,
    PaymentInput,
    PaymentPage,
    ReverseInput,
)
from samklang.platform.http import Api, Cursor, Id, Limit

api = Api()


@api.creates("/v1/companies/{company_id}/payments")
def register_payment(company_id: Id, body: PaymentInput) -> Payment:
    """Register a payment; only the party that handles payments may."""
    return service.register(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/payments")
def list_payments(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> PaymentPage:
    """Payments of both books, newest first."""
    return service.payments(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/payments/{payment_id}")
def get_payment(company_id: Id, payment_id: Id) -> Payment:
    """One payment."""
    return service.get_payment(api.company(company_id), payment_id)


@api.acts("/v1/companies/{company_id}/payments/{payment_id}/reverse")
def reverse_payment(company_id: Id, payment_id: Id, body: ReverseInput | None = None) -> Payment:
    """Take a payment back, whichever side registered it."""
    return service.reverse(api.company(company_id), payment_id, body or ReverseInput())


@api.creates("/v1/companies/{company_id}/payment-files")
def create_payment_file(company_id: Id, body: PaymentFileInput) -> NewPaymentFile:
    """Ask to upload a payment file (BgMax, camt.054 or camt.053)."""
    return files.create(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/payment-files")
def list_payment_files(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> PaymentFilePage:
    """Payment files, newest first, without their payments."""
    return files.files(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/payment-files/{file_id}")
def get_payment_file(company_id: Id, file_id: Id) -> PaymentFile:
    """A payment file, and what became of each payment in it."""
    return files.get(api.company(company_id), file_id)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
