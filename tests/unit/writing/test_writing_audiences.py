"""For whom a text is, and what ties it to them."""

from __future__ import annotations

import numpy as np
import pytest

from feedsmith.domains import load_domains
from feedsmith.models import Interest, Item
from support.writing import EN, ScriptedWriter
from support.writing_world import ABOUT_GOOGLE, EMBEDDER, GOOD, READ, World, profile, segment


@pytest.fixture
def world() -> World:
    world = World()
    world.add(EN)
    return world


def test_of_two_texts_that_pass_the_reader_gets_the_one_closer_to_their_taste(world: World) -> None:
    # GIVEN drafts about profit and about Google, both true
    world.script.texts = (GOOD, ABOUT_GOOGLE)
    # WHEN a reader of Google stories, one of profit stories and one without a history ask
    world.profiles = {"g": profile("google"), "p": profile("profit")}
    # THEN each gets theirs; the last gets the model's first
    assert world.write("g").text == ABOUT_GOOGLE
    assert "profit" in world.write("p").text
    assert world.write("new").text == GOOD
    assert [world.write(user).audience for user in ("g", "p", "new")] == ["person", "person", "everyone"]


def test_without_a_model_too_the_extract_fits_the_reader() -> None:
    world = World(ScriptedWriter(model=False))
    world.add(EN)
    world.profiles = {"m": profile("music"), "g": profile("google")}
    assert "music division" in world.write("m", kind="summary").text
    assert "search-engine Google" in world.write("g", kind="summary").text
    assert world.write("g", kind="summary").note is None


def test_an_interest_close_to_the_item_counts_more_than_the_mean_taste(world: World) -> None:
    google = tuple(map(float, EMBEDDER.passages(["google"])[0]))
    interest = Interest(label="x", weight=0.5, newest_item_id="i", newest_title="x", vector=google)
    world.script.texts = (GOOD, ABOUT_GOOGLE)
    world.profiles = {"u": profile("speed", interests=(interest,))}
    assert world.write().text == ABOUT_GOOGLE


def test_few_interactions_make_a_member_of_a_segment_and_its_text_is_shared(world: World) -> None:
    world.join(segment("google", topics={"technology": 0.6, "business": 0.3, "gone": 0.1}))
    world.script.texts = (GOOD, ABOUT_GOOGLE)
    world.profiles = {user: profile("google", interactions=2) for user in ("a", "b")}
    first, second = world.write("a"), world.write("b")
    assert (first.audience, first.text) == ("segment", ABOUT_GOOGLE)
    assert second == first.model_copy(update={"cached": True})
    assert "The readers care most about: Technology, Business." in world.script.prompts[0].user


def test_a_segment_that_gets_another_s_id_gets_none_of_its_texts(world: World) -> None:
    world.profiles = {"a": profile("google", interactions=2)}
    for likes, topic in (("google", "technology"), ("music", "technology"), ("music", "business")):
        world.join(segment(likes, topics={topic: 1.0}))
        assert not world.write("a").cached
        assert world.write("a").cached


def test_a_member_of_no_segment_is_everyone(world: World) -> None:
    world.profiles = {"u": profile("google", interactions=2)}
    assert world.write().audience == "everyone"


def test_the_ground_is_the_closest_thing_this_reader_read(world: World) -> None:
    world.add(READ)
    world.add(Item(id="far", domain="news", title="Cats", body="Cats sleep.", language="en"))
    world.profiles = {"u": profile("profit", liked={"far": 2.0, "read": 1.0, "gone": 1.0}, consumed=("en1",))}
    text = world.write()
    assert text.ground is not None
    assert (text.ground.item_id, text.ground.title) == ("read", "Google buys YouTube")
    assert "“Google buys YouTube”" in world.script.prompts[0].user


@pytest.mark.parametrize("sensitive", ["read", "en1"])
def test_a_sensitive_topic_is_no_ground_and_has_none(sensitive: str) -> None:
    world = World()
    name = next(name for name, topic in load_domains()["health"].taxonomy.items() if topic.sensitive)
    for item in (EN, READ):
        world.add(item.model_copy(update={"domain": "health"}), *([name] if item.id == sensitive else []))
    world.profiles = {"u": profile("profit", liked={"read": 1.0})}
    assert world.write().ground is None


def test_what_the_reader_disliked_or_is_far_away_is_no_ground(world: World) -> None:
    world.add(READ)
    world.profiles = {"u": profile("profit", consumed=("read",), disliked=("read",))}
    assert world.write().ground is None


def test_vectors_have_the_length_of_the_embedder() -> None:
    assert np.isclose(np.linalg.norm(EMBEDDER.passages(["profit google"])[0]), 1.0)
