"""How a company duns its customers: stages, costs and interest, within what the law allows."""

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, WithJsonSchema, field_validator, model_validator

from samklang.ledger.dunning.interest import REFERENCE_RATES
from samklang.platform.money import LIMIT, MoneyInput
from samklang.platform.shapes import Day, Line, Name, Percent, Shape

Stage = Literal["reminder_1", "reminder_2", "reminder_3", "collection_notice"]
"""Påminnelse, inkassokrav."""

ORDER: tuple[Stage, ...] = ("reminder_1", "reminder_2", "reminder_3", "collection_notice")

HIGHEST_REMINDER_FEE = 60_00
"""Öre; and only if agreed (lag 1981:739 om ersättning för inkassokostnader m.m., 2 §)."""

HIGHEST_COLLECTION_FEE = 180_00
"""Öre, for a notice that says all that inkassolagen (1974:182) 5 § asks for; needs no agreement."""

COMPENSATION = 450_00
"""Öre, of businesses and authorities alone (lag 1981:739, 4 a §, since SFS 2013:56)."""

SHORTEST_COLLECTION_NOTICE = 10
"""Days to pay: at least eight by good practice, and the post takes its time."""


class StageRule(Shape):
    """A stage, and when it comes."""

    stage: Stage
    days_after: Annotated[int, Field(ge=1, le=365, strict=True)]
    """Days after the stage before it; of the first, after the due date."""
    days_to_pay: Annotated[int, Field(ge=5, le=60, strict=True)] = 8


USUAL_STAGES = (
    StageRule(stage="reminder_1", days_after=5),
    StageRule(stage="reminder_2", days_after=12),
    StageRule(stage="collection_notice", days_after=12, days_to_pay=SHORTEST_COLLECTION_NOTICE),
)
"""What holds until the bureau has chosen."""

Rate = Annotated[
    Decimal,
    Field(ge=-10, le=50, max_digits=4, decimal_places=2),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^-?[0-9](\.[0-9]{1,2})?$|^[1-4][0-9](\.[0-9]{1,2})?$",
            "examples": ["2.00"],
        }
    ),
]


class OwnReferenceRate(Shape):
    """A reference rate that the Riksbank has decided since the table here was made."""

    half_year: Annotated[str, Field(pattern=r"^20[0-9]{2}-H[12]$")]
    rate: Rate
    """Percent."""
    source: Name


class DunningChoices(Shape):
    """What there is to choose, within the law."""

    stages: Annotated[list[StageRule], Field(min_length=1, max_length=len(ORDER))] = Field(
        default_factory=lambda: list(USUAL_STAGES)
    )
    reminder_fee: Annotated[MoneyInput, Field(ge=0, le=HIGHEST_REMINDER_FEE)] = 0
    """Once per debt, with its first reminder."""
    fee_in_terms_since: Day | None = None
    """Since when the company's terms have the reminder fee: only debts made since then may carry it."""
    collection_fee: Annotated[MoneyInput, Field(ge=0, le=HIGHEST_COLLECTION_FEE)] = HIGHEST_COLLECTION_FEE
    compensation: bool = False
    """Whether businesses are to pay the late payment compensation; fees are then part of it."""
    fee_account: Literal["3540", "3990"] = "3540"
    """Where reminder and collection fees are posted; the compensation always on 3990."""
    interest: Literal["law", "agreed", "none"] = "law"
    agreed_rate: Percent | None = None
    """Percent a year, if it is agreed."""
    agreed_with_consumers: bool = False
    """Whether consumers have agreed on it too; otherwise they pay by law."""
    due_dates_agreed: bool = True
    """Whether due dates are agreed in advance (räntelagen 3 §); otherwise interest waits 30 days (4 §)."""
    reference_rates: Annotated[list[OwnReferenceRate], Field(max_length=60)] = Field(default_factory=list)
    minimum_amount: Annotated[MoneyInput, Field(ge=0, lt=LIMIT)] = 50_00
    """A customer that owes less is sent nothing."""
    minimum_interest: Annotated[MoneyInput, Field(ge=0, lt=LIMIT)] = 50_00
    """An interest invoice below it is not made; it waits until it comes to as much."""
    reminder_text: Line | None = None
    """Words of the company's own on reminders."""
    collection_text: Line | None = None
    """The same on collection notices."""
    objections_to: Line | None = None
    """Where to object; the company's own address if left out."""

    @model_validator(mode="after")
    def _stages_follow(self) -> Self:
        places = [ORDER.index(rule.stage) for rule in self.stages]
        if places != sorted(set(places)):
            raise ValueError(f"must have its stages once each, in this order: {', '.join(ORDER)}")
        if self.stages[0].stage.startswith("reminder") and self.stages[0].stage != "reminder_1":
            raise ValueError("must begin with reminder_1, or with collection_notice alone")
        for before, after in pairwise(self.stages):
            if after.days_after <= before.days_to_pay:
                raise ValueError(
                    f"must let the days to pay of {before.stage} pass before {after.stage}: "
                    f"days_after above {before.days_to_pay}"
                )
        for rule in self.stages:
            if rule.stage == "collection_notice" and rule.days_to_pay < SHORTEST_COLLECTION_NOTICE:
                raise ValueError(
                    f"must give at least {SHORTEST_COLLECTION_NOTICE} days to pay with a collection notice"
                )
        return self

    @model_validator(mode="after")
    def _costs_are_grounded(self) -> Self:
        if self.reminder_fee and self.fee_in_terms_since is None:
            raise ValueError(
                "must say since when the terms have the reminder fee (fee_in_terms_since): it may be taken "
                "only if it was agreed when the debt arose"
            )
        if (self.interest == "agreed") != (self.agreed_rate is not None):
            raise ValueError('must have an agreed_rate when interest is "agreed", and only then')
        if self.agreed_rate is not None and self.agreed_rate > 100:  # noqa: PLR2004 - percent
            raise ValueError("must have an agreed_rate of at most 100 %")
        return self

    @model_validator(mode="after")
    def _own_rates_once(self) -> Self:
        named = [each.half_year for each in self.reference_rates]
        if len(set(named)) != len(named):
            raise ValueError("must name each half-year once in reference_rates")
        return self


class DunningSettingsInput(DunningChoices):
    """How a company duns its customers."""

    @model_validator(mode="after")
    def _own_rates_are_new(self) -> Self:
        known = [each.half_year for each in self.reference_rates if each.half_year in REFERENCE_RATES]
        if known:
            raise ValueError(f"must not name {known[0]} in reference_rates: its rate is known here")
        return self


class DunningSettings(DunningChoices):
    """How a company duns its customers. Version 0 is what holds until the bureau has chosen."""

    version: int

    @field_validator("reference_rates")
    @classmethod
    def _known_rates_win(cls, own: list[OwnReferenceRate]) -> list[OwnReferenceRate]:
        """Without those that the table here has had since they were added."""
        return [each for each in own if each.half_year not in REFERENCE_RATES]


class ReferenceRateShape(Shape):
    """A half-year's reference rate, and where it was read."""

    half_year: str
    rate: Rate
    """Percent."""
    source: str
    read_on: date | None
    """None of one that the company has added."""
    verified: bool
    """Whether it was read from the Riksbank itself."""


class DunningSettingsAnswer(DunningSettings):
    """How a company duns its customers, with the reference rates that interest by law is reckoned from."""

    known_reference_rates: list[ReferenceRateShape]
