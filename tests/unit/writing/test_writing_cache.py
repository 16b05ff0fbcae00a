"""What is kept, for how long, and who shares it."""

from __future__ import annotations

from datetime import datetime

import pytest

from support.ledger import InMemoryLedger
from support.writing import EN, ScriptedWriter
from support.writing_world import ABOUT_GOOGLE, GOOD, READ, World, profile, segment


@pytest.fixture
def world() -> World:
    world = World()
    world.add(EN)
    return world


def test_a_text_is_written_once_until_it_expires_or_the_item_changes() -> None:
    world = World(text_ttl_s=60)
    world.add(EN)
    assert not world.write().cached
    assert world.write().cached
    world.clock.advance(seconds=61)
    assert not world.write().cached
    world.add(EN.model_copy(update={"title": "Ad sales lift Time Warner profit"}))
    assert not world.write().cached


def test_a_kept_text_is_served_without_reading_the_item(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write()

    def read(item: object) -> str:
        raise AssertionError("reading a long item takes longer than a kept text may")

    monkeypatch.setattr("feedsmith.writing.composer.source_text", read)
    assert world.write().cached


def test_a_personal_text_lies_under_its_user(world: World) -> None:
    kept: list[str | None] = []
    world.add(READ)
    world.profiles = {"u": profile("profit", liked={"read": 1.0})}

    class Watched(InMemoryLedger):
        def cache_text(self, tenant: str, key: str, text: str, *, expires_at: datetime, user: str | None) -> None:
            kept.append(user)

    world.service._cache._ledger = Watched()
    world.write("u")
    world.write("stranger")
    assert kept == ["u", None, None]  # a text with a ground; a stranger's drafts and text


def test_an_entry_of_another_version_is_written_anew(world: World) -> None:
    world.write()
    world.ledger.cached_text = lambda *_, **__: '{"kind": "headline", "colour": "red"}'  # type: ignore[method-assign]  # an old entry
    assert world.write().text == GOOD


# -- shared ------------------------------------------------------------------------------------------------------


def test_readers_without_a_ground_share_the_drafts_and_choose_among_them(world: World) -> None:
    # GIVEN two persons of one segment with nothing close to the item in their history, and one of its new members
    world.join(segment("google", topics={"technology": 1.0}))
    world.script.texts = (GOOD, ABOUT_GOOGLE)
    world.profiles = {"p": profile("profit"), "g": profile("google"), "m": profile("google", interactions=2)}
    # WHEN each asks
    texts = {user: world.write(user) for user in ("p", "g", "m")}
    # THEN the model was asked once, in words that are nobody's own, and yet each has the draft that fits them
    assert len(world.script.prompts) == 1
    assert {user: text.text for user, text in texts.items()} == {"p": GOOD, "g": ABOUT_GOOGLE, "m": ABOUT_GOOGLE}
    assert [text.audience for text in texts.values()] == ["person", "person", "segment"]
    assert not any(text.cached for text in texts.values())


def test_a_ground_makes_a_text_of_one_s_own(world: World) -> None:
    world.add(READ)
    world.profiles = {user: profile("profit", liked={"read": 1.0}) for user in ("a", "b")}
    world.write("a")
    world.write("b")
    assert ["YouTube" in prompt.user for prompt in world.script.prompts] == [True, True]
    world.write("stranger")
    assert len(world.script.prompts) == 3
    assert "YouTube" not in world.script.prompts[2].user


def test_other_segments_other_drafts(world: World) -> None:
    world.profiles = {"a": profile("google", interactions=2)}
    for topic in ("technology", "business", "technology"):
        world.join(segment("google", topics={topic: 1.0}))
        world.write("a")
    assert len(world.script.prompts) == 2


def test_a_changed_item_s_old_text_and_old_drafts_are_never_served_again(world: World) -> None:
    # GIVEN a person, a member and a stranger who have their texts
    world.join(segment("google", topics={"technology": 1.0}))
    world.profiles = {"p": profile("profit"), "m": profile("google", interactions=2)}
    for user in ("p", "m", "stranger"):
        world.write(user)
    # WHEN the item turns out to be wrong
    world.add(EN.model_copy(update={"body": EN.body.replace("76%", "67%")}))
    world.script.texts = ("TimeWarner profits jumped 67%",)
    # THEN nobody sees the old figure, not even those who come for the first time
    world.profiles["new"] = profile("profit")
    for user in ("p", "m", "stranger", "new"):
        text = world.write(user)
        assert "76" not in text.text
        assert not text.cached


def test_drafts_of_another_version_are_asked_for_anew(world: World) -> None:
    world.ledger.cached_text = lambda *_, **__: '{"candidates": 7}'  # type: ignore[method-assign]  # an old entry
    assert world.write().text == GOOD


def test_without_a_model_no_drafts_are_kept() -> None:
    world = World(ScriptedWriter(model=False))
    world.add(EN)
    world.write()
    assert len(world.ledger._texts) == 1
