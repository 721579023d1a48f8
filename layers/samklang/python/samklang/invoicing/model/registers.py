"""The client's registers: customers and articles."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from samklang.formats.identity import parse_postcode
from samklang.invoicing.vat import Kind, Treatment, VatClass, VatRate, check_buyer, class_of, rate_on
from samklang.platform.money import LIMIT, Money, MoneyInput
from samklang.platform.problems import Problem
from samklang.platform.shapes import Code, Line, Name, Shape
from samklang.platform.swedish import Email, OrgNo, VatNo

Terms = Annotated[int, Field(ge=0, le=365, strict=True)]
"""Days to pay."""

UnitPrice = Annotated[MoneyInput, Field(ge=-LIMIT // 1000, le=LIMIT // 1000)]
"""Öre per unit, without VAT. Negative for a deduction."""

Channel = Literal["email", "einvoice", "print"]
"""How a customer gets its invoices."""


class CustomerAddress(Shape):
    """Where the customer is; a Swedish postcode is checked and kept as five digits."""

    street: Line
    postcode: Code
    city: Name
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "SE"

    @model_validator(mode="before")
    @classmethod
    def _swedish_postcode(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("country", "SE") == "SE":
            postcode = given.get("postcode")
            if isinstance(postcode, str):
                return given | {"postcode": parse_postcode(postcode)}
        return given


class CustomerInput(Shape):
    """What the client says of a customer."""

    name: Name
    number: Code | None = None
    """Its customer number; the next free one if left out."""
    kind: Literal["company", "private"] = "company"
    org_no: OrgNo | None = None
    vat_no: VatNo | None = None
    email: Email | None = None
    phone: Code | None = None
    address: CustomerAddress | None = None
    delivery_address: CustomerAddress | None = None
    delivery: Channel = "email"
    payment_terms_days: Terms = 30
    vat_treatment: Treatment = "domestic"
    your_reference: Name | None = None
    active: bool = True

    @property
    def destination(self) -> str | None:
        """The country that goods go to, if it is known."""
        address = self.delivery_address or self.address
        return address.country if address else None

    @field_validator("vat_treatment")
    @classmethod
    def _taxed_as_may_be(cls, treatment: Treatment, known: ValidationInfo) -> Treatment:
        if {"vat_no", "address", "delivery_address"} <= known.data.keys():
            address = known.data["delivery_address"] or known.data["address"]
            destination = address.country if address else None
            try:
                check_buyer(treatment, known.data["vat_no"], destination, "/vat_treatment")
            except Problem as problem:
                raise ValueError(problem.detail) from None
        return treatment


class Customer(CustomerInput):
    """A customer of the company."""

    customer_id: str
    number: str
    version: int


class CustomerPage(Shape):
    """Some customers."""

    items: list[Customer]
    next: str | None


class ArticleInput(Shape):
    """What the client says of an article.

    Its rate follows from ``vat_class`` and the day of supply; ``vat_rate`` alone stands for a class whose
    rate does not change.
    """

    name: Name
    number: Code | None = None
    """Its article number; the next free one if left out."""
    unit: Code = "st"
    unit_price: UnitPrice
    vat_rate: VatRate | None = None
    vat_class: VatClass | None = None
    kind: Kind = "service"
    active: bool = True

    @model_validator(mode="after")
    def _rate_of_its_class(self) -> Self:
        class_of(self.vat_class, self.vat_rate)
        return self


class Article(Shape):
    """An article of the company. ``vat_rate`` is the rate, in percent, on the day it is read."""

    article_id: str
    name: str
    number: str
    unit: str
    unit_price: Money
    vat_rate: VatRate
    vat_class: VatClass
    kind: Kind
    active: bool
    version: int


class ArticlePage(Shape):
    """Some articles."""

    items: list[Article]
    next: str | None


def article_of(given: ArticleInput, article_id: str, number: str, version: int, today: date) -> Article:
    """The article that somebody describes."""
    vat_class = class_of(given.vat_class, given.vat_rate)
    return Article(
        article_id=article_id,
        name=given.name,
        number=number,
        unit=given.unit,
        unit_price=given.unit_price,
        vat_rate=rate_on(vat_class, today),
        vat_class=vat_class,
        kind=given.kind,
        active=given.active,
        version=version,
    )
