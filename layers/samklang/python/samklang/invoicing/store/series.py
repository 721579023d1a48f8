"""The number series: which invoice has which number.

``SERIES`` holds the next number and the ids of the invoices with the latest ones; every issue is
conditional on it. When its last place is taken, the ids move to an item of their own, ``NUMBERS#n``, and
it starts anew: so the series itself finds an invoice by number, as last written and without an index, and
shows that every number was given once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from samklang.invoicing.store.table import table
from samklang.platform import clock, dynamo
from samklang.platform.access import company_key
from samklang.platform.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.platform.dynamo import Item, Transaction

SERIES = "SERIES"

_PER_ITEM = 32
"""Ids in one item: with them ``SERIES`` stays below the 1 KB that one write unit holds.

``NUMBERS#n`` has the numbers from n × 32 on, or from the first number of the series: where a number is
follows from the number alone."""

LAST_NUMBER = 999_999_999
"""Nine digits: what places in lists, OCR numbers and payment files are made for."""

_ID_PREFIX = "inv_"
_ID_LENGTH = 20


@dataclass(slots=True)
class Series:
    """The series as it stands: numbers from ``first`` to below ``next`` are given."""

    first: int
    next: int
    opened_at: str
    previous_program: str | None
    latest: list[str]
    """The ids of the latest numbers, those that are in no item of their own yet."""
    _full: dict[int, list[str]] = field(default_factory=dict)
    _was: int = 0

    def __post_init__(self) -> None:
        self._was = self.next

    def take(self, invoice_id: str) -> int:
        """Give the next number to an invoice; :meth:`write` keeps it.

        Raises:
            Problem: ``validation`` when the series is used up.
        """
        number = self.next
        if number > LAST_NUMBER:
            raise Problem(
                "validation", f"The number series ends at {LAST_NUMBER}: ask support for a new one."
            )
        self.latest.append(invoice_id)
        self.next += 1
        if self.next % _PER_ITEM == 0:
            self._full[number // _PER_ITEM] = self.latest
            self.latest = []
        return number

    def write(self, transaction: Transaction, company_id: str) -> None:
        """Keep the numbers taken, if nobody else has taken any since the series was read."""
        pk = company_key(company_id)
        values = {"next": self.next, "ids": _pack(self.latest)}
        transaction.update("series", table(), (pk, SERIES), put=values, expect={"next": self._was})
        for place, ids in self._full.items():
            item = {"pk": pk, "sk": _key(place), "kind": "numbers", "ids": _pack(ids)}
            transaction.put(f"numbers/{place}", table(), item)


def opened(transaction: Transaction, company_id: str, first_number: int, previous: str | None) -> None:
    """Open the series with its first number; ``previous`` is the program the numbers before are of."""
    item = {
        "pk": company_key(company_id),
        "sk": SERIES,
        "kind": "series",
        "first": first_number,
        "next": first_number,
        "opened_at": clock.timestamp(),
        "previous_program": previous,
        "ids": "",
    }
    transaction.put("series", table(), item)


def read(item: Item) -> Series:
    """The series from its item."""
    return Series(
        first=item["first"],
        next=item["next"],
        opened_at=item["opened_at"],
        previous_program=item.get("previous_program"),
        latest=_unpack(item["ids"]),
    )


def series(company_id: str) -> Series:
    """The series as it stands.

    Raises:
        Problem: ``not-active`` before the start guide is finished.
    """
    item = dynamo.get(table(), company_key(company_id), SERIES)
    if item is None:
        raise Problem("not-active", "Finish the start guide first: there is no number series yet.")
    return read(item)


def invoice_ids(company_id: str, numbers: Iterable[int]) -> dict[int, str]:
    """The ids of those of the numbers that are given, and not lost: number to invoice id."""
    pk, wanted = company_key(company_id), sorted(numbers)
    places = {number // _PER_ITEM for number in wanted}
    found = dynamo.batch_get(table(), [(pk, SERIES), *((pk, _key(place)) for place in places)])
    if (pk, SERIES) not in found:
        return {}
    head = read(found.pop((pk, SERIES)))
    now = head.next // _PER_ITEM
    missed = [(pk, _key(place)) for place in places if place < now and (pk, _key(place)) not in found]
    if missed:
        # A batch is no one moment: their ids may have been moved there after they were looked for.
        found |= dynamo.batch_get(table(), missed)
    runs = {sk: _unpack(item["ids"]) for (_, sk), item in found.items()}
    runs.setdefault(_key(now), head.latest)
    ids = {}
    for number in wanted:
        run = runs.get(_key(number // _PER_ITEM), [])
        place = number - max(head.first, number // _PER_ITEM * _PER_ITEM)
        if head.first <= number < head.next and place < len(run):
            ids[number] = run[place]
    return ids


def given_ids(company_id: str, head: Series) -> Iterator[str]:
    """The ids of all invoices numbered when the series was read, by number from the first on."""
    pk = company_key(company_id)
    items = dynamo.every(lambda cursor: dynamo.query(table(), pk, "NUMBERS#", limit=1000, cursor=cursor))
    moved = head.next - head.first - len(head.latest)
    # What was moved since the head was read is in its ``latest``.
    yield from islice(chain.from_iterable(_unpack(item["ids"]) for item in items), moved)
    yield from head.latest


def _key(place: int) -> str:
    return f"NUMBERS#{place:08d}"


def _pack(ids: list[str]) -> str:
    return "".join(each.removeprefix(_ID_PREFIX) for each in ids)


def _unpack(packed: str) -> list[str]:
    return [_ID_PREFIX + packed[at : at + _ID_LENGTH] for at in range(0, len(packed), _ID_LENGTH)]
