"""HTTP: customers, articles, invoices."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.invoicing import certificate, crediting, drafts, issuing, lists, proposals, registers, sending
from samklang.invoicing.model.invoices import (
    CreditInput,
    Invoice,
    InvoiceInput,
    InvoicePage,
    InvoiceStatus,
    InvoiceSums,
    IssueManyInput,
    IssueManyResult,
)
from samklang.invoicing.model.proposals import (
    ArticleProposalInput,
    CorrectionProposal,
    CorrectionProposalPage,
    CustomerProposalInput,
    DeclineInput,
    ProposalStatus,
)
from samklang.invoicing.model.registers import (
    Article,
    ArticleInput,
    ArticlePage,
    Customer,
    CustomerInput,
    CustomerPage,
)
from samklang.invoicing.model.sending import Delivery, DeliveryPage, SendInput
from samklang.invoicing.model.series import NumberPage, SeriesCertificate
from samklang.platform.http import Api, Cursor, Id, Limit
from samklang.platform.shapes import Day, Name

api = Api()
Search = Annotated[Name | None, Query()]
"""What words begin with: of the name, the number, the organisation number, the e-mail address."""

Active = Annotated[bool | None, Query()]
From = Annotated[Day | None, Query(alias="from")]
To = Annotated[Day | None, Query(alias="to")]
CustomerId = Annotated[str | None, Query(pattern=r"^[a-z]{2,4}_[0-9a-z]{20}$")]
Status = Annotated[InvoiceStatus | None, Query()]
StatusOfProposal = Annotated[ProposalStatus | None, Query()]
Overdue = Annotated[bool | None, Query()]
Text = Annotated[Name | None, Query()]
"""An invoice number or OCR, or words of the customer's name, number or organisation number."""


# ---------------------------------------------------------------- registers


