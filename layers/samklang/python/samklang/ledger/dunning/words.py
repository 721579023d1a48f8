"""What customers read: on reminders and collection notices, and in the e-mails they come with. In Swedish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samklang.invoicing.letters import composed, contact
from samklang.platform.figures import NBSP, kronor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from samklang.invoicing.letters import Letter as Email
    from samklang.invoicing.page import Party
    from samklang.ledger.dunning.model.letters import Letter, LetterKind
    from samklang.ledger.dunning.model.settings import Stage

TITLES: Mapping[LetterKind, str] = {"reminder": "Påminnelse", "collection_notice": "Inkassokrav"}

STAGES: Mapping[Stage, str] = {
    "reminder_1": "Första påminnelsen",
    "reminder_2": "Andra påminnelsen",
    "reminder_3": "Tredje påminnelsen",
    "collection_notice": "Inkassokrav",
}

OPENINGS: Mapping[LetterKind, str] = {
    "reminder": (
        "Enligt våra noteringar är det som står nedan inte betalt. Vi ber dig betala det senast {pay_by}. "
        "Har du redan betalat kan du bortse från den här påminnelsen."
    ),
    "collection_notice": (
        "{seller}, org.nr {org_no}, har en fordran på dig enligt nedan. Trots att den är förfallen har den "
        "inte betalats. Betala senast {pay_by}, eller meddela oss inom samma tid om du har något att invända."
    ),
}

INTEREST_RUNS = "Dröjsmålsräntan löper på kapitalet till dess att du betalar."

CLOSINGS: Mapping[LetterKind, str] = {
    "reminder": "Har du frågor, eller något att invända mot kravet? Kontakta oss: {where}.",
    "collection_notice": (
        "Anser du att kravet är fel, helt eller delvis, ska du meddela det och skälen för det senast "
        "{pay_by} till: {where}.\n"
        "Betalar du inte, och invänder du inget, kan vi lämna ärendet till ett inkassoföretag eller ansöka "
        "om betalningsföreläggande hos Kronofogdemyndigheten. Det kan medföra ytterligare kostnader för dig."
    ),
}


def interest_row(number: int) -> str:
    """The row of an interest invoice that is a debt's interest; by it its credit is found."""
    return f"Dröjsmålsränta på faktura {number}"


def corrected(ore: int) -> str:
    """That interest which was invoiced too high or too low is set right."""
    return f"Rättelse av ränta som redan har fakturerats: {kronor(ore)}{NBSP}kr"


def email_of(letter: Letter, seller: Party) -> Email:
    """The e-mail a letter comes with."""
    name = " ".join(seller.name.split())
    if letter.kind == "reminder":
        opening = f"Här kommer en påminnelse från {name}. Den är bifogad som PDF, med allt som den avser."
    else:
        opening = f"Här kommer ett inkassokrav från {name}. Det är bifogat som PDF, med allt som det avser."
    facts = [
        ("Faktura", ", ".join(str(line.invoice_number) for line in letter.lines)),
        ("Att betala", f"{kronor(letter.sums.total)}{NBSP}kr"),
        ("Betalas senast", str(letter.pay_by)),
    ]
    closing = f"Har du frågor, eller något att invända? {contact(seller)}"
    return composed(f"{TITLES[letter.kind]} från {name}", opening, letter.words, facts, closing, name)
