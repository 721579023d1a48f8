"""What matching a payment file asks of the tables: exact payments are read for many at once.

``tests/benchmarks/test_matching.py`` counts the same with 10,000 payments against 100,000 open invoices.
"""

from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest

from local.bank.bgmax import BANKGIRO, BgMaxPayment, bgmax_file
from samklang.formats.ocr import make_ocr
from tests.functions.books import TODAY, Firm, Office
from tests.functions.conftest import CLIENT, STAFF

pytest_plugins = ["tests.functions.an_office"]

TABLES = ("PlatformTable", "InvoicingTable", "LedgerTable")
MANY = 30


def invoices_of(firm: Firm, many: int) -> list[Any]:
    """So many invoices of one customer, issued and posted."""
    customer = firm.customer()
    drafts = [firm.draft(f"{100 + place}.00", customer=customer) for place in range(many)]
    firm.issue_many(*drafts)
    firm.office.settle()
    return firm.listed("/invoices")


def paying(invoices: list[Any]) -> list[BgMaxPayment]:
    """An exact payment of each."""
    return [
        BgMaxPayment(
            amount=int(each["remaining"].replace(".", "")), reference=each["ocr"], serial=each["number"]
        )
        for each in invoices
    ]


def read_file(firm: Firm, payments: list[BgMaxPayment], user: str) -> tuple[Any, Counter[str]]:
    """Let a file be read: what became of it, and what that asked of all tables, by operation."""
    asked = {"filename": "fil.txt", "content_type": "text/plain"}
    file_id = firm.ok("POST", "/payment-files", asked, user)["file_id"]
    content = bgmax_file(BANKGIRO, payments, payment_day=TODAY)
    key = f"incoming/{firm.company_id}/{file_id}"
    event = firm.office.cloud.upload("PaymentFilesBucket", key, content)
    with ExitStack() as counting:
        seen = [counting.enter_context(firm.office.reads(table)) for table in TABLES]
        firm.office.invoke("payment_file_received", event)
    total: Counter[str] = sum(seen, Counter())
    return firm.ok("GET", f"/payment-files/{file_id}", user=user), total


@pytest.mark.parametrize(("handler", "user"), [("client", CLIENT), ("bureau", STAFF)])
def test_given_many_exact_payments_when_their_file_is_read_then_they_are_read_for_many_at_once(
    office: Office, handler: str, user: str
) -> None:
    firm = office.firm(handler=handler)
    invoices = invoices_of(firm, MANY)

    file, asked = read_file(firm, paying(invoices), user)

    assert file["totals"]["exact"] == MANY
    parts = [each for each in office.cloud.items("PlatformTable") if each["sk"].startswith("PART#")]
    assert len(parts) <= MANY / 10
    # The payments themselves and those of the same content, payers, numbers, invoices; on the other side
    # open items and payments of these.
    assert asked["BatchGetItem"] <= 7 * len(parts)
    assert asked["Query"] == 1  # what was told of the file before
    # The chart of accounts and the head of the books with each part, when the bureau posts them.
    assert asked["GetItem"] <= 4 + 2 * len(parts)


def test_given_the_same_file_again_when_it_is_read_then_nothing_is_matched_anew(office: Office) -> None:
    firm = office.firm()
    payments = paying(invoices_of(firm, 10))
    read_file(firm, payments, CLIENT)

    file, asked = read_file(firm, payments, CLIENT)

    assert file["totals"]["duplicates"] == 10
    assert asked["Query"] == 1
    assert asked["BatchGetItem"] <= 3


def test_given_payments_that_point_to_nothing_when_read_then_only_their_payers_are_looked_for(
    office: Office,
) -> None:
    firm = office.firm()
    invoices_of(firm, 3)
    strangers = [
        BgMaxPayment(
            amount=100 + place, reference=make_ocr(str(7000 + place)), serial=place + 1, name="Okänd AB"
        )
        for place in range(10)
    ]

    file, asked = read_file(firm, strangers, CLIENT)

    assert file["totals"]["unmatched"] == 10
    # A payer is looked for once, by its name, however many payments it made.
    assert asked["Query"] <= 1 + 2
