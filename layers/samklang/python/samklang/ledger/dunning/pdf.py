"""A reminder or a collection notice as PDF (PDF/A-2a, PDF/UA-1), in the same hand as the invoice.

A collection notice says what inkassolagen (1974:182) 5 § asks for: whose the claim is and its ground;
principal, interest and costs apart; of the interest its amount, rate, time and principal; until when to pay,
and until when and where to object.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import typst

from samklang.invoicing.pdf import bankgiro_of, footer_columns, labelled, printable_data
from samklang.ledger.dunning.words import CLOSINGS, INTEREST_RUNS, OPENINGS, STAGES, TITLES, corrected
from samklang.platform.figures import NBSP, decimal, kronor

if TYPE_CHECKING:
    from samklang.invoicing.page import Party
    from samklang.invoicing.pdf import Data
    from samklang.ledger.dunning.model.letters import DunningLine, Letter

_TEMPLATE = Path(__file__).with_name("letter.typ")
_ROOT = Path(__file__).parents[2]
"""Where the template finds what it shares with the invoice."""


def render_letter(letter: Letter, seller: Party) -> bytes:
    """Typeset a letter: the same bytes every time for the same letter and seller."""
    pdf = _compiler().compile(
        format="pdf",
        sys_inputs={"letter": json.dumps(printable_data(_data(letter, seller)))},
        timestamp=datetime.combine(letter.day, time(), UTC),
        pdf_standards=["a-2a", "ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no single document")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(str(_TEMPLATE), root=str(_ROOT), ignore_system_fonts=True)


def _data(letter: Letter, seller: Party) -> Data:
    title = TITLES[letter.kind]
    return {
        "title": title,
        "name": f"{title} {letter.day}",
        "seller": seller.name,
        "debtor": [letter.debtor.name, *letter.debtor.address],
        "facts": labelled(
            ("Datum", str(letter.day)),
            ("Betalas senast", str(letter.pay_by)),
            ("Kundnummer", letter.debtor.number),
            ("Ert org.nr", letter.debtor.org_no if letter.debtor.kind == "company" else None),
        ),
        "opening": _opening(letter, seller),
        "debts": [_debt(line) for line in letter.lines],
        "sums": labelled(*_sums(letter)),
        "total": ["Att betala", _amount(letter.sums.total)],
        "payment": labelled(*_payment(letter, seller)),
        "closing": _closing(letter, seller),
        "footer": footer_columns(seller),
    }


def _opening(letter: Letter, seller: Party) -> Data:
    words = OPENINGS[letter.kind].format(
        seller=seller.name, org_no=seller.org_no or "", pay_by=letter.pay_by, as_of=letter.as_of
    )
    return [words, *([letter.words] if letter.words else [])]


def _debt(line: DunningLine) -> Data:
    """A debt's figures, and what is said below them."""
    costs = line.costs.reminder_fee + line.costs.collection_fee + line.costs.compensation
    dates = f"Fakturadatum {line.invoice_date}, {line.days_overdue} dagar försenad"
    notes = [f"{STAGES[line.stage]}. Avser: {line.about}. {dates}. OCR-nummer {line.ocr}."]
    if line.invoiced != line.principal:
        notes.append(f"Fakturerat {_amount(line.invoiced)}, kvar att betala {_amount(line.principal)}.")
    notes += [
        f"Ränta {decimal(span.rate)}{NBSP}% på {_amount(span.principal)} från {span.first} till och med "
        f"{span.last}, {span.days} dagar."
        for span in line.interest_spans
    ]
    if line.interest_correction:
        notes.append(f"{corrected(line.interest_correction)}.")
    figures: list[Data] = [str(line.invoice_number), str(line.due_date)]
    figures += [kronor(amount) for amount in (line.principal, line.interest, costs, line.total)]
    return {"figures": figures, "notes": [*notes]}


def _sums(letter: Letter) -> tuple[tuple[str, str | None], ...]:
    def cost(name: str) -> int:
        return sum(getattr(line.costs, name) for line in letter.lines)

    sums = letter.sums
    return (
        ("Kapital", _amount(sums.principal)),
        (f"Dröjsmålsränta till och med {letter.as_of}", _amount(sums.interest)),
        ("Påminnelseavgift", _some(cost("reminder_fee"))),
        ("Ersättning för inkassokrav", _some(cost("collection_fee"))),
        ("Förseningsersättning", _some(cost("compensation"))),
    )


def _payment(letter: Letter, seller: Party) -> tuple[tuple[str, str | None], ...]:
    single = letter.lines[0].ocr if len(letter.lines) == 1 else None
    return (
        ("Betalas senast", str(letter.pay_by)),
        ("Bankgiro", bankgiro_of(seller)),
        ("Plusgiro", seller.plusgiro),
        ("IBAN", seller.iban),
        ("Swish", seller.swish),
        ("OCR-nummer", single),
        ("Ange vid betalning", None if single else "Varje fakturas OCR-nummer, eller fakturanumren"),
    )


def _closing(letter: Letter, seller: Party) -> Data:
    where = letter.objections_to or ", ".join(
        filter(None, (seller.name, *seller.address, seller.email, seller.phone))
    )
    words = CLOSINGS[letter.kind].format(where=where, pay_by=letter.pay_by)
    interest_runs = any(line.interest_spans for line in letter.lines)
    return [*([INTEREST_RUNS] if interest_runs else []), *words.split("\n")]


def _amount(ore: int) -> str:
    return f"{kronor(ore)}{NBSP}kr"


def _some(ore: int) -> str | None:
    return _amount(ore) if ore else None
