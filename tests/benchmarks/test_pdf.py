"""How many invoices a warm process prints each second, against the least typst takes for any page.

Ratios count, not seconds: all sides are timed in the same run, in turns, and the best of each is taken.
Every page printed is a new one, since typst remembers what it has typeset.
"""

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import typst
from PIL import Image

from samklang.formats.ocr import make_ocr
from samklang.invoicing.logo import MAX_BYTES
from samklang.invoicing.page import InvoicePage, PageRow, Party, VatLine
from samklang.invoicing.pdf import render_pdf
from tests.benchmarks.test_readers import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

SELLER = Party(
    name="Björks Snickeri & Måleri AB",
    address=("Ängsvägen 12", "451 40 Uddevalla"),
    org_no="556012-5790",
    vat_no="SE556012579001",
    seat="Uddevalla",
    email="faktura@example.se",
    f_tax=True,
    bankgiro="991-2346",
    swish="1231111111",
)
BUYER = Party(name="Kund AB", address=("Kungsgatan 1", "111 22 Stockholm"), org_no="556016-0680")
ROW = PageRow(
    description="Byte av fönster, andra våningen mot gården",
    quantity=Decimal("12.5"),
    unit="tim",
    unit_price=59500,
    vat_rate=25,
    amount=743750,
)
LEAST = """#set document(title: "Faktura", date: auto)
#set text(font: "Libertinus Serif", lang: "sv")
Faktura #sys.inputs.number
"""

_numbers = count(1)


def page_of(rows: int, logo: bytes | None = None) -> InvoicePage:
    """An invoice of its own number, in every row too."""
    number = next(_numbers)
    net = rows * ROW.amount
    return InvoicePage(
        number=str(number),
        invoice_date=date(2026, 11, 23),
        due_date=date(2026, 12, 23),
        seller=SELLER,
        logo=logo,
        buyer=BUYER,
        rows=tuple(replace(ROW, description=f"{ROW.description}, {number}-{row}") for row in range(rows)),
        vat_lines=(VatLine(25, net, net // 4),),
        net=net,
        vat=net // 4,
        total=net + net // 4,
        ocr=make_ocr(str(number)),
    )


def bitmap(side: int, greys: int) -> bytes:
    """A PNG that packs as badly as its number of greys lets it."""
    chosen = random.Random(1)
    pixels = bytes(chosen.randrange(greys) * (256 // greys) for _ in range(side * side))
    written = BytesIO()
    Image.frombytes("L", (side, side), pixels).save(written, "PNG")
    return written.getvalue()


def unpayable(page: InvoicePage) -> InvoicePage:
    """The same without QR codes, which are drawn in Python."""
    return replace(page, seller=replace(page.seller, bankgiro=None, swish=None))


def test_invoices_against_a_bare_page(tmp_path: Path) -> None:
    template = tmp_path / "least.typ"
    template.write_text(LEAST)
    compiler = typst.Compiler(str(template), ignore_system_fonts=True)

    def least() -> None:
        inputs = {"number": str(next(_numbers))}
        compiler.compile(format="pdf", sys_inputs=inputs, timestamp=0, pdf_standards=["a-2a", "ua-1"])

    common, largest = bitmap(300, 4), bitmap(440, 256)
    assert MAX_BYTES * 0.9 < len(largest) <= MAX_BYTES
    logos = {"": None, f", {len(common) // 1024} KB logo": common, ", largest logo": largest}
    cases: dict[str, Callable[[], object]] = {
        "a bare page": least,
        "3 rows, no QR codes": lambda: render_pdf(unpayable(page_of(3))),
    }
    for rows in (3, 200):
        for name, logo in logos.items():
            cases[f"{rows} rows{name}"] = partial(_print, rows, logo)
    times = dict(zip(cases, seconds(*cases.values()), strict=True))
    bare = times["a bare page"]
    print()
    for name, took in times.items():
        print(f"{name:>22}: {1000 * took:5.1f} ms, {1 / took:4.0f} a second, {took / bare:5.1f}x a bare page")
    assert times["3 rows"] < 60 * bare
    assert times["200 rows"] < 10 * times["3 rows"]
    for rows in (3, 200):
        assert times[f"{rows} rows, largest logo"] < 3 * times[f"{rows} rows"]


def _print(rows: int, logo: bytes | None) -> None:
    render_pdf(page_of(rows, logo))
