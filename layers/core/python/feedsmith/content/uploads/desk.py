"""Small uploads that come through the API, and the rows that an ingestion refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from feedsmith.content.uploads.keys import ingestion_id, rejected_prefix
from feedsmith.models import Rejected
from feedsmith.stores.objects import Blobs


def submit(blobs: Blobs, bucket: str, tenant: str, domain: str, name: str, content: str) -> str:
    """Put content where uploads are put; returns the id of the ingestion that this begins.

    Each submission is an object of its own, so that two of one name do not share an ingestion.
    """
    key = f"{tenant}/{domain}/{uuid.uuid4().hex}/{name}"
    version = blobs.write(bucket, key, content.encode())
    return ingestion_id(bucket, key, version)


def rejects(blobs: Blobs, bucket: str, tenant: str, ingestion: str, most: int) -> tuple[list[Rejected], bool]:
    """The first ``most`` rows that an ingestion refused so far, by line; and whether there are more."""
    found: list[Rejected] = []
    for row in _rejected(blobs, bucket, tenant, ingestion):
        if len(found) == most:
            return found, True
        found.append(row)
    return found, False


def _rejected(blobs: Blobs, bucket: str, tenant: str, ingestion: str) -> Iterator[Rejected]:
    for key in blobs.keys(bucket, rejected_prefix(tenant, ingestion)):  # parts are numbered in the order of their lines
        for line in (blobs.read(bucket, key) or b"").splitlines():
            yield Rejected.model_validate_json(line)
