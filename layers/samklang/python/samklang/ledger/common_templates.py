"""The templates that every company has, in the order a bureau would look for them."""

from __future__ import annotations

from samklang.ledger.model.templates import Template, TemplateRow

_Rows = tuple[tuple[str, str, str], ...]

_COMMON: dict[str, tuple[str, _Rows]] = {
    "bank-fee": ("Bankavgift", (("6570", "debit", "100"), ("1930", "credit", "100"))),
    "rent": (
        "Lokalhyra med moms",
        (("5010", "debit", "80"), ("2641", "debit", "20"), ("1930", "credit", "100")),
    ),
    "rent-no-vat": ("Lokalhyra utan moms", (("5010", "debit", "100"), ("1930", "credit", "100"))),
    "purchase-25": (
        "Inköp, 25 % moms",
        (("4000", "debit", "80"), ("2641", "debit", "20"), ("1930", "credit", "100")),
    ),
    "office-supplies": (
        "Kontorsmateriel, 25 % moms",
        (("6110", "debit", "80"), ("2641", "debit", "20"), ("1930", "credit", "100")),
    ),
    "software": (
        "Programvara, 25 % moms",
        (("5420", "debit", "80"), ("2641", "debit", "20"), ("1930", "credit", "100")),
    ),
    "fuel": (
        "Drivmedel, 25 % moms",
        (("5611", "debit", "80"), ("2641", "debit", "20"), ("1930", "credit", "100")),
    ),
    "expense-25": (
        "Utlägg, 25 % moms",
        (("6990", "debit", "80"), ("2641", "debit", "20"), ("2893", "credit", "100")),
    ),
    "card-settlement": ("Kortinlösen in på banken", (("1930", "debit", "100"), ("1580", "credit", "100"))),
    "cash-to-bank": ("Kassa in på banken", (("1930", "debit", "100"), ("1910", "credit", "100"))),
    "to-tax-account": (
        "Inbetalning till skattekontot",
        (("1630", "debit", "100"), ("1930", "credit", "100")),
    ),
    "from-tax-account": (
        "Återbetalning från skattekontot",
        (("1930", "debit", "100"), ("1630", "credit", "100")),
    ),
    "vat-from-tax-account": (
        "Moms dragen på skattekontot",
        (("2650", "debit", "100"), ("1630", "credit", "100")),
    ),
    "vat-to-tax-account": (
        "Moms tillbaka på skattekontot",
        (("1630", "debit", "100"), ("2650", "credit", "100")),
    ),
    "interest-received": ("Ränta på bankkontot", (("1930", "debit", "100"), ("8311", "credit", "100"))),
    "interest-paid": ("Räntekostnad", (("8410", "debit", "100"), ("1930", "credit", "100"))),
    "owner-deposit": ("Egen insättning", (("1930", "debit", "100"), ("2018", "credit", "100"))),
    "owner-withdrawal": ("Eget uttag", (("2013", "debit", "100"), ("1930", "credit", "100"))),
    "result-of-year": ("Årets resultat, vinst", (("8999", "debit", "100"), ("2099", "credit", "100"))),
    "result-carried": (
        "Resultat till balanserat resultat",
        (("2099", "debit", "100"), ("2091", "credit", "100")),
    ),
}
"""By id: Swedish name, and rows of account, side and percent of the amount with VAT."""

COMMON = {
    identifier: Template(
        template_id=identifier,
        own=False,
        name=name,
        text=name,
        rows=[TemplateRow.model_validate({"account": a, "side": s, "percent": p}) for a, s, p in rows],
    )
    for identifier, (name, rows) in _COMMON.items()
}
