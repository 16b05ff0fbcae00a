"""The local stack with the real functions: content in by S3, events in by HTTP, a feed out."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest

from feedsmith.bootstrap import services
from feedsmith.content.uploads import rejects_prefix
from feedsmith.errors import ConfigurationError
from feedsmith_local.stack import LocalStack
from support.callers import LOCAL_KEY

SPORT = [
    "Striker scores twice as City win the cup final",
    "Champion beaten in the first round of the tennis open",
    "Rugby coach names a young team for the final match",
    "Sprinter breaks the national record in athletics",
]
BUSINESS = [
    "Bank lifts its interest rate to four per cent",
    "Shares fall as the carmaker reports lower profits",
    "Oil prices rise after the producers cut output",
    "Retailer plans to close stores and cut jobs",
]
ROWS = [
    *({"id": f"s{n}", "title": title, "body": f"{title}. Fans cheered the players."} for n, title in enumerate(SPORT)),
    *({"id": f"b{n}", "title": title, "body": f"{title}. Investors watched."} for n, title in enumerate(BUSINESS)),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[LocalStack]:
    environment = {"FEEDSMITH_MODELS_PATH": str(models), "FEEDSMITH_LOCAL_KEY": LOCAL_KEY}
    with LocalStack(tmp_path_factory.mktemp("state"), port=0, environment=environment) as running:
        yield running


@pytest.fixture(scope="module")
def uploaded(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Eight good rows with a bad one among them, and their finished ingestion."""
    path = tmp_path_factory.mktemp("content") / "items.jsonl"
    lines = [json.dumps(row) for row in ROWS]
    lines.insert(3, '{"id": "no-title"}')
    path.write_text("\n".join(lines))
    return stack.wait_for_ingestion(stack.upload(path, domain="news"), timeout_s=120)


@pytest.fixture
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    with httpx.Client(base_url=stack.base_url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


def test_the_good_rows_land_and_the_bad_one_is_kept(stack: LocalStack, uploaded: Any, http: httpx.Client) -> None:
    assert (uploaded.status, uploaded.indexed, uploaded.rejected) == ("succeeded", 8, 1)
    assert http.get(f"/v1/ingestions/{uploaded.id}").json()["indexed"] == 8
    assert http.get("/v1/items/s0").json()["item"]["title"] == SPORT[0]

    place = rejects_prefix(os.environ["FEEDSMITH_WORK_BUCKET"], stack.tenant, uploaded.id)
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    s3 = boto3.client("s3")
    (part,) = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    (rejected,) = s3.get_object(Bucket=bucket, Key=part["Key"])["Body"].read().decode().splitlines()
    assert json.loads(rejected)["line"] == 4
    assert "no-title" in json.loads(rejected)["row"]


def test_the_same_upload_again_changes_nothing(stack: LocalStack, uploaded: Any) -> None:
    body = "\n".join(json.dumps(row) for row in ROWS).encode()

    again = stack.wait_for_ingestion(stack.upload(body, domain="news", name="again.jsonl"), timeout_s=120)

    assert (again.status, again.indexed, again.unchanged) == ("succeeded", 0, 8)


def test_an_event_is_soon_in_the_feed(uploaded: Any, http: httpx.Client) -> None:
    at = datetime.now(UTC).isoformat()
    events = [{"user_id": "ann", "item_id": item, "type": "like", "at": at} for item in ("s0", "s1")]

    late = time.monotonic() + 30  # how soon is measured by the demo
    posted = http.post("/v1/events", json={"events": events})
    assert (posted.status_code, posted.json()) == (202, {"accepted": 2, "duplicates": 0, "ignored": 0})
    while True:
        slate = (
            http.get("/v1/users/ann/recommendations", params={"domain": "news", "limit": 4}).raise_for_status().json()
        )
        if not {item["item_id"] for item in slate["items"]} & {"s0", "s1"}:
            break
        assert time.monotonic() < late, "the feed does not know of the event"

    assert slate["basis"] == "personal"
    assert slate["items"][0]["item_id"] in ("s2", "s3")
    assert http.post("/v1/events", json={"events": events}).json() == {"accepted": 0, "duplicates": 2, "ignored": 0}


def test_a_wrong_key_or_none_is_refused(stack: LocalStack) -> None:
    url = f"{stack.base_url}/v1/users/ann/recommendations?domain=news"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {LOCAL_KEY}"}):
        answer = httpx.get(url, headers=headers, trust_env=False)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == 401
    assert httpx.get(f"{stack.base_url}/v1/health/live", trust_env=False).status_code == 200


def test_another_tenants_key_sees_none_of_it(uploaded: Any, stack: LocalStack, http: httpx.Client) -> None:
    other = services().access.create("other", scopes=["recommend:read"])

    answer = http.get("/v1/items/s0", headers={"Authorization": f"Bearer {other.text}"})

    assert answer.status_code == 404


def test_a_file_that_is_no_content_ends_as_failed_with_a_reason(stack: LocalStack) -> None:
    failed = stack.wait_for_ingestion(stack.upload(b"\x1f\x8bnot gzip", domain="news", name="broken.jsonl.gz"))

    assert failed.status == "failed"
    assert failed.reason


def test_the_schedule_runs_on_demand(uploaded: Any, stack: LocalStack) -> None:
    assert isinstance(stack.run_schedule()["reports"], list)


def test_a_name_or_an_end_is_asked_for(stack: LocalStack) -> None:
    with pytest.raises(ConfigurationError, match="name"):
        stack.upload(b"{}", domain="news")
    with pytest.raises(TimeoutError, match="nothing-began"):
        stack.wait_for_ingestion("nothing-began", timeout_s=0.01)


def test_one_stack_a_process(stack: LocalStack, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="already"), LocalStack(tmp_path, port=0):
        pass
    assert httpx.get(f"{stack.base_url}/v1/health/ready", trust_env=False).status_code == 200


def test_the_environment_is_the_templates(stack: LocalStack, models: Path) -> None:
    assert os.environ["FEEDSMITH_TABLE"] == "feedsmith-local-LedgerTable"
    assert os.environ["FEEDSMITH_UPLOADS_BUCKET"] == "feedsmith-local-uploads-123456789012-us-east-1"
    assert os.environ["FEEDSMITH_MODELS_PATH"] == str(models)
    assert stack.key == LOCAL_KEY
