"""How the books are kept, in table Ledger.

| pk | sk | what |
|---|---|---|
| COMPANY#id | BOOKS | fiscal years, closed period, next voucher numbers |
| COMPANY#id | VOUCHER#date#series#number | a voucher, its rows packed in one string |
| COMPANY#id | RECEIVABLE#invoice id | an open item with its entries |
| COMPANY#id | PAYMENT#id | a posted payment |
| COMPANY#id | CREDIT#customer id | a customer's credit |
| COMPANY#id | CUSTOMER#id | a customer, as its newest version known here says |
| COMPANY#id | BALANCE#month | what each account moved in the month |
| COMPANY#id | PARKED#event | an event that could not be posted |
| COMPANY#id | REVERSED#time#payment id | that a payment was taken back then |
| COMPANY#id | AGREEMENT | what the last nightly check of the books found |

Index ``closing`` (pk, closed_on) holds open items by the day they closed, so that the items open on any
day, past or present, are one query.
"""

from __future__ import annotations

import functools
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from samklang.ledger.model import (
    OPEN,
    Amounts,
    Books,
    Entry,
    LedgerCustomer,
    LedgerCustomerPage,
    NightlyAgreement,
    ParkedEvent,
    ParkedPage,
    Receivable,
    Voucher,
    VoucherPage,
    VoucherRow,
    check_balance,
    customer_of,
)
from samklang.payments.model.credit import Credit, credit_key, credit_values, read_credit
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.clients import dynamodb
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from samklang.ledger.cash_method import Parts
    from samklang.ledger.model import AccountingMethod
    from samklang.platform.dynamo import Item, Transaction

_BOOKS = "BOOKS"


def _table() -> str:
    return setting("LEDGER_TABLE")


# ---------------------------------------------------------------- the head of the books


_YEARS_AHEAD = 5
"""Fiscal years of twelve months that are opened behind the first one."""


def put_books(
    transaction: Transaction, company_id: str, start: date, end: date, method: AccountingMethod
) -> None:
    """Open a company's books with their first fiscal year and those that follow on it.

    After the first, a fiscal year is twelve months (bokföringslagen 3 kap. 1 §) until the bureau changes it.
    """
    years = [(start, end)]
    for _ in range(_YEARS_AHEAD):
        first = years[-1][1] + timedelta(days=1)
        years.append((first, first.replace(year=first.year + 1) - timedelta(days=1)))
    item = {
        "pk": company_key(company_id),
        "sk": _BOOKS,
        "kind": "books",
        "fiscal_years": [[first.isoformat(), last.isoformat()] for first, last in years],
        "method": method,
        "next_numbers": {},
        "version": 1,
    }
    transaction.put("books", _table(), item)


def books(company_id: str) -> Books:
    """The head of a company's books."""
    item = dynamo.get(_table(), company_key(company_id), _BOOKS)
    assert item is not None  # opened in the transaction that made the company active
    closed = item.get("closed_until")
    return Books(
        fiscal_years=[
            (date.fromisoformat(start), date.fromisoformat(end)) for start, end in item["fiscal_years"]
        ],
        method=item["method"],
        closed_until=date.fromisoformat(closed) if closed else None,
        next_numbers=item["next_numbers"],
        version=item["version"],
        parked=item.get("parked", 0),
        parked_since=item.get("parked_since"),
    )


def update_books(transaction: Transaction, company_id: str, books: Books) -> None:
    """The numbers taken, and what is parked, if nobody else has changed them since the head was read."""
    transaction.update(
        "books",
        _table(),
        (company_key(company_id), _BOOKS),
        put={
            "next_numbers": books.next_numbers,
            "version": books.version + 1,
            "parked": books.parked or None,
            "parked_since": books.parked_since,
        },
        expect={"version": books.version},
    )


# ---------------------------------------------------------------- vouchers and balances


def voucher_id(day: date, series: str, number: int) -> str:
    """``2026-11-23.K.42``: a voucher's id tells where it is."""
    return f"{day}.{series}.{number}"


def _voucher_key(identifier: str) -> str | None:
    day, _, rest = identifier.partition(".")
    series, _, number = rest.partition(".")
    return f"VOUCHER#{day}#{series}#{int(number):08d}" if number.isascii() and number.isdigit() else None


