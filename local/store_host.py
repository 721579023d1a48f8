"""Runs ministack, with data that survive ``kill -9``, and tells the runner of changes as they happen.

It runs in an environment of its own (``.venv-cloud``), because ministack pins botocore:
``python -m local.store_host --port … --data … --account … --region … --outbox-table …``
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from local.key_conditions import quicker

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CHANGES = "/_samklang/changes"
_OWN_NAMES = {b"127.0.0.1", b"localhost"}
_HEARTBEAT_SECONDS = 5.0
_HOUSEKEEPING_SECONDS = 1.0


def settings(port: int, data: Path, account: str, region: str) -> dict[str, str]:
    """The environment of ministack: loopback only, and nothing of it that is not needed."""
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": region,
        # What the functions sign with; signed addresses are checked against it.
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "MINISTACK_ACCOUNT_ID": account,
        "LOG_LEVEL": "WARNING",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(data / "objects"),
        "STATE_DIR": str(data / "keys"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///no-docker-here",
    }


class Changes:
    """Those who want to know of changes, and what they have not been told yet."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[set[str]]] = set()

    def publish(self, topics: set[str]) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener.put_nowait(topics)

    @contextlib.contextmanager
    def listen(self) -> Any:
        """A queue of what changes from now on."""
        listener: asyncio.Queue[set[str]] = asyncio.Queue()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


def application(inner: Any, store: Any, changes: Changes) -> Any:
    """Ministack's application, with a commit before each answer and the feed of changes."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        if scope["path"] == CHANGES:
            await _feed(changes, receive, send)
            return
        headers = dict(scope["headers"])
        target = headers.get(b"x-amz-target", b"").decode("latin-1")
        if _from_a_web_page(headers):
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return

        async def committing_send(message: Message) -> None:
            topics: set[str] = set()
            if message["type"] == "http.response.start":
                topics = store.commit(target, scope["method"], scope["path"])
            await send(message)
            if topics:
                changes.publish(topics)

        await inner(scope, receive, committing_send)

    return app


def _from_a_web_page(headers: dict[bytes, bytes]) -> bool:
    """Whether a page open in a browser here calls the store, which would let it.

    Pages upload with presigned forms, to this machine's own name. No page has business with tables,
    queues or users.
    """
    name = headers.get(b"host", b"").rpartition(b":")[0]
    return name not in _OWN_NAMES or (b"origin" in headers and b"x-amz-target" in headers)


async def _feed(changes: Changes, receive: Receive, send: Send) -> None:
    """One JSON line per change, for as long as the listener stays; an empty line now and then."""
    headers = [(b"content-type", b"application/x-ndjson")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        with changes.listen() as listener:
            await send({"type": "http.response.body", "body": b"\n", "more_body": True})
            while not gone.done():
                waiting = asyncio.ensure_future(listener.get())
                await asyncio.wait(
                    {waiting, gone}, timeout=_HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                topics: set[str] = set()
                if waiting.done():
                    topics = waiting.result()
                else:
                    waiting.cancel()
                line = json.dumps(sorted(topics)).encode() if topics else b""
                await send({"type": "http.response.body", "body": line + b"\n", "more_body": True})
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT, then leave a snapshot."""
    # ministack reads its environment when it is imported: not before main() has set it.
    import ministack.app  # noqa: PLC0415
    from hypercorn.asyncio import serve as hypercorn_serve  # noqa: PLC0415
    from hypercorn.config import Config  # noqa: PLC0415
    from ministack.services import dynamodb  # noqa: PLC0415

    from local.durable import DurableStore  # noqa: PLC0415
    from local.journal import Journal  # noqa: PLC0415
    from local.postbox import Postbox  # noqa: PLC0415

    dynamodb._evaluate_condition = quicker(dynamodb._evaluate_condition)  # noqa: SLF001
    journal = Journal(options.data / "journal", rotate_at=options.rotate_at)
    runner_table = (options.account, options.region, options.outbox_table)
    store = DurableStore(journal, runner_table)
    store.start()
    Postbox(runner_table).open()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    if options.with_parent:
        loop.add_reader(sys.stdin, stopping.set)  # nothing is ever written to it: it has been closed

    async def keep_house() -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)
            store.keep_house()

    config = Config()
    config.bind = [f"127.0.0.1:{options.port}"]
    config.keep_alive_timeout = 300
    config.graceful_timeout = 1
    config.loglevel = "WARNING"
    housekeeping = asyncio.create_task(keep_house())
    app = application(ministack.app.app, store, Changes())
    await hypercorn_serve(app, config, shutdown_trigger=stopping.wait)
    housekeeping.cancel()
    store.stop()


def main() -> None:
    """Start from the command line, as the runner does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--account", required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--outbox-table", required=True, help="where events for functions are put")
    parser.add_argument("--rotate-at", type=int, default=64 * 1024 * 1024, help="bytes of a long journal")
    parser.add_argument("--with-parent", action="store_true", help="stop when stdin is closed")
    options = parser.parse_args()
    options.data.mkdir(parents=True, exist_ok=True)
    os.environ |= settings(options.port, options.data, options.account, options.region)
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
