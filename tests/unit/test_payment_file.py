import io
import subprocess
import sys

import pytest

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from local.bank.camt import CamtPayment, camt_file
from samklang.formats.incoming import FileRefused, FileSummary
from samklang.formats.payment_file import detect, open_reader

BGMAX = bgmax_file(BANKGIRO, [BgMaxPayment(amount=100, reference="1234574")])
CAMT = camt_file(BANKGIRO, [CamtPayment(amount=100)])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_the_formats_are_recognised_by_how_they_begin(mark: bytes) -> None:
    assert detect(mark + BGMAX) == "bgmax"
    assert detect(mark + CAMT) == "camt"
    assert detect(mark + b"hello") is None


@pytest.mark.parametrize(("data", "name"), [(BGMAX, "bgmax"), (CAMT, "camt.054")])
def test_the_right_reader_is_opened(data: bytes, name: str) -> None:
    summary = list(open_reader(io.BytesIO(data)))[-1]
    assert isinstance(summary, FileSummary)
    assert (summary.format, summary.total) == (name, 100)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"PK\x03\x04...", "a zip archive (or an Excel or Word file)"),
        (b"\xff\xd8\xff\xe0", "a JPEG image"),
        (b"#FLAGGA 0\r\n", "a SIE file"),
        (b"<!doctype HTML><html>", "a web page"),
        (b"<Invoice xmlns='urn:invoice'/>", "XML of another kind (urn:invoice)"),
        (b"<Invoice/>", "XML of another kind"),
        (b"0050000000 KONTOUTDRAG 2026", "a file that begins '0050000000 KONTOUTDR'"),
    ],
)
def test_anything_else_is_refused_at_once_and_named(data: bytes, found: str) -> None:
    with pytest.raises(FileRefused) as caught:
        open_reader(io.BytesIO(data))
    assert (caught.value.check, caught.value.found) == ("not-a-payment-file", found)


def test_reading_starts_where_the_stream_stands() -> None:
    stream = io.BytesIO(b"header" + BGMAX)
    stream.seek(6)
    assert len(list(open_reader(stream))) == 3


def test_lxml_is_not_imported_for_bgmax() -> None:
    code = "import sys, samklang.formats.payment_file; sys.exit('lxml.etree' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}
        ).returncode
        == 0
    )
