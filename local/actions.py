"""Which IAM actions on which resources a call with the AWS SDK needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Needed = tuple[str, str]  # action, ARN

_TRANSACTION_ACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Get": "dynamodb:GetItem",
}
# Where the action is not called what the operation is called.
_OBJECT_ACTIONS = {
    "HeadObject": "GetObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CopyObject": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "ListParts": "ListMultipartUploadParts",
}
# What a parameter asks for beside the object itself.
_EXTRA_OBJECT_ACTIONS = {
    "Tagging": "ObjectTagging",
    "ObjectLockMode": "ObjectRetention",
    "ObjectLockRetainUntilDate": "ObjectRetention",
    "ObjectLockLegalHoldStatus": "ObjectLegalHold",
}
_BUCKET_ACTIONS = {
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "HeadBucket": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
}
_VERSIONED = {
    "GetObject": "GetObjectVersion",
    "DeleteObject": "DeleteObjectVersion",
    "GetObjectTagging": "GetObjectVersionTagging",
    "PutObjectTagging": "PutObjectVersionTagging",
}
_QUEUE_ACTIONS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
_IAM_PREFIXES = {"cognito-idp": "cognito-idp", "stepfunctions": "states", "logs": "logs"}


@dataclass(frozen=True)
class Place:
    """The account and region a function runs in."""

    region: str
    account: str

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region, unless the resource is one already."""
        if resource.startswith("arn:"):
            return resource
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"

    def table(self, name: str) -> str:
        """A table's ARN, from its name or its ARN."""
        return name if name.startswith("arn:") else self.arn("dynamodb", f"table/{name}")


def needed(service: str, operation: str, parameters: Mapping[str, Any], place: Place) -> list[Needed]:
    """What a call needs to be granted, without repetition and in order."""
    match service:
        case "dynamodb":
            found = _dynamodb(operation, parameters, place)
        case "s3":
            found = _s3(operation, parameters)
        case "sqs":
            found = _sqs(operation, parameters, place)
        case "sesv2":
            found = _sesv2(operation, parameters, place)
        case "sts" if operation == "GetCallerIdentity":
            return []
        case _:
            found = iter([_other(service, operation, parameters, place)])
    return list(dict.fromkeys(found))


def _dynamodb(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[Needed]:
    match operation:
        case "TransactWriteItems" | "TransactGetItems":
            for item in parameters["TransactItems"]:
                for kind, part in item.items():
                    yield _TRANSACTION_ACTIONS[kind], place.table(part["TableName"])
        case "BatchGetItem" | "BatchWriteItem":
            for table in parameters["RequestItems"]:
                yield f"dynamodb:{operation}", place.table(table)
        case _:
            arn = place.table(parameters["TableName"]) if "TableName" in parameters else "*"
            index = parameters.get("IndexName")
            yield f"dynamodb:{operation}", f"{arn}/index/{index}" if index else arn


def _s3(operation: str, parameters: Mapping[str, Any]) -> Iterator[Needed]:
    bucket = f"arn:aws:s3:::{parameters['Bucket']}" if "Bucket" in parameters else "*"
    if operation == "DeleteObjects":
        for item in parameters["Delete"]["Objects"]:
            action = "DeleteObjectVersion" if item.get("VersionId") else "DeleteObject"
            yield f"s3:{action}", f"{bucket}/{item['Key']}"
        return
    if "Key" not in parameters:
        yield f"s3:{_BUCKET_ACTIONS.get(operation, operation)}", bucket
        return
    arn = f"{bucket}/{parameters['Key']}"
    if "CopySource" in parameters:
        yield _copy_source(parameters["CopySource"])
    action = _OBJECT_ACTIONS.get(operation, operation)
    if parameters.get("VersionId"):
        action = _VERSIONED.get(action, action)
    yield f"s3:{action}", arn
    for parameter, extra in _EXTRA_OBJECT_ACTIONS.items():
        if parameters.get(parameter) and f"Put{extra}" != action:
            yield f"s3:Put{extra}", arn
    if parameters.get("BypassGovernanceRetention"):
        yield "s3:BypassGovernanceRetention", arn


def _copy_source(source: Any) -> Needed:
    if isinstance(source, str):
        path, _, version = source.lstrip("/").partition("?versionId=")
    else:
        path, version = f"{source['Bucket']}/{source['Key']}", source.get("VersionId", "")
    return "s3:GetObjectVersion" if version else "s3:GetObject", f"arn:aws:s3:::{path}"


def _sqs(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[Needed]:
    name = parameters.get("QueueName") or str(parameters.get("QueueUrl", "*")).rpartition("/")[2]
    yield f"sqs:{_QUEUE_ACTIONS.get(operation, operation)}", place.arn("sqs", name)


def _sesv2(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[Needed]:
    """Sending needs the sender's domain (the local cloud knows no other identities) and the configuration.

    A raw message needs SendRawEmail too, although the operation is not called so.
    """
    if operation != "SendEmail":
        yield f"ses:{operation}", "*"
        return
    domain = str(parameters.get("FromEmailAddress", "*")).rpartition("@")[2].rstrip(">")
    resources = [place.arn("ses", f"identity/{domain}")]
    if parameters.get("ConfigurationSetName"):
        resources.append(place.arn("ses", f"configuration-set/{parameters['ConfigurationSetName']}"))
    actions = ["ses:SendEmail", *(["ses:SendRawEmail"] if "Raw" in parameters.get("Content", {}) else [])]
    for action in actions:
        for resource in resources:
            yield action, resource


def _other(service: str, operation: str, parameters: Mapping[str, Any], place: Place) -> Needed:
    action = f"{_IAM_PREFIXES.get(service, service)}:{operation}"
    match service:
        case "cognito-idp" if "UserPoolId" in parameters:
            return action, place.arn("cognito-idp", f"userpool/{parameters['UserPoolId']}")
        case "sns" if "TopicArn" in parameters:
            return action, parameters["TopicArn"]
        case "ssm" if "Name" in parameters:
            return action, place.arn("ssm", f"parameter/{parameters['Name'].lstrip('/')}")
        case "lambda" if operation == "Invoke":
            function = parameters["FunctionName"]
            return "lambda:InvokeFunction", place.arn("lambda", f"function:{function}")
    return action, "*"
