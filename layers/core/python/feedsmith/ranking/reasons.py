"""Reasons: the largest terms of a score, in words.

A reason is shown only where its words are true: a term may be the largest of all and yet too small for "you often
follow". Topics marked sensitive are never named, nor is an item that has one given as the ground; nothing is said of
similar users when there are fewer than two of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from feedsmith.content.cleaning import clean
from feedsmith.domains.loader import Domain, LocalText
from feedsmith.models import Reason, Term
from feedsmith.ranking.retrieval import Candidate, Reader
from feedsmith.ranking.signals import topic_scores
from feedsmith.stores.vectors import Hit

_AT_MOST = 3
_FEWEST_SIMILAR = 2
_LONGEST_TITLE = 80

# From which feature value on (see features.py) the words are true.
_LEAST = {
    "interest": 0.0,  # whether an item may be named is decided by its own likeness
    "similar_users": 0.0,
    "segment": 0.0,
    "topics": 0.0,
    "popularity": 0.2,  # one event just now
    "freshness": 0.5,  # younger than one half-life
    "query": 0.3,
}
_LEAST_LIKENESS = 0.3  # cosine of the item and the one that is named as its ground
_LEAST_SHARE = 0.2  # of a reader's or segment's topics, and of an item's score, to call it theirs

_TEXTS = {
    "read": LocalText(en="Because you read “{name}”", zh="因为你读过“{name}”"),
    "seen": LocalText(en="Because you were interested in “{name}”", zh="因为你对“{name}”感兴趣"),
    "topics": LocalText(en="You often follow {name}", zh="你常关注{name}"),
    "similar_users": LocalText(en="People with your taste liked this", zh="与你兴趣相近的人喜欢这个"),
    "segment": LocalText(en="Popular with people who like {name}", zh="受到喜欢{name}的人欢迎"),
    "segment_unnamed": LocalText(en="Popular with people like you", zh="受到与你相似的人欢迎"),
    "popularity": LocalText(en="Trending in {name}", zh="{name}热门"),
    "popularity_unnamed": LocalText(en="Trending now", zh="正在热门"),
    "freshness": LocalText(en="New in {name}", zh="{name}最新"),
    "freshness_unnamed": LocalText(en="New", zh="最新"),
    "query": LocalText(en="Matches your search", zh="符合你的搜索"),
}
# Domains whose items are read; of others, a click says no more than interest.
_READ = frozenset({"news", "health", "finance"})


@dataclass(frozen=True, slots=True)
class _Case:
    """One candidate before one reader, in one language."""

    candidate: Candidate
    reader: Reader
    domain: Domain
    language: str

    def text(self, key: str, name: str = "") -> str:
        return _TEXTS[key].get(self.language).format(name=name)

    def likeness(self, hit: Hit) -> float:
        """Cosine of the candidate and an item that was fetched with its vector."""
        return float(np.dot(self.candidate.vector, hit.vector)) if hit.vector is not None else -1.0

    def nameable(self, topic: str) -> bool:
        known = self.domain.taxonomy.get(topic)
        return known is not None and not known.sensitive

    def label(self, topic: str) -> str:
        return self.domain.taxonomy[topic].label.get(self.language)

    def largest(self, topics: Mapping[str, float], least: float = 0.0) -> str | None:
        """The largest topic that may be named and has at least ``least``; ties by name."""
        fit = [name for name, share in topics.items() if share >= least and self.nameable(name)]
        return min(fit, key=lambda name: (-topics[name], name), default=None)


def reasons_of(
    candidate: Candidate, terms: Sequence[Term], reader: Reader, domain: Domain, language: str
) -> tuple[Reason, ...]:
    """Up to three reasons, by falling contribution, in Chinese for ``zh`` and in English for any other language."""
    case = _Case(candidate, reader, domain, language)
    words = _WORDS
    if all(term.name != "topics" for term in terms):  # a trained ranker's one term for content speaks for both
        words = {**_WORDS, "interest": lambda case: _interest(case) or _topics(case)}
    reasons: list[Reason] = []
    for term in sorted(terms, key=lambda term: -term.contribution):
        if term.contribution <= 0.0 or len(reasons) == _AT_MOST:
            break
        word = words.get(term.name)
        if word is not None and term.value >= _LEAST[term.name] and (reason := word(case)) is not None:
            reasons.append(reason)
    return tuple(reasons)


def _interest(case: _Case) -> Reason | None:
    """Names the liked item that is most like the candidate, of those that may be named."""
    liked = [(case.likeness(hit), hit) for hit in case.reader.liked if hit.key != case.candidate.key]
    for likeness, ground in sorted(liked, key=lambda pair: -pair[0]):
        if likeness < _LEAST_LIKENESS:
            break
        title = clean(ground.payload["title"])
        if not title or not all(case.nameable(topic) for topic in topic_scores(ground.payload)):
            continue
        if len(title) > _LONGEST_TITLE:
            title = title[: _LONGEST_TITLE - 1].rstrip() + "…"
        text = case.text("read" if case.domain.name in _READ else "seen", title)
        return Reason(term="interest", text=text, item_id=ground.key)
    return None


def _topics(case: _Case) -> Reason | None:
    shares = case.reader.profile.topics if case.reader.profile is not None else {}
    scores = topic_scores(case.candidate.payload)
    both = {t: shares[t] * score for t, score in scores.items() if min(shares.get(t, 0.0), score) >= _LEAST_SHARE}
    topic = case.largest(both)
    return Reason(term="topics", text=case.text("topics", case.label(topic))) if topic is not None else None


def _similar_users(case: _Case) -> Reason | None:
    likers = sum(case.candidate.key in neighbour.liked for neighbour in case.reader.neighbours)
    return Reason(term="similar_users", text=case.text("similar_users")) if likers >= _FEWEST_SIMILAR else None


def _segment(case: _Case) -> Reason | None:
    topics = case.reader.segment.topics if case.reader.segment is not None else {}
    return _named(case, "segment", topics)


def _popularity(case: _Case) -> Reason | None:
    return _named(case, "popularity", topic_scores(case.candidate.payload))


def _freshness(case: _Case) -> Reason | None:
    return _named(case, "freshness", topic_scores(case.candidate.payload))


def _query(case: _Case) -> Reason | None:
    return Reason(term="query", text=case.text("query"))


def _named(case: _Case, term: str, topics: Mapping[str, float]) -> Reason:
    """The term's text with the largest topic that may be named, else its text without any."""
    topic = case.largest(topics, _LEAST_SHARE)
    text = case.text(f"{term}_unnamed") if topic is None else case.text(term, case.label(topic))
    return Reason(term=term, text=text)


_WORDS: dict[str, Callable[[_Case], Reason | None]] = {
    "interest": _interest,
    "topics": _topics,
    "similar_users": _similar_users,
    "segment": _segment,
    "popularity": _popularity,
    "freshness": _freshness,
    "query": _query,
}
