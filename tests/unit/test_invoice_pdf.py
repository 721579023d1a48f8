import re
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from samklang.formats.usingqr import read_usingqr
from samklang.invoicing.page import InvoicePage, PageRow, Party, TextRow, VatLine
from samklang.invoicing.pdf import _NOT_IN_FONTS, render_pdf

MM = 72 / 25.4
A4_WIDTH, A4_HEIGHT = 210 * MM, 297 * MM

SELLER = Party(
    name="Björks Snickeri & Måleri AB",
    address=("Ängsvägen 12", "451 40 Uddevalla"),
    org_no="555555-5555",
    vat_no="SE555555555501",
    seat="Uddevalla",
    email="faktura@exempel.se",
    phone="0522-123 45",
    f_tax=True,
    bankgiro="9912346",
    plusgiro="90 20 03-3",
    iban="SE45 5000 0000 0583 9825 7466",
    bic="ESSESESS",
    swish="123 456 78 90",
)
BUYER = Party(
    name="Östergrens Fastigheter AB",
    address=("Storgatan 5", "411 38 Göteborg"),
    org_no="556012-5790",
    vat_no="SE556012579001",
)
WORK = PageRow(
    description="Byte av fönster",
    quantity=Decimal("12.50"),
    unit="tim",
    unit_price=59500,
    discount_percent=Decimal("2.5"),
    vat_rate=25,
    amount=725156,
)
BOOK = PageRow(
    description="Handbok", quantity=Decimal(2), unit="st", unit_price=24900, vat_rate=6, amount=49800
)


def invoice(**values: Any) -> InvoicePage:
    fields: dict[str, Any] = {
        "number": "1042",
        "invoice_date": date(2026, 10, 5),
        "due_date": date(2026, 11, 4),
        "delivery_date": date(2026, 9, 28),
        "seller": SELLER,
        "buyer": BUYER,
        "your_reference": "Åsa Öhman",
        "our_reference": "Per Björk",
        "rows": (WORK, TextRow("Enligt offert 2026-114.\nEl ingick."), BOOK),
        "vat_lines": (VatLine(25, 725156, 181289), VatLine(6, 49800, 2988)),
        "net": 774956,
        "vat": 184277,
        "rounding": -33,
        "total": 959200,
        "ocr": "10420262",
        "late_interest_text": "Dröjsmålsränta enligt räntelagen.",
    }
    return InvoicePage(**fields | values)


def invoice_of(rows: tuple[PageRow | TextRow, ...], **values: Any) -> InvoicePage:
    net = sum(row.amount for row in rows if isinstance(row, PageRow))
    return invoice(
        rows=rows, vat_lines=(VatLine(0, net, 0),), net=net, vat=0, rounding=0, total=net, **values
    )


def credit_note(**values: Any) -> InvoicePage:
    return invoice(
        kind="credit_note", credited_number="1001", due_date=None, ocr=None, late_interest_text=None, **values
    )


def pages_of(pdf: bytes) -> list[str]:
    """Each page's text as it is copied, with line breaks and no-break spaces as spaces."""
    return [re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(pdf)]


def text_of(page: InvoicePage) -> str:
    return " ".join(pages_of(render_pdf(page)))


def codes_of(pdf: bytes, dots_per_inch: int = 150) -> set[str]:
    pages = (page.render(scale=dots_per_inch / 72).to_pil() for page in pypdfium2.PdfDocument(pdf))
    return {found.text for picture in pages for found in zxingcpp.read_barcodes(picture)}


def assert_inside_paper(pdf: bytes) -> None:
    """Every letter stands on the paper, inside the margins at the sides."""
    for page in pypdfium2.PdfDocument(pdf):
        letters = page.get_textpage()
        for index in range(letters.count_chars()):
            left, bottom, right, top = letters.get_charbox(index)
            if right > left:
                assert 17 * MM <= left < right <= A4_WIDTH - 17 * MM
                assert 5 * MM <= bottom < top <= A4_HEIGHT - 5 * MM


@pytest.mark.parametrize(
    "required",
    [
        "Fakturadatum 2026-10-05",
        "Fakturanummer 1042",
        "Momsreg.nr SE555555555501",
        "Ert momsreg.nr SE556012579001",
        "Björks Snickeri & Måleri AB Ängsvägen 12 451 40 Uddevalla",
        "Östergrens Fastigheter AB Storgatan 5 411 38 Göteborg",
        "Byte av fönster 12,5 tim 595,00 2,5 % 25 % 7 251,56",
        "Handbok 2 st 249,00 6 % 498,00",
        "Leveransdatum 2026-09-28",
        "Momssats Underlag Moms 25 % 7 251,56 1 812,89 6 % 498,00 29,88",
        "Summa exkl. moms 7 749,56",
        "Moms 1 842,77",
        "Öresavrundning −0,33",
        "Att betala 9 592,00 kr",
        "Förfallodatum 2026-11-04",
        "Betalningsvillkor 30 dagar netto",
        "Godkänd för F-skatt",
        "Org.nr 555555-5555",
        "Säte Uddevalla",
        "Bankgiro 991-2346",
        "OCR-nummer 10420262",
        "Er referens Åsa Öhman",
        "Vår referens Per Björk",
        "Enligt offert 2026-114. El ingick.",
        "Dröjsmålsränta enligt räntelagen.",
        "Sida 1 av 1",
    ],
)
def test_what_the_law_and_the_payer_need(required: str) -> None:
    assert required in text_of(invoice())


