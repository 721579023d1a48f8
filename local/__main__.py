"""The local cloud's commands: ``python -m local up | down | status | clock``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from local import daemon

_DEFAULT_PORT = 8400
_MOVE_CLOCK = ".venv/bin/python -m local clock +P1D"
_TEMPLATE = daemon.PROJECT / "template.yaml"


def _place(options: argparse.Namespace) -> daemon.Place:
    return daemon.Place(
        folder=options.folder,
        port=options.port,
        store_port=options.port + 1,
        template=options.template,
        data=options.data,
    )


def _addresses(running: daemon.Running, status: dict[str, Any], place: daemon.Place) -> str:
    base = f"http://127.0.0.1:{running.port}"
    lines = {
        "API": f"{base}/v1",
        "Swagger page": f"{base}/v1/docs",
        "A token": f'curl -s {base}/_local/users -d \'{{"username": "anna@example.se"}}\'',
        "E-mail sent": f"{base}/_local/mailbox",
        "AWS endpoint": f"{status['endpoint']} (ministack: DynamoDB, S3, SQS, SNS, SES, Cognito)",
        "User pool": f"{status['user_pool']}, client {status['user_pool_client']}",
        "Logs": f"{place.logs}/<function>.log",
        "Clock": f"{status['time'][:19]}Z; to move it: {_MOVE_CLOCK} (or a time, or reset)",
        "Stop": "make down",
    }
    width = max(map(len, lines)) + 2
    return "\n".join(f"  {name:<{width}}{text}" for name, text in lines.items())


def up(options: argparse.Namespace) -> None:
    """Start the local cloud, or say that it is running."""
    place = _place(options)
    running, before = daemon.up(place)
    if options.quiet:
        return
    status = daemon.ask(f"http://127.0.0.1:{running.port}", "GET", "/_local/status")
    print("The local cloud is running already." if before else "The local cloud is running.")
    print(_addresses(running, status, place))


def down(options: argparse.Namespace) -> None:
    """Stop the local cloud."""
    stopped = daemon.down(options.folder)
    print("Stopped; the data are kept." if stopped else "The local cloud was not running.")


def status(options: argparse.Namespace) -> None:
    """Say what is running and how far it has come."""
    running = _running(options)
    found = daemon.ask(f"http://127.0.0.1:{running.port}", "GET", "/_local/status")
    print(_addresses(running, found, _place(options)))
    print("  Everything is done." if found["idle"] else f"  Under way: {', '.join(found['busy'])}")
    for name, schedule in found["schedules"].items():
        print(f"  {name}: {schedule['expression']}, next {schedule['next']}")


def clock(options: argparse.Namespace) -> None:
    """Move the local cloud's clock."""
    running = _running(options)
    # Months of schedules may fall due on the way, each with all that follows from it.
    answer = daemon.ask(
        f"http://127.0.0.1:{running.port}", "POST", "/_local/clock", {"to": options.to}, timeout=3600
    )
    print(f"It is {answer['time'][:19]}Z in the local cloud; {answer['fired']} schedule(s) fired.")


def _running(options: argparse.Namespace) -> daemon.Running:
    running = daemon.read_pids(options.folder)
    if running is None or not running.alive():
        raise daemon.DaemonError("the local cloud is not running: `make up`")
    return running


def main() -> None:
    """Run a command."""
    parser = argparse.ArgumentParser(prog="python -m local", description="The cloud on this machine.")
    parser.add_argument("--folder", type=Path, default=daemon.PROJECT / ".local", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(required=True)
    for name, run, text in (
        ("up", up, "start it and leave it running"),
        ("down", down, "stop it; the data are kept"),
        ("status", status, "what is running, and what is under way"),
        ("clock", clock, "move its clock; schedules on the way fire"),
    ):
        command = commands.add_parser(name, help=text)
        command.set_defaults(run=run)
        command.add_argument("--template", type=Path, default=_TEMPLATE, help="the SAM template")
        command.add_argument("--port", type=int, default=_DEFAULT_PORT, help="the API's; the store's is next")
        command.add_argument("--data", type=Path, default=None, help="where the data are (.local/data)")
        if name == "up":
            command.add_argument("--quiet", action="store_true", help="say nothing when all is well")
        if name == "clock":
            command.add_argument("to", help="2026-12-03T06:00+01:00, +P1D, -PT2H or reset")
    options = parser.parse_args()
    try:
        options.run(options)
    except daemon.DaemonError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
