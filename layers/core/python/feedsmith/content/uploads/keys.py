"""Names of objects: what an upload's key says, and where the pipeline's own objects lie."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from feedsmith.errors import UploadError

Format: TypeAlias = Literal["jsonl", "csv", "json"]

_SHAPE = "{tenant}/{domain}/name.jsonl, .csv or .json, each also with .gz"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_EXTENSION = re.compile(r"\.(jsonl|csv|json)(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UploadKind:
    """What an object's key says of its content."""

    domain: str
    format: Format
    gzipped: bool


def tenant_of(key: str) -> str:
    """The tenant that an object was uploaded for.

    Raises
    ------
    UploadError
        The key names no tenant, so that nobody can be told.
    """
    tenant, slash, _ = key.partition("/")
    if not slash or not _NAME.fullmatch(tenant):
        raise UploadError(f"the key {key!r} names no tenant: upload to {_SHAPE}")
    return tenant


def kind_of(key: str) -> UploadKind:
    """Domain and format of an object, folders below the domain's being the owner's own business.

    Raises
    ------
    UploadError
        The key lacks one of them.
    """
    parts = key.split("/")
    extension = _EXTENSION.search(parts[-1])
    if len(parts) < 3 or not _NAME.fullmatch(parts[1]):
        raise UploadError(f"the key {key!r} names no domain: upload to {_SHAPE}")
    if extension is None:
        raise UploadError(f"the key {key!r} has no known extension: upload to {_SHAPE}")
    return UploadKind(parts[1], cast(Format, extension[1].lower()), extension[2] is not None)


def ingestion_id(bucket: str, key: str, version: str | None) -> str:
    """Id of the ingestion of one version of an object: the same for each delivery of its event.

    In a bucket without versioning, an object that replaces another has that one's id; version the uploads bucket.
    """
    return "i-" + hashlib.sha256("\n".join([bucket, key, version or ""]).encode()).hexdigest()[:24]


def staged_key(tenant: str, ingestion: str, chunk: int) -> str:
    """Where a chunk's rows are staged in the work bucket."""
    return f"staging/{tenant}/{ingestion}/{chunk:05d}.jsonl"


def rejected_prefix(tenant: str, ingestion: str) -> str:
    """Where an ingestion's rejected rows are kept in the work bucket."""
    return f"rejected/{tenant}/{ingestion}/"


def rejected_key(tenant: str, ingestion: str, chunk: int) -> str:
    """Where a chunk's rejected rows are kept in the work bucket."""
    return f"{rejected_prefix(tenant, ingestion)}part-{chunk:05d}.jsonl"


def rejects_prefix(work_bucket: str, tenant: str, ingestion: str) -> str:
    """What the rejected rows of an ingestion have in common: an ``s3://`` address."""
    return f"s3://{work_bucket}/{rejected_prefix(tenant, ingestion)}"
