"""The page of a reminder or a collection notice, whatever is written in it."""

from datetime import date
from typing import Any, Literal

import pypdfium2
import pytest

from samklang.invoicing.page import Party
from samklang.ledger.dunning.model.letters import (
    CostLines,
    Debtor,
    DunningLine,
    InterestLine,
    Letter,
)
from samklang.ledger.dunning.pdf import render_letter
from samklang.ledger.dunning.shapes import sums_of
from samklang.ledger.dunning.words import email_of

SELLER = Party(
    name="Firman {0} AB",
    address=("Storgatan 1", "111 22 Stockholm"),
    org_no="556016-0680",
    email="anna@example.se",
    bankgiro="9912346",
)
DAY = date(2026, 11, 23)


def line(number: int, **values: Any) -> DunningLine:
    span = InterestLine(first=date(2026, 11, 1), last=DAY, days=23, principal=125_000, rate="10.00")
    usual: dict[str, Any] = {
        "invoice_id": f"inv_{number}",
        "invoice_number": number,
        "ocr": f"{number}7",
        "invoice_date": date(2026, 10, 1),
        "due_date": date(2026, 10, 31),
        "days_overdue": 23,
        "stage": "reminder_1",
        "about": "Konsultation",
        "invoiced": 125_000,
        "principal": 125_000,
        "interest": 788,
        "interest_spans": [span],
        "costs": CostLines(reminder_fee=6_000, collection_fee=0, compensation=0),
        "total": 131_788,
    }
    return DunningLine(**(usual | values))


def letter(
    *lines: DunningLine, kind: Literal["reminder", "collection_notice"] = "reminder", **values: Any
) -> Letter:
    usual: dict[str, Any] = {
        "letter_id": "let_1",
        "customer_id": "cus_1",
        "kind": kind,
        "day": DAY,
        "as_of": DAY,
        "pay_by": date(2026, 12, 3),
        "debtor": Debtor(name="Kund AB", number="1", org_no=None, kind="company", address=[], email=None),
        "lines": list(lines),
        "sums": sums_of(lines),
        "words": None,
        "objections_to": None,
    }
    return Letter(**(usual | values))


def pages(given: Letter) -> list[str]:
    document = pypdfium2.PdfDocument(render_letter(given, SELLER))
    return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


def test_a_letter_of_one_invoice_names_its_reference_and_is_the_same_every_time() -> None:
    one = letter(line(1001))
    (page,) = pages(one)
    assert "OCR-nummer 10017" in page
    assert "Bankgiro 991-2346" in page
    assert render_letter(one, SELLER) == render_letter(one, SELLER)


def test_a_long_letter_goes_on_over_pages_and_its_sums_stand_together() -> None:
    found = pages(letter(*(line(number) for number in range(1001, 1041))))
    assert len(found) > 1
    assert sum(f"{number} 2026-10-31" in page for page in found for number in range(1001, 1041)) == 40
    (last,) = [page for page in found if "Kapital 50 000,00 kr" in page]
    assert "Att betala 52 715,20 kr" in last


@pytest.mark.parametrize("words", ["{pay_by} {x}", "#set page(fill: red)", "مرحبا 请付款 😀", "A" * 190])
def test_words_that_people_write_are_printed_and_never_read_as_markup(words: str) -> None:
    given = letter(line(1001, about=words), kind="collection_notice", words=words, objections_to=words)
    found = " ".join(pages(given))
    assert "Inkassokrav" in found
    if words.isascii() and " " in words:
        assert found.count(words) == 3
    assert "Firman {0} AB" in email_of(given, SELLER).text


def test_without_interest_a_letter_does_not_say_that_interest_runs() -> None:
    (page,) = pages(letter(line(1001, interest_spans=[], interest=0, total=131_000)))
    assert "löper" not in page
