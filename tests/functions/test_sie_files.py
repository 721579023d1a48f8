"""SIE files of any size: uploaded to S3 and taken in from there, or made to be fetched."""

import io
import tracemalloc
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest

from samklang.formats import sie
from samklang.ledger.sie import exporting, importing, uploading
from samklang.ledger.sie.survey import Survey
from tests.functions.books import Firm, Office, code
from tests.functions.conftest import CLIENT, STAFF
from tests.functions.test_sie import balances, books, exported, file, send, sent, voucher

pytest_plugins = ["tests.functions.an_office"]


def ask(firm: Firm, mode: str = "history", **values: Any) -> Any:
    """Ask to upload a file."""
    return firm.ok("POST", "/ledger/sie-imports", {"filename": "ar.se", "mode": mode, **values}, STAFF)


def put(firm: Firm, import_id: str, content: bytes) -> Any:
    """Upload a file; the event S3 tells of it by."""
    return firm.office.cloud.upload("SieFilesBucket", f"incoming/{firm.company_id}/{import_id}", content)


def read(firm: Firm, import_id: str) -> Any:
    return firm.ok("GET", f"/ledger/sie-imports/{import_id}", user=STAFF)


def uploaded(firm: Firm, content: bytes, mode: str = "history", **values: Any) -> Any:
    """Upload a file and let it be taken in; what became of it."""
    import_id = ask(firm, mode, **values)["import_id"]
    firm.office.invoke("sie_received", put(firm, import_id, content))
    return read(firm, import_id)


# A form to upload with


def test_bureau_gets_a_form_of_one_key_and_bounded_size_and_the_import_waits(office: Office) -> None:
    firm = office.firm()
    made = ask(firm, series_prefix="G")
    fields = made["upload"]["fields"]
    assert fields["key"] == f"incoming/{firm.company_id}/{made['import_id']}"
    assert made["upload"]["max_bytes"] == uploading.MAX_BYTES
    found = firm.ok("GET", f"/ledger/sie-imports/{made['import_id']}", user=CLIENT)
    assert (found["status"], found["filename"], found["series_prefix"]) == ("waiting_upload", "ar.se", "G")
    assert (found["progress"], found["report"], found["refusal"]) == (None, None, None)
    second = ask(firm)
    listed = firm.ok("GET", "/ledger/sie-imports", user=CLIENT)["items"]
    assert {each["import_id"] for each in listed} == {made["import_id"], second["import_id"]}
    assert code(firm.call("GET", "/ledger/sie-imports/sii_00000000000000000000")) == (404, "not-found")


def test_client_may_not_ask(office: Office) -> None:
    answer = office.firm().call("POST", "/ledger/sie-imports", {"filename": "a", "mode": "history"}, CLIENT)
    assert code(answer) == (403, "not-allowed")


# In


def test_uploaded_file_is_taken_in_as_one_in_a_request_is(office: Office) -> None:
    by_request, by_upload = office.firm(), office.firm()
    content = file(
        voucher(1), voucher(2, ("1510", 7_00), ("1930", -7_00)), opening={0: {"1930": sie.Balance(5)}}
    )
    told = [sent(by_request, content, mode) for mode in ("history", "opening")]

    found = [uploaded(by_upload, content, mode) for mode in ("history", "opening")]

    assert [each["status"] for each in found] == ["done", "done"]
    assert [each["report"] for each in found] == told
    assert found[0]["progress"] == {"written": 2, "vouchers": 2}
    assert books(by_upload) == books(by_request)
    assert balances(by_upload) == balances(by_request)


def test_dry_run_of_an_upload_only_tells(office: Office) -> None:
    firm = office.firm()
    found = uploaded(firm, file(voucher(1)), dry_run=True)
    assert (found["status"], found["report"]["status"], found["report"]["vouchers"]) == ("done", "dry_run", 1)
    assert books(firm) == []


def test_same_file_uploaded_or_sent_again_doubles_nothing(office: Office) -> None:
    firm = office.firm()
    content = file(voucher(1))
    assert uploaded(firm, content)["report"]["status"] == "done"
    assert uploaded(firm, content)["report"]["status"] == "already"
    assert sent(firm, content)["status"] == "already"
    assert len(books(firm)) == 1


def test_first_upload_is_the_file_and_its_event_again_changes_nothing(office: Office) -> None:
    firm = office.firm()
    import_id = ask(firm)["import_id"]
    first = put(firm, import_id, file(voucher(1)))
    second = put(firm, import_id, file(voucher(1), voucher(2)))
    office.invoke("sie_received", first)
    found = read(firm, import_id)
    for event in (second, first):
        office.invoke("sie_received", event)
    assert read(firm, import_id) == found
    assert [each[1] for each in books(firm)] == [1]


