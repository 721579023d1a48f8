"""SIE files on the whole cloud: a year handed over and taken in elsewhere, by two at once, and again."""

from __future__ import annotations

import io
import json
import urllib.request
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from local.client import upload
from samklang.formats import sie
from tests.cloud.company import at_once, today

if TYPE_CHECKING:
    from local.testing import LocalCloud
    from tests.cloud.company import Company
    from tests.cloud.conftest import Start

YEAR = today().year - 1
OLD = sie.Year(date(YEAR, 1, 1), date(YEAR, 12, 31))


def history(count: int) -> bytes:
    """A year's sales from another program, in CP437."""
    head = sie.Head(
        made=OLD.end,
        company="Gamla Plåt & Söner AB",
        years={0: OLD},
        accounts={"3041": sie.Account("3041", "Försäljn tjänst 25% sv"), "1510": sie.Account("1510", "Kund")},
        opening={0: {"1930": sie.Balance(100_00), "2081": sie.Balance(-100_00)}},
    )
    rows = ("1510", "3041", "2611"), (125_00, -100_00, -25_00)
    each = (
        sie.Voucher("B", number, date(YEAR, 1 + number % 12, 1), "Försäljning", *rows)
        for number in range(1, count + 1)
    )
    return b"".join(sie.Writer(head).write(each))


def take_in(company: Company, content: bytes, query: str) -> Any:
    """Send a file as it is."""
    answer = company.bureau.send(
        "POST", f"{company.path}/ledger/sie?{query}", content, Content_Type="application/octet-stream"
    )
    assert answer.status == 200, answer.content
    return json.loads(answer.content)


def exported(company: Company, year: int) -> tuple[list[sie.Voucher], sie.Summary]:
    *vouchers, summary = sie.read(io.BytesIO(company.get(f"ledger/sie?fiscal_year={year}", "bureau").content))
    assert isinstance(summary, sie.Summary)
    return [each for each in vouchers if isinstance(each, sie.Voucher)], summary


def test_given_a_year_of_another_program_when_two_send_it_at_once_then_it_is_in_the_books_once(
    start: Start,
) -> None:
    company = start()
    content = history(250)
    dry = take_in(company, content, "mode=history&dry_run=true")
    assert (dry["status"], dry["adds_fiscal_year"], dry["obstacles"]) == ("dry_run", True, [])
    assert company.every("ledger/vouchers", "bureau") == []

    answers = at_once(2, lambda _: take_in(company, content, "mode=history"))
    take_in(company, content, "mode=opening")

    assert {each["status"] for each in answers} <= {"done", "already"}
    vouchers, summary = exported(company, YEAR)
    assert [each.number for each in vouchers] == list(range(1, 251))
    assert summary.counts == {}
    head = summary.head
    assert head.closing[0]["1511"].amount == 250 * 125_00
    assert head.closing[0]["1930"].amount == 100_00
    assert head.results[0]["3041"].amount == -250 * 100_00
    assert company.get("agreement", "bureau").expect(200)["agrees"] is True


def test_given_a_year_handed_over_when_another_company_takes_it_in_then_both_have_the_same_books(
    start: Start,
) -> None:
    first, second = start(fiscal_year=YEAR), start(fiscal_year=YEAR)
    rows = [
        {"account": "1930", "debit": "80.50", "text": "Växel å, ä och ö", "quantity": "2"},
        {"account": "3001", "credit": "80.50", "objects": [{"dimension": "6", "object": "Ombyggnad"}]},
    ]
    by_hand = {"date": f"{YEAR}-05-05", "text": 'Skruv 5" \\ mutter', "rows": rows}
    first.post("ledger/vouchers", by_hand, "bureau").expect(201)
    content = first.get(f"ledger/sie?fiscal_year={YEAR}", "bureau").content

    take_in(second, content, "mode=history")

    books = [exported(each, YEAR) for each in (first, second)]
    assert books[0][0] == books[1][0]
    assert books[0][1].head.closing == books[1][1].head.closing
    assert books[0][1].head.objects == books[1][1].head.objects


# Of any size, through S3


def announced(company: Company, **values: Any) -> dict[str, Any]:
    """Ask to upload a file."""
    given = {"filename": "gamla.se", "mode": "history", **values}
    made: dict[str, Any] = company.post("ledger/sie-imports", given, "bureau").expect(201)
    return made


