"""Payments as files told them, which of them are the same, and which customers payers were found to be.

Table Platform:

| pk | sk | what |
|---|---|---|
| COMPANY#id | BANKPAYMENT#id | a payment of a file; its id follows from the bank's reference |
| COMPANY#id | SIGHTED#content | how often each format told of a payment of this content |
| COMPANY#id | DEPOSIT#id | that a deposit of several payments was told one by one |
| COMPANY#id | PAYER#id | the customer that a payer was found to be; its id follows from its name, number … |
| COMPANY#id | PAYEROF#customer#id | the same, by customer |

Index ``inbox`` holds those that wait for a person, and only those, under ``payments#<company>``, by day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from samklang.payments.model.bank_payments import BankPayment, BankPaymentPage
from samklang.payments.model.payers import Payer, PayerPage
from samklang.platform import dynamo
from samklang.platform.access import company_key
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from samklang.payments.sameness import Sightings
    from samklang.platform.dynamo import Item, Transaction

_PREFIX = "BANKPAYMENT#"


def _table() -> str:
    return setting("PLATFORM_TABLE")


# ---------------------------------------------------------------- bank payments


def put(transaction: Transaction, company_id: str, payment: BankPayment) -> None:
    """A bank payment, new or in place of its version before."""
    item: dict[str, Any] = {
        "pk": company_key(company_id),
        "sk": _PREFIX + payment.bank_payment_id,
        "kind": "bank_payment",
        "id": payment.bank_payment_id,
        "version": payment.version,
        "body": payment.model_dump_json(exclude_defaults=True),
    }
    if payment.status == "waiting":
        item["inbox"] = _waiting(company_id)
        item["inbox_since"] = payment.bank_payment_id
    expect = {"version": payment.version - 1} if payment.version > 1 else None
    transaction.put(f"bank_payment/{payment.bank_payment_id}", _table(), item, expect=expect)


def _waiting(company_id: str) -> str:
    return f"payments#{company_id}"


def _read(item: Item) -> BankPayment:
    return BankPayment.model_validate_json(item["body"])


def get(company_id: str, bank_payment_id: str) -> BankPayment | None:
    """One bank payment."""
    return by_id(company_id, [bank_payment_id]).get(bank_payment_id)


def by_id(company_id: str, bank_payment_ids: Iterable[str]) -> dict[str, BankPayment]:
    """Those of the bank payments that are known."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, _PREFIX + each) for each in bank_payment_ids])
    return {item["id"]: _read(item) for item in found.values()}


def page(company_id: str, limit: int, cursor: str | None) -> BankPaymentPage:
    """A page of all, newest day first."""
    found = dynamo.query(
        _table(), company_key(company_id), _PREFIX, limit=limit, cursor=cursor, descending=True
    )
    return BankPaymentPage(items=[_read(item) for item in found.items], next=found.next)


def waiting(company_id: str, limit: int, cursor: str | None) -> BankPaymentPage:
    """A page of those that wait for a person, oldest day first."""
    found = dynamo.query_index(_table(), "inbox", ("inbox", _waiting(company_id)), limit=limit, cursor=cursor)
    ids = [item["sk"].removeprefix(_PREFIX) for item in found.items]
    payments = by_id(company_id, ids)
    # The index lags for a moment: what was decided just now is left out.
    items = [payments[each] for each in ids if payments[each].status == "waiting"]
    return BankPaymentPage(items=items, next=found.next)


# ---------------------------------------------------------------- the same payment in other formats


@dataclass(frozen=True, slots=True)
class Sighted:
    """What is known of payments of one content."""

    counts: Sightings
    bank_payment_ids: tuple[str, ...] = ()
    """Those that were new, in order; the first twenty."""
    version: int = 0


_MOST_IDS = 20


