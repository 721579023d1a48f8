"""The letter an invoice comes with, and the e-mail around it, whatever people are called."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samklang.invoicing import letters
from samklang.invoicing.model.sending import SendInput, may_follow
from samklang.invoicing.page import InvoicePage, PageRow, Party, VatLine
from samklang.platform.mail import Attachment, Mail, ascii_address, compose

if TYPE_CHECKING:
    from samklang.invoicing.model.invoices import DeliveryStatus

SENDER = "faktura@samklang.example"
PDF = b"%PDF-1.7 \x00\xff"
NBSP = "\N{NO-BREAK SPACE}"

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def page(**values: Any) -> InvoicePage:
    """An invoice of 1 250 kronor."""
    given_values: dict[str, Any] = {
        "number": "1001",
        "invoice_date": date(2026, 11, 23),
        "due_date": date(2026, 12, 23),
        "seller": Party(name="Ateljé Lövgren AB", email="anna@atelje.example", bankgiro="9912346"),
        "buyer": Party(name="Kund & Söner AB"),
        "rows": (
            PageRow(description="Arbete", quantity=Decimal(1), unit_price=100000, vat_rate=25, amount=100000),
        ),
        "vat_lines": (VatLine(25, 100000, 25000),),
        "net": 100000,
        "vat": 25000,
        "total": 125000,
        "ocr": "10017",
    }
    return InvoicePage(**{**given_values, **values})


def mail(**values: Any) -> Mail:
    given_values: dict[str, Any] = {
        "sender": "Ateljé Lövgren AB via Samklang",
        "reply_to": "anna@atelje.example",
        "to": "kund@example.com",
        "subject": "Faktura 1001 från Ateljé Lövgren AB",
        "text": "Hej!\n",
        "html": "<p>Hej!</p>\n",
        "attachments": (Attachment("faktura-1001.pdf", "application/pdf", PDF),),
    }
    return Mail(**{**given_values, **values})


def read(source: bytes) -> EmailMessage:
    found = message_from_bytes(source, policy=default)
    assert isinstance(found, EmailMessage)
    return found


# ---------------------------------------------------------------- the letter


def test_given_an_invoice_when_written_then_it_says_what_to_pay_when_and_where() -> None:
    letter = letters.invoice_letter(page(), 125000, None)

    assert letter.subject == "Faktura 1001 från Ateljé Lövgren AB"
    for line in (
        f"Att betala: 1{NBSP}250,00{NBSP}kr",
        "Förfallodatum: 2026-12-23",
        "Bankgiro: 991-2346",
        "OCR-nummer: 10017",
    ):
        assert line in letter.text.splitlines()
        assert line.partition(": ")[2] in letter.html


@pytest.mark.parametrize(
    ("seller", "line"),
    [
        (Party(name="A", plusgiro="90 20 03-3"), "Plusgiro: 90 20 03-3"),
        (Party(name="A", iban="SE4550000000058398257466"), "IBAN: SE4550000000058398257466"),
        (Party(name="A", bankgiro="9912346", plusgiro="90 20 03-3"), "Bankgiro: 991-2346"),
    ],
)
def test_given_an_account_when_written_then_it_is_the_one_on_the_page(seller: Party, line: str) -> None:
    lines = letters.invoice_letter(page(seller=seller), 125000, None).text.splitlines()

    assert [each for each in lines if each.startswith(("Bankgiro", "Plusgiro", "IBAN"))] == [line]


def test_given_a_partly_paid_invoice_when_written_again_then_what_is_left_to_pay_is_told() -> None:
    text = letters.invoice_letter(page(), 25050, None).text

    assert f"Belopp: 1{NBSP}250,00{NBSP}kr\nKvar att betala: 250,50{NBSP}kr\nFörfallodatum" in text
    assert "Att betala" not in text


def test_given_a_paid_invoice_when_written_again_then_it_asks_for_no_money() -> None:
    text = letters.invoice_letter(page(), 0, None).text

    assert f"Kvar att betala: 0,00{NBSP}kr" in text
    assert "Bankgiro" not in text
    assert "OCR" not in text


def test_given_a_credit_note_when_written_then_it_names_the_invoice_and_no_account() -> None:
    credit_note = page(kind="credit_note", number="1002", credited_number="1001")
    letter = letters.invoice_letter(credit_note, -125000, None)

    assert letter.subject == "Kreditfaktura 1002 från Ateljé Lövgren AB"
    assert f"Att kreditera: 1{NBSP}250,00{NBSP}kr\nKrediterar faktura: 1001" in letter.text
    assert "Bankgiro" not in letter.text


@pytest.mark.parametrize(
    ("seller", "words"),
    [
        (
            Party(name="A", email="a@b.example", phone="08-1"),
            "eller skriv till a@b.example, eller ring 08-1.",
        ),
        (Party(name="A", phone="08-1"), "Har du frågor om fakturan? Ring 08-1."),
        (Party(name="Ab\nC"), "Har du frågor om fakturan? Kontakta Ab C."),
    ],
)
def test_given_ways_to_reach_the_seller_when_written_then_they_are_named(seller: Party, words: str) -> None:
    assert words in letters.invoice_letter(page(seller=seller), 125000, None).text


def test_given_a_message_when_written_then_it_stands_in_both_with_its_line_breaks() -> None:
    letter = letters.invoice_letter(page(), 125000, "Tack för besöket!\n\nVi ses <snart> & hörs.")

    assert "\n\nTack för besöket!\n\nVi ses <snart> & hörs.\n\n" in letter.text
    assert "<p>Tack för besöket!<br><br>Vi ses &lt;snart&gt; &amp; hörs.</p>" in letter.html


@given(name=anything, message=anything, email=anything)
def test_given_any_words_of_people_when_written_then_no_markup_of_theirs_is_in_the_html(
    name: str, message: str, email: str
) -> None:
    plain = letters.invoice_letter(page(seller=Party(name="X", email="x")), 125000, "X").html
    html = letters.invoice_letter(
        page(seller=Party(name=name, email=email or "x")), 125000, message or "X"
    ).html

    assert html.replace("<br>", "").count("<") == plain.replace("<br>", "").count("<")


# ---------------------------------------------------------------- why it did not arrive


@pytest.mark.parametrize(
    ("kind", "subtype", "word"),
    [
        ("Permanent", "General", "finns inte"),
        ("Permanent", "NoEmail", "hittade ingen"),
        ("Permanent", "OnAccountSuppressionList", "spärrad"),
        ("Permanent", "Suppressed", "spärrad"),
        ("Transient", "MailboxFull", "full"),
        ("Transient", "MessageTooLarge", "större"),
        ("Transient", "AttachmentRejected", "bifogade"),
        ("Transient", "General", "automatiskt svar"),
        ("Undetermined", "Undetermined", "utan förklaring"),
    ],
)
def test_given_a_bounce_when_explained_then_it_says_why_and_what_to_do(
    kind: str, subtype: str, word: str
) -> None:
    reason = letters.bounce_reason(kind, subtype)

    assert word in reason
    assert reason.endswith(".")


@pytest.mark.parametrize(
    ("now", "news", "follows"),
    [
        ("queued", "sent", True),
        ("queued", "delivered", True),
        ("sent", "bounced", True),
        ("delivered", "bounced", True),
        ("delivered", "complained", True),
        ("failed", "delivered", True),
        ("delivered", "sent", False),
        ("bounced", "delivered", False),
        ("complained", "bounced", False),
        ("complained", "delivered", False),
        ("failed", "sent", False),
        ("bounced", "bounced", False),
        ("printed", "delivered", False),
    ],
)
def test_given_news_when_they_come_in_any_order_then_they_take_nothing_back(
    now: DeliveryStatus, news: DeliveryStatus, *, follows: bool
) -> None:
    assert may_follow(now, news) is follows


# ---------------------------------------------------------------- the e-mail


def test_given_a_mail_when_composed_then_text_html_and_file_are_in_it_as_they_were() -> None:
    source = compose(mail(text="Hej Åsa!\n", html="<p>Hej Åsa!</p>\n"), SENDER)
    found = read(source)

    assert found["From"] == f"Ateljé Lövgren AB via Samklang <{SENDER}>"
    assert found["To"] == "kund@example.com"
    assert found["Reply-To"] == "anna@atelje.example"
    assert found["Subject"] == "Faktura 1001 från Ateljé Lövgren AB"
    plain, html = found.get_body(("plain",)), found.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert (plain.get_content(), html.get_content()) == ("Hej Åsa!\r\n", "<p>Hej Åsa!</p>\r\n")
    (attachment,) = found.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == (
        "faktura-1001.pdf",
        "application/pdf",
    )
    assert attachment.get_content() == PDF


@given(name=anything, subject=anything, filename=anything, text=anything)
def test_given_any_words_of_people_when_composed_then_they_make_no_header_and_no_recipient(
    name: str, subject: str, filename: str, text: str
) -> None:
    files = (Attachment(filename, "application/pdf", PDF),)
    source = compose(mail(sender=name, subject=subject, text=text, attachments=files), SENDER)
    found = read(source)

    assert source.isascii()
    assert max(map(len, source.split(b"\r\n"))) < 998
    headers = ["From", "To", "Reply-To", "Subject", "Date", "MIME-Version", "Content-Type"]
    assert sorted(found.keys()) == sorted(headers)
    assert [address.addr_spec for address in found["From"].addresses] == [SENDER]
    assert [address.addr_spec for address in found["To"].addresses] == ["kund@example.com"]
    assert len(list(found.iter_attachments())) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Firman AB\r\nBcc: alla@example.com", "Firman AB Bcc: alla@example.com"),
        ("Firman AB\nX: y\n\n<script>", "Firman AB X: y <script>"),
        ('Åke "Snickarn" Öst, AB', 'Åke "Snickarn" Öst, AB'),
        ("Firma <a@b.example>, c@d.example", "Firma <a@b.example>, c@d.example"),
        ("\u202eBA namriF", "BA namriF"),
        ("Å" * 100, "Å" * 59 + "…"),
        ("Lång, (mycket) lång " * 5, "Lång, (mycket) lång Lång, (mycket) lång Lång, (mycket) lång…"),
        ("家" * 100, "家" * 59 + "…"),
    ],
    ids=["recipient", "header", "quotes", "addresses", "direction", "letters", "comments", "signs"],
)
def test_given_a_hostile_or_huge_name_when_composed_then_it_is_one_line_and_only_a_name(
    name: str, shown: str
) -> None:
    source = message_from_bytes(compose(mail(sender=name), SENDER))["From"]

    ((_, address),) = getaddresses([source], strict=True)
    written = str(make_header(decode_header(source.replace("\n", ""))))
    unquoted = written.replace("\\", "").replace('"', "")
    assert (address, unquoted) == (SENDER, f"{shown} <{SENDER}>".replace('"', ""))


@pytest.mark.parametrize(
    ("address", "sent_to"),
    [
        ("kund@example.com", "kund@example.com"),
        ("faktura@räksmörgås.se", "faktura@xn--rksmrgs-5wao1o.se"),
        ("åsa@example.com", None),
        ("ingen", None),
    ],
)
def test_given_an_address_when_sent_to_then_in_ascii_or_not_at_all(address: str, sent_to: str | None) -> None:
    assert ascii_address(address) == sent_to


def test_given_a_reply_address_that_cannot_be_written_when_composed_then_it_is_left_out() -> None:
    assert read(compose(mail(reply_to="åsa@example.com"), SENDER))["Reply-To"] is None


# ---------------------------------------------------------------- what may be asked for


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("  Hej\r\n\r\ndu\rdär\t! ", "Hej\n\ndu\ndär !"),
        ("👨\u200d👩\u200d👧 och A\u030a", "👨\u200d👩\u200d👧 och Å"),
    ],
)
def test_given_a_message_as_people_type_it_when_read_then_breaks_are_of_one_kind(
    message: str, kept: str
) -> None:
    assert SendInput(message=message).message == kept


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "x" * 1001}, "at most 1000"),
        ({"message": " \n "}, "at least 1"),
        ({"message": "a\x07b"}, "U\\+0007"),
        ({"to": "kund"}, "@-sign"),
        ({"to": "a@b.example\nBcc: c@d.example"}, "email address"),
        ({"channel": "print", "to": "a@b.example"}, "only with the channel `email`"),
        ({"channel": "einvoice", "message": "Hej"}, "only with the channel `email`"),
        ({"channel": "fax"}, "'email', 'einvoice' or 'print'"),
    ],
)
def test_given_a_wish_that_cannot_be_when_read_then_it_is_refused_with_words(
    body: dict[str, str], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        SendInput.model_validate(body)
