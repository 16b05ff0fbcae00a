"""The simulated day: what sharing saves, and what a row of its table says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedsmith_training.writing.traffic import MODELS, Day, Served, priced, run
from support.vectors import MemoryVectors
from support.writing import WordEmbedder

WORDS = ("profit", "google", "music", "speed")
EXTRACTIVE, HOUSE, SMALL, LARGE = MODELS


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    """A small day of articles about four subjects."""
    path: Path = tmp_path_factory.mktemp("articles") / "articles.jsonl"
    rows = (
        {"title": f"The {word} of {n}", "body": f"Much {word} was seen in town {n} today. People like {word} there."}
        for n in range(8)
        for word in WORDS
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    day = Day(items=8, history_items=24, readers=20, texts=3, prewrite_items=4, changed=0.5)
    return run(day, str(path), WordEmbedder(*WORDS), uncached=30, stores=lambda _: MemoryVectors())


def test_each_way_of_caching_asks_the_model_less(report: dict[str, list[dict[str, object]]]) -> None:
    calls = {row["cache"]: float(str(row["calls"])) for row in report["rows"] if row["writer"] == HOUSE.name}
    assert calls["none"] == 1000
    assert calls["none"] > calls["per person"] > calls["per segment"] >= calls["per segment, written ahead"]
    ahead = {row["cache"]: row["of_which_ahead"] for row in report["rows"] if row["writer"] == HOUSE.name}
    assert [cache for cache, tokens in ahead.items() if tokens] == ["per segment, written ahead"]


def test_every_text_is_kept_shared_or_written(report: dict[str, list[dict[str, object]]]) -> None:
    for one in report["served"]:
        served = Served(**one)  # type: ignore[arg-type]  # from its own dictionary
        assert served.kept + served.shared + served.calls == served.texts


def test_a_row_is_worked_out_by_hand() -> None:
    # 100 texts, 10 calls of 300 tokens read and 60 written; 5 calls ahead
    served = Served("per segment, written ahead", 100, 50, 40, 0, 10, 3_000, 600, 5, 1_500, 300)
    house = priced(served, HOUSE, 3)
    assert (house["hit_rate"], house["calls"], house["cost"]) == (0.9, 100.0, 0.0)
    assert house["tokens"] == 54_000  # (3000 + 600 + 1500 + 300) * 10
    # (3000 / 700 + 600 / 110) * 10 seconds
    assert house["seconds"] == 97.4
    # Bedrock reads the prompt for each of three candidates, and takes half the price for what was written ahead
    large = priced(served, LARGE, 3)
    assert large["tokens"] == 144_000  # (9000 + 600 + 4500 + 300) * 10
    # on request 9000 * 3 + 600 * 15 = 36,000 millionths; ahead (4500 * 3 + 300 * 15) / 2 = 9,000; ten times both
    assert large["cost"] == 0.45
    # the three candidates at the same time: (10 * 1 + (9000 / 10000 + 600 / 60) / 3) * 10
    assert large["seconds"] == 136.3
    assert priced(served, SMALL, 3)["cost"] < large["cost"]


def test_extracts_take_nothing() -> None:
    row = priced(Served("none", 100, 0, 0, 0, 100, 30_000, 6_000), EXTRACTIVE, 3)
    assert (row["tokens"], row["seconds"], row["cost"]) == (0, 0.0, 0.0)
