import csv
import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.utils.datetime import MAC_EPOCH
from pydantic import TypeAdapter, ValidationError

from samklang.formats.tables import (
    Cell,
    Row,
    TableError,
    read_decimal,
    read_table,
    write_csv,
    xlsx_archive,
    xlsx_parts,
)
from samklang.formats.tables.cells import MAX_CHARACTERS
from samklang.formats.tables.xlsx_writer import write_xlsx
from samklang.platform.shapes import Line

LINE = TypeAdapter[str](Line)


def rows(content: bytes, *, max_rows: int = 1000, max_columns: int = 20) -> list[Row]:
    return list(read_table(content, max_rows=max_rows, max_columns=max_columns).rows)


def texts(content: bytes) -> list[list[str]]:
    """The cells of all rows, which have no errors."""
    found = rows(content)
    assert [row.errors for row in found] == [()] * len(found)
    return [list(row.cells.values()) for row in found]


def columns(content: bytes) -> tuple[str, ...]:
    return read_table(content, max_rows=10).columns


def refusal(content: bytes, *, max_rows: int = 1000, max_columns: int = 20) -> TableError:
    with pytest.raises(TableError) as caught:
        rows(content, max_rows=max_rows, max_columns=max_columns)
    return caught.value


def row_error(content: bytes) -> TableError:
    (error,) = (error for row in rows(content) for error in row.errors)
    return error


@contextmanager
def memory_below(megabytes: float) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 1e6


# ---------------------------------------------------------------- CSV: encodings

SWEDISH = "Namn;Ort\r\nBjörn Åkesson – Väg & El;Östersund\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_is_read_in_every_encoding_that_excel_saves(encoding: str) -> None:
    content = SWEDISH.encode(encoding)
    assert columns(content) == ("Namn", "Ort")
    assert texts(content) == [["Björn Åkesson – Väg & El", "Östersund"]]


def test_csv_in_utf_16_is_read_with_the_large_end_first_too() -> None:
    assert texts(b"\xfe\xff" + SWEDISH.encode("utf-16-be")) == [["Björn Åkesson – Väg & El", "Östersund"]]


@pytest.mark.parametrize(
    ("content", "line", "byte"),
    [
        (b"Namn;Ort\r\nAnna;Lund\r\n\x81berg;Lund\r\n", 3, "0x81"),  # cp1252 has no such sign
        (b"\xef\xbb\xbfNamn;Ort\n\n\nAnna;Malm\xf6\n", 4, "0xf6"),  # said to be UTF-8
        ("Namn;Ort\rÅsa;Umeå\r".encode() + b"Ulf;Ume\xe5\r", 3, "0xe5"),  # UTF-8 but for one
        ("Namn;Ort\r\nAnna;Lund".encode("utf-16")[:-1], 2, "0x64"),  # cut within a sign
    ],
)
def test_a_byte_that_is_no_sign_is_told_with_its_line(content: bytes, line: int, byte: str) -> None:
    refused = refusal(content)
    assert (refused.check, refused.row, refused.unit) == ("not-text", line, "line")
    assert byte in refused.message
    assert "CSV UTF-8" in refused.message


def test_a_nul_is_no_text() -> None:
    refused = refusal(b"Namn;Ort\nAnna;Lu\0nd\n")
    assert (refused.check, refused.row) == ("not-text", 2)


# ---------------------------------------------------------------- CSV: delimiters


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_header_tells_the_delimiter(delimiter: str) -> None:
    content = f"Nr{delimiter}Namn{delimiter}Ort\n1{delimiter}Anna{delimiter}Lund\n".encode()
    assert columns(content) == ("Nr", "Namn", "Ort")
    assert texts(content) == [["1", "Anna", "Lund"]]


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("Namn;Adress, postnr, ort, land", ("Namn", "Adress, postnr, ort, land")),
        ('"Namn; efternamn","Ort"', ("Namn; efternamn", "Ort")),
        ('"Pris;\r\nexkl, moms"\tEnhet', ("Pris; exkl, moms", "Enhet")),
        (";;\r\n\r\nNamn;Ort", ("Namn", "Ort")),
        ("Namn", ("Namn",)),
        ("Namn;Ort\t;Land", ("Namn", "Ort", "Land")),
    ],
)
def test_signs_within_a_name_are_no_delimiters(header: str, names: tuple[str, ...]) -> None:
    assert columns(f"{header}\r\n".encode()) == names


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_first_line_may_tell_the_delimiter_as_excel_has_it(delimiter: str) -> None:
    content = f"sep={delimiter}\r\nNamn{delimiter}Ort\r\nAnna{delimiter}Lund\r\n".encode("utf-16")
    assert texts(content) == [["Anna", "Lund"]]
    assert rows(content)[0].number == 3


# ---------------------------------------------------------------- CSV: rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_numbered_by_the_line_they_begin_on(end: str) -> None:
    lines = ["", "Namn;Ort", "", '"Anna', 'Persson";Lund', " ; ", "Bo;Ystad"]
    found = rows(end.join(lines).encode())
    assert [(row.number, row.cells["Namn"]) for row in found] == [(4, f"Anna{end}Persson"), (7, "Bo")]


def test_blanks_around_names_and_cells_are_taken_away() -> None:
    content = "  Namn \u00a0;  Pris   exkl.\tmoms\nAnna\u00a0; 12 \n".encode()
    assert columns(content) == ("Namn", "Pris exkl. moms")
    assert texts(content) == [["Anna", "12"]]


