"""The SAM template as the local cloud and the tests see it: Globals merged, intrinsics resolved.

Only what the project's template uses is understood; anything else is refused with a clear message,
so that a template which works here does not mean something else in AWS.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

REGION = "eu-north-1"
ACCOUNT = "000000000000"
STACK = "samklang-local"

_SUB_VARIABLE = re.compile(r"\$\{(!?)([^}]+)\}")


def runner_table(stack: str) -> str:
    """Name of the one table that is not in the template: the runner keeps its notes in it."""
    return f"{stack}-runner"


class TemplateError(Exception):
    """The template asks for something that is not there or not understood."""


# ------------------------------------------------------------------------------------------ reading


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short tags."""


def _short_tag(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """``!Sub x`` → ``{"Fn::Sub": x}``, as the long form is written."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    else:  # pragma: no cover - YAML has no fourth kind
        raise TemplateError(f"!{suffix} on an unknown kind of node")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_tag)


def merged(base: Any, override: Any) -> Any:
    """Merge SAM Globals into a resource: maps merge, lists are joined, the rest is replaced."""
    if isinstance(base, dict) and isinstance(override, dict):
        intrinsic = any(key == "Ref" or key.startswith("Fn::") for key in [*base, *override])
        if not intrinsic:
            keys = [*base, *(key for key in override if key not in base)]
            return {
                key: merged(base[key], override[key])
                if key in base and key in override
                else override.get(key, base.get(key))
                for key in keys
            }
    if isinstance(base, list) and isinstance(override, list):
        return [*base, *override]
    return override


# ------------------------------------------------------------------------------------------ resolving


@dataclass
class Physical:
    """What a resource is called in the cloud it was made in."""

    ref: str
    attributes: dict[str, str] = field(default_factory=dict)


_REMOVED = object()
"""What ``AWS::NoValue`` resolves to: the key or list item is left out."""


class Resolver:
    """Evaluates intrinsic functions; how a resource is named is given from outside."""

    def __init__(
        self,
        document: Mapping[str, Any],
        values: Mapping[str, Any],
        ref: Callable[[str], str],
        attribute: Callable[[str, str], str],
    ) -> None:
        self._document = document
        self._values = values
        self._ref = ref
        self._attribute = attribute

    def __call__(self, value: Any) -> Any:
        """The value with every intrinsic function in it evaluated."""
        if isinstance(value, list):
            return [item for item in map(self, value) if item is not _REMOVED]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument) = next(iter(value.items()))
            if name == "Ref":
                return self._lookup(argument)
            if name.startswith("Fn::"):
                return self._function(name, argument)
        resolved = {key: self(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _REMOVED}

    def condition(self, name: str) -> bool:
        """Whether the template's condition holds."""
        conditions = self._document.get("Conditions", {})
        if name not in conditions:
            raise TemplateError(f"no condition called {name}")
        return self._holds(conditions[name])

    def _lookup(self, name: str) -> Any:
        return self._values[name] if name in self._values else self._ref(name)

    def _function(self, name: str, argument: Any) -> Any:  # noqa: PLR0911 - one line per function
        match name:
            case "Fn::GetAtt":
                logical_id, attribute = argument
                return self._attribute(logical_id, attribute)
            case "Fn::Sub":
                return self._substitute(argument)
            case "Fn::Join":
                separator, parts = argument
                return str(separator).join(map(str, self(parts)))
            case "Fn::Split":
                separator, text = argument
                return self(text).split(separator)
            case "Fn::Select":
                index, items = argument
                return self(items)[int(self(index))]
            case "Fn::If":
                condition, then, otherwise = argument
                return self(then if self.condition(condition) else otherwise)
            case "Fn::FindInMap":
                top, first, second = map(self, argument)
                return self._document["Mappings"][top][first][second]
            case "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not":
                return self._holds({name: argument})
        raise TemplateError(f"{name} is not understood by the local cloud")

    def _substitute(self, argument: Any) -> str:
        text, local = (argument, {}) if isinstance(argument, str) else argument
        local = {key: self(value) for key, value in local.items()}

        def value(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in local:
                return str(local[name])
            if "." in name:
                return self._attribute(*name.split(".", 1))
            return str(self._lookup(name))

        return _SUB_VARIABLE.sub(value, text)

    def _holds(self, expression: Any) -> bool:
        (name, argument) = next(iter(expression.items()))
        match name:
            case "Fn::Equals":
                left, right = map(self, argument)
                return bool(str(left) == str(right))
            case "Fn::And":
                return all(map(self._holds, argument))
            case "Fn::Or":
                return any(map(self._holds, argument))
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Condition":
                return self.condition(argument)
        raise TemplateError(f"{name} is not a condition")


# ------------------------------------------------------------------------------------------ what is in it


@dataclass(frozen=True)
class Event:
    """One event source of a function, as the template has it, resolved."""

    name: str
    type: str
    properties: dict[str, Any]


@dataclass(frozen=True)
class Statement:
    """One IAM statement: resources as the cloud knows them, and as the template names them.

    ``named`` holds ``LedgerTable`` or ``LedgerTable/index/closing`` where ``resources`` holds ARNs.
    """

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    named: tuple[str, ...]


@dataclass(frozen=True)
class Function:
    """A Lambda function of the template."""

    logical_id: str
    name: str
    arn: str
    folder: Path
    handler: str
    timeout: int
    memory: int
    environment: dict[str, str]
    layers: tuple[Path, ...]
    events: tuple[Event, ...]
    statements: tuple[Statement, ...]
    invoke_config: dict[str, Any]
    dead_letter_queue: str | None
    log_group: str


_ARNS = {
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
    "AWS::S3::Bucket": "arn:aws:s3:::{name}",
    "AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
    "AWS::SES::EmailIdentity": "arn:aws:ses:{region}:{account}:identity/{name}",
    "AWS::SES::ConfigurationSet": "arn:aws:ses:{region}:{account}:configuration-set/{name}",
    "AWS::Serverless::Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "AWS::Serverless::LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{name}:1",
    "AWS::Cognito::UserPool": "arn:aws:cognito-idp:{region}:{account}:userpool/{name}",
    "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
}
_NAME_PROPERTIES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SES::EmailIdentity": "EmailIdentity",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::Serverless::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
}


class Template:
    """A SAM template and the names its resources have in one cloud.

    Names AWS would invent are made from the stack's name; what only the store knows (the user
    pool's id, a stream's ARN) is told with :meth:`bind` once it has been made.
    """

    def __init__(
        self,
        document: dict[str, Any],
        root: Path,
        *,
        endpoint: str = "http://127.0.0.1:8401",
        api_url: str = "http://127.0.0.1:8400",
        stack: str = STACK,
        parameters: Mapping[str, str] | None = None,
    ) -> None:
        self.root = root
        self.endpoint = endpoint
        self.api_url = api_url
        self.stack = stack
        self._document = document
        self._globals: dict[str, Any] = document.get("Globals", {})
        self._bound: dict[str, Physical] = {}
        values = self._parameters(parameters or {}) | {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::StackName": stack,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": _REMOVED,
        }
        self._resolver = Resolver(document, values, self.ref, self.attribute)

    @classmethod
    def load(cls, path: Path, **options: Any) -> Self:
        """Read a template file; ``options`` are those of the constructor."""
        with path.open(encoding="utf-8") as file:
            document = yaml.load(file, Loader=_Loader)  # noqa: S506 - a safe loader, with tags
        if not isinstance(document, dict) or "Resources" not in document:
            raise TemplateError(f"{path.name} has no Resources")
        return cls(document, path.parent.resolve(), **options)

    # -------------------------------------------------------------------------------------- names

    def bind(self, logical_id: str, ref: str | None = None, **attributes: str) -> None:
        """Tell what a resource turned out to be called."""
        physical = self._bound.setdefault(logical_id, Physical(ref or self.ref(logical_id)))
        if ref is not None:
            physical.ref = ref
        physical.attributes |= attributes

    def ref(self, logical_id: str) -> str:
        """What ``Ref`` gives for a resource."""
        if logical_id in self._bound:
            return self._bound[logical_id].ref
        kind = self._kind(logical_id)
        match kind:
            case "AWS::SQS::Queue":
                return f"{self.endpoint}/{ACCOUNT}/{self.name(logical_id)}"
            case "AWS::SNS::Topic" | "AWS::Serverless::LayerVersion":
                return self._arn(logical_id)
            case "AWS::Serverless::HttpApi":
                return "local"
        return self.name(logical_id)

    def attribute(self, logical_id: str, attribute: str) -> str:  # noqa: PLR0911 - one per attribute
        """What ``Fn::GetAtt`` gives for a resource."""
        bound = self._bound.get(logical_id)
        if bound and attribute in bound.attributes:
            return bound.attributes[attribute]
        kind = self._kind(logical_id)
        match attribute:
            case "Arn" | "TopicArn":
                return self._arn(logical_id)
            case "QueueName":
                return self.name(logical_id)
            case "QueueUrl":
                return self.ref(logical_id)
            case "StreamArn" if kind == "AWS::DynamoDB::Table":
                return f"{self._arn(logical_id)}/stream/not-made-yet"
            case "ApiEndpoint":
                return self.api_url
            case "ProviderURL" | "ProviderName" if kind == "AWS::Cognito::UserPool":
                host = f"cognito-idp.{REGION}.amazonaws.com/{self.ref(logical_id)}"
                return host if attribute == "ProviderName" else f"https://{host}"
        raise TemplateError(f"{logical_id} ({kind}) has no attribute {attribute} here")

    def name(self, logical_id: str) -> str:
        """A resource's own name: the template's, else one made from the stack's and the resource's."""
        kind = self._kind(logical_id)
        given = self._raw(logical_id).get("Properties", {}).get(_NAME_PROPERTIES.get(kind))
        name = str(self.resolve(given)) if given is not None else f"{self.stack}-{logical_id}"
        return name.lower() if kind == "AWS::S3::Bucket" else name

    def logical_id(self, kind: str, name: str) -> str | None:
        """Which resource of a kind has the name (or the ``Ref``) in the cloud."""
        for logical_id in self.of_type(kind):
            if name in {self.name(logical_id), self.ref(logical_id)}:
                return logical_id
        return None

    def named(self, arn: str) -> str:
        """An ARN as the template would write it: ``LedgerTable/index/closing``."""
        for logical_id, resource in self._document["Resources"].items():
            if resource["Type"] in _ARNS:
                own = self.attribute(logical_id, "Arn")
                if arn == own or arn.startswith(f"{own}/"):
                    return f"{logical_id}{arn.removeprefix(own)}"
        return arn

    def _arn(self, logical_id: str) -> str:
        kind = self._kind(logical_id)
        if kind not in _ARNS:
            raise TemplateError(f"{logical_id} ({kind}) has no ARN here")
        name = self.ref(logical_id) if kind == "AWS::Cognito::UserPool" else self.name(logical_id)
        return _ARNS[kind].format(region=REGION, account=ACCOUNT, name=name)

    # -------------------------------------------------------------------------------------- resources

    def of_type(self, kind: str) -> list[str]:
        """Logical ids of the resources of one type whose condition holds, in the template's order."""
        return [
            logical_id
            for logical_id, resource in self._document["Resources"].items()
            if resource.get("Type") == kind
            and ("Condition" not in resource or self._resolver.condition(resource["Condition"]))
        ]

    def properties(self, logical_id: str) -> dict[str, Any]:
        """A resource's properties with Globals merged in and intrinsics resolved."""
        properties: dict[str, Any] = self.resolve(self._merged_properties(logical_id))
        return properties

    def resolve(self, value: Any) -> Any:
        """Any value of the template with its intrinsic functions evaluated."""
        resolved = self._resolver(value)
        if isinstance(resolved, str):
            return self._local_url(resolved)
        return resolved

    @functools.cached_property
    def api(self) -> str | None:
        """Logical id of the HTTP API; a template has at most one."""
        apis = self.of_type("AWS::Serverless::HttpApi")
        if len(apis) > 1:
            raise TemplateError("the local cloud serves one HTTP API")
        return apis[0] if apis else None

    def functions(self) -> dict[str, Function]:
        """Every Lambda function, by logical id, as things are bound now."""
        return {logical_id: self.function(logical_id) for logical_id in self._function_ids()}

    def function(self, logical_id: str) -> Function:
        """One Lambda function, as things are bound now."""
        raw = self._merged_properties(logical_id)
        properties = self.resolve(raw)
        variables = properties.get("Environment", {}).get("Variables", {})
        if "CodeUri" not in properties or "Handler" not in properties:
            raise TemplateError(f"{logical_id} lacks CodeUri or Handler")
        return Function(
            logical_id=logical_id,
            name=self.name(logical_id),
            arn=self._arn(logical_id),
            folder=(self.root / properties["CodeUri"]).resolve(),
            handler=properties["Handler"],
            timeout=int(properties.get("Timeout", 3)),
            memory=int(properties.get("MemorySize", 128)),
            environment={key: self._text(value) for key, value in variables.items()},
            layers=tuple(self._layer_folders(raw.get("Layers", []))),
            events=tuple(
                Event(name, event["Type"], event.get("Properties", {}))
                for name, event in properties.get("Events", {}).items()
            ),
            statements=tuple(self._statements(raw.get("Policies", []))),
            invoke_config=properties.get("EventInvokeConfig", {}),
            dead_letter_queue=properties.get("DeadLetterQueue", {}).get("TargetArn"),
            log_group=properties.get("LoggingConfig", {}).get(
                "LogGroup", f"/aws/lambda/{self.name(logical_id)}"
            ),
        )

    # -------------------------------------------------------------------------------------- inner

    def _parameters(self, given: Mapping[str, str]) -> dict[str, Any]:
        declared = self._document.get("Parameters", {})
        unknown = set(given) - set(declared)
        if unknown:
            raise TemplateError(f"no such parameters: {', '.join(sorted(unknown))}")
        values = {name: given.get(name, spec.get("Default")) for name, spec in declared.items()}
        missing = sorted(name for name, value in values.items() if value is None)
        if missing:
            raise TemplateError(f"parameters without a value: {', '.join(missing)}")
        return {
            name: value.split(",") if declared[name]["Type"] == "CommaDelimitedList" else value
            for name, value in values.items()
        }

    def _raw(self, logical_id: str) -> dict[str, Any]:
        resource = self._document["Resources"].get(logical_id)
        if resource is None:
            raise TemplateError(f"no resource called {logical_id}")
        found: dict[str, Any] = resource
        return found

    def _kind(self, logical_id: str) -> str:
        return str(self._raw(logical_id)["Type"])

    def _merged_properties(self, logical_id: str) -> dict[str, Any]:
        resource = self._raw(logical_id)
        section = {"AWS::Serverless::Function": "Function", "AWS::Serverless::HttpApi": "HttpApi"}
        common = self._globals.get(section.get(resource["Type"], ""), {})
        properties: dict[str, Any] = merged(common, resource.get("Properties", {}))
        return properties

    def _function_ids(self) -> list[str]:
        return self.of_type("AWS::Serverless::Function")

    def _layer_folders(self, layers: list[Any]) -> Iterator[Path]:
        for layer in layers:
            logical_id = layer.get("Ref") if isinstance(layer, dict) else None
            if logical_id is None:
                raise TemplateError(f"a layer must be one of the template's own: {layer}")
            folder = self.root / self.properties(logical_id)["ContentUri"] / "python"
            # A layer of locked dependencies has no folder in the repository: they are installed
            # in the environment the functions run with.
            if folder.is_dir():
                yield folder.resolve()

    def _statements(self, policies: Any) -> Iterator[Statement]:
        for policy in policies if isinstance(policies, list) else [policies]:
            if not isinstance(policy, dict) or "Statement" not in policy:
                # Managed policies and SAM's policy templates grant more than a function needs.
                raise TemplateError(f"only hand-written statements are understood, not {policy}")
            statements = policy["Statement"]
            for statement in statements if isinstance(statements, list) else [statements]:
                resources = _as_list(self.resolve(statement["Resource"]))
                yield Statement(
                    effect=statement["Effect"],
                    actions=tuple(_as_list(self.resolve(statement["Action"]))),
                    resources=tuple(resources),
                    named=tuple(map(self.named, resources)),
                )

    def _local_url(self, text: str) -> str:
        """The API's address in AWS is its address on this machine."""
        return text.replace(f"https://local.execute-api.{REGION}.amazonaws.com", self.api_url)

    def _text(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        return self._local_url(str(value))


def _as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def function_environment(template: Template, logical_id: str) -> dict[str, str]:
    """The environment variables the template gives a function (without those Lambda itself sets)."""
    return dict(template.function(logical_id).environment)