def sighted(company_id: str, contents: Iterable[str]) -> dict[str, Sighted]:
    """What is known of payments of these contents, if anything is."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, f"SIGHTED#{each}") for each in contents])
    return {
        item["content"]: Sighted(item["counts"], tuple(item["ids"]), item["version"])
        for item in found.values()
    }


def put_sighted(transaction: Transaction, company_id: str, content: str, known: Sighted) -> None:
    """What is known of payments of a content now, if it is as it was read."""
    item = {
        "pk": company_key(company_id),
        "sk": f"SIGHTED#{content}",
        "kind": "sighted",
        "content": content,
        "counts": known.counts,
        "ids": known.bank_payment_ids[:_MOST_IDS],
        "version": known.version + 1,
    }
    expect = {"version": known.version} if known.version else None
    transaction.put(f"sighted/{content}", _table(), item, expect=expect)


def put_deposit(transaction: Transaction, company_id: str, deposit_id: str, *, taken: bool) -> None:
    """A deposit whose payments were told one by one, once; ``taken`` if its sum was registered before."""
    pk, sk = company_key(company_id), f"DEPOSIT#{deposit_id}"
    item = {"pk": pk, "sk": sk, "kind": "deposit", "id": deposit_id, "taken": taken}
    transaction.put(f"deposit/{deposit_id}", _table(), item)


def deposits(company_id: str, deposit_ids: Iterable[str]) -> dict[str, bool]:
    """Those of the deposits that are known, and whether they are taken."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, f"DEPOSIT#{each}") for each in deposit_ids])
    return {item["id"]: item["taken"] for item in found.values()}


# ---------------------------------------------------------------- payers


def learn_payer(transaction: Transaction, company_id: str, payer: Payer, before: Payer | None) -> None:
    """Keep which customer a payer was found to be, in place of whom it was found to be before."""
    if before and before.customer_id != payer.customer_id:
        key = (company_key(company_id), _payer_of_key(before))
        transaction.delete(f"payer_of_before/{payer.payer_id}", _table(), key)
    item = {
        "pk": company_key(company_id),
        "kind": "payer",
        "customer_id": payer.customer_id,
        "body": payer.model_dump_json(),
    }
    for label, sk in (("payer", _payer_key(payer.payer_id)), ("payer_of", _payer_of_key(payer))):
        transaction.replace(f"{label}/{payer.payer_id}", _table(), item | {"sk": sk})


def forget_payer(transaction: Transaction, company_id: str, payer: Payer) -> None:
    """Forget that a payer was found to be a customer, by whatever it was found to be since."""
    pk = company_key(company_id)
    transaction.delete(f"payer_of/{payer.payer_id}", _table(), (pk, _payer_of_key(payer)))
    current = payers(company_id, [payer.payer_id]).get(payer.payer_id)
    if current and current.customer_id == payer.customer_id:
        key = (pk, _payer_key(payer.payer_id))
        expect = {"customer_id": payer.customer_id}
        transaction.delete(f"payer/{payer.payer_id}", _table(), key, expect=expect)


def payers(company_id: str, payer_ids: Iterable[str]) -> dict[str, Payer]:
    """Those of the payers that are known."""
    pk = company_key(company_id)
    found = dynamo.batch_get(_table(), [(pk, _payer_key(each)) for each in payer_ids])
    return {payer.payer_id: payer for payer in map(_read_payer, found.values())}


def payers_of(company_id: str, customer_id: str, limit: int, cursor: str | None) -> PayerPage:
    """A page of the payers that were found to be a customer."""
    prefix = f"PAYEROF#{customer_id}#"
    found = dynamo.query(_table(), company_key(company_id), prefix, limit=limit, cursor=cursor)
    return PayerPage(items=[_read_payer(item) for item in found.items], next=found.next)


def payer_of(company_id: str, customer_id: str, payer_id: str) -> Payer | None:
    """A payer that was found to be a customer."""
    item = dynamo.get(_table(), company_key(company_id), f"PAYEROF#{customer_id}#{payer_id}")
    return _read_payer(item) if item else None


def _payer_key(payer_id: str) -> str:
    return f"PAYER#{payer_id}"


def _payer_of_key(payer: Payer) -> str:
    return f"PAYEROF#{payer.customer_id}#{payer.payer_id}"


def _read_payer(item: Item) -> Payer:
    return Payer.model_validate_json(item["body"])
