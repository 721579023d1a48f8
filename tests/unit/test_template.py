"""The template keeps every rule of ``template_rules``, and every rule catches what it is for."""

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.unit import template_rules as rules
from tests.unit.template_rules import ROOT, RULES, Rule, Template, load_template

GONE = object()
"""In place of a value: it is taken away."""


@dataclass(frozen=True)
class Violation:
    """One change of the template that breaks a rule, and the resource to be blamed for it."""

    path: str
    value: object
    blamed: str

    def __str__(self) -> str:
        """Name the test."""
        return f"{self.path} {'gone' if self.value is GONE else str(self.value)[:40]}"

    def planted(self, template: Template) -> Template:
        """A copy of the template with the change in it."""
        resources = copy.deepcopy(template.resources)
        *way, last = (int(step) if step.isdigit() else step for step in self.path.split("."))
        inside: Any = resources
        for step in way:
            inside = inside[step]
        if self.value is GONE:
            del inside[last]
        else:
            inside[last] = self.value
        return Template(resources)


def changed(path: str, *, to: object, blames: str | None = None) -> Violation:
    """Another value at a dotted path; unless said otherwise, the changed resource is to be blamed."""
    return Violation(path, to, blames or path.partition(".")[0])


def gone(path: str, *, blames: str | None = None) -> Violation:
    """Nothing at a dotted path."""
    return changed(path, to=GONE, blames=blames)


def caught(rule: Rule, before: Template, after: Template) -> set[str]:
    """Resources the rule newly blames: what was wrong before the change does not count."""
    return {finding.resource for finding in set(rule(after)) - set(rule(before))}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_template_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(load_template())) == []


# ---------------------------------------------------------------- planted violations

STATEMENT = "InvoicingFunctionRole.Properties.Policies.0.PolicyDocument.Statement.0"
TRIGGER = "PaymentFilesBucket.Properties.NotificationConfiguration.LambdaConfigurations.0"
PATHS = "Api.Properties.Body.paths"
AUTHORIZER = "Api.Properties.Body.components.securitySchemes.Users.x-amazon-apigateway-authorizer"
SES = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}"
NO_SUCH_QUEUE = {"Fn::GetAtt": ["NoSuchQueue", "Arn"]}


def layer(**properties: object) -> dict[str, object]:
    """A layer beside ours, whose names in the template end in a hash."""
    return {"Type": rules.LAYER, "Properties": properties}