def test_a_short_row_is_empty_at_its_end() -> None:
    assert texts(b"Nr;Namn;Ort\n1;Anna\n") == [["1", "Anna", ""]]


def test_empty_cells_after_the_last_name_are_nothing() -> None:
    assert texts(b"Nr;Namn;;\n1;Anna;; ;\n") == [["1", "Anna"]]


def test_a_cell_after_the_last_name_is_an_error_of_its_row_alone() -> None:
    first, second = rows(b"Nr;Namn\n1;Anna;Lund;Sverige\n2;Bo\n")
    (error,) = first.errors
    assert (error.check, error.row, error.column, error.unit) == ("cell-outside", 2, "3", "line")
    assert str(error).startswith("Line 2, column 3: ")
    assert second.errors == ()


def test_a_column_without_a_name_may_stand_between_if_it_is_blank() -> None:
    good, bad = rows(b"Nr;;Namn\n1;;Anna\n2;x;Bo\n")
    assert good.cells == {"Nr": "1", "Namn": "Anna"}
    assert good.errors == ()
    assert [error.check for error in bad.errors] == ["cell-outside"]


@pytest.mark.parametrize("header", ["Namn;Ort;namn", "Namn;Ort; NAMN ", '"Pris  kr";x;"Pris\nkr"'])
def test_two_columns_of_one_name_are_refused(header: str) -> None:
    refused = refusal(header.encode())
    assert (refused.check, refused.row) == ("column-twice", 1)
    assert "Columns 1 and 3" in refused.message


def test_quotation_marks_are_doubled_within_a_text_and_stand_as_they_are_inside() -> None:
    assert texts(b'Namn;Mer\n"Bygg ""Nord"" AB";12" rulle\n') == [['Bygg "Nord" AB', '12" rulle']]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'Namn;Ort\nAnna;Lund\n"Bygg "Nord" AB";Lund\nBo;Ystad\n', 3),
        (b'Namn;Ort\nAnna;Lund\nBo;"Ystad\nCarl;Lund\n', 3),
        (b'Namn;"Ort\n' + b"Anna;Lund\n" * 20_000, 1),
    ],
)
def test_a_lone_quotation_mark_is_refused_with_its_line(content: bytes, line: int) -> None:
    refused = refusal(content)
    assert (refused.check, refused.row) == ("quotes", line)


# ---------------------------------------------------------------- both: limits


def written(header: Sequence[str], cells: Sequence[Sequence[Cell]]) -> list[bytes]:
    return [write_csv(header, cells), write_xlsx(header, cells)]


@pytest.mark.parametrize("content", written(["Nr"], [["1"], ["2"], ["3"]]))
def test_so_many_rows_are_read_and_one_more_is_refused(content: bytes) -> None:
    assert len(rows(content, max_rows=3)) == 3
    refused = refusal(content, max_rows=2)
    assert (refused.check, refused.row) == ("too-many-rows", 4)


@pytest.mark.parametrize("content", written(["A", "B", "C"], [["1", "2", "3"]]))
def test_so_many_columns_are_read_and_one_more_is_refused(content: bytes) -> None:
    assert len(rows(content, max_columns=3)) == 1
    assert refusal(content, max_columns=2).check == "too-many-columns"


def test_a_text_longer_than_a_cell_of_excel_is_an_error_of_its_cell() -> None:
    fits, not_fits = "å" * 32_767, "å" * 32_768
    first, second = rows(f"Nr;Namn\n1;{fits}\n2;{not_fits}\n".encode())
    assert (first.cells["Namn"], first.errors) == (fits, ())
    assert second.cells == {"Nr": "2", "Namn": ""}
    assert [(error.check, error.column) for error in second.errors] == [("cell-too-long", "Namn")]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n;;\r\n  \r\n", *written([""], [])])
def test_nothing_is_no_table(content: bytes) -> None:
    assert refusal(content).check == "empty"


@pytest.mark.parametrize("content", written(["Namn", "Ort"], []))
def test_a_header_alone_is_a_table_without_rows(content: bytes) -> None:
    assert columns(content) == ("Namn", "Ort")
    assert rows(content) == []


def test_rows_are_read_one_at_a_time_from_csv() -> None:
    content = write_csv(["Nr", "Namn"], ([str(number), f"Kund {number}"] for number in range(10_000)))
    with memory_below(len(content) / 1e6 + 1):  # to look at all of it once as text
        assert sum(1 for _ in read_table(content, max_rows=10_000).rows) == 10_000


# ---------------------------------------------------------------- XLSX: values


