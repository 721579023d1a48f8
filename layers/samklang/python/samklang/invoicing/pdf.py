"""An invoice or a credit note as PDF, ready to print, e-mail and archive (PDF/A-2a, PDF/UA-1).

Python shapes every figure and text; ``invoice.typ`` places them and works nothing out. Texts reach the
template as JSON data, never as its source, so markup in a customer's name is printed as it was typed.
The fonts are those inside the ``typst`` package: the same page gives the same bytes on every machine.
"""

import json
import re
import unicodedata
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from pathlib import Path

import segno
import typst

from samklang.formats.swish import swish_text
from samklang.formats.usingqr import AccountType, UsingQr, giro_with_hyphen, usingqr_text
from samklang.invoicing.logo import read_logo
from samklang.invoicing.page import InvoicePage, PageRow, Party, Percent, TextRow, VatLine
from samklang.platform.figures import NBSP, decimal, kronor

type Data = str | int | list[Data] | dict[str, Data]

_TEMPLATE = Path(__file__).with_name("invoice.typ")
_UNDATED = date(2000, 1, 1)
"""The date in the file of a draft that has none: PDF/A demands one, and today's would differ every day."""
_QR_NAME_LENGTH = 50
"""Longest payee name in characters in the QR code: a longer one makes the modules too small to photograph."""


_OTHER_BLANKS = re.compile(r"[^\S\n\xa0]+")
_NOT_IN_FONTS = re.compile(
    r"[^\n\u0020-\u04ff\u1e00-\u1fff"  # Latin, Greek and Cyrillic letters
    r"\u2010-\u2027\u2030-\u2040\u2070-\u209c\u20a0-\u20c0"  # punctuation, raised figures, currencies
    r"\u2116\u2122\u2150\u2151\u2153-\u215f\u2190-\u22ff\u2500-\u25ff\ufffd]"  # №, ™, fractions, signs
)