@api.creates("/v1/companies/{company_id}/customers")
def create_customer(company_id: Id, body: CustomerInput) -> Customer:
    """Create a customer."""
    return registers.create_customer(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/customers")
def list_customers(
    company_id: Id, search: Search = None, active: Active = None, limit: Limit = 50, cursor: Cursor = None
) -> CustomerPage:
    """The company's customers."""
    return registers.customers(api.company(company_id), search, limit, cursor, active=active)


@api.reads("/v1/companies/{company_id}/customers/{customer_id}")
def get_customer(company_id: Id, customer_id: Id) -> Customer:
    """One customer."""
    return registers.get_customer(api.company(company_id), customer_id)


@api.changes("/v1/companies/{company_id}/customers/{customer_id}", versioned=True)
def change_customer(company_id: Id, customer_id: Id, body: CustomerInput) -> Customer:
    """Change a customer you have read."""
    at, version = api.company(company_id), api.expected_version()
    return registers.change_customer(at, customer_id, version, body)


@api.creates("/v1/companies/{company_id}/articles")
def create_article(company_id: Id, body: ArticleInput) -> Article:
    """Create an article."""
    return registers.create_article(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/articles")
def list_articles(
    company_id: Id, search: Search = None, active: Active = None, limit: Limit = 50, cursor: Cursor = None
) -> ArticlePage:
    """The company's articles."""
    return registers.articles(api.company(company_id), search, limit, cursor, active=active)


@api.reads("/v1/companies/{company_id}/articles/{article_id}")
def get_article(company_id: Id, article_id: Id) -> Article:
    """One article."""
    return registers.get_article(api.company(company_id), article_id)


@api.changes("/v1/companies/{company_id}/articles/{article_id}", versioned=True)
def change_article(company_id: Id, article_id: Id, body: ArticleInput) -> Article:
    """Change an article you have read."""
    at, version = api.company(company_id), api.expected_version()
    return registers.change_article(at, article_id, version, body)


# ---------------------------------------------------------------- invoices


@api.creates("/v1/companies/{company_id}/invoices")
def create_invoice(company_id: Id, body: InvoiceInput) -> Invoice:
    """Create a draft: no number, nothing in the books."""
    return drafts.create_draft(api.company(company_id), body)


@api.reads("/v1/companies/{company_id}/invoices")
def list_invoices(
    company_id: Id,
    status: Status = None,
    customer_id: CustomerId = None,
    first: From = None,
    last: To = None,
    overdue: Overdue = None,
    text: Text = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> InvoicePage:
    """Invoices, credit notes and drafts, newest first, with the sums of the page."""
    filters = lists.Filters(status, customer_id, first, last, overdue, text)
    return lists.invoices(api.company(company_id), filters, limit, cursor)


@api.reads("/v1/companies/{company_id}/invoice-sums")
def sum_invoices(
    company_id: Id,
    status: Status = None,
    customer_id: CustomerId = None,
    first: From = None,
    last: To = None,
    overdue: Overdue = None,
    text: Text = None,
) -> InvoiceSums:
    """What the whole list comes to, with the same filters; drafts only if asked for by status."""
    filters = lists.Filters(status, customer_id, first, last, overdue, text)
    return lists.sums(api.company(company_id), filters)


@api.reads("/v1/companies/{company_id}/invoices/{invoice_id}")
def get_invoice(company_id: Id, invoice_id: Id) -> Invoice:
    """One invoice, credit note or draft."""
    return drafts.get_invoice(api.company(company_id), invoice_id)


@api.changes("/v1/companies/{company_id}/invoices/{invoice_id}", versioned=True)
def change_invoice(company_id: Id, invoice_id: Id, body: InvoiceInput) -> Invoice:
    """Change a draft you have read."""
    at, version = api.company(company_id), api.expected_version()
    return drafts.change_draft(at, invoice_id, version, body)


@api.acts("/v1/companies/{company_id}/invoices/{invoice_id}/discard")
def discard_invoice(company_id: Id, invoice_id: Id) -> Invoice:
    """Throw a draft away."""
    return drafts.discard_draft(api.company(company_id), invoice_id)


@api.creates("/v1/companies/{company_id}/invoices/{invoice_id}/copy")
def copy_invoice(company_id: Id, invoice_id: Id) -> Invoice:
    """Make a new draft like an invoice, with the rates of today."""
    return drafts.copy(api.company(company_id), invoice_id)


@api.acts("/v1/companies/{company_id}/invoices/{invoice_id}/issue")
def issue_invoice(company_id: Id, invoice_id: Id) -> Invoice:
    """Issue a draft: it gets its number and never changes again."""
    return issuing.issue(api.company(company_id), invoice_id)


@api.acts("/v1/companies/{company_id}/invoice-issues")
def issue_invoices(company_id: Id, body: IssueManyInput) -> IssueManyResult:
    """Issue up to 500 drafts, each of which is issued or refused on its own."""
    return issuing.issue_many(api.company(company_id), body.invoice_ids)


@api.creates("/v1/companies/{company_id}/invoices/{invoice_id}/credit")
def credit_invoice(company_id: Id, invoice_id: Id, body: CreditInput | None = None) -> Invoice:
    """Issue a credit note of an invoice: of all that is left of it, or of some rows."""
    return crediting.credit(api.company(company_id), invoice_id, body or CreditInput())


# ---------------------------------------------------------------- the number series


@api.reads("/v1/companies/{company_id}/number-series")
def get_number_series(company_id: Id) -> SeriesCertificate:
    """The number-series certificate: every number given once, or which are not."""
    return certificate.certificate(api.company(company_id))


@api.reads("/v1/companies/{company_id}/number-series/numbers")
def list_numbers(company_id: Id, limit: Limit = 50, cursor: Cursor = None) -> NumberPage:
    """Which invoice has which number, from the first on."""
    return certificate.numbers(api.company(company_id), limit, cursor)


# ---------------------------------------------------------------- correction proposals


@api.creates("/v1/companies/{company_id}/customers/{customer_id}/proposals")
def propose_customer(company_id: Id, customer_id: Id, body: CustomerProposalInput) -> CorrectionProposal:
    """Propose a correction of a customer, as the bureau."""
    return proposals.propose_customer(api.company(company_id), customer_id, body)


@api.creates("/v1/companies/{company_id}/articles/{article_id}/proposals")
def propose_article(company_id: Id, article_id: Id, body: ArticleProposalInput) -> CorrectionProposal:
    """Propose a correction of an article, as the bureau."""
    return proposals.propose_article(api.company(company_id), article_id, body)


@api.reads("/v1/companies/{company_id}/proposals")
def list_proposals(
    company_id: Id, status: StatusOfProposal = None, limit: Limit = 50, cursor: Cursor = None
) -> CorrectionProposalPage:
    """Correction proposals, newest first."""
    return proposals.proposals(api.company(company_id), status, limit, cursor)


@api.reads("/v1/companies/{company_id}/proposals/{proposal_id}")
def get_proposal(company_id: Id, proposal_id: Id) -> CorrectionProposal:
    """One correction proposal."""
    return proposals.get_proposal(api.company(company_id), proposal_id)


@api.acts("/v1/companies/{company_id}/proposals/{proposal_id}/accept")
def accept_proposal(company_id: Id, proposal_id: Id) -> CorrectionProposal:
    """Accept a proposal, as the client: the register changes."""
    return proposals.accept(api.company(company_id), proposal_id)


@api.acts("/v1/companies/{company_id}/proposals/{proposal_id}/decline")
def decline_proposal(company_id: Id, proposal_id: Id, body: DeclineInput | None = None) -> CorrectionProposal:
    """Decline a proposal, as the client: the register stays as it is."""
    return proposals.decline(api.company(company_id), proposal_id, body.comment if body else None)


@api.acts("/v1/companies/{company_id}/proposals/{proposal_id}/withdraw")
def withdraw_proposal(company_id: Id, proposal_id: Id) -> CorrectionProposal:
    """Take a proposal back, as the bureau."""
    return proposals.withdraw(api.company(company_id), proposal_id)


# ---------------------------------------------------------------- sending


@api.acts("/v1/companies/{company_id}/invoices/{invoice_id}/send")
def send_invoice(company_id: Id, invoice_id: Id, body: SendInput | None = None) -> Delivery:
    """Send an invoice or credit note to its customer, for the first time or again."""
    return sending.send(api.company(company_id), invoice_id, body or SendInput())


@api.reads("/v1/companies/{company_id}/invoices/{invoice_id}/deliveries")
def list_deliveries(company_id: Id, invoice_id: Id, limit: Limit = 50, cursor: Cursor = None) -> DeliveryPage:
    """How an invoice was sent, newest first, and what became of each e-mail."""
    return sending.sendings(api.company(company_id), invoice_id, limit, cursor)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