def put_voucher(
    transaction: Transaction,
    company_id: str,
    voucher: Voucher,
    amounts: Amounts,
    request_id: str,
) -> None:
    """A new voucher, its rows packed: ``1510:125000;3001:-100000``."""
    check_balance(amounts)
    item = {
        "pk": company_key(company_id),
        "sk": _voucher_key(voucher.voucher_id),
        "kind": "voucher",
        "text": voucher.text,
        "rows": ";".join(f"{account}:{amount}" for account, amount in amounts),
        "source": voucher.source,
        "created_at": voucher.created_at,
        "request_id": request_id,
    }
    transaction.put(f"voucher/{voucher.voucher_id}", _table(), item)


def _read_amounts(item: Item) -> Amounts:
    packed = (row.split(":") for row in item["rows"].split(";"))
    return [(account, int(amount)) for account, amount in packed]


def _read_voucher(item: Item) -> Voucher:
    _, day, series, number = item["sk"].split("#")
    amounts = _read_amounts(item)
    return Voucher.model_validate(
        {
            "voucher_id": voucher_id(date.fromisoformat(day), series, int(number)),
            "series": series,
            "number": int(number),
            "date": day,
            "text": item["text"],
            "rows": rows_of(amounts),
            "source": item.get("source"),
            "created_at": item["created_at"],
        }
    )


def rows_of(amounts: Amounts) -> list[VoucherRow]:
    """Rows as the bureau reads them: debit and credit apart."""
    return [
        VoucherRow(account=account, debit=max(amount, 0), credit=max(-amount, 0))
        for account, amount in amounts
    ]


def voucher(company_id: str, identifier: str) -> Voucher | None:
    """One voucher."""
    key = _voucher_key(identifier)
    item = dynamo.get(_table(), company_key(company_id), key) if key else None
    return _read_voucher(item) if item else None


def vouchers(
    company_id: str, first: date | None, last: date | None, limit: int, cursor: str | None
) -> VoucherPage:
    """A page of vouchers by date."""
    low = f"VOUCHER#{first or date.min}"
    high = f"VOUCHER#{last or date.max}#~"
    page = dynamo.query_between(_table(), company_key(company_id), low, high, limit=limit, cursor=cursor)
    return VoucherPage(items=[_read_voucher(item) for item in page.items], next=page.next)


def voucher_amounts(company_id: str, first: date, last: date) -> Iterator[Amounts]:
    """The rows of every voucher from a date to a date, both included."""
    fetch = functools.partial(_vouchers_between, company_id, first, last)
    for item in dynamo.every(fetch):
        yield _read_amounts(item)


def _vouchers_between(company_id: str, first: date, last: date, cursor: str | None) -> dynamo.Page:
    low, high = f"VOUCHER#{first}", f"VOUCHER#{last}#~"
    return dynamo.query_between(_table(), company_key(company_id), low, high, cursor=cursor)


def add_to_month(transaction: Transaction, company_id: str, month: str, changes: Mapping[str, int]) -> None:
    """Add what accounts moved to the month's balances. Öre."""
    key = (company_key(company_id), f"BALANCE#{month}")
    moved = {f"a{account}": amount for account, amount in changes.items()}
    transaction.update(f"balance/{month}", _table(), key, put={"kind": "balance"}, add=moved)


def months(company_id: str, first: str, last: str) -> Iterator[tuple[str, dict[str, int]]]:
    """What accounts moved in each month from ``first`` to ``last`` (``2026-01``), both included. Öre."""
    fetch = functools.partial(_months_between, company_id, first, last)
    for item in dynamo.every(fetch):
        moved = {name[1:]: value for name, value in item.items() if name[0] == "a" and name[1:].isdigit()}
        yield item["sk"].removeprefix("BALANCE#"), moved


def _months_between(company_id: str, first: str, last: str, cursor: str | None) -> dynamo.Page:
    pk = company_key(company_id)
    return dynamo.query_between(_table(), pk, f"BALANCE#{first}", f"BALANCE#{last}", cursor=cursor)


# ---------------------------------------------------------------- receivables and payments


class Loaded(NamedTuple):
    """What :func:`load` found, by id."""

    receivables: dict[str, Receivable]
    payments: dict[str, Item]
    parked: set[str]
    credits: dict[str, Credit]


