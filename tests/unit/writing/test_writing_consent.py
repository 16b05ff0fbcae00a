"""What is written for whom depends on what they allow."""

from __future__ import annotations

import pytest

from support.writing import EN
from support.writing_world import GOOD, READ, World, profile, segment


@pytest.fixture
def world() -> World:
    world = World()
    world.add(EN)
    world.add(READ)
    world.profiles["u"] = profile("google")
    return world


def test_without_generation_the_text_is_the_original_and_no_model_is_asked(world: World) -> None:
    # GIVEN that there is a text for the person, and a model's for everyone
    assert world.write().audience == "person"
    assert world.write("other").source == "model"
    calls = len(world.script.prompts)
    # WHEN generation is refused
    world.decided.refuse("generation")
    text = world.write()
    # THEN neither is given, nor is a model asked, nor anything kept
    assert (text.source, text.text, text.cached, text.tokens) == ("original", EN.title, False, 0)
    assert text.note == "no_consent: generated texts are not allowed for this reader"
    assert len(world.script.prompts) == calls
    world.decided.refuse()
    assert world.write().cached


def test_a_digest_without_generation_is_of_originals(world: World) -> None:
    world.feed = [EN.id]
    world.decided.refuse("generation")
    for _ in range(2):
        digest = world.write(kind="digest", item_id=None, domain="news")
        assert (digest.source, digest.cached) == ("original", False)
    assert world.script.prompts == []


def test_without_profiling_a_text_is_for_everyone(world: World) -> None:
    world.join(segment("google"))
    assert world.write().audience == "person"
    world.decided.refuse("profiling")
    text = world.write()
    assert (text.audience, text.ground, text.source, text.text) == ("everyone", None, "model", GOOD)
    assert world.write(kind="reason").audience == "everyone"
