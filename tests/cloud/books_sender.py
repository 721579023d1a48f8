"""Requests that are repeated until they are answered, while functions crash because they were asked to."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.client import Answer
    from local.testing import LocalCloud
    from tests.cloud.company import Company, Party

HTTP_FUNCTIONS = {
    "articles": "InvoicingFunction",
    "customers": "InvoicingFunction",
    "invoices": "InvoicingFunction",
    "invoice-issues": "InvoicingFunction",
    "payments": "PaymentsFunction",
    "payment-files": "PaymentsFunction",
    "bank-payments": "PaymentsFunction",
    "collaboration": "CollaborationFunction",
}
"""Which function answers, by the first word of the address."""

_ATTEMPTS = 30


class Sender:
    """Sends each request until it is answered, and knows which crashes were asked for."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.counts: Counter[str] = Counter()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._seen: Counter[tuple[str, str]] = Counter()

    def ask_for(self, function: str, kind: str, call: int, times: int = 1) -> None:
        """Have something go wrong."""
        self._happened()
        self.cloud.fault(function, kind, call=call, times=times)
        self._asked[function, kind] += 1

    def forget_faults(self) -> None:
        """Nothing goes wrong any more; what has happened is counted."""
        self._happened()
        self.cloud.clear_faults()
        self._asked = Counter(self._seen)

    def power_is_back(self) -> None:
        """Faults in wait are lost with the power."""
        self._asked = Counter(self._seen)

    def _happened(self) -> Counter[tuple[str, str]]:
        """The faults that have happened since this was asked last."""
        waiting = Counter((each["function"], each["kind"]) for each in self.cloud.faults())
        happened = self._asked - waiting
        new = happened - self._seen
        self._seen = happened
        for (function, kind), times in new.items():
            self.counts[f"fault {kind} {function}"] += times
        return new

    def post(self, company: Company, party: Party, address: str, body: Any, key: str | None = None) -> Answer:
        """POST until there is an answer, with one key; what is done is done once."""
        key = key or secrets.token_hex(16)
        return self.until_answered(address, lambda: company.post(address, body, party, Idempotency_Key=key))

    def until_answered(self, address: str, send: Callable[[], Answer]) -> Answer:
        """Send until the answer is neither a crash nor that too many write at once."""
        for _ in range(_ATTEMPTS):
            answer = send()
            if answer.status == 500:
                self._explain(address, answer)
            elif answer.status != 503:
                self.counts[f"answer {answer.status} {self._code(answer)}".rstrip()] += 1
                return answer
            self.counts[f"answer {answer.status}"] += 1
        raise AssertionError(f"{address}: no answer after {_ATTEMPTS} attempts")

    @staticmethod
    def _code(answer: Answer) -> str:
        return str(answer.json["code"]) if answer.status >= 400 else ""

    def _explain(self, address: str, answer: Answer) -> None:
        """A server error is the cloud's fault only if that was asked for."""
        function = HTTP_FUNCTIONS[address.partition("/")[0].partition("?")[0]]
        happened = self._happened()
        assert any(each == function for each, _ in happened), f"{address}: {answer.content.decode()}"