def test_reverse_charge_names_its_reason_and_no_rate() -> None:
    row = replace(BOOK, vat_rate=None)
    page = replace(
        invoice_of((row,), notes=("Omvänd betalningsskyldighet, 16 kap. 13 § ML",)),
        vat_lines=(VatLine(None, 49800, 0),),
    )
    text = text_of(page)
    assert "Omvänd betalningsskyldighet, 16 kap. 13 § ML" in text
    assert "Utan moms 498,00 0,00" in text


def test_a_column_for_discounts_only_when_there_are_any() -> None:
    assert "Rabatt" in text_of(invoice())
    assert "Rabatt" not in text_of(invoice_of((BOOK,)))


def test_what_is_not_given_leaves_no_label() -> None:
    bare = Party(name="Bo")
    text = text_of(invoice(seller=bare, buyer=bare, delivery_date=None, your_reference=None, ocr=None))
    for label in ("F-skatt", "Säte", "Bankgiro", "OCR", "Leveransdatum", "Er referens", "Swish", "Kontakt"):
        assert label not in text
    assert "Ange vid betalning Faktura 1042" in text


def test_the_codes_can_be_photographed() -> None:
    pdf = render_pdf(invoice())
    codes = codes_of(pdf)
    assert codes == codes_of(pdf, dots_per_inch=300)
    assert "C1234567890;9592.00;10420262;0" in codes
    (usingqr,) = (read_usingqr(text) for text in codes if text.startswith("{"))
    assert (usingqr.reference, usingqr.amount, usingqr.vat) == ("10420262", 959200, 184277)
    assert (usingqr.account, usingqr.due_date) == ("991-2346", date(2026, 11, 4))
    assert (usingqr.payee_name, usingqr.payee_org_no) == (SELLER.name, SELLER.org_no)


@pytest.mark.parametrize(
    ("seller", "account"),
    [
        (replace(SELLER, bankgiro=None), "902003-3"),
        (replace(SELLER, bankgiro=None, plusgiro=None), "SE4550000000058398257466"),
    ],
)
def test_the_code_names_the_account_there_is(seller: Party, account: str) -> None:
    (code,) = codes_of(render_pdf(invoice(seller=replace(seller, swish=None))))
    assert read_usingqr(code).account == account


def test_no_code_without_an_account_or_an_amount() -> None:
    unpayable = replace(SELLER, bankgiro=None, plusgiro=None, iban=None, swish=None)
    assert not codes_of(render_pdf(invoice(seller=unpayable)))
    free = render_pdf(invoice_of((replace(BOOK, unit_price=0, amount=0),)))
    assert not codes_of(free)
    assert "Betalas senast" not in pages_of(free)[0]


def test_a_long_name_keeps_the_code_readable() -> None:
    seller = replace(SELLER, name="Åäö" * 60)
    code = next(text for text in codes_of(render_pdf(invoice(seller=seller))) if text.startswith("{"))
    assert read_usingqr(code).payee_name == ("Åäö" * 60)[:50]


@pytest.mark.parametrize(
    "seller",
    [
        replace(SELLER, bankgiro="12"),
        replace(SELLER, bankgiro=None, plusgiro="abc"),
        replace(SELLER, swish="112"),
    ],
)
def test_what_is_no_account_is_refused(seller: Party) -> None:
    with pytest.raises(ValueError):
        render_pdf(invoice(seller=seller))


def test_a_credit_note() -> None:
    pdf = render_pdf(credit_note(credited_date=date(2026, 9, 1)))
    (text,) = pages_of(pdf)
    assert "Kreditfakturanummer 1042 Krediterar faktura 1001 från 2026-09-01" in text
    assert "Att kreditera 9 592,00 kr" in text
    assert "Att betala" not in text
    assert "OCR" not in text
    assert not codes_of(pdf)


def test_two_hundred_rows_over_several_pages() -> None:
    rows = tuple(replace(BOOK, description=f"Artikel {number:03}") for number in range(200))
    pdf = render_pdf(invoice_of(rows))
    pages = pages_of(pdf)
    assert len(pages) > 4
    assert re.findall(r"Artikel (\d{3})", " ".join(pages)) == [f"{number:03}" for number in range(200)]
    for number, text in enumerate(pages, start=1):
        assert f"Sida {number} av {len(pages)}" in text
        assert "Godkänd för F-skatt" in text
        assert ("Beskrivning Antal Enhet À-pris Moms Belopp" in text) == ("Artikel" in text)
        assert (f"{SELLER.name} · Faktura 1042" in text) == (number > 1)
    assert "Att betala 99 600,00 kr" in pages[-1]
    assert_inside_paper(pdf)


