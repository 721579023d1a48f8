"""Files that are cut, damaged or made to harm: refused, quickly, by a refusal that says what and where.

What a reader accepts of a damaged file keeps its sums: the tests say what else may differ.
"""

import io
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bank.bgmax import BANKGIRO, BgMaxPayment, BgMaxSection, ExtraReference, bgmax_file, bgmax_sections
from local.bank.camt import CamtEntry, CamtPayment, CamtReference, camt_entries, camt_file
from samklang.formats import camt, payment_file
from samklang.formats.incoming import Deposit, FileRefused, FileSummary, IncomingPayment

type Items = list[IncomingPayment | Deposit | FileSummary]

BGMAX = bgmax_sections(
    [
        BgMaxSection(
            payments=[
                BgMaxPayment(amount=125_050, reference="1234574", name="Kalles Plat AB", org_no="5560360793"),
                BgMaxPayment(
                    amount=500,
                    code=0,
                    extra=(
                        ExtraReference(reference="1234574", amount=600),
                        ExtraReference(reference="9", amount=-100),
                    ),
                ),
                BgMaxPayment(amount=50, reference="89853", code=3, deduction_code=0),
            ]
        )
    ]
)
CAMT = camt_entries(
    BANKGIRO,
    [
        CamtEntry(
            payments=[
                CamtPayment(amount=125_050, references=(CamtReference(value="1234574"),), name="Kalles"),
                CamtPayment(
                    amount=500,
                    references=(
                        CamtReference(kind="invoice", value="17", amount=600),
                        CamtReference(kind="credit_note", value="9", amount=-100),
                    ),
                ),
            ]
        ),
        CamtEntry(payments=[CamtPayment(amount=700)], sign="DBIT", details=False),
    ],
    kind="camt.053",
)


def read(data: bytes, **options: Any) -> Items:
    return list(payment_file.open_reader(io.BytesIO(data), **options))


def refusal(data: bytes | io.BufferedReader) -> FileRefused:
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    with pytest.raises(FileRefused) as caught:
        list(payment_file.open_reader(stream))
    return caught.value


def accepted(data: bytes) -> Items | None:
    """What is read of a file; None when it is refused. Anything else raised fails the test."""
    try:
        return read(data)
    except FileRefused:
        return None


# Cut files


@pytest.mark.parametrize("whole", [BGMAX, CAMT], ids=["BgMax", "camt"])
def test_a_file_cut_at_any_byte_is_refused_unless_only_blanks_are_lost(whole: bytes) -> None:
    items = read(whole)
    needed = len(whole.rstrip())
    for end in range(len(whole)):
        found = accepted(whole[:end])
        assert found is None or (end >= needed and found == items)


amounts = st.integers(1, 10**12)
names = st.text("abcåäö 0123456789", max_size=30).map(str.strip)


@given(
    st.lists(st.tuples(amounts, names), min_size=1, max_size=12),
    st.sampled_from(["bgmax", "camt"]),
    st.data(),
)
def test_any_file_cut_anywhere_is_refused_unless_only_blanks_are_lost(
    given_payments: list[tuple[int, str]], kind: str, data: st.DataObject
) -> None:
    if kind == "bgmax":
        whole = bgmax_file(BANKGIRO, [BgMaxPayment(amount=a, name=name) for a, name in given_payments])
    else:
        whole = camt_file(BANKGIRO, [CamtPayment(amount=a, name=name) for a, name in given_payments])
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    found = accepted(cut)
    assert found is None or (cut.rstrip() == whole.rstrip() and found == read(whole))


# Flipped bits


def sums(items: Items) -> tuple[object, object, object]:
    """What a damaged file may never change unseen: every amount, its sign and currency, and the sums."""
    payments = [(i.kind, i.amount, i.currency) for i in items if isinstance(i, IncomingPayment)]
    deposits = [(i.amount, i.currency, i.count) for i in items if isinstance(i, Deposit)]
    summary = items[-1]
    assert isinstance(summary, FileSummary)
    return payments, deposits, (summary.format, summary.payments, dict(summary.totals), summary.skipped)