VIOLATIONS: dict[Rule, list[Violation]] = {
    # Functions
    rules.functions_run_alike: [
        changed("InvoicingFunction.Properties.Runtime", to="python3.12"),
        changed("InvoicingFunction.Properties.Architectures", to=["x86_64"]),
        gone("InvoicingFunction.Properties.Architectures"),
        changed("InvoicingFunction.Properties.Handler", to="index.main"),
        changed("InvoicingFunction.Properties.TracingConfig", to={"Mode": "PassThrough"}),
        changed("InvoicingFunction.Properties.LoggingConfig.LogFormat", to="Text"),
    ],
    rules.functions_have_limits_of_our_choice: [
        gone("InvoicingFunction.Properties.Timeout"),
        gone("InvoicingFunction.Properties.MemorySize"),
    ],
    rules.http_functions_answer_before_the_api_gives_up: [
        changed("InvoicingFunction.Properties.Timeout", to=30),
    ],
    rules.functions_have_our_layers: [
        gone("InvoicingFunction.Properties.Layers.0"),
        gone("InvoiceOutputFunction.Properties.Layers.1"),
    ],
    rules.layers_fit_the_functions: [
        changed("NewLayer", to=layer(CompatibleRuntimes=["python3.13"])),
        changed("NewLayer", to=layer(CompatibleArchitectures=["arm64"])),
    ],
    rules.functions_log_to_a_group_of_their_own: [
        gone("InvoicingFunction.Properties.LoggingConfig.LogGroup"),
        gone("InvoicingLogGroup", blames="InvoicingFunction"),
        changed("InvoicingFunction.Properties.LoggingConfig.LogGroup", to={"Ref": "CollaborationLogGroup"}),
    ],
    rules.logs_are_not_kept_forever: [
        gone("LedgerLogGroup.Properties.RetentionInDays"),
    ],
    rules.callers_of_functions_are_named: [
        gone("InvoicingFunctionCreateInvoicePermission.Properties.SourceArn"),
    ],
    # Alarms
    rules.functions_raise_an_alarm_at_the_first_error: [
        gone("InvoicingErrors", blames="InvoicingFunction"),
        changed(
            "InvoicingErrors.Properties.AlarmActions", to=[{"Ref": "NoSuchTopic"}], blames="InvoicingFunction"
        ),
        changed("InvoicingErrors.Properties.Threshold", to=5, blames="InvoicingFunction"),
        changed("InvoicingErrors.Properties.ActionsEnabled", to=False, blames="InvoicingFunction"),
        changed("InvoicingErrors.Properties.Statistic", to="Average", blames="InvoicingFunction"),
        changed(
            "InvoicingErrors.Properties.ComparisonOperator",
            to="LessThanThreshold",
            blames="InvoicingFunction",
        ),
        changed(
            "InvoicingErrors.Properties.Dimensions.0.Value",
            to={"Ref": "LedgerFunction"},
            blames="InvoicingFunction",
        ),
    ],
    rules.functions_raise_an_alarm_at_the_first_throttle: [
        gone("InvoicingThrottles", blames="InvoicingFunction"),
        changed("InvoicingThrottles.Properties.MetricName", to="Invocations", blames="InvoicingFunction"),
    ],
    rules.alarms_reach_their_topic: [
        changed("NewTopic", to={"Type": rules.TOPIC, "Properties": {"KmsMasterKeyId": "alias/aws/sns"}}),
    ],
    # Permissions
    rules.grants_name_each_action: [
        changed(f"{STATEMENT}.Action", to=["dynamodb:*"]),
        changed(f"{STATEMENT}.Action", to="dynamodb:Get*"),
        changed(f"{STATEMENT}.Action", to="dynamodb:?etItem"),
        changed(f"{STATEMENT}.NotAction", to=["dynamodb:DeleteTable"]),
        gone(f"{STATEMENT}.Action"),
    ],
    rules.grants_name_one_resource_of_ours: [
        changed(f"{STATEMENT}.Resource", to="*"),
        gone(f"{STATEMENT}.Resource"),
        changed(f"{STATEMENT}.NotResource", to="arn:aws:s3:::other"),
        changed(
            f"{STATEMENT}.Resource",
            to=[{"Fn::GetAtt": ["InvoicingTable", "Arn"]}, {"Fn::GetAtt": ["PlatformTable", "Arn"]}],
        ),
        changed(f"{STATEMENT}.Resource", to={"Fn::GetAtt": ["NoSuchTable", "Arn"]}),
        changed(f"{STATEMENT}.Resource", to={"Fn::Sub": "${InvoicingTable.Arn}/index/*"}),
        changed(f"{STATEMENT}.Resource", to={"Fn::Sub": f"{SES}:identity/*"}),
        changed(f"{STATEMENT}.Resource", to={"Fn::Sub": f"{SES}:identity/${{NoSuchIdentity}}"}),
    ],
    rules.grants_are_written_in_their_function: [
        changed(
            "NewPolicy",
            to={"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": {"Statement": []}}},
        ),
    ],
    rules.nobody_scans_or_erases: [
        changed(f"{STATEMENT}.Action.0", to="dynamodb:Scan"),
        changed(f"{STATEMENT}.Action", to="s3:DeleteObjectVersion"),
        changed(f"{STATEMENT}.Action", to="s3:BypassGovernanceRetention"),
    ],
    rules.policies_of_aws_are_the_few_we_know: [
        changed(
            "InvoicingFunctionRole.Properties.ManagedPolicyArns.0",
            to="arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
        ),
        changed(
            "InvoicingFunctionRole.Properties.ManagedPolicyArns.0",
            to="arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
        ),
    ],
    rules.functions_are_granted_what_they_are_told_of: [
        changed(
            "InvoicingFunction.Properties.Environment.Variables.REPORTS_BUCKET", to={"Ref": "ReportsBucket"}
        ),
        changed(
            "InvoicingFunction.Properties.Environment.Variables.DOCUMENTS_BUCKET",
            to={"Fn::Sub": "${AWS::StackName}-documents-${AWS::AccountId}"},
        ),
        gone("InvoicingFunction.Properties.Environment.Variables.PLATFORM_TABLE"),
    ],
    # Streams, queues, files, schedules
    rules.streams_are_filtered: [
        gone("LedgerSyncFunctionChanges.Properties.FilterCriteria"),
        changed("LedgerSyncFunctionChanges.Properties.FilterCriteria.Filters.0.Pattern", to="{}"),
    ],
    rules.batches_report_what_failed: [
        gone("LedgerSyncFunctionChanges.Properties.FunctionResponseTypes"),
        gone("CompanyReportFunctionCompany.Properties.FunctionResponseTypes"),
    ],
    rules.streams_get_past_a_poison_record: [
        changed("LedgerSyncFunctionChanges.Properties.BisectBatchOnFunctionError", to=False),
        gone("LedgerSyncFunctionChanges.Properties.MaximumRetryAttempts"),
        changed("LedgerSyncFunctionChanges.Properties.MaximumRetryAttempts", to=-1),
        gone("LedgerSyncFunctionChanges.Properties.MaximumRecordAgeInSeconds"),
        changed("LedgerSyncFunctionChanges.Properties.MaximumRecordAgeInSeconds", to=604_800),
    ],
    rules.streams_keep_what_failed: [
        gone("LedgerSyncFunctionChanges.Properties.DestinationConfig"),
        changed(
            "LedgerSyncFunctionChanges.Properties.DestinationConfig.OnFailure.Destination", to=NO_SUCH_QUEUE
        ),
    ],
    rules.streams_raise_an_alarm_before_they_give_up: [
        gone("LedgerSyncIteratorAge", blames="LedgerSyncFunction"),
        changed("LedgerSyncIteratorAge.Properties.Threshold", to=43_200_000, blames="LedgerSyncFunction"),
    ],
    rules.async_functions_keep_what_failed: [
        gone("PaymentFileReceivedFunctionEventInvokeConfig", blames="PaymentFileReceivedFunction"),
        gone(
            "PaymentFileReceivedFunctionEventInvokeConfig.Properties.MaximumRetryAttempts",
            blames="PaymentFileReceivedFunction",
        ),
        gone(
            "PaymentFileReceivedFunctionEventInvokeConfig.Properties.MaximumEventAgeInSeconds",
            blames="PaymentFileReceivedFunction",
        ),
        gone(
            "PaymentFileReceivedFunctionEventInvokeConfig.Properties.DestinationConfig",
            blames="PaymentFileReceivedFunction",
        ),
        changed(
            "MonthlyReportsFunctionMonthly.Properties.Target.Arn",
            to={"Fn::GetAtt": ["CompanyReportFunction", "Arn"]},
            blames="CompanyReportFunction",
        ),
    ],
    rules.s3_triggers_watch_one_folder: [
        gone(f"{TRIGGER}.Filter"),
        changed(f"{TRIGGER}.Filter.S3Key.Rules", to=[{"Name": "prefix", "Value": ""}]),
        changed(f"{TRIGGER}.Filter.S3Key.Rules", to=[{"Name": "suffix", "Value": ".xml"}]),
    ],
    rules.schedules_end_and_keep_what_failed: [
        gone("MonthlyReportsFunctionMonthly.Properties.Target.RetryPolicy"),
        gone("MonthlyReportsFunctionMonthly.Properties.Target.RetryPolicy.MaximumRetryAttempts"),
        gone("MonthlyReportsFunctionMonthly.Properties.Target.RetryPolicy.MaximumEventAgeInSeconds"),
        gone("MonthlyReportsFunctionMonthly.Properties.Target.DeadLetterConfig"),
    ],
    rules.schedules_follow_swedish_time: [
        gone("MonthlyReportsFunctionMonthly.Properties.ScheduleExpressionTimezone"),
    ],
    rules.queues_are_encrypted_and_keep_for_a_set_time: [
        changed("CompanyReportQueue.Properties.SqsManagedSseEnabled", to=False),
        gone("CompanyReportQueue.Properties.MessageRetentionPeriod"),
    ],
    rules.queues_hide_a_message_while_it_is_worked_on: [
        changed("CompanyReportQueue.Properties.VisibilityTimeout", to=359),
        changed("CompanyReportFunction.Properties.Timeout", to=61, blames="CompanyReportQueue"),
    ],
    rules.worked_queues_put_aside_what_failed: [
        gone("CompanyReportQueue.Properties.RedrivePolicy"),
        changed("CompanyReportQueue.Properties.RedrivePolicy.deadLetterTargetArn", to=NO_SUCH_QUEUE),
        changed(
            "CompanyReportQueue.Properties.RedrivePolicy.deadLetterTargetArn",
            to={"Fn::GetAtt": ["CompanyReportQueue", "Arn"]},
        ),
    ],
    rules.failure_queues_raise_an_alarm_at_the_first_message: [
        gone("LedgerSyncFailuresDepth", blames="LedgerSyncFailures"),
        gone("PaymentFileReceivedFailuresDepth", blames="PaymentFileReceivedFailures"),
        gone("MonthlyReportsFailuresDepth", blames="MonthlyReportsFailures"),
        gone("CompanyReportFailuresDepth", blames="CompanyReportFailures"),
        changed(
            "LedgerSyncFunctionChanges.Properties.DestinationConfig.OnFailure.Destination",
            to={"Fn::GetAtt": ["CompanyReportQueue", "Arn"]},
            blames="CompanyReportQueue",
        ),
    ],
    rules.failure_queues_keep_for_as_long_as_they_can: [
        changed("PaymentSyncFailures.Properties.MessageRetentionPeriod", to=345_600),
    ],
    # E-mail, topics, and who may reach whom
    rules.mail_is_signed_and_travels_encrypted: [
        changed("MailIdentity.Properties.DkimAttributes.SigningEnabled", to=False),
        changed("MailConfiguration.Properties.DeliveryOptions.TlsPolicy", to="OPTIONAL"),
        gone("MailConfiguration.Properties.DeliveryOptions"),
    ],
    rules.mail_stops_at_addresses_that_do_not_want_it: [
        changed("MailConfiguration.Properties.SuppressionOptions.SuppressedReasons", to=["BOUNCE"]),
        gone("MailConfiguration.Properties.ReputationOptions"),
    ],
    rules.mail_raises_an_alarm_before_ses_reviews_the_account: [
        gone("MailBounceRate", blames="MailIdentity"),
        changed("MailComplaintRate.Properties.Threshold", to=0.001, blames="MailIdentity"),
        changed(
            "MailBounceRate.Properties.Dimensions", to=[{"Name": "A", "Value": "B"}], blames="MailIdentity"
        ),
    ],
    rules.what_becomes_of_mail_is_told: [
        gone("MailEventsDestination", blames="MailConfiguration"),
        changed("MailEventsDestination.Properties.EventDestination.Enabled", to=False),
        changed(
            "MailEventsDestination.Properties.EventDestination.MatchingEventTypes",
            to=["bounce", "complaint"],
            blames="MailConfiguration",
        ),
        gone("MailEventsTopicPolicy", blames="MailEventsDestination"),
        changed(
            "MailEventsTopicPolicy.Properties.PolicyDocument.Statement.0.Principal",
            to={"Service": "sns.amazonaws.com"},
            blames="MailEventsDestination",
        ),
    ],
    rules.topics_reach_their_queues: [
        gone("MailEventsQueuePolicy", blames="MailEventsSubscription"),
        changed("MailEventsSubscription.Properties.Endpoint", to=NO_SUCH_QUEUE),
        changed(
            "MailEventsQueuePolicy.Properties.PolicyDocument.Statement.0.Condition.ArnEquals",
            to={"aws:SourceArn": {"Ref": "AlarmTopic"}},
            blames="MailEventsSubscription",
        ),
    ],
    rules.topics_hand_on_events_and_nothing_else: [
        gone("MailEventsSubscription.Properties.FilterPolicy"),
        gone("MailEventsSubscription.Properties.FilterPolicyScope"),
        changed("MailEventsSubscription.Properties.RawMessageDelivery", to=False),
    ],
    rules.policies_of_topics_and_queues_name_who_comes_in: [
        gone("MailEventsTopicPolicy.Properties.PolicyDocument.Statement.0.Condition"),
        changed("MailEventsQueuePolicy.Properties.PolicyDocument.Statement.0.Principal", to="*"),
        gone("MailEventsQueuePolicy.Properties.PolicyDocument.Statement.1"),
        gone("MailEventsTopicPolicy.Properties.PolicyDocument.Statement.1"),
    ],
    # What is kept
    rules.data_outlive_the_stack: [
        changed("LedgerTable.DeletionPolicy", to="Delete"),
        gone("DocumentsBucket.UpdateReplacePolicy"),
        gone("UserPool.DeletionPolicy"),
    ],
    rules.tables_are_safe_and_on_demand: [
        changed("LedgerTable.Properties.BillingMode", to="PROVISIONED"),
        gone("LedgerTable.Properties.DeletionProtectionEnabled"),
        changed(
            "LedgerTable.Properties.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled", to=False
        ),
        gone("LedgerTable.Properties.SSESpecification"),
    ],
    rules.the_books_stream_what_was_and_what_is: [
        changed("LedgerTable.Properties.StreamSpecification.StreamViewType", to="NEW_IMAGE"),
        gone("InvoicingTable.Properties.StreamSpecification"),
        gone("InvoicingTable"),
    ],
    rules.users_are_safe: [
        changed("UserPool.Properties.DeletionProtection", to="INACTIVE"),
    ],
    rules.buckets_are_private_versioned_and_encrypted: [
        gone("ReportsBucket.Properties.PublicAccessBlockConfiguration.BlockPublicAcls"),
        gone("ReportsBucket.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy"),
        gone("ReportsBucket.Properties.PublicAccessBlockConfiguration.IgnorePublicAcls"),
        changed("ReportsBucket.Properties.PublicAccessBlockConfiguration.RestrictPublicBuckets", to=False),
        changed("ReportsBucket.Properties.OwnershipControls.Rules", to=[{"ObjectOwnership": "ObjectWriter"}]),
        changed("ReportsBucket.Properties.VersioningConfiguration.Status", to="Suspended"),
        gone("ReportsBucket.Properties.BucketEncryption"),
    ],
    rules.buckets_refuse_plain_http: [
        gone("ReportsBucketPolicy", blames="ReportsBucket"),
        changed(
            "ReportsBucketPolicy.Properties.PolicyDocument.Statement.0.Effect",
            to="Allow",
            blames="ReportsBucket",
        ),
        changed(
            "ReportsBucketPolicy.Properties.PolicyDocument.Statement.0.Principal",
            to={"AWS": "123456789012"},
            blames="ReportsBucket",
        ),
        gone("ReportsBucketPolicy.Properties.PolicyDocument.Statement.0.Resource.0", blames="ReportsBucket"),
        gone("ReportsBucketPolicy.Properties.PolicyDocument.Statement.0.Resource.1", blames="ReportsBucket"),
        gone("ReportsBucketPolicy.Properties.PolicyDocument.Statement.0.Condition", blames="ReportsBucket"),
    ],
    rules.documents_can_be_locked: [
        changed("DocumentsBucket.Properties.ObjectLockEnabled", to=False),
        gone("DocumentsBucket.Properties.ObjectLockConfiguration"),
        gone("DocumentsBucket"),
    ],
    # The HTTP API
    rules.routes_ask_who_is_calling: [
        changed(f"{PATHS}./v1/me.get.security", to=[{"NONE": []}]),
        gone(f"{PATHS}./v1/me.get.security"),
        changed(
            f"{PATHS}./v1/health.post",
            to={"x-amazon-apigateway-integration": {"uri": {"Ref": "ReferenceFunction"}}},
        ),
        gone("Api.Properties.Body.components.securitySchemes.Users"),
        changed(f"{AUTHORIZER}.type", to="request"),
        changed(f"{AUTHORIZER}.identitySource", to="$request.querystring.token"),
        changed(f"{AUTHORIZER}.jwtConfiguration.issuer", to="https://somebody.example"),
        changed(f"{AUTHORIZER}.jwtConfiguration.audience", to=["anybody"]),
        gone(f"{AUTHORIZER}.jwtConfiguration.audience"),
    ],
    rules.routes_lead_to_a_function: [
        changed(
            f"{PATHS}./v1/me.get.x-amazon-apigateway-integration.uri", to={"Fn::Sub": "${NoSuchFunction.Arn}"}
        ),
        gone(f"{PATHS}.$default"),
    ],
    rules.the_api_lets_in_one_web_app: [
        changed("Api.Properties.Body.x-amazon-apigateway-cors.allowOrigins", to=["https://*"]),
    ],
    rules.the_api_is_throttled_and_logged: [
        gone("ApiApiGatewayDefaultStage.Properties.DefaultRouteSettings"),
        gone("ApiApiGatewayDefaultStage.Properties.AccessLogSettings"),
    ],
}


