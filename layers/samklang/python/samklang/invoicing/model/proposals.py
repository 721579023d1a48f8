"""Correction proposals: what the bureau wants changed in a register, as a diff that the client answers."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from samklang.invoicing.model.registers import (
    Article,
    Channel,
    Customer,
    CustomerAddress,
    Terms,
    UnitPrice,
)
from samklang.invoicing.vat import Kind, Treatment, VatClass, VatRate, class_of
from samklang.platform.shapes import Code, Line, Name, Shape
from samklang.platform.swedish import Email, OrgNo, VatNo

RegisterName = Literal["customer", "article"]

ProposalStatus = Literal["open", "accepted", "declined", "withdrawn", "stale"]
"""``stale`` is not kept: an open proposal is so while the register, as it stands, does not go with it."""

Value = str | int | bool | dict[str, str] | None
"""A field of a register as it is in JSON; an address is one value."""


# ---------------------------------------------------------------- what is sent


def _left_out() -> Any:
    """Default of a field that may be left out: then it stays as it is. Never read, and not published."""
    return Field(default_factory=lambda: None)


class CustomerChanges(Shape):
    """Some fields of a customer, as they should be; null clears what a customer can be without."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name = _left_out()
    number: Code = _left_out()
    kind: Literal["company", "private"] = _left_out()
    org_no: OrgNo | None = _left_out()
    vat_no: VatNo | None = _left_out()
    email: Email | None = _left_out()
    phone: Code | None = _left_out()
    address: CustomerAddress | None = _left_out()
    delivery_address: CustomerAddress | None = _left_out()
    delivery: Channel = _left_out()
    payment_terms_days: Terms = _left_out()
    vat_treatment: Treatment = _left_out()
    your_reference: Name | None = _left_out()
    active: bool = _left_out()

    def values(self) -> dict[str, Any]:
        """What was sent, as it is in JSON."""
        return self.model_dump(mode="json", exclude_unset=True)


class ArticleChanges(Shape):
    """Some fields of an article, as they should be; ``vat_rate`` alone stands for a class, as ever."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Name = _left_out()
    number: Code = _left_out()
    unit: Code = _left_out()
    unit_price: UnitPrice = _left_out()
    vat_rate: VatRate = _left_out()
    vat_class: VatClass = _left_out()
    kind: Kind = _left_out()
    active: bool = _left_out()

    @model_validator(mode="after")
    def _rate_of_its_class(self) -> Self:
        class_of(self.vat_class, self.vat_rate)
        return self

    def values(self) -> dict[str, Any]:
        """What was sent, as it is in JSON; the rate as the class it stands for."""
        given = self.model_dump(mode="json", exclude_unset=True, exclude={"vat_rate"})
        if self.model_fields_set & {"vat_rate", "vat_class"}:
            given["vat_class"] = class_of(self.vat_class, self.vat_rate)
        return given


class CustomerProposalInput(Shape):
    """What the bureau wants changed of a customer, and why."""

    changes: CustomerChanges
    comment: Line | None = None


class ArticleProposalInput(Shape):
    """What the bureau wants changed of an article, and why."""

    changes: ArticleChanges
    comment: Line | None = None


class DeclineInput(Shape):
    """Why the client declines."""

    comment: Line | None = None


# ---------------------------------------------------------------- what is kept


class FieldChange(Shape):
    """What one field was when it was proposed, and what it should become."""

    # Written by the names in JSON wherever it is done: in an answer, and in the one kept for a key.
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    field: str
    was: Annotated[Value, Field(alias="from")]
    to: Value


class CorrectionProposal(Shape):
    """A correction proposal. Of an article's VAT it tells the class, from which the rate follows."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    proposal_id: str
    of: Annotated[RegisterName, Field(alias="register")]
    """The register; every class has a method of that name already."""
    target_id: str
    target_name: str
    """Its name when the proposal was made."""
    status: ProposalStatus
    changes: list[FieldChange]
    comment: str | None
    made_by: str
    made_at: str
    decided_at: str | None
    decided_by: str | None
    answer: str | None
    """What the client said when it declined."""
    base_version: int
    """The version of the customer or article that the proposal was made from."""
    version: int


class CorrectionProposalPage(Shape):
    """Some correction proposals."""

    items: list[CorrectionProposal]
    next: str | None


# ---------------------------------------------------------------- the diff

_NOT_SAID = {"customer_id", "article_id", "version", "vat_rate"}
"""What nobody says of a customer or an article: an article's rate follows from its class."""


def values_of(entry: Customer | Article) -> dict[str, Value]:
    """What is said of a customer or an article, field by field, as it is in JSON."""
    return entry.model_dump(mode="json", exclude=_NOT_SAID)


def diff(before: Customer | Article, after: Customer | Article) -> list[FieldChange]:
    """The fields that differ, and no others."""
    was, to = values_of(before), values_of(after)
    return [
        FieldChange(field=name, was=was[name], to=value) for name, value in to.items() if value != was[name]
    ]
