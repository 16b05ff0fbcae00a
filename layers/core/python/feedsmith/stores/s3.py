"""Objects in S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from botocore.exceptions import ClientError, FlexibleChecksumError, HTTPClientError, IncompleteReadError

from feedsmith.errors import StoreUnavailable, UploadError
from feedsmith.stores.aws import error_code, translated
from feedsmith.stores.objects import Blobs

_BLOCK = 1024 * 1024
_CONNECTIONS = 3  # that one read may use; botocore itself repeats a call, but not the reading of its body

_REASONS = {
    "NoSuchKey": "it is not there (any more)",
    "NoSuchVersion": "this version is not there (any more)",
    "MethodNotAllowed": "it was deleted",
    "PreconditionFailed": "it was replaced while it was read",
    "InvalidRange": "it ends before the first byte asked for",
    "InvalidObjectState": "it is archived and has to be restored first",
    # S3 does not tell a role that may not list the bucket which of the two it is.
    "AccessDenied": "it is not there (any more), or the role lacks s3:GetObject or kms:Decrypt for it",
}


class S3Blobs(Blobs):
    """Blobs in S3; threads may share it.

    Parameters
    ----------
    client
        Low-level ``s3`` client.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def stream(self, bucket: str, key: str, version: str | None = None) -> Iterator[bytes]:
        return self._blocks(bucket, key, version, start=0, end=None)

    def read_range(self, bucket: str, key: str, start: int, end: int, version: str | None = None) -> bytes:
        if start == end:  # a Range header cannot ask for nothing
            return b""
        found = b"".join(self._blocks(bucket, key, version, start=start, end=end))
        if len(found) < end - start:
            raise _unreadable(bucket, key, version, f"it ends before byte {end}")
        return found

    def read(self, bucket: str, key: str) -> bytes | None:
        with translated(f"S3 bucket {bucket!r}", "FEEDSMITH_MODELS_BUCKET"):
            try:
                with closing(self._client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
                    return bytes(body.read())
            except ClientError as error:
                if error_code(error) == "NoSuchKey":
                    return None
                raise
            except (IncompleteReadError, FlexibleChecksumError) as error:
                raise StoreUnavailable(
                    f"S3 bucket {bucket!r} broke off an object ({type(error).__name__}): try again"
                ) from error

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        with translated(f"S3 bucket {bucket!r}", "FEEDSMITH_MODELS_BUCKET"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            return sorted(entry["Key"] for page in pages for entry in page.get("Contents", ()))

    def delete(self, bucket: str, prefix: str) -> int:
        deleted = 0
        with translated(f"S3 bucket {bucket!r}", "FEEDSMITH_WORK_BUCKET or FEEDSMITH_MODELS_BUCKET"):
            # A bucket without versions answers with one version of each object, "null".
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)
            for page in pages:
                found = [
                    {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                    for entry in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                ]
                if not found:
                    continue
                failed = self._client.delete_objects(Bucket=bucket, Delete={"Objects": found, "Quiet": True})
                if errors := failed.get("Errors"):
                    code = errors[0].get("Code")
                    left = f"S3 bucket {bucket!r} left {len(errors)} objects undeleted ({code})"
                    raise StoreUnavailable(f"{left}: try again")
                deleted += len(found)
        return deleted

    def write(self, bucket: str, key: str, body: bytes) -> str | None:
        with translated(f"S3 bucket {bucket!r}", "FEEDSMITH_WORK_BUCKET or FEEDSMITH_MODELS_BUCKET"):
            answer = self._client.put_object(Bucket=bucket, Key=key, Body=body)
        version: str | None = answer.get("VersionId")
        return version

    def _blocks(self, bucket: str, key: str, version: str | None, *, start: int, end: int | None) -> Iterator[bytes]:
        """Blocks from ``start`` on; where a connection breaks, the next one goes on from the same byte."""
        request = {"Bucket": bucket, "Key": key}
        if version is not None:
            request["VersionId"] = version
        broken: Exception | None = None
        for _ in range(_CONNECTIONS):
            if start or end is not None:
                request["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
            answer = self._get(request, version)
            request["IfMatch"] = answer["ETag"]  # without a version, the next connection could find another object
            with closing(answer["Body"]) as body:
                try:
                    for block in body.iter_chunks(_BLOCK):
                        start += len(block)
                        yield block
                    return
                except (HTTPClientError, IncompleteReadError, FlexibleChecksumError) as error:
                    broken = error
        reason = f"its connection broke {_CONNECTIONS} times, last at byte {start} ({type(broken).__name__})"
        raise _unreadable(bucket, key, version, reason) from broken

    def _get(self, request: dict[str, str], version: str | None) -> dict[str, Any]:
        bucket, key = request["Bucket"], request["Key"]
        with translated(f"S3 bucket {bucket!r}", "FEEDSMITH_UPLOADS_BUCKET or FEEDSMITH_WORK_BUCKET"):
            try:
                answer: dict[str, Any] = self._client.get_object(**request)
            except ClientError as error:
                if (reason := _REASONS.get(error_code(error))) is None:
                    raise
                raise _unreadable(bucket, key, version, reason) from error
        return answer


def _unreadable(bucket: str, key: str, version: str | None, reason: str) -> UploadError:
    name = f"s3://{bucket}/{key}" + (f" (version {version})" if version else "")
    return UploadError(f"{name} cannot be read: {reason}; upload the object again")