def excel(*lines: list[Any], formats: dict[str, str] | None = None, mac: bool = False) -> bytes:
    workbook = Workbook()
    if mac:
        workbook.epoch = MAC_EPOCH
    sheet = workbook.worksheets[0]
    for line in lines:
        sheet.append(line)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def shown(value: Any, number_format: str = "", *, mac: bool = False) -> str:
    ((text,),) = texts(
        excel(["Värde"], [value], formats={"A2": number_format} if number_format else None, mac=mac)
    )
    return text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (0.1 + 0.2, "0,3"),
        (1250.5, "1250,5"),
        (-1250.55, "-1250,55"),
        (-0.0, "0"),
        (0.00001, "0,00001"),
        (1e20, "100000000000000000000"),
        (5560360793, "5560360793"),
        (True, "true"),
        (False, "false"),
        (" Anna\u00a0", "Anna"),
        (date(2026, 11, 23), "2026-11-23"),
        (datetime.fromisoformat("2026-11-23T10:30"), "2026-11-23T10:30:00"),
        (time(10, 30), "10:30:00"),
        (timedelta(hours=25, minutes=30), "25:30:00"),
    ],
)
def test_a_cell_reads_as_people_see_it(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.25, "0%", "25%"),
        (0.065, "0.0 %", "6,5%"),
        (1, "0%", "100%"),
        (1250.5, '#,##0.00\\ "kr"', "1250,5"),
        (1250.5, "#,##0.00 [$kr-41D]", "1250,5"),
        (12, '0" dagar %"', "12"),
        (101011234, "000000\\-0000", "010101-1234"),
        (5560360793, '000000"-"0000', "556036-0793"),
        (123, "00000", "00123"),
        (1234567, "00000", "1234567"),
        (11122, "000\\ 00", "111 22"),
        (-123, "00000", "-123"),
        (1.5, "00000", "1,5"),
        (46349, "d mmm yyyy", "2026-11-23"),
        (46349, "[$-41D]yyyy-mm-dd;@", "2026-11-23"),
        (1.0625, "[h]:mm", "25:30:00"),
    ],
)
def test_a_number_format_tells_what_a_number_is(value: float, number_format: str, text: str) -> None:
    assert shown(value, number_format) == text


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    assert shown(date(2026, 11, 23), "yyyy-mm-dd", mac=True) == "2026-11-23"


@pytest.mark.parametrize("value", [-1, 3_000_000])
def test_a_number_that_is_no_day_is_an_error_of_its_cell(value: int) -> None:
    error = row_error(excel(["Dag"], [value], formats={"A2": "yyyy-mm-dd"}))
    assert (error.check, error.row, error.column) == ("not-a-date", 2, "Dag")


@pytest.mark.parametrize("text", ["2026-13-01", "10:30:00", "today"])
def test_a_text_that_is_no_day_is_an_error_of_its_cell(text: str) -> None:
    assert row_error(sheet_of(f'<c t="d"><v>{text}</v></c>')).check == "not-a-date"


def test_a_cell_that_shows_an_error_is_one() -> None:
    error = row_error(excel(["Nr", "Namn"], [1, "#N/A"]))
    assert (error.check, error.row, error.column, error.unit) == ("error-cell", 2, "Namn", "row")
    assert str(error) == "Row 2, column Namn: The cell shows #N/A: correct or clear it."


def test_a_formula_without_its_result_is_an_error_that_says_what_to_do() -> None:
    error = row_error(excel(["Nr", "Summa"], [1, "=SUM(A2)"]))
    assert (error.check, error.column) == ("formula-without-result", "Summa")
    assert "paste the values" in error.message


def test_an_error_in_the_header_refuses_the_file() -> None:
    refused = refusal(excel(["Nr", "=A1"], [1, 2]))
    assert (refused.check, refused.row, refused.column) == ("formula-without-result", 1, "2")


def test_blank_rows_are_left_out_and_the_others_keep_their_numbers() -> None:
    found = rows(excel([], ["Nr", "Namn"], [], [1, "Anna"], [None, " "], [2]))
    assert [(row.number, list(row.cells.values())) for row in found] == [(4, ["1", "Anna"]), (6, ["2", ""])]


def test_the_first_sheet_that_is_seen_is_read() -> None:
    workbook = Workbook()
    workbook.worksheets[0].sheet_state = "hidden"
    workbook.worksheets[0].append(["Dold"])
    workbook.create_chartsheet("Diagram")
    workbook.create_sheet("Mycket dold").sheet_state = "veryHidden"
    workbook.create_sheet("Kunder").append(["Namn"])
    workbook.create_sheet("Mer").append(["Annat"])
    content = io.BytesIO()
    workbook.save(content)
    assert columns(content.getvalue()) == ("Namn",)


# ---------------------------------------------------------------- XLSX: parts made by hand

SHEET = '<sheet name="Blad1" sheetId="1" r:id="rId1"/>'
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>Nr</t></is></c></row>'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"


def parts(
    sheet_rows: str = HEADER,
    *,
    strings: str = "",
    styles: str = "",
    sheets: str = SHEET,
    relations: str = "",
    main: str = MAIN,
) -> dict[str, bytes]:
    """A workbook of the parts that are read."""
    kinds = {
        "worksheet": "worksheets/sheet1.xml",
        "sharedStrings": "/xl/sharedStrings.xml",
        "styles": "styles.xml",
    }
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(kinds.items(), 1)
    )
    named = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{LINKS}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{links}{relations}</Relationships>",
        "xl/worksheets/sheet1.xml": (
            f'<worksheet xmlns="{main}"><sheetData>{sheet_rows}</sheetData></worksheet>'
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{main}">{strings}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
    }
    return {name: text.encode() for name, text in named.items()}


