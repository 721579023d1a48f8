"""What every resource of the cloud must be: rules over the template as CloudFormation gets it.

A rule is a pure function from the template to what is wrong in it; :func:`rule` enters it in :data:`RULES`.
Its docstring says why it is there. ``test_template.py`` holds the template to all of them, and shows that
each catches what it is for.
"""

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from boto3 import Session
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parents[2]
REGION = "eu-north-1"

FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
EVENT_SOURCE = "AWS::Lambda::EventSourceMapping"
ASYNC_CONFIG = "AWS::Lambda::EventInvokeConfig"
PERMISSION = "AWS::Lambda::Permission"
SCHEDULE = "AWS::Scheduler::Schedule"
HTTP_API = "AWS::ApiGatewayV2::Api"
STAGE = "AWS::ApiGatewayV2::Stage"
USER_POOL = "AWS::Cognito::UserPool"
ROLE = "AWS::IAM::Role"
TABLE = "AWS::DynamoDB::Table"
BUCKET = "AWS::S3::Bucket"
BUCKET_POLICY = "AWS::S3::BucketPolicy"
QUEUE = "AWS::SQS::Queue"
QUEUE_POLICY = "AWS::SQS::QueuePolicy"
TOPIC = "AWS::SNS::Topic"
TOPIC_POLICY = "AWS::SNS::TopicPolicy"
SUBSCRIPTION = "AWS::SNS::Subscription"
MAIL_IDENTITY = "AWS::SES::EmailIdentity"
MAIL_CONFIGURATION = "AWS::SES::ConfigurationSet"
MAIL_DESTINATION = "AWS::SES::ConfigurationSetEventDestination"
ALARM = "AWS::CloudWatch::Alarm"
LOG_GROUP = "AWS::Logs::LogGroup"

ON_FAILURE = ("DestinationConfig", "OnFailure", "Destination")
DEAD_LETTER = ("Target", "DeadLetterConfig", "Arn")
REDRIVE = ("RedrivePolicy", "deadLetterTargetArn")
"""Where a mapping or a function, a schedule and a queue name the queue for what failed."""

type Properties = dict[str, Any]


# ---------------------------------------------------------------- the template


class Route(NamedTuple):
    """One route of the HTTP API: ``GET /v1/me``, answered by a function for those an authorizer lets in."""

    api: str
    method: str
    path: str
    function: str | None
    authorizers: frozenset[str]


class Grant(NamedTuple):
    """One statement of a role's own policies."""

    role: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[Any, ...]
    statement: Properties


@dataclass(frozen=True)
class Template:
    """A CloudFormation template; names are logical ids."""

    resources: dict[str, Any]

    def of_type(self, *kinds: str) -> dict[str, Properties]:
        """Properties of each resource of these kinds, by name."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] in kinds
        }

    def folder(self, function: str) -> str:
        """Where a function's code lies: ``functions/invoicing``."""
        return str(self.of_type(FUNCTION)[function]["Code"]["S3Key"]).rstrip("/")

    def layers(self, function: str) -> list[str]:
        """A function's layers by the names we gave them; SAM adds ten digits of a hash."""
        layers = self.of_type(FUNCTION)[function].get("Layers", [])
        return [re.sub(r"[0-9a-f]{10}$", "", str(referred(layer))) for layer in layers]

    def environment(self, function: str) -> dict[str, str]:
        """A function's variables; what only a deployed stack knows has the variable's own name as value."""
        variables = self.of_type(FUNCTION)[function]["Environment"]["Variables"]
        return {
            name: value if isinstance(value, str) else name.lower().replace("_", "-")
            for name, value in variables.items()
        }

    def routes(self) -> Iterator[Route]:
        """Every route of the HTTP API, ``$default`` among them."""
        for api, properties in self.of_type(HTTP_API).items():
            for path, operations in properties["Body"]["paths"].items():
                for verb, operation in operations.items():
                    yield Route(
                        api,
                        "ANY" if verb == "x-amazon-apigateway-any-method" else verb.upper(),
                        path,
                        referred(operation["x-amazon-apigateway-integration"]["uri"]),
                        frozenset(name for scheme in operation.get("security", []) for name in scheme),
                    )

    def http_functions(self) -> set[str]:
        """Functions that answer at least one route."""
        answering = {route.function for route in self.routes()}
        return {function for function in self.of_type(FUNCTION) if function in answering}

    def grants(self) -> Iterator[Grant]:
        """Every statement written into a role."""
        for role, properties in self.of_type(ROLE).items():
            for policy in properties.get("Policies", []):
                for statement in _listed(policy["PolicyDocument"]["Statement"]):
                    yield Grant(
                        role,
                        statement.get("Sid", policy["PolicyName"]),
                        tuple(_listed(statement.get("Action", []))),
                        tuple(self._by_bucket(each) for each in _listed(statement.get("Resource", []))),
                        statement,
                    )

    def _by_bucket(self, resource: Any) -> Any:
        """A bucket that calls a function is granted to it by its name in text: its Arn would be a circle."""
        match resource:
            case {"Fn::Sub": str(text)}:
                for name, bucket in self.of_type(BUCKET).items():
                    arn = "arn:${AWS::Partition}:s3:::" + str(_dig(bucket, "BucketName", "Fn::Sub"))
                    if text.startswith(f"{arn}/"):
                        return {"Fn::Sub": f"${{{name}.Arn}}{text.removeprefix(arn)}"}
        return resource

    def event_sources(self, service: str) -> dict[str, Properties]:
        """Mappings that read a table's stream (``TABLE``) or a queue (``QUEUE``)."""
        sources = self.of_type(service)
        return {
            name: mapping
            for name, mapping in self.of_type(EVENT_SOURCE).items()
            if referred(mapping["EventSourceArn"]) in sources
        }

    def s3_triggers(self) -> Iterator[tuple[str, Properties]]:
        """Each notification to a function, with its bucket."""
        for bucket, properties in self.of_type(BUCKET).items():
            for trigger in properties.get("NotificationConfiguration", {}).get("LambdaConfigurations", []):
                yield bucket, trigger

    def async_functions(self) -> set[str]:
        """Functions whose caller does not wait: S3 and the scheduler hand the event over and are done."""
        called = [trigger["Function"] for _, trigger in self.s3_triggers()]
        called += [schedule["Target"]["Arn"] for schedule in self.of_type(SCHEDULE).values()]
        return {str(function) for function in map(referred, called)}

    def failure_queues(self) -> set[str]:
        """Queues that take what could not be done, found by what points at them."""
        named = {
            referred(_dig(properties, *path))
            for properties in self.of_type(EVENT_SOURCE, ASYNC_CONFIG, SCHEDULE, QUEUE).values()
            for path in (ON_FAILURE, DEAD_LETTER, REDRIVE)
        }
        return {queue for queue in self.of_type(QUEUE) if queue in named}


