"""A local cloud of a test's own, on free ports and with data of its own."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
import tempfile
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from local import daemon
from local.mailbox import Mail
from local.provision import Clients

if TYPE_CHECKING:
    from local.iam import Named


class NotSettled(AssertionError):  # noqa: N818 - an assertion that failed
    """Something was still under way when the time was up."""


class LocalCloud:
    """Starts and stops a store and a runner, and talks to their control endpoints.

    ::

        with LocalCloud() as cloud:
            token = cloud.token("anna@example.se")
            requests.post(f"{cloud.base_url}/v1/bureaus", headers={"Authorization": f"Bearer {token}"})
            cloud.wait_idle()

    It ends with the test's process, whatever becomes of that.
    """

    def __init__(
        self,
        template: Path | None = None,
        folder: Path | None = None,
        *,
        fast: bool = True,
        journal_limit: int | None = None,
    ) -> None:
        """Describe a cloud; nothing is started yet.

        Args:
            template: The SAM template; the project's own if none is given.
            folder: Where data and logs go; a temporary folder, removed at the end, if none is given.
            fast: Whether to wait less between attempts than for people.
            journal_limit: Bytes after which the store begins a new journal, if not the usual.
        """
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="samklang-"))
        self._place = daemon.Place(
            folder=self.folder,
            port=daemon.free_port(),
            store_port=daemon.free_port(),
            template=template or daemon.PROJECT / "template.yaml",
        )
        self._flags = ["--with-parent", *(["--fast"] if fast else [])]
        self._store_flags = ["--with-parent"]
        if journal_limit is not None:
            self._store_flags += ["--rotate-at", str(journal_limit)]
        self._processes: list[subprocess.Popen[bytes]] = []

    # -------------------------------------------------------------------------------------- life

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start both processes and wait until the API answers. Data from before are there again."""
        place = self._place
        self._processes = [
            daemon.launch(
                daemon.store_command(place, *self._store_flags), place.logs / "store.log", with_parent=True
            ),
            daemon.launch(
                daemon.runner_command(place, *self._flags), place.logs / "runner.log", with_parent=True
            ),
        ]
        try:
            daemon.wait_until_ready(place, self._processes)
        except BaseException:
            self.kill9()
            raise
        self._forget_names()

    def stop(self) -> None:
        """Stop both processes cleanly."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
        self._reap()

    def kill9(self) -> None:
        """End both processes as a crash does."""
        for process in self._processes:
            process.kill()
        self._reap()

    def _reap(self) -> None:
        for process in self._processes:
            process.wait()
            if process.stdin:
                process.stdin.close()
        self._processes = []

    # -------------------------------------------------------------------------------------- names

    @property
    def base_url(self) -> str:
        """The API's address."""
        return self._place.base_url

    @property
    def endpoint(self) -> str:
        """The store's address."""
        return self._place.endpoint

    @functools.cached_property
    def clients(self) -> Clients:
        """boto3 clients of the store: ``clients.dynamodb``, ``clients.s3``, ``clients.sqs``."""
        return Clients(self.endpoint)

    @functools.cached_property
    def _resources(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = self.status()["resources"]
        return found

    def table(self, logical_id: str) -> str:
        """A table's name."""
        return self._resources["table"][logical_id]

    def bucket(self, logical_id: str) -> str:
        """A bucket's name."""
        return self._resources["bucket"][logical_id]

    def queue(self, logical_id: str) -> str:
        """A queue's URL."""
        return self._resources["queue"][logical_id]

    def log(self, function_folder: str) -> str:
        """What a function has logged so far."""
        path = self._place.logs / f"{function_folder}.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    # -------------------------------------------------------------------------------------- control

    def ask(self, method: str, path: str, body: Any = None, timeout: float = 60) -> Any:
        """Call a control endpoint: ``ask("GET", "/status")``."""
        return daemon.ask(self.base_url, method, f"/_local{path}", body, timeout)

    def status(self) -> dict[str, Any]:
        """Positions, names, what is under way."""
        found: dict[str, Any] = self.ask("GET", "/status")
        return found

    def token(self, username: str) -> str:
        """An access token of a user, who is made if need be."""
        return str(self.user(username)["access_token"])

    def user(self, username: str) -> dict[str, Any]:
        """A user with ``sub`` and ``access_token``, made if need be."""
        found: dict[str, Any] = self.ask("POST", "/users", {"username": username})
        return found

    def wait_idle(self, timeout: float = 20) -> None:
        """Wait until every stream, queue and event has been dealt with and no function runs.

        Raises:
            NotSettled: Something was still under way when the time was up.
        """
        found = self.ask("POST", f"/settle?timeout={timeout}", timeout=timeout + 30)
        if not found["idle"]:
            raise NotSettled(f"still under way after {timeout} s: {', '.join(found['busy'])}")

    def move_clock(self, to: str) -> int:
        """Move the clock (``+P1D``, an ISO time, ``reset``) and give how many schedules fired."""
        return int(self.ask("POST", "/clock", {"to": to}, timeout=600)["fired"])

    def fire_schedule(self, name: str) -> None:
        """Fire a schedule, named by itself or its function's logical id, although it is not due."""
        self.ask("POST", f"/schedules/{name}/run")

    def invoke(self, function: str, event: Any) -> Any:
        """Run a function, named by its logical id, on an event: ``{"payload", "error"}``."""
        return self.ask("POST", f"/functions/{function}/invoke", event)

    def messages(self, queue: str) -> list[Any]:
        """Take what is in a queue, named by its logical id; bodies only."""
        found: list[Any] = []
        while True:
            answer = self.clients.sqs.receive_message(QueueUrl=self.queue(queue), MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return found
            for message in answer["Messages"]:
                found.append(message["Body"])
                self.clients.sqs.delete_message(
                    QueueUrl=self.queue(queue), ReceiptHandle=message["ReceiptHandle"]
                )

    def mails(self, to: str | None = None) -> list[Mail]:
        """The e-mails sent, oldest first, or those to one address."""
        query = f"?to={urllib.parse.quote(to)}" if to else ""
        return [Mail.read(note) for note in self.ask("GET", f"/mail{query}")]

    # -------------------------------------------------------------------------------------- grants, faults

    def actions(self) -> dict[str, set[Named]]:
        """The IAM actions each function was seen to use, in the shape of :func:`local.iam.granted`."""
        return self._named(self.ask("GET", "/actions")["used"])

    def refused(self) -> dict[str, set[Named]]:
        """The IAM actions each function was refused."""
        return self._named(self.ask("GET", "/actions")["refused"])

    def forget_actions(self) -> None:
        """Begin to record anew."""
        self.ask("DELETE", "/actions")

    def fault(
        self, function: str, kind: str, *, call: int = 1, operation: str | None = None, times: int = 1
    ) -> None:
        """Have something go wrong once (or ``times``).

        Args:
            function: Logical id of the function.
            kind: ``crash_before``, ``crash_after`` or ``throttle`` an AWS call, or ``deliver_twice``.
            call: Which AWS call of an invocation, from 1.
            operation: Count only calls of this operation, e.g. ``TransactWriteItems``.
            times: How many times it fires.
        """
        body = {"function": function, "kind": kind, "call": call, "operation": operation, "times": times}
        self.ask("POST", "/faults", body)

    def faults(self) -> list[dict[str, Any]]:
        """Faults that have not happened yet."""
        found: list[dict[str, Any]] = self.ask("GET", "/faults")
        return found

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self.ask("DELETE", "/faults")

    def _named(self, found: dict[str, list[list[str]]]) -> dict[str, set[Named]]:
        return {name: {(action, resource) for action, resource in items} for name, items in found.items()}

    def _forget_names(self) -> None:
        for name in ("_resources", "clients"):
            with contextlib.suppress(AttributeError):
                delattr(self, name)