def told(company: Company, made: dict[str, Any]) -> dict[str, Any]:
    """What became of an upload, as the client reads it."""
    company.cloud.wait_idle()
    found: dict[str, Any] = company.get(f"ledger/sie-imports/{made['import_id']}").expect(200)
    return found


def test_given_a_year_uploaded_by_the_form_when_uploaded_twice_and_sent_again_then_it_is_in_the_books_once(
    start: Start,
) -> None:
    company = start()
    content = history(250)
    first, second = announced(company), announced(company)

    assert upload(first["upload"], content).status == 204
    company.cloud.wait_idle()  # S3 does not promise to tell of two uploads in their order
    assert upload(first["upload"], history(3)).status == 204
    found = told(company, first)
    assert upload(second["upload"], content).status == 204

    assert (found["status"], found["progress"]) == ("done", {"written": 250, "vouchers": 250})
    assert (found["report"]["status"], found["report"]["vouchers"]) == ("done", 250)
    assert told(company, second)["report"]["status"] == "already"
    assert take_in(company, content, "mode=history")["status"] == "already"
    assert [each.number for each in exported(company, YEAR)[0]] == list(range(1, 251))
    listed = company.every("ledger/sie-imports")
    assert [each["import_id"] for each in listed] == [second["import_id"], first["import_id"]]
    assert company.get("agreement", "bureau").expect(200)["agrees"] is True


@pytest.mark.parametrize("kind", ["crash_before", "crash_after", "throttle"])
def test_given_an_upload_when_its_import_fails_in_the_middle_then_it_goes_on_and_doubles_nothing(
    start: Start, cloud: LocalCloud, kind: str
) -> None:
    company = start()
    for call in (2, 3):
        cloud.fault("SieReceivedFunction", kind, call=call, operation="TransactWriteItems")

    made = announced(company)
    assert upload(made["upload"], history(170)).status == 204

    found = told(company, made)
    assert cloud.faults() == []
    assert (found["status"], found["report"]["status"]) == ("done", "done")
    vouchers, summary = exported(company, YEAR)
    assert [each.number for each in vouchers] == list(range(1, 171))
    assert summary.head.closing[0]["1511"].amount == 170 * 125_00


def test_given_a_hostile_upload_when_it_has_come_then_it_is_refused_and_the_books_are_as_they_were(
    start: Start,
) -> None:
    company = start()
    good = history(100)
    for content, check in [
        (b"\x00" * 100_000, "not-sie"),
        (good.replace(b"-25.00", b"-25.01", 1), "unbalanced"),
        (good[: len(good) // 2], None),
    ]:
        made = announced(company)
        assert upload(made["upload"], content).status == 204
        found = told(company, made)
        assert (found["status"], found["refusal"]["code"]) == ("refused", "sie-refused")
        assert check in {None, found["refusal"]["reasons"][0]["code"]}
    made = announced(company)
    assert upload(made["upload"], b"x" * (made["upload"]["max_bytes"] + 1)).status == 400
    assert told(company, made)["status"] == "waiting_upload"
    assert company.every("ledger/vouchers", "bureau") == []


def test_given_a_stranger_and_the_client_when_they_ask_for_imports_and_exports_then_they_get_what_is_theirs(
    start: Start,
) -> None:
    company = start()
    made = announced(company)
    given = {"filename": "a.se", "mode": "history"}
    assert company.post("ledger/sie-imports", given).status == 403
    stranger, path = company.people.stranger, f"{company.path}/ledger"
    assert stranger.post(f"{path}/sie-imports", given).status == 404
    assert stranger.post(f"{path}/sie-exports", {}).status == 404
    assert stranger.get(f"{path}/sie-imports/{made['import_id']}").status == 404
    other = start()
    assert other.get(f"ledger/sie-imports/{made['import_id']}", "bureau").status == 404
    assert company.post("ledger/sie-exports", {}).status == 201


def test_given_books_when_made_to_be_fetched_then_the_link_has_what_an_answer_has(start: Start) -> None:
    company = start()
    take_in(company, history(150), "mode=history")

    made = company.post("ledger/sie-exports", {"fiscal_year": str(YEAR)}, "bureau").expect(201)

    with urllib.request.urlopen(made["link"]["url"]) as answer:
        content = answer.read()
        assert made["filename"] in answer.headers["Content-Disposition"]
    assert len(content) == made["size"]
    assert content == company.get(f"ledger/sie?fiscal_year={YEAR}").content
