"""The chart of accounts: the base chart with what the company's bureau has added, renamed and closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, field_validator, model_validator

from samklang.ledger.accounts import BASE_CHART, BOXES, CONTROL, Account, AccountKind, kind_of
from samklang.platform.problems import FieldError, Problem
from samklang.platform.shapes import Line, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ACCOUNT_FORM = r"^[1-8][0-9]{3,5}$"
"""Four digits by BAS; some programs add one or two of their own."""

AccountNumber = Annotated[str, Field(pattern=ACCOUNT_FORM)]


class AccountShape(Shape):
    """An account of the chart."""

    account: str
    name: str
    kind: AccountKind
    vat_box: str | None
    """Its box of the VAT return, if it has one."""
    active: bool
    """False: closed, no voucher may use it."""

    @classmethod
    def of(cls, account: Account) -> Self:
        """An account as the answer has it."""
        return cls(
            account=account.number,
            name=account.name,
            kind=account.kind,
            vat_box=account.vat_box,
            active=account.active,
        )


class AccountList(Shape):
    """The chart of accounts."""

    items: list[AccountShape]
    next: None = None


class AccountChange(Shape):
    """What to change of an account; what is left out stays as it is. Its kind follows from its number."""

    name: Line
    vat_box: str | None = None
    active: bool = True

    @field_validator("vat_box")
    @classmethod
    def _a_box(cls, value: str | None) -> str | None:
        if value is not None and value not in BOXES:
            raise ValueError(f"must be a box that accounts fill: {', '.join(sorted(BOXES))}")
        return value


class AccountInput(AccountChange):
    """An account to add."""

    account: AccountNumber

    @model_validator(mode="after")
    def _open(self) -> Self:
        if not self.active:
            raise ValueError("a new account is open: leave `active` out")
        return self


@dataclass(frozen=True, slots=True)
class Chart:
    """A company's chart of accounts."""

    changes: Mapping[str, Account] = field(default_factory=dict)
    """What differs from the base chart, by number."""
    version: int = 0

    def get(self, number: str) -> Account | None:
        """An account, closed ones too."""
        return self.changes.get(number) or BASE_CHART.get(number)

    def name(self, number: str) -> str:
        """An account's name; what the chart does not know is named by its number."""
        account = self.get(number)
        return account.name if account else number

    def accounts(self) -> list[Account]:
        """Every account, by number."""
        return [account for _, account in sorted((BASE_CHART | dict(self.changes)).items())]

    def changed(self, number: str, change: AccountChange) -> Chart:
        """The chart with an account added or changed.

        Raises:
            Problem: ``control-account`` for closing an account that a subledger keeps, or giving it a box.
        """
        known = self.get(number)
        stays = {"vat_box": known.vat_box, "active": known.active} if known else {}
        wanted = change.model_copy(
            update={name: value for name, value in stays.items() if name not in change.model_fields_set}
        )
        if number in CONTROL and not (wanted.active and wanted.vat_box is None):
            raise Problem(
                "control-account",
                f"Account {number} is kept by a subledger: it can be renamed, not closed or given a VAT box.",
            )
        account = Account(number, change.name, kind_of(number), wanted.vat_box, wanted.active)
        return Chart({**self.changes, number: account}, self.version)

    def check(self, amounts: Sequence[tuple[str, int]]) -> None:
        """Refuse accounts that are not in the chart, and those that are closed.

        Raises:
            Problem: ``unknown-account`` or ``closed-account``, naming each.
        """
        errors = []
        for index, (number, _) in enumerate(amounts):
            account = self.get(number)
            pointer = f"/rows/{index}/account"
            if account is None:
                message = f"Account {number} is not in the chart of accounts. Add it, or choose another."
                errors.append(FieldError(pointer, "unknown", message))
            elif not account.active:
                message = f"Account {number} {account.name} is closed. Open it again, or choose another."
                errors.append(FieldError(pointer, "closed", message))
        if errors:
            unknown = any(each.code == "unknown" for each in errors)
            code = "unknown-account" if unknown else "closed-account"
            raise Problem(code, errors[0].message, tuple(errors))


def check_no_control_account(amounts: Sequence[tuple[str, int]]) -> None:
    """Refuse by hand the accounts that always equal a subledger, which a voucher by hand does not reach.

    Raises:
        Problem: ``control-account``.
    """
    for index, (account, _) in enumerate(amounts):
        if account in CONTROL:
            message = f"Account {account} follows {CONTROL[account]}."
            raise Problem(
                "control-account", message, (FieldError(f"/rows/{index}/account", "control", message),)
            )
