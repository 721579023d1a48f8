from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from samklang.formats import ocr
from samklang.invoicing import issuing
from samklang.invoicing.store import invoices as store
from samklang.platform import dynamo
from samklang.platform.problems import Problem
from tests.functions.books import ABROAD, Firm, Office, code, etag, stand_at
from tests.functions.conftest import STAFF, Answer

pytest_plugins = ["tests.functions.an_office"]

UNKNOWN = "inv_00000000000000000000"
ROW: dict[str, Any] = {"description": "Arbete", "unit_price": "100.00", "vat_rate": "25"}
CUSTOMER: dict[str, Any] = {
    "name": "Östergrens Fastigheter AB",
    "address": {"street": "Kungsgatan 1", "postcode": "111 22", "city": "Stockholm"},
}
FOOD = {"name": "Bröd", "unit_price": "10.00", "vat_class": "food"}


def issue(firm: Firm, draft: Any) -> Answer:
    """Try to issue a draft."""
    return firm.call("POST", f"/invoices/{draft['invoice_id']}/issue")


def save(firm: Firm, draft: Any, *rows: Any) -> Any:
    """Save a draft anew, with these rows."""
    given = {"customer_id": draft["customer_id"], "rows": list(rows)}
    version = {"If-Match": f'"{draft["version"]}"'}
    return firm.call("PUT", f"/invoices/{draft['invoice_id']}", given, headers=version).body


# ---------------------------------------------------------------- one


def test_issuing_gives_number_ocr_and_dates_and_takes_the_next_number(office: Office) -> None:
    firm = office.firm(first_invoice_number=4711)
    customer = firm.customer(payment_terms_days=20)
    first = firm.issue("4467.75", customer=customer)
    second = firm.issue(customer=customer, invoice_date="2026-11-01", due_date="2026-11-05")
    assert (first["number"], first["ocr"], first["status"]) == (4711, ocr.make_ocr("4711"), "issued")
    assert (first["invoice_date"], first["due_date"]) == ("2026-11-23", "2026-12-13")
    assert (first["vat"], first["total"]) == ("1116.94", "5584.69")
    assert (first["paid"], first["credited"], first["remaining"]) == ("0.00", "0.00", "5584.69")
    assert first["ledger"] == {"status": "pending", "voucher": None, "reason": None}
    assert (second["number"], second["invoice_date"], second["due_date"]) == (
        4712,
        "2026-11-01",
        "2026-11-05",
    )
    assert firm.invoice(first) == first