def test_nothing_leaves_the_paper() -> None:
    word = "Fastighetsförvaltningsaktiebolaget" * 6
    party = replace(
        SELLER,
        name=word,
        address=(word, "Lång gata " * 20),
        email=f"{word}@exempel.se",
        seat=word,
        phone="0" * 80,
    )
    most = 99_999_999_999_999
    row = PageRow(
        description=word,
        quantity=Decimal("-123456.789"),
        unit="förpackningsenheter",
        unit_price=-most,
        discount_percent=Decimal("12.55"),
        vat_rate=Decimal("25.5"),
        amount=most,
    )
    pdf = render_pdf(
        invoice_of(
            (row, TextRow(word)),
            seller=party,
            buyer=party,
            number="9" * 20,
            ocr="1" * 25,
            your_reference=word,
            our_reference=word,
            notes=(word, "Omvänd betalningsskyldighet. " * 30),
        )
    )
    assert_inside_paper(pdf)
    assert "".join(pages_of(pdf)).replace(" ", "").count(word) >= 8
    assert len(codes_of(pdf)) == 2


HOSTILE = (
    '#import "@preview/cetz:0.4.0"',
    '#read("/etc/passwd")',
    "#panic()",
    "*fet* _kursiv_ $x^2$ `kod` = Rubrik",
    "https://exempel.se/ <etikett> @hänvisning",
    '"] #eval("1+1") ["',
    "// kommentar /* slut */ \\u{41}",
    "a -- b --- c ... ~ 'd' \"e\"",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_markup_is_printed_as_it_was_typed(text: str) -> None:
    party = replace(BUYER, name=text, address=(text,))
    page = invoice_of((replace(BOOK, description=text, unit="#u"), TextRow(text)), buyer=party, notes=(text,))
    assert text_of(page).count(text) == 5


def test_the_title_and_author_are_plain_texts() -> None:
    pdf = pypdfium2.PdfDocument(render_pdf(invoice(seller=replace(SELLER, name="#panic() *AB*"))))
    assert pdf.get_metadata_value("Title") == "Faktura 1042"
    assert pdf.get_metadata_value("Author") == "#panic() *AB*"


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Bo\x00\x07\x1b[31m AB", "Bo[31m AB"),
        ("\u202eABC\u202c \u2066DEF\u2069 G\u200fH", "ABC DEF GH"),
        ("Z\u0336\u0335a\u0336lgo", "Zalgo"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("a\tb\r\nc\u2003d\u200be\ufeff", "a b c de"),
        ("\ud800Bo\udfff", "Bo"),
        ("株式会社 AB", "\ufffd\ufffd\ufffd\ufffd AB"),
        ("שלום 😀", "\ufffd\ufffd\ufffd\ufffd \ufffd"),
        ("Łódź Ελλάδα Москва ≤ € №", "Łódź Ελλάδα Москва ≤ € №"),
    ],
)
def test_signs_that_cover_or_turn_text_are_removed(typed: str, printed: str) -> None:
    assert f"Er referens {printed} Vår referens" in text_of(invoice(your_reference=typed))


def test_the_fonts_have_every_sign_that_is_let_through() -> None:
    allowed = [
        sign
        for sign in map(chr, range(0x20, 0x10000))
        if not _NOT_IN_FONTS.match(sign) and unicodedata.category(sign)[0] not in "CM"
    ]
    assert len(allowed) > 1500
    render_pdf(invoice(notes=(" ".join(allowed),)))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.text(max_size=80))
def test_any_text_can_be_typeset(long: str, short: str) -> None:
    party = Party(name=short, address=(short,), email=short, seat=short, org_no=short)
    row = replace(BOOK, description=long, unit=short)
    render_pdf(
        invoice_of((row, TextRow(long)), seller=party, buyer=party, your_reference=long, notes=(long, ""))
    )


def test_the_same_page_gives_the_same_bytes() -> None:
    pdf = render_pdf(invoice())
    assert pdf == render_pdf(invoice())
    assert pdf != render_pdf(invoice(number="1043"))
    assert pypdfium2.PdfDocument(pdf).get_metadata_value("CreationDate").startswith("D:20261005")


def test_it_is_made_for_the_archive_and_for_screen_readers() -> None:
    pdf = render_pdf(invoice())
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 959201},
        {"vat_lines": (VatLine(25, 725156, 181289),)},
        {"vat_lines": (VatLine(25, 774956, 181289),)},
        {"kind": "credit_note"},
    ],
)
def test_a_page_that_does_not_add_up_is_never_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        invoice(**wrong)
