"""Texts of head items, written before anybody asks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from feedsmith.errors import ConfigurationError, WriterError
from feedsmith.models import Item
from feedsmith.writing.prewriting import Written
from support.writing import EN, NOW, ScriptedWriter
from support.writing_world import GOOD, Head, profile, segment


def item(name: str, words: str, **fields: Any) -> Item:
    return Item(
        id=name, domain="news", title=f"{words} {name}", body=f"This is about {words}.", language="en", **fields
    )


def test_the_head_of_everyone_is_what_trends() -> None:
    world = Head(items=2)
    for name, trend in (("old", 1.0), ("new", 3.0), ("mid", 2.0)):
        world.trend(item(name, "speed"), trend)
    world.add(item("unseen", "speed"))
    assert world.missing() == [("new", "headline", None), ("mid", "headline", None)]


def test_the_head_of_a_segment_is_what_it_liked_and_what_trends_closest_to_it() -> None:
    # GIVEN a segment that liked a (most) and b, and trends of which g is about Google
    liking = segment("google", topics={"technology": 1.0}, liked={"a": 0.9, "b": 0.5, "gone": 0.4})
    world = Head(liking, items=3)
    for name, words, trend in (("p", "profit", 9.0), ("g", "google", 1.0), ("a", "music", 0.5)):
        world.trend(item(name, words), trend)
    world.add(item("b", "music"))
    # THEN in turn: a, g, b; everyone's after it, by trend
    assert world.missing() == [
        ("a", "headline", "Technology"), ("g", "headline", "Technology"), ("b", "headline", "Technology"),
        ("p", "headline", None), ("g", "headline", None), ("a", "headline", None),
    ]  # fmt: skip


def test_what_has_expired_or_is_not_fit_is_not_written() -> None:
    liking = segment("google", liked={"late": 0.9})
    world = Head(liking, items=9)
    world.trend(item("late", "speed", expires_at=NOW - timedelta(seconds=1)), 9.0)
    world.trend(item("spam", "speed"), 8.0, quality=("spam",))
    world.trend(item("good", "speed", expires_at=NOW + timedelta(seconds=1)), 1.0)
    assert {name for name, _, _ in world.missing()} == {"good"}


def test_segments_of_the_same_focus_share_their_texts() -> None:
    world = Head(*(segment(w, name=n, topics={"business": 1.0}) for n, w in (("s1", "profit"), ("s2", "google"))))
    world.trend(item("a", "speed"), 1.0)
    assert world.missing() == [("a", "headline", "Business"), ("a", "headline", None)]


def test_kinds_are_those_that_the_domain_has() -> None:
    world = Head(prewrite_kinds="summary, headline, study_note")
    world.trend(item("a", "speed"), 1.0)
    assert [kind for _, kind, _ in world.missing()] == ["summary", "headline"]


def test_a_kind_that_no_model_writes_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="FEEDSMITH_PREWRITE_KINDS names 'poem', 'reason': use some of headline"
    ):
        Head(prewrite_kinds="reason,poem,headline")


@pytest.mark.parametrize("world", [Head(items=0), Head(writer=ScriptedWriter(model=False))])
def test_nothing_is_written_when_it_is_off_or_no_model_writes(world: Head) -> None:
    world.trend(item("a", "speed"), 1.0)
    assert world.missing() == []


def test_what_was_written_ahead_is_served_without_a_model() -> None:
    # GIVEN texts written for a segment and for everyone
    world = Head(segment("profit", topics={"technology": 1.0}))
    world.join(world.segments[0])
    world.trend(EN, 1.0)
    assert world.write_all() == Written(written=2)
    asked = len(world.script.prompts)
    # WHEN a person, a member and a stranger ask for the first time
    world.profiles = {"p": profile("profit"), "m": profile("profit", interactions=2)}
    texts = [world.write(user) for user in ("p", "m", "stranger")]
    # THEN all have the model's words, at no cost
    assert [(text.text, text.source, text.tokens) for text in texts] == [(GOOD, "model", 0)] * 3
    assert len(world.script.prompts) == asked == 2
    # AND nothing is missing any more, until the item changes
    assert world.missing() == []
    world.trend(EN.model_copy(update={"title": "Ad sales lift Time Warner"}), 1.0)
    assert len(world.missing()) == 2


def test_a_failure_is_counted_and_tried_again() -> None:
    world = Head()
    world.trend(EN, 1.0)
    world.script.error = WriterError("busy")
    assert world.write_all() == Written(failed=1)
    world.script.error = None
    assert world.write_all() == Written(written=1)


def test_it_ends_with_its_time_and_with_the_budget() -> None:
    world = Head()
    world.trend(EN, 1.0)
    assert world.write_all(seconds=15.9) == Written()  # a text may take 8 s, and another 8 s for what comes with it
    poor = Head(writer_tokens_per_day=1)
    poor.trend(EN, 1.0)
    assert poor.write_all() == Written(exhausted=True)
