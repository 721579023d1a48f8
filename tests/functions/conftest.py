"""What tests of functions share: the template's cloud on moto, and its functions called in process.

A function gets the environment the template gives it and no other, and may do what the template grants
it and nothing else: a missing variable or grant fails here, before it fails in AWS.
"""

import contextlib
import importlib.util
import itertools
import json
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

import boto3
import botocore.handlers
import pytest
from moto import mock_aws

from local.actions import Place
from local.iam import Named, Policy, policy
from local.routes import Routes, routes
from local.template import ACCOUNT, REGION, Function, Template
from local.watching import Watch
from samklang.platform import clock
from samklang.platform.access import company_key
from samklang.platform.dynamo import Item, from_item
from tests.functions import standing_cloud

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
CLIENT, STAFF, STRANGER = "anna", "bosse", "mallory"
"""A company's administrator, its bureau's, and somebody who belongs to neither."""


# ---------------------------------------------------------------- the cloud


@cache
def _template() -> Template:
    return Template.load(ROOT / "template.yaml")


@cache
def _functions() -> dict[str, Function]:
    """The template's functions by the names of their folders."""
    return {function.folder.name: function for function in _template().functions().values()}


@cache
def _routes() -> Routes:
    return routes(_template())


class Cloud:
    """What the template declares, on moto, seen from outside the functions."""

    template = _template()

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """A client that no policy holds back."""
        return boto3.client("dynamodb")

    @cached_property
    def s3(self) -> "S3Client":
        """A client that no policy holds back."""
        return boto3.client("s3")

    @cached_property
    def sqs(self) -> "SQSClient":
        """A client that no policy holds back."""
        return boto3.client("sqs")

    def items(self, table: str) -> list[Item]:
        """Everything in a table, by its name in the template, in the order of its keys."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=self.template.name(table))
        found = [from_item(item) for page in pages for item in page["Items"]]
        return sorted(found, key=lambda item: (item["pk"], item["sk"]))

    def company_items(self, table: str, company_id: str, prefix: str = "") -> list[Item]:
        """What a company has in a table, where the sort key begins with ``prefix``."""
        pk = company_key(company_id)
        return [item for item in self.items(table) if item["pk"] == pk and item["sk"].startswith(prefix)]

    def bucket(self, logical_id: str) -> str:
        """A bucket's name."""
        return self.template.name(logical_id)

    def upload(self, bucket: str, key: str, body: bytes, content_type: str = "") -> dict[str, Any]:
        """Put an object, and tell of it as S3 does."""
        name = self.bucket(bucket)
        put = self.s3.put_object(Bucket=name, Key=key, Body=body, ContentType=content_type)
        s3_object = {"key": quote_plus(key, safe="/"), "size": len(body), "versionId": put["VersionId"]}
        told = {"bucket": {"name": name}, "object": s3_object}
        return {"Records": [{"eventSource": "aws:s3", "eventTime": clock.timestamp(), "s3": told}]}


_moto = mock_aws()


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A new, empty cloud for each test, and the clock at the real time."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
        "MOTO_ACCOUNT_ID": ACCOUNT,
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    standing_cloud.begin(_moto, Cloud.template)
    yield Cloud()
    standing_cloud.end(_moto)
    clock.move(timedelta())


# ---------------------------------------------------------------- grants


class _GrantsAtHand(Policy):
    """The grants of the function that runs; a test itself may do anything."""

    def __init__(self) -> None:
        super().__init__([])
        self.running: Policy | None = None

    def allows(self, action: str, arn: str) -> list[Named]:
        """The grants that allow the action."""
        return self.running.allows(action, arn) if self.running else [(action, arn)]


_grants = _GrantsAtHand()
_watch = Watch(_grants, Place(REGION, ACCOUNT), lambda: None)

used_actions: dict[str, set[Named]] = {}
"""By a function's folder: what the tests so far have seen it use, as the template names it."""


