"""HTTP: payments, customers' credit, payment files and what they told, payers."""

from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.payments import bank_payments, customer_credit, files, registering, reversing, views
from samklang.payments.model.bank_payments import BankPayment, BankPaymentPage, ConfirmInput, SetAsideInput
from samklang.payments.model.files import (
    FilePaymentPage,
    NewPaymentFile,
    PaymentFile,
    PaymentFileInput,
    PaymentFilePage,
)
from samklang.payments.model.payers import Payer, PayerPage
from samklang.payments.model.payments import (
    CustomerCreditList,
    Payment,
    PaymentInput,
    PaymentPage,
    ReverseInput,
)
from samklang.platform.http import Api, Cursor, Id, Limit

api = Api()
Waiting = Annotated[Literal["waiting"] | None, Query()]


@api.creates("/v1/companies/{company_id}/payments")
def register_payment(company_id: Id, body: PaymentInput) -> Payment:
    """Register a payment, a payment back or a set-off; only the party that handles payments may."""
    return registering.register(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/payments")
def list_payments(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> PaymentPage:
    """Payments of both books, newest first."""
    return views.payments(api.company(company_id), limit, cursor)


@api.reads("/v1/companies/{company_id}/payments/{payment_id}")
def get_payment(company_id: Id, payment_id: Id) -> Payment:
    """One payment."""
    return views.get_payment(api.company(company_id), payment_id)


@api.acts("/v1/companies/{company_id}/payments/{payment_id}/reverse")
def reverse_payment(company_id: Id, payment_id: Id, body: ReverseInput | None = None) -> Payment:
    """Take a payment back, whichever side registered it."""
    return reversing.reverse(api.company(company_id), payment_id, body or ReverseInput())


@api.reads("/v1/companies/{company_id}/customer-credits")
def list_customer_credits(company_id: Id) -> CustomerCreditList:
    """What customers have paid above their invoices, to be used or paid back."""
    return customer_credit.customer_credits(api.company(company_id))


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
    """A payment file, and what became of its first thousand payments."""
    return files.get(api.company(company_id), file_id)


@api.reads("/v1/companies/{company_id}/payment-files/{file_id}/payments")
def list_file_payments(
    company_id: Id, file_id: Id, limit: Limit = 50, cursor: Cursor = None
) -> FilePaymentPage:
    """The payments of a file, in its order, and what became of each."""
    return files.payments(api.company(company_id), file_id, limit, cursor)


@api.reads("/v1/companies/{company_id}/bank-payments")
def list_bank_payments(
    company_id: Id, status: Waiting = None, limit: Limit = 50, cursor: Cursor = None
) -> BankPaymentPage:
    """Payments that files told: those that wait for a person (``status=waiting``), or all."""
    return bank_payments.bank_payments(api.company(company_id), status, limit, cursor)


@api.reads("/v1/companies/{company_id}/bank-payments/{bank_payment_id}")
def get_bank_payment(company_id: Id, bank_payment_id: Id) -> BankPayment:
    """A payment that a file told, what it may be for, and what became of it."""
    return bank_payments.get(api.company(company_id), bank_payment_id)


@api.acts("/v1/companies/{company_id}/bank-payments/{bank_payment_id}/confirm")
def confirm_bank_payment(
    company_id: Id, bank_payment_id: Id, body: ConfirmInput | None = None
) -> BankPayment:
    """Register it: as first proposed, by another proposal, split as one says, or on account."""
    return bank_payments.confirm(api.company(company_id), bank_payment_id, body or ConfirmInput())


@api.acts("/v1/companies/{company_id}/bank-payments/{bank_payment_id}/set-aside")
def set_bank_payment_aside(company_id: Id, bank_payment_id: Id, body: SetAsideInput) -> BankPayment:
    """Take it off the list of those that wait, with a reason."""
    return bank_payments.set_aside(api.company(company_id), bank_payment_id, body)


@api.acts("/v1/companies/{company_id}/bank-payments/{bank_payment_id}/undo")
def undo_bank_payment(company_id: Id, bank_payment_id: Id, body: ReverseInput | None = None) -> BankPayment:
    """Let it wait again: what was registered from it is taken back on both sides."""
    return bank_payments.undo(api.company(company_id), bank_payment_id, body or ReverseInput())


@api.acts("/v1/companies/{company_id}/bank-payments/{bank_payment_id}/match")
def match_bank_payment(company_id: Id, bank_payment_id: Id) -> BankPayment:
    """Look again what it may be for, by what is open and known now."""
    return bank_payments.look_again(api.company(company_id), bank_payment_id)


@api.reads("/v1/companies/{company_id}/customers/{customer_id}/payers")
def list_payers(company_id: Id, customer_id: Id, limit: Limit = 50, cursor: Cursor = None) -> PayerPage:
    """The payers that were found to be a customer, and by which payment."""
    return bank_payments.payers(api.company(company_id), customer_id, limit, cursor)


@api.acts("/v1/companies/{company_id}/customers/{customer_id}/payers/{payer_id}/forget")
def forget_payer(company_id: Id, customer_id: Id, payer_id: Id) -> Payer:
    """Forget that a payer was found to be this customer."""
    return bank_payments.forget_payer(api.company(company_id), customer_id, payer_id)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
