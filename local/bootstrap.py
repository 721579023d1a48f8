"""A Lambda function's own process: ``python -m local.bootstrap <socket>``.

The runner gives it the environment a Lambda function has and nothing else. It loads the handler,
then takes one event at a time from the socket, as Lambda's runtime does.
"""

import contextlib
import importlib
import json
import os
import resource
import socket
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from local import wire
from local.actions import Place
from local.iam import Policy
from local.watching import Watch

Handler = Callable[[Any, Any], Any]


class Context:
    """What Lambda tells a function about itself and the invocation."""

    def __init__(self, function: dict[str, Any], request_id: str, deadline: float) -> None:
        self.function_name: str = function["name"]
        self.function_version = "$LATEST"
        self.invoked_function_arn: str = function["arn"]
        self.memory_limit_in_mb = str(function["memory"])
        self.aws_request_id = request_id
        self.log_group_name: str = function["log_group"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self.tenant_id = None
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        return max(0, int((self._deadline - time.time()) * 1000))


class Process:
    """Serves one function until the runner closes the socket."""

    def __init__(self, connection: socket.socket, description: dict[str, Any]) -> None:
        self._connection = connection
        self._function = description["function"]
        place = Place(os.environ["AWS_REGION"], description["account"])
        self._watch = Watch(Policy.from_json(description["grants"]), place, self._dying)

    def run(self) -> None:
        """Load the handler, then serve events."""
        self._watch.install()
        started = time.perf_counter()
        try:
            handler = self._load()
        except BaseException as error:  # noqa: BLE001 - whatever the module does when imported
            traceback.print_exc()
            wire.send(self._connection, {"type": "failed", "error": _described(error)})
            return
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        wire.send(self._connection, {"type": "ready", "import_ms": milliseconds})
        while (message := wire.receive(self._connection)) is not None:
            self._invoke(handler, message)

    def _load(self) -> Handler:
        folder = self._function["folder"]
        sys.path[0] = folder
        os.chdir(folder)
        module, _, name = self._function["handler"].rpartition(".")
        handler: Handler = getattr(importlib.import_module(module.replace("/", ".")), name)
        return handler

    def _invoke(self, handler: Handler, message: dict[str, Any]) -> None:
        request_id = message["request_id"]
        _move_clock(message["clock_shift"])
        self._watch.begin(message["faults"])
        os.environ["_X_AMZN_TRACE_ID"] = f"Root=1-{request_id[:8]}-{request_id[-12:]}{request_id[9:13]}0000"
        context = Context(self._function, request_id, message["deadline"])
        started = time.perf_counter()
        answer: dict[str, Any] = {"type": "result", "request_id": request_id}
        try:
            response = handler(message["event"], context)
            answer["payload"] = _serialised(response)
        except Exception as error:  # noqa: BLE001 - it is the function's, and reported as such
            traceback.print_exc()
            answer["error"] = _described(error)
        except SystemExit as error:
            answer["error"] = {"errorType": "Runtime.ExitError", "errorMessage": f"exited with {error.code}"}
        _report(request_id, (time.perf_counter() - started) * 1000, self._function["memory"])
        wire.send(self._connection, answer | self._watch.report())

    def _dying(self) -> None:
        wire.send(self._connection, {"type": "dying", **self._watch.report()})


def _serialised(response: Any) -> str:
    try:
        return json.dumps(response)
    except (TypeError, ValueError) as error:
        raise MarshalError(f"Unable to marshal response: {error}") from error


class MarshalError(Exception):
    """The function gave back something JSON does not know."""


def _described(error: BaseException) -> dict[str, Any]:
    """An error as Lambda reports it to whoever invoked the function."""
    kind = "Runtime.MarshalError" if isinstance(error, MarshalError) else type(error).__name__
    if isinstance(error, ModuleNotFoundError):
        kind = "Runtime.ImportModuleError"
    return {
        "errorMessage": str(error),
        "errorType": kind,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def _move_clock(seconds: float) -> None:
    """Let the function see the moved time, if its layer has a clock that can be moved."""
    with contextlib.suppress(ImportError):
        from samklang.platform import clock  # noqa: PLC0415 - the function's layer, not ours

        clock.move(timedelta(seconds=seconds))


def _report(request_id: str, milliseconds: float, memory: int) -> None:
    """Lambda's own line in the log after each invocation."""
    record = {
        "requestId": request_id,
        "metrics": {
            "durationMs": round(milliseconds, 2),
            "memorySizeMB": memory,
            "maxMemoryUsedMB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        },
    }
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"time": now, "type": "platform.report", "record": record}), flush=True)


def main() -> None:
    """Serve the function described in the first message on the inherited socket."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    sys.argv = ["bootstrap"]
    description = wire.receive(connection)
    if description is not None:
        Process(connection, description).run()


if __name__ == "__main__":
    main()