@pytest.mark.parametrize("bit", range(8))
@pytest.mark.parametrize("whole", [BGMAX, CAMT], ids=["BgMax", "camt"])
def test_a_flipped_bit_is_refused_or_leaves_every_sum_as_it_was(whole: bytes, bit: int) -> None:
    """What slips through stands in no sum: a day, a name, a text, a reference, a number of the bank's.

    No check digit guards those: matching looks every reference up, and a wrong one finds no invoice.
    """
    right = sums(read(whole))
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << bit
        if (found := accepted(bytes(damaged))) is not None:
            assert sums(found) == right, f"bit {bit} of byte {place}"


@pytest.mark.parametrize("bit", range(8))
def test_a_flipped_bit_never_changes_whose_payments_they_are(bit: int) -> None:
    """A bankgiro number has a check digit, which BgMax's reader looks at."""
    for place in range(len(BGMAX)):
        damaged = bytearray(BGMAX)
        damaged[place] ^= 1 << bit
        found = accepted(bytes(damaged)) or []
        assert {item.recipient for item in found if isinstance(item, IncomingPayment)} <= {BANKGIRO}


# Wrong totals, wherever one stands

AND_TOTALS = (
    b"<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>1255.50</Sum></TtlCdtNtries>"
    b"<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>7.00</Sum></TtlDbtNtries></TxsSummry>"
)
TOTALS = CAMT.replace(b"</TxsSummry>", AND_TOTALS).replace(
    b"</NbOfTxs>", b'</NbOfTxs><TtlAmt Ccy="SEK">1255.50</TtlAmt>'
)


@pytest.mark.parametrize(
    ("old", "new", "check", "expected", "found"),
    [
        (b"125500SEK", b"125501SEK", "deposit-amount", "125501 öre, as pos 51-68 say", "125500 öre"),
        (b"SEK00000003", b"SEK00000004", "deposit-count", "4 payments and deductions", "3"),
        (b"\n7000000002", b"\n7000000003", "file-count", "3 records 20, as pos 3-10 say", "2"),
        (b"0000000100000002", b"0000000200000002", "file-count", "2 records 21, as pos 11-18 say", "1"),
        (b"0000000200000001 ", b"0000000300000001 ", "file-count", "3 records 22 and 23", "2"),
        (b"0000000200000001 ", b"0000000200000002 ", "file-count", "2 records 15", "1"),
        (b"000600", b"000601", "extra-reference-sum", "of 500 öre in all", "501 öre"),
    ],
)
def test_every_wrong_total_in_bgmax_is_named(
    old: bytes, new: bytes, check: str, expected: str, found: str
) -> None:
    refused = refusal(once(BGMAX, old, new))
    assert (refused.check, refused.found) == (check, found)
    assert expected in refused.expected


@pytest.mark.parametrize(
    ("old", "new", "check", "expected", "found"),
    [
        (b"<NbOfNtries>2<", b"<NbOfNtries>3<", "summary-count", "3 entries, as TtlNtries", "2"),
        (b"<Sum>1262.50<", b"<Sum>1262.51<", "summary-sum", "1262.51 in all, as TtlNtries", "1262.50"),
        (b"<TtlCdtNtries><NbOfNtries>1<", b"<TtlCdtNtries><NbOfNtries>0<", "summary-count", "TtlCdt", "1"),
        (b"<Sum>1255.50<", b"<Sum>1255.5<", None, "", ""),
        (b"<Sum>1255.50<", b"<Sum>1255.6<", "summary-sum", "1255.60 in all, as TtlCdtNtries", "1255.50"),
        (b"<TtlDbtNtries><NbOfNtries>1<", b"<TtlDbtNtries><NbOfNtries>2<", "summary-count", "TtlDbt", "1"),
        (b"<Sum>7.00<", b"<Sum>8.00<", "summary-sum", "8.00 in all, as TtlDbtNtries", "7.00"),
        (b">11248.50<", b">11248.51<", "balance", "closing balance 11248.51", "11248.50"),
        (b">10000.00<", b">10000.01<", "balance", "closing balance 11248.50", "11248.51"),
        (b"<NbOfTxs>2<", b"<NbOfTxs>1<", "batch-count", "1 transactions, as Btch/NbOfTxs", "2"),
        (b'<TtlAmt Ccy="SEK">1255', b'<TtlAmt Ccy="SEK">1256', "batch-sum", "1256.50 in all", "1255.50"),
        (b'<Ntry><Amt Ccy="SEK">1255', b'<Ntry><Amt Ccy="SEK">1254', "entry-sum", "1254.50 in", "1255.50"),
        (b'<TxAmt><Amt Ccy="SEK">1250', b'<TxAmt><Amt Ccy="SEK">1251', "batch-sum", "1255.50", "1256.50"),
        (b'<RmtdAmt Ccy="SEK">6', b'<RmtdAmt Ccy="SEK">7', "remittance-sum", "of 5.00 in all", "6.00"),
        (b'<CdtNoteAmt Ccy="SEK">1', b'<CdtNoteAmt Ccy="SEK">2', "remittance-sum", "of 5.00 in all", "4.00"),
    ],
)  # fmt: skip
def test_every_wrong_total_in_camt_is_named(
    old: bytes, new: bytes, check: str | None, expected: str, found: str
) -> None:
    changed = once(TOTALS, old, new)
    if check is None:
        assert read(changed) == read(CAMT)
        return
    # Both the batch and the entry hold the same sum: without the other, each refuses by itself.
    refused = refusal(
        changed.replace(b'<TtlAmt Ccy="SEK">1255.50</TtlAmt>', b"") if check == "entry-sum" else changed
    )
    assert (refused.check, refused.found) == (check, found)
    assert expected in refused.expected


