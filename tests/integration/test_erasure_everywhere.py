"""Whoever leaves is gone: every item, point, object, queue and log line of the local stack is looked through."""

from __future__ import annotations

import io
import json
import logging
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import numpy as np
import pytest

from feedsmith.bootstrap import services
from feedsmith.errors import InvalidRequest
from feedsmith.privacy.proof import verify
from feedsmith.stores import codec
from feedsmith.stores.letters import DeadLetter
from feedsmith.stores.vectors import Collection
from feedsmith_local.stack import LocalStack

USER = "ann.example-4711"
NEIGHBOURS = tuple(f"reader-{number}" for number in range(8))
TITLES = {
    "sport": [
        "Striker scores twice in the cup final",
        "Champion beaten in the tennis open",
        "Rugby coach names a team",
    ],
    "business": ["Bank lifts its interest rate", "Shares fall at the carmaker", "Oil prices rise after output is cut"],
}
COLLECTIONS: tuple[Collection, ...] = ("items", "users", "segments")


@pytest.fixture(scope="module")
def log() -> Iterator[io.StringIO]:
    """All that any logger of this process says, at any level."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    root = logging.getLogger("feedsmith")
    level = root.level
    for logger in (root, logging.getLogger("feedsmith_local"), logging.getLogger("service_undefined")):
        logger.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield said
    root.setLevel(level)
    for logger in (root, logging.getLogger("feedsmith_local"), logging.getLogger("service_undefined")):
        logger.removeHandler(handler)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, models: Path, log: io.StringIO) -> Iterator[LocalStack]:
    environment = {"FEEDSMITH_MODELS_PATH": str(models)}
    with LocalStack(tmp_path_factory.mktemp("state"), port=0, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    with httpx.Client(base_url=stack.base_url, headers=headers, trust_env=False, timeout=60) as client:
        yield client


def post(http: httpx.Client, user: str, items: list[str]) -> None:
    at = datetime.now(UTC).isoformat()
    events = [
        {"user_id": user, "item_id": item, "type": kind, "at": at} for item in items for kind in ("click", "like")
    ]
    assert http.post("/v1/events", json={"events": events}).status_code == 202


def items_held(table: str) -> list[dict[str, Any]]:
    pages = boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [item for page in pages for item in page["Items"]]


def objects_held() -> list[bytes]:
    s3 = boto3.client("s3")
    found = []
    for bucket in (bucket["Name"] for bucket in s3.list_buckets()["Buckets"]):
        for version in s3.list_object_versions(Bucket=bucket).get("Versions", []):
            got = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
            found.append(version["Key"].encode() + got["Body"].read())
    return found


def messages_held() -> list[str]:
    sqs = boto3.client("sqs")
    found = []
    for url in sqs.list_queues()["QueueUrls"]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [message["Body"] for message in messages]
    return found


def points_held(tenant: str) -> Iterator[tuple[str, str, np.ndarray]]:
    vectors = services().vectors()
    for collection in COLLECTIONS:
        cursor: str | None = None
        while True:
            page = vectors.scroll(tenant, collection, cursor=cursor, with_vectors=True)
            for hit in page.hits:
                assert hit.vector is not None
                yield f"{collection}/{hit.key}", json.dumps(hit.payload), hit.vector
            if (cursor := page.cursor) is None:
                break


def test_nothing_of_an_erased_user_is_found_anywhere(
    stack: LocalStack, http: httpx.Client, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    s, tenant, table = services(), stack.tenant, os.environ["FEEDSMITH_TABLE"]
    # GIVEN a user with events, likes, a rotated key, a profile, a segment, a personal text, wishes and a dead letter
    rows = [
        {"id": f"{topic}-{n}", "domain": "news", "title": title, "body": f"{title}. More is known by now."}
        for topic, titles in TITLES.items()
        for n, title in enumerate(titles)
    ]
    assert http.post("/v1/items", json={"items": rows}).status_code == 200
    for neighbour in NEIGHBOURS:
        post(http, neighbour, ["sport-0", "sport-2"])
    post(http, USER, ["sport-0", "sport-1", "business-2"])
    stack.settle()
    stack.run_schedule()
    handles = {handle.digest for handle in s.pseudonym.handles(tenant, USER)}
    s.tenants.rotate_key(tenant)
    assert http.get(f"/v1/users/{USER}/profile", params={"domain": "news"}).json()["segment"]
    assert http.put(f"/v1/users/{USER}/consent", json={"analytics": True}).status_code == 200
    handles |= {handle.digest for handle in s.pseudonym.handles(tenant, USER)}
    user = s.pseudonym.known(tenant, USER)
    s.ledger.cache_text(tenant, "k1", '{"text": "for you"}', expires_at=datetime.max.replace(tzinfo=UTC), user=user)
    s.dead_letters.send([DeadLetter(tenant, user, "e1", "shard", "1", "a test", counted=True)])
    point = s.vectors().retrieve(tenant, "users", [codec.profile_key(user, "news")], with_vectors=True)
    taste = next(iter(point.values())).vector
    assert taste is not None
    late = [record for record in s.ledger.events(tenant) if record[0] == user]
    assert len(late) == 6
    export = http.get(f"/v1/users/{USER}/export").json()
    assert {record["kind"] for record in export["records"]} == {"event", "text", "wishes", "revision"}
    assert export["profiles"][0]["segment"]
    assert any(user in json.dumps(item) for item in items_held(table))
    counted = s.ledger.counters(tenant, ["sport-0", "sport-1"])

    # WHEN the user is erased
    begun = time.perf_counter()
    done = http.delete(f"/v1/users/{USER}").json()
    took = time.perf_counter() - begun
    stack.settle()

    # THEN nothing anywhere has the id, a pseudonym of any version, or the vector
    points = list(points_held(tenant))
    looked_through = [
        *map(json.dumps, items_held(table)),
        *(name + payload for name, payload, _ in points),
        *(body.decode("latin-1") for body in objects_held()),
        *messages_held(),
        *log.getvalue().splitlines(),
        *"".join(capsys.readouterr()).splitlines(),
    ]
    for needle in (USER, user, *handles):
        assert not [place[:80] for place in looked_through if needle in place]
    nearest = max((float(vector @ taste), name) for name, _, vector in points)
    assert nearest[0] < 0.999, nearest
    assert (done["complete"], done["erased"]["event"], done["erased"]["profile"]) == (True, 6, 1)
    assert took < 60

    # AND late records of the stream change nothing
    from feedsmith.stores.ledger import StreamRecord

    records = [StreamRecord(tenant, user, event, "another", str(n)) for n, (_, event) in enumerate(late, 1)]
    assert s.stream.absorb(records) is None
    assert not any(user in json.dumps(item) for item in items_held(table))
    assert not any(user in name for name, _, _ in points_held(tenant))
    assert {key: c.counts for key, c in s.ledger.counters(tenant, ["sport-0", "sport-1"]).items()} == {
        key: c.counts for key, c in counted.items()
    }

    # AND the proof holds, a changed one does not
    public = s.signer.public_key()
    assert verify(done["proof"], USER, public).erased == done["erased"]
    with pytest.raises(InvalidRequest):
        verify(done["proof"][:-6] + "AAAAAA", USER, public)

    with capsys.disabled():
        places = f"{len(looked_through)} places, nearest vector {nearest[0]:.3f}"
        print(f"\nerased in {took * 1000:.0f} ms; looked through {places}")  # noqa: T201  the figure to be shown