def load(
    company_id: str,
    invoice_ids: Iterable[str],
    payment_ids: Iterable[str] = (),
    parked_ids: Iterable[str] = (),
    customer_ids: Iterable[str] = (),
) -> Loaded:
    """The open items, posted payments, parked events and customers' credits that exist among these."""
    pk = company_key(company_id)
    keys = [(pk, f"RECEIVABLE#{each}") for each in invoice_ids]
    keys += [(pk, f"PAYMENT#{each}") for each in payment_ids]
    keys += [(pk, f"PARKED#{each}") for each in parked_ids]
    keys += [(pk, credit_key(each)) for each in customer_ids]
    receivables: dict[str, Receivable] = {}
    payments: dict[str, Item] = {}
    parked: set[str] = set()
    credits_: dict[str, Credit] = {}
    for item in dynamo.batch_get(_table(), keys).values():
        match item["kind"]:
            case "receivable":
                receivables[item["id"]] = _read_receivable(item)
            case "payment":
                payments[item["id"]] = item
            case "credit":
                credits_[item["customer_id"]] = read_credit(item)
            case _:
                parked.add(item["parked_id"])
    return Loaded(receivables, payments, parked, credits_)


def put_receivable(transaction: Transaction, company_id: str, receivable: Receivable) -> None:
    """An open item, new or in place of its version before."""
    item = {
        "pk": company_key(company_id),
        "sk": f"RECEIVABLE#{receivable.invoice_id}",
        "kind": "receivable",
        "company_id": company_id,
        "id": receivable.invoice_id,
        "number": receivable.number,
        "customer_id": receivable.customer_id,
        "customer_name": receivable.customer_name,
        "invoice_date": receivable.invoice_date.isoformat(),
        "due_date": receivable.due_date.isoformat(),
        "total": receivable.total,
        "voucher_id": receivable.voucher_id,
        "sold": _pack_parts(receivable.sold),
        "sale": _pack_parts(receivable.sale),
        "posted": _pack_parts(receivable.posted),
        "request_id": receivable.request_id,
        "entries": json.dumps(
            [[entry.date.isoformat(), entry.amount, entry.cause] for entry in receivable.entries],
            separators=(",", ":"),
        ),
        "closed_on": receivable.closed_on,
        "version": receivable.version + 1,
    }
    expect = {"version": receivable.version} if receivable.version else None
    transaction.put(f"receivable/{receivable.invoice_id}", _table(), item, expect=expect)


def _read_receivable(item: Item) -> Receivable:
    entries = [
        Entry(date.fromisoformat(day), amount, cause) for day, amount, cause in json.loads(item["entries"])
    ]
    return Receivable(
        invoice_id=item["id"],
        number=item["number"],
        customer_id=item["customer_id"],
        customer_name=item["customer_name"],
        invoice_date=date.fromisoformat(item["invoice_date"]),
        due_date=date.fromisoformat(item["due_date"]),
        total=item["total"],
        voucher_id=item.get("voucher_id"),
        request_id=item["request_id"],
        entries=entries,
        sold=json.loads(item.get("sold", "{}")),
        sale=json.loads(item.get("sale", "{}")),
        posted=json.loads(item.get("posted", "{}")),
        version=item["version"],
    )


def _pack_parts(parts: Parts) -> str | None:
    return json.dumps(parts, separators=(",", ":")) if parts else None


def receivables_open_on(company_id: str, day: date) -> Iterator[Receivable]:
    """Items that may be open on a day: those that closed after it, or never."""
    fetch = functools.partial(_closed_after, company_id, day.isoformat())
    for item in dynamo.every(fetch):
        yield _read_receivable(item)


def open_receivables(company_id: str) -> Iterator[Receivable]:
    """Items with something remaining today, whatever their dates."""
    fetch = functools.partial(_closed_after, company_id, OPEN[:-1])
    for item in dynamo.every(fetch):
        yield _read_receivable(item)


def _closed_after(company_id: str, day: str, cursor: str | None) -> dynamo.Page:
    partition = ("pk", company_key(company_id))
    return dynamo.query_index(_table(), "closing", partition, ("closed_on", day), cursor=cursor)


