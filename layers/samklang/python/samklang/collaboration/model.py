"""The tie between one company and one bureau: invitation, start guide, payment handler."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from samklang.platform.problems import Problem
from samklang.platform.shapes import Code, Day, Line, Name, Shape
from samklang.platform.swedish import Bankgiro, Email, Iban, OrgNo, Plusgiro, Postcode, SwishNumber

Party = Literal["client", "bureau"]
StepName = Literal["company", "fiscal_year", "bank", "numbering", "payments", "registers"]
STEPS: tuple[StepName, ...] = ("company", "fiscal_year", "bank", "numbering", "payments", "registers")
Status = Literal["start_guide", "active", "ended"]
Channel = Literal["advisor", "byrastod"]
InvitationStatus = Literal["open", "accepted", "declined", "withdrawn", "expired"]


class Address(Shape):
    """A Swedish postal address."""

    street: Line
    postcode: Postcode
    city: Name


class BureauInput(Shape):
    """What makes a bureau."""

    name: Name
    org_no: OrgNo


class Bureau(Shape):
    """The accounting firm."""

    bureau_id: str
    name: str
    org_no: str
    created_at: str


class ProposedSettings(Shape):
    """What the bureau proposes; the start guide decides."""

    accounting_method: Literal["invoice", "cash"] | None = None
    vat_period: Literal["month", "quarter", "year"] | None = None
    payment_handler: Party | None = None


class InvitationInput(Shape):
    """Whom the bureau invites."""

    company_name: Name
    org_no: OrgNo
    email: Email
    channel: Channel = "advisor"
    settings: ProposedSettings = ProposedSettings()


class Invitation(Shape):
    """An invitation, without its token."""

    invitation_id: str
    bureau_id: str
    company_name: str
    org_no: str
    email: str
    channel: Channel
    settings: ProposedSettings
    status: InvitationStatus
    expires_at: str


class NewInvitation(Invitation):
    """An invitation as its maker sees it, once: with the token for the company."""

    token: str


class Accepted(Shape):
    """What accepting an invitation made."""

    company_id: str
    collaboration_id: str
    status: Status


# ---------------------------------------------------------------- start guide


class CompanyStep(Shape):
    """The company as it stands on its invoices."""

    name: Name
    org_no: OrgNo
    address: Address
    seat: Name | None = None
    email: Email | None = None
    phone: Code | None = None
    f_tax: bool = True


class FiscalYearStep(Shape):
    """The first fiscal year kept here, and how the books are kept."""

    start: Day
    end: Day
    accounting_method: Literal["invoice", "cash"] = "invoice"
    vat_period: Literal["month", "quarter", "year"] = "quarter"

    @model_validator(mode="after")
    def _length(self) -> "FiscalYearStep":
        """Bokföringslagen 3 kap. 1-3 §§: whole months, at most 18 (prolonged first year)."""
        following = date.fromordinal(self.end.toordinal() + 1)
        months = (following.year - self.start.year) * 12 + following.month - self.start.month
        if self.start.day != 1 or following.day != 1:
            raise ValueError("must begin on the first and end on the last day of a month")
        if not 1 <= months <= 18:  # noqa: PLR2004 - the law's number
            raise ValueError("must be 1 to 18 months long")
        return self


class BankStep(Shape):
    """Where customers pay: at least one account."""

    bankgiro: Bankgiro | None = None
    plusgiro: Plusgiro | None = None
    iban: Iban | None = None
    bic: Annotated[str, Field(pattern=r"^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$")] | None = None
    swish: SwishNumber | None = None

    @model_validator(mode="after")
    def _some_account(self) -> "BankStep":
        if not (self.bankgiro or self.plusgiro or self.iban):
            raise ValueError("must have a bankgiro, a plusgiro or an IBAN")
        return self


class NumberingStep(Shape):
    """The first invoice number: one past the last used in the program before."""

    first_invoice_number: Annotated[int, Field(ge=1, le=999_999_999, strict=True)]
    previous_program: Name | None = None


class PaymentsStep(Shape):
    """Who handles payments from the start."""

    handler: Party


class RegistersStep(Shape):
    """The registers are in place, or will be written here."""

    confirmed: Literal[True]


AnyStep = CompanyStep | FiscalYearStep | BankStep | NumberingStep | PaymentsStep | RegistersStep
STEP_SHAPES: dict[StepName, type[AnyStep]] = {
    "company": CompanyStep,
    "fiscal_year": FiscalYearStep,
    "bank": BankStep,
    "numbering": NumberingStep,
    "payments": PaymentsStep,
    "registers": RegistersStep,
}


class StartGuideStep(Shape):
    """One step: done or not, and what was answered."""

    step: StepName
    done: bool
    answers: AnyStep | None


class StartGuide(Shape):
    """The way to activation."""

    steps: list[StartGuideStep]
    remaining: list[StepName]


# ---------------------------------------------------------------- payment handler


class HandlerInput(Shape):
    """Who handles payments from a date on."""

    handler: Party
    since: Day | None = None


class HandlerPeriod(Shape):
    """Who handles payments from a date on, and who decided it when."""

    party: Party
    since: date
    decided_at: str
    decided_by: str


class PaymentHandler(Shape):
    """Who handles payments today, since when, and every decision so far."""

    party: Party
    since: date
    history: list[HandlerPeriod]


def handler_on(history: list[HandlerPeriod], day: date) -> HandlerPeriod:
    """The decision in force on a day: the latest date, and of one date the latest decision.

    Raises:
        Problem: ``not-active`` before the first.
    """
    in_force = [period for period in history if period.since <= day]
    if not in_force:
        raise Problem("not-active", "Nobody handles payments yet: finish the start guide.")
    return max(reversed(in_force), key=lambda period: period.since)


class Collaboration(Shape):
    """The tie between one company and one bureau."""

    collaboration_id: str
    company_id: str
    company_name: str
    org_no: str
    bureau_id: str
    bureau_name: str
    status: Status
    settings: ProposedSettings
    payment_handler: PaymentHandler | None
    start_guide: StartGuide
    version: int


class CompanySummary(Shape):
    """A company in its bureau's list."""

    company_id: str
    company_name: str
    org_no: str


class CompanyPage(Shape):
    """Some of a bureau's companies."""

    items: list[CompanySummary]
    next: str | None


class Membership(Shape):
    """Something the user may act for."""

    kind: Literal["company", "bureau"]
    id: str
    role: Literal["admin", "member"]


class Me(Shape):
    """The user and what the user may act for."""

    user_id: str
    memberships: list[Membership]


class CompanyDetails(Shape):
    """What other contexts need to know of an active company."""

    company: CompanyStep
    fiscal_year: FiscalYearStep
    bank: BankStep
