"""What is due, what is sent, and what became of it: previews, runs, letters."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, WithJsonSchema, model_validator

from samklang.invoicing.model.invoices import DeliveryStatus
from samklang.ledger.dunning.model.debts import PauseReason, StageTaken
from samklang.ledger.dunning.model.settings import Stage
from samklang.platform.money import Money
from samklang.platform.shapes import Day, Line, Shape

Id = Annotated[str, Field(pattern=r"^[a-z]{2,4}_[0-9a-z]{20}$")]

Reason = Literal[
    "paid",
    "not-overdue",
    "not-yet",
    "disputed",
    "promised",
    "blocked",
    "payment-on-its-way",
    "credit-to-set-off",
    "below-minimum",
    "reference-rate-missing",
    "ready-for-collection",
    "handed-over",
    "no-stage-left",
    "not-found",
    "too-many-mails",
    "written-off",
    "credited",
    "interest-to-credit",
]
"""Why an invoice is left out."""

LetterKind = Literal["reminder", "collection_notice"]

PercentOut = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]{1,3}(\.[0-9]+)?$", "examples": ["10.00"]}),
]


class InterestLine(Shape):
    """Days on end with one principal and one rate, both ends included."""

    first: date
    last: date
    days: int
    principal: Money
    rate: PercentOut


class CostLines(Shape):
    """Costs beside interest that are on no invoice yet."""

    reminder_fee: Money
    collection_fee: Money
    compensation: Money


class DunningLine(Shape):
    """One invoice in a letter, or about to be."""

    invoice_id: str
    invoice_number: int
    ocr: str
    invoice_date: date
    due_date: date
    days_overdue: int
    stage: Stage
    about: str
    """What the debt is for: the first row of the invoice."""
    invoiced: Money
    principal: Money
    """What remains of it."""
    interest: Money
    """Through the day the letter reckons to; without what is on an invoice already."""
    interest_spans: list[InterestLine]
    interest_correction: Money = 0
    """In the interest: what was invoiced too little, or (below zero) too much, by what is known now."""
    costs: CostLines
    total: Money


class DunningSums(Shape):
    """What lines come to."""

    principal: Money
    interest: Money
    costs: Money
    total: Money


class DunningCase(Shape):
    """The invoices that go in one letter to one customer."""

    customer_id: str
    customer_name: str
    kind: LetterKind
    channel: Literal["email", "print"]
    to: str | None
    """The address of an e-mail."""
    pay_by: date
    lines: list[DunningLine]
    sums: DunningSums


class InvoiceLeftOut(Shape):
    """An overdue invoice that is left alone, and why."""

    invoice_id: str
    invoice_number: int | None
    customer_id: str | None
    customer_name: str | None
    remaining: Money
    days_overdue: int | None
    reason: Reason
    detail: str
    on: date | None
    """When it will be looked at anew."""


class DunningPreview(Shape):
    """What a run would send, letter by letter, and what it would leave out."""

    as_of: date
    cases: list[DunningCase]
    """The first 200 of them, or fewer that have 2000 invoices."""
    case_count: int
    left_out: list[InvoiceLeftOut]
    """The first 500 of them."""
    left_out_count: int
    sums: DunningSums
    """Of all cases."""


class PreviewInput(Shape):
    """The day to look at; today if none is given."""

    as_of: Day | None = None


MOST_INVOICES = 500


class RunInput(Shape):
    """What to send: steps of these invoices, or all that are due."""

    invoice_ids: Annotated[list[Id], Field(min_length=1, max_length=MOST_INVOICES)] | None = None
    as_of: Day | None = None
    """The day interest is reckoned to: today, or one of the last three days."""

    @model_validator(mode="after")
    def _each_once(self) -> "RunInput":
        if self.invoice_ids and len(set(self.invoice_ids)) != len(self.invoice_ids):
            raise ValueError("must name each invoice once")
        return self


class StepTaken(Shape):
    """A step a run has taken with an invoice."""

    step_id: str
    """``dunning/<invoice>/<stage>``: there is one of each."""
    invoice_id: str
    invoice_number: int
    stage: StageTaken
    letter_id: str


class RunResult(Shape):
    """What a run did: the steps it took, and what it left out."""

    as_of: date
    steps: list[StepTaken]
    letters: list[str]
    left_out: list[InvoiceLeftOut]
    """The first 500 of them."""
    left_out_count: int
    left: int
    """Letters there was no time for, or no room after 2000 steps: the same request again sends them."""
    stopped: str | None
    """Why it went no further, if something stopped it halfway."""


class Debtor(Shape):
    """The customer as a letter addresses it."""

    name: str
    number: str
    org_no: str | None
    kind: Literal["company", "private"]
    address: list[str]
    """Lines as on an envelope, without the name."""
    email: str | None


class Letter(Shape):
    """A letter to a customer, as it was written; it never changes."""

    letter_id: str
    customer_id: str
    kind: LetterKind
    day: date
    as_of: date
    """The day interest is reckoned to."""
    pay_by: date
    debtor: Debtor
    lines: list[DunningLine]
    sums: DunningSums
    words: str | None
    """The company's own."""
    objections_to: str | None