def test_an_issued_invoice_stands_as_the_customer_was_then(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", CUSTOMER)
    path = f"/customers/{made.body['customer_id']}"
    draft = firm.draft(customer=made.body["customer_id"])
    renamed = firm.call("PUT", path, CUSTOMER | {"name": "Nytt Namn AB"}, headers=etag(made))
    issued = issue(firm, draft).body
    firm.call("PUT", path, {"name": "Nyaste Namnet AB"}, headers=etag(renamed))
    assert firm.invoice(issued)["buyer"]["name"] == firm.invoice(issued)["customer_name"] == "Nytt Namn AB"
    assert firm.invoice(issued)["buyer"]["address"]["city"] == "Stockholm"


def test_an_issued_invoice_is_never_issued_or_changed_again(office: Office) -> None:
    firm = office.firm()
    issued = firm.issue()
    path = f"/invoices/{issued['invoice_id']}"
    assert code(firm.call("POST", f"{path}/issue")) == (409, "not-a-draft")
    new = {"customer_id": issued["customer_id"], "rows": [ROW]}
    assert code(firm.call("PUT", path, new, headers={"If-Match": '"2"'})) == (409, "not-a-draft")
    assert firm.invoice(issued) == issued
    assert firm.issue()["number"] == issued["number"] + 1


def test_an_invoice_of_nothing_is_paid_when_it_is_issued(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft("100.00", "-100.00")
    answer = issue(firm, draft)
    assert (answer.body["status"], answer.body["remaining"]) == ("paid", "0.00")
    assert firm.invoice(draft) == answer.body
    assert [each["status"] for each in firm.listed("/invoices?status=paid")] == ["paid"]


@pytest.mark.parametrize(
    ("dates", "refusal"),
    [
        ({"invoice_date": "2026-11-23", "due_date": "2026-11-22"}, (422, "validation")),
        ({"due_date": "2026-11-22"}, (422, "validation")),
        ({"invoice_date": "2027-11-25"}, (422, "validation")),
        ({"invoice_date": "2025-12-31"}, (409, "outside-fiscal-year")),
        ({"invoice_date": "2027-11-24"}, None),
        ({"invoice_date": "2026-01-01", "due_date": "2026-01-01"}, None),
    ],
)
def test_a_date_the_books_could_never_take_is_refused_and_takes_no_number(
    office: Office, dates: dict[str, str], refusal: tuple[int, str] | None
) -> None:
    firm = office.firm()
    answer = issue(firm, firm.draft(**dates))
    if refusal:
        assert code(answer) == refusal
    else:
        assert answer.body["number"] == 1001
    assert firm.issue()["number"] == 1001 + (refusal is None)


def test_a_date_in_a_closed_period_is_refused_and_takes_no_number(office: Office) -> None:
    firm = office.firm()
    firm.close_books_until("2026-10-31")
    closed, opened = (firm.draft(invoice_date=day) for day in ("2026-10-31", "2026-11-01"))
    assert code(issue(firm, closed)) == (409, "closed-period")
    result = firm.issue_many(closed, opened)
    assert [each["number"] for each in result["items"]] == [None, 1001]
    assert result["items"][0]["refusal"]["code"] == "closed-period"
    assert firm.invoice(closed) == closed


def test_words_alone_are_no_invoice(office: Office) -> None:
    firm = office.firm()
    given = {"customer_id": firm.customer(), "rows": [{"text": "Tack för i år!"}]}
    draft = firm.ok("POST", "/invoices", given)
    assert code(issue(firm, draft)) == (422, "validation")
    assert issue(firm, save(firm, draft, {"text": "Etapp 1"}, ROW)).body["number"] == 1001


def test_a_refused_issue_takes_no_number(office: Office) -> None:
    firm = office.firm()
    numbers = []
    for _ in range(3):
        issued = firm.issue()
        numbers.append(issued["number"])
        issue(firm, issued)
        issue(firm, {"invoice_id": UNKNOWN})
    assert numbers == [1001, 1002, 1003]


def test_nothing_is_issued_to_an_inactive_customer(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", CUSTOMER)
    path = f"/customers/{made.body['customer_id']}"
    draft = firm.draft(customer=made.body["customer_id"])
    inactive = firm.call("PUT", path, CUSTOMER | {"active": False}, headers=etag(made))
    assert code(issue(firm, draft)) == (409, "inactive")
    assert firm.invoice(draft) == draft
    firm.call("PUT", path, CUSTOMER, headers=etag(inactive))
    assert issue(firm, draft).body["number"] == 1001


def _read_too_early(monkeypatch: pytest.MonkeyPatch, stale: list[store.IssueBasis]) -> None:
    """Let the next issue begin from what was read before."""
    read = store.issue_basis

    def issue_basis(company_id: str, invoice_ids: Any) -> store.IssueBasis:
        return stale.pop() if stale else read(company_id, invoice_ids)

    monkeypatch.setattr(store, "issue_basis", issue_basis)


def _basis(monkeypatch: pytest.MonkeyPatch, office: Office, firm: Firm, *drafts: Any) -> store.IssueBasis:
    with monkeypatch.context() as patch:
        patch.setenv("INVOICING_TABLE", office.cloud.template.name("InvoicingTable"))
        return store.issue_basis(firm.company_id, [each["invoice_id"] for each in drafts])


def test_a_number_taken_meanwhile_is_read_anew(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = office.firm()
    draft = firm.draft()
    stale = [_basis(monkeypatch, office, firm, draft)]
    firm.issue()
    _read_too_early(monkeypatch, stale)
    assert issue(firm, draft).body["number"] == 1002
    assert not stale
    assert firm.ok("GET", "/number-series")["complete"] is True


def test_a_draft_that_is_changed_meanwhile_is_issued_as_it_is_now(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    firm = office.firm()
    draft = firm.draft()
    stale = [_basis(monkeypatch, office, firm, draft)]
    save(firm, draft, ROW | {"unit_price": "7.00"})
    _read_too_early(monkeypatch, stale)
    issued = issue(firm, draft).body
    assert (issued["number"], issued["total"], issued["version"]) == (1001, "8.75", 3)
    assert not stale


def test_the_pdf_of_an_issued_invoice_is_the_same_every_time(office: Office) -> None:
    firm = office.firm()
    issued = firm.issue()
    first, again = (
        firm.call("GET", f"/invoices/{issued['invoice_id']}/pdf", user=user) for user in (None, STAFF)
    )
    assert (first.status, first.headers["Content-Type"]) == (200, "application/pdf")
    assert "faktura-1001.pdf" in first.headers["Content-Disposition"]
    assert b64decode(first.text).startswith(b"%PDF-")
    assert again.text == first.text


# ---------------------------------------------------------------- what has changed since it was looked at


def test_a_draft_whose_rate_is_another_that_day_is_refused_until_it_is_saved_again(office: Office) -> None:
    stand_at(datetime(2026, 3, 31, 9, tzinfo=UTC))
    firm = office.firm()
    row = {"article_id": firm.ok("POST", "/articles", FOOD)["article_id"]}
    customer = firm.customer()
    drafts = [
        firm.ok("POST", "/invoices", {"customer_id": customer, "rows": [ROW, row], **dates})
        for dates in ({}, {"delivery_date": "2026-03-31"}, {"invoice_date": "2026-03-31"})
    ]
    stand_at(datetime(2026, 4, 1, 9, tzinfo=UTC))
    undated, delivered, dated = drafts
    answer = issue(firm, undated)
    assert code(answer) == (409, "draft-outdated")
    assert "6 % on 2026-04-01, not 12 %" in answer.body["detail"]
    assert firm.invoice(undated) == undated
    assert [issue(firm, each).body["total"] for each in (delivered, dated)] == ["136.20", "136.20"]
    saved = save(firm, undated, ROW, row)
    assert (saved["total"], issue(firm, saved).body["number"]) == ("135.60", 1003)


def test_the_row_at_fault_is_told_by_its_place_among_all_rows(office: Office) -> None:
    stand_at(datetime(2026, 3, 31, 9, tzinfo=UTC))
    firm = office.firm()
    row = {"description": "Mjöl", "unit_price": "10.00", "vat_class": "food"}
    given = {"customer_id": firm.customer(), "rows": [{"text": "Etapp 1"}, ROW, row]}
    draft = firm.ok("POST", "/invoices", given)
    stand_at(datetime(2026, 4, 1, 9, tzinfo=UTC))
    assert "row 3" in issue(firm, draft).body["detail"]


@pytest.mark.parametrize("vat_rate", ["25", "12"])
def test_a_draft_whose_article_is_of_another_class_is_refused_until_it_is_saved_again(
    office: Office, vat_rate: str
) -> None:
    firm = office.firm()
    made = firm.call("POST", "/articles", FOOD)
    article = made.body["article_id"]
    row = {"article_id": article}
    draft = firm.ok("POST", "/invoices", {"customer_id": firm.customer(), "rows": [row]})
    own_rate = firm.ok(
        "POST", "/invoices", {"customer_id": firm.customer(), "rows": [row | {"vat_rate": "6"}]}
    )
    changed = {"name": "Bröd", "unit_price": "99.00", "vat_rate": vat_rate}
    firm.call("PUT", f"/articles/{article}", changed, headers=etag(made))
    assert code(issue(firm, draft)) == (409, "draft-outdated")
    assert issue(firm, own_rate).body["total"] == "10.60"
    saved = save(firm, draft, row)
    assert saved["rows"][0]["vat_rate"] == vat_rate
    assert issue(firm, saved).body["number"] == 1002


def test_a_draft_whose_article_has_another_name_or_price_is_issued_as_it_was_written(office: Office) -> None:
    firm = office.firm()
    made = firm.call("POST", "/articles", FOOD)
    article = made.body["article_id"]
    given = {"customer_id": firm.customer(), "rows": [{"article_id": article}]}
    draft = firm.ok("POST", "/invoices", given)
    changed = FOOD | {"name": "Surdegsbröd", "unit_price": "99.00"}
    firm.call("PUT", f"/articles/{article}", changed, headers=etag(made))
    assert issue(firm, draft).body["total"] == "10.60"


@pytest.mark.parametrize(
    ("treatment", "vat_no"), [("construction", "SE556012579001"), ("export", None), ("exempt", None)]
)
def test_a_draft_whose_customer_is_taxed_otherwise_is_refused_until_it_is_saved_again(
    office: Office, treatment: str, vat_no: str | None
) -> None:
    firm = office.firm()
    made = firm.call("POST", "/customers", CUSTOMER)
    draft = firm.draft(customer=made.body["customer_id"])
    changed = CUSTOMER | {"vat_treatment": treatment, "vat_no": vat_no, "delivery_address": ABROAD}
    firm.call("PUT", f"/customers/{made.body['customer_id']}", changed, headers=etag(made))
    assert code(issue(firm, draft)) == (409, "draft-outdated")
    saved = save(firm, draft, ROW | {"vat_rate": "0"})
    issued = issue(firm, saved).body
    assert (issued["number"], issued["vat"], issued["vat_treatment"]) == (1001, "0.00", treatment)


def test_a_sale_without_vat_is_not_issued_when_the_number_it_rests_on_is_gone(office: Office) -> None:
    firm = office.firm()
    taxed = CUSTOMER | {"vat_no": "SE556012579001"}
    made = firm.call("POST", "/customers", taxed)
    given = {"customer_id": made.body["customer_id"], "vat_treatment": "construction"}
    draft = firm.ok("POST", "/invoices", given | {"rows": [ROW | {"vat_rate": "0"}]})
    firm.call("PUT", f"/customers/{made.body['customer_id']}", CUSTOMER, headers=etag(made))
    assert code(issue(firm, draft)) == (422, "validation")
    assert firm.invoice(draft) == draft


# ---------------------------------------------------------------- many


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many invoices each transaction that issues any writes."""
    seen: list[int] = []
    commit: Callable[[Any], None] = dynamo.Transaction.commit

    def note(transaction: dynamo.Transaction) -> None:
        if issued := sum(label.startswith("invoice/") for label in transaction.labels):
            seen.extend([issued] if "series" in transaction.labels else [])
        commit(transaction)

    monkeypatch.setattr(dynamo.Transaction, "commit", note)
    return seen


def test_many_are_issued_in_order_in_a_few_transactions(
    office: Office, monkeypatch: pytest.MonkeyPatch, transactions: list[int]
) -> None:
    monkeypatch.setattr(issuing, "_PER_TRANSACTION", 15)
    firm = office.firm()
    customer = firm.customer()
    drafts = [firm.draft(f"{number}.00", customer=customer) for number in range(1, 41)]
    drafts.reverse()
    result = firm.issue_many(*drafts)
    assert [each["invoice_id"] for each in result["items"]] == [each["invoice_id"] for each in drafts]
    assert [each["number"] for each in result["items"]] == list(range(1001, 1041))
    assert [each["total"] for each in result["items"]] == [each["total"] for each in drafts]
    assert (result["issued"], result["already_issued"], result["refused"]) == (40, 0, 0)
    assert transactions == [15, 15, 10]
    one = firm.invoice(drafts[0])
    assert (one["number"], one["ocr"], one["invoice_date"]) == (1001, ocr.make_ocr("1001"), "2026-11-23")
    assert firm.ok("GET", "/number-series")["complete"] is True


def test_each_of_many_is_issued_or_refused_on_its_own(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "_PER_TRANSACTION", 3)
    firm = office.firm()
    made = firm.call("POST", "/customers", CUSTOMER)
    inactive = firm.draft(customer=made.body["customer_id"])
    changed = CUSTOMER | {"active": False}
    firm.call("PUT", f"/customers/{made.body['customer_id']}", changed, headers=etag(made))
    food = firm.call("POST", "/articles", FOOD)
    given = {"customer_id": firm.customer(), "rows": [{"article_id": food.body["article_id"]}]}
    outdated = firm.ok("POST", "/invoices", given)
    changed = FOOD | {"vat_class": "reduced"}
    firm.call("PUT", f"/articles/{food.body['article_id']}", changed, headers=etag(food))
    issued, early = firm.issue(), firm.draft(invoice_date="2025-12-31")
    note = firm.credited(issued)
    good = [firm.draft() for _ in range(3)]
    unknown = {"invoice_id": UNKNOWN}
    result = firm.issue_many(inactive, good[0], issued, outdated, good[1], unknown, early, note, good[2])
    assert [(each["outcome"], each["number"]) for each in result["items"]] == [
        ("refused", None),
        ("issued", 1003),
        ("already_issued", 1001),
        ("refused", None),
        ("issued", 1004),
        ("refused", None),
        ("refused", None),
        ("already_issued", 1002),
        ("issued", 1005),
    ]
    codes = [each["refusal"] and each["refusal"]["code"] for each in result["items"]]
    assert codes == [
        "inactive",
        None,
        None,
        "draft-outdated",
        None,
        "not-found",
        "outside-fiscal-year",
        None,
        None,
    ]
    assert (result["issued"], result["already_issued"], result["refused"]) == (3, 2, 4)
    for each in (inactive, outdated, early):
        assert firm.invoice(each) == each
    assert firm.issue()["number"] == 1006
    assert firm.ok("GET", "/number-series")["complete"] is True


def test_when_all_are_refused_nothing_is_written(office: Office) -> None:
    firm = office.firm()
    early = [firm.draft(invoice_date="2025-12-31") for _ in range(2)]
    before = firm.items("InvoicingTable")
    result = firm.issue_many(*early)
    assert (result["issued"], result["refused"]) == (0, 2)
    assert firm.items("InvoicingTable") == before


def test_the_same_draft_twice_too_many_or_none_is_refused(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft()["invoice_id"]
    for ids in ([draft, draft], [], [UNKNOWN[:-3] + f"{number:03d}" for number in range(501)], ["1"]):
        assert code(firm.call("POST", "/invoice-issues", {"invoice_ids": ids})) == (422, "validation")
    assert firm.ok("GET", f"/invoices/{draft}")["status"] == "draft"


def test_the_bureau_issues_nothing(office: Office) -> None:
    firm = office.firm()
    draft = firm.draft()
    answer = firm.call("POST", "/invoice-issues", {"invoice_ids": [draft["invoice_id"]]}, STAFF)
    assert code(answer) == (409, "not-master")
    assert firm.invoice(draft) == draft


def test_drafts_of_another_company_are_unknown(office: Office) -> None:
    firm, other = office.firm(), office.firm(client="olle", staff="stina")
    theirs, own = other.draft(), firm.draft()
    result = firm.issue_many(theirs, own)
    assert [each["outcome"] for each in result["items"]] == ["refused", "issued"]
    assert other.invoice(theirs) == theirs


def test_the_same_again_tells_what_is_issued_already(office: Office) -> None:
    firm = office.firm()
    drafts = [firm.draft() for _ in range(3)]
    first, again = firm.issue_many(*drafts), firm.issue_many(*drafts)
    assert [each["number"] for each in again["items"]] == [each["number"] for each in first["items"]]
    assert (again["issued"], again["already_issued"]) == (0, 3)


def test_the_same_request_under_its_key_gets_the_same_bytes(
    office: Office, monkeypatch: pytest.MonkeyPatch, transactions: list[int]
) -> None:
    monkeypatch.setattr(issuing, "_PER_TRANSACTION", 2)
    firm = office.firm()
    drafts = [firm.draft() for _ in range(5)]
    body = {"invoice_ids": [*(each["invoice_id"] for each in drafts), UNKNOWN]}
    key = {"Idempotency-Key": "many-1"}
    first = firm.call("POST", "/invoice-issues", body, headers=key)
    again = firm.call("POST", "/invoice-issues", body, headers=key)
    assert (first.status, first.body["issued"], transactions) == (200, 5, [2, 2, 1])
    assert (again.status, again.text) == (200, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"


def test_another_request_under_a_used_key_issues_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "_PER_TRANSACTION", 2)
    firm = office.firm()
    key = {"Idempotency-Key": "k-1"}
    firm.call("POST", "/customers", CUSTOMER, headers=key)
    drafts = [firm.draft() for _ in range(3)]
    body = {"invoice_ids": [each["invoice_id"] for each in drafts]}
    answer = firm.call("POST", "/invoice-issues", body, headers=key)
    assert code(answer) == (422, "idempotency-key-reused")
    assert [firm.invoice(each)["status"] for each in drafts] == ["draft"] * 3


def test_a_transaction_holds_no_more_bytes_than_it_may(
    office: Office, monkeypatch: pytest.MonkeyPatch, transactions: list[int]
) -> None:
    firm = office.firm()
    customer = firm.customer()
    drafts = [firm.draft(*["1.00"] * size, customer=customer) for size in (1, 30, 1, 1, 29, 1)]
    (largest,) = [each for each in firm.items("InvoicingTable", "INVOICE#") if len(each["rows"]) > 30 * 40]
    # One draft alone always fits: see drafts._MAX_ROWS_BYTES.
    monkeypatch.setattr(issuing, "_BYTES_PER_TRANSACTION", len(largest["rows"].encode()) + 10)
    result = firm.issue_many(*drafts)
    assert [each["number"] for each in result["items"]] == list(range(1001, 1007))
    assert transactions == [1, 1, 2, 2]
    assert firm.ok("GET", "/number-series")["complete"] is True


def test_when_others_write_all_the_time_what_was_done_is_told_and_the_rest_can_be_asked_for_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "_PER_TRANSACTION", 2)
    firm = office.firm()
    drafts = [firm.draft() for _ in range(5)]
    attempts, retrying = [], dynamo.retrying

    def busy_at_last(attempt: Callable[[], Any]) -> Any:
        attempts.append(1)
        if len(attempts) == 2:
            raise Problem("busy", "Wait.")
        return retrying(attempt)

    with monkeypatch.context() as patch:
        patch.setattr(issuing, "retrying", busy_at_last)
        first = firm.issue_many(*drafts)
    assert [each["outcome"] for each in first["items"]] == ["issued"] * 2 + ["refused"] * 3
    assert {each["refusal"]["code"] for each in first["items"][2:]} == {"busy"}
    again = firm.issue_many(*drafts)
    assert [each["outcome"] for each in again["items"]] == ["already_issued"] * 2 + ["issued"] * 3
    assert [each["number"] for each in again["items"]] == list(range(1001, 1006))


def test_when_nothing_could_be_done_it_is_busy(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    firm = office.firm()
    draft = firm.draft()

    def busy(_: Callable[[], Any]) -> Any:
        raise Problem("busy", "Wait.")

    monkeypatch.setattr(issuing, "retrying", busy)
    answer = firm.call("POST", "/invoice-issues", {"invoice_ids": [draft["invoice_id"]]})
    assert code(answer) == (503, "busy")
    assert firm.invoice(draft) == draft


def test_many_begin_anew_from_what_is_true_when_a_number_is_taken_meanwhile(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "_PER_TRANSACTION", 2)
    firm = office.firm()
    drafts = [firm.draft() for _ in range(3)]
    stale = [_basis(monkeypatch, office, firm, *drafts[:2])]
    firm.issue()
    issue(firm, drafts[1])
    _read_too_early(monkeypatch, stale)
    result = firm.issue_many(*drafts)
    assert [(each["outcome"], each["number"]) for each in result["items"]] == [
        ("issued", 1003),
        ("already_issued", 1002),
        ("issued", 1004),
    ]
    assert not stale