def test_each_batch_of_an_entry_has_totals_of_its_own() -> None:
    total = b'</NbOfTxs><TtlAmt Ccy="SEK">%b</TtlAmt>'
    first, second = (b"<NtryDtls><Btch><NbOfTxs>1" + total % sum_ + b"</Btch>" for sum_ in (b"1250.50", b"5"))
    apart = CAMT.replace(b"<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>", first)
    apart = once(apart, b"</TxDtls><TxDtls>", b"</TxDtls></NtryDtls>" + second + b"<TxDtls>")
    assert read(apart) == read(CAMT)
    refused = refusal(apart.replace(b">5</TtlAmt>", b">1255.50</TtlAmt>"))
    assert (refused.check, refused.found) == ("batch-sum", "5.00")


def once(data: bytes, old: bytes, new: bytes) -> bytes:
    """Replace what stands exactly once."""
    assert data.count(old) == 1
    return data.replace(old, new)


# Currencies, amounts and dates


def test_a_file_in_another_currency_is_refused_at_its_place() -> None:
    euro = refusal(bgmax_file(BANKGIRO, [BgMaxPayment(amount=100)], currency="EUR"))
    assert (euro.check, euro.record, euro.found) == ("currency", 2, "'EUR'")
    euro = refusal(camt_file(BANKGIRO, [CamtPayment(amount=100)], currency="EUR"))
    assert (euro.check, euro.record, euro.found) == ("currency", 1, "'EUR'")


def test_transactions_in_another_currency_than_their_entry_are_refused() -> None:
    """What the payer paid in euro is no part of a sum in kronor, unless the bank tells that part too."""
    changed = CAMT.replace(b'<TxAmt><Amt Ccy="SEK">', b'<TxAmt><Amt Ccy="EUR">')
    assert refusal(changed).check in {"entry-sum", "remittance-sum"}


@pytest.mark.parametrize(
    "amount", ["-1250.50", "+1250.50", "1.25050e3", "1250,50", "1 250.50", "12345678901234567890", "1250.505",
               "0x4e2", "١٢٥٠.٥٠", "NaN", "", ".5", "1250."]
)  # fmt: skip
def test_what_is_no_amount_in_camt_is_refused(amount: str) -> None:
    refused = refusal(once(CAMT, b">1250.50<", f">{amount}<".encode()))
    assert refused.check in {"amount", "entry-sum"}
    if amount:
        assert (refused.check, refused.found, refused.record) == ("amount", repr(amount), 1)


@pytest.mark.parametrize("count", ["-2", "2.0", "9" * 5_000, "²", "2 2"])
def test_what_is_no_number_in_camt_is_refused(count: str) -> None:
    refused = refusal(once(CAMT, b"<NbOfTxs>2<", f"<NbOfTxs>{count}<".encode()))
    assert (refused.check, refused.record) == ("not-a-number", 1)


