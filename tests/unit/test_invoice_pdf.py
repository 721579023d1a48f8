import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from samklang.formats.usingqr import read_usingqr
from samklang.invoicing.page import InvoicePage, PageRow, Party, TextRow, VatLine
from samklang.invoicing.pdf import _NOT_IN_FONTS, render_pdf
from samklang.platform.shapes import Code, Line, Name

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
        "customer_number": "1007",
        "your_reference": "Åsa Öhman",
        "order_reference": "PO-4711",
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


def draft_of(rows: list[PageRow]) -> InvoicePage:
    return replace(invoice_of(tuple(rows)), draft=True, number=None, ocr=None)


def credit_note(**values: Any) -> InvoicePage:
    return invoice(
        kind="credit_note", credited_number="1001", due_date=None, ocr=None, late_interest_text=None, **values
    )


def draft(**values: Any) -> InvoicePage:
    return invoice(draft=True, number=None, ocr=None, **values)


def png(width: int, height: int, mode: str = "RGBA") -> bytes:
    written = BytesIO()
    Image.new(mode, (width, height), "#b3541e" if mode != "L" else 90).save(written, "PNG")
    return written.getvalue()


def jpeg(width: int, height: int) -> bytes:
    written = BytesIO()
    Image.new("RGB", (width, height), "#b3541e").save(written, "JPEG")
    return written.getvalue()


SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 10">'
    b'<path fill="#b3541e" fill-opacity="0.9" d="M0 0h30v10h-30z"/></svg>'
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
        "Kundnummer 1007",
        "Ert ordernummer PO-4711",
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


def test_grounds_for_no_vat_are_told_apart() -> None:
    goods = replace(BOOK, vat_rate=None, vat_label="Export")
    service = replace(BOOK, vat_rate=None, vat_label="Tjänster utanför EU", amount=10000)
    page = replace(
        invoice_of((goods, service)),
        vat_lines=(VatLine(None, 49800, 0, "Export"), VatLine(None, 10000, 0, "Tjänster utanför EU")),
    )
    text = text_of(page)
    assert "Handbok Export 2 st 249,00 – 498,00 Handbok Tjänster utanför EU 2 st" in text
    assert "Export 498,00 0,00 Tjänster utanför EU 100,00 0,00" in text


def test_a_single_ground_stands_with_the_sums_alone() -> None:
    row = replace(BOOK, vat_rate=None, vat_label="Export")
    text = text_of(replace(invoice_of((row,)), vat_lines=(VatLine(None, 49800, 0, "Export"),)))
    assert "Handbok 2 st 249,00 – 498,00" in text
    assert "Export 498,00 0,00" in text
    assert text.count("Export") == 1


def test_where_the_goods_went() -> None:
    text = text_of(invoice(delivery_address=("Lagret", "Hamngatan 3", "431 53 Mölndal")))
    assert "Leveransadress Lagret Hamngatan 3 431 53 Mölndal" in text


def test_a_column_for_discounts_only_when_there_are_any() -> None:
    assert "Rabatt" in text_of(invoice())
    assert "Rabatt" not in text_of(invoice_of((BOOK,)))


def test_what_is_not_given_leaves_no_label() -> None:
    bare = Party(name="Bo")
    text = text_of(invoice(seller=bare, buyer=bare, delivery_date=None, your_reference=None, ocr=None))
    for label in ("F-skatt", "Säte", "Bankgiro", "OCR", "Leverans", "Er referens", "Swish", "Kontakt"):
        assert label not in text
    assert "Ange vid betalning Faktura 1042" in text


def test_the_codes_can_be_photographed() -> None:
    pdf = render_pdf(invoice())
    codes = codes_of(pdf)
    assert codes == codes_of(pdf, dots_per_inch=300)
    assert "C1234567890;9592,00;10420262;0" in codes
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
    pdf = render_pdf(
        credit_note(credited_date=date(2026, 9, 1), notes=("Beloppet räknas av mot faktura 1001.",))
    )
    (text,) = pages_of(pdf)
    assert "Beloppet räknas av mot faktura 1001." in text
    assert "Betalas senast" not in text
    assert "Handbok 2 st 249,00 6 % 498,00" in text
    assert "Kreditfakturanummer 1042 Krediterar faktura 1001 från 2026-09-01" in text
    assert "Att kreditera 9 592,00 kr" in text
    assert "Att betala" not in text
    assert "OCR" not in text
    assert not codes_of(pdf)


# ---------------------------------------------------------------- drafts


def test_a_draft_is_marked_and_cannot_be_paid() -> None:
    pdf = render_pdf(draft())
    (text,) = pages_of(pdf)
    assert "Fakturautkast" in text
    assert "UTKAST" in text
    assert "Att betala 9 592,00 kr" in text
    for absent in ("Fakturanummer", "1042", "Betalas senast", "OCR", "Ange vid betalning", "Bankens app"):
        assert absent not in text
    assert not codes_of(pdf)
    assert pypdfium2.PdfDocument(pdf).get_metadata_value("Title") == "Fakturautkast"
    assert_inside_paper(pdf)