def zipped(named: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, part in named.items():
            archive.writestr(name, part)
    return content.getvalue()


def sheet_of(*cells: str, **other: str) -> bytes:
    """One column, called Nr, with these cells."""
    return zipped(parts(HEADER + "".join(f"<row>{cell}</row>" for cell in cells), **other))


def test_shared_texts_are_read_without_their_form_and_pronunciation() -> None:
    strings = (
        "<si><t>Anna</t></si>"
        "<si><r><t>Fet </t></r><r><rPr><b/></rPr><t>text</t></r></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>とうきょう</t></rPh></si>"
        "<si/>"
    )
    cells = [
        '<c t="s"><v>2</v></c>',
        '<c t="s"><v>1</v></c>',
        '<c t="s"><v>0</v></c>',
        '<c t="s"><v>3</v></c>',
    ]
    assert texts(sheet_of(*cells, strings=strings)) == [["東京"], ["Fet text"], ["Anna"]]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("rad 1_x000D_\nrad 2", "rad 1\r\nrad 2"),
        ("_x005F_x000D_", "_x000D_"),
        ("a_x00E5_b", "aåb"),
        ("_xD83D_", "_xD83D_"),  # half a pair is no sign
        ("x_x12_", "x_x12_"),
        ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
    ],
)
def test_signs_that_xml_cannot_hold_are_read_from_their_escapes(stored: str, text: str) -> None:
    assert texts(sheet_of(f'<c t="inlineStr"><is><t>{stored}</t></is></c>')) == [[text]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<c><f>1+1</f><v>2</v></c>", "2"),
        ('<c t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "ab"),
        ('<c t="b"><f>TRUE()</f><v>1</v></c>', "true"),
        ('<c t="d"><v>2026-11-23</v></c>', "2026-11-23"),
        ('<c t="d"><v>2026-11-23T10:30:00.000</v></c>', "2026-11-23T10:30:00"),
        ("<c><v>1.2500000000000001E-2</v></c>", "0,0125"),
        ("<c><v>12345678901234567890</v></c>", "12345678901234567890"),
    ],
)
def test_results_and_numbers_are_read_as_they_are_stored(cell: str, text: str) -> None:
    assert texts(sheet_of(cell)) == [[text]]


def test_a_formula_whose_result_is_an_empty_text_is_blank() -> None:
    found = rows(sheet_of('<c t="str"><f>""</f><v></v></c>', "<c><v>1</v></c>", "<c/>"))
    assert [(row.number, row.errors) for row in found] == [(3, ())]


@pytest.mark.parametrize("cell", ['<c t="str"><f>A1</f></c>', "<c><f>A1</f></c>", "<c><f>A1</f><v/></c>"])
def test_a_formula_that_was_never_calculated_is_an_error_of_its_cell_alone(cell: str) -> None:
    assert row_error(sheet_of(cell, "<c><v>1</v></c>", "<c/>")).check == "formula-without-result"


def test_a_number_format_longer_than_excel_has_them_is_not_looked_at() -> None:
    for length, text in ((255, f"{7:0255}"), (256, "7")):
        number_format = f'<numFmts><numFmt numFmtId="200" formatCode="{"0" * length}"/></numFmts>'
        styles = f'{number_format}<cellXfs><xf numFmtId="200"/></cellXfs>'
        assert texts(sheet_of('<c s="0"><v>7</v></c>', styles=styles)) == [[text]]


@pytest.mark.parametrize("over", [1, 20, 40, 200])
def test_a_tag_may_stand_across_the_blocks_that_are_read(over: int) -> None:
    tag = f'<pageMargins left="{"0" * 300}"/>'
    content = parts(f"{HEADER}<row><c><v>7</v></c></row></sheetData>{tag}<sheetData>")
    name = "xl/worksheets/sheet1.xml"
    blanks = b" " * (xlsx_archive._BLOCK + over - len(content[name]))
    content[name] = content[name].replace(b"<pageMargins", blanks + b"<pageMargins")
    assert texts(zipped(content)) == [["7"]]


def test_a_strict_workbook_is_read_and_so_is_one_with_prefixes() -> None:
    prefixed = {
        name: part.replace(b"<", b"<x:").replace(b"<x:/", b"</x:").replace(b"xmlns=", b"xmlns:x=")
        for name, part in parts(HEADER + "<row><c><v>7</v></c></row>").items()
        if "rels" not in name
    }
    assert texts(zipped(parts() | prefixed)) == [["7"]]
    assert texts(sheet_of("<c><v>7</v></c>", main=STRICT)) == [["7"]]


def test_rows_and_cells_without_a_place_follow_each_other() -> None:
    header = '<row><c t="inlineStr"><is><t>A</t></is></c><c t="inlineStr"><is><t>B</t></is></c></row>'
    content = zipped(parts(header + '<row r="5"><c><v>1</v></c><c><v>2</v></c></row><row><c r="B6"/></row>'))
    assert [(row.number, list(row.cells.values())) for row in rows(content)] == [(5, ["1", "2"])]


def test_what_the_sheet_says_of_its_size_is_not_believed() -> None:
    sheet = parts(HEADER + '<row r="9"><c r="A9"><v>7</v></c></row>')
    name = "xl/worksheets/sheet1.xml"
    for claim in (b'<dimension ref="A1"/>', b'<dimension ref="A1:XFD1048576"/>'):
        sheet[name] = parts()[name].replace(b"<sheetData>", claim + b"<sheetData>")
        assert columns(zipped(sheet)) == ("Nr",)
        assert rows(zipped(sheet)) == []


