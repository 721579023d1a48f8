"""HTTP: bureaus, invitations, start guide, payment handler."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from aws_lambda_powertools.utilities.typing import LambdaContext

from samklang.collaboration import service
from samklang.collaboration.model import (
    STEP_SHAPES,
    Accepted,
    Bureau,
    BureauInput,
    Collaboration,
    CompanyPage,
    HandlerInput,
    Invitation,
    InvitationInput,
    Me,
    NewInvitation,
    StepName,
)
from samklang.platform.http import Api, Cursor, Id, Limit, read_shape

api = Api()
Token = Annotated[str, Path(min_length=20, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


@api.reads("/v1/me")
def get_me() -> Me:
    """What you may act for."""
    return service.me(api.user)


@api.creates("/v1/bureaus")
def create_bureau(body: BureauInput) -> Bureau:
    """Create a bureau and become its administrator."""
    return service.create_bureau(api.user, body)


@api.reads("/v1/bureaus/{bureau_id}")
def get_bureau(bureau_id: Id) -> Bureau:
    """A bureau of yours."""
    return service.get_bureau(api.bureau(bureau_id))


@api.reads("/v1/bureaus/{bureau_id}/companies")
def list_companies(bureau_id: Id, limit: Limit = 50, cursor: Cursor = None) -> CompanyPage:
    """The bureau's companies."""
    return service.companies(api.bureau(bureau_id), limit, cursor)


@api.creates("/v1/bureaus/{bureau_id}/invitations")
def invite_company(bureau_id: Id, body: InvitationInput) -> NewInvitation:
    """Invite a company; the token is shown this once."""
    return service.invite(api.bureau(bureau_id), body)


@api.acts("/v1/bureaus/{bureau_id}/invitations/{invitation_id}/withdraw")
def withdraw_invitation(bureau_id: Id, invitation_id: Id) -> Invitation:
    """Take an open invitation back."""
    return service.withdraw(api.bureau(bureau_id), invitation_id)


@api.acts("/v1/invitations/{token}/accept")
def accept_invitation(token: Token) -> Accepted:
    """Accept an invitation for your company and become its administrator."""
    return service.accept(api.user, token)


@api.acts("/v1/invitations/{token}/decline")
def decline_invitation(token: Token) -> Invitation:
    """Decline an invitation."""
    return service.decline(api.user, token)


@api.reads("/v1/companies/{company_id}/collaboration")
def get_collaboration(company_id: Id) -> Collaboration:
    """The state of the collaboration."""
    return service.get_collaboration(api.company(company_id))


@api.changes("/v1/companies/{company_id}/start-guide/{step}")
def answer_step(company_id: Id, step: StepName, body: Annotated[dict[str, Any], Body()]) -> Collaboration:
    """Answer a step of the start guide, or answer it anew."""
    return service.answer_step(api.company(company_id), step, read_shape(STEP_SHAPES[step], body))


@api.acts("/v1/companies/{company_id}/collaboration/activate")
def activate_collaboration(company_id: Id) -> Collaboration:
    """End the start guide: from here on the first invoice number is locked."""
    return service.activate(api.company(company_id))


@api.acts("/v1/companies/{company_id}/collaboration/payment-handler")
def change_payment_handler(company_id: Id, body: HandlerInput) -> Collaboration:
    """Let a party handle payments from a date on."""
    return service.change_handler(api.company(company_id), body)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP API event."""
    return api.handle(event, context)