def put_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """A posted payment."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PAYMENT#{payment_id}",
        "kind": "payment",
        "id": payment_id,
        **values,
    }
    transaction.put(f"payment/{payment_id}", _table(), item)


def reverse_payment(
    transaction: Transaction, company_id: str, payment_id: str, values: Mapping[str, Any]
) -> None:
    """Mark a posted payment as taken back, once."""
    key = (company_key(company_id), f"PAYMENT#{payment_id}")
    expect = {"reversal_date": dynamo.MISSING, "id": payment_id}
    transaction.update(f"payment/{payment_id}", _table(), key, put=values, expect=expect)


def payment(company_id: str, payment_id: str) -> Item | None:
    """One posted payment, as it is kept."""
    return dynamo.get(_table(), company_key(company_id), f"PAYMENT#{payment_id}")


def payments_before(company_id: str, before: str, limit: int) -> list[Item]:
    """Posted payments with ids below ``before``, newest first."""
    return dynamo.query_below(_table(), company_key(company_id), "PAYMENT#", before, limit)


def images(company_id: str) -> Iterator[Item]:
    """Every open item, payment and parked event, as they are kept."""
    for prefix in ("RECEIVABLE#", "PARKED#", "PAYMENT#"):
        yield from dynamo.every(functools.partial(_prefixed_page, company_id, prefix))


def _prefixed_page(company_id: str, prefix: str, cursor: str | None) -> dynamo.Page:
    return dynamo.query(_table(), company_key(company_id), prefix, cursor=cursor)


# ---------------------------------------------------------------- customers' credit


def put_credit(transaction: Transaction, company_id: str, credit: Credit) -> None:
    """A customer's credit, if it is as it was read."""
    key = {"pk": company_key(company_id), "sk": credit_key(credit.customer_id)}
    expect = {"version": credit.version} if credit.version else None
    label = f"credit/{credit.customer_id}"
    transaction.put(label, _table(), key | credit_values(credit), expect=expect)


def every_credit(company_id: str) -> Iterator[Credit]:
    """The credit of every customer that has had any."""
    return map(read_credit, dynamo.every(functools.partial(_prefixed_page, company_id, credit_key(""))))


# ---------------------------------------------------------------- customers


