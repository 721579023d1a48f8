"""By what a payer is recognised: organisation number, account and name as the bank gives them.

A payer's name comes in many forms: in capitals, without accents, with or without its legal form, and cut
at 35 characters (BgMax record 26, pos 3-37). :func:`normalise_name` makes them one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from samklang.formats.identity import format_org_no, parse_org_no
from samklang.platform.spelling import unaccented

if TYPE_CHECKING:
    from datetime import date

    from samklang.formats.incoming import IncomingPayment
    from samklang.payments.model.payers import PayerKind

NAME_LENGTH = 35
"""Characters of a payer's name that every format has room for."""


class PayerKey(NamedTuple):
    """One thing a payer is known by."""

    kind: PayerKind
    key: str
    """The same for the same payer, however the bank writes it."""
    shown: str
    """As a person reads it."""


def payer_keys(payment: IncomingPayment) -> list[PayerKey]:
    """What a payment's payer is known by, the surest first; what says nothing is left out."""
    keys: list[PayerKey] = []
    if org_no := _org_no(payment.payer_org_no or ""):
        keys.append(PayerKey("org_no", org_no, format_org_no(org_no)))
    if account := _account(payment.payer_account or ""):
        keys.append(PayerKey("account", account, _one_line(payment.payer_account or "")))
    if name := normalise_name(payment.payer_name or ""):
        keys.append(PayerKey("name", name, _one_line(payment.payer_name or "")))
    return keys


# ---------------------------------------------------------------- numbers


def _org_no(text: str) -> str:
    """Ten digits, or nothing: a bank may write anything, and a number that is nobody's tells nothing."""
    try:
        return parse_org_no(text)
    except ValueError:
        return ""


_ACCOUNT = re.compile(r"[0-9A-Z]{5,34}")
"""A giro number of five digits up to the longest IBAN; shorter ones are fillers rather than accounts."""


def _account(text: str) -> str:
    """An account without blanks, dashes and the zeros some banks fill it with; nothing if it is none."""
    compact = re.sub(r"[\s.-]", "", text).upper().lstrip("0")
    return compact if _ACCOUNT.fullmatch(compact) and len(set(compact)) > 1 else ""


# ---------------------------------------------------------------- names

_LEGAL_FORMS = frozenset(
    {
        *("ab", "aktiebolag", "aktiebolaget", "publ"),
        *("hb", "handelsbolag", "handelsbolaget", "kb", "kommanditbolag", "kommanditbolaget"),
        *("ef", "firma", "enskild", "ek", "for", "ekonomisk", "forening"),
        *("as", "asa", "aps", "oy", "oyj", "ltd", "gmbh"),
    }
)
_CONNECTIVES = frozenset({"och", "and"})
"""What a sign that banks drop, &, may be written as."""
_NOBODY = frozenset({"notprovided", "not provided", "okand", "unknown", "anonym", "kund", "privat", "swish"})
"""What stands in the place of a name without being one, normalised."""
_FEWEST_LETTERS = 3


def normalise_name(text: str) -> str:
    """A name as names are compared, or nothing when it tells too little.

    ``"Kalles Plåt & Söner AB"``, ``"KALLES PLAT OCH SONER"`` and ``"Aktiebolaget Kalles Plåt Söner"`` are
    all ``"kalles plat soner"``. Only the first 35 characters count, as in BgMax.
    """
    cut = _one_line(text)[:NAME_LENGTH]
    words = re.findall(r"[^\W_]+", unaccented(cut))
    if (
        words
        and len(cut.rstrip()) == NAME_LENGTH
        and any(each.startswith(words[-1]) for each in _LEGAL_FORMS)
    ):
        words.pop()  # a legal form that was cut, such as "aktieb"
    name = " ".join(word for word in words if word not in _LEGAL_FORMS and word not in _CONNECTIVES)
    if name in _NOBODY or sum(character.isalpha() for character in name) < _FEWEST_LETTERS:
        return ""
    return name


def _one_line(text: str) -> str:
    """A text with its characters composed and its blanks single, so that equal texts are cut at one place."""
    return " ".join(unicodedata.normalize("NFC", text).split())


# ---------------------------------------------------------------- in words

_CALLED: dict[PayerKind, str] = {"org_no": "Organisation number", "account": "Account", "name": "Payer"}


def learned_reason(
    kind: PayerKind, shown: str, customer_name: str, invoice_number: int | None, day: date
) -> str:
    """Why a payer is taken for a customer: a person registered what it paid, on ``day``.

    Args:
        kind: what it was recognised by.
        shown: how that stood in the file.
        customer_name: whose invoice it was.
        invoice_number: what it paid; None when it was put on account.
        day: when that was learned.
    """
    paid = f"paid invoice {invoice_number} of" if invoice_number else "paid on account for"
    return f"{_CALLED[kind]} {shown} {paid} {customer_name} on {day}."


def customer_reason(kind: PayerKind, shown: str, customer_name: str) -> str:
    """Why a payer is taken for a customer: the register has the same number, account or name."""
    if kind == "org_no" and _org_no(shown):
        shown = format_org_no(shown)
    is_that_of = "has the same name as" if kind == "name" else "is that of"
    return f"{_CALLED[kind]} {shown} {is_that_of} {customer_name}."
