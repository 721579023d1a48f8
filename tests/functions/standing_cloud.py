"""Moto's cloud, kept standing between tests and emptied: to make it anew takes longer than most tests do."""

from collections import defaultdict

from moto.core.model_instances import reset_model_data
from moto.core.models import MockAWS
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import StreamShard
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.s3.models import FakeKey, s3_backends
from moto.ses.models import ses_backends
from moto.sesv2.models import sesv2_backends
from moto.sqs.models import sqs_backends

from local import provision
from local.template import ACCOUNT, REGION, Template
from samklang.platform import clients


def begin(mock: MockAWS, template: Template) -> None:
    """Have moto play AWS with the template's tables, buckets and queues, all of them empty."""
    mock.start(reset=False)
    if _stands(template):
        _empty()
        return
    mock.reset()
    for client in (clients.dynamodb, clients.s3, clients.sqs, clients.sesv2):
        client.cache_clear()
    provision.create_tables(template, clients.dynamodb())
    provision.create_buckets(template, clients.s3())
    provision.create_queues(template, clients.sqs())


def end(mock: MockAWS) -> None:
    """Let go of AWS; what was made stays for the next test."""
    mock.stop(remove_data=False)


def _stands(template: Template) -> bool:
    """Whether all of it is there, and nothing else: a test may have reset moto for a cloud of its own."""
    kinds: dict[str, set[str]] = {
        "AWS::DynamoDB::Table": set(dynamodb_backends[ACCOUNT][REGION].tables),
        "AWS::S3::Bucket": set(s3_backends[ACCOUNT]["aws"].buckets),
        "AWS::SQS::Queue": set(sqs_backends[ACCOUNT][REGION].queues),
    }
    return all(names == set(map(template.name, template.of_type(kind))) for kind, names in kinds.items())


def _empty() -> None:
    for table in dynamodb_backends[ACCOUNT][REGION].tables.values():
        table.items = defaultdict(dict)
        if table.stream_shard:
            table.stream_shard = StreamShard(ACCOUNT, table)
    for bucket in s3_backends[ACCOUNT]["aws"].buckets.values():
        bucket.keys.clear()
        bucket.multiparts.clear()
    for key in FakeKey.instances_tracked:  # type: ignore[attr-defined] # by its metaclass
        key.dispose()  # its temporary file
    for queue in sqs_backends[ACCOUNT][REGION].queues.values():
        queue._messages = []
        queue._pending_messages = set()
        queue.deleted_messages = set()
    for backend in (dynamodbstreams_backends, ses_backends, sesv2_backends):
        backend[ACCOUNT][REGION].reset()
    reset_model_data()
