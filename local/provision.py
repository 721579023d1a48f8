"""Makes what the template declares, or brings it up to date; running it again changes nothing.

The tests of the handlers use the same functions on moto, so a table there is the template's table.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.template import REGION, Template, TemplateError

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

_TABLE_PROPERTIES = {
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "ProvisionedThroughput",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
}
_QUEUE_ATTRIBUTES = {
    "ContentBasedDeduplication",
    "DelaySeconds",
    "FifoQueue",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
}


class Clients:
    """boto3 clients of a store, each made on first use."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._session = boto3.Session(
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 - the store takes any
            region_name=REGION,
        )
        # Nothing here is worth a long wait: the store is on the same machine.
        self._config = Config(
            retries={"max_attempts": 2}, connect_timeout=5, read_timeout=60, max_pool_connections=50
        )

    def __getattr__(self, name: str) -> Any:
        client = self._session.client(  # type: ignore[call-overload]
            name.replace("_", "-"), endpoint_url=self.endpoint, config=self._config
        )
        setattr(self, name, client)
        return client


def provision(template: Template, clients: Clients) -> None:
    """Make or update every resource the local cloud plays, and bind their names in the template."""
    create_tables(template, clients.dynamodb)
    create_buckets(template, clients.s3)
    create_queues(template, clients.sqs)
    create_topics(template, clients.sns, clients.sqs)
    create_mail(template, clients.sesv2)
    publish_mail_events(template, clients.sesv2, clients.sns)
    create_users(template, clients.cognito_idp)
    subscribe_to_buckets(template, clients.s3)


# ------------------------------------------------------------------------------------------ tables


def create_tables(template: Template, client: DynamoDBClient) -> None:
    """Make the template's tables, with indexes, streams and time to live."""
    for logical_id in template.of_type("AWS::DynamoDB::Table"):
        properties = template.properties(logical_id)
        name = template.name(logical_id)
        wanted: dict[str, Any] = {key: properties[key] for key in _TABLE_PROPERTIES & properties.keys()}
        if "StreamSpecification" in properties:
            wanted["StreamSpecification"] = {"StreamEnabled": True} | properties["StreamSpecification"]
        try:
            description: Any = client.describe_table(TableName=name)["Table"]
        except client.exceptions.ResourceNotFoundException:
            description = client.create_table(TableName=name, **wanted)["TableDescription"]
        else:
            description = _update_table(client, description, wanted)
        _set_time_to_live(client, name, properties.get("TimeToLiveSpecification"))
        attributes = {"Arn": description["TableArn"]}
        if "LatestStreamArn" in description:
            attributes["StreamArn"] = description["LatestStreamArn"]
        template.bind(logical_id, name, **attributes)


