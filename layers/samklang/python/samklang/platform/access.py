"""Who may act for whom. A token names a user; everything else is looked up in table Platform.

Memberships: ``(USER#<user>, COMPANY#<company>)`` and ``(USER#<user>, BUREAU#<bureau>)``. A company's
``COLLABORATION`` item says which bureau it works with, in which state, and who handles payments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from samklang.platform import clock, dynamo
from samklang.platform.problems import Problem
from samklang.platform.settings import setting

if TYPE_CHECKING:
    from samklang.platform.dynamo import Item, Transaction
    from samklang.platform.idempotency import IdempotencyKey

Party = Literal["client", "bureau"]
Role = Literal["admin", "member"]


@dataclass(frozen=True, slots=True)
class User:
    """The person behind the token, and the request at hand."""

    user_id: str
    request_id: str
    idempotency: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class BureauAccess:
    """A user acting for a bureau."""

    user: User
    bureau_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class CompanyAccess:
    """A user acting for a company, as its client or as its bureau."""

    user: User
    company_id: str
    party: Party
    role: Role
    collaboration: Item

    @property
    def company_name(self) -> str:
        """The company's name."""
        return str(self.collaboration["company_name"])

    def require_client(self, what: str, instead: str = "Ask the client to change it.") -> None:
        """Refuse the bureau: the client is master of ``what``; ``instead`` is what the bureau can do.

        Raises:
            Problem: ``not-master``.
        """
        if self.party != "client":
            raise Problem("not-master", f"The client is master of {what}. {instead}")

    def require_bureau(self, what: str) -> None:
        """Refuse the client what only the bureau does.

        Raises:
            Problem: ``not-allowed``.
        """
        if self.party != "bureau":
            raise Problem("not-allowed", f"Only the bureau may {what}.")

    def require_writable(self) -> None:
        """Refuse writes after the end; registers may be written before activation.

        Raises:
            Problem: ``not-active``.
        """
        if self.collaboration["status"] == "ended":
            raise Problem(
                "not-active", "The collaboration has ended: everything can be read, nothing changed."
            )

    def require_active(self) -> None:
        """Refuse writes before activation and after the end.

        Raises:
            Problem: ``not-active``.
        """
        status = self.collaboration["status"]
        if status != "active":
            what = {"start_guide": "Finish the start guide first.", "ended": "The collaboration has ended."}
            raise Problem("not-active", what[status])


def user_key(user_id: str) -> str:
    """Partition of a user's memberships."""
    return f"USER#{user_id}"


def company_key(company_id: str) -> str:
    """Partition of all a company owns, in every table."""
    return f"COMPANY#{company_id}"


def bureau_key(bureau_id: str) -> str:
    """Partition of all a bureau owns."""
    return f"BUREAU#{bureau_id}"


COLLABORATION = "COLLABORATION"
"""Sort key of the company's collaboration item."""


def join_company(transaction: Transaction, user: User, company_id: str, role: Role) -> None:
    """Make the user a member of the company."""
    _join(transaction, user, company_key(company_id), role)


def join_bureau(transaction: Transaction, user: User, bureau_id: str, role: Role) -> None:
    """Make the user a member of the bureau."""
    _join(transaction, user, bureau_key(bureau_id), role)


def _join(transaction: Transaction, user: User, scope: str, role: Role) -> None:
    item = {
        "pk": user_key(user.user_id),
        "sk": scope,
        "kind": "membership",
        "role": role,
        "since": clock.timestamp(),
    }
    transaction.put("membership", setting("PLATFORM_TABLE"), item)


def company_access(user: User, company_id: str) -> CompanyAccess:
    """The user's access to a company.

    Raises:
        Problem: ``not-found`` for a company that does not exist and for one that is not the user's,
            with no way to tell the two apart.
    """
    table = setting("PLATFORM_TABLE")
    own, state = (user_key(user.user_id), company_key(company_id)), (company_key(company_id), COLLABORATION)
    found = dynamo.batch_get(table, [own, state])
    collaboration = found.get(state)
    if collaboration:
        if own in found:
            return CompanyAccess(user, company_id, "client", found[own]["role"], collaboration)
        staff = dynamo.get(table, user_key(user.user_id), bureau_key(collaboration["bureau_id"]))
        if staff and collaboration["status"] != "ended":
            return CompanyAccess(user, company_id, "bureau", staff["role"], collaboration)
    raise Problem("not-found", "There is no such company among those you may act for.")


def bureau_access(user: User, bureau_id: str) -> BureauAccess:
    """The user's access to a bureau.

    Raises:
        Problem: ``not-found``, whether the bureau exists or not.
    """
    membership = dynamo.get(setting("PLATFORM_TABLE"), user_key(user.user_id), bureau_key(bureau_id))
    if membership is None:
        raise Problem("not-found", "There is no such bureau among those you may act for.")
    return BureauAccess(user, bureau_id, membership["role"])


def acting(user: User, company_id: str, party: Party) -> CompanyAccess:
    """The access of a party whose request is carried out later, by the state the company has now."""
    collaboration = dynamo.get(setting("PLATFORM_TABLE"), company_key(company_id), COLLABORATION)
    assert collaboration is not None  # it was there when the request was made, and is never deleted
    return CompanyAccess(user, company_id, party, "member", collaboration)
