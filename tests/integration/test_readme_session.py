"""The README's session, run as it stands, with curl, against the local stack."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedsmith_local.stack import LocalStack
from support.readme import bash_blocks, python_blocks

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the README's session needs curl")


@pytest.fixture
def stack(tmp_path: Path, models: Path) -> Iterator[LocalStack]:
    with LocalStack(tmp_path, port=0, environment={"FEEDSMITH_MODELS_PATH": str(models)}) as running:
        yield running


def run(block: str, stack: LocalStack) -> list[Any]:
    """The JSON values that a block prints."""
    env = {**os.environ, "URL": stack.base_url, "KEY": stack.key, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(["bash", "-euc", block], env=env, capture_output=True, text=True, check=True)
    decoder, text, found = json.JSONDecoder(), done.stdout.strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found


def test_the_session_of_the_readme(stack: LocalStack) -> None:
    items, events, feed, text, rest = bash_blocks("README.md")

    assert run(items, stack) == [{"indexed": 4, "unchanged": 0}]
    assert run(items, stack) == [{"indexed": 0, "unchanged": 4}]
    assert run(events, stack) == [{"accepted": 2, "duplicates": 0, "ignored": 0}]
    assert run(events, stack) == [{"accepted": 0, "duplicates": 2, "ignored": 0}]

    # Ann liked one piece of sport: the other one comes first, and the read one is gone.
    deadline = time.monotonic() + 10
    while True:
        (slate,) = run(feed, stack)
        if slate["basis"] == "personal" or time.monotonic() > deadline:
            break
    assert slate["basis"] == "personal"
    assert slate["items"][0]["item_id"] == "n2"
    assert {item["item_id"] for item in slate["items"]} == {"n2", "n3", "n4"}
    for item in slate["items"]:
        assert item["score"] == pytest.approx(sum(term["contribution"] for term in item["terms"]), abs=1e-5)
    assert slate["items"][0]["reasons"]

    for readme in ("README.md", "README.zh-CN.md"):
        (snippet,) = python_blocks(readme)
        env = {**os.environ, "URL": stack.base_url, "KEY": stack.key}
        said = subprocess.run([sys.executable, "-c", snippet], env=env, capture_output=True, text=True, check=True)
        assert said.stdout.strip()
        assert not said.stderr

    (headline,) = run(text, stack)
    assert headline["text"]
    assert headline["verdict"]["passed"]

    profile, item, similar, segments, health = run(rest, stack)
    assert profile["interactions"] == 4  # two by curl, one by each README's snippet
    assert "sport" in profile["topics"]
    assert item["item"]["id"] == "n1"
    assert similar["items"][0]["item_id"] == "n2"
    assert segments == {"segments": []}  # one user is no segment
    assert health["status"] == "ok"