def test_upload_that_crashes_in_the_middle_goes_on_where_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    monkeypatch.setattr(importing, "_CHUNK_VOUCHERS", 2)
    chunk = importing._History._chunk
    calls: list[bool] = []

    def crash(self: Any, report: Any) -> bool:
        done = chunk(self, report)
        calls.append(done)
        if len(calls) in {2, 3}:
            raise RuntimeError("the function is gone")
        return done

    monkeypatch.setattr(importing._History, "_chunk", crash)
    import_id = ask(firm)["import_id"]
    event = put(firm, import_id, file(*(voucher(number) for number in range(1, 6)), voucher(9)))
    with pytest.raises(RuntimeError):
        office.invoke("sie_received", event)
    found = read(firm, import_id)
    assert (found["status"], found["progress"]) == ("working", {"written": 4, "vouchers": 6})
    with pytest.raises(RuntimeError):  # behind the last chunk, before the upload is told to be done
        office.invoke("sie_received", event)

    office.invoke("sie_received", event)

    found = read(firm, import_id)
    assert (found["status"], found["report"]["status"]) == ("done", "done")
    assert found["progress"] == {"written": 6, "vouchers": 6}
    assert [each[1] for each in books(firm)] == [1, 2, 3, 4, 5, 9]
    assert balances(firm)["1930"] == ("0.00", "7500.00", "7500.00")


def test_two_deliveries_at_once_write_each_voucher_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    monkeypatch.setattr(importing, "_CHUNK_VOUCHERS", 2)
    import_id = ask(firm)["import_id"]
    event = put(firm, import_id, file(*(voucher(number) for number in range(1, 8))))
    chunk = importing._History._chunk
    other = iter([True])

    def interrupted(self: Any, report: Any) -> bool:
        done = chunk(self, report)
        if next(other, False):
            office.invoke("sie_received", event)
        return done

    monkeypatch.setattr(importing._History, "_chunk", interrupted)
    office.invoke("sie_received", event)
    assert read(firm, import_id)["report"]["status"] == "done"
    assert [each[1] for each in books(firm)] == list(range(1, 8))


def test_import_that_is_hindered_in_the_middle_says_why_and_goes_on_when_uploaded_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    content = file(*(voucher(number) for number in range(1, 6)))
    monkeypatch.setattr(importing, "_CHUNK_VOUCHERS", 2)
    chunk = importing._History._chunk

    def closed_meanwhile(self: Any, report: Any) -> bool:
        done = chunk(self, report)
        firm.ok("POST", "/ledger/periods/close", {"until": "2026-01-31"}, STAFF)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(importing._History, "_chunk", closed_meanwhile)
        found = uploaded(firm, content)
    assert (found["status"], found["refusal"]["code"]) == ("refused", "closed-period")
    assert found["progress"] == {"written": 2, "vouchers": 5}
    firm.ok("POST", "/ledger/periods/reopen", {"until": "2025-12-31", "reason": "Import"}, STAFF)

    assert uploaded(firm, content)["report"]["status"] == "done"
    assert [each[1] for each in books(firm)] == [1, 2, 3, 4, 5]


REFUSED = [
    (b"%PDF", "sie-refused", ["not-sie"]),
    (b"\x00" * 50_000, "sie-refused", ["not-sie"]),
    (file(voucher(1), voucher(2, ("1930", 1), ("3041", -2))), "sie-refused", ["unbalanced"]),
    (file(voucher(1, day=date(2025, 1, 1)), currency="EUR"), "sie-obstacles", ["currency", "outside-year"]),
]


def test_hostile_or_unfit_upload_is_refused_whole_and_says_why(office: Office) -> None:
    firm = office.firm()
    for content, refused, reasons in REFUSED:
        found = uploaded(firm, content)
        assert (found["status"], found["refusal"]["code"]) == ("refused", refused)
        assert [each["code"] for each in found["refusal"]["reasons"]] == reasons
        assert found["report"] is None
    assert books(firm) == []


def test_upload_for_a_company_that_has_left_is_refused(office: Office) -> None:
    firm = office.firm()
    import_id = ask(firm)["import_id"]
    office.cloud.dynamodb.update_item(  # as the collaboration's end, which is to come, will leave it
        TableName=office.cloud.template.name("PlatformTable"),
        Key={"pk": {"S": f"COMPANY#{firm.company_id}"}, "sk": {"S": "COLLABORATION"}},
        UpdateExpression="SET #status = :ended",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":ended": {"S": "ended"}},
    )
    office.invoke("sie_received", put(firm, import_id, file(voucher(1))))
    found = firm.ok("GET", f"/ledger/sie-imports/{import_id}")
    assert (found["status"], found["refusal"]["code"]) == ("refused", "not-active")


