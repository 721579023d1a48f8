"""The control endpoints, beside the API on the same port: what tests and people ask the runner.

Everything is under ``/_local/`` and answers JSON, but for the e-mails, which people look at.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from typing import TYPE_CHECKING, Any

from aiohttp import web

from local.clock import ClockError
from local.provision import Clients

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from local.runner import Runner

PREFIX = "/_local"
_OWN_NAMES = {"127.0.0.1", "localhost"}


def application(runner: Runner) -> web.Application:
    """The runner's web application: control endpoints, and everything else is the API."""
    control = Control(runner)
    app = web.Application(client_max_size=64 * 1024 * 1024, middlewares=[_only_this_machine])
    app.router.add_get(f"{PREFIX}/status", control.status)
    app.router.add_post(f"{PREFIX}/settle", control.settle)
    app.router.add_post(f"{PREFIX}/clock", control.clock)
    app.router.add_post(f"{PREFIX}/schedules/{{name}}/run", control.run_schedule)
    app.router.add_post(f"{PREFIX}/functions/{{name}}/invoke", control.invoke)
    app.router.add_get(f"{PREFIX}/actions", control.actions)
    app.router.add_delete(f"{PREFIX}/actions", control.forget_actions)
    app.router.add_get(f"{PREFIX}/faults", control.faults)
    app.router.add_post(f"{PREFIX}/faults", control.add_fault)
    app.router.add_delete(f"{PREFIX}/faults", control.clear_faults)
    app.router.add_post(f"{PREFIX}/users", control.user)
    app.router.add_get(f"{PREFIX}/mail", control.mail)
    app.router.add_get(f"{PREFIX}/mailbox", control.mailbox)
    app.router.add_get(f"{PREFIX}/mail/{{message_id}}/{{part}}", control.mail_part)
    app.router.add_route("*", r"/{path:[\s\S]*}", runner.api.handle)
    return app


@web.middleware
async def _only_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A web page of somebody else's, open in a browser here, must not reach the control endpoints."""
    if request.path.startswith(PREFIX):
        host = request.host.rpartition(":")[0] or request.host
        if host not in _OWN_NAMES or "Origin" in request.headers:
            return web.json_response({"message": "only from this machine"}, status=403)
    return await handler(request)


