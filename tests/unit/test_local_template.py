from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from local import iam, routes
from local.provision import create_buckets, create_mail, create_queues, create_tables, create_topics
from local.template import Template, TemplateError, function_environment, merged

SMALL = Path(__file__).parents[1] / "cloud" / "test_local_app" / "template.yaml"


def template(tmp_path: Path, **sections: Any) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(yaml.safe_dump({"Resources": {}, **sections}), encoding="utf-8")
    return Template.load(path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "AWS::Region"}, "eu-north-1"),
        ({"Ref": "Colour"}, "red"),
        ({"Fn::Sub": "${Colour}-${!Literal}-${AWS::AccountId}"}, "red-${Literal}-000000000000"),
        ({"Fn::Sub": ["${a}${Colour}", {"a": {"Ref": "Colour"}}]}, "redred"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Colour"}]]}, "a/red"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::If": ["IsRed", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsNotRed", "yes", "no"]}, "no"),
        ({"Fn::FindInMap": ["Codes", {"Ref": "Colour"}, "hex"]}, "#f00"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Ref": "Books"}, "samklang-local-Books"),
        (
            {"Fn::GetAtt": ["Books", "Arn"]},
            "arn:aws:dynamodb:eu-north-1:000000000000:table/samklang-local-Books",
        ),
        (
            {"Fn::Sub": "${Books.Arn}/index/x"},
            "arn:aws:dynamodb:eu-north-1:000000000000:table/samklang-local-Books/index/x",
        ),
        ({"Ref": "Queue"}, "http://127.0.0.1:8401/000000000000/work"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:aws:sqs:eu-north-1:000000000000:work"),
        ({"Ref": "Files"}, "samklang-local-files"),
        ({"Fn::Sub": "faktura@${Sender}"}, "faktura@firman.example"),
        ({"Ref": "Mail"}, "samklang-local-Mail"),
    ],
)
def test_given_an_intrinsic_when_resolved_then_its_value(tmp_path: Path, value: Any, expected: Any) -> None:
    found = template(
        tmp_path,
        Parameters={"Colour": {"Type": "String", "Default": "red"}},
        Mappings={"Codes": {"red": {"hex": "#f00"}}},
        Conditions={
            "IsRed": {"Fn::Equals": [{"Ref": "Colour"}, "red"]},
            "IsNotRed": {"Fn::Not": [{"Condition": "IsRed"}]},
        },
        Resources={
            "Books": {"Type": "AWS::DynamoDB::Table"},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "work"}},
            "Files": {"Type": "AWS::S3::Bucket"},
            "Sender": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "firman.example"}},
            "Mail": {"Type": "AWS::SES::ConfigurationSet"},
        },
    )

    assert found.resolve(value) == expected


@pytest.mark.parametrize("value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Nothing", "Arn"]}, {"Fn::Cidr": []}])
def test_given_something_unknown_when_resolved_then_it_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TemplateError):
        template(tmp_path).resolve(value)


def test_given_a_parameter_without_value_when_loaded_then_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="Colour"):
        template(tmp_path, Parameters={"Colour": {"Type": "String"}})


def test_given_globals_when_merged_then_maps_merge_lists_join_and_values_are_replaced() -> None:
    common = {"Timeout": 3, "Layers": ["a"], "Environment": {"Variables": {"A": "1", "B": "1"}}}
    own = {"Timeout": 9, "Layers": ["b"], "Environment": {"Variables": {"B": "2"}}}

    assert merged(common, own) == {
        "Timeout": 9,
        "Layers": ["a", "b"],
        "Environment": {"Variables": {"A": "1", "B": "2"}},
    }


def test_given_a_function_when_read_then_settings_events_and_grants_are_there() -> None:
    found = Template.load(SMALL).function("ThingsFunction")

    assert found.folder == (SMALL.parent / "functions" / "things").resolve()
    assert (found.handler, found.timeout, found.memory) == ("app.handler", 2, 256)
    assert found.environment["TABLE"] == "samklang-local-Things"
    assert found.environment["API_URL"] == "http://127.0.0.1:8400"
    assert {event.type for event in found.events} == {"HttpApi"}


def test_given_statements_when_asked_then_grants_are_named_as_the_template_names_them() -> None:
    assert iam.granted(Template.load(SMALL))["ThingsFunction"] == {
        ("dynamodb:PutItem", "Things"),
        ("dynamodb:GetItem", "Things"),
        ("dynamodb:Query", "Things/index/colours"),
        ("s3:PutObject", "Files/incoming/*"),
    }