@pytest.mark.parametrize(
    ("rule", "violation"),
    [
        pytest.param(rule, violation, id=f"{rule.__name__}: {violation}")
        for rule, violations in VIOLATIONS.items()
        for violation in violations
    ],
)
def test_rule_catches_the_violation_and_names_the_resource(rule: Rule, violation: Violation) -> None:
    template = load_template()
    assert violation.blamed in caught(rule, template, violation.planted(template))


def test_every_rule_has_a_violation_that_it_catches() -> None:
    caught_somewhere = {rule for rule, violations in VIOLATIONS.items() if violations}
    assert [rule.__name__ for rule in RULES if rule not in caught_somewhere] == []


# ---------------------------------------------------------------- what SAM makes of what somebody might write


@pytest.mark.parametrize(
    ("policy", "rule"),
    [
        (
            {"DynamoDBCrudPolicy": {"TableName": {"Ref": "InvoicingTable"}}},
            rules.grants_name_one_resource_of_ours,
        ),
        ({"S3ReadPolicy": {"BucketName": {"Ref": "ReportsBucket"}}}, rules.grants_name_one_resource_of_ours),
        ("arn:aws:iam::aws:policy/AmazonS3FullAccess", rules.policies_of_aws_are_the_few_we_know),
    ],
    ids=["Crud policy", "S3 read policy", "full access"],
)
def test_policy_written_by_others_is_caught_after_the_transform(policy: Any, rule: Rule) -> None:
    source = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    source["Resources"]["InvoicingFunction"]["Properties"]["Policies"].append(policy)
    assert "InvoicingFunctionRole" in caught(rule, load_template(), rules.transformed(source))