def test_every_page_of_a_draft_is_marked() -> None:
    pages = pages_of(render_pdf(draft_of([BOOK] * 100)))
    assert len(pages) == 3
    assert all("UTKAST" in text for text in pages)
    assert all(f"{SELLER.name} · Fakturautkast Sida" in text for text in pages[1:])


def test_a_draft_may_lack_a_date() -> None:
    page = draft(invoice_date=None, due_date=None)
    text = text_of(page)
    assert "Fakturadatum" not in text
    assert "Betalningsvillkor" not in text
    created = pypdfium2.PdfDocument(render_pdf(page)).get_metadata_value("CreationDate")
    assert created.startswith("D:20000101")


def test_a_draft_of_a_credit_note() -> None:
    text = text_of(replace(credit_note(), draft=True, number=None))
    assert "Utkast till kreditfaktura" in text
    assert "UTKAST" in text
    assert "Krediterar faktura 1001" in text


def test_an_invoice_is_not_marked() -> None:
    assert "UTKAST" not in text_of(invoice())


# ---------------------------------------------------------------- logos


def images_of(pdf: bytes) -> list[tuple[float, float, float, float]]:
    """Left, bottom, right and top in mm of each bitmap on the first page."""
    page = pypdfium2.PdfDocument(pdf)[0]
    images = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
    return [tuple(side / MM for side in image.get_bounds()) for image in images]


def root_of(pdf: bytes) -> Any:
    """The file's catalogue, as dictionaries and lists."""
    return pypdf.PdfReader(BytesIO(pdf)).root_object


def alternative_texts(pdf: bytes) -> list[str]:
    """What a screen reader says of each figure."""

    def walk(node: Any) -> Iterator[str]:
        node = node.get_object()
        if isinstance(node, list):
            for child in node:
                yield from walk(child)
        elif isinstance(node, dict):
            if "/Alt" in node:
                yield str(node["/Alt"])
            if "/K" in node:
                yield from walk(node["/K"])

    return [*walk(root_of(pdf)["/StructTreeRoot"])]


@pytest.mark.parametrize(
    ("logo", "width", "height"),
    [
        (png(1200, 200), 60, 10),
        (jpeg(1200, 200), 60, 10),
        (png(300, 600), 11, 22),
        (png(800, 800, "L"), 22, 22),
        (png(50, 25), 12.7, 6.35),
    ],
    ids=["wide", "JPEG", "tall", "grey", "tiny"],
)
def test_a_logo_keeps_its_shape_and_its_bounds(logo: bytes, width: float, height: float) -> None:
    pdf = render_pdf(invoice(logo=logo))
    ((left, bottom, right, top),) = images_of(pdf)
    assert (right - left, top - bottom) == pytest.approx((width, height), abs=0.1)
    assert left == pytest.approx(18, abs=0.1)
    assert 297 - 20 >= top > bottom >= 297 - 20 - 22.1


def test_a_drawn_logo_fills_its_bounds() -> None:
    page = pypdfium2.PdfDocument(render_pdf(invoice(logo=SVG)))[0]
    head = page.render(scale=10 / MM).to_pil().crop((0, 0, 1050, 450)).convert("L")
    left, top, right, bottom = head.point(lambda value: 255 * (value < 200)).getbbox()
    assert (right - left, bottom - top) == pytest.approx((600, 200), abs=3)


def test_a_logo_takes_the_place_of_the_name_at_the_head_only() -> None:
    pdf = render_pdf(invoice(logo=png(600, 200)))
    (text,) = pages_of(pdf)
    assert text.count(SELLER.name) == 1
    assert f"Adress {SELLER.name} Ängsvägen 12" in text
    assert alternative_texts(pdf)[0] == SELLER.name
    assert not images_of(render_pdf(invoice()))


def test_a_logo_that_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="no PNG, JPEG or SVG"):
        render_pdf(invoice(logo=b"GIF89a"))


# ---------------------------------------------------------------- pages


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


@pytest.mark.parametrize("count", range(8, 24))
def test_sums_stand_with_a_row_before_them_and_the_way_to_pay_after(count: int) -> None:
    pdf = render_pdf(invoice_of((BOOK,) * count))
    *others, last = pages_of(pdf)
    assert re.search(r"Belopp (Handbok.*){2}Summa exkl. moms.*Betalning Att betala.*OCR-nummer", last)
    assert not any("Summa exkl. moms" in text for text in others)
    assert " ".join((*others, last)).count("Handbok") == count
    assert_inside_paper(pdf)


