"""Files that apps upload straight to S3, and fetch from there, by signed addresses."""

from __future__ import annotations

import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
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
    """An object under ``incoming/<company>/<file>``, or dropped under ``dropped/<company>/<any name>``."""

    bucket: str
    key: str
    version: str
    size: int
    """Bytes."""
    company_id: str
    file_id: str
    """Of a dropped one its name."""
    dropped: bool
    day: date | None
    """When a dropped one came (UTC)."""


_KEY = re.compile(
    r"(incoming)/(com_[0-9a-z]{20})/([a-z]{2,4}_[0-9a-z]{20})|(dropped)/(com_[0-9a-z]{20})/(.*[^/])"
)


def uploaded_objects(event: Mapping[str, Any]) -> Iterator[Uploaded]:
    """The objects an S3 notification tells of; keys that are not of our making are logged and left."""
    for record in event["Records"]:
        told = record["s3"]["object"]
        key = unquote_plus(told["key"])
        if match := _KEY.fullmatch(key):
            folder, company_id, name = (each for each in match.groups() if each)
            dropped = folder == "dropped"
            yield Uploaded(
                bucket=record["s3"]["bucket"]["name"],
                key=key,
                version=told["versionId"],
                size=told["size"],
                company_id=company_id,
                file_id=name,
                dropped=dropped,
                day=date.fromisoformat(record["eventTime"][:10]) if dropped else None,
            )
        else:
            logger.warning("an object under a key that is not of our making", key=key)


@contextmanager
def fetched(uploaded: Uploaded) -> Iterator[BinaryIO]:
    """The uploaded object as a temporary file: read twice, and never whole in memory."""
    with tempfile.TemporaryFile() as file:
        s3().download_fileobj(uploaded.bucket, uploaded.key, file, ExtraArgs={"VersionId": uploaded.version})
        file.seek(0)
        yield file
