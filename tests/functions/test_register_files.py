import io
import itertools
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from openpyxl import Workbook

from samklang.formats.tables import read_table, write_csv
from samklang.formats.tables.xlsx_writer import write_xlsx
from samklang.invoicing import register_files, register_plan
from samklang.invoicing.store import registers as store
from samklang.platform import dynamo
from samklang.platform.dynamo import Contention, Transaction
from tests.functions.books import Firm, Office, code, etag
from tests.functions.conftest import STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

FILE = (
    "Kundnummer;Företagsnamn;Organisationsnummer;E-post;Adress;Postnr;Ort;Betalningsvillkor;Säljare\r\n"
    "1001;Östergrens Bygg & Måleri AB;556012-5790;info@example.se;Gatan 1;111 22;Lund;20 dagar netto;Olle\r\n"
    ";Åsa Öberg;;asa@example.se;;;;;\r\n"
)
WRONG = (
    "Kundnr;Namn;Org.nr/Personnr;Betalningsvillkor\n1;Anna;556012-5791;30\n2;Bo;;-3\n3;Carl;;\n3;Doris;;\n"
)


def body(content: str | bytes, *, dry_run: bool | None = None) -> dict[str, Any]:
    """A request with this file."""
    content = content.encode() if isinstance(content, str) else content
    return {"content": b64encode(content).decode()} | ({} if dry_run is None else {"dry_run": dry_run})


def imported(firm: Firm, content: str | bytes, kind: str = "customers") -> Any:
    return firm.ok("POST", f"/{kind[:-1]}-file", body(content, dry_run=False))


def counts(result: Any) -> tuple[int, int, int]:
    """New, changed, and as they were; no errors."""
    assert result["error_count"] == 0, result
    return result["created"], result["updated"], result["unchanged"]


def register(firm: Firm) -> list[Any]:
    """All that is kept of the register."""
    prefixes = ("CUSTOMER#", "ARTICLE#", "NUMBER#", "NEXT#", "FIND#")
    return [item for prefix in prefixes for item in firm.items("InvoicingTable", prefix)]


def exported(firm: Firm, kind: str = "customers", file_format: str = "csv", user: str | None = None) -> bytes:
    answer = firm.call("GET", f"/{kind[:-1]}-file?format={file_format}", user=user)
    assert answer.status == 200, answer.text
    return b64decode(answer.text)


def in_batches_of(monkeypatch: pytest.MonkeyPatch, operations: int) -> None:
    """Let few operations fit in a transaction, and write them one after the other, for moto's sake."""
    monkeypatch.setattr(register_files, "MAX_OPERATIONS", operations)
    monkeypatch.setattr(register_files, "_WRITERS", 1)


# ---------------------------------------------------------------- import


def test_unless_it_is_told_to_write_an_import_only_tells_what_it_would_do(office: Office) -> None:
    firm = office.firm()
    for request in (body(FILE), body(FILE, dry_run=True)):
        result = firm.ok("POST", "/customer-file", request)
        assert (result["dry_run"], result["rows"], counts(result)) == (True, 2, (2, 0, 0))
    assert register(firm) == []


def test_what_was_told_is_what_is_done_and_a_second_time_there_is_nothing_to_do(office: Office) -> None:
    firm = office.firm()
    told = firm.ok("POST", "/customer-file", body(FILE))
    done = imported(firm, FILE)
    assert done == told | {"dry_run": False}
    kept = register(firm)
    assert counts(imported(firm, FILE)) == (0, 0, 2)
    assert register(firm) == kept

    asa, ostergren = sorted(firm.listed("/customers"), key=lambda each: each["number"])
    assert (ostergren["number"], ostergren["org_no"], ostergren["payment_terms_days"]) == (
        "1001",
        "5560125790",
        20,
    )
    assert ostergren["address"] == {
        "street": "Gatan 1",
        "postcode": "11122",
        "city": "Lund",
        "country": "SE",
    }
    assert (asa["number"], asa["name"], asa["payment_terms_days"], asa["version"]) == (
        "1",
        "Åsa Öberg",
        30,
        1,
    )
    assert [each["name"] for each in firm.listed("/customers?search=%C3%B6berg")] == ["Åsa Öberg"]


