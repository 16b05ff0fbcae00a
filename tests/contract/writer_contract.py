"""What every writer must do; an adapter's test inherits one of these and gives a ``writer``."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

import pytest

from feedsmith.errors import ConfigurationError, WriterError, WriterUnavailable
from feedsmith.writing.base import Draft, Prompt, StructuredWriter, Writer
from support.writing import EN, ZH, prompt_of

TIMEOUT_S = 0.3
"""What a contract's late writer is given."""

Answering: TypeAlias = Callable[..., Writer]
"""Texts (None: no content), and ``cut=True`` where the token limit ended them -> a writer whose model answers so."""

TOPIC = {
    "type": "object",
    "properties": {"topic": {"type": "string", "enum": ["business", "sport"]}},
    "required": ["topic"],
    "additionalProperties": False,
}


def huge(prompt: Prompt) -> Prompt:
    """A prompt longer than any context of the models tested here."""
    return replace(prompt, user="word " * 40_000 + prompt.user)


def written(writer: Writer, prompt: Prompt, n: int = 2) -> list[Draft]:
    """The drafts; none where the writer says that it failed, which it may. Nothing else may come out of it."""
    try:
        return writer.write(prompt, n)
    except (WriterError, ConfigurationError):
        return []


class WriterContract:
    @pytest.fixture
    def writer(self) -> Writer:
        raise NotImplementedError

    def test_its_name_says_its_kind_and_model(self, writer: Writer) -> None:
        kind, _, model = writer.name.partition(":")
        assert kind
        assert model

    def test_its_name_stays_the_same_and_tells_no_address_or_key(self, writer: Writer) -> None:
        before = writer.name
        written(writer, prompt_of(EN))
        assert writer.name == before
        assert not any(hint in before + repr(writer) for hint in ("http", "127.0.0.1", "secret", "?"))

    def test_it_gives_up_to_n_texts_all_different_none_empty(self, writer: Writer) -> None:
        texts = [draft.text for draft in writer.write(prompt_of(EN), 2)]
        assert 1 <= len(texts) <= 2
        assert all(text == text.strip() and text for text in texts)
        assert len(set(texts)) == len(texts)

    def test_a_headline_is_one_line(self, writer: Writer) -> None:
        assert all("\n" not in draft.text for draft in writer.write(prompt_of(EN), 2))

    def test_a_model_says_what_it_cost(self, writer: Writer) -> None:
        drafts = writer.write(prompt_of(EN), 2)
        assert (sum(draft.output_tokens for draft in drafts) > 0) == writer.is_model
        assert (sum(draft.input_tokens for draft in drafts) > 0) == writer.is_model
        assert all(min(draft.cache_read_tokens, draft.cache_write_tokens) >= 0 for draft in drafts)

    @pytest.mark.parametrize(
        "prompt",
        [prompt_of(ZH), huge(prompt_of(EN)), replace(prompt_of(EN), user="", source="")],
        ids=["chinese", "huge", "empty"],
    )
    def test_whatever_it_is_asked_it_writes_or_says_that_it_failed(self, writer: Writer, prompt: Prompt) -> None:
        assert all(draft.text.strip() for draft in written(writer, prompt))

    def test_eight_threads_may_write_at_once(self, writer: Writer) -> None:
        with ThreadPoolExecutor(8) as pool:
            drafts = list(pool.map(lambda _: written(writer, prompt_of(EN), 1), range(8)))
        assert any(drafts)
        assert all(draft.text for mine in drafts for draft in mine)