def _update_table(client: DynamoDBClient, existing: Any, wanted: dict[str, Any]) -> Any:
    """Add and drop indexes and streams; what DynamoDB cannot change needs a new table."""
    name = existing["TableName"]
    if existing["KeySchema"] != wanted["KeySchema"]:
        raise TemplateError(f"the keys of {name} have changed: `make down`, remove the data, `make up`")
    have = {index["IndexName"]: index for index in existing.get("GlobalSecondaryIndexes", [])}
    want = {index["IndexName"]: index for index in wanted.get("GlobalSecondaryIndexes", [])}
    changed = {
        name
        for name in have.keys() & want.keys()
        if any(have[name][part] != want[name][part] for part in ("KeySchema", "Projection"))
    }
    for index in sorted((have.keys() - want.keys()) | changed):
        client.update_table(TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": index}}])
    for index in sorted((want.keys() - have.keys()) | changed):
        client.update_table(
            TableName=name,
            AttributeDefinitions=wanted["AttributeDefinitions"],
            GlobalSecondaryIndexUpdates=[{"Create": want[index]}],
        )
    have_stream = existing.get("StreamSpecification", {"StreamEnabled": False})
    want_stream = wanted.get("StreamSpecification", {"StreamEnabled": False})
    if have_stream != want_stream:
        if have_stream["StreamEnabled"]:
            client.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
        if want_stream["StreamEnabled"]:
            client.update_table(TableName=name, StreamSpecification=want_stream)
    return client.describe_table(TableName=name)["Table"]


def _set_time_to_live(client: DynamoDBClient, table: str, wanted: dict[str, Any] | None) -> None:
    if not wanted or not wanted.get("Enabled"):
        return
    now = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if now.get("AttributeName") == wanted["AttributeName"] and now["TimeToLiveStatus"].startswith("ENABL"):
        return
    client.update_time_to_live(
        TableName=table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": wanted["AttributeName"]},
    )


# ------------------------------------------------------------------------------------------ buckets


def create_buckets(template: Template, client: S3Client) -> None:
    """Make the template's buckets, with versions, object lock, CORS and encryption."""
    existing = {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    for logical_id in template.of_type("AWS::S3::Bucket"):
        properties = template.properties(logical_id)
        name = template.name(logical_id)
        if name not in existing:
            client.create_bucket(
                Bucket=name,
                CreateBucketConfiguration={"LocationConstraint": "eu-north-1"},
                ObjectLockEnabledForBucket=bool(properties.get("ObjectLockEnabled")),
            )
        if "VersioningConfiguration" in properties:
            client.put_bucket_versioning(
                Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"]
            )
        if "ObjectLockConfiguration" in properties:
            client.put_object_lock_configuration(
                Bucket=name, ObjectLockConfiguration=_object_lock(properties["ObjectLockConfiguration"])
            )
        if "CorsConfiguration" in properties:
            client.put_bucket_cors(Bucket=name, CORSConfiguration=_cors(properties["CorsConfiguration"]))
        if "PublicAccessBlockConfiguration" in properties:
            client.put_public_access_block(
                Bucket=name,
                PublicAccessBlockConfiguration=properties["PublicAccessBlockConfiguration"],
            )
        template.bind(logical_id, name)


def _object_lock(configuration: dict[str, Any]) -> Any:
    """CloudFormation and S3 spell the configuration alike; only numbers may arrive as text."""
    rule = configuration.get("Rule", {}).get("DefaultRetention")
    if not rule:
        return {"ObjectLockEnabled": configuration["ObjectLockEnabled"]}
    retention = {key: int(value) if key in {"Days", "Years"} else value for key, value in rule.items()}
    return {
        "ObjectLockEnabled": configuration["ObjectLockEnabled"],
        "Rule": {"DefaultRetention": retention},
    }


def _cors(configuration: dict[str, Any]) -> Any:
    """From CloudFormation's names to S3's."""
    names = {"Id": "ID", "ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    return {
        "CORSRules": [
            {names.get(key, key): value for key, value in rule.items()} for rule in configuration["CorsRules"]
        ]
    }


def subscribe_to_buckets(template: Template, client: S3Client) -> None:
    """Have the store tell the runner of the objects the functions' S3 events ask for."""
    subscriptions: dict[str, list[Any]] = {}
    for function in template.functions().values():
        for event in function.events:
            if event.type != "S3":
                continue
            names = event.properties["Events"]
            subscription: dict[str, Any] = {
                "Id": f"{function.logical_id}-{event.name}",
                "LambdaFunctionArn": function.arn,
                "Events": [names] if isinstance(names, str) else names,
            }
            rules = event.properties.get("Filter", {}).get("S3Key", {}).get("Rules")
            if rules:
                subscription["Filter"] = {"Key": {"FilterRules": rules}}
            subscriptions.setdefault(event.properties["Bucket"], []).append(subscription)
    for logical_id in template.of_type("AWS::S3::Bucket"):
        name = template.ref(logical_id)
        client.put_bucket_notification_configuration(
            Bucket=name,
            NotificationConfiguration={"LambdaFunctionConfigurations": subscriptions.get(name, [])},
            SkipDestinationValidation=True,
        )


# ------------------------------------------------------------------------------------------ queues


def create_queues(template: Template, client: SQSClient) -> None:
    """Make the template's queues; redrive is set when all of them are there."""
    queues = template.of_type("AWS::SQS::Queue")
    for logical_id in queues:
        url = _create_queue(client, template.name(logical_id), template.properties(logical_id))
        arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        template.bind(logical_id, url, Arn=arn["QueueArn"])
    for logical_id in queues:
        policy = template.properties(logical_id).get("RedrivePolicy")
        if policy:
            client.set_queue_attributes(
                QueueUrl=template.ref(logical_id), Attributes={"RedrivePolicy": _attribute_text(policy)}
            )


def _create_queue(client: SQSClient, name: str, properties: dict[str, Any]) -> str:
    attributes: Any = {
        key: _attribute_text(properties[key]) for key in sorted(_QUEUE_ATTRIBUTES & properties.keys())
    }
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
    except ClientError as error:
        if "NonExistent" not in error.response["Error"]["Code"]:
            raise
        return client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    changeable = {key: value for key, value in attributes.items() if key != "FifoQueue"}
    if changeable:
        client.set_queue_attributes(QueueUrl=url, Attributes=changeable)
    return url


def _attribute_text(value: Any) -> str:
    """SQS takes every attribute as text."""
    if isinstance(value, dict):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


# ------------------------------------------------------------------------------------------ topics

_SUBSCRIPTION_ATTRIBUTES = {"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"}


def create_topics(template: Template, client: SNSClient, queues: SQSClient) -> None:
    """Make the template's topics, and what leads from them to queues; the policies of both."""
    for logical_id in template.of_type("AWS::SNS::Topic"):
        made = client.create_topic(Name=template.name(logical_id))
        template.bind(logical_id, made["TopicArn"])
    for logical_id in template.of_type("AWS::SNS::TopicPolicy"):
        properties = template.properties(logical_id)
        for topic in properties["Topics"]:
            document = json.dumps(properties["PolicyDocument"])
            client.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    for logical_id in template.of_type("AWS::SQS::QueuePolicy"):
        properties = template.properties(logical_id)
        for queue in properties["Queues"]:
            document = json.dumps(properties["PolicyDocument"])
            queues.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document})
    for logical_id in template.of_type("AWS::SNS::Subscription"):
        properties = template.properties(logical_id)
        client.subscribe(
            TopicArn=properties["TopicArn"],
            Protocol=properties["Protocol"],
            Endpoint=properties["Endpoint"],
            Attributes={
                key: _attribute_text(properties[key])
                for key in sorted(_SUBSCRIPTION_ATTRIBUTES & properties.keys())
            },
        )


