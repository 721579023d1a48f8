"""Customers and articles, and the words they are found by.

| sk under COMPANY#id | what |
|---|---|
| CUSTOMER#id, ARTICLE#id | one of the register |
| NUMBER#kind#number | whose a customer or article number is: each is given once |
| NEXT#kind | where to look for a free number |
| FIND#kind#word#id | a word that finds it: of its name, its number, its organisation number |
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, cast

from samklang.invoicing.model.registers import Article, Customer
from samklang.invoicing.store.table import table
from samklang.invoicing.vat import rate_on
from samklang.platform import clock, dynamo
from samklang.platform.access import company_key
from samklang.platform.cursors import cursor_invalid, read_cursor, write_cursor
from samklang.platform.dynamo import MISSING
from samklang.platform.spelling import unaccented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from samklang.platform.dynamo import Item, Transaction

Register = Literal["customer", "article"]
type Entry = Customer | Article

NUMBER_TAKEN = "number"
"""Label of the condition that fails when somebody else has the number."""

_MAX_WORDS = 30


# ---------------------------------------------------------------- write


def put(transaction: Transaction, company_id: str, entry: Entry, before: Entry | None = None) -> None:
    """A new customer or article, or one in place of what it was ``before``."""
    pk, register, identifier = company_key(company_id), _register(entry), _id(entry)
    excluded = {f"{register}_id", "version"} | ({"vat_rate"} if register == "article" else set())
    item = {
        "pk": pk,
        "sk": f"{register.upper()}#{identifier}",
        "kind": register,
        "id": identifier,
        "version": entry.version,
        "body": entry.model_dump_json(exclude=excluded, exclude_none=True),
    }
    transaction.put(register, table(), item, expect={"version": before.version} if before else None)
    old, new = _number_key(before) if before else None, _number_key(entry)
    if old != new:
        if old:
            transaction.delete("number before", table(), (pk, old))
        number = {"pk": pk, "sk": new, "kind": "register_number", "id": identifier}
        transaction.put(NUMBER_TAKEN, table(), number)
    old_words, new_words = words_of(before) if before else set(), words_of(entry)
    for word in sorted(old_words - new_words):
        transaction.delete(f"word/{word}", table(), (pk, _word_key(register, word, identifier)))
    if old_words != new_words:
        # Each word's item has them all, so that a search for several reads no more than one for one.
        everything = " ".join(sorted(new_words))
        for word in sorted(new_words):
            sk = _word_key(register, word, identifier)
            found = {"pk": pk, "sk": sk, "kind": "word", "words": everything}
            transaction.replace(f"word/{word}", table(), found)


def next_number(company_id: str, register: Register) -> int:
    """Where to look for a free number; it may be taken by hand already."""
    item = dynamo.get(table(), company_key(company_id), _next_key(register))
    return int(item["next"]) if item else 1


def put_next_number(
    transaction: Transaction, company_id: str, register: Register, was: int, becomes: int
) -> None:
    """Look for the next free number from ``becomes`` on, if nobody has moved it from ``was``."""
    transaction.update(
        "next number",
        table(),
        (company_key(company_id), _next_key(register)),
        put={"kind": "next_number", "next": becomes},
        expect={"next": was if was > 1 else MISSING},
    )


def taken_numbers(company_id: str, register: Register, numbers: Iterable[str]) -> dict[str, str]:
    """Those of the numbers that somebody has: number, as given, to id."""
    pk = company_key(company_id)
    keys = {number: (pk, f"NUMBER#{register}#{folded_number(number)}") for number in numbers}
    found = dynamo.batch_get(table(), keys.values())
    return {number: found[key]["id"] for number, key in keys.items() if key in found}


# ---------------------------------------------------------------- read


def customer(company_id: str, customer_id: str) -> Customer | None:
    """One customer."""
    return customers_by_id(company_id, [customer_id]).get(customer_id)


def article(company_id: str, article_id: str) -> Article | None:
    """One article."""
    return articles_by_id(company_id, [article_id]).get(article_id)


def customers_by_id(company_id: str, customer_ids: Iterable[str]) -> dict[str, Customer]:
    """Those of the customers that exist."""
    found = _by_id(company_id, "customer", customer_ids)
    return {each: cast("Customer", entry) for each, entry in found.items()}


def articles_by_id(company_id: str, article_ids: Iterable[str]) -> dict[str, Article]:
    """Those of the articles that exist."""
    found = _by_id(company_id, "article", article_ids)
    return {each: cast("Article", entry) for each, entry in found.items()}


def customer_and_articles(
    company_id: str, customer_id: str, article_ids: Iterable[str]
) -> tuple[Customer | None, dict[str, Article]]:
    """A customer and articles, those that exist, in one read."""
    pk = company_key(company_id)
    keys = [(pk, f"CUSTOMER#{customer_id}"), *((pk, f"ARTICLE#{each}") for each in article_ids)]
    found = [_read(item) for item in dynamo.batch_get(table(), keys).values()]
    customers = [each for each in found if isinstance(each, Customer)]
    articles = {each.article_id: each for each in found if isinstance(each, Article)}
    return (customers[0] if customers else None), articles


def _by_id(company_id: str, register: Register, ids: Iterable[str]) -> dict[str, Entry]:
    pk = company_key(company_id)
    found = dynamo.batch_get(table(), [(pk, f"{register.upper()}#{each}") for each in ids])
    return {item["id"]: _read(item) for item in found.values()}


def page(
    company_id: str, register: Register, limit: int, cursor: str | None
) -> tuple[list[Entry], str | None]:
    """Some of a register, oldest first, and the cursor to the next ones."""
    prefix = f"{register.upper()}#"
    got = dynamo.query(table(), company_key(company_id), prefix, limit=limit, cursor=cursor)
    return [_read(item) for item in got.items], got.next


def images(company_id: str, register: Register) -> Iterator[Item]:
    """All of a register as it is kept."""
    pk, prefix = company_key(company_id), f"{register.upper()}#"
    return dynamo.every(lambda cursor: dynamo.query(table(), pk, prefix, limit=1000, cursor=cursor))


def all_entries(company_id: str, register: Register) -> Iterator[Entry]:
    """All of a register, oldest first."""
    return map(_read, images(company_id, register))


def search(
    company_id: str, register: Register, words: list[str], limit: int, cursor: str | None
) -> tuple[list[Entry], str | None]:
    """Those that have words beginning with every one of ``words`` (folded), by the longest word.

    A page may hold fewer than ``limit``, since the other words are looked for in what the longest finds.
    """
    ids, following = found_ids(company_id, register, words, limit, cursor)
    entries = _by_id(company_id, register, ids)
    return [entries[each] for each in ids if each in entries], following


def found_ids(
    company_id: str, register: Register, words: list[str], limit: int, cursor: str | None = None
) -> tuple[list[str], str | None]:
    """The ids of those, each once, found by one query."""
    longest = max(words, key=len)
    prefix = f"FIND#{register}#{longest}"
    first = read_cursor(cursor, _POSITION) if cursor else prefix
    last = f"{prefix}\U0010ffff"
    if not prefix <= first <= last:
        raise cursor_invalid()
    page = dynamo.query_between(table(), company_key(company_id), first, last, limit=limit)
    ids = []
    for item in page.items:
        _, _, word, identifier = item["sk"].split("#")
        if _is_first(word, item["words"].split(), longest) and _has(item["words"].split(), words):
            ids.append(identifier)
    return ids, write_cursor(page.items[-1]["sk"] + "!") if page.next else None


_POSITION = re.compile(r"FIND#[^#]+#[^#]+#[a-z]+_[0-9a-z]{20}!")


def _is_first(word: str, words: list[str], prefix: str) -> bool:
    """Whether of all words with the prefix this is the first: an entry is shown once, by that."""
    return word == min((each for each in words if each.startswith(prefix)), default=None)


def _has(words: list[str], wanted: list[str]) -> bool:
    return all(any(word.startswith(each) for word in words) for each in wanted)


def _read(item: Item) -> Entry:
    body = json.loads(item["body"])
    known: dict[str, Any] = {f"{item['kind']}_id": item["id"], "version": item["version"]}
    if item["kind"] == "customer":
        return Customer.model_validate(body | known)
    return Article.model_validate(body | known | {"vat_rate": rate_on(body["vat_class"], clock.today())})


# ---------------------------------------------------------------- keys and words


def fold(text: str) -> list[str]:
    """The words of a text, as they are looked for: small letters without accents, no signs, digits as one."""
    joined = re.sub(r"(?<=\d)-(?=\d)", "", unaccented(text).replace("_", " "))
    return re.findall(r"\w+", joined)


def words_of(entry: Entry) -> set[str]:
    """The words that find a customer or an article."""
    texts = [entry.number]
    if isinstance(entry, Customer):
        texts += [text for text in (entry.org_no, entry.vat_no, entry.email) if text]
    texts.append(entry.name)
    words = dict.fromkeys(word for text in texts for word in fold(text))
    return set(list(words)[:_MAX_WORDS])


def _register(entry: Entry) -> Register:
    return "customer" if isinstance(entry, Customer) else "article"


def _id(entry: Entry) -> str:
    return entry.customer_id if isinstance(entry, Customer) else entry.article_id


def folded_number(number: str) -> str:
    """The form in which two numbers are the same."""
    return number.casefold()


def _number_key(entry: Entry) -> str:
    return f"NUMBER#{_register(entry)}#{folded_number(entry.number)}"


def _next_key(register: Register) -> str:
    return f"NEXT#{register}"


def _word_key(register: Register, word: str, identifier: str) -> str:
    return f"FIND#{register}#{word}#{identifier}"