@functools.cache
def load_template() -> Template:
    """``template.yaml`` after the SAM transform, done on this machine: no account, no network."""
    source = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return transformed(source)


def transformed(source: dict[str, Any]) -> Template:
    """A SAM template as CloudFormation gets it; a code folder becomes the key of a made-up bucket."""
    for resource in source["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][name] = f"s3://code/{resource['Properties'][name]}"
    translator = Translator({}, Parser(), boto_session=Session(region_name=REGION))
    return Template(translator.translate(source, {})["Resources"])


def referred(value: Any) -> str | None:
    """The resource that ``!Ref``, ``!GetAtt`` or ``!Sub`` points at."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::Sub": str(text)} if found := re.search(r"\$\{(\w+)(?:\.\w+)?\}", text):
            return found[1]
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _dig(value: Any, *path: str) -> Any:
    """What lies at the path, or None where it ends early."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


# ---------------------------------------------------------------- what a rule is


class Finding(NamedTuple):
    """One thing wrong with one resource."""

    resource: str
    problem: str


type Rule = Callable[[Template], Iterator[Finding]]

RULES: list[Rule] = []


def rule(check: Rule) -> Rule:
    """Enter a rule in :data:`RULES`."""
    RULES.append(check)
    return check


def _unlike(resource: str, properties: Properties, wanted: Mapping[str, object]) -> Iterator[Finding]:
    """Findings for each dotted path whose value is not the wanted one."""
    for path, value in wanted.items():
        found = _dig(properties, *path.split("."))
        if found != value:
            yield Finding(resource, f"{path} is {found!r}, must be {value!r}")


def _missing(names: Iterable[str], held: Iterable[str], problem: str) -> Iterator[Finding]:
    for name in sorted(set(names) - set(held)):
        yield Finding(name, problem)


# ---------------------------------------------------------------- functions

LONGEST_ANSWER = 30
"""Seconds after which an HTTP API gives up on a function."""


@rule
def functions_run_alike(template: Template) -> Iterator[Finding]:
    """One runtime, one processor, one way to log and trace: what Globals say, nobody unsays."""
    for name, function in template.of_type(FUNCTION).items():
        yield from _unlike(
            name,
            function,
            {
                "Runtime": "python3.13",
                "Architectures": ["arm64"],
                "Handler": "app.handler",
                "TracingConfig.Mode": "Active",
                "LoggingConfig.LogFormat": "JSON",
            },
        )


@rule
def functions_have_limits_of_our_choice(template: Template) -> Iterator[Finding]:
    """Lambda's own defaults, 3 seconds and 128 MB, are right for nothing here."""
    for name, function in template.of_type(FUNCTION).items():
        for limit in ("Timeout", "MemorySize"):
            if not isinstance(function.get(limit), int):
                yield Finding(name, f"{limit} is not given")


@rule
def http_functions_answer_before_the_api_gives_up(template: Template) -> Iterator[Finding]:
    """Else the client gets a bare 503 while the function goes on writing."""
    functions = template.of_type(FUNCTION)
    for name in sorted(template.http_functions()):
        if (timeout := functions[name].get("Timeout", 3)) >= LONGEST_ANSWER:
            yield Finding(name, f"may take {timeout} s, the HTTP API waits {LONGEST_ANSWER} s")


@rule
def functions_have_our_layers(template: Template) -> Iterator[Finding]:
    """Without them a function finds neither our code nor what that needs."""
    for name in template.of_type(FUNCTION):
        for shared in ("SamklangLayer", "CoreLayer"):
            if shared not in template.layers(name):
                yield Finding(name, f"lacks {shared}")


@rule
def layers_fit_the_functions(template: Template) -> Iterator[Finding]:
    """Compiled packages for another processor or Python fail at import, in the cloud only."""
    for name, layer in template.of_type(LAYER).items():
        wanted = {"CompatibleRuntimes": ["python3.13"], "CompatibleArchitectures": ["arm64"]}
        yield from _unlike(name, layer, wanted)


@rule
def functions_log_to_a_group_of_their_own(template: Template) -> Iterator[Finding]:
    """A group made by Lambda itself keeps its logs, and their cost, forever."""
    owners: dict[str, str] = {}
    for name, function in template.of_type(FUNCTION).items():
        group = referred(_dig(function, "LoggingConfig", "LogGroup"))
        if group not in template.of_type(LOG_GROUP):
            yield Finding(name, "logs to no group of this template")
        elif group in owners:
            yield Finding(name, f"shares {group} with {owners[group]}")
        else:
            owners[group] = name


@rule
def logs_are_not_kept_forever(template: Template) -> Iterator[Finding]:
    """CloudWatch keeps logs forever unless told."""
    for name, group in template.of_type(LOG_GROUP).items():
        if not group.get("RetentionInDays"):
            yield Finding(name, "has no retention")


@rule
def callers_of_functions_are_named(template: Template) -> Iterator[Finding]:
    """A permission for a whole AWS service lets every account's API or bucket call the function."""
    for name, permission in template.of_type(PERMISSION).items():
        if not {"SourceArn", "SourceAccount"} & permission.keys():
            yield Finding(name, f"lets anyone call through {permission.get('Principal')}")


# ---------------------------------------------------------------- alarms


def _sounds(template: Template, alarm: Properties, value: float) -> bool:
    """Would this alarm tell somebody when the metric reaches the value?"""
    topics = template.of_type(TOPIC)
    return (
        alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        and value >= alarm["Threshold"]
        and alarm.get("Statistic") in {"Sum", "Maximum"}
        and alarm.get("ActionsEnabled", True) is True
        and any(referred(action) in topics for action in alarm.get("AlarmActions", []))
    )


def _is_watched(template: Template, resource: str, metric: str, value: float) -> bool:
    """Does an alarm sound when the resource's metric reaches the value?"""
    return any(
        f"{alarm.get('Namespace')}/{alarm.get('MetricName')}" == metric
        and [referred(dimension["Value"]) for dimension in alarm.get("Dimensions", [])] == [resource]
        and _sounds(template, alarm, value)
        for alarm in template.of_type(ALARM).values()
    )


@rule
def functions_raise_an_alarm_at_the_first_error(template: Template) -> Iterator[Finding]:
    """A user's mistake is no error of the function: each one is ours."""
    for name in template.of_type(FUNCTION):
        if not _is_watched(template, name, "AWS/Lambda/Errors", 1):
            yield Finding(name, "no alarm sounds at its first error")


@rule
def functions_raise_an_alarm_at_the_first_throttle(template: Template) -> Iterator[Finding]:
    """A throttled function was never run: it cannot log that itself."""
    for name in template.of_type(FUNCTION):
        if not _is_watched(template, name, "AWS/Lambda/Throttles", 1):
            yield Finding(name, "no alarm sounds when it is throttled")


@rule
def alarms_reach_their_topic(template: Template) -> Iterator[Finding]:
    """CloudWatch may not use the key behind ``alias/aws/sns``: its alarms to such a topic are lost."""
    for name, topic in template.of_type(TOPIC).items():
        if topic.get("KmsMasterKeyId") == "alias/aws/sns":
            yield Finding(name, "is encrypted with AWS's own key for SNS, which CloudWatch may not use")


# ---------------------------------------------------------------- permissions

MANAGED_POLICIES: dict[str, str | None] = {
    "service-role/AWSLambdaBasicExecutionRole": None,
    "AWSXrayWriteOnlyAccess": None,
    "service-role/AWSLambdaDynamoDBExecutionRole": TABLE,
    "service-role/AWSLambdaSQSQueueExecutionRole": QUEUE,
}
"""Policies of AWS, each with ``Resource: "*"``, that a role may have, and the event that it takes to have it.

- Logs: SAM gives it to every function it makes a role for.
- X-Ray: SAM gives it for ``Tracing: Active``; X-Ray has no resources to name.
- DynamoDB, SQS: SAM gives them to a function with such an event, unless it brings a role of its own.
  They let it read any stream, or take from any queue, of the account.
"""

NEVER_GRANTED = {
    "dynamodb:Scan": "every read is a key or an index",
    "s3:DeleteObjectVersion": "what is kept by law is not erased",
    "s3:BypassGovernanceRetention": "what is kept by law is not erased",
}

_INDEX_OF_TABLE = re.compile(r"\$\{(\w+)\.Arn\}/index/\w+")
_SES = r"arn:\$\{AWS::Partition\}:ses:\$\{AWS::Region\}:\$\{AWS::AccountId\}"
_OF_SES = {
    MAIL_IDENTITY: re.compile(_SES + r":identity/\$\{(\w+)\}"),
    MAIL_CONFIGURATION: re.compile(_SES + r":configuration-set/\$\{(\w+)\}"),
}
"""Resources of SES have no attribute Arn: it is written out."""

_OBJECTS_OF_BUCKET = re.compile(r"\$\{(\w+)\.Arn\}/(?:[\w-]+/)*\*")


@rule
def grants_name_each_action(template: Template) -> Iterator[Finding]:
    """A wildcard grows with every action AWS adds; NotAction is a wildcard with holes."""
    for grant in template.grants():
        if not grant.actions or "NotAction" in grant.statement:
            yield Finding(grant.role, f"{grant.sid} does not name its actions")
        for action in grant.actions:
            if "*" in action or "?" in action:
                yield Finding(grant.role, f"{grant.sid} grants {action}")


@rule
def grants_name_one_resource_of_ours(template: Template) -> Iterator[Finding]:
    """One table, one index, one bucket's objects, one queue. SAM's Crud policies name two: caught here."""
    for grant in template.grants():
        match grant.resources:
            case [resource] if "NotResource" not in grant.statement and _is_ours(template, resource):
                pass
            case _:
                yield Finding(grant.role, f"{grant.sid} is not about one resource of this template")


def _is_ours(template: Template, resource: Any) -> bool:
    match resource:
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name in template.resources
        case {"Fn::Sub": str(text)} if index := _INDEX_OF_TABLE.fullmatch(text):
            return index[1] in template.of_type(TABLE)
        case {"Fn::Sub": str(text)} if objects := _OBJECTS_OF_BUCKET.fullmatch(text):
            return objects[1] in template.of_type(BUCKET)
        case {"Fn::Sub": str(text)}:
            found = ((kind, arn.fullmatch(text)) for kind, arn in _OF_SES.items())
            return any(match and match[1] in template.of_type(kind) for kind, match in found)
    return False


@rule
def grants_are_written_in_their_function(template: Template) -> Iterator[Finding]:
    """Who reads a function sees all it may do; a policy that is shared belongs to nobody."""
    for name in template.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        yield Finding(name, "is a policy apart from any function")


@rule
def nobody_scans_or_erases(template: Template) -> Iterator[Finding]:
    """What the design rules out is not granted either."""
    for grant in template.grants():
        for action in grant.actions:
            if action in NEVER_GRANTED:
                yield Finding(grant.role, f"{grant.sid} grants {action}, but {NEVER_GRANTED[action]}")


@rule
def policies_of_aws_are_the_few_we_know(template: Template) -> Iterator[Finding]:
    """They are wide and change without us: see :data:`MANAGED_POLICIES`."""
    role_of = {referred(function.get("Role")): name for name, function in template.of_type(FUNCTION).items()}
    for name, role in template.of_type(ROLE).items():
        for arn in role.get("ManagedPolicyArns", []):
            policy = str(arn).partition(":policy/")[2]
            if policy not in MANAGED_POLICIES:
                yield Finding(name, f"has {arn}")
            elif (source := MANAGED_POLICIES[policy]) and role_of.get(name) not in {
                referred(mapping["FunctionName"]) for mapping in template.event_sources(source).values()
            }:
                yield Finding(name, f"has {policy}, but no such event")


@rule
def functions_are_granted_what_they_are_told_of(template: Template) -> Iterator[Finding]:
    """A name without a grant fails in the cloud only; a grant without a name is left over."""
    ours = template.of_type(TABLE, BUCKET, QUEUE, MAIL_IDENTITY, MAIL_CONFIGURATION).keys()
    buckets = {
        json.dumps(bucket["BucketName"]): name
        for name, bucket in template.of_type(BUCKET).items()
        if "BucketName" in bucket
    }
    for name, function in template.of_type(FUNCTION).items():
        variables = _dig(function, "Environment", "Variables") or {}
        told = {buckets.get(json.dumps(value)) or str(referred(value)) for value in variables.values()}
        granted = {
            str(referred(resource))
            for grant in template.grants()
            if grant.role == referred(function.get("Role"))
            for resource in grant.resources
        }
        for resource in sorted((told - granted) & ours):
            yield Finding(name, f"is told of {resource}, but granted nothing on it")
        for resource in sorted((granted - told) & ours - template.failure_queues()):
            yield Finding(name, f"is granted something on {resource}, but not told its name")


# ---------------------------------------------------------------- streams, queues, files, schedules

LONGEST_STREAM = 24 * 3600
"""Seconds a table's stream keeps a record."""


@rule
def streams_are_filtered(template: Template) -> Iterator[Finding]:
    """The two books write to each other: without a filter each would echo the other."""
    for name, mapping in template.event_sources(TABLE).items():
        patterns = [filter_["Pattern"] for filter_ in _dig(mapping, "FilterCriteria", "Filters") or []]
        if not patterns or not all(json.loads(pattern) for pattern in patterns):
            yield Finding(name, "lets every record through")


@rule
def batches_report_what_failed(template: Template) -> Iterator[Finding]:
    """Else one bad record brings its whole batch back, good ones and all."""
    for name, mapping in template.of_type(EVENT_SOURCE).items():
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield Finding(name, "takes a batch as a whole")


@rule
def streams_get_past_a_poison_record(template: Template) -> Iterator[Finding]:
    """A shard stands still behind a record until it is given up; by default that is never."""
    for name, mapping in template.event_sources(TABLE).items():
        if mapping.get("BisectBatchOnFunctionError") is not True:
            yield Finding(name, "does not halve a failed batch")
        if mapping.get("MaximumRetryAttempts", -1) < 0:
            yield Finding(name, "retries without end")
        if not 0 < mapping.get("MaximumRecordAgeInSeconds", -1) <= LONGEST_STREAM:
            yield Finding(name, "tries a record of any age")


@rule
def streams_keep_what_failed(template: Template) -> Iterator[Finding]:
    """A record given up is lost unless a queue takes the note of where it was."""
    for name, mapping in template.event_sources(TABLE).items():
        if referred(_dig(mapping, *ON_FAILURE)) not in template.of_type(QUEUE):
            yield Finding(name, "has no queue for what failed")


@rule
def streams_raise_an_alarm_before_they_give_up(template: Template) -> Iterator[Finding]:
    """A stream that falls behind makes no error: only its age shows it."""
    for name, mapping in template.event_sources(TABLE).items():
        function = str(referred(mapping["FunctionName"]))
        given_up = mapping.get("MaximumRecordAgeInSeconds", LONGEST_STREAM) * 1000
        if not _is_watched(template, function, "AWS/Lambda/IteratorAge", given_up - 1):
            yield Finding(function, f"no alarm sounds before {name} gives up a record")


@rule
def async_functions_keep_what_failed(template: Template) -> Iterator[Finding]:
    """Lambda drops an event after its retries; a schedule's own queue takes only what was not delivered."""
    configs = {referred(config["FunctionName"]): config for config in template.of_type(ASYNC_CONFIG).values()}
    for name in sorted(template.async_functions()):
        config = configs.get(name, {})
        if "MaximumRetryAttempts" not in config or "MaximumEventAgeInSeconds" not in config:
            yield Finding(name, "its retries have no cap of our choice")
        if referred(_dig(config, *ON_FAILURE)) not in template.of_type(QUEUE):
            yield Finding(name, "has no queue for what failed")


@rule
def s3_triggers_watch_one_folder(template: Template) -> Iterator[Finding]:
    """A function that writes where it listens calls itself without end."""
    for bucket, trigger in template.s3_triggers():
        rules = _dig(trigger, "Filter", "S3Key", "Rules") or []
        if not any(rule["Name"].lower() == "prefix" and rule["Value"] for rule in rules):
            yield Finding(bucket, f"calls {referred(trigger['Function'])} for every object")


@rule
def schedules_end_and_keep_what_failed(template: Template) -> Iterator[Finding]:
    """The scheduler's default is 185 tries during a day, then silence."""
    for name, schedule in template.of_type(SCHEDULE).items():
        retries = _dig(schedule, "Target", "RetryPolicy") or {}
        if "MaximumRetryAttempts" not in retries or "MaximumEventAgeInSeconds" not in retries:
            yield Finding(name, "its retries have no cap of our choice")
        if referred(_dig(schedule, *DEAD_LETTER)) not in template.of_type(QUEUE):
            yield Finding(name, "has no queue for what failed")


@rule
def schedules_follow_swedish_time(template: Template) -> Iterator[Finding]:
    """UTC is an hour or two off, and another day at midnight."""
    for name, schedule in template.of_type(SCHEDULE).items():
        yield from _unlike(name, schedule, {"ScheduleExpressionTimezone": "Europe/Stockholm"})


@rule
def queues_are_encrypted_and_keep_for_a_set_time(template: Template) -> Iterator[Finding]:
    """Written out, also where it is AWS's default today."""
    for name, queue in template.of_type(QUEUE).items():
        yield from _unlike(name, queue, {"SqsManagedSseEnabled": True})
        if "MessageRetentionPeriod" not in queue:
            yield Finding(name, "has no retention")


@rule
def queues_hide_a_message_while_it_is_worked_on(template: Template) -> Iterator[Finding]:
    """AWS asks for six times the function's timeout: room for Lambda's own retries when it is throttled."""
    functions, queues = template.of_type(FUNCTION), template.of_type(QUEUE)
    for mapping in template.event_sources(QUEUE).values():
        queue, function = str(referred(mapping["EventSourceArn"])), str(referred(mapping["FunctionName"]))
        hidden, needed = queues[queue].get("VisibilityTimeout", 30), 6 * functions[function].get("Timeout", 3)
        if hidden < needed:
            yield Finding(queue, f"shows a message again after {hidden} s, {function} needs {needed} s")


@rule
def worked_queues_put_aside_what_failed(template: Template) -> Iterator[Finding]:
    """A message keeps its age when it is moved: the queue it is moved to must keep it for longer."""
    queues = template.of_type(QUEUE)
    for mapping in template.event_sources(QUEUE).values():
        name = str(referred(mapping["EventSourceArn"]))
        aside = referred(_dig(queues[name], *REDRIVE))
        if aside not in queues:
            yield Finding(name, "has no queue for what failed")
        elif queues[aside].get("MessageRetentionPeriod", 0) <= queues[name].get("MessageRetentionPeriod", 0):
            yield Finding(name, f"keeps a message as long as {aside}, which may get it only to drop it")


@rule
def failure_queues_raise_an_alarm_at_the_first_message(template: Template) -> Iterator[Finding]:
    """What nobody knows of, nobody sends again."""
    for name in sorted(template.failure_queues()):
        if not _is_watched(template, name, "AWS/SQS/ApproximateNumberOfMessagesVisible", 1):
            yield Finding(name, "no alarm sounds at its first message")


@rule
def failure_queues_keep_for_as_long_as_they_can(template: Template) -> Iterator[Finding]:
    """Fourteen days, SQS's most: somebody must come back from holiday to see to it."""
    queues = template.of_type(QUEUE)
    for name in sorted(template.failure_queues()):
        yield from _unlike(name, queues[name], {"MessageRetentionPeriod": 14 * 24 * 3600})


# ---------------------------------------------------------------- e-mail, topics, and who may reach whom

TOLD_OF_MAIL = {"send", "delivery", "bounce", "complaint", "reject"}
"""What an invoice shows of its e-mail, and what tells a retry that the e-mail has gone."""

REPUTATION = {"Reputation.BounceRate": 0.05, "Reputation.ComplaintRate": 0.001}
"""Shares of all e-mail from which on SES reviews an account, and may stop it."""


@rule
def mail_is_signed_and_travels_encrypted(template: Template) -> Iterator[Finding]:
    """Unsigned invoices look like somebody else's; without TLS anybody on the way can read them."""
    for name, identity in template.of_type(MAIL_IDENTITY).items():
        yield from _unlike(name, identity, {"DkimAttributes.SigningEnabled": True})
    for name, configuration in template.of_type(MAIL_CONFIGURATION).items():
        yield from _unlike(name, configuration, {"DeliveryOptions.TlsPolicy": "REQUIRE"})


@rule
def mail_stops_at_addresses_that_do_not_want_it(template: Template) -> Iterator[Finding]:
    """SES stops an account that goes on sending to addresses that bounce or complain."""
    for name, configuration in template.of_type(MAIL_CONFIGURATION).items():
        wanted = {
            "SuppressionOptions.SuppressedReasons": ["BOUNCE", "COMPLAINT"],
            "ReputationOptions.ReputationMetricsEnabled": True,
        }
        yield from _unlike(name, configuration, wanted)


@rule
def mail_raises_an_alarm_before_ses_reviews_the_account(template: Template) -> Iterator[Finding]:
    """These metrics are the account's: they have no dimensions."""
    for name in template.of_type(MAIL_IDENTITY):
        for metric, reviewed in REPUTATION.items():
            if not any(
                (alarm.get("Namespace"), alarm.get("MetricName"), alarm.get("Dimensions", []))
                == ("AWS/SES", metric, [])
                and float(alarm["Threshold"]) < reviewed
                and _sounds(template, {**alarm, "Threshold": float(alarm["Threshold"])}, reviewed)
                for alarm in template.of_type(ALARM).values()
            ):
                yield Finding(name, f"no alarm sounds at a {metric} of {reviewed}")


@rule
def what_becomes_of_mail_is_told(template: Template) -> Iterator[Finding]:
    """SES asks the topic's policy, and says nothing when it is kept out."""
    topics = template.of_type(TOPIC)
    told: dict[str | None, set[str]] = {}
    for name, properties in template.of_type(MAIL_DESTINATION).items():
        destination = properties["EventDestination"]
        topic = referred(_dig(destination, "SnsDestination", "TopicARN"))
        configuration = referred(properties["ConfigurationSetName"])
        if topic not in topics or destination.get("Enabled") is not True:
            yield Finding(name, "tells no topic of this template")
        elif not _lets_in(template, TOPIC_POLICY, topic, "ses.amazonaws.com", configuration):
            yield Finding(name, f"{topic} does not let {configuration} in")
        else:
            told.setdefault(configuration, set()).update(destination["MatchingEventTypes"])
    for name in template.of_type(MAIL_CONFIGURATION):
        if missing := TOLD_OF_MAIL - told.get(name, set()):
            yield Finding(name, f"nobody is told of {', '.join(sorted(missing))}")


@rule
def topics_reach_their_queues(template: Template) -> Iterator[Finding]:
    """SNS asks the queue's policy; what is kept out is lost."""
    for name, subscription in template.of_type(SUBSCRIPTION).items():
        topic, queue = referred(subscription["TopicArn"]), referred(subscription["Endpoint"])
        if subscription.get("Protocol") != "sqs" or queue not in template.of_type(QUEUE):
            yield Finding(name, "leads to no queue of this template")
        elif not _lets_in(template, QUEUE_POLICY, queue, "sns.amazonaws.com", topic):
            yield Finding(name, f"{queue} does not let {topic} in")


@rule
def topics_hand_on_events_and_nothing_else(template: Template) -> Iterator[Finding]:
    """SES greets a topic with a line of text: unfiltered, it is poison to who reads JSON from the queue."""
    for name, subscription in template.of_type(SUBSCRIPTION).items():
        yield from _unlike(
            name, subscription, {"RawMessageDelivery": True, "FilterPolicyScope": "MessageBody"}
        )
        if not subscription.get("FilterPolicy"):
            yield Finding(name, "lets every message through")


@rule
def policies_of_topics_and_queues_name_who_comes_in(template: Template) -> Iterator[Finding]:
    """A service let in without a source is let in from every account; and all must come over TLS."""
    for name, policy in template.of_type(TOPIC_POLICY, QUEUE_POLICY).items():
        statements = _listed(policy["PolicyDocument"]["Statement"])
        for statement in statements:
            if statement["Effect"] == "Allow" and (
                list(statement.get("Principal", {})) != ["Service"] or _source_of(statement) is None
            ):
                yield Finding(name, f"{statement.get('Sid')} does not name a service and its source")
        if not any(
            statement["Effect"] == "Deny"
            and statement.get("Principal") == "*"
            and str(_dig(statement, "Condition", "Bool", "aws:SecureTransport")).lower() == "false"
            for statement in statements
        ):
            yield Finding(name, "lets in who comes without TLS")


def _lets_in(template: Template, kind: str, target: str, service: str, source: str | None) -> bool:
    """Does a policy of the target let the service in on behalf of the source?"""
    key, action = ("Topics", "sns:Publish") if kind == TOPIC_POLICY else ("Queues", "sqs:SendMessage")
    return any(
        target in map(referred, policy[key])
        and statement["Effect"] == "Allow"
        and statement.get("Principal") == {"Service": service}
        and statement.get("Action") == action
        and referred(statement.get("Resource")) == target
        and _source_of(statement) == source
        for policy in template.of_type(kind).values()
        for statement in _listed(policy["PolicyDocument"]["Statement"])
    )


def _source_of(statement: Properties) -> str | None:
    """The one resource a statement lets in."""
    conditions = statement.get("Condition", {})
    return next(
        (
            referred(conditions[test]["aws:SourceArn"])
            for test in ("StringEquals", "ArnEquals")
            if "aws:SourceArn" in conditions.get(test, {})
        ),
        None,
    )


# ---------------------------------------------------------------- what is kept

BOOKS = {"InvoicingTable", "LedgerTable"}
"""Tables whose changes the other side follows."""

LOCKED_BUCKETS = {"DocumentsBucket"}
"""Buckets of what the Bookkeeping Act says must be kept unchanged for seven years."""


@rule
def data_outlive_the_stack(template: Template) -> Iterator[Finding]:
    """Deleting a stack, or replacing a resource in it, must not delete anybody's books."""
    for name in template.of_type(TABLE, BUCKET, USER_POOL):
        wanted = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
        yield from _unlike(name, template.resources[name], wanted)


@rule
def tables_are_safe_and_on_demand(template: Template) -> Iterator[Finding]:
    """Point-in-time recovery undoes our mistakes, deletion protection stops the last one."""
    for name, table in template.of_type(TABLE).items():
        yield from _unlike(
            name,
            table,
            {
                "BillingMode": "PAY_PER_REQUEST",
                "DeletionProtectionEnabled": True,
                "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled": True,
                "SSESpecification.SSEEnabled": True,
            },
        )


@rule
def the_books_stream_what_was_and_what_is(template: Template) -> Iterator[Finding]:
    """A follower that sees only the new image cannot tell what changed."""
    tables = template.of_type(TABLE)
    read = {str(referred(mapping["EventSourceArn"])) for mapping in template.event_sources(TABLE).values()}
    yield from _missing(BOOKS, tables, "is not in the template")
    for name in sorted((BOOKS | read) & tables.keys()):
        yield from _unlike(name, tables[name], {"StreamSpecification.StreamViewType": "NEW_AND_OLD_IMAGES"})


@rule
def users_are_safe(template: Template) -> Iterator[Finding]:
    """A user pool cannot be restored."""
    for name, pool in template.of_type(USER_POOL).items():
        yield from _unlike(name, pool, {"DeletionProtection": "ACTIVE"})


@rule
def buckets_are_private_versioned_and_encrypted(template: Template) -> Iterator[Finding]:
    """Each written out, also where it is AWS's default today."""
    for name, bucket in template.of_type(BUCKET).items():
        yield from _unlike(
            name,
            bucket,
            {
                "PublicAccessBlockConfiguration.BlockPublicAcls": True,
                "PublicAccessBlockConfiguration.BlockPublicPolicy": True,
                "PublicAccessBlockConfiguration.IgnorePublicAcls": True,
                "PublicAccessBlockConfiguration.RestrictPublicBuckets": True,
                "OwnershipControls.Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}],
                "VersioningConfiguration.Status": "Enabled",
            },
        )
        encryption = _dig(bucket, "BucketEncryption", "ServerSideEncryptionConfiguration") or []
        if not any(_dig(entry, "ServerSideEncryptionByDefault", "SSEAlgorithm") for entry in encryption):
            yield Finding(name, "is not encrypted")


@rule
def buckets_refuse_plain_http(template: Template) -> Iterator[Finding]:
    """S3 answers without TLS too, unless told not to."""
    refusing = {
        str(referred(policy["Bucket"]))
        for policy in template.of_type(BUCKET_POLICY).values()
        for statement in _listed(policy["PolicyDocument"]["Statement"])
        if _refuses_plain_http(statement, referred(policy["Bucket"]))
    }
    yield from _missing(template.of_type(BUCKET), refusing, "answers without TLS")


def _refuses_plain_http(statement: Properties, bucket: str | None) -> bool:
    secure = _dig(statement, "Condition", "Bool", "aws:SecureTransport")
    return (
        (statement.get("Effect"), statement.get("Action")) == ("Deny", "s3:*")
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and str(secure).lower() == "false"
        and {"Fn::GetAtt": [bucket, "Arn"]} in _listed(statement.get("Resource"))
        and {"Fn::Sub": f"${{{bucket}.Arn}}/*"} in _listed(statement.get("Resource"))
    )


@rule
def documents_can_be_locked(template: Template) -> Iterator[Finding]:
    """Object Lock can be chosen only when a bucket is made."""
    buckets = template.of_type(BUCKET)
    yield from _missing(LOCKED_BUCKETS, buckets, "is not in the template")
    for name in sorted(LOCKED_BUCKETS & buckets.keys()):
        wanted = {"ObjectLockEnabled": True, "ObjectLockConfiguration.ObjectLockEnabled": "Enabled"}
        yield from _unlike(name, buckets[name], wanted)


# ---------------------------------------------------------------- the HTTP API

OPEN_ROUTES = {
    ("GET", "/v1/health"): "is the system up? asked by monitors",
    ("GET", "/v1/openapi.json"): "the interface is public",
    ("GET", "/v1/docs"): "the interface is public",
    ("ANY", "$default"): "answers 404 to what is no route",
}
"""Routes for everybody, each with its reason."""


@rule
def routes_ask_who_is_calling(template: Template) -> Iterator[Finding]:
    """A route is open only if :data:`OPEN_ROUTES` says so; the authorizer is the one of our users."""
    for route in template.routes():
        if (route.method, route.path) not in OPEN_ROUTES and not _is_guarded(template, route):
            yield Finding(route.api, f"{route.method} {route.path} is open to everybody")


def _is_guarded(template: Template, route: Route) -> bool:
    schemes = _dig(template.resources, route.api, "Properties", "Body", "components", "securitySchemes") or {}
    return bool(route.authorizers) and all(
        _trusts_our_users(template, schemes.get(name)) for name in route.authorizers
    )


def _trusts_our_users(template: Template, scheme: Any) -> bool:
    authorizer = _dig(scheme, "x-amazon-apigateway-authorizer")
    audience = _dig(authorizer, "jwtConfiguration", "audience") or []
    return (
        _dig(authorizer, "type") == "jwt"
        and _dig(authorizer, "identitySource") == "$request.header.Authorization"
        and referred(_dig(authorizer, "jwtConfiguration", "issuer")) in template.of_type(USER_POOL)
        and [referred(client) for client in audience] == [*template.of_type("AWS::Cognito::UserPoolClient")]
    )


@rule
def routes_lead_to_a_function(template: Template) -> Iterator[Finding]:
    """Every route is answered by a function of this template, and unknown addresses too."""
    functions = template.of_type(FUNCTION)
    for route in template.routes():
        if route.function not in functions:
            yield Finding(route.api, f"{route.method} {route.path} leads to no function")
    for api in template.of_type(HTTP_API):
        if not any(route.api == api and route.path == "$default" for route in template.routes()):
            yield Finding(api, "answers unknown addresses in its own words, not as a problem")


@rule
def the_api_lets_in_one_web_app(template: Template) -> Iterator[Finding]:
    """A wildcard lets any page call us from a user's browser."""
    for name, api in template.of_type(HTTP_API).items():
        origins = _dig(api, "Body", "x-amazon-apigateway-cors", "allowOrigins") or []
        if any("*" in origin for origin in origins if isinstance(origin, str)):
            yield Finding(name, "lets in pages from everywhere")


@rule
def the_api_is_throttled_and_logged(template: Template) -> Iterator[Finding]:
    """The account's own limit is shared by everything in it."""
    for name, stage in template.of_type(STAGE).items():
        for limit in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
            if not _dig(stage, "DefaultRouteSettings", limit):
                yield Finding(name, f"has no {limit}")
        if referred(_dig(stage, "AccessLogSettings", "DestinationArn")) not in template.of_type(LOG_GROUP):
            yield Finding(name, "keeps no access log")