@pytest.mark.parametrize("day", ["2026-02-30", "2026-13-01", "26-09-15", "2026/09/15", "0000-00-00", "x"])
def test_an_impossible_day_in_camt_is_refused(day: str) -> None:
    refused = refusal(CAMT.replace(b"<Dt>2026-09-15<", f"<Dt>{day}<".encode()))
    assert (refused.check, refused.record, refused.found) == ("booking-day", 1, repr(day))


@pytest.mark.parametrize("day", ["20260230", "20261301", "2026-9-1", "        ", "00000000", "2026915 "])
def test_an_impossible_day_in_bgmax_is_refused(day: str) -> None:
    refused = refusal(once(BGMAX, b"20260915" + b"00001", day.encode() + b"00001"))
    assert (refused.check, refused.found) == ("payment-day", repr(day))


@pytest.mark.parametrize(
    ("old", "new", "check"),
    [(b"<Sts>BOOK<", b"<Sts>BOOJ<", "status"), (b"<Sts>BOOK</Sts>", b"", "status"),
     (b"<Sts>BOOK<", b"<RvslInd>trud</RvslInd><Sts>BOOK<", "reversal")],
)  # fmt: skip
def test_an_entry_is_not_passed_by_for_a_damaged_word(old: bytes, new: bytes, check: str) -> None:
    refused = refusal(CAMT.replace(old, new, 1))
    assert (refused.check, refused.record) == (check, 1)


def test_one_reference_in_several_transactions_still_names_each_payment() -> None:
    twins = [CamtPayment(amount=100, bank_reference="SAME", end_to_end_id="SAME") for _ in range(3)]
    items = read(camt_file(BANKGIRO, twins))
    references = [item.bank_reference for item in items if isinstance(item, IncomingPayment)]
    assert references == ["SAME", "SAME/2", "SAME/3"]


# How a file is written down


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "latin-1", "utf-8-sig"])
def test_camt_is_read_in_any_encoding_that_it_declares(encoding: str) -> None:
    text = CAMT.decode().replace("Kalles", "Åsa")
    declared = text.replace(
        "UTF-8", "ISO-8859-1" if encoding == "latin-1" else encoding[:6].removesuffix("-s")
    )
    mark = {"utf-16-be": b"\xfe\xff", "utf-16-le": b"\xff\xfe"}.get(encoding, b"")
    items = read(mark + declared.encode(encoding))
    first = items[0]
    assert isinstance(first, IncomingPayment)
    assert first.payer_name == "Åsa"
    assert sums(items) == sums(read(CAMT))


def test_camt_in_another_encoding_than_declared_is_refused() -> None:
    assert refusal(CAMT.decode().replace("Kalles", "Åsa").encode("latin-1")).check == "xml"


def test_bgmax_saved_as_utf_16_is_refused_and_says_so() -> None:
    refused = refusal(BGMAX.decode("latin-1").encode("utf-16"))
    assert refused.check == "not-a-payment-file"
    assert refused.found.startswith("a file in UTF-16 that begins '01BGMAX")


def test_bgmax_whose_rows_end_in_cr_alone_is_refused() -> None:
    assert refusal(BGMAX.replace(b"\r\n", b"\r")).check == "row-width"


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("stripped", [False, True])
@pytest.mark.parametrize("last", [b"", b"\n", b"\r\n\r\n", b"\n" + b" " * 80, b"\n" * 5_000])
def test_line_ends_and_blanks_at_ends_make_no_difference(newline: bytes, stripped: bool, last: bytes) -> None:  # noqa: FBT001 - a parameter of the test
    rows = BGMAX.rstrip(b"\r\n").split(b"\r\n")
    data = newline.join(row.rstrip() for row in rows) if stripped else newline.join(rows)
    assert read(data + last) == read(BGMAX)


# XML made to harm


def doctype(declarations: str, use: str) -> bytes:
    return CAMT.replace(b"<Document", f"<!DOCTYPE Document [{declarations}]><Document".encode()).replace(
        b"Kalles", use.encode()
    )


