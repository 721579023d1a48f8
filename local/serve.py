"""The runner's process: ``python -m local.serve --template … --port … --endpoint … --logs …``."""

import argparse
import asyncio
import signal
import sys
import time
from pathlib import Path

from aiohttp import ClientError, web

from local import pace
from local.control import application
from local.runner import Runner
from local.store import Store
from local.template import Template, TemplateError

_STORE_SECONDS = 30


async def _store_answers(endpoint: str) -> None:
    """The store is started at the same time; wait for it."""
    store = Store(endpoint)
    ends = time.monotonic() + _STORE_SECONDS
    try:
        while True:
            try:
                await store.get("/_ministack/health")
            except (ClientError, OSError):
                if time.monotonic() > ends:
                    raise
                await asyncio.sleep(0.02)
            else:
                return
    finally:
        await store.close()


async def _until_closed(stopping: asyncio.Event) -> None:
    """Stop when whoever started this process has gone, and its end of the pipe with it."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    await reader.read()
    stopping.set()


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    watching_parent = asyncio.create_task(_until_closed(stopping)) if options.with_parent else None
    await _store_answers(options.endpoint)
    template = Template.load(
        options.template, endpoint=options.endpoint, api_url=f"http://127.0.0.1:{options.port}"
    )
    runner = Runner(template, options.logs, pace.FAST if options.fast else pace.CALM)
    await runner.start()
    web_runner = web.AppRunner(application(runner), access_log=None, handle_signals=False)
    await web_runner.setup()
    await web.TCPSite(web_runner, "127.0.0.1", options.port, backlog=512).start()
    if options.warm:
        runner.warm()
        runner.watch_code()
    await stopping.wait()
    await web_runner.cleanup()
    await runner.stop()
    if watching_parent:
        watching_parent.cancel()


def main() -> None:
    """Start from the command line, as ``up`` does."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--template", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--fast", action="store_true", help="wait less between attempts, for tests")
    parser.add_argument("--warm", action="store_true", help="load functions before they are asked for")
    parser.add_argument("--with-parent", action="store_true", help="stop when stdin is closed")
    try:
        asyncio.run(serve(parser.parse_args()))
    except TemplateError as error:
        sys.exit(f"template: {error}")


if __name__ == "__main__":
    main()