def test_given_a_ready_made_policy_when_read_then_it_is_refused(tmp_path: Path) -> None:
    function = {"CodeUri": "f/", "Handler": "app.handler", "Policies": ["AmazonDynamoDBFullAccess"]}
    found = template(tmp_path, Resources={"F": {"Type": "AWS::Serverless::Function", "Properties": function}})

    with pytest.raises(TemplateError, match="hand-written"):
        found.functions()


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/echo/exact", ("GET /echo/exact", {})),
        ("POST", "/echo/exact", ("ANY /echo/{name}", {"name": "exact"})),
        ("GET", "/echo/a/b", ("GET /echo/{rest+}", {"rest": "a/b"})),
        ("POST", "/echo/a/b", None),
        ("GET", "/echo/", None),
        ("GET", "/open/", None),
        ("HEAD", "/open", None),
    ],
)
def test_given_a_request_when_routed_then_the_most_specific_route_or_none(
    method: str, path: str, expected: Any
) -> None:
    found = routes.routes(Template.load(SMALL)).find(method, path)

    assert (found and (found[0].key, found[1])) == expected


def test_given_moto_when_the_resources_are_made_then_they_are_the_templates() -> None:
    with mock_aws():
        found = Template.load(SMALL)
        create_tables(found, boto3.client("dynamodb", region_name="eu-north-1"))
        create_buckets(found, boto3.client("s3", region_name="eu-north-1"))
        create_queues(found, boto3.client("sqs", region_name="eu-north-1"))

        dynamodb = boto3.client("dynamodb", region_name="eu-north-1")
        table = dynamodb.describe_table(TableName=found.ref("Things"))["Table"]
        assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["colours"]
        assert found.attribute("Things", "StreamArn") == table["LatestStreamArn"]
        assert function_environment(found, "ThingsFunction")["TABLE"] == table["TableName"]
        sqs = boto3.client("sqs", region_name="eu-north-1")
        queue = sqs.get_queue_attributes(QueueUrl=found.ref("Work"), AttributeNames=["RedrivePolicy"])
        assert "WorkFailures" in queue["Attributes"]["RedrivePolicy"]


def test_given_resources_that_are_there_when_made_again_then_nothing_changes() -> None:
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="eu-north-1")
        first, second = Template.load(SMALL), Template.load(SMALL)
        create_tables(first, dynamodb)
        create_tables(second, dynamodb)

        assert first.attribute("Things", "StreamArn") == second.attribute("Things", "StreamArn")


def test_given_grants_on_ses_when_asked_then_they_are_named_as_the_template_names_them(
    tmp_path: Path,
) -> None:
    ses = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}"
    names = ("identity/${Sender}", "configuration-set/${Mail}")
    statements = [
        {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": {"Fn::Sub": f"{ses}:{name}"}}
        for name in names
    ]
    function = {"CodeUri": "f/", "Handler": "app.handler", "Policies": [{"Statement": statements}]}
    found = template(
        tmp_path,
        Resources={
            "F": {"Type": "AWS::Serverless::Function", "Properties": function},
            "Sender": {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": "firman.example"}},
            "Mail": {"Type": "AWS::SES::ConfigurationSet"},
        },
    )

    assert iam.granted(found) == {"F": {("ses:SendEmail", "Sender"), ("ses:SendEmail", "Mail")}}
    resources = [statement.resources for statement in found.function("F").statements]
    assert resources[0] == ("arn:aws:ses:eu-north-1:000000000000:identity/firman.example",)


def test_given_a_topic_and_its_queue_when_made_twice_then_messages_pass_the_filter_once(
    tmp_path: Path,
) -> None:
    found = template(
        tmp_path,
        Resources={
            "News": {"Type": "AWS::SNS::Topic"},
            "Work": {"Type": "AWS::SQS::Queue"},
            "Way": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {
                    "TopicArn": {"Ref": "News"},
                    "Protocol": "sqs",
                    "Endpoint": {"Fn::GetAtt": ["Work", "Arn"]},
                    "RawMessageDelivery": True,
                    "FilterPolicyScope": "MessageBody",
                    "FilterPolicy": {"kind": ["wanted"]},
                },
            },
        },
    )
    with mock_aws():
        sqs = boto3.client("sqs", region_name="eu-north-1")
        sns = boto3.client("sns", region_name="eu-north-1")
        for _ in range(2):
            create_queues(found, sqs)
            create_topics(found, sns, sqs)
        for body in ('{"kind": "other"}', '{"kind": "wanted"}'):
            sns.publish(TopicArn=found.ref("News"), Message=body)

        messages = sqs.receive_message(QueueUrl=found.ref("Work"), MaxNumberOfMessages=10)["Messages"]
        assert [message["Body"] for message in messages] == ['{"kind": "wanted"}']


def test_given_a_sending_domain_when_made_twice_then_it_is_there_once_and_an_address_is_refused(
    tmp_path: Path,
) -> None:
    def sender(name: str) -> Template:
        identity = {"Type": "AWS::SES::EmailIdentity", "Properties": {"EmailIdentity": name}}
        return template(tmp_path, Resources={"S": identity, "M": {"Type": "AWS::SES::ConfigurationSet"}})

    with mock_aws():
        client = boto3.client("sesv2", region_name="eu-north-1")
        create_mail(sender("firman.example"), client)
        create_mail(sender("firman.example"), client)
        names = [each["IdentityName"] for each in client.list_email_identities()["EmailIdentities"]]
        assert names == ["firman.example"]
        with pytest.raises(TemplateError, match="from a domain"):
            create_mail(sender("faktura@firman.example"), client)