def test_links_to_other_files_are_not_followed() -> None:
    link = f'<Relationship Id="rId1" Type="{LINKS}/worksheet" Target="file:///x" TargetMode="External"/>'
    outside = f'<Relationship Id="rId9" Type="{LINKS}/externalLink" Target="externalLinks/e.xml"/>'
    assert columns(zipped(parts(relations=link + outside))) == ("Nr",)


def test_a_workbook_whose_sheets_are_hidden_is_refused() -> None:
    content = zipped(parts(sheets='<sheet name="a" sheetId="1" r:id="rId1" state="hidden"/>'))
    assert refusal(content).check == "no-sheet"


@pytest.mark.parametrize(
    "sheet_rows",
    [
        f"{HEADER}<row",
        f"{HEADER}</row>",
        f"{HEADER}<row><c><v>twelve</v></c></row>",
        f"{HEADER}<row><c><v>NaN</v></c></row>",
        f'{HEADER}<row><c t="s"><v>0</v></c></row>',
        f'{HEADER}<row><c s="3"><v>1</v></c></row>',
        f'{HEADER}<row r="1"/>',
        f'{HEADER}<row r="-1"/>',
        f'{HEADER}<row r="1048577"/>',
        f'{HEADER}<row><c r="A2"/><c r="A2"/></row>',
        f'{HEADER}<row><c r="B2"/><c r="A2"/></row>',
        f'{HEADER}<row><c r="2B"/></row>',
        f'{HEADER}<row><c r="ZZZ2"/></row>',
        f"{HEADER}&nbsp;",
    ],
)
def test_a_sheet_that_no_program_writes_is_damaged(sheet_rows: str) -> None:
    refused = refusal(zipped(parts(sheet_rows)))
    assert (refused.check, refused.row) == ("damaged", None)
    assert "open it in Excel" in refused.message


@pytest.mark.parametrize("name", [name for name in parts() if name != "xl/workbook.xml"])
def test_a_workbook_that_lacks_a_part_is_damaged(name: str) -> None:
    named = parts()
    del named[name]
    assert refusal(zipped(named)).check == "damaged"


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "no-such"])
def test_a_part_in_an_encoding_that_no_program_uses_is_damaged(encoding: str) -> None:
    named = parts()
    named["xl/workbook.xml"] = (
        f"<?xml version='1.0' encoding='{encoding}'?>".encode() + named["xl/workbook.xml"]
    )
    assert refusal(zipped(named)).check == "damaged"


# ---------------------------------------------------------------- what is no table

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (OLE + "Workbook".encode("utf-16-le"), "old Excel workbook (XLS)"),
        (zipped({"mimetype": b"", "content.xml": b""}), "OpenDocument"),
        (zipped({"xl/workbook.bin": b""}), "XLSB"),
        (zipped({"word/document.xml": b""}), "Word"),
        (zipped({"Index/Document.iwa": b""}), "Numbers"),
        (zipped({"a.csv": b"Namn;Ort"}), "a zip archive"),
        (b"%PDF-1.7", "PDF"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "XML"),
        (b"\n<HTML><table>", "web page"),
        (b'{"a": 1}', "JSON"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
    ],
)
def test_another_kind_of_file_is_named_and_its_sender_told_what_to_save(content: bytes, what: str) -> None:
    refused = refusal(content)
    assert refused.check == "not-a-table"
    assert what in refused.message
    assert "XLSX" in refused.message
    assert "CSV" in refused.message


def test_a_workbook_with_a_password_is_refused_for_it() -> None:
    assert refusal(OLE + "EncryptedPackage".encode("utf-16-le")).check == "password"
    content = zipped(parts())
    central = content.index(b"PK\x01\x02")
    assert refusal(content[: central + 8] + b"\x01" + content[central + 9 :]).check == "password"


# ---------------------------------------------------------------- bombs


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE x>",
    ],
)
@pytest.mark.parametrize("name", list(parts()))
def test_a_part_that_declares_a_document_type_is_refused(name: str, declaration: str) -> None:
    named = parts()
    named[name] = declaration.encode() + named[name]
    assert refusal(zipped(named)).check == "damaged"


def test_a_part_packed_too_well_is_refused_before_it_is_unpacked() -> None:
    content = zipped(parts(HEADER + "<row/>" * 2_000_000), zipfile.ZIP_DEFLATED)
    with memory_below(1):
        assert refusal(content).check == "too-large"


def test_a_workbook_too_large_when_unpacked_is_refused_before_it_is_unpacked() -> None:
    named = parts() | {f"xl/media/{number}.bin": bytes(1 << 20) for number in range(65)}
    content = zipped(named, zipfile.ZIP_DEFLATED)
    with memory_below(1):
        assert refusal(content).check == "too-large"


def test_an_archive_of_too_many_entries_is_refused_before_they_are_listed() -> None:
    content = zipped(parts() | {f"{number}": b"" for number in range(5_000)})
    with memory_below(1):
        assert refusal(content).check == "too-large"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_way_to_pack_that_no_program_uses_is_refused(method: int) -> None:
    assert refusal(zipped(parts(), method)).check == "damaged"