def test_the_answer_tells_what_each_column_was_taken_for_and_how_rows_become(office: Office) -> None:
    result = office.firm().ok("POST", "/customer-file", body(FILE))
    assert {each["header"]: each["field"] for each in result["columns"]} == {
        "Kundnummer": "number",
        "Företagsnamn": "name",
        "Organisationsnummer": "org_no",
        "E-post": "email",
        "Adress": "address.street",
        "Postnr": "address.postcode",
        "Ort": "address.city",
        "Betalningsvillkor": "payment_terms_days",
        "Säljare": None,
    }
    first, second = result["preview"]
    assert (first["row"], first["outcome"], first["number"]) == (2, "created", "1001")
    assert (second["row"], second["name"], second["number"]) == (3, "Åsa Öberg", "1")


def test_entries_change_only_in_what_the_file_says(office: Office) -> None:
    firm = office.firm()
    imported(firm, FILE)
    before = {each["number"]: each for each in firm.listed("/customers")}
    result = imported(firm, "Kundnr;Namn;Telefon;E-post\n1001;Nya Bygg AB;08-1;\n1;;;\n")
    assert counts(result) == (0, 1, 1)
    after = {each["number"]: each for each in firm.listed("/customers")}
    assert after["1001"] == before["1001"] | {"name": "Nya Bygg AB", "phone": "08-1", "version": 2}
    assert after["1"] == before["1"]
    assert firm.listed("/customers?search=m%C3%A5leri") == []
    assert [each["number"] for each in firm.listed("/customers?search=nya")] == ["1001"]


def test_after_an_import_the_next_customer_by_hand_gets_the_next_number_at_once(office: Office) -> None:
    firm = office.firm()
    numbered = "Kundnr;Namn\n" + "".join(f"{number};Kund\n" for number in range(1, 13))
    imported(firm, numbered)
    imported(firm, "Namn\nAnna\nBo\n")
    with office.reads("InvoicingTable") as reads:
        firm.customer("Carl")
    assert reads["GetItem"] == 1  # where to look for a free number, once
    assert {each["name"]: each["number"] for each in firm.listed("/customers")} == {
        "Kund": "12",
        "Anna": "13",
        "Bo": "14",
        "Carl": "15",
    }


