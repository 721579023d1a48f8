"""Files that apps upload straight to S3, and fetch from there, by signed addresses."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote_plus

from samklang.platform.clients import s3
from samklang.platform.logs import logger
from samklang.platform.shapes import Link, Upload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UPLOAD_SECONDS = 3600
LINK_SECONDS = 900


def presigned_post(bucket: str, key: str, content_type: str, max_bytes: int) -> Upload:
    """A form that uploads one file under one key, of one type, of at most ``max_bytes`` bytes."""
    form = s3().generate_presigned_post(
        bucket,
        key,
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
        ExpiresIn=UPLOAD_SECONDS,
    )
    return Upload(url=form["url"], fields=form["fields"], expires_in=UPLOAD_SECONDS, max_bytes=max_bytes)


def presigned_get(bucket: str, key: str) -> Link:
    """An address that fetches one file for a short time."""
    parameters = {"Bucket": bucket, "Key": key}
    url = s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=LINK_SECONDS)
    return Link(url=url, expires_in=LINK_SECONDS)


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An object that was uploaded under ``incoming/<company>/<file>``."""

    bucket: str
    key: str
    version: str
    company_id: str
    file_id: str


def uploaded_objects(event: Mapping[str, Any]) -> Iterator[Uploaded]:
    """The objects an S3 notification tells of; keys that are not of our making are logged and left."""
    for record in event["Records"]:
        key = unquote_plus(record["s3"]["object"]["key"])
        parts = key.split("/")
        if len(parts) == 3 and parts[0] == "incoming":  # noqa: PLR2004 - incoming, company, file
            version = record["s3"]["object"]["versionId"]
            yield Uploaded(record["s3"]["bucket"]["name"], key, version, parts[1], parts[2])
        else:
            logger.warning("an object under a key that is not of our making", key=key)


@contextmanager
def fetched(uploaded: Uploaded) -> Iterator[BinaryIO]:
    """The uploaded object as a temporary file: read twice, and never whole in memory."""
    with tempfile.TemporaryFile() as file:
        s3().download_fileobj(uploaded.bucket, uploaded.key, file, ExtraArgs={"VersionId": uploaded.version})
        file.seek(0)
        yield file