LAUGHS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol" * 10}">' for n in range(10))
QUADRATIC = f'<!ENTITY e "{"x" * 50_000}">'


@pytest.mark.parametrize(
    "data",
    [
        doctype(LAUGHS, "&e9;"),
        doctype(QUADRATIC, "&e;" * 50_000),
        doctype(LAUGHS, "x").replace(b"<Document", b"<Document a='&e9;'"),
        doctype(QUADRATIC, "x").replace(b"<Document", b"<Document a='" + b"&e;" * 50_000 + b"'"),
        doctype("<!ENTITY % p \"<!ENTITY e SYSTEM 'file:///etc/hostname'>\">%p;", "&e;"),
        doctype("", "x"),
        doctype('<!ATTLIST Amt Ccy CDATA "SEK">', "x"),
    ],
)
def test_entities_are_refused_before_they_grow(data: bytes) -> None:
    start = datetime.now(UTC)
    with pytest.raises(FileRefused) as caught:
        list(camt.read(io.BytesIO(data)))
    assert caught.value.check in {"doctype", "xml"}
    assert (datetime.now(UTC) - start).total_seconds() < 1


@pytest.mark.parametrize(
    "kind", ["entity", "document type", "parameter entity", "schema", "stylesheet", "include"]
)
def test_nothing_outside_the_file_is_fetched(kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        for address in (secret.as_uri(), f"http://127.0.0.1:{server.getsockname()[1]}/x"):
            found = accepted(reaching_out(kind, address))
            assert found is None or ("SECRET" not in repr(found) and sums(found) == sums(read(CAMT)))
        with pytest.raises(BlockingIOError):
            server.accept()


def reaching_out(kind: str, address: str) -> bytes:
    """A file that points to something outside it."""
    match kind:
        case "entity":
            return doctype(f'<!ENTITY e SYSTEM "{address}">', "&e;")
        case "parameter entity":
            return doctype(f'<!ENTITY % e SYSTEM "{address}">%e;', "x")
        case "document type":
            return CAMT.replace(b"<Document", f'<!DOCTYPE Document SYSTEM "{address}"><Document'.encode())
        case "stylesheet":
            return CAMT.replace(b"<Document", f'<?xml-stylesheet href="{address}"?><Document'.encode())
        case "schema":
            located = (
                f'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x {address}"'
            )
            return CAMT.replace(b"<Document", f"<Document {located}".encode())
        case _:
            include = f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{address}" parse="text"/>'
            return CAMT.replace(b"</Nm>", f"{include}</Nm>".encode())


@pytest.mark.parametrize(
    "data",
    [
        once(CAMT, b"<GrpHdr>", b"<GrpHdr>" + b"<a>" * 350_000),
        CAMT.replace(b"<Ntry>", b"<Ntry>" * 350_000, 1),
        once(CAMT, b"<Nm>Kalles", b"<" + b"N" * 1_000_000 + b">"),
        once(CAMT, b"<Nm>", b"<Nm " + b" ".join(b'a%d="x"' % n for n in range(60_000)) + b" a1='x'>"),
        once(CAMT, b"Kalles", b"]]>"),
        once(CAMT, b"Kalles", b"\xff\xfe"),
        once(CAMT, b"Kalles", b"&#0;"),
        once(CAMT, b"UTF-8", b"x-unheard-of"),
        CAMT + CAMT,
    ],
)  # fmt: skip
def test_xml_that_is_deep_long_or_broken_is_refused(data: bytes) -> None:
    assert refusal(data).check in {"xml", "structure"}


@given(st.binary(max_size=200), st.sampled_from([BGMAX, CAMT]), st.data())
def test_rubbish_put_into_a_file_never_crashes(rubbish: bytes, whole: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(whole)))
    found = accepted(whole[:place] + rubbish + whole[place:])
    assert found is None or sums(found)[2] == sums(read(whole))[2]


# A gigabyte of nothing

GIGABYTE = 1 << 30


