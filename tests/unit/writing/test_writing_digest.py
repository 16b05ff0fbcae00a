"""The two kinds of text that are about the feed: reasons and digests."""

from __future__ import annotations

from threading import Event

import pytest

from feedsmith.errors import WriterError
from feedsmith.models import Reason
from support.writing import EN, ScriptedWriter
from support.writing_world import GOOD, READ, World


@pytest.fixture
def world() -> World:
    world = World()
    world.add(EN)
    return world


@pytest.mark.parametrize(
    ("language", "texts", "expected"),
    [
        (
            "en",
            ["You often follow Business", "Trending in Business"],
            "You often follow Business; Trending in Business",
        ),
        ("zh", ["你常关注财经", "财经热门"], "你常关注财经；财经热门"),
        ("en", [], "From News"),
        ("zh", [], "来自新闻"),
    ],
)
def test_a_reason_is_the_ranker_s(world: World, language: str, texts: list[str], expected: str) -> None:
    world.reasons = tuple(Reason(term="topics", text=text) for text in texts)
    reason = world.write(kind="reason", language=language)
    assert (reason.text, reason.language, reason.source) == (expected, language, "original")
    assert world.script.prompts == []


def test_a_reason_names_the_read_item_as_its_ground(world: World) -> None:
    world.add(READ)
    world.reasons = (Reason(term="interest", text="Because you read “Google buys YouTube”", item_id="read"),)
    ground = world.write(kind="reason").ground
    assert ground is not None
    assert ground.title == "Google buys YouTube"


def test_a_digest_cites_one_sentence_per_item_of_the_feed(world: World) -> None:
    # GIVEN a model whose sentence is true of the first item only
    world.add(READ)
    world.script.texts = ("TimeWarner profits jumped 76% to $1.13bn.",)
    world.feed = ["en1", "gone", "read"]
    # WHEN the feed is digested, THEN the other item speaks for itself
    digest = world.write(kind="digest", item_id=None, domain="news")
    assert digest.text == "TimeWarner profits jumped 76% to $1.13bn. [1]\nGoogle paid for a profit. [2]"
    assert (digest.item_ids, digest.source, digest.rejected) == (("en1", "read"), "model", 1)
    assert {check.name.partition(":")[0] for check in digest.verdict.checks} == {"1", "2"}
    assert world.write(kind="digest", item_id=None, domain="news").cached


def test_a_digest_whose_writer_fails_is_of_the_items_words_and_not_kept(world: World) -> None:
    world.script.error = WriterError("busy")
    world.feed = ["en1"]
    digest = world.write(kind="digest", item_id=None, domain="news")
    assert digest.text.endswith(" [1]")
    assert digest.note == "writer_failed: busy"
    assert not world.write(kind="digest", item_id=None, domain="news").cached


def test_a_digest_stops_asking_when_its_time_is_over() -> None:
    release = Event()
    world = World(ScriptedWriter(GOOD, gate=release), writer_timeout_s=0.05)
    world.add(EN)
    world.add(READ)
    world.feed = ["en1", "read"]
    digest = world.write(kind="digest", item_id=None, domain="news")
    release.set()
    assert digest.source in ("extractive", "original")
    assert "no time was left" in (digest.note or "")
    assert len(world.script.prompts) == 1