def test_object_nobody_asked_for_is_left(office: Office) -> None:
    firm = office.firm()
    before = office.cloud.items("LedgerTable")
    office.invoke("sie_received", put(firm, "sii_00000000000000000000", file(voucher(1))))
    assert office.cloud.items("LedgerTable") == before


def test_survey_of_many_vouchers_stays_small() -> None:
    def vouchers() -> Iterator[sie.Voucher]:
        for number in range(1, 30_001):
            yield voucher(number, text=f"Försäljning {number}")

    survey = Survey()
    tracemalloc.start()
    for each in vouchers():
        survey.add(each)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert survey.vouchers == 30_000
    assert peak < 5_000_000


# Out


def fetched(office: Office, made: Any) -> bytes:
    """What the link leads to; moto answers no plain HTTP here."""
    path = urlsplit(made["link"]["url"]).path.lstrip("/")
    key = path[path.index("made/") :]
    found = office.cloud.s3.get_object(Bucket=office.cloud.bucket("SieFilesBucket"), Key=key)
    assert found["ContentDisposition"] == f'attachment; filename="{made["filename"]}"'
    return found["Body"].read()


def test_year_too_large_for_an_answer_is_made_to_be_fetched(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    detail = sie.Detail((("6", "Nord"),), "Rad")
    late = voucher(1, day=date(2026, 9, 1), details=(detail, sie.Detail(), sie.Detail()))
    sent(firm, file(late, voucher(2), voucher(3, series="B")))
    expected, of_all = exported(firm)
    monkeypatch.setattr(exporting, "MOST_BYTES", 1_000)
    refused = firm.call("GET", "/ledger/sie?fiscal_year=2026")
    assert code(refused) == (409, "export-too-large")
    assert "sie-exports" in refused.body["detail"]

    made = firm.ok("POST", "/ledger/sie-exports", {"fiscal_year": "2026"})

    content = fetched(office, made)
    *vouchers, summary = sie.read(io.BytesIO(content))
    assert vouchers == expected
    assert summary == of_all
    assert [(each.series, each.number) for each in expected] == [("B", 3), ("V", 1), ("V", 2)]
    assert (made["size"], made["vouchers"], made["filename"]) == (len(content), 3, "sie-2026-01-01-4E.se")


def test_span_is_made_to_be_fetched(office: Office) -> None:
    firm = office.firm()
    sent(firm, file(voucher(1), voucher(2, day=date(2026, 2, 28)), voucher(3, day=date(2026, 3, 1))))
    given = {"fiscal_year": "2026-01-01", "type": "4I", "from": "2026-02-01", "to": "2026-02-28"}
    made = firm.ok("POST", "/ledger/sie-exports", given, STAFF)
    *vouchers, _ = sie.read(io.BytesIO(fetched(office, made)))
    assert [each.number for each in vouchers if isinstance(each, sie.Voucher)] == [2]


def test_export_that_takes_too_long_says_what_to_do(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = office.firm()
    sent(firm, file(voucher(1)))
    monkeypatch.setattr(exporting, "_SECONDS", -1)
    answer = firm.call("POST", "/ledger/sie-exports", {})
    assert code(answer) == (409, "export-too-large")
    assert "4I" in answer.body["detail"]


NOT_MADE = [{"fiscal_year": "26"}, {"fiscal_year": "1999"}, {"from": "2026-02-01"}, {"type": "5"}]


def test_export_that_cannot_be_made_is_refused(office: Office) -> None:
    firm = office.firm()
    for given in NOT_MADE:
        assert code(firm.call("POST", "/ledger/sie-exports", given)) == (422, "validation"), given


def test_repeated_export_is_the_same_file(office: Office) -> None:
    firm = office.firm()
    headers = {"Idempotency-Key": "en"}
    first = firm.call("POST", "/ledger/sie-exports", {}, STAFF, headers)
    again = firm.call("POST", "/ledger/sie-exports", {}, STAFF, headers)
    assert (first.status, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert again.body == first.body


def test_file_too_large_for_a_request_is_told_to_be_uploaded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MAX_BYTES", 100)
    answer = send(office.firm(), file(voucher(1)))
    assert code(answer) == (422, "validation")
    assert "sie-imports" in answer.body["detail"]