class Endless(io.RawIOBase):
    """A file of a beginning, a gigabyte of the same again and again, and an end; made while it is read."""

    def __init__(self, head: bytes, again: bytes, tail: bytes = b"") -> None:
        self._head, self._tail = head, tail
        self._again = again * (100_000 // len(again))
        self._size = len(head) + GIGABYTE + len(tail)
        self._place = 0
        self.most = 0
        """Bytes from the beginning that have been asked for."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        assert whence == io.SEEK_SET
        self._place = offset
        return offset

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override] # of all buffers the one it gets
        at = self._place
        if at < len(self._head):
            piece = self._head[at:]
        elif at < len(self._head) + GIGABYTE:
            left = len(self._head) + GIGABYTE - at
            piece = self._again[(at - len(self._head)) % len(self._again) :][:left]
        else:
            piece = self._tail[at - len(self._head) - GIGABYTE :]
        piece = piece[: len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        self.most = max(self.most, self._place)
        return len(piece)


UTF16 = CAMT.decode().replace("UTF-8", "UTF-16").encode("utf-16")


def between(data: bytes, at: bytes, again: bytes) -> tuple[bytes, bytes, bytes]:
    """A gigabyte of the same before a place of a file."""
    place = data.index(at)
    return data[:place], again, data[place:]


@pytest.mark.parametrize(
    ("make", "check"),
    [
        (lambda: Endless(b"", b" "), "not-a-payment-file"),
        (lambda: Endless(b"", b"\n", CAMT), "not-a-payment-file"),
        (lambda: Endless(b"", b" ", BGMAX), "not-a-payment-file"),
        (lambda: Endless(BGMAX[:82], b" ", BGMAX[82:]), "row-width"),
        (lambda: Endless(BGMAX[:82], b" " * 80 + b"\r\n", BGMAX[82:]), "blank-rows"),
        (lambda: Endless(BGMAX[:82], b"\n", BGMAX[82:]), "blank-rows"),
        (lambda: Endless(BGMAX, b"\r\n"), "blank-rows"),
        (lambda: Endless(*between(CAMT, b"<Document", b" ")), "not-a-payment-file"),
        (lambda: Endless(*between(CAMT, b"<GrpHdr", b" ")), "oversized"),
        (lambda: Endless(*between(CAMT, b"<Ntry>", b" ")), "oversized"),
        (lambda: Endless(*between(CAMT, b"<Ntry>", b"<x/>")), "oversized"),
        (lambda: Endless(*between(CAMT, b"<Ntry>", b"<!-- x -->")), "oversized"),
        (lambda: Endless(*between(CAMT, b"<Ntry>", b"<!--")), "oversized"),
        (lambda: Endless(*between(CAMT, b"<Ntry>", b"<?x y")), "oversized"),
        (lambda: Endless(*between(CAMT, b"Kalles", b"\n")), "oversized"),
        (lambda: Endless(*between(CAMT, b"Kalles", b"x")), "oversized"),
        (lambda: Endless(*between(CAMT, b"Kalles", b"<![CDATA[")), "oversized"),
        (lambda: Endless(*between(CAMT, b"BOOK", b"\t \r\n")), "oversized"),
        (lambda: Endless(*between(CAMT, b" Ccy", b" ")), "oversized"),
        (lambda: Endless(*between(CAMT, b" Ccy", b"x")), "oversized"),
        (lambda: Endless(CAMT, b" "), "oversized"),
        (lambda: Endless(*between(UTF16, "<Nm>".encode("utf-16-le"), b" \0")), "oversized"),
    ],
)  # fmt: skip
def test_a_gigabyte_of_nothing_is_refused_at_its_beginning(make: Callable[[], Endless], check: str) -> None:
    """Read is little more than what the limit allows: so it takes neither time nor memory."""
    raw = make()
    assert refusal(io.BufferedReader(raw)).check == check
    assert raw.most < 1_200_000


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b" " * 100, "a file of blanks"),
        (b"\xef\xbb\xbf", "a file of blanks"),
        (b"\n" * 1_000_000 + CAMT, f"a file that begins with {payment_file.HEAD} blanks"),
        (b" " * 1_000_000 + BGMAX, f"a file that begins with {payment_file.HEAD} blanks"),
    ],
)
def test_a_file_that_begins_with_blanks_is_not_mistaken_for_an_empty_one(data: bytes, found: str) -> None:
    assert payment_file.detect(data[: payment_file.HEAD]) is None
    assert refusal(data).found == found
