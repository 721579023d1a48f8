"""Invoices and credit notes to write: one of each by hand, and any that a Swedish firm may come up with."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from stdnum import luhn

from samklang.formats.giro import parse_bankgiro
from samklang.formats.ocr import make_ocr
from samklang.formats.peppol import (
    PeppolAddress,
    PeppolDocument,
    PeppolEndpoint,
    PeppolLine,
    PeppolOriginal,
    PeppolParty,
    PeppolPayment,
    PeppolTax,
    PeppolText,
    VatCategory,
)
from samklang.platform.money import round_half_up

SELLER = PeppolParty(
    name="Björks Snickeri & Måleri AB",
    org_no="5560360793",
    vat_no="SE556036079301",
    address=PeppolAddress(street="Ängsvägen 12", postcode="45140", city="Uddevalla"),
    contact="Per Björk",
    phone="0522-123 45",
    email="faktura@exempel.se",
    seat="Uddevalla",
    f_tax=True,
)
BUYER = PeppolParty(
    name="Östergrens Fastigheter AB",
    org_no="5560125790",
    vat_no="SE556012579001",
    address=PeppolAddress(street="Storgatan 5", postcode="41138", city="Göteborg"),
    contact="Åsa Öhman",
)
GERMAN = PeppolParty(
    name="Möbelhaus Müller GmbH",
    vat_no="DE136695976",
    address=PeppolAddress(street="Hauptstraße 1", postcode="10115", city="Berlin", country="DE"),
)
PAYMENT = PeppolPayment(bankgiro="9912346", reference="10420262")
ORIGINAL = PeppolOriginal(number="1041", date=date(2026, 9, 1))

EU_VAT_NUMBERS = (
    "ATU13585627 BE0428759497 BG175074752 CY10259033P CZ25123891 DE136695976 DK13585628 "
    "EE100931558 EL094259216 ESB58378431 FI20774740 FR40303265045 HR33392005961 HU12892312 "
    "IE6433435F IT00743110157 LT119511515 LU15027442 LV40003521600 MT11679112 NL004495445B01 "
    "PL8567346215 PT501964843 RO18547290 SI50223054 SK2022749619"
)
"""One of each EU country but Sweden, with right check digits."""


def line(**values: Any) -> PeppolLine:
    """A row; its amount is worked out unless it is given."""
    fields: dict[str, Any] = {
        "description": "Byte av fönster",
        "quantity": Decimal("12.5"),
        "unit": "tim",
        "unit_price": 59500,
        "rate": 25,
    }
    fields |= values
    share = 100 - fields.get("discount_percent", Decimal(0))
    fields.setdefault("amount", round_half_up(fields["quantity"] * fields["unit_price"] * share / 100))
    return PeppolLine(**fields)


def document(
    rows: Iterable[PeppolLine | PeppolText] | None = None,
    *,
    reason: str | None = None,
    vat_differs: int = 0,
    **values: Any,
) -> PeppolDocument:
    """A document of these rows, its sums worked out.

    Args:
        rows: a row of work, without any.
        reason: why sales without VAT are so.
        vat_differs: öre that the VAT of every rate is off by, as where the rest of an invoice is credited.
        values: fields of the document.
    """
    rows = tuple(rows) if rows is not None else (line(),)
    bases: dict[tuple[VatCategory, int], int] = {}
    for row in rows:
        if isinstance(row, PeppolLine):
            bases[row.category, row.rate] = bases.get((row.category, row.rate), 0) + row.amount
    taxes = tuple(
        PeppolTax(
            category=category,
            rate=rate,
            base=base,
            vat=round_half_up(Decimal(base) * rate / 100) + (vat_differs if rate else 0),
            reason=None if rate else reason,
        )
        for (category, rate), base in bases.items()
    )
    net, vat = sum(tax.base for tax in taxes), sum(tax.vat for tax in taxes)
    fields: dict[str, Any] = {
        "number": "1042",
        "invoice_date": date(2026, 10, 5),
        "due_date": date(2026, 11, 4),
        "delivery_date": date(2026, 9, 28),
        "seller": SELLER,
        "buyer": BUYER,
        "buyer_reference": "Åsa Öhman",
        "payment": PAYMENT,
        "rows": rows,
        "taxes": taxes,
        "net": net,
        "vat": vat,
        "total": net + vat + values.get("rounding", 0),
    }
    return PeppolDocument(**fields | values)


def credit_note(rows: Iterable[PeppolLine | PeppolText] | None = None, **values: Any) -> PeppolDocument:
    """A credit note of the invoice before."""
    fields: dict[str, Any] = {"kind": "credit_note", "original": ORIGINAL}
    return document(rows, **fields | values)


def eu_goods(**values: Any) -> PeppolDocument:
    """Goods sold to Germany."""
    fields: dict[str, Any] = {"buyer": GERMAN}
    return document([line(category=VatCategory.EU_GOODS, rate=0)], **fields | values)


# ---------------------------------------------------------------- any document

_SIGNS = st.one_of(
    st.sampled_from("&<>'\"]åäöÅÄÖéß€—… \t\r\n\u00a0\u2028\ufffe\x00\x0b\x1f\x85"),
    st.characters(codec="utf-8"),
)
"""What people paste, and what XML can and cannot hold."""


def texts(longest: int) -> st.SearchStrategy[str]:
    """Texts of which something can be seen."""
    return st.builds(
        "{}{}{}".format,
        st.text(_SIGNS, max_size=longest),
        st.sampled_from("aÖ&<"),
        st.text(_SIGNS, max_size=3),
    )


def _with_check_digit(payload: str) -> str:
    return payload + luhn.calc_check_digit(payload)


org_nos = st.from_regex(r"[1-9][0-9][2-9][0-9]{6}", fullmatch=True).map(_with_check_digit)
addresses = st.builds(
    PeppolAddress, street=texts(40), postcode=st.sampled_from(("11122", "")), city=texts(20)
)
maybe_text = st.none() | texts(60) | st.just(" \n")


@st.composite
def swedish_parties(draw: st.DrawFn) -> PeppolParty:
    """A Swedish company."""
    org_no = draw(org_nos)
    return PeppolParty(
        name=draw(texts(200)),
        org_no=org_no,
        vat_no=f"SE{org_no}01",
        address=draw(addresses),
        contact=draw(maybe_text),
        phone=draw(maybe_text),
        email=draw(maybe_text),
        seat=draw(maybe_text),
        f_tax=draw(st.booleans()),
    )


@st.composite
def eu_parties(draw: st.DrawFn) -> PeppolParty:
    """A company in another EU country, found by its VAT number."""
    vat_no = draw(st.sampled_from(EU_VAT_NUMBERS.split()))
    country = {"EL": "GR"}.get(vat_no[:2], vat_no[:2])
    return PeppolParty(
        name=draw(texts(200)), vat_no=vat_no, address=replace(draw(addresses), country=country)
    )


@st.composite
def overseas_parties(draw: st.DrawFn) -> PeppolParty:
    """A company outside the EU, found by its own address."""
    endpoint = draw(
        st.sampled_from(
            (
                PeppolEndpoint(scheme="0192", identifier="988077917"),
                PeppolEndpoint(scheme="0088", identifier="7300010000001"),
            )
        )
    )
    country = draw(st.sampled_from(("NO", "GB", "US", "CH")))
    return PeppolParty(
        name=draw(texts(200)), endpoint=endpoint, address=replace(draw(addresses), country=country)
    )


SWEDISH = (
    (VatCategory.STANDARD, 25),
    (VatCategory.STANDARD, 12),
    (VatCategory.STANDARD, 6),
    (VatCategory.EXEMPT, 0),
)
TREATMENTS: tuple[tuple[st.SearchStrategy[PeppolParty], tuple[tuple[VatCategory, int], ...]], ...] = (
    (swedish_parties(), SWEDISH),
    (swedish_parties(), ((VatCategory.REVERSE_CHARGE, 0), (VatCategory.STANDARD, 25))),
    (eu_parties(), ((VatCategory.EU_GOODS, 0), (VatCategory.REVERSE_CHARGE, 0))),
    (overseas_parties(), ((VatCategory.EXPORT, 0),)),
)
"""Buyers, and how sales to them may be taxed."""

_UNITS = st.sampled_from(("st", "tim", "Timmar", "m2", "förp.", "KG", "", "säck", "mil")) | texts(10)


@st.composite
def lines(draw: st.DrawFn, taxed: tuple[tuple[VatCategory, int], ...], *, off_by: int) -> PeppolLine:
    """A row, a deduction too; its amount is off by some öre where the rest of a row is credited."""
    category, rate = draw(st.sampled_from(taxed))
    row = line(
        description=draw(texts(200)),
        quantity=draw(st.decimals(-9_999_999, 9_999_999, places=3)),
        unit=draw(_UNITS),
        unit_price=draw(st.integers(-(10**9), 10**9) | st.integers(-1000, 1000)),
        discount_percent=draw(st.just(Decimal(0)) | st.decimals(0, 100, places=2)),
        category=category,
        rate=rate,
    )
    return replace(row, amount=row.amount + draw(st.integers(-off_by, off_by)))


@st.composite
def payments(draw: st.DrawFn) -> PeppolPayment:
    """One account or several."""
    return PeppolPayment(
        bankgiro=draw(st.sampled_from((parse_bankgiro("5050-1055"), "9912346"))),
        plusgiro=draw(st.sampled_from((None, "9020033"))),
        iban=draw(st.sampled_from((None, "SE4550000000058398257466"))),
        bic=draw(st.sampled_from((None, "ESSESESS", " "))),
        reference=draw(st.none() | st.integers(1, 10**20).map(lambda number: make_ocr(str(number)))),
    )


@st.composite
def documents(draw: st.DrawFn) -> PeppolDocument:
    """Any document that lacks nothing."""
    buyers, taxed = draw(st.sampled_from(TREATMENTS))
    credits_some = draw(st.booleans())
    sold = draw(st.lists(lines(taxed, off_by=5 if credits_some else 0), min_size=1, max_size=30))
    rows: list[PeppolLine | PeppolText] = list(sold)
    for place in draw(st.lists(st.integers(0, len(sold)), max_size=4)):
        rows.insert(place, PeppolText(draw(texts(100) | st.just(" "))))
    day = draw(st.dates(date(2000, 1, 1), date(2099, 1, 1)))
    plain = document(rows, reason="10 kap. mervärdesskattelagen", vat_differs=3 if credits_some else 0)
    rounding = round_half_up(Decimal(plain.total) / 100) * 100 - plain.total if draw(st.booleans()) else 0
    delivered = day - timedelta(days=3)
    return replace(
        plain,
        kind="credit_note" if credits_some and plain.total + rounding >= 0 else "invoice",
        number=draw(st.integers(1, 10**9).map(str)),
        invoice_date=day,
        due_date=day + timedelta(days=30),
        delivery_date=delivered
        if VatCategory.EU_GOODS in dict(taxed)
        else draw(st.sampled_from((None, delivered))),
        delivery_address=draw(st.none() | addresses.map(lambda address: replace(address, country="FI"))),
        seller=draw(swedish_parties()),
        buyer=draw(buyers),
        buyer_reference=draw(texts(60)),
        order_reference=draw(maybe_text),
        original=PeppolOriginal(number="7", date=day) if credits_some else None,
        payment=draw(payments()),
        payment_terms=draw(maybe_text),
        note=draw(maybe_text),
        rounding=rounding,
        total=plain.total + rounding,
        prepaid=draw(st.integers(0, 10**6)),
    )