@pytest.mark.parametrize("forged", [False, True])
def test_an_entry_larger_than_its_directory_says_is_never_unpacked(forged: bool) -> None:  # noqa: FBT001 - a case
    sheet = b"<worksheet><sheetData>" + b" " * 20_000_000
    content = bytearray(zipped(parts() | {"xl/worksheets/sheet1.xml": sheet}, zipfile.ZIP_DEFLATED))
    said = 1_000
    crc = zlib.crc32(sheet[:said]) if forged else zlib.crc32(sheet)
    name = b"xl/worksheets/sheet1.xml"
    local, central = content.index(name) - 30, content.rindex(name) - 46
    for start, crc_at, size_at in ((local, 14, 22), (central, 16, 24)):
        struct.pack_into("<L", content, start + crc_at, crc)
        struct.pack_into("<L", content, start + size_at, said)
    with memory_below(1):
        assert refusal(bytes(content)).check == "damaged"


LONG = "x" * 30_000
BOMBS = {
    "a row of a million cells": HEADER + "<row>" + "<c/>" * 1_000_000 + "</row>",
    "elements in elements": HEADER + "<a>" * 1_000_000,
    "a tag of a megabyte": HEADER + "<row " + " ".join(f'a{n}=""' for n in range(150_000)) + "/>",
    "names upon names": HEADER + "".join(f"<a{n}/>" for n in range(150_000)),
    "a text of megabytes": f'{HEADER}<row><c t="inlineStr"><is><t>{"å&lt;" * 200_000}</t></is></c></row>',
    "a comment of megabytes": f"{HEADER}<!--{'x' * 2_000_000}-->",
}


@pytest.mark.parametrize("sheet_rows", BOMBS.values(), ids=BOMBS.keys())
def test_no_sheet_takes_more_memory_than_it_should(sheet_rows: str) -> None:
    content = zipped(parts(sheet_rows))
    with memory_below(2):
        try:
            errors = [error for row in rows(content) for error in row.errors]
        except TableError as error:
            errors = [error]
    assert {error.check for error in errors} <= {"damaged", "cell-too-long"}
    assert errors


def test_rows_and_cells_of_a_sheet_are_read_one_at_a_time() -> None:
    cells = "".join(
        f'<row><c t="inlineStr"><is><t>Kund {number}</t></is></c></row>' for number in range(4_000)
    )
    content = zipped(parts(HEADER + cells + "<row/>" * 30_000))
    with memory_below(1):
        assert sum(1 for _ in read_table(content, max_rows=4_000).rows) == 4_000


def test_one_long_text_in_every_cell_is_refused_when_it_adds_up_to_too_much() -> None:
    cells = ['<c t="s"><v>0</v></c>'] * 1_000
    content = sheet_of(*cells, strings=f"<si><t>{LONG}</t></si>")
    with memory_below(1):
        refused = refusal(content)
    assert (refused.check, refused.row) == ("too-large", 2 + MAX_CHARACTERS // len(LONG))


@pytest.mark.parametrize(
    ("limit", "value", "part"),
    [
        ("_MAX_STRINGS", 2, {"strings": "<si><t>a</t></si>" * 3}),
        ("MAX_CHARACTERS", 10, {"strings": "<si><t>abcdef</t></si>" * 2}),
        ("_MAX_STYLES", 60, {"styles": f"<cellXfs>{'<xf/>' * 61}</cellXfs>"}),
        (
            "_MAX_STYLES",
            60,
            {
                "styles": "<numFmts>"
                + "".join(f'<numFmt numFmtId="{200 + n}" formatCode="0"/>' for n in range(61))
                + "</numFmts>"
            },
        ),
        ("MAX_ENTRIES", 6, {"relations": f'<Relationship Id="a" Type="{LINKS}/worksheet" Target="b"/>'}),
    ],
)
def test_the_parts_beside_the_sheet_are_limited_too(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: int, part: dict[str, str]
) -> None:
    if limit == "MAX_ENTRIES":
        part = {"relations": "".join(part["relations"].replace('"a"', f'"{n}"') for n in range(7))}
    assert columns(zipped(parts(**part))) == ("Nr",)
    monkeypatch.setattr(xlsx_parts, limit, value)
    assert refusal(zipped(parts(**part))).check == "too-large"


def test_csv_of_very_many_columns_is_refused() -> None:
    content = ";".join(f"a{number}" for number in range(100_000)).encode()
    with memory_below(30 * len(content) / 1e6):
        assert refusal(content).check == "too-many-columns"


WORKBOOK = write_xlsx(["Namn", "Pris"], [["=Anna", Decimal("1.5")], ["Bo", -3]])


@given(
    st.lists(st.tuples(st.integers(0, len(WORKBOOK) - 1), st.integers(0, 255)), max_size=6),
    st.integers(len(WORKBOOK) // 2, len(WORKBOOK)),
)
def test_a_broken_workbook_is_read_or_refused_and_nothing_else(
    changes: list[tuple[int, int]], end: int
) -> None:
    content = bytearray(WORKBOOK)
    for place, byte in changes:
        content[place] = byte
    try:
        rows(bytes(content[:end]))
    except TableError as error:
        assert error.message  # noqa: PT017 - any other exception fails the test


MARKUP = [
    "<row>",
    "</row>",
    "<c>",
    '<c t="s">',
    '<c t="d">',
    '<c r="A2">',
    '<c s="0">',
    "</c>",
    "<v>",
    "</v>",
]
MARKUP += ["<f>", "</f>", "<is>", "</is>", "<t>", "</t>", "0", "-1", "7.5", "1E9", "Anna", "&#13;", " "]


@given(st.lists(st.sampled_from(MARKUP), max_size=12))
def test_any_sheet_is_read_or_refused_and_nothing_else(pieces: list[str]) -> None:
    try:
        rows(zipped(parts(HEADER + "".join(pieces))))
    except TableError as error:
        assert error.message  # noqa: PT017 - any other exception fails the test


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_and_nothing_else(content: bytes) -> None:
    try:
        rows(content, max_rows=60, max_columns=60)
    except TableError as error:
        assert error.message  # noqa: PT017 - any other exception fails the test


# ---------------------------------------------------------------- decimals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1250", "1250"),
        ("1250,50", "1250.50"),
        ("1250.50", "1250.50"),
        ("1 250,50", "1250.50"),
        ("1\u00a0250,50", "1250.50"),
        ("1\u202f250\u2009000,5", "1250000.5"),
        ("1.250,50", "1250.50"),
        ("1.250.000", "1250000"),
        ("1 250.50", "1250.50"),
        ("1,250", "1.250"),  # the comma is the decimal sign
        ("0.125", "0.125"),
        ("1250.125", "1250.125"),
        ("1.25", "1.25"),
        ("-3", "-3"),
        ("\u22123,5", "-3.5"),
        ("- 3", "-3"),
        ("+3", "3"),
        ("-0,00", "0"),
        ("25 %", "25"),
        ("25%", "25"),
        ("99 kr", "99"),
        ("99,50 Kr.", "99.50"),
        ("1 250 SEK", "1250"),
        ("99:-", "99"),
        ("  7\u00a0", "7"),
        ("007", "7"),
    ],
)
def test_a_number_is_read_as_swedes_write_it(text: str, number: str) -> None:
    assert read_decimal(text) == Decimal(number)


