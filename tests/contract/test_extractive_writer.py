"""The extractive writer: only whole sentences of the source."""

from __future__ import annotations

import pytest

from contract.writer_contract import WriterContract
from feedsmith.errors import WriterError
from feedsmith.models import Item
from feedsmith.writing.base import Writer
from feedsmith.writing.sentences import length, split
from feedsmith.writing.writers.extractive import ExtractiveWriter, centrality, shortened
from support.writing import EN, ZH, prompt_of


class TestExtractiveWriter(WriterContract):
    @pytest.fixture
    def writer(self) -> Writer:
        return ExtractiveWriter()


def texts(item: Item, kind: str, n: int = 5) -> list[str]:
    return [draft.text for draft in ExtractiveWriter().write(prompt_of(item, kind), n)]  # type: ignore[arg-type]  # literal


@pytest.mark.parametrize("item", [EN, ZH])
def test_a_summary_is_sentences_of_the_body_in_their_order_within_the_limit(item: Item) -> None:
    prompt = prompt_of(item, "summary")
    for draft in ExtractiveWriter().write(prompt, 5):
        assert length(draft.text, item.language) <= prompt.limit
        at = [item.body.find(sentence) for sentence in split(draft.text)]
        assert -1 not in at
        assert at == sorted(at)


@pytest.mark.parametrize("item", [EN, ZH])
def test_the_title_is_the_first_headline(item: Item) -> None:
    assert texts(item, "headline")[0] == item.title


def test_the_lead_comes_first_in_a_summary() -> None:
    assert texts(ZH, "summary")[0].startswith("小米公司周二公布财报")


def test_a_sentence_that_leans_on_another_does_not_stand_alone() -> None:
    item = Item(id="x", domain="news", title="Old bridge closed", body=(
        "The old bridge was closed on Monday after cracks appeared. He said the bridge was safe for the closed season. "
        "Traffic over the bridge was sent to the north."), language="en")  # fmt: skip
    assert not any(text.startswith("He said") for text in texts(item, "digest"))


@pytest.mark.parametrize(
    ("sentence", "short"),
    [
        ("The old bridge closed on Monday, while traffic went north over a road", "The old bridge closed on Monday"),
        ("The bridge is short.", "The bridge is short"),
        ("Closed.", ""),
        # Whoever cut these at "after" would say more than the source does.
        ("The bridge will be closed for a year after Monday unless the council finds the money", ""),
        ("The bridge was closed on Monday after cracks appeared, according to a council report", ""),
        ("The bridge was not closed on Monday, while traffic was sent north over two roads", ""),
    ],
)  # fmt: skip
def test_a_sentence_is_shortened_only_where_nothing_that_matters_is_lost(sentence: str, short: str) -> None:
    assert shortened(sentence, "en", 10) == short


def test_a_chinese_sentence_is_shortened_at_a_comma() -> None:
    assert (
        shortened("小米公司周二公布第三季度财报，利润增长百分之三十，达到45亿元。", "zh", 16)
        == "小米公司周二公布第三季度财报"
    )


def test_centrality_prefers_what_others_repeat() -> None:
    # The first two share "bridge" and "closed", the third shares nothing with either; the title's one word is in both.
    scores = centrality(["The bridge closed.", "Closed bridge.", "Cats sleep."], "Bridge")
    assert scores == pytest.approx([1.5, 1.5, 0.0])


def test_without_a_sentence_that_fits_there_is_nothing_to_write() -> None:
    item = Item(id="x", domain="news", title="A " * 20, body="no full stop", language="en")
    with pytest.raises(WriterError, match="no sentence within 14"):
        texts(item, "headline")
