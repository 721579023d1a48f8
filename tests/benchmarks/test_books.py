"""Aged lists of 10,000 and 100,000 open items, a year's trial balance, and all vouchers gone through.

The time is the local store's, in one process and without HTTP: what counts are the reads.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any

import pytest

from local import provision
from local.template import Template
from local.testing import LocalCloud
from samklang.ledger import balances, rebuilding, receivables
from samklang.ledger import service as ledger
from samklang.ledger.accounts import BASE_CHART, RECEIVABLES
from samklang.ledger.model.receivables import Entry, Receivable
from samklang.ledger.model.vouchers import Voucher, rows_of
from samklang.ledger.store import balances as kept_balances
from samklang.ledger.store import receivables as kept_receivables
from samklang.ledger.store import vouchers as kept_vouchers
from samklang.platform import clients
from samklang.platform.access import CompanyAccess, User
from samklang.platform.dynamo import Transaction
from samklang.platform.ids import derived_id
from tests.benchmarks.test_matching import counted

ROOT = Path(__file__).parents[2]
YEAR = date(2026, 1, 1), date(2026, 12, 31)
VOUCHERS = 60_000


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    """Tables of their own, which no runner watches."""
    with LocalCloud() as cloud, pytest.MonkeyPatch.context() as patch:
        template = Template.load(ROOT / "template.yaml", endpoint=cloud.endpoint, stack="books")
        for name, value in {
            "AWS_ENDPOINT_URL": cloud.endpoint,
            "AWS_DEFAULT_REGION": "eu-north-1",
            "AWS_ACCESS_KEY_ID": "books",
            "AWS_SECRET_ACCESS_KEY": "books",
            "LEDGER_TABLE": template.name("LedgerTable"),
            "PLATFORM_TABLE": template.name("PlatformTable"),
        }.items():
            patch.setenv(name, value)
        clients.dynamodb.cache_clear()
        provision.create_tables(template, clients.dynamodb())
        yield template
        clients.dynamodb.cache_clear()


def _at(company_id: str) -> CompanyAccess:
    return CompanyAccess(User("user", "request"), company_id, "bureau", "admin", {"status": "active"})


def _company(template: Template, name: str, fill: Callable[[Transaction, str], None]) -> str:
    """Books with what ``fill`` writes, however much that is."""
    company_id = derived_id("com", name)
    opened, operations = Transaction(), Transaction()
    ledger.open_books(opened, company_id, *YEAR, "invoice")
    opened.commit()
    fill(operations, company_id)
    requests = [{"PutRequest": {"Item": each["Put"]["Item"]}} for each in operations.operations]
    table = template.name("LedgerTable")

    def write(some: tuple[Any, ...]) -> None:
        answer = clients.dynamodb().batch_write_item(RequestItems={table: list(some)})
        assert not answer["UnprocessedItems"]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, batched(requests, 25, strict=False)))
    return company_id


def _measured(what: str, work: Callable[[], Any]) -> Any:
    with counted() as calls:
        begun, worked = time.perf_counter(), time.process_time()
        found = work()
        spent, own = time.perf_counter() - begun, time.process_time() - worked
    asked = f"{sum(calls.operations.values()):4d} requests {dict(calls.operations)}"
    print(f"{what:<50} {spent:7.2f} s, {own:6.2f} s of it our own, {asked}")
    return found


@pytest.mark.parametrize("many", [10_000, 100_000])
def test_aged_lists(template: Template, many: int) -> None:
    """Every item open today, each with a part paid: as of today and as of a day before most of it."""

    def fill(operations: Transaction, company_id: str) -> None:
        for number in range(many):
            day = YEAR[0] + timedelta(days=number % 300)
            item = Receivable(
                invoice_id=f"inv_{number:020d}",
                number=number,
                customer_id=f"cus_{number % 500:020d}",
                customer_name="Snickeriet i Åkersberga AB",
                invoice_date=day,
                due_date=day + timedelta(days=30),
                total=125000,
                voucher_id=f"{day}.K.{number}",
                request_id="0123456789",
                entries=[Entry(day + timedelta(days=20), -25000, f"payment/pay_{number:020d}/registered")],
            )
            kept_receivables.put_receivable(operations, company_id, item)
        kept_balances.replace_month(operations, company_id, "2026-01", {RECEIVABLES: 100000 * many})

    company_id = _company(template, f"items {many}", fill)
    print()
    for day in (date(2026, 12, 31), date(2026, 3, 15)):
        work = partial(receivables.receivables, company_id, day)
        found = _measured(f"{many} open items as of {day}", work)
        assert sum(dict(found.aged).values()) == found.total
        if day == YEAR[1]:
            assert (len(found.items), found.total, found.account_1510) == (many, 100000 * many, 100000 * many)


def test_trial_balance_and_all_vouchers(template: Template) -> None:
    """A year of months with every account, and 60,000 vouchers of three rows."""
    amounts = [("1510", 1250000), ("3001", -1000000), ("2611", -250000)]
    accounts = list(BASE_CHART)

    def fill(operations: Transaction, company_id: str) -> None:
        for number in range(VOUCHERS):
            day = YEAR[0] + timedelta(days=number % 365)
            voucher = Voucher(
                voucher_id=kept_vouchers.voucher_id(day, "K", number + 1),
                series="K",
                number=number + 1,
                date=day,
                text=f"Kundfaktura {number} Andersson Bygg AB",
                rows=rows_of(amounts, {}),
                source=f"invoice/inv_{number:020d}/issued",
                created_at="2026-11-23T09:30:01.234Z",
            )
            kept_vouchers.put_voucher(operations, company_id, voucher, amounts)
        for month in range(1, 13):
            kept_balances.replace_month(
                operations, company_id, f"2026-{month:02}", dict.fromkeys(accounts, 12345)
            )

    company_id = _company(template, "vouchers", fill)
    print()
    whole = _measured("trial balance of the year", lambda: balances.balances(_at(company_id), *YEAR))
    assert len(whole.items) == len(accounts)
    broken = YEAR[0] + timedelta(days=14), YEAR[1] - timedelta(days=14)
    _measured("trial balance of broken months", lambda: balances.balances(_at(company_id), *broken))
    ledger_page = lambda: balances.account_ledger(_at(company_id), "3001", *YEAR, 100, None)  # noqa: E731
    assert len(_measured("an account's ledger, first 100", ledger_page).items) == 100
    check = _measured(
        f"{VOUCHERS} vouchers against months", lambda: rebuilding.check_balances(_at(company_id), None)
    )
    assert check.vouchers == VOUCHERS
