"""Starts and stops the two processes of a local cloud: the store and the runner."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.template import ACCOUNT, REGION, STACK, runner_table

PROJECT = Path(__file__).resolve().parent.parent
_START_SECONDS = 40
_STOP_SECONDS = 15


class DaemonError(Exception):
    """The local cloud cannot be started or stopped; the text says why."""


@dataclass(frozen=True)
class Place:
    """Where one local cloud lives."""

    folder: Path
    port: int
    store_port: int
    template: Path = PROJECT / "template.yaml"
    data: Path | None = None

    @property
    def base_url(self) -> str:
        """The API's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        """The store's address, as ``AWS_ENDPOINT_URL``."""
        return f"http://127.0.0.1:{self.store_port}"

    @property
    def logs(self) -> Path:
        """The folder of the logs, one file per function."""
        return self.folder / "logs"


@dataclass(frozen=True)
class Running:
    """Two processes under way."""

    store: int
    runner: int
    port: int
    store_port: int

    def alive(self) -> list[int]:
        """The processes that are still there."""
        return [pid for pid in (self.runner, self.store) if _is_ours(pid)]


# ------------------------------------------------------------------------------------------ starting


def store_command(place: Place, *flags: str) -> list[str]:
    """How the store is started."""
    python = PROJECT / ".venv-cloud" / "bin" / "python"
    if not python.exists():
        raise DaemonError("the store's environment is missing: run `make setup` once")
    data = place.data or place.folder / "data"
    options = {
        "--port": place.store_port,
        "--data": data.resolve(),
        "--account": ACCOUNT,
        "--region": REGION,
        "--outbox-table": runner_table(STACK),
    }
    return [str(python), "-m", "local.store_host", *_arguments(options), *flags]


def runner_command(place: Place, *flags: str) -> list[str]:
    """How the runner is started."""
    options = {
        "--template": place.template.resolve(),
        "--port": place.port,
        "--endpoint": place.endpoint,
        "--logs": place.logs.resolve(),
    }
    return [sys.executable, "-m", "local.serve", *_arguments(options), *flags]


def _arguments(options: dict[str, object]) -> list[str]:
    return [str(part) for option in options.items() for part in option]


def launch(command: list[str], log: Path, *, with_parent: bool = False) -> subprocess.Popen[bytes]:
    """Start a process of the local cloud.

    Args:
        command: The command and its arguments.
        log: Where its output goes.
        with_parent: Whether it stops when this process does; else it is a daemon of its own.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["PYTHONPATH"] = str(PROJECT)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.PIPE if with_parent else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def up(place: Place) -> tuple[Running, bool]:
    """Start both processes and wait until a request is answered.

    Returns:
        What is running, and whether it had been started before.

    Raises:
        DaemonError: They cannot be started.
    """
    running = read_pids(place.folder)
    if running:
        alive = running.alive()
        if len(alive) == 2:  # noqa: PLR2004 - both
            return running, True
        for pid in alive:  # one of them died: begin anew, with the data as they are
            _end(pid)
    for port in (place.port, place.store_port):
        if port_taken(port):
            raise DaemonError(f"port {port} is taken by another program; choose another with --port")
    place.folder.mkdir(parents=True, exist_ok=True)
    store = launch(store_command(place), place.logs / "store.log")
    runner = launch(runner_command(place, "--warm"), place.logs / "runner.log")
    running = Running(store.pid, runner.pid, place.port, place.store_port)
    _pid_file(place.folder).write_text(json.dumps(asdict(running)), encoding="utf-8")
    try:
        wait_until_ready(place, [store, runner])
    except DaemonError:
        down(place.folder)
        raise
    return running, False


def wait_until_ready(place: Place, processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until the API answers.

    Raises:
        DaemonError: A process ended, or it took too long.
    """
    ends = time.monotonic() + _START_SECONDS
    while time.monotonic() < ends:
        for process in processes:
            if process.poll() is not None:
                raise DaemonError(f"the local cloud did not start:\n{_last_lines(place.logs)}")
        with contextlib.suppress(OSError, urllib.error.URLError):
            ask(place.base_url, "GET", "/_local/status")
            return
        time.sleep(0.02)
    raise DaemonError(f"the local cloud did not answer in time:\n{_last_lines(place.logs)}")


def _last_lines(logs: Path) -> str:
    lines = []
    for name in ("store.log", "runner.log"):
        path = logs / name
        if path.exists():
            lines += path.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------ stopping


def down(folder: Path) -> bool:
    """Stop both processes, the runner first; the store leaves a snapshot.

    Returns:
        Whether anything was running.
    """
    running = read_pids(folder)
    alive = running.alive() if running else []
    for pid in alive:
        _end(pid)
    _pid_file(folder).unlink(missing_ok=True)
    return bool(alive)


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    ends = time.monotonic() + _STOP_SECONDS
    while _is_ours(pid):
        if time.monotonic() > ends:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------ looking


def read_pids(folder: Path) -> Running | None:
    """What was started last; it may have died since."""
    try:
        return Running(**json.loads(_pid_file(folder).read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def ask(base_url: str, method: str, path: str, body: Any = None, timeout: float = 30) -> Any:
    """Call a control endpoint.

    Raises:
        DaemonError: It answered with an error; the text is its message.
    """
    request = urllib.request.Request(  # noqa: S310 - always our own http address
        f"{base_url}{path}", method=method, data=None if body is None else json.dumps(body).encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310
            return json.loads(response.read())
    except urllib.error.HTTPError as error:
        with contextlib.closing(error):
            text = error.read().decode(errors="replace")
        raise DaemonError(f"{method} {path}: {error.code} {text}") from error


def port_taken(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pid_file(folder: Path) -> Path:
    return folder / "pids.json"


def _is_ours(pid: int) -> bool:
    """Whether the process is there and is one of the local cloud's: ids are used again."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # if it was started by this very process
    command = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        try:
            words = command.read_bytes().split(b"\0")
        except OSError:
            return False
        return bool({b"local.store_host", b"local.serve"} & set(words))
    try:  # macOS has no /proc
        os.kill(pid, 0)
    except OSError:
        return False
    return True
