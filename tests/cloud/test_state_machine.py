"""Anything in any order while everything fails: two companies at work, held against a model of their books.

Hypothesis draws the steps: invoices, credit notes, payments of every kind, payment files, what people do
with them, changes of the payment handler; and what goes wrong: crashes around any AWS call, throttled calls,
batches delivered twice, and the power cut with requests under way. Now and then and in the end both sides
must hold what the model says, to the öre.

``SAMKLANG_STEPS=10000 pytest tests/cloud/test_state_machine.py -s`` runs that many steps and tells of them.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import TYPE_CHECKING, cast

import urllib3
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from local.testing import LocalCloud
from tests.cloud.books_check import described
from tests.cloud.books_machine import Books
from tests.cloud.books_sender import HTTP_FUNCTIONS, Sender
from tests.cloud.company import People

if TYPE_CHECKING:
    from local.client import Answer

LONG = "SAMKLANG_STEPS" in os.environ
HOW_MANY = int(os.environ.get("SAMKLANG_STEPS", "120"))

STEPS_EACH = min(HOW_MANY, 250) if LONG else 60
"""Steps with one pair of companies: the local store goes through a company's items one by one."""

CHECK_EVERY = 40
CUT_EVERY = 500 if LONG else 80

STREAM_FUNCTIONS = ("LedgerSyncFunction", "PaymentSyncFunction")
FILE_FUNCTION = "PaymentFileReceivedFunction"
FUNCTIONS = (*sorted(set(HTTP_FUNCTIONS.values())), *STREAM_FUNCTIONS, *STREAM_FUNCTIONS, FILE_FUNCTION)
MOST_CALLS = 8
"""Calls of an invocation among which one fails; few make more."""

TWICE = 0.3
"""How many of the faults are batches delivered twice."""

LONGEST_HOLD = 60
"""Deliveries in vain, up to 0.05 s apart."""

STEPS = (
    "rest",
    *("issue", "issue", "issue", "issue_many", "credit", "credit", "change_customer"),
    *("pay", "pay", "pay", "pay", "use_credit", "reverse", "try_as_other", "change_handler"),
    *("send_file", "send_file", "send_again", "confirm", "confirm", "undo", "set_aside", "look_again"),
    *("go_wrong", "go_wrong", "go_wrong", "hold_up", "hand_over_in_haste"),
)
"""What may be done: the methods of that name of :class:`Books`, or here."""