def test_articles_come_in_with_price_rate_and_kind(office: Office) -> None:
    firm = office.firm()
    header = "Artikelnr;Benämning;Enhet;Pris;Moms;Typ\n"
    text = f"{header}A-1;Bröd;st;1 250,50 kr;Livsmedel;Vara\n;Råd;tim;950;25 %;Tjänst\n"
    result = imported(firm, text, "articles")
    assert counts(result) == (2, 0, 0)
    assert [(each["number"], each["unit_price"]) for each in result["preview"]] == [
        ("A-1", "1250.50"),
        ("1", "950.00"),
    ]
    bread, advice = firm.listed("/articles")
    assert (bread["vat_class"], bread["vat_rate"], bread["kind"]) == ("food", "6", "goods")
    assert (advice["unit"], advice["vat_rate"], advice["kind"]) == ("tim", "25", "service")
    assert counts(imported(firm, text, "articles")) == (0, 0, 2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252", "xlsx"])
def test_a_file_comes_in_however_excel_saved_it(office: Office, encoding: str) -> None:
    firm = office.firm()
    header, *rows = ([*line.split(";")] for line in FILE.splitlines())
    content = write_xlsx(header, rows) if encoding == "xlsx" else FILE.encode(encoding)
    assert counts(imported(firm, content)) == (2, 0, 0)
    assert {each["name"] for each in firm.listed("/customers")} == {
        "Östergrens Bygg & Måleri AB",
        "Åsa Öberg",
    }


def test_registers_can_be_imported_before_the_start_guide_is_finished(office: Office) -> None:
    assert counts(imported(office.firm(active=False), FILE)) == (2, 0, 0)


def test_the_same_file_makes_other_customers_for_another_company(office: Office) -> None:
    firms = office.firm(), office.firm(client="olle", staff="stina")
    ids = []
    for firm in firms:
        assert counts(imported(firm, FILE)) == (2, 0, 0)
        ids += [each["customer_id"] for each in firm.listed("/customers")]
    assert len(set(ids)) == 4


# ---------------------------------------------------------------- rows with errors


def test_given_rows_with_errors_then_nothing_is_written_and_each_is_told_where_it_is(office: Office) -> None:
    firm = office.firm()
    answer = firm.call("POST", "/customer-file", body(WRONG, dry_run=False))
    assert code(answer) == (422, "rows-invalid")
    assert answer.body["detail"].startswith("3 of 4 rows have errors. Nothing was written.")
    found = {each["pointer"]: each for each in answer.body["errors"]}
    assert list(found) == ["/rows/2/Org.nr~1Personnr", "/rows/3/Betalningsvillkor", "/rows/5/Kundnr"]
    assert "wrong check digit" in found["/rows/2/Org.nr~1Personnr"]["message"]
    assert found["/rows/5/Kundnr"]["code"] == "twice"
    assert register(firm) == []

    told = firm.ok("POST", "/customer-file", body(WRONG))
    assert [
        {"pointer": f"/rows/{each['row']}/{each['column'].replace('/', '~1')}"}
        | {name: each[name] for name in ("code", "message")}
        for each in told["errors"]
    ] == answer.body["errors"]
    assert (told["rows"], told["created"], told["error_count"]) == (4, 1, 3)


def test_an_error_of_a_row_as_a_whole_points_at_the_row(office: Office) -> None:
    answer = office.firm().call("POST", "/customer-file", body("Namn\nAnna\nAnna\n", dry_run=False))
    assert [each["pointer"] for each in answer.body["errors"]] == ["/rows/3"]


def test_of_very_many_errors_the_first_are_told_and_all_are_counted(office: Office) -> None:
    firm = office.firm()
    text = "Namn;Aktiv\n" + "".join(f"Kund {number};kanske\n" for number in range(600))
    told = firm.ok("POST", "/customer-file", body(text))
    assert (told["error_count"], len(told["errors"]), told["errors"][-1]["row"]) == (600, 500, 501)
    answer = firm.call("POST", "/customer-file", body(text, dry_run=False))
    assert len(answer.body["errors"]) == 500
    assert answer.body["detail"].startswith("600 of 600 rows")


def test_an_answer_full_of_errors_can_be_kept_with_its_key(office: Office) -> None:
    firm = office.firm()
    signs = [chr(0x4E00 + number * 7 % 20_000) for number in range(100_000)]
    rows = [["".join(signs[place * 250 : place * 250 + 250])] * 3 for place in range(300)]
    content = write_csv(["Namn", "Org.nr", f"Aktiv{'!' * 5_000}"], rows)
    answer = firm.call("POST", "/customer-file", body(content), headers={"Idempotency-Key": "a"})
    assert (answer.status, answer.body["error_count"]) == (200, 900)
    assert max(len(each["column"]) for each in answer.body["errors"]) == 100
    (kept,) = (item for item in office.cloud.items("PlatformTable") if item["pk"].startswith("REQUEST#"))
    assert len(kept["body"]) < 350_000


# ---------------------------------------------------------------- files that are none


def workbook(*lines: list[Any]) -> bytes:
    made = Workbook()
    for line in lines:
        made.worksheets[0].append(line)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def bomb() -> bytes:
    """A workbook of 60 kB whose sheet is 60 MB."""
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    return content.getvalue()


BAD_FILES = {
    "nothing but a header that is blank": (b";;\n", "empty"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not-a-table"),
    "a workbook cut in half": (write_xlsx(["Namn"], [["Anna"]])[:900], "damaged"),
    "a bomb": (bomb(), "too-large"),
    "an unknown encoding": (b"Namn\n\x81berg\n", "not-text"),
    "another register": (b"Saldo;Pris\n1;2\n", "column-missing"),
    "two columns of one meaning": (b"Namn;Kundnamn\nA;B\n", "column-twice"),
    "one row too many": (b"Namn\n" + b"A\n" * 5_001, "too-many-rows"),
    "a quotation mark too many": (b'Namn\n"A" B\n', "quotes"),
}


@pytest.mark.parametrize(("content", "check"), BAD_FILES.values(), ids=BAD_FILES.keys())
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    office: Office, content: bytes, check: str, *, dry_run: bool
) -> None:
    firm = office.firm()
    answer = firm.call("POST", "/customer-file", body(content, dry_run=dry_run))
    assert code(answer) == (422, "table-invalid"), answer.text
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [("/content", check)]
    assert answer.body["detail"] == answer.body["errors"][0]["message"]
    assert register(firm) == []


@pytest.mark.parametrize(
    ("request_body", "pointer"),
    [
        ({"content": "Namn;Ort", "dry_run": False}, "/content"),
        ({"content": "TmFtbg", "dry_run": False}, "/content"),
        ({"content": "åäö="}, "/content"),
        ({"content": "A" * 4_194_305}, "/content"),
        ({"content": ""}, "/content"),
        ({}, "/content"),
        ({"content": "TmFtbgpB", "dry_run": "false"}, "/dry_run"),
        ({"content": "TmFtbgpB", "dry_run": 0}, "/dry_run"),
        ({"content": "TmFtbgpB", "dryrun": False}, "/dryrun"),
    ],
)
def test_a_request_that_is_not_as_it_should_be_writes_nothing(
    office: Office, request_body: Any, pointer: str
) -> None:
    firm = office.firm()
    answer = firm.call("POST", "/customer-file", request_body)
    assert code(answer) == (422, "validation")
    assert [each["pointer"] for each in answer.body["errors"]] == [pointer]
    assert register(firm) == []


def test_a_formula_that_was_never_calculated_is_an_error_of_its_row(office: Office) -> None:
    content = workbook(["Namn", "Betalningsvillkor"], ["Anna", "=10+20"], ["Bo", 30])
    answer = office.firm().call("POST", "/customer-file", body(content, dry_run=False))
    assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [
        ("/rows/2/Betalningsvillkor", "formula-without-result")
    ]


# ---------------------------------------------------------------- whose register it is


def test_the_bureau_may_take_the_register_out_but_put_nothing_in(office: Office) -> None:
    firm = office.firm()
    imported(firm, FILE)
    for kind in ("customers", "articles"):
        answer = firm.call("POST", f"/{kind[:-1]}-file", body(FILE, dry_run=True), STAFF)
        assert code(answer) == (409, "not-master")
        assert exported(firm, kind, user=STAFF) == exported(firm, kind)


def test_nobody_else_may_do_either(office: Office) -> None:
    firm = office.firm()
    for method, tail, given_body in (
        ("POST", "/customer-file", body(FILE)),
        ("GET", "/customer-file", None),
        ("POST", "/article-file", body(FILE)),
        ("GET", "/article-file", None),
    ):
        assert code(firm.call(method, tail, given_body, "mallory")) == (404, "not-found")


# ---------------------------------------------------------------- again, at once, and half


def customers(count: int, first: int = 1) -> str:
    return "Namn;E-post\n" + "".join(f"Kund {n};{n}@example.se\n" for n in range(first, first + count))


def send(firm: Firm, text: str, key: str) -> Answer:
    return firm.call("POST", "/customer-file", body(text, dry_run=False), headers={"Idempotency-Key": key})


def assert_each_is_there_once(firm: Firm, count: int) -> None:
    found = firm.listed("/customers")
    assert sorted(each["name"] for each in found) == sorted(f"Kund {n}" for n in range(1, count + 1))
    assert len({each["number"] for each in found}) == count
    assert len(firm.items("InvoicingTable", "NUMBER#customer#")) == count


def test_an_import_of_many_transactions_is_answered_once_and_does_not_undo_what_was_done_since(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(monkeypatch, 20)
    firm = office.firm()
    first = send(firm, customers(12), "a")
    assert counts(first.body) == (12, 0, 0)
    assert_each_is_there_once(firm, 12)
    for customer in firm.listed("/customers")[:5]:  # more than one transaction would name back
        read = firm.call("GET", f"/customers/{customer['customer_id']}")
        firm.call("PUT", f"/customers/{customer['customer_id']}", {"name": "Omdöpt"}, headers=etag(read))
    kept = register(firm)

    again = send(firm, customers(12), "a")
    assert (again.status, again.text, again.headers["Idempotent-Replayed"]) == (200, first.text, "true")
    assert register(firm) == kept
    assert code(send(firm, customers(13), "a")) == (422, "idempotency-key-reused")


def test_a_dry_run_is_answered_the_same_under_its_key(office: Office) -> None:
    firm = office.firm()
    told = firm.call("POST", "/customer-file", body(FILE), headers={"Idempotency-Key": "a"})
    imported(firm, FILE)
    again = firm.call("POST", "/customer-file", body(FILE), headers={"Idempotency-Key": "a"})
    assert again.text == told.text
    assert counts(firm.ok("POST", "/customer-file", body(FILE))) == (0, 0, 2)


@pytest.mark.parametrize("crash_at", range(1, 4))
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_import_that_broke_off_at_any_write_is_finished_by_the_same_request(
    office: Office, monkeypatch: pytest.MonkeyPatch, crash_at: int, when: str
) -> None:
    in_batches_of(monkeypatch, 20)
    firm = office.firm()
    commit, calls = Transaction.commit, itertools.count(1)

    def crash(transaction: Transaction) -> None:
        number = next(calls)
        if number == crash_at and when == "before":
            raise RuntimeError("the process ends here")
        commit(transaction)
        if number == crash_at:
            raise RuntimeError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", crash)
        assert send(firm, customers(8), "a").status == 500
    assert next(calls) > crash_at
    answer = send(firm, customers(8), "a")
    assert answer.status == 200
    assert sum(counts(answer.body)) == 8
    assert_each_is_there_once(firm, 8)


def test_given_somebody_changes_an_entry_meanwhile_then_the_import_starts_from_what_it_is_now(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    imported(firm, customers(8))
    changed = firm.listed("/customers")[6]
    in_batches_of(monkeypatch, 4)
    text = "Kundnr;Telefon\n" + "".join(f"{n};08-{n}\n" for n in range(1, 9))
    plan = register_plan.plan
    attempts: list[Any] = []

    def interrupted(*args: Any) -> Any:
        found = plan(*args)
        if not attempts:
            sk = f"CUSTOMER#{changed['customer_id']}"
            firm.tamper("InvoicingTable", sk, "SET version = :v", {":v": {"N": "7"}})
        attempts.append(found)
        return found

    monkeypatch.setattr(register_files, "plan", interrupted)
    assert counts(imported(firm, text)) == (0, 8, 0)
    assert len(attempts) == 2
    assert {step.outcome for step in attempts[1].steps} == {"unchanged", "updated"}
    versions = {each["number"]: each["version"] for each in firm.listed("/customers")}
    assert versions == {str(n): 2 for n in range(1, 9)} | {changed["number"]: 8}


def test_given_somebody_takes_a_number_meanwhile_then_the_row_with_it_is_about_theirs(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    theirs = firm.customer("Deras", number="17")
    all_entries, reads = store.all_entries, itertools.count()

    def late(*args: Any) -> Iterator[Any]:
        return iter(()) if next(reads) == 0 else all_entries(*args)

    monkeypatch.setattr(store, "all_entries", late)
    assert counts(imported(firm, "Kundnr;Namn\n17;Våra\n")) == (0, 1, 0)
    assert [(each["customer_id"], each["name"]) for each in firm.listed("/customers")] == [(theirs, "Våra")]


def test_given_the_change_makes_a_row_impossible_then_it_is_told_how_much_was_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(monkeypatch, 20)
    firm = office.firm()
    last = firm.customer("Sist", number="99")
    all_entries, reads = store.all_entries, itertools.count()

    def late(*args: Any) -> Any:
        found = list(all_entries(*args))
        if next(reads):
            return [each for each in found if each.number != "99"]
        firm.tamper("InvoicingTable", f"CUSTOMER#{last}", "SET version = :v", {":v": {"N": "7"}})
        return found

    monkeypatch.setattr(store, "all_entries", late)
    text = "Kundnr;Namn;Telefon\n" + "".join(f"{n};Kund {n};\n" for n in range(1, 9)) + "99;;08-1\n"
    answer = firm.call("POST", "/customer-file", body(text, dry_run=False))
    assert code(answer) == (422, "rows-invalid")
    assert "1 of 9 rows have errors. 4 others were written before." in answer.body["detail"]
    assert [each["pointer"] for each in answer.body["errors"]] == ["/rows/10/Namn"]


def test_given_too_little_time_then_what_was_written_is_told_and_the_same_request_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(monkeypatch, 20)
    monkeypatch.setattr(register_files, "_LONGEST_WAIT", 0.01)
    firm = office.firm()
    now = itertools.count(step=7)  # each look at the clock takes seven seconds
    monkeypatch.setattr("samklang.invoicing.register_files.time.monotonic", lambda: next(now))
    statuses = []
    for _ in range(20):
        answer = send(firm, customers(12), "a")
        statuses.append(answer.status)
        if answer.status == 200:
            break
        assert code(answer) == (503, "import-unfinished")
        assert "Send the same request again" in answer.body["detail"]
    assert statuses[0] == 503
    assert statuses[-1] == 200
    assert_each_is_there_once(firm, 12)


def test_given_nothing_but_contention_then_the_import_ends_in_time_and_says_so(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_batches_of(monkeypatch, 20)
    monkeypatch.setattr(register_files, "_SECONDS", 0.05)
    monkeypatch.setattr(register_files, "_LONGEST_WAIT", 0.01)
    monkeypatch.setattr(dynamo, "_ATTEMPTS", 2)
    firm = office.firm()
    numbered = "Kundnr;Namn\n" + "".join(f"{n};Kund {n}\n" for n in range(8))

    def contended(_: Transaction) -> None:
        raise Contention("TransactionConflict")

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", contended)
        for text in (customers(1), numbered, "Kundnr;Namn\n1;Anna\n"):
            answer = firm.call("POST", "/customer-file", body(text, dry_run=False))
            assert code(answer) == (503, "import-unfinished")
            assert answer.body["detail"].startswith("0 rows were written")
    assert register(firm) == []


# ---------------------------------------------------------------- export


def test_a_register_is_a_file_with_all_its_fields_and_its_day_in_its_name(office: Office) -> None:
    firm = office.firm()
    imported(firm, FILE)
    types = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument"}
    for file_format, content_type in types.items():
        answer = firm.call("GET", f"/customer-file?format={file_format}")
        assert answer.headers["Content-Type"].startswith(content_type)
        name = f'attachment; filename="kunder-2026-11-23.{file_format}"'
        assert answer.headers["Content-Disposition"] == name
        table = read_table(b64decode(answer.text), max_rows=10)
        first, second = (row.cells for row in table.rows)
        assert len(table.columns) == 20
        assert (first["Kundnr"], first["Org.nr"], first["Postnr"]) == ("1001", "556012-5790", "111 22")
        assert (second["Namn"], second["Kundtyp"], second["Aktiv"]) == ("Åsa Öberg", "Företag", "Ja")
    assert firm.call("GET", "/customer-file").text == firm.call("GET", "/customer-file?format=csv").text
    wrong = firm.call("GET", "/customer-file?format=pdf")
    assert [each["pointer"] for each in wrong.body["errors"]] == ["?format"]


def test_an_empty_register_is_a_file_too_that_can_be_imported(office: Office) -> None:
    firm = office.firm()
    for kind, file_format in itertools.product(("customers", "articles"), ("csv", "xlsx")):
        assert counts(imported(firm, exported(firm, kind, file_format), kind)) == (0, 0, 0)


@pytest.mark.parametrize(("limit", "value"), [("MAX_EXPORTED", 1), ("_MAX_ANSWER", 100)])
def test_a_register_that_does_not_fit_in_a_file_is_refused(
    office: Office, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    firm = office.firm()
    imported(firm, FILE)
    assert firm.call("GET", "/customer-file").status == 200
    monkeypatch.setattr(register_files, limit, value)
    answer = firm.call("GET", "/customer-file")
    assert code(answer) == (409, "export-too-large")
    assert "page by page" in answer.body["detail"]


ODD_CUSTOMERS: list[dict[str, Any]] = [
    {
        "number": "0017",
        "name": "=SUM(A1:A9)",
        "phone": "+46 8 123",
        "org_no": "556012-5790",
        "vat_no": "SE556012579001",
        "vat_treatment": "construction",
        "address": {"street": "-1; 'trappa'", "postcode": "111 22", "city": 'Ort "Å"'},
        "active": False,
    },
    {
        "number": "1E5",
        "name": "'@Åsa _x0041_, Ångström & Söner",
        "kind": "private",
        "email": "'=åsa@exämple.se",
        "your_reference": "#N/A",
        "delivery_address": {"street": "007", "postcode": "00100", "city": "＝1", "country": "NO"},
        "vat_treatment": "export",
        "delivery": "print",
        "payment_terms_days": 0,
    },
    {"number": "true", "name": "2026-11-23", "phone": "1,5", "vat_treatment": "exempt"},
]
ODD_ARTICLES: list[dict[str, Any]] = [
    {"number": "007", "name": "@Bröd", "unit": "25 %", "unit_price": "0.05", "vat_class": "food"},
    {"number": "Ö", "name": "+1", "unit_price": "-9999999999.99", "vat_rate": "12", "kind": "goods"},
    {"number": "=1", "name": "a\u00a0b", "unit_price": "0", "vat_rate": "0", "active": False},
]


@pytest.mark.parametrize(("kind", "entries"), [("customers", ODD_CUSTOMERS), ("articles", ODD_ARTICLES)])
def test_what_is_exported_changes_nothing_at_home_and_makes_the_same_register_elsewhere(
    office: Office, kind: str, entries: list[dict[str, Any]]
) -> None:
    firm = office.firm()
    for entry in entries:
        firm.ok("POST", f"/{kind}", entry)
    shown = [without_ids(each) for each in firm.listed(f"/{kind}")]
    kept = register(firm)
    for file_format in ("csv", "xlsx"):
        content = exported(firm, kind, file_format)
        assert counts(imported(firm, content, kind)) == (0, 0, 3)
        elsewhere = office.firm(client=f"{file_format}-klient", staff=f"{file_format}-byrå")
        assert counts(imported(elsewhere, content, kind)) == (3, 0, 0)
        assert [without_ids(each) for each in elsewhere.listed(f"/{kind}")] == shown
    assert register(firm) == kept


def without_ids(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if not name.endswith("_id")}


def test_the_longest_texts_come_back(office: Office) -> None:
    firm = office.firm()
    address = {"street": "+" * 200, "postcode": "0" * 30, "city": "'" * 100, "country": "US"}
    firm.customer("å" * 100, phone="=" * 30, email=f"{'e' * 64}@example.se", address=address)
    for file_format in ("csv", "xlsx"):
        assert counts(imported(firm, exported(firm, "customers", file_format))) == (0, 0, 1)


def test_answers_are_of_the_published_kind(office: Office) -> None:
    answer = office.firm().call("POST", "/customer-file", body(FILE))
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.text)["errors"] == []