class LetterDelivery(Shape):
    """How a letter went."""

    channel: Literal["email", "print"]
    to: str | None
    status: DeliveryStatus
    """``printed``: to be printed and sent by post."""
    requested_at: str
    at: str
    """When the status was learned."""
    reason: str | None = None
    """In Swedish, what went wrong and what to do."""
    diagnostic: str | None = None
    message_id: str | None = None


class SentLetter(Letter):
    """A letter, and how it went."""

    delivery: LetterDelivery


class LetterSummary(Shape):
    """A letter in a list."""

    letter_id: str
    customer_id: str
    customer_name: str
    kind: LetterKind
    day: date
    pay_by: date
    invoice_numbers: list[int]
    total: Money
    delivery: LetterDelivery


class LetterPage(Shape):
    """Some letters, the newest first."""

    items: list[LetterSummary]
    next: str | None


# ---------------------------------------------------------------- pauses


class PauseInput(Shape):
    """A customer, or one of its invoices, to be left alone."""

    reason: PauseReason
    customer_id: Id | None = None
    invoice_id: Id | None = None
    until: Day | None = None
    """Through which day; a promise has one."""
    note: Line | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "PauseInput":
        if (self.customer_id is None) == (self.invoice_id is None):
            raise ValueError("must name either a customer_id or an invoice_id")
        if self.reason == "promised" and self.until is None:
            raise ValueError("must say until when the customer has promised to pay")
        return self


class EndPauseInput(Shape):
    """Why a pause ends."""

    note: Line | None = None


class Pause(Shape):
    """A customer, or an invoice, that is or was left alone."""

    pause_id: str
    reason: PauseReason
    customer_id: str
    invoice_id: str | None
    until: date | None
    note: str | None
    status: Literal["open", "ended"]
    made_at: str
    made_by: str
    ended_at: str | None = None
    ended_by: str | None = None
    ended_note: str | None = None


class PausePage(Shape):
    """Some pauses."""

    items: list[Pause]
    next: str | None


# ---------------------------------------------------------------- the morning's proposal


class ProposedStage(Shape):
    """How much is due at one stage."""

    stage: Stage
    invoices: int
    customers: int
    total: Money


class ProposedInvoice(Shape):
    """An invoice with a step that is due."""

    invoice_id: str
    invoice_number: int
    customer_id: str
    customer_name: str
    stage: Stage
    days_overdue: int
    total: Money


class DunningProposal(Shape):
    """What the morning's look found due; nothing is sent before somebody runs it."""

    as_of: date
    made_at: str
    stages: list[ProposedStage]
    invoices: list[ProposedInvoice]
    """The first of them; the preview has all."""
    ready_for_collection: int
    left_out: int


# ---------------------------------------------------------------- what has been done with one invoice


class DunningStepShape(Shape):
    """A step that was taken."""

    stage: StageTaken
    day: date
    pay_by: date | None
    costs: CostLines
    letter_id: str


class InterestInvoiced(Shape):
    """Interest that stands on an invoice of its own."""

    last: date
    amount: Money
    invoice_id: str


class InvoiceDunning(Shape):
    """What has been done about one invoice."""

    invoice_id: str
    steps: list[DunningStepShape]
    interest_invoices: list[InterestInvoiced]
    costs_invoiced: CostLines