@pytest.fixture(autouse=True, scope="session")
def _watched() -> Iterator[None]:
    """Every client made in these tests is watched; one session, since making one reads much from disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", [*botocore.handlers.BUILTIN_HANDLERS])
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        _watch.install()
        yield


@contextlib.contextmanager
def as_function(name: str) -> Iterator[None]:
    """Run with the environment and the grants of a function."""
    function = _functions()[name]
    _watch.begin([])
    _grants.running = policy(function)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for other in _functions().values():
                for variable in other.environment:
                    patch.delenv(variable, raising=False)
            for variable, value in function.environment.items():
                patch.setenv(variable, value)
            yield
    finally:
        _grants.running = None
        used_actions.setdefault(name, set()).update(_watch.used)
    assert _watch.refused == set(), f"the template does not grant {name} what it does"


# ---------------------------------------------------------------- calling functions


@dataclass
class Context:
    """What Lambda tells a function of itself."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    memory_limit_in_mb: int = 1024

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.function_name}"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """There is always time."""
        return 29_000


@cache
def load_function(name: str) -> ModuleType:
    """A function's module, under a name of its own: all of them are called ``app``."""
    function = _functions()[name]
    spec = importlib.util.spec_from_file_location(f"app_of_{name}", function.folder / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


type Invoke = Callable[[str, Any], Any]


@pytest.fixture
def invoke(cloud: Cloud) -> Invoke:
    """``invoke("ledger_sync", event)``: call a function with any event, as Lambda does."""
    return _invoke


def _invoke(name: str, event: Any) -> Any:
    with as_function(name):
        module = load_function(name)
        _name_metrics()
        # Lambda hands over what went through JSON; nothing of the test's own objects.
        return module.handler(json.loads(json.dumps(event)), Context(name))


def _name_metrics() -> None:
    """Powertools reads the namespace when it is first imported, which may be before any function."""
    from samklang.platform.logs import metrics  # noqa: PLC0415

    metrics.namespace = os.environ["POWERTOOLS_METRICS_NAMESPACE"]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(self.text)


class Http:
    """``http("invoicing", "POST", "/v1/…", {…}, user="anna")``: what the API would answer."""

    def __call__(
        self,
        function: str,
        method: str,
        path: str,
        body: Any = None,
        user: str = CLIENT,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call a function behind the API as API Gateway does (payload format 2.0).

        Args:
            function: the folder's name; the route must lead there.
            method: the HTTP method.
            path: the path, with its query.
            body: sent as JSON; a text is sent as it is.
            user: whom the token names.
            headers: more headers.
        """
        event = http_event(function, method, path, body, user, headers or {})
        answer = _invoke(function, event)
        return Answer(answer["statusCode"], answer["headers"], answer["body"])

    def ok(self, function: str, method: str, path: str, body: Any = None, user: str = CLIENT) -> Any:
        """The JSON of an answer that must be a success."""
        answer = self(function, method, path, body, user)
        assert answer.status in {200, 201}, answer.text
        return answer.body


def http_event(
    function: str, method: str, path: str, body: Any, user: str, headers: Mapping[str, str]
) -> dict[str, Any]:
    """The event API Gateway makes of a request that passed the JWT check."""
    address = urlsplit(path)
    found = _routes().find(method, address.path)
    assert found is not None
    route, variables = found
    assert _functions()[function].logical_id == route.function, f"{route.key} leads to {route.function}"
    sent = {"host": "api.example", **{name.lower(): value for name, value in headers.items()}}
    if body is not None:
        sent.setdefault("content-type", "application/json")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": address.path,
        "rawQueryString": address.query,
        "headers": sent,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "test",
            "authorizer": {"jwt": {"claims": {"sub": user, "email": f"{user}@example.se"}, "scopes": None}},
            "http": {"method": method, "path": address.path, "sourceIp": "192.0.2.1"},
            "requestId": str(uuid.uuid4()),
            "routeKey": route.key,
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if address.query:
        event["queryStringParameters"] = dict(parse_qsl(address.query, keep_blank_values=True))
    if variables:
        event["pathParameters"] = variables
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    return event


@pytest.fixture
def http(cloud: Cloud) -> Http:
    """The HTTP API."""
    return Http()


# ---------------------------------------------------------------- a bureau and its companies


@dataclass(frozen=True)
class Company:
    """An active company and who may act for it."""

    company_id: str
    bureau_id: str
    name: str
    client: str
    staff: str

    @property
    def path(self) -> str:
        """Where all of it is in the API."""
        return f"/v1/companies/{self.company_id}"


_serials = itertools.count(1)


def _org_no() -> str:
    """A new organisation number of correct check sum."""
    digits = f"556{next(_serials):06d}"
    doubled = (int(digit) * (2 - index % 2) for index, digit in enumerate(digits))
    total = sum(value // 10 + value % 10 for value in doubled)
    return f"{digits[:6]}-{digits[6:]}{-total % 10}"


class Firms:
    """Makes bureaus and companies through the API, as their people would."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def bureau(self, staff: str = STAFF, name: str = "Siffror & Sånt AB") -> str:
        """A new bureau; its id."""
        given = {"name": name, "org_no": _org_no()}
        made = self._http.ok("collaboration", "POST", "/v1/bureaus", given, staff)
        return str(made["bureau_id"])

    def company(
        self,
        bureau_id: str | None = None,
        *,
        name: str = "Ateljé Lövgren AB",
        client: str = CLIENT,
        staff: str = STAFF,
        handler: str = "client",
        first_invoice_number: int = 1001,
        method: str = "invoice",
        active: bool = True,
    ) -> Company:
        """A company that its bureau (a new one, if none is given) invited, and that finished the start guide.

        Args:
            bureau_id: the bureau, one of ``staff``'s.
            name: the company's name.
            client: who accepts for the company.
            staff: who invites for the bureau.
            handler: who handles payments.
            first_invoice_number: the first number of its series.
            method: how its books are kept, ``invoice`` or ``cash``.
            active: whether it is activated; if not, the start guide is answered and left there.
        """
        bureau_id = bureau_id or self.bureau(staff)
        org_no = _org_no()
        invitation = self._http.ok(
            "collaboration",
            "POST",
            f"/v1/bureaus/{bureau_id}/invitations",
            {"company_name": name, "org_no": org_no, "email": f"{client}@example.se"},
            staff,
        )
        accept = f"/v1/invitations/{invitation['token']}/accept"
        company_id = self._http.ok("collaboration", "POST", accept, None, client)["company_id"]
        company = Company(company_id, bureau_id, name, client, staff)
        guide = self._start_guide(company, org_no, handler, first_invoice_number, method)
        for step, answers in guide.items():
            self._http.ok("collaboration", "PUT", f"{company.path}/start-guide/{step}", answers, client)
        if active:
            self._http.ok("collaboration", "POST", f"{company.path}/collaboration/activate", None, client)
        return company

    @staticmethod
    def _start_guide(
        company: Company, org_no: str, handler: str, number: int, method: str
    ) -> dict[str, dict[str, Any]]:
        year = clock.today().year
        return {
            "company": {
                "name": company.name,
                "org_no": org_no,
                "address": {"street": "Storgatan 12", "postcode": "582 23", "city": "Linköping"},
                "seat": "Linköping",
                "email": f"{company.client}@example.se",
            },
            "fiscal_year": {
                "start": f"{year}-01-01",
                "end": f"{year}-12-31",
                "accounting_method": method,
            },
            "bank": {"bankgiro": "991-2346"},
            "numbering": {"first_invoice_number": number},
            "payments": {"handler": handler},
            "registers": {"confirmed": True},
        }


@pytest.fixture
def firms(http: Http) -> Firms:
    """Makes bureaus and companies."""
    return Firms(http)


@pytest.fixture
def company(firms: Firms) -> Company:
    """An active company of a bureau."""
    return firms.company()