def put_customer(company_id: str, customer_id: str, version: int, body: str) -> bool:
    """Keep a customer, if no version as new is kept already: the newest wins in whatever order they come.

    One write with its condition; customers take no part in the books, so their head is left alone.

    Returns:
        Whether it was kept.
    """
    item = {
        "pk": company_key(company_id),
        "sk": f"CUSTOMER#{customer_id}",
        "kind": "customer",
        "id": customer_id,
        "version": version,
        "body": body,
    }
    try:
        dynamodb().put_item(
            TableName=_table(),
            Item=dynamo.to_item(item),
            ConditionExpression="attribute_not_exists(pk) OR version < :version",
            ExpressionAttributeValues=dynamo.to_item({":version": version}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            return False
        raise
    return True


def customer(company_id: str, customer_id: str) -> LedgerCustomer | None:
    """One customer."""
    item = dynamo.get(_table(), company_key(company_id), f"CUSTOMER#{customer_id}")
    return _read_customer(item) if item else None


def customers(company_id: str, limit: int, cursor: str | None) -> LedgerCustomerPage:
    """A page of customers, oldest first."""
    page = dynamo.query(_table(), company_key(company_id), "CUSTOMER#", limit=limit, cursor=cursor)
    return LedgerCustomerPage(items=[_read_customer(item) for item in page.items], next=page.next)


def _read_customer(item: Item) -> LedgerCustomer:
    return customer_of(item["id"], item["version"], item["body"])


# ---------------------------------------------------------------- parked events


def put_parked(
    transaction: Transaction,
    company_id: str,
    parked: ParkedEvent,
    change: Mapping[str, Any],
    request_id: str | None,
) -> None:
    """Park an event with all that is needed to post it later."""
    item = {
        "pk": company_key(company_id),
        "sk": f"PARKED#{parked.parked_id}",
        "kind": "parked",
        "company_id": company_id,
        **parked.model_dump(),
        "request_id": request_id,
        # What made it unreadable may be a value JSON does not have.
        "change": json.dumps(change, separators=(",", ":"), ensure_ascii=False, default=str),
    }
    transaction.replace(f"parked/{parked.event}", _table(), item)


def remove_parked(transaction: Transaction, company_id: str, parked_id: str) -> None:
    """Take an event off the list, because it was posted."""
    transaction.delete(f"parked/{parked_id}", _table(), (company_key(company_id), f"PARKED#{parked_id}"))


def parked_by_id(company_id: str, parked_ids: Iterable[str]) -> dict[str, Item]:
    """Those of the events that are parked, as kept."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, f"PARKED#{each}") for each in parked_ids])
    return {item["parked_id"]: item for item in found.values()}


def read_parked(item: Item) -> ParkedEvent:
    """A parked event from its item."""
    return ParkedEvent.model_validate({name: item[name] for name in ParkedEvent.model_fields})


def parked_items(company_id: str) -> list[Item]:
    """Every parked event of a company, as kept, in the order they were parked."""
    pk = company_key(company_id)
    items = dynamo.every(lambda cursor: dynamo.query(_table(), pk, "PARKED#", cursor=cursor))
    return sorted(items, key=lambda item: str(item["parked_at"]))


def parked(company_id: str, limit: int, cursor: str | None) -> ParkedPage:
    """A page of parked events."""
    page = dynamo.query(_table(), company_key(company_id), "PARKED#", limit=limit, cursor=cursor)
    return ParkedPage(items=[read_parked(item) for item in page.items], next=page.next)


def parked_change(item: Item) -> dict[str, Any]:
    """The change a parked event was made from: its kind and the item's image."""
    change: dict[str, Any] = json.loads(item["change"])
    return change


# ---------------------------------------------------------------- the past, for who looks back on it


def put_reversed(transaction: Transaction, company_id: str, payment_id: str, reversed_at: str) -> None:
    """That a payment was taken back: the one kind of event that no id or number finds by its time."""
    item = {
        "pk": company_key(company_id),
        "sk": f"{_REVERSED}{reversed_at}#{payment_id}",
        "kind": "reversed",
    }
    transaction.put(f"reversed/{payment_id}", _table(), item)


_REVERSED = "REVERSED#"


def reversed_before(company_id: str, before: str, limit: int) -> list[tuple[str, str]]:
    """Reversals with a place (``time#payment id``) below ``before``, newest first: (place, payment id)."""
    items = dynamo.query_below(_table(), company_key(company_id), _REVERSED, before, limit)
    places = [item["sk"].removeprefix(_REVERSED) for item in items]
    return [(place, place.partition("#")[2]) for place in places]


def every_receivable(company_id: str) -> Iterator[Receivable]:
    """Every open item, those that are closed too."""
    return map(_read_receivable, dynamo.every(functools.partial(_prefixed_page, company_id, "RECEIVABLE#")))


def every_payment(company_id: str) -> Iterator[Item]:
    """Every posted payment, oldest first, as it is kept."""
    return dynamo.every(functools.partial(_prefixed_page, company_id, "PAYMENT#"))


class VoucherLines(NamedTuple):
    """A voucher's rows (account, öre), read as they are kept: whether they balance is not asked."""

    voucher_id: str
    source: str | None
    created_at: str
    amounts: Amounts


def every_voucher(company_id: str) -> Iterator[VoucherLines]:
    """Every voucher, by date."""
    for item in dynamo.every(functools.partial(_prefixed_page, company_id, "VOUCHER#")):
        _, day, series, number = item["sk"].split("#")
        identifier = voucher_id(date.fromisoformat(day), series, int(number))
        yield VoucherLines(identifier, item.get("source"), item["created_at"], _read_amounts(item))


def vouchers_made_at(company_id: str, voucher_ids: Iterable[str]) -> dict[str, str]:
    """When those of the vouchers that exist were made: id to time."""
    pk = company_key(company_id)
    keys = {(pk, _voucher_key(each) or ""): each for each in voucher_ids}
    return {keys[key]: item["created_at"] for key, item in dynamo.batch_get(_table(), keys).items()}


# ---------------------------------------------------------------- the nightly check, many companies at once


def keep_agreement(company_id: str, found: NightlyAgreement) -> None:
    """Keep what the nightly check found, in place of what the one before did."""
    item = {
        "pk": company_key(company_id),
        "sk": _AGREEMENT,
        "kind": "agreement",
        "found": found.model_dump_json(),
    }
    transaction = dynamo.Transaction()
    transaction.replace("agreement", _table(), item)
    transaction.commit()


_AGREEMENT = "AGREEMENT"


def kept_agreement(company_id: str) -> NightlyAgreement | None:
    """What the last nightly check found, if there has been one."""
    item = dynamo.get(_table(), company_key(company_id), _AGREEMENT)
    return _read_agreement(item) if item else None


def _read_agreement(item: Item) -> NightlyAgreement:
    return NightlyAgreement.model_validate_json(item["found"])


class Waiting(NamedTuple):
    """Whether something waits in a company's books."""

    parked: int
    parked_since: str | None
    nightly: NightlyAgreement | None


def waiting(company_ids: Iterable[str]) -> dict[str, Waiting]:
    """What waits in each company's books, read in batches; nothing where there are no books yet."""
    wanted = list(company_ids)
    keys = [(company_key(each), sk) for each in wanted for sk in (_BOOKS, _AGREEMENT)]
    found = dynamo.batch_get(_table(), keys)
    waits = {}
    for each in wanted:
        head = found.get((company_key(each), _BOOKS), {})
        nightly = found.get((company_key(each), _AGREEMENT))
        waits[each] = Waiting(
            head.get("parked", 0), head.get("parked_since"), _read_agreement(nightly) if nightly else None
        )
    return waits
