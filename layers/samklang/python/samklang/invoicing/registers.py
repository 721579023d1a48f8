"""What the client does with its registers: customers and articles."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from samklang.invoicing.model.registers import (
    Article,
    ArticleInput,
    ArticlePage,
    Customer,
    CustomerInput,
    CustomerPage,
    article_of,
)
from samklang.invoicing.store import registers as store
from samklang.platform import clock, idempotency
from samklang.platform.dynamo import ConditionFailed, Contention, Transaction, retrying
from samklang.platform.ids import new_id
from samklang.platform.problems import FieldError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from samklang.invoicing.store.registers import Entry, Register
    from samklang.platform.access import CompanyAccess

# ---------------------------------------------------------------- customers


def create_customer(at: CompanyAccess, given: CustomerInput) -> Customer:
    """A new customer, under the number given or the next free one.

    Raises:
        Problem: ``not-master`` for the bureau, ``number-taken``, ``busy``.
    """
    at.require_client("the customer register")
    at.require_writable()
    customer_id = new_id("cus")

    def named(number: str) -> Customer:
        return Customer.model_validate(
            dict(given) | {"customer_id": customer_id, "number": number, "version": 1}
        )

    return cast("Customer", _create(at, "customer", given.number, named))


def get_customer(at: CompanyAccess, customer_id: str) -> Customer:
    """One customer.

    Raises:
        Problem: ``not-found``.
    """
    customer = store.customer(at.company_id, customer_id)
    if customer is None:
        raise Problem("not-found", "There is no such customer.")
    return customer


def change_customer(at: CompanyAccess, customer_id: str, version: int, given: CustomerInput) -> Customer:
    """A customer in place of its version ``version``; a number left out stays as it is.

    Raises:
        Problem: ``not-master``, ``not-found``, ``version-mismatch``, ``number-taken``.
    """
    at.require_client("the customer register", _propose("customers", customer_id))
    at.require_writable()
    before = get_customer(at, customer_id)
    customer = customer_of(given, before)
    _require_version(before.version, version)
    transaction = Transaction()
    store.put(transaction, at.company_id, customer, before)
    return commit_change(transaction, at, customer)


def customer_of(given: CustomerInput, before: Customer) -> Customer:
    """The customer that follows on ``before``."""
    known = {
        "customer_id": before.customer_id,
        "number": given.number or before.number,
        "version": before.version + 1,
    }
    return Customer.model_validate(dict(given) | known)


def customers(
    at: CompanyAccess, search: str | None, limit: int, cursor: str | None, *, active: bool | None
) -> CustomerPage:
    """A page of customers, oldest first; with ``search`` those with words that begin so.

    ``active`` leaves some out of the page, which may then hold fewer than ``limit``.
    """
    found, following = _page(at, "customer", search, limit, cursor)
    kept = [each for each in cast("list[Customer]", found) if active in {None, each.active}]
    return CustomerPage(items=kept, next=following)


# ---------------------------------------------------------------- articles


def create_article(at: CompanyAccess, given: ArticleInput) -> Article:
    """A new article, under the number given or the next free one.

    Raises:
        Problem: ``not-master`` for the bureau, ``number-taken``, ``busy``.
    """
    at.require_client("the article register")
    at.require_writable()
    article_id = new_id("art")

    def named(number: str) -> Article:
        return article_of(given, article_id, number, 1, clock.today())

    return cast("Article", _create(at, "article", given.number, named))


def get_article(at: CompanyAccess, article_id: str) -> Article:
    """One article.

    Raises:
        Problem: ``not-found``.
    """
    article = store.article(at.company_id, article_id)
    if article is None:
        raise Problem("not-found", "There is no such article.")
    return article


def change_article(at: CompanyAccess, article_id: str, version: int, given: ArticleInput) -> Article:
    """An article in place of its version ``version``; a number left out stays as it is.

    Raises:
        Problem: ``not-master``, ``not-found``, ``version-mismatch``, ``number-taken``.
    """
    at.require_client("the article register", _propose("articles", article_id))
    at.require_writable()
    before = get_article(at, article_id)
    article = article_of(given, article_id, given.number or before.number, before.version + 1, clock.today())
    _require_version(before.version, version)
    transaction = Transaction()
    store.put(transaction, at.company_id, article, before)
    return commit_change(transaction, at, article)


def articles(
    at: CompanyAccess, search: str | None, limit: int, cursor: str | None, *, active: bool | None
) -> ArticlePage:
    """A page of articles, as :func:`customers`."""
    found, following = _page(at, "article", search, limit, cursor)
    kept = [each for each in cast("list[Article]", found) if active in {None, each.active}]
    return ArticlePage(items=kept, next=following)


# ---------------------------------------------------------------- either


def _page(
    at: CompanyAccess, register: Register, search: str | None, limit: int, cursor: str | None
) -> tuple[list[Entry], str | None]:
    words = store.fold(search) if search else []
    if words:
        return store.search(at.company_id, register, words, limit, cursor)
    if search:
        return [], None
    return store.page(at.company_id, register, limit, cursor)


def _create(
    at: CompanyAccess, register: Register, number: str | None, named: Callable[[str], Entry]
) -> Entry:
    if number:
        transaction = Transaction()
        entry = named(number)
        store.put(transaction, at.company_id, entry)
        return commit_change(transaction, at, entry)
    return retrying(lambda: _create_numbered(at, register, named))


def _create_numbered(at: CompanyAccess, register: Register, named: Callable[[str], Entry]) -> Entry:
    """Create under the next free number; those given by hand are stepped over."""
    was = store.next_number(at.company_id, register)
    ahead = [str(number) for number in range(was, was + _LOOK_AHEAD)]
    taken = store.taken_numbers(at.company_id, register, ahead)
    free = next((int(number) for number in ahead if number not in taken), None)
    transaction = Transaction()
    if free is None:
        store.put_next_number(transaction, at.company_id, register, was, was + _LOOK_AHEAD)
        transaction.commit_unchanged()
        raise Contention("a run of numbers is taken")
    entry = named(str(free))
    store.put_next_number(transaction, at.company_id, register, was, free + 1)
    store.put(transaction, at.company_id, entry)
    try:
        return idempotency.commit(transaction, at.user, entry)
    except ConditionFailed as failure:
        raise Contention(str(failure)) from failure


_LOOK_AHEAD = 100
"""Numbers looked at for a free one: one read."""


def _propose(register: str, identifier: str) -> str:
    """What the bureau can do instead of changing a register."""
    return f"Send the change as a correction proposal: POST …/{register}/{identifier}/proposals."


def _require_version(current: int, expected: int) -> None:
    if current != expected:
        raise version_mismatch()


def version_mismatch() -> Problem:
    """The refusal of a change to what has changed since it was read."""
    return Problem("version-mismatch", "Read it again, make your change to what it is now, and send that.")


def commit_change[E: Entry](transaction: Transaction, at: CompanyAccess, entry: E) -> E:
    """Commit a change of a register.

    Raises:
        Problem: ``number-taken``, ``version-mismatch``.
    """
    try:
        return idempotency.commit(transaction, at.user, entry)
    except ConditionFailed as failure:
        if store.NUMBER_TAKEN in failure.labels:
            message = f"The number {entry.number} is another's: choose one that is free."
            raise Problem("number-taken", message, (FieldError("/number", "taken", message),)) from failure
        raise version_mismatch() from failure
