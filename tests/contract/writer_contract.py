"""What every writer must do; an adapter's test inherits this and gives a ``writer``."""

from __future__ import annotations

import pytest

from feedsmith.writing.base import Writer
from support.writing import EN, prompt_of


class WriterContract:
    @pytest.fixture
    def writer(self) -> Writer:
        raise NotImplementedError

    def test_its_name_says_its_kind_and_model(self, writer: Writer) -> None:
        kind, _, model = writer.name.partition(":")
        assert kind
        assert model

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
