"""What every domain file that comes with the package must hold."""

from __future__ import annotations

import re

import pytest

from feedsmith.domains import load_domains

DOMAINS = load_domains()
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_speaks_both_languages(name: str) -> None:
    domain = DOMAINS[name]
    assert CHINESE.search(domain.label.zh)
    for topic in domain.taxonomy.values():
        assert CHINESE.search(topic.label.zh)
        assert not CHINESE.search(topic.label.en)
        assert any(CHINESE.search(example) for example in topic.examples)
        assert any(not CHINESE.search(example) for example in topic.examples)


@pytest.mark.parametrize("name", DOMAINS)
def test_a_domain_learns_from_likes_and_dislikes(name: str) -> None:
    domain = DOMAINS[name]
    assert domain.weight("like") > domain.weight("click") > 0
    assert domain.weight("dislike") < domain.weight("dismiss") < 0
    assert {"headline", "summary", "reason", "digest"} <= set(domain.kinds)


@pytest.mark.parametrize(
    ("name", "event"), [("commerce", "purchase"), ("travel", "purchase"), ("education", "complete")]
)
def test_the_deed_that_a_domain_lives_on_weighs_most(name: str, event: str) -> None:
    weights = DOMAINS[name].event_weights
    assert max(weights, key=lambda kind: weights[kind]) == event


@pytest.mark.parametrize("name", ["health", "finance"])
def test_domains_of_consequence_give_no_advice_and_say_so(name: str) -> None:
    cautions = DOMAINS[name].cautions
    assert cautions.no_advice
    assert cautions.disclaimer is not None
    assert "not" in cautions.disclaimer.en
    assert "不构成" in cautions.disclaimer.zh


@pytest.mark.parametrize(
    ("name", "topics"),
    [
        ("health", {"conditions", "mental_health", "sexual_health", "addiction"}),
        ("finance", {"debt", "hardship"}),
        ("travel", {"pilgrimage", "medical_travel"}),
    ],
)
def test_what_people_keep_to_themselves_is_marked(name: str, topics: set[str]) -> None:
    assert {key for key, topic in DOMAINS[name].taxonomy.items() if topic.sensitive} == topics