def test_zero_is_never_minus() -> None:
    assert str(read_decimal("-0")) == "0"


@pytest.mark.parametrize(
    ("text", "first", "second"), [("1.250", "1250", "1,250"), ("-12.500 kr", "-12500", "-12,500")]
)
def test_a_point_that_could_mean_two_things_is_refused_with_both(text: str, first: str, second: str) -> None:
    with pytest.raises(ValueError, match="unclear") as caught:
        read_decimal(text)
    assert f'"{first}"' in str(caught.value)
    assert f'"{second}"' in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "kr",
            "-",
            "abc",
            "1,250.50",
            "1,250,000",
            "12 50",
            "1 25",
            "0 250",
            "1.25.000",
            "1250,",
            ",50",
        ),
        *("1e5", "1,5E+3", "NaN", "Infinity", "１２", "1_000", "0x10", "1--", "100-", "1 250 ,50", "5 st"),
        "9" * 41,
        "1" + " " * 1_000_000 + "1",
        "0.125.000",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number with a decimal comma"):
        read_decimal(text)


# ---------------------------------------------------------------- writing


def test_csv_is_written_as_swedish_excel_opens_it() -> None:
    content = write_csv(
        ["Namn", "Pris", "Dag", "Aktiv"],
        [
            ['Bygg "Nord"; AB', Decimal("-1250.50"), date(2026, 11, 23), True],
            ["Åsa\nÖberg", 7, None, False],
        ],
    )
    assert content.decode("utf-8-sig") == (
        'Namn;Pris;Dag;Aktiv\r\n"Bygg ""Nord""; AB";-1250,50;2026-11-23;true\r\n"Åsa\nÖberg";7;;false\r\n'
    )
    assert content.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
@pytest.mark.parametrize("before", ["", " ", "\u00a0 ", "\n", "'"])
def test_csv_has_an_apostrophe_before_a_text_that_could_be_calculated(before: str, sign: str) -> None:
    text = f"{before}{sign}1+1"
    ((_,), (cell,)) = csv.reader(
        io.StringIO(write_csv(["A"], [[text]]).decode("utf-8-sig"), newline=""), delimiter=";"
    )
    assert cell == f"'{text}"


@pytest.mark.parametrize("text", ["Anna", "1-2", "a=b", "anna@example.com", "'Anna'", "", "–5"])
def test_csv_leaves_other_texts_as_they_are(text: str) -> None:
    assert write_csv(["A", "B"], [[text, "x"]]) == f"\ufeffA;B\r\n{text};x\r\n".encode()


def open_sheet(content: bytes) -> Any:
    return load_workbook(io.BytesIO(content)).worksheets[0]


