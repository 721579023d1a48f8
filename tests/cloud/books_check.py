"""What both sides must hold in the end: what the model says, each thing once, without gaps."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.cloud.books_model import ore

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.cloud.books_model import Model
    from tests.cloud.company import Company, Party


def check(company: Company, model: Model) -> None:
    """Both sides hold what the model says, to the öre; nothing is lost, and nothing there twice."""
    _check_invoices(company, model)
    _check_series(company, model)
    _check_payments(company, model)
    _check_vouchers(company, model)
    _check_balances(company, model)
    agreement = _read(company, "agreement")
    assert agreement["agrees"], agreement
    assert _every(company, "ledger/parked", "bureau") == []
    _check_told(company, model)


def _every(company: Company, address: str, by: Party = "client", **query: str) -> list[Any]:
    found: list[Any] = []
    following = {"limit": "100"} | query
    while True:
        asked = "&".join(f"{name}={value}" for name, value in following.items())
        page = company.get(f"{address}?{asked}", by).expect(200)
        found += page["items"]
        if page["next"] is None:
            return found
        following["cursor"] = page["next"]


def _check_invoices(company: Company, model: Model) -> None:
    listed = {each["invoice_id"]: each for each in _every(company, "invoices")}
    _same(listed.keys(), model.items.keys() | model.drafts)
    for invoice_id, item in model.items.items():
        shown = listed[invoice_id]
        expected = (
            item.number,
            item.total,
            item.remaining,
            item.paid,
            item.credited,
            item.status,
            "posted",
        )
        sums = [ore(shown[name]) for name in ("total", "remaining", "paid", "credited")]
        found = (shown["number"], *sums, shown["status"], shown["ledger"]["status"])
        assert found == expected, (shown, item)
    open_ = _read(company, "ledger/receivables", "bureau")["items"]
    in_ledger = {each["invoice_id"]: ore(each["remaining"]) for each in open_}
    _same(in_ledger, {i.invoice_id: i.remaining for i in model.items.values() if i.remaining})
    known = _every(company, "ledger/customers", "bureau")
    _same({each["customer_id"]: each["name"] for each in known}, model.names)


def _check_series(company: Company, model: Model) -> None:
    series = _read(company, "number-series")
    assert (series["complete"], series["count"]) == (True, len(model.items)), series
    numbers = sorted(item.number for item in model.items.values())
    assert numbers == list(range(series["first_number"], series["first_number"] + len(numbers)))


def _read(company: Company, address: str, by: Party = "client") -> Any:
    return company.get(address, by).expect(200)


def _check_payments(company: Company, model: Model) -> None:
    listed = _every(company, "payments")
    assert listed == _every(company, "payments", "bureau"), "the parties do not see the same payments"
    found = {each["payment_id"]: each for each in listed}
    _same(found.keys(), model.payments.keys())
    for payment_id, paid in model.payments.items():
        shown, wish = found[payment_id], paid.wish
        assert shown["sync"] == "synchronised", shown
        assert shown["ledger"]["status"] == "posted", shown
        sums = [ore(shown[name]) for name in ("amount", "fee", "difference", "credit")]
        assert sums == [wish.amount, wish.fee, wish.difference, wish.credit], (shown, paid)
        allocations = tuple((each["invoice_id"], ore(each["amount"])) for each in shown["allocations"])
        assert allocations == wish.allocations, (shown, paid)
        others = (shown["customer_id"], shown["origin"], shown["method"], shown["bank_payment_id"])
        assert others == (paid.customer_id, paid.origin, wish.method, paid.bank_payment_id), (shown, paid)
        assert bool(shown["reversal"]) == paid.is_reversed, (shown, paid)
    credits_ = _read(company, "customer-credits")["items"]
    _same({each["customer_id"]: ore(each["credit"]) for each in credits_}, dict(+model.credit))
    assert all(each["sync"] == "synchronised" for each in credits_), credits_


def _check_vouchers(company: Company, model: Model) -> None:
    vouchers = _every(company, "ledger/vouchers", "bureau")
    found = Counter(each["source"] for each in vouchers)
    _same(found - Counter(model.corrections() & found.keys()), Counter(model.sources()))
    series: dict[str, list[int]] = {}
    for each in vouchers:
        series.setdefault(each["series"], []).append(each["number"])
    for letter, numbers in series.items():
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), letter


def _check_balances(company: Company, model: Model) -> None:
    shown = {
        each["account"]: ore(each["closing"]) for each in _read(company, "ledger/balances", "bureau")["items"]
    }
    for account, amount in model.certain_balances().items():
        assert shown.pop(account, 0) == amount, (account, amount)
    room = model.rounding_room
    for account, exact in model.sales().items():
        assert abs(shown.pop(account, 0) - exact) <= room, (account, float(exact), room)
    assert not any(shown.values()), shown


def _check_told(company: Company, model: Model) -> None:
    listed = {each["bank_payment_id"]: each for each in _every(company, "bank-payments")}
    statuses = {each: found["status"] for each, found in listed.items()}
    _same(statuses, {each: told.status for each, told in model.told.items()})
    assert all(listed[each]["payment_id"] == told.payment_id for each, told in model.told.items())
    waiting = {each["bank_payment_id"] for each in _every(company, "bank-payments", status="waiting")}
    _same(waiting, {each for each, told in model.told.items() if told.status == "waiting"})
    for told in model.told.values():
        assert told.money.told, f"told as a duplicate only, so never registered: {told}"


def described(model: Model) -> str:
    """How much the company has by now."""
    return json.dumps(
        {
            "invoices": len(model.items),
            "payments": len(model.payments),
            "taken back": sum(each.is_reversed for each in model.payments.values()),
            "told by files": len(model.told),
            "handler changes": model.handler_changes,
        }
    )


def _same(found: Collection[Any], expected: Collection[Any]) -> None:
    """Fail with what is found and not expected, and what is expected and not found."""
    one, other = ((each.items() if isinstance(each, dict) else each) for each in (found, expected))
    extra, missing = ([each for each in a if each not in b] for a, b in ((one, other), (other, one)))
    assert found == expected, f"found only: {extra}; expected only: {missing}"
