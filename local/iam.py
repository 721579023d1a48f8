"""What the template's hand-written policies grant each function, and whether that covers a call."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.template import Function, Template

Named = tuple[str, str]  # action, resource as the template names it


@dataclass(frozen=True)
class Grant:
    """One action on one resource, allowed or denied. Conditions are not evaluated."""

    action: str
    resource: str
    name: str
    allow: bool = True

    def covers(self, action: str, arn: str) -> bool:
        """Whether the grant speaks of this action on this resource."""
        return bool(
            _pattern(self.action.lower()).fullmatch(action.lower()) and _pattern(self.resource).fullmatch(arn)
        )


@lru_cache(maxsize=4096)
def _pattern(text: str) -> re.Pattern[str]:
    """IAM's wildcards: ``*`` for any run of characters, ``?`` for one."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


class Policy:
    """A function's grants."""

    def __init__(self, grants: list[Grant]) -> None:
        self._grants = grants

    def allows(self, action: str, arn: str) -> list[Named]:
        """The grants that allow the action, each as the template names it; empty if refused."""
        found = [grant for grant in self._grants if grant.covers(action, arn)]
        if not all(grant.allow for grant in found):
            return []
        return [(action, grant.name) for grant in found]

    def to_json(self) -> list[list[Any]]:
        """For the function's process."""
        return [[grant.action, grant.resource, grant.name, grant.allow] for grant in self._grants]

    @classmethod
    def from_json(cls, data: list[list[Any]]) -> Policy:
        """What :meth:`to_json` wrote."""
        return cls([Grant(*item) for item in data])


def policy(function: Function) -> Policy:
    """The policy of one function of the template."""
    return Policy(
        [
            Grant(action, resource, name, statement.effect == "Allow")
            for statement in function.statements
            for action in statement.actions
            for resource, name in zip(statement.resources, statement.named, strict=True)
        ]
    )


def granted(template: Template) -> dict[str, set[Named]]:
    """What each function may do: ``{"LedgerFunction": {("dynamodb:Query", "LedgerTable/index/closing")}}``.

    What SAM itself grants an event source (reading its stream, its queue) is not in it.
    """
    return {
        logical_id: {
            (action, name)
            for statement in function.statements
            if statement.effect == "Allow"
            for action in statement.actions
            for name in statement.named
        }
        for logical_id, function in template.functions().items()
    }


class UsedActions:
    """What each function was seen to use, in the shape of :func:`granted`, and what it was refused."""

    def __init__(self) -> None:
        self.used: dict[str, set[Named]] = {}
        self.refused: dict[str, set[Named]] = {}

    def record(self, function: str, used: list[list[str]], refused: list[list[str]]) -> None:
        """Add what one invocation did."""
        self.used.setdefault(function, set()).update((action, name) for action, name in used)
        self.refused.setdefault(function, set()).update((action, arn) for action, arn in refused)

    def clear(self) -> None:
        """Forget everything."""
        self.used.clear()
        self.refused.clear()

    def to_json(self) -> dict[str, dict[str, list[list[str]]]]:
        """For the control endpoints."""
        return {
            kind: {function: [list(item) for item in sorted(items)] for function, items in found.items()}
            for kind, found in (("used", self.used), ("refused", self.refused))
        }