def render_pdf(page: InvoicePage) -> bytes:
    """Typeset the page.

    An invoice to pay gets a UsingQR code when the seller has an organisation number and an account, and
    a Swish code when the seller has a Swish number; a draft gets neither, and a mark on every page.
    Characters that the fonts lack (writing from right to left, Chinese, emoji) are printed as a replacement
    sign; control characters are removed.

    Returns:
        The PDF, the same bytes every time for the same page; it is dated the invoice date.

    Raises:
        ValueError: the bankgiro, plusgiro or Swish number is not one, or the logo is no image.
    """
    pdf = _compiler().compile(
        format="pdf",
        sys_inputs={"page": json.dumps(_template_data(page)), "logo": _logo(page.logo)},
        timestamp=datetime.combine(page.invoice_date or _UNDATED, time(), UTC),
        pdf_standards=["a-2a", "ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError("typst gave no single document")
    return pdf


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(str(_TEMPLATE), ignore_system_fonts=True)


def _template_data(page: InvoicePage) -> Data:
    texts: dict[str, Data] = {
        "title": _title(page),
        "name": f"{_title(page)} {page.number}" if page.number else _title(page),
        "mark": "UTKAST" if page.draft else "",
        "seller": page.seller.name,
        "buyer": [page.buyer.name, *page.buyer.address],
        "facts": labelled(*_facts(page)),
        "discounts": any(isinstance(row, PageRow) and row.discount_percent for row in page.rows),
        "rows": _rows(page),
        "vat_lines": [_vat_line(line) for line in page.vat_lines],
        "sums": labelled(*_sums(page)),
        "total": [_total_label(page), f"{kronor(page.total)}{NBSP}kr"],
        "notes": list(page.notes),
        "payment": labelled(*_payment(page)),
        "late_interest": page.late_interest_text or "",
        "footer": footer_columns(page.seller),
    }
    return {**{key: printable_data(value) for key, value in texts.items()}, "codes": _codes(page)}


@lru_cache(maxsize=4)
def _logo(content: bytes | None) -> str:
    """The image as JSON, its bytes as numbers, since a template is sent nothing but text."""
    if content is None:
        return ""
    logo = read_logo(content)
    return json.dumps({"bytes": [*content], "format": logo.format, "pixels": logo.width or 0})


def _title(page: InvoicePage) -> str:
    if page.draft:
        return "Fakturautkast" if page.kind == "invoice" else "Utkast till kreditfaktura"
    return _kind(page)


def _kind(page: InvoicePage) -> str:
    return "Faktura" if page.kind == "invoice" else "Kreditfaktura"


def _total_label(page: InvoicePage) -> str:
    return "Att betala" if page.kind == "invoice" else "Att kreditera"


def _is_payable(page: InvoicePage) -> bool:
    return page.kind == "invoice" and page.total > 0 and not page.draft


def labelled(*pairs: tuple[str, str | None]) -> Data:
    """Keep the labels that have something to say."""
    return [[label, value] for label, value in pairs if value]


def _facts(page: InvoicePage) -> tuple[tuple[str, str | None], ...]:
    credited = page.credited_number
    if credited and page.credited_date:
        credited = f"{credited} från {page.credited_date}"
    return (
        (f"{_kind(page)}nummer", page.number),
        ("Krediterar faktura", credited),
        ("Fakturadatum", str(page.invoice_date) if page.invoice_date else None),
        ("Leveransdatum", str(page.delivery_date) if page.delivery_date else None),
        ("Betalningsvillkor", _payment_terms(page)),
        ("Förfallodatum", str(page.due_date) if page.due_date else None),
        ("Kundnummer", page.customer_number),
        ("Er referens", page.your_reference),
        ("Ert ordernummer", page.order_reference),
        ("Vår referens", page.our_reference),
        ("Ert org.nr", page.buyer.org_no),
        ("Ert momsreg.nr", page.buyer.vat_no),
        ("Leveransadress", "\n".join(page.delivery_address)),
    )


def _payment_terms(page: InvoicePage) -> str | None:
    if not (page.due_date and page.invoice_date) or page.kind == "credit_note" or page.total <= 0:
        return None
    days = (page.due_date - page.invoice_date).days
    return f"{days}{NBSP}dagar netto" if days > 0 else "Omgående"


def _rows(page: InvoicePage) -> Data:
    several_grounds = sum(line.rate is None for line in page.vat_lines) > 1
    return [_row(row, with_label=several_grounds) for row in page.rows]


def _row(row: PageRow | TextRow, *, with_label: bool) -> Data:
    if not isinstance(row, PageRow):
        return {"text": row.text}
    return {
        "description": row.description,
        "label": row.vat_label or "" if with_label else "",
        "quantity": decimal(row.quantity),
        "unit": row.unit,
        "unit_price": kronor(row.unit_price),
        "discount": _percent(row.discount_percent) if row.discount_percent else "",
        "vat_rate": "–" if row.vat_rate is None else _percent(row.vat_rate),
        "amount": kronor(row.amount),
    }


def _vat_line(line: VatLine) -> Data:
    rate = line.label or "Utan moms" if line.rate is None else _percent(line.rate)
    return [rate, kronor(line.base), kronor(line.vat)]


def _sums(page: InvoicePage) -> tuple[tuple[str, str | None], ...]:
    return (
        ("Summa exkl. moms", kronor(page.net)),
        ("Moms", kronor(page.vat)),
        ("Öresavrundning", kronor(page.rounding) if page.rounding else None),
    )


def _payment(page: InvoicePage) -> tuple[tuple[str, str | None], ...]:
    if not _is_payable(page):
        return ()
    seller = page.seller
    return (
        ("Betalas senast", str(page.due_date) if page.due_date else None),
        ("Bankgiro", bankgiro_of(seller)),
        ("Plusgiro", seller.plusgiro),
        ("IBAN", seller.iban),
        ("BIC", seller.bic),
        ("Swish", seller.swish),
        ("OCR-nummer", page.ocr),
        ("Ange vid betalning", None if page.ocr else f"Faktura {page.number}"),
    )


def footer_columns(seller: Party) -> Data:
    """Columns of a heading and lines; those without lines are left out."""
    columns = (
        ("Adress", (seller.name, *seller.address)),
        ("Kontakt", (seller.phone, seller.email)),
        (
            "Företaget",
            (
                seller.org_no and f"Org.nr {seller.org_no}",
                seller.vat_no and f"Momsreg.nr {seller.vat_no}",
                seller.seat and f"Säte {seller.seat}",
                "Godkänd för F-skatt" if seller.f_tax else None,
            ),
        ),
        (
            "Betalning",
            (
                seller.bankgiro and f"Bankgiro {bankgiro_of(seller)}",
                seller.plusgiro and f"Plusgiro {seller.plusgiro}",
                seller.iban and f"IBAN {seller.iban}",
                seller.bic and f"BIC {seller.bic}",
                seller.swish and f"Swish {seller.swish}",
            ),
        ),
    )
    found = ((heading, [line for line in lines if line]) for heading, lines in columns)
    return [{"heading": heading, "lines": [*lines]} for heading, lines in found if lines]


def _codes(page: InvoicePage) -> Data:
    """QR codes as SVG, each with its caption and the words a screen reader says."""
    if not _is_payable(page):
        return []
    texts = (
        ("Bankens app", "QR-kod (UsingQR) för betalning i bankens app", _usingqr(page)),
        ("Swish", "QR-kod för betalning med Swish", _swish(page)),
    )
    return [{"caption": caption, "alt": alt, "svg": _qr_svg(text)} for caption, alt, text in texts if text]


def _usingqr(page: InvoicePage) -> str | None:
    account = _account(page.seller)
    if account is None or page.due_date is None or not page.seller.org_no:
        return None
    account_type, number = account
    return usingqr_text(
        UsingQr(
            payee_name=_printable(page.seller.name)[:_QR_NAME_LENGTH],
            payee_org_no=page.seller.org_no,
            reference=_reference(page),
            invoice_date=page.invoice_date,
            due_date=page.due_date,
            amount=page.total,
            vat=page.vat,
            account_type=account_type,
            account=number,
            bic=page.seller.bic if account_type is AccountType.IBAN else None,
        )
    )


def _account(seller: Party) -> tuple[AccountType, str] | None:
    """Pick one account, as Swedish payers like them: bankgiro, else plusgiro, else IBAN."""
    if bankgiro := bankgiro_of(seller):
        return AccountType.BANKGIRO, bankgiro
    if seller.plusgiro:
        return AccountType.PLUSGIRO, giro_with_hyphen(seller.plusgiro, AccountType.PLUSGIRO)
    if seller.iban:
        return AccountType.IBAN, re.sub(r"\s", "", seller.iban)
    return None


def bankgiro_of(seller: Party) -> str | None:
    """The seller's bankgiro number, with its hyphen."""
    return giro_with_hyphen(seller.bankgiro, AccountType.BANKGIRO) if seller.bankgiro else None


def _swish(page: InvoicePage) -> str | None:
    if not page.seller.swish:
        return None
    return swish_text(page.seller.swish, page.total, _reference(page))


def _reference(page: InvoicePage) -> str:
    """What the payer refers to."""
    return page.ocr or page.number or ""


def _qr_svg(text: str) -> str:
    return segno.make_qr(text, error="m", mode="byte", boost_error=False).svg_inline(border=4, light="white")


def _percent(value: Percent) -> str:
    return f"{decimal(value)}{NBSP}%"


def printable_data(data: Data) -> Data:
    """The same with only what the fonts can show; see :func:`_printable`."""
    match data:
        case str():
            return _printable(data)
        case list():
            return [printable_data(item) for item in data]
        case dict():
            return {key: printable_data(value) for key, value in data.items()}
        case _:
            return data


def _printable(text: str) -> str:
    """Leave what the fonts can show.

    Typst stops at a character without a glyph when it writes PDF/A, and typst 0.15 panics when it breaks a
    line written from right to left, so nothing else may reach it. Controls, marks of direction and loose
    combining marks, which change or cover the text around them, are removed.
    """
    composed = _OTHER_BLANKS.sub(" ", unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
    kept = "".join(sign for sign in composed if sign == "\n" or unicodedata.category(sign)[0] not in "CM")
    return _NOT_IN_FONTS.sub("\N{REPLACEMENT CHARACTER}", kept)