class Work:
    """What all examples share: the cloud, its people, and the counts of what was done."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.cloud = cloud
        self.sender = Sender(cloud)
        self.people = People.arrive(cloud)
        self.done: Counter[str] = Counter()
        self.steps = 0
        self._begun = time.perf_counter()

    def is_time(self, what: str, every: int) -> bool:
        """Whether something that is done every so many steps is to be done now."""
        due = self.steps >= every * (self.done[what] + 1)
        self.done[what] += due
        return due

    def tell(self) -> None:
        """What was done, and how long it took."""
        seconds = time.perf_counter() - self._begun
        lines = [f"{self.steps} steps in {seconds:.0f} s, {1000 * seconds / max(self.steps, 1):.0f} ms each"]
        for counts in (self.done, self.sender.counts):
            lines += [f"{times:7d}  {what}" for what, times in sorted(counts.items())]
        sys.stdout.write("\n".join(lines) + "\n")


class BooksMachine(RuleBasedStateMachine):
    """A company that handles payments itself, by the cash method, and one whose bureau does."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work, self.sender, self.cloud = work, work.sender, work.cloud
        self._steps = 0
        self.books: dict[str, Books] = {}

    # ------------------------------------------------------------ steps

    # One rule: Hypothesis would leave whole rules out of an example, and books without invoices are dull.
    @rule(
        what=st.sampled_from(STEPS),
        whose=st.sampled_from(["cash", "accrual"]),
        luck=st.integers(0, 2**16 - 1),
    )
    def step(self, what: str, whose: str, luck: int) -> None:
        """Take a step, and look what became of files meanwhile."""
        if not self._steps:
            if what == "rest":
                return  # Hypothesis begins with an example that has nothing else
            self._open_books()
        self._steps += 1
        self.work.steps += 1
        self.work.done[what] += 1
        sys.stdout.write(f"{self.work.steps}: {what} {whose} {luck}\n")
        chance = Random(f"{self._steps} {luck}")
        getattr(self, f"_{what}", partial(self._work, what))(self.books[whose], chance)
        for each in self.books.values():
            each.look_at_files()
        if self.work.is_time("power cut", CUT_EVERY):
            self._cut_power(chance)
        if self.work.is_time("check", CHECK_EVERY):
            self._settle()

    def _open_books(self) -> None:
        people = self.work.people
        self.books["cash"] = Books.open("cash", self.sender, people, "cash", "client")
        self.books["accrual"] = Books.open("accrual", self.sender, people, "invoice", "bureau")

    @staticmethod
    def _work(what: str, books: Books, chance: Random) -> None:
        getattr(books, what)(chance)

    def _rest(self, _: Books, __: Random) -> None:
        """Nothing: meanwhile the streams work."""

    def _go_wrong(self, _: Books, chance: Random) -> None:
        """One of the next AWS calls of a function fails, its process ends, or it gets a batch twice."""
        if chance.random() < TWICE:
            function, kind, call = chance.choice((*STREAM_FUNCTIONS, FILE_FUNCTION)), "deliver_twice", 1
        else:
            function, call = chance.choice(FUNCTIONS), chance.randint(1, MOST_CALLS)
            kind = chance.choice(["crash_before", "crash_after", "throttle"])
        self.sender.ask_for(function, kind, call)

    def _hold_up(self, _: Books, chance: Random) -> None:
        """What one side does stays on its way to the other for a while."""
        times = chance.randint(5, LONGEST_HOLD)
        self.sender.ask_for(chance.choice(STREAM_FUNCTIONS), "throttle", 1, times)

    def _hand_over_in_haste(self, books: Books, chance: Random) -> None:
        """The payment handler is changed while what the one before did is on its way."""
        function = "LedgerSyncFunction" if books.model.handler == "client" else "PaymentSyncFunction"
        self.sender.ask_for(function, "throttle", 1, LONGEST_HOLD)
        works = ("pay", "pay", "use_credit", "reverse", "reverse", "confirm", "credit")
        for _ in range(3):
            self._work(chance.choice(works), books, chance)
        books.change_handler(chance)
        for _ in range(3):
            self._work(chance.choice(works), books, chance)

    # ------------------------------------------------------------ the power is cut

    def _cut_power(self, chance: Random) -> None:
        """Cut the power while requests, streams and a file are under way; what was answered is not lost.

        Whoever got no answer asks again with the same key, and it is done once.
        """
        for each in self.books.values():
            each.send_file(chance)
        drafts = [(each, each.draft(chance)) for each in self.books.values() for _ in range(3)]
        requests = [(each, f"invoices/{draft}/issue", secrets.token_hex(16)) for each, draft in drafts]

        def ask(request: tuple[Books, str, str]) -> Answer | None:
            books, address, key = request
            try:
                return books.company.post(address, Idempotency_Key=key)
            except urllib3.exceptions.HTTPError:
                return None  # nobody answers: asked again below

        with ThreadPoolExecutor(len(requests)) as pool:
            under_way = [pool.submit(ask, each) for each in requests]
            time.sleep(chance.random() / 10)
            self.cloud.kill9()
            answers = [each.result() for each in under_way]
        self.cloud.start()
        self.sender.power_is_back()
        for (books, address, key), answer in zip(requests, answers, strict=True):
            again = self.sender.post(books.company, "client", address, None, key).expect(200)
            assert answer is None or answer.status != 200 or answer.json == again
            books.model.issue(again)

    # ------------------------------------------------------------ in the end

    def teardown(self) -> None:
        """Both sides agree, with each other and with the model."""
        if sys.exc_info()[0] is None:
            self._settle()

    def _settle(self) -> None:
        self.sender.forget_faults()
        self.cloud.wait_idle(60)
        # As the runbook says: what was given up is sent on when the cause is mended.
        while given_up := self.cloud.messages("PaymentFileReceivedFailures"):
            for each in given_up:
                self.work.done["file given up, sent on"] += 1
                self.cloud.invoke(FILE_FUNCTION, json.loads(each)["requestPayload"])
            self.cloud.wait_idle(60)
        for queue in ("LedgerSyncFailures", "PaymentSyncFailures"):
            assert self.cloud.messages(queue) == []
        for each in self.books.values():
            each.check()
            sys.stdout.write(f"   {each.name} holds {described(each.model)}\n")


def test_given_any_steps_and_faults_when_settled_then_both_books_hold_what_the_model_says() -> None:
    of_an_example = settings(
        max_examples=2,  # the first, of the simplest step alone, costs nothing
        stateful_step_count=STEPS_EACH,
        # The cloud runs beside the test: the same steps need not meet the same fault again.
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with LocalCloud() as cloud:
        work = Work(cloud)
        # Hypothesis asks for a class, and is content with whatever makes a machine.
        machine = cast("type[RuleBasedStateMachine]", partial(BooksMachine, work))
        while work.steps < HOW_MANY:
            run_state_machine_as_test(machine, settings=of_an_example)
        if LONG:
            work.tell()