class Control:
    """The control endpoints of one runner."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._users = Users(runner)

    async def status(self, _request: web.Request) -> web.Response:
        """GET /_local/status: positions, what is under way, names and addresses."""
        return web.json_response(await self._runner.status())

    async def settle(self, request: web.Request) -> web.Response:
        """POST /_local/settle?timeout=10: wait until all that was set going is done."""
        found = await self._runner.settle(float(request.query.get("timeout", "10")))
        return web.json_response({"idle": found.idle, "busy": found.busy})

    async def clock(self, request: web.Request) -> web.Response:
        """POST /_local/clock {"to": "+P1D"}: move the clock and fire what falls due."""
        try:
            target = self._runner.clock.target((await request.json())["to"])
        except ClockError as error:
            return web.json_response({"message": str(error)}, status=400)
        fired = await self._runner.schedules.move(target)
        return web.json_response({"time": self._runner.clock.now().isoformat(), "fired": fired})

    async def run_schedule(self, request: web.Request) -> web.Response:
        """POST /_local/schedules/{name}/run: fire a schedule although it is not due."""
        try:
            await self._runner.schedules.run_now(request.match_info["name"])
        except KeyError as error:
            return web.json_response({"message": f"no schedule {error}"}, status=404)
        return web.json_response({"fired": 1})

    async def invoke(self, request: web.Request) -> web.Response:
        """POST /_local/functions/{name}/invoke: run a function on the event in the body."""
        pool = self._runner.pools.get(request.match_info["name"])
        if pool is None:
            return web.json_response({"message": "no such function"}, status=404)
        outcome = await pool.invoke(await request.json())
        return web.json_response({"payload": outcome.payload, "error": outcome.error})

    async def actions(self, _request: web.Request) -> web.Response:
        """GET /_local/actions: the IAM actions each function used, and was refused."""
        return web.json_response(self._runner.actions.to_json())

    async def forget_actions(self, _request: web.Request) -> web.Response:
        """DELETE /_local/actions."""
        self._runner.actions.clear()
        return web.json_response({})

    async def faults(self, _request: web.Request) -> web.Response:
        """GET /_local/faults: those that have not happened yet."""
        return web.json_response(self._runner.faults.waiting())

    async def add_fault(self, request: web.Request) -> web.Response:
        """POST /_local/faults {"function", "kind", "call", "operation", "times"}."""
        wanted: dict[str, Any] = await request.json()
        if wanted.get("function") not in self._runner.pools:
            return web.json_response({"message": "no such function"}, status=400)
        try:
            identity = self._runner.faults.add(**wanted)
        except (TypeError, ValueError) as error:
            return web.json_response({"message": str(error)}, status=400)
        return web.json_response({"id": identity})

    async def clear_faults(self, _request: web.Request) -> web.Response:
        """DELETE /_local/faults."""
        self._runner.faults.clear()
        return web.json_response({})

    async def user(self, request: web.Request) -> web.Response:
        """POST /_local/users {"username"}: a user in the pool, made if need be, and a token."""
        wanted = await request.json()
        return web.json_response(await asyncio.to_thread(self._users.log_in, wanted["username"]))

    async def mail(self, request: web.Request) -> web.Response:
        """GET /_local/mail?to=kund@example.se: the e-mails sent, oldest first."""
        return web.json_response(await self._runner.mailbox.sent(request.query.get("to")))

    async def mailbox(self, _request: web.Request) -> web.Response:
        """GET /_local/mailbox: the e-mails sent, as a page."""
        return web.Response(text=await self._runner.mailbox.page(), content_type="text/html")

    async def mail_part(self, request: web.Request) -> web.Response:
        """GET /_local/mail/{message_id}/{part}: ``html``, or an attachment by its name."""
        found = await self._runner.mailbox.part(request.match_info["message_id"], request.match_info["part"])
        if found is None:
            return web.json_response({"message": "no such part"}, status=404)
        # What somebody wrote into a mail must not act in the name of this machine.
        headers = {"Content-Security-Policy": "sandbox"} if found[0] == "text/html" else {}
        return web.Response(body=found[1], content_type=found[0], charset=_charset(found[0]), headers=headers)


def _charset(content_type: str) -> str | None:
    return "utf-8" if content_type.startswith("text/") else None


class Users:
    """People in the local user pool; each has a password only the runner has seen."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._clients = Clients(runner.template.endpoint)
        self._one_at_a_time = threading.Lock()

    def log_in(self, username: str) -> dict[str, Any]:
        """Make the user if there is none, and log in.

        Args:
            username: An e-mail address; a bare name is one at example.se.

        Returns:
            ``access_token``, ``sub`` and ``username``.
        """
        if "@" not in username:
            username = f"{username}@example.se"
        with self._one_at_a_time:
            return self._log_in(username)

    def _log_in(self, username: str) -> dict[str, Any]:
        template = self._runner.template
        pool = template.ref(template.of_type("AWS::Cognito::UserPool")[0])
        client = template.ref(template.of_type("AWS::Cognito::UserPoolClient")[0])
        cognito = self._clients.cognito_idp
        try:
            user = cognito.admin_get_user(UserPoolId=pool, Username=username)
            found = {item["Name"]: item["Value"] for item in user["UserAttributes"]}
        except cognito.exceptions.UserNotFoundException:
            made = cognito.admin_create_user(
                UserPoolId=pool,
                Username=username,
                MessageAction="SUPPRESS",
                UserAttributes=[
                    {"Name": "email", "Value": username},
                    {"Name": "email_verified", "Value": "true"},
                ],
            )
            found = {item["Name"]: item["Value"] for item in made["User"]["Attributes"]}
        password = f"Aa1-{secrets.token_urlsafe(24)}"
        cognito.admin_set_user_password(UserPoolId=pool, Username=username, Password=password, Permanent=True)
        answer = cognito.initiate_auth(
            ClientId=client,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": password},
        )
        token = answer["AuthenticationResult"]["AccessToken"]
        return {"access_token": token, "sub": found.get("sub"), "username": username}
