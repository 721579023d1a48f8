from typing import Any

import pytest

from local.actions import Place, needed
from local.iam import Grant, Policy

PLACE = Place("eu-north-1", "000000000000")
TABLE = "arn:aws:dynamodb:eu-north-1:000000000000:table/Books"


def actions(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    return needed(service, operation, parameters, PLACE)


def test_given_a_transaction_when_mapped_then_each_part_needs_its_own_action_on_its_own_table() -> None:
    found = actions(
        "dynamodb",
        "TransactWriteItems",
        TransactItems=[
            {"Put": {"TableName": "Books"}},
            {"Update": {"TableName": "Books"}},
            {"Put": {"TableName": "Books"}},
            {"ConditionCheck": {"TableName": TABLE.replace("Books", "Other")}},
            {"Delete": {"TableName": "Books"}},
        ],
    )

    assert found == [
        ("dynamodb:PutItem", TABLE),
        ("dynamodb:UpdateItem", TABLE),
        ("dynamodb:ConditionCheckItem", TABLE.replace("Books", "Other")),
        ("dynamodb:DeleteItem", TABLE),
    ]


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetItem", {"TableName": "Books"}, ("dynamodb:GetItem", TABLE)),
        ("Query", {"TableName": "Books"}, ("dynamodb:Query", TABLE)),
        (
            "Query",
            {"TableName": "Books", "IndexName": "closing"},
            ("dynamodb:Query", f"{TABLE}/index/closing"),
        ),
        ("BatchGetItem", {"RequestItems": {"Books": {}}}, ("dynamodb:BatchGetItem", TABLE)),
        (
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "Books"}}]},
            ("dynamodb:GetItem", TABLE),
        ),
    ],
)
def test_given_a_dynamodb_call_when_mapped_then_its_action(
    operation: str, parameters: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert actions("dynamodb", operation, **parameters) == [expected]


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("GetObject", {"Key": "a/b"}, ["s3:GetObject"]),
        ("GetObject", {"Key": "a/b", "VersionId": "1"}, ["s3:GetObjectVersion"]),
        ("HeadObject", {"Key": "a/b"}, ["s3:GetObject"]),
        ("PutObject", {"Key": "a/b"}, ["s3:PutObject"]),
        ("PutObject", {"Key": "a/b", "Tagging": "x=y"}, ["s3:PutObject", "s3:PutObjectTagging"]),
        (
            "PutObject",
            {"Key": "a/b", "ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "x"},
            ["s3:PutObject", "s3:PutObjectRetention"],
        ),
        ("PutObjectRetention", {"Key": "a/b"}, ["s3:PutObjectRetention"]),
        ("UploadPart", {"Key": "a/b"}, ["s3:PutObject"]),
        ("DeleteObject", {"Key": "a/b", "VersionId": "1"}, ["s3:DeleteObjectVersion"]),
    ],
)
def test_given_an_object_call_when_mapped_then_its_actions(
    operation: str, parameters: dict[str, Any], expected: list[str]
) -> None:
    found = actions("s3", operation, Bucket="files", **parameters)

    assert found == [(action, "arn:aws:s3:::files/a/b") for action in expected]


def test_given_a_copy_when_mapped_then_the_source_is_read_and_the_target_written() -> None:
    source = {"Bucket": "from", "Key": "x"}

    assert actions("s3", "CopyObject", Bucket="files", Key="y", CopySource=source) == [
        ("s3:GetObject", "arn:aws:s3:::from/x"),
        ("s3:PutObject", "arn:aws:s3:::files/y"),
    ]


def test_given_a_listing_when_mapped_then_the_bucket_itself() -> None:
    assert actions("s3", "ListObjectsV2", Bucket="files") == [("s3:ListBucket", "arn:aws:s3:::files")]


def test_given_a_queue_url_when_mapped_then_the_queues_arn() -> None:
    found = actions("sqs", "SendMessageBatch", QueueUrl="http://127.0.0.1:8401/000000000000/work")

    assert found == [("sqs:SendMessage", "arn:aws:sqs:eu-north-1:000000000000:work")]


@pytest.mark.parametrize(
    ("action", "resource", "asked", "arn", "allowed"),
    [
        ("dynamodb:GetItem", TABLE, "dynamodb:GetItem", TABLE, True),
        ("dynamodb:GetItem", TABLE, "dynamodb:PutItem", TABLE, False),
        ("dynamodb:GetItem", TABLE, "dynamodb:GetItem", f"{TABLE}2", False),
        ("dynamodb:Query", TABLE, "dynamodb:Query", f"{TABLE}/index/a", False),
        ("dynamodb:*", TABLE, "dynamodb:PutItem", TABLE, True),
        ("DynamoDB:getitem", TABLE, "dynamodb:GetItem", TABLE, True),
        ("s3:PutObject", "arn:aws:s3:::files/in/*", "s3:PutObject", "arn:aws:s3:::files/in/a/b", True),
        ("s3:PutObject", "arn:aws:s3:::files/in/*", "s3:PutObject", "arn:aws:s3:::files/out/a", False),
        ("*", "*", "s3:PutObject", "arn:aws:s3:::files/out/a", True),
    ],
)
def test_given_a_grant_when_asked_then_it_covers_what_iam_says(
    action: str, resource: str, asked: str, arn: str, *, allowed: bool
) -> None:
    policy = Policy([Grant(action, resource, "Named")])

    assert policy.allows(asked, arn) == ([(asked, "Named")] if allowed else [])


def test_given_a_denial_when_asked_then_it_wins() -> None:
    policy = Policy([Grant("s3:*", "*", "All"), Grant("s3:DeleteObject", "*", "None", allow=False)])

    assert policy.allows("s3:GetObject", "arn:aws:s3:::files/a")
    assert not policy.allows("s3:DeleteObject", "arn:aws:s3:::files/a")


def test_given_a_raw_mail_when_mapped_then_both_actions_on_the_domain_and_on_the_configuration() -> None:
    ses = "arn:aws:ses:eu-north-1:000000000000"
    parameters = {"FromEmailAddress": "Faktura <faktura@firman.example>", "ConfigurationSetName": "mail"}
    resources = [f"{ses}:identity/firman.example", f"{ses}:configuration-set/mail"]

    assert actions("sesv2", "SendEmail", Content={"Raw": {"Data": b""}}, **parameters) == [
        (action, resource) for action in ("ses:SendEmail", "ses:SendRawEmail") for resource in resources
    ]
    assert actions("sesv2", "SendEmail", Content={"Simple": {}}, FromEmailAddress="a@firman.example") == [
        ("ses:SendEmail", resources[0])
    ]
    assert actions("sesv2", "GetAccount") == [("ses:GetAccount", "*")]