class ModelContract(WriterContract):
    """For a writer whose model says what the test wants."""

    @pytest.fixture
    def answering(self) -> Answering:
        raise NotImplementedError

    @pytest.fixture
    def late(self) -> Writer:
        """A writer with a limit of ``TIMEOUT_S`` whose model never answers."""
        raise NotImplementedError

    @pytest.fixture
    def absent(self) -> Writer:
        """A writer whose service is not there."""
        raise NotImplementedError

    def test_eight_threads_all_get_a_text(self, writer: Writer) -> None:
        with ThreadPoolExecutor(8) as pool:
            drafts = list(pool.map(lambda _: writer.write(prompt_of(EN), 1), range(8)))
        assert all(len(mine) == 1 and mine[0].text for mine in drafts)

    def test_a_model_is_one(self, answering: Answering) -> None:
        assert answering("Ad sales boost profit").is_model

    def test_the_drafts_keep_the_models_order_without_repeats(self, answering: Answering) -> None:
        texts = [draft.text for draft in answering("Profit up", "Ads up", "Profit up").write(prompt_of(EN), 3)]
        assert sorted(texts) == ["Ads up", "Profit up"]

    def test_there_are_never_more_drafts_than_asked_for(self, answering: Answering) -> None:
        assert len(answering("Profit up", "Ads up", "Sales up").write(prompt_of(EN), 2)) <= 2

    def test_what_a_model_wraps_its_text_in_is_taken_off(self, answering: Answering) -> None:
        writer = answering('Headline: "Ad sales boost profit"\n\nThis headline...')
        assert [draft.text for draft in writer.write(prompt_of(EN), 1)] == ["Ad sales boost profit"]

    @pytest.mark.parametrize("text", ["I'm sorry, but I can't help with that.", "作为一个AI，我无法提供标题。"])
    def test_a_refusal_is_a_writer_error_of_this_prompt_only(self, answering: Answering, text: str) -> None:
        with pytest.raises(WriterError, match="refused") as raised:
            answering(text).write(prompt_of(EN), 1)
        assert not isinstance(raised.value, WriterUnavailable)

    @pytest.mark.parametrize("text", ["", "  \n", None, "\u200b"])
    def test_an_empty_answer_is_a_writer_error(self, answering: Answering, text: str | None) -> None:
        with pytest.raises(WriterError, match="answered nothing"):
            answering(text).write(prompt_of(EN), 1)

    def test_a_headline_that_the_token_limit_cuts_is_dropped(self, answering: Answering) -> None:
        with pytest.raises(WriterError, match="cut off"):
            answering("Ad sales boost pro", cut=True).write(prompt_of(EN), 1)

    @pytest.mark.parametrize(
        ("kind", "text"),
        [("headline", "Ad sales boost profit\nThis headline sa"), ("summary", "Ad sales rose. Profit did too.")],
    )
    def test_a_text_that_was_whole_before_the_limit_stays(self, answering: Answering, kind: Any, text: str) -> None:
        [draft] = answering(text, cut=True).write(prompt_of(EN, kind), 1)
        assert draft.text == text.partition("\n")[0]

    def test_a_summary_cut_in_its_last_sentence_is_dropped(self, answering: Answering) -> None:
        with pytest.raises(WriterError, match="cut off"):
            answering("Ad sales rose. Profit did", cut=True).write(prompt_of(EN, "summary"), 1)

    def test_a_late_model_is_a_writer_error_in_time(self, late: Writer) -> None:
        begun = time.monotonic()
        with pytest.raises(WriterUnavailable, match=f"{late.name} took longer than {TIMEOUT_S} s"):
            late.write(prompt_of(EN), 2)
        assert time.monotonic() - begun < TIMEOUT_S + 2.0  # the machine may be busy

    def test_an_absent_service_is_a_writer_error_that_names_the_writer(self, absent: Writer) -> None:
        with pytest.raises(WriterUnavailable, match=f"{absent.name} does not answer"):
            absent.write(prompt_of(EN), 1)


class StructuredContract:
    """For a writer that answers by a schema, and whose model says what the test wants."""

    @pytest.fixture
    def structured(self) -> Callable[..., StructuredWriter]:
        """A text that should be JSON, and ``cut`` -> a writer whose model answers so."""
        raise NotImplementedError

    def test_the_answer_is_the_object(self, structured: Callable[..., StructuredWriter]) -> None:
        assert structured('{"topic": "business"}').structured("Label.", "Profit up", TOPIC) == {"topic": "business"}

    @pytest.mark.parametrize("text", ['["business"]', '"business"', "null"])
    def test_json_that_is_no_object_is_a_writer_error(
        self, structured: Callable[..., StructuredWriter], text: str
    ) -> None:
        with pytest.raises(WriterError, match="no object"):
            structured(text).structured("Label.", "Profit up", TOPIC)

    def test_an_answer_that_was_cut_off_is_a_writer_error(self, structured: Callable[..., StructuredWriter]) -> None:
        with pytest.raises(WriterError, match="cut off"):
            structured('{"topic": "business"}', cut=True).structured("Label.", "Profit up", TOPIC)
