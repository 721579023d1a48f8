import struct
import zlib
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Any

from tests.functions.books import Firm, Office, code, pointers
from tests.functions.conftest import STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]


def png(width: int = 40, height: int = 20, colour: bytes = b"\x00\x66\xcc") -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\x00" + colour * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10"/></svg>'


def put(firm: Firm, content: bytes | None, user: str | None = None) -> Answer:
    """Try to set the logo."""
    return firm.call("PUT", "/logo", {"content": content and b64encode(content).decode()}, user)


def page(firm: Firm, invoice: Any) -> bytes:
    """The page of an invoice."""
    answer = firm.call("GET", f"/invoices/{invoice['invoice_id']}/pdf")
    assert answer.status == 200, answer.text
    return b64decode(answer.text)


def test_given_a_picture_when_set_then_both_parties_read_it_until_it_is_taken_away(office: Office) -> None:
    firm = office.firm()
    assert code(firm.call("GET", "/logo")) == (404, "not-found")
    for content, content_type in ((png(), "image/png"), (SVG, "image/svg+xml")):
        assert put(firm, content).body == {"logo": sha256(content).hexdigest()}
        for user in (None, STAFF):
            read = firm.call("GET", "/logo", user=user)
            assert (read.status, read.headers["Content-Type"]) == (200, content_type)
            assert b64decode(read.text) == content
    assert put(firm, None).body == {"logo": None}
    assert code(firm.call("GET", "/logo")) == (404, "not-found")
    assert code(firm.call("GET", "/logo", user="mallory")) == (404, "not-found")


def test_given_an_issued_invoice_when_the_logo_changes_then_it_keeps_the_one_it_was_issued_with(
    office: Office,
) -> None:
    firm = office.firm()
    red, blue = png(colour=b"\xff\x00\x00"), png(colour=b"\x00\x00\xff")
    plain, draft = firm.issue(), firm.draft()
    put(firm, red)
    first, note = firm.issue(), firm.credited(plain)
    as_red = [page(firm, each) for each in (plain, first, note, draft)]
    put(firm, blue)
    as_blue = [page(firm, each) for each in (plain, first, note, draft)]
    assert as_blue[:3] == as_red[:3]
    assert as_blue[3] != as_red[3]
    put(firm, None)
    as_none = [page(firm, each) for each in (plain, first, note, draft)]
    assert as_none[:3] == as_red[:3]
    assert as_none[3] not in (as_red[3], as_blue[3])
    digest = sha256(red).hexdigest()
    assert [firm.invoice(each)["logo"] for each in (plain, first, note)] == [None, digest, digest]


def test_given_many_issued_at_once_then_each_has_the_logo(office: Office) -> None:
    firm = office.firm()
    put(firm, png())
    drafts = [firm.draft() for _ in range(2)]
    firm.issue_many(*drafts)
    assert {firm.invoice(each)["logo"] for each in drafts} == {sha256(png()).hexdigest()}


HOSTILE = {
    "no image": b"hello",
    "nothing but its first bytes": b"\x89PNG\r\n\x1a\n",
    "a picture cut short": png()[:-30],
    "far too many pixels": png(5000, 1),
    "too many bytes": SVG.replace(b"</svg>", b"<!--" + b"x" * 205_000 + b"--></svg>"),
    "a script": SVG.replace(b"<rect", b"<script>alert(1)</script><rect"),
    "a file of the machine": SVG.replace(b"<rect", b'<image href="file:///etc/passwd"/><rect'),
    "an address to fetch": SVG.replace(b"<rect", b'<use href="https://evil.example/x"/><rect'),
    "entities that grow": b'<!DOCTYPE svg [<!ENTITY a "aaaa">]>' + SVG,
    "a PDF": b"%PDF-1.7\n",
    "a GIF": b"GIF89a\x01\x00\x01\x00",
}


def test_given_what_is_no_harmless_picture_then_it_is_refused_and_nothing_is_kept(office: Office) -> None:
    firm = office.firm()
    before = firm.items("InvoicingTable")
    for what, content in HOSTILE.items():
        answer = put(firm, content)
        assert answer.status == 422, what
        assert pointers(answer) == {"/content"}, what
    assert firm.items("InvoicingTable") == before


def test_given_what_is_not_base64_then_it_is_refused(office: Office) -> None:
    firm = office.firm()
    bodies: list[Any] = [{}, {"content": ""}, {"content": "åäö"}, {"content": "abc"}, {"content": 7}]
    for body in [*bodies, {"logo": None}]:
        answer = firm.call("PUT", "/logo", body)
        assert code(answer) == (422, "validation")
        assert all(each["pointer"] in {"/content", "/logo"} for each in answer.body["errors"])
    assert code(firm.call("GET", "/logo")) == (404, "not-found")


def test_the_bureau_sets_no_logo(office: Office) -> None:
    firm = office.firm()
    before = firm.items("InvoicingTable")
    assert code(put(firm, png(), STAFF)) == (409, "not-master")
    assert firm.items("InvoicingTable") == before


def test_given_a_company_that_is_not_active_then_it_has_no_logo_and_sets_none(office: Office) -> None:
    firm = office.firm(active=False)
    assert code(put(firm, png())) == (409, "not-active")
    assert code(firm.call("GET", "/logo")) == (404, "not-found")
