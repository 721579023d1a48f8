"""VAT on a sale: which rate holds on which day, and what a sale without VAT rests on.

Sources: mervärdesskattelagen (2023:200) 9 kap. (rates), 16 kap. (reverse charge), 17 kap. 24 § (what the
invoice says), and the articles of directive 2006/112/EG it carries out.
"""

from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema
from stdnum.eu.vat import MEMBER_STATES

from samklang.platform.problems import FieldError, Problem


def _read_rate(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


VatRate = Annotated[
    Literal["25", "12", "6", "0"],
    BeforeValidator(_read_rate),
    WithJsonSchema({"enum": ["25", "12", "6", "0", 25, 12, 6, 0], "examples": ["25"]}),
]
"""VAT in percent."""

VatClass = Literal["standard", "food", "reduced", "low", "none"]
"""What is sold, as far as its rate goes: ``reduced`` (hotel, restaurant), ``low`` (books, travel)."""

Treatment = Literal["domestic", "construction", "eu", "export", "exempt"]
"""How sales to a customer are taxed; ``construction`` is the building trade's reverse charge."""

Kind = Literal["goods", "service"]

VatCode = Literal[
    "domestic",
    "exempt",
    "construction",
    "eu_goods",
    "eu_services",
    "export_goods",
    "export_services",
    "late_interest",
    "late_fee",
    "late_compensation",
]
"""How one row is taxed; decides its text on the invoice, its account and its box of the VAT return."""


# ---------------------------------------------------------------- rates

_RATES: dict[VatClass, tuple[tuple[date, VatRate], ...]] = {
    "standard": ((date.min, "25"),),
    # Prop. 2025/26:55: food at 6 % for 21 months; restaurant meals stay at 12.
    "food": ((date.min, "12"), (date(2026, 4, 1), "6"), (date(2028, 1, 1), "12")),
    "reduced": ((date.min, "12"),),
    "low": ((date.min, "6"),),
    "none": ((date.min, "0"),),
}
"""Each class's rates and the day each begins."""

_CLASS_OF_RATE: dict[str, VatClass] = {"25": "standard", "12": "reduced", "6": "low", "0": "none"}


def rate_on(vat_class: VatClass, day: date) -> VatRate:
    """The rate in percent of what is supplied on a day (mervärdesskattelagen 9 kap.)."""
    return next(rate for begins, rate in reversed(_RATES[vat_class]) if begins <= day)


def class_of(vat_class: VatClass | None, vat_rate: VatRate | None) -> VatClass:
    """The class of an article from what is said of it: its class, or a rate that never changes.

    Raises:
        ValueError: the rate is none the class ever has.
    """
    if vat_class is None:
        return _CLASS_OF_RATE[vat_rate or "25"]
    if vat_rate is not None and all(rate != vat_rate for _, rate in _RATES[vat_class]):
        raise ValueError(f"must be a rate of the class {vat_class!r}: leave out vat_rate, or vat_class")
    return vat_class


# ---------------------------------------------------------------- sales without Swedish VAT


class Ground(NamedTuple):
    """What a sale without VAT rests on: the words beside its figures, and the note the law asks for."""

    label: str
    note: str


GROUNDS: dict[VatCode, Ground] = {
    "exempt": Ground("Momsfri", "Undantag från moms enligt 10 kap. mervärdesskattelagen (2023:200)."),
    "construction": Ground(
        "Omvänd betalningsskyldighet",
        "Omvänd betalningsskyldighet för byggtjänster, 16 kap. 13 § mervärdesskattelagen (2023:200). "
        "Köparen redovisar momsen.",
    ),
    "eu_goods": Ground(
        "Varor till EU-land",
        "Momsfri försäljning av varor till ett annat EU-land (intra-Community supply), "
        "artikel 138 i direktiv 2006/112/EG.",
    ),
    "eu_services": Ground(
        "Tjänster till EU-land",
        "Omvänd betalningsskyldighet (reverse charge), artikel 44 och 196 i direktiv 2006/112/EG. "
        "Köparen redovisar momsen.",
    ),
    "export_goods": Ground("Export", "Export av varor utanför EU, artikel 146 i direktiv 2006/112/EG."),
    "export_services": Ground(
        "Tjänster utanför EU",
        "Tjänst som är omsatt utanför EU, artikel 44 i direktiv 2006/112/EG.",
    ),
    # What late payment costs is no payment for a supply, and in no box of the VAT return.
    "late_interest": Ground("Dröjsmålsränta", "Moms tas inte ut på dröjsmålsränta."),
    "late_fee": Ground(
        "Avgift", "Moms tas inte ut på ersättning för påminnelse och inkassokrav (lag 1981:739)."
    ),
    "late_compensation": Ground(
        "Förseningsersättning", "Moms tas inte ut på ersättning för sen betalning (lag 1981:739)."
    ),
}
"""Every code but ``domestic``."""

_BY_KIND: dict[tuple[Treatment, Kind], VatCode] = {
    ("eu", "goods"): "eu_goods",
    ("eu", "service"): "eu_services",
    ("export", "goods"): "export_goods",
    ("export", "service"): "export_services",
}


def code_of(treatment: Treatment, kind: Kind, rate: VatRate) -> VatCode:
    """How a row is taxed. A domestic sale at 0 % is an exempt one."""
    if treatment == "domestic":
        return "domestic" if rate != "0" else "exempt"
    if treatment == "construction":
        return "construction"
    return _BY_KIND.get((treatment, kind), "exempt")


def check_buyer(treatment: Treatment, vat_no: str | None, destination: str | None, pointer: str) -> None:
    """Refuse a treatment that the buyer's VAT number or country (two letters) does not allow.

    Where the buyer is liable for the VAT, its number must stand on the invoice (mervärdesskattelagen
    17 kap. 24 § 4): a Swedish one for building services, another EU country's for sales to the EU. What
    is exported leaves the EU (10 kap. 64 §).

    Raises:
        Problem: ``validation``.
    """
    swedish = (vat_no or "").startswith("SE")
    if treatment == "construction" and not swedish:
        message = "The building trade's reverse charge needs the customer's Swedish VAT number."
    elif treatment == "eu" and (vat_no is None or swedish):
        message = "A sale without VAT to another EU country needs the customer's VAT number from there."
    elif treatment == "export" and (
        destination is None or destination.replace("EL", "GR").lower() in MEMBER_STATES
    ):
        message = "An export needs the customer's address, or delivery address, in a country outside the EU."
    else:
        return
    raise Problem("validation", message, (FieldError(pointer, "vat_no", message),))