# ------------------------------------------------------------------------------------------ e-mail

_MAIL_EVENTS: Any = {
    "send": "SEND",
    "reject": "REJECT",
    "bounce": "BOUNCE",
    "complaint": "COMPLAINT",
    "delivery": "DELIVERY",
    "open": "OPEN",
    "click": "CLICK",
    "renderingFailure": "RENDERING_FAILURE",
    "deliveryDelay": "DELIVERY_DELAY",
    "subscription": "SUBSCRIPTION",
}
"""CloudFormation's names of what happens to an e-mail, and SES's own."""

_GREETING = "Successfully validated SNS topic for Amazon SES event publishing."


def create_mail(template: Template, client: SESV2Client) -> None:
    """Make the template's sending domains, verified at once, and its configuration sets."""
    for logical_id in template.of_type("AWS::SES::EmailIdentity"):
        name = template.name(logical_id)
        if "@" in name:
            raise TemplateError(f"{logical_id}: the local cloud sends from a domain, not from {name}")
        try:
            client.get_email_identity(EmailIdentity=name)
        except client.exceptions.NotFoundException:
            client.create_email_identity(EmailIdentity=name)
    for logical_id in template.of_type("AWS::SES::ConfigurationSet"):
        name = template.name(logical_id)
        if name not in client.list_configuration_sets().get("ConfigurationSets", []):
            client.create_configuration_set(ConfigurationSetName=name)


def publish_mail_events(template: Template, client: SESV2Client, topics: SNSClient) -> None:
    """Have SES tell the template's topics what becomes of e-mails, and greet them as SES does."""
    for logical_id in template.of_type("AWS::SES::ConfigurationSetEventDestination"):
        properties = template.properties(logical_id)
        wanted = properties["EventDestination"]
        if "SnsDestination" not in wanted:
            raise TemplateError(f"{logical_id}: the local cloud tells topics of e-mails, nothing else")
        configuration, name = properties["ConfigurationSetName"], wanted.get("Name", logical_id)
        topic = wanted["SnsDestination"]["TopicARN"]
        definition: Any = {
            "Enabled": wanted.get("Enabled", False),
            "MatchingEventTypes": [_MAIL_EVENTS[each] for each in wanted["MatchingEventTypes"]],
            "SnsDestination": {"TopicArn": topic},
        }
        known = client.get_configuration_set_event_destinations(ConfigurationSetName=configuration)
        if name in {each["Name"] for each in known.get("EventDestinations", [])}:
            client.update_configuration_set_event_destination(
                ConfigurationSetName=configuration, EventDestinationName=name, EventDestination=definition
            )
            continue
        client.create_configuration_set_event_destination(
            ConfigurationSetName=configuration, EventDestinationName=name, EventDestination=definition
        )
        topics.publish(TopicArn=topic, Message=_GREETING)


# ------------------------------------------------------------------------------------------ users


def create_users(template: Template, client: CognitoIdentityProviderClient) -> None:
    """Make the template's user pools and their clients; a restart finds the same ones."""
    pools = {pool["Name"]: pool["Id"] for pool in client.list_user_pools(MaxResults=60)["UserPools"]}
    for logical_id in template.of_type("AWS::Cognito::UserPool"):
        properties = template.properties(logical_id)
        name = properties.get("UserPoolName", template.name(logical_id))
        if name not in pools:
            options: dict[str, Any] = {
                key: properties[key]
                for key in ("UsernameAttributes", "AutoVerifiedAttributes", "Policies", "Schema")
                if key in properties
            }
            pools[name] = client.create_user_pool(PoolName=name, **options)["UserPool"]["Id"]
        template.bind(logical_id, pools[name])
    for logical_id in template.of_type("AWS::Cognito::UserPoolClient"):
        _create_user_pool_client(template, client, logical_id)


def _create_user_pool_client(
    template: Template, client: CognitoIdentityProviderClient, logical_id: str
) -> None:
    properties = template.properties(logical_id)
    pool = properties["UserPoolId"]
    name = properties.get("ClientName", template.name(logical_id))
    known = client.list_user_pool_clients(UserPoolId=pool, MaxResults=60)["UserPoolClients"]
    client_id = next((item["ClientId"] for item in known if item["ClientName"] == name), None)
    if client_id is None:
        options: dict[str, Any] = {
            key: properties[key]
            for key in (
                "ExplicitAuthFlows",
                "PreventUserExistenceErrors",
                "AccessTokenValidity",
                "IdTokenValidity",
                "RefreshTokenValidity",
                "TokenValidityUnits",
            )
            if key in properties
        }
        made = client.create_user_pool_client(UserPoolId=pool, ClientName=name, **options)
        client_id = made["UserPoolClient"]["ClientId"]
    template.bind(logical_id, client_id)
