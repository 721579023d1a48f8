"""What a customer reads in the e-mail an invoice comes with, and what a client reads when it does not arrive.

In Swedish. Nothing here knows of e-mail itself: a letter is a subject, a text, and the same as HTML.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from samklang.formats.usingqr import AccountType, giro_with_hyphen
from samklang.platform.figures import NBSP, kronor

if TYPE_CHECKING:
    from samklang.invoicing.page import InvoicePage, Party


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes with an invoice."""

    subject: str
    text: str
    html: str


def invoice_letter(page: InvoicePage, remaining: int, message: str | None) -> Letter:
    """The letter with an invoice or a credit note.

    Args:
        page: what stands on the attached page.
        remaining: öre left to pay; on an invoice that is sent again it may be less than the total.
        message: what the company itself wants to say.
    """
    kind = "faktura" if page.kind == "invoice" else "kreditfaktura"
    seller = _line(page.seller.name)
    opening = f"Här kommer {kind} {page.number} från {seller}. Den är bifogad som PDF."
    facts = _facts(page, remaining)
    closing = f"Har du frågor om {kind}n? {contact(page.seller)}"
    subject = f"{kind.capitalize()} {page.number} från {seller}"
    return composed(subject, opening, message, facts, closing, seller)


def composed(
    subject: str, opening: str, message: str | None, facts: list[tuple[str, str]], closing: str, seller: str
) -> Letter:
    """A letter of these parts, greeting and name around them: as text, and the same as HTML."""
    footer = f"Skickat via Samklang på uppdrag av {seller}."
    text = "\n\n".join(
        [
            "Hej!",
            opening,
            *([message] if message else []),
            "\n".join(f"{label}: {value}" for label, value in facts),
            closing,
            f"Vänliga hälsningar\n{seller}",
            footer,
        ]
    )
    return Letter(subject, f"{text}\n", _html(opening, message, facts, closing, seller, footer))


def _facts(page: InvoicePage, remaining: int) -> list[tuple[str, str]]:
    """Labels and values, in the order in which one pays."""
    if page.kind == "credit_note":
        facts = [("Att kreditera", _amount(page.total))]
        if page.credited_number:
            facts.append(("Krediterar faktura", page.credited_number))
        return facts
    if remaining <= 0:
        return [("Belopp", _amount(page.total)), ("Kvar att betala", _amount(0))]
    facts = [("Att betala", _amount(page.total))]
    if remaining != page.total:
        facts = [("Belopp", _amount(page.total)), ("Kvar att betala", _amount(remaining))]
    if page.due_date:
        facts.append(("Förfallodatum", str(page.due_date)))
    facts += _account(page.seller)
    facts.append(("OCR-nummer", page.ocr) if page.ocr else ("Ange vid betalning", f"Faktura {page.number}"))
    return facts


def _account(seller: Party) -> list[tuple[str, str]]:
    """Where to pay: bankgiro, else plusgiro, else IBAN, as on the page."""
    if seller.bankgiro:
        return [("Bankgiro", giro_with_hyphen(seller.bankgiro, AccountType.BANKGIRO))]
    if seller.plusgiro:
        return [("Plusgiro", seller.plusgiro)]
    if seller.iban:
        return [("IBAN", seller.iban)]
    return []


def contact(seller: Party) -> str:
    """How to reach the company, as a sentence."""
    ways = [f"ring {_line(seller.phone)}"] if seller.phone else []
    if seller.email:
        ways.insert(0, f"svara på det här mejlet eller skriv till {seller.email}")
    return f"{_sentence(', eller '.join(ways))}." if ways else f"Kontakta {_line(seller.name)}."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _html(
    opening: str, message: str | None, facts: list[tuple[str, str]], closing: str, seller: str, footer: str
) -> str:
    """The letter as a page that every mail reader shows: no images, no styles but a few of its own."""
    cell = 'style="padding:2px 16px 2px 0;text-align:left;font-weight:normal"'
    rows = "".join(
        f'<tr><th scope="row" {cell}>{escape(label)}</th><td><strong>{escape(value)}</strong></td></tr>'
        for label, value in facts
    )
    paragraphs = ["Hej!", escape(opening), *([_lines(message)] if message else [])]
    return (
        '<!doctype html><html lang="sv"><head><meta charset="utf-8"></head>'
        '<body style="font-family:sans-serif;line-height:1.5;color:#1b1b1b">'
        + "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        + f'<table style="border-collapse:collapse">{rows}</table>'
        + f"<p>{escape(closing)}</p><p>Vänliga hälsningar<br>{escape(seller)}</p>"
        + f'<p style="color:#5b5b5b;font-size:smaller">{escape(footer)}</p></body></html>\n'
    )


def _lines(message: str) -> str:
    return "<br>".join(escape(line) for line in message.split("\n"))


def _line(text: str) -> str:
    """Names may hold line breaks; in a sentence they are blanks."""
    return " ".join(text.split())


def _amount(ore: int) -> str:
    return f"{kronor(ore)}{NBSP}kr"


# ---------------------------------------------------------------- when it does not arrive

_BOUNCES = {
    "NoEmail": "Mottagarens e-postserver hittade ingen e-postadress. Kontrollera adressen och skicka igen.",
    "Suppressed": (
        "Adressen är spärrad, eftersom tidigare mejl dit har kommit tillbaka eller anmälts som skräppost. "
        "Skicka till en annan adress."
    ),
    "MailboxFull": "Mottagarens brevlåda är full. Skicka igen senare, eller till en annan adress.",
    "MessageTooLarge": "Mejlet är större än mottagaren tar emot. Skicka fakturan på ett annat sätt.",
    "ContentRejected": (
        "Mottagarens e-postserver tar inte emot mejlets innehåll. Skicka fakturan på ett annat sätt."
    ),
    "AttachmentRejected": (
        "Mottagarens e-postserver tar inte emot den bifogade filen. Skicka fakturan på ett annat sätt."
    ),
}
_SUPPRESSED = {"OnAccountSuppressionList", "OnTenantSuppressionList", "Suppressed"}


def bounce_reason(kind: str, subtype: str) -> str:
    """Why an e-mail came back, and what to do.

    Args:
        kind: SES's ``bounceType``: ``Permanent``, ``Transient`` or ``Undetermined``.
        subtype: SES's ``bounceSubType``.
    """
    known = _BOUNCES.get("Suppressed" if subtype in _SUPPRESSED else subtype)
    if known:
        return known
    if kind == "Permanent":
        return "Adressen finns inte eller tar inte emot e-post. Kontrollera adressen och skicka igen."
    if kind == "Transient":
        return (
            "Mottagarens e-postserver lämnade inte fram mejlet, eller svarade med ett automatiskt svar. "
            "Kontrollera med kunden, eller skicka igen."
        )
    return "Mejlet kom tillbaka utan förklaring. Kontrollera adressen och skicka igen."


COMPLAINT = "Mottagaren har anmält mejlet som skräppost. Tala med kunden innan du skickar igen."
REJECTED = "Mejlet stoppades, eftersom bilagan togs för skadlig kod. Kontakta supporten."
REFUSED = "Mejlet kunde inte skickas till adressen. Kontrollera den och skicka igen."
GIVEN_UP = "Mejlet kunde inte skickas trots flera försök. Skicka igen, eller hämta fakturan som PDF."