def test_xlsx_holds_numbers_days_and_texts_as_what_they_are() -> None:
    sheet = open_sheet(
        write_xlsx(
            ["Namn", "Pris", "Dag", "Aktiv"],
            [["0701", Decimal("-1250.50"), date(2026, 11, 23), True], ["=1+1", 7, None, False]],
            title="Kunder",
        )
    )
    assert sheet.title == "Kunder"
    found = [[(cell.data_type, cell.value) for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert found == [
        [("s", "0701"), ("n", -1250.5), ("d", datetime.fromisoformat("2026-11-23")), ("b", True)],
        [("s", "=1+1"), ("n", 7), ("n", None), ("b", False)],
    ]
    assert (sheet["A2"].number_format, sheet["B2"].number_format) == ("@", "0.00")
    assert (sheet["A2"].quotePrefix, sheet["A3"].quotePrefix) == (False, True)


def test_xlsx_has_a_header_that_stays_in_view_and_filters() -> None:
    long = "En mycket lång benämning på en artikel"
    sheet = open_sheet(write_xlsx(["Nr", "Namn"], [["1", long], ["2", "x" * 500]]))
    assert [cell.font.b for cell in sheet[1]] == [True, True]
    assert sheet["A2"].font.b is False
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")
    assert (sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width) == (8, 60)


def test_xlsx_of_the_same_table_is_the_same_bytes_at_any_time() -> None:
    content = write_xlsx(["Namn"], [["Anna"]])
    assert write_xlsx(["Namn"], [["Anna"]]) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.read("docProps/core.xml").count(b"1980-01-01T00:00:00Z") == 2


@pytest.mark.parametrize("number", [10**15, Decimal("12345678901234.56"), -(10**16) - 1])
def test_xlsx_holds_a_number_of_more_digits_than_excel_keeps_as_text(number: int | Decimal) -> None:
    kind = "s" if len(str(number).strip("-").replace(".", "").rstrip("0")) > 15 else "n"
    content = write_xlsx(["Nr"], [[number]])
    assert open_sheet(content)["A2"].data_type == kind
    assert read_decimal(texts(content)[0][0]) == number


def test_xlsx_with_a_text_longer_than_a_cell_is_not_written_cut() -> None:
    with pytest.raises(TableError, match="longer than 32767"):
        write_xlsx(["Namn"], [["x" * 32_768]])


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_a_row_of_another_width_than_the_header_is_not_written(write: Any) -> None:
    with pytest.raises(ValueError, match="row 3 has 1 cells under a header of 2"):
        write(["A", "B"], [["1", "2"], ["3"]])


def in_a_fresh_process(code: str, **environment: str) -> bytes:
    """What a program of its own writes."""
    process = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, check=False
    )
    assert process.returncode == 0, process.stderr.decode()
    return process.stdout


def test_csv_is_read_and_written_without_openpyxl_which_takes_long_to_import() -> None:
    code = """
import sys
from samklang.formats.tables import read_decimal, read_table, write_csv
content = write_csv(["Pris"], [["1,5"]])
assert [read_decimal(row.cells["Pris"]) for row in read_table(content, max_rows=1).rows]
print({name for name in sys.modules if name.startswith(("openpyxl", "defusedxml"))})
"""
    assert in_a_fresh_process(code) == b"set()\n"


def test_xlsx_holds_the_same_where_there_is_no_lxml() -> None:
    code = """
import sys
from decimal import Decimal
from openpyxl.xml import LXML
from samklang.formats.tables.xlsx_writer import write_xlsx
assert not LXML
sys.stdout.buffer.write(write_xlsx(["Namn", "Pris"], [["=Åsa <&> _x0041_ ", Decimal("1.50")], ["'+1", 7]]))
"""
    content = in_a_fresh_process(code, OPENPYXL_LXML="False")
    assert texts(content) == [["=Åsa <&> _x0041_", "1,5"], ["'+1", "7"]]
    assert [cell.data_type for cell in open_sheet(content)["A"]] == ["s", "s", "s"]


# ---------------------------------------------------------------- written and read again


def _accepted(text: str) -> str:
    try:
        return LINE.validate_python(text)
    except ValidationError:  # nothing but blanks
        return ""


MARKS = st.sampled_from([*"=+-@＝＋－＠'\";, \n_", "\u00a0", "_x0041_", "_x005F_", "#N/A", "sep=;", "\ufffe"])
VISIBLE = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])
LINES = st.lists(MARKS | VISIBLE, min_size=1, max_size=12).map("".join).map(_accepted).filter(bool)
TABLES = st.lists(st.tuples(LINES, LINES, st.one_of(st.just(""), LINES)), max_size=12)


@settings(max_examples=40)
@given(TABLES)
def test_any_texts_of_ours_come_back_from_csv(cells: list[tuple[str, str, str]]) -> None:
    assert texts(write_csv(["Namn", "Ort", "=Mer"], cells)) == [list(row) for row in cells]


@settings(max_examples=12)
@given(TABLES)
def test_any_texts_of_ours_come_back_from_xlsx_and_none_is_a_formula(
    cells: list[tuple[str, str, str]],
) -> None:
    content = write_xlsx(["Namn", "Ort", "=Mer"], cells)
    assert texts(content) == [list(row) for row in cells]
    assert {cell.data_type for row in open_sheet(content).iter_rows() for cell in row if cell.value} == {"s"}


@given(st.lists(st.lists(MARKS | st.characters(), max_size=8).map("".join), min_size=1, max_size=5))
def test_no_cell_of_csv_begins_as_a_formula(cells: list[str]) -> None:
    content = write_csv([*map(str, range(len(cells)))], [cells]).decode("utf-8-sig", "surrogatepass")
    _, found = csv.reader(io.StringIO(content, newline=""), delimiter=";")
    assert [cell for cell in found if cell.lstrip()[:1] in {*"=+-@＝＋－＠"}] == []


@settings(max_examples=40)
@given(
    st.lists(st.one_of(st.integers(-(10**17), 10**17), st.decimals(-(10**9), 10**9, places=4)), min_size=1)
)
def test_numbers_come_back_from_both_as_they_were(numbers: list[int | Decimal]) -> None:
    cells = [[number] for number in numbers]
    for content in written(["Pris"], cells):
        assert [[read_decimal(text)] for (text,) in texts(content)] == cells
