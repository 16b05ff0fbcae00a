from __future__ import annotations

import pytest

from feedsmith.models import Entity, Topic, Understanding
from feedsmith_training.understanding.corpora import Labelled
from feedsmith_training.understanding.scores import accuracy, score


def gold(**fields: object) -> Labelled:
    base = {
        "id": "u001", "domain": "news", "title": "T", "body": "", "language": "en", "topics": ["business"],
        "keywords": ["interest rates", "inflation"], "sentiment": -1,
        "entities": [{"text": "Norway", "kind": "place"}, {"text": "Bank", "kind": "org"}], "quality": [],
    }  # fmt: skip
    return Labelled.model_validate({**base, **fields})


FOUND = Understanding(
    language="en",
    topics=(Topic(name="business", score=0.7), Topic(name="sport", score=0.2)),
    keywords=("rates", "a", "b", "c", "d", "inflation"),
    sentiment=-0.5,
    entities=(Entity(text="the Bank", kind="place"), Entity(text="Oslo", kind="place")),
)


def test_a_good_item_is_scored_field_by_field() -> None:
    row = score([(gold(), FOUND)])
    assert (row["topic_top1"], row["topics_p"], row["topics_r"]) == (1.0, 0.5, 1.0)
    assert row["topics_f1"] == pytest.approx(0.667)  # 2 * 1 / (1 + 2)
    # "rates" stands in "interest rates"; "inflation" is the sixth keyword.
    assert (row["keywords_hit"], row["keywords_found"]) == (1.0, 0.5)
    # Of Norway and the Bank one was found, among two; it was called a place.
    assert (row["entities_p"], row["entities_r"], row["entities_kind"]) == (0.5, 0.5, 0.0)
    assert (row["sentiment"], row["language_right"]) == (1.0, 1.0)
    assert row["quality_f1"] is None  # no flag, wanted or found


def test_a_bad_item_counts_for_language_and_quality_only() -> None:
    flagged = Understanding(language=None, quality=("spam", "gibberish"))
    row = score([(gold(quality=["spam"], language=None), flagged)])
    assert (row["n"], row["n_good"], row["topic_top1"]) == (1, 0, None)
    assert (row["quality_p"], row["quality_r"], row["language_right"]) == (0.5, 1.0, 1.0)


@pytest.mark.parametrize(("sentiment", "right"), [(-0.31, 1.0), (-0.29, 0.0), (None, 0.0), (0.9, 0.0)])
def test_sentiment_counts_by_its_sign(sentiment: float | None, right: float) -> None:
    assert score([(gold(), FOUND.model_copy(update={"sentiment": sentiment}))])["sentiment"] == right


def test_macro_f1_is_the_mean_over_the_classes() -> None:
    """a: 1 right of 2, found once: 2 / 3; b: 1 of 1, found twice: 2 / 3."""
    assert accuracy(["a", "a", "b"], ["a", "b", "b"]) == {"n": 3, "accuracy": 0.667, "macro_f1": 0.667}


def test_halves_go_by_the_number() -> None:
    assert [gold(id=number).split for number in ("u001", "u002", "u010")] == ["test", "dev", "dev"]