@pytest.mark.parametrize("lines", [1, 5, 20, 45])
def test_long_rows_and_notes_give_way_to_the_sums(lines: int) -> None:
    words = "Lång text om allt som gjordes hos kunden, rad för rad.\n" * lines
    rows = tuple(replace(BOOK, description=f"{number} {words}") for number in range(4))
    pdf = render_pdf(invoice_of(rows, notes=(words, "Sista ordet.")))
    text = " ".join(pages_of(pdf))
    assert text.count("rad för rad.") == 5 * lines
    assert "Sista ordet." in text
    assert re.search("Summa exkl. moms.*OCR-nummer", next(page for page in pages_of(pdf) if "Summa" in page))
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
    assert f"Er referens {printed} Ert ordernummer" in text_of(invoice(your_reference=typed))


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


def accepted(shape: Any, longest: int) -> st.SearchStrategy[str]:
    """Texts that a request may hold."""
    adapter: TypeAdapter[str] = TypeAdapter(shape)
    visible = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp"), include_characters="\n")

    def passes(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return True

    return st.text(visible, min_size=1, max_size=longest).filter(passes).map(adapter.validate_python)


NAMES, LINES, CODES = accepted(Name, 100), accepted(Line, 200), accepted(Code, 30)
AMOUNTS = st.integers(-(10**11), 10**11)
ROWS = st.builds(
    PageRow,
    description=LINES,
    quantity=st.decimals(Decimal("0.001"), 9_999_999, places=3),
    unit=st.just("st"),
    unit_price=AMOUNTS,
    vat_rate=st.just(0),
    amount=AMOUNTS,
)


def figures(number: Decimal | int, decimals: int | None = None) -> str:
    """A number as a Swede reads it; öre with two decimals."""
    text = f"{Decimal(number).scaleb(-2):,.2f}" if decimals else f"{Decimal(number).normalize():,f}"
    return text.replace(",", " ").replace(".", ",").replace("-", "−")


@settings(max_examples=40)
@given(
    names=st.tuples(NAMES, NAMES, NAMES, NAMES),
    lines=st.tuples(LINES, LINES, LINES),
    codes=st.tuples(CODES, CODES),
    rows=st.lists(ROWS, min_size=1, max_size=4),
)
def test_what_requests_may_hold_is_printed_with_its_figures(
    names: tuple[str, ...], lines: tuple[str, ...], codes: tuple[str, ...], rows: list[PageRow]
) -> None:
    seller = Party(name=names[0], address=lines[:2], phone=codes[0], seat=names[1])
    page = invoice_of(
        (TextRow(lines[2]), *rows),
        seller=seller,
        buyer=replace(seller, name=names[2], org_no=codes[1]),
        your_reference=names[3],
        order_reference=names[1],
        notes=(lines[0],),
        number=codes[0],
        ocr="1042",
    )
    text = text_of(page)
    at = 0
    for row in rows:
        written = " ".join(
            (figures(row.quantity), "st", figures(row.unit_price, 2), "0 %", figures(row.amount, 2))
        )
        at = text.find(written, at) + len(written)
        assert at >= len(written), f"{written} is missing or out of order"
    assert f"Summa exkl. moms {figures(page.net, 2)} Moms 0,00" in text[at:]


def test_the_same_page_gives_the_same_bytes() -> None:
    pdf = render_pdf(invoice(logo=png(60, 20)))
    assert pdf == render_pdf(invoice(logo=png(60, 20)))
    assert pdf != render_pdf(invoice(number="1043"))
    assert pypdfium2.PdfDocument(pdf).get_metadata_value("CreationDate").startswith("D:20261005")


@pytest.mark.parametrize(
    "page",
    [invoice(), draft(), invoice(logo=png(60, 20)), invoice(logo=jpeg(60, 20)), invoice(logo=SVG)],
    ids=["invoice", "draft", "PNG", "JPEG", "SVG"],
)
def test_it_is_made_for_the_archive_and_for_screen_readers(page: InvoicePage) -> None:
    pdf = render_pdf(page)
    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    root = root_of(pdf)
    assert root["/Lang"] == "sv-SE"
    assert root["/MarkInfo"]["/Marked"]


def test_the_fonts_are_in_the_file() -> None:
    (page,) = root_of(render_pdf(invoice()))["/Pages"]["/Kids"]
    fonts = [font.get_object() for font in page.get_object()["/Resources"]["/Font"].values()]
    assert len(fonts) == 2
    for font in fonts:
        assert "LibertinusSerif" in font["/BaseFont"]
        assert "/FontFile3" in font["/DescendantFonts"][0].get_object()["/FontDescriptor"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": 959201},
        {"vat_lines": (VatLine(25, 725156, 181289),)},
        {"vat_lines": (VatLine(25, 774956, 181289),)},
        {"kind": "credit_note"},
        {"draft": True},
        {"number": None},
        {"number": ""},
        {"invoice_date": None},
    ],
)
def test_a_page_that_does_not_add_up_is_never_made(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        invoice(**wrong)
