"""Recommendations: candidates, features, ranker, re-ranking and reasons in one call."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import numpy as np

from feedsmith.content.base import Embedder
from feedsmith.domains.loader import Domain
from feedsmith.errors import NotFound, ValidationFailed
from feedsmith.models import Profile, Recommendation, RecommendedItem, Term, Topic, utcnow
from feedsmith.privacy.wishes import Decisions, InEffect
from feedsmith.ranking.base import Ranker, Terms
from feedsmith.ranking.features import feature_matrix
from feedsmith.ranking.linear import LinearRanker
from feedsmith.ranking.reasons import reasons_of
from feedsmith.ranking.retrieval import Candidate, Reader, Request, Retriever, Segments, candidate
from feedsmith.ranking.signals import signals_of
from feedsmith.ranking.slate import Placed, make_slate
from feedsmith.ranking.trials import Trial, no_trial
from feedsmith.stores.codec import CANDIDATE_FIELDS
from feedsmith.stores.vectors import VectorStore

LARGEST_SLATE = 100


class Profiles(Protocol):
    """Finds a user's profile."""

    def load(self, tenant: str, user: str, domain: str, /) -> Profile | None:
        """The profile with its taste; None where nothing is known of the user in this domain."""


def linear_ranker(_tenant: str, domain: Domain) -> Ranker:
    """The fixed ranker with the domain's own weights."""
    return LinearRanker(domain.weights)


class RankingService:
    """Recommends items, and explains one.

    Parameters
    ----------
    vectors, profiles, segments
        Where items, users and segments are.
    embedder
        Makes the embedder; called only for a search text.
    domains
        The known domains.
    decisions
        What users allow and wish.
    clock
        The time of the request.
    ranker
        The ranker of a tenant in a domain.
    trial
        What experiments change for a reader in a domain; asked for those who allow analytics.
    """

    def __init__(
        self,
        *,
        vectors: VectorStore,
        profiles: Profiles,
        segments: Segments,
        embedder: Callable[[], Embedder],
        domains: Mapping[str, Domain],
        decisions: Decisions,
        clock: Callable[[], datetime] = utcnow,
        ranker: Callable[[str, Domain], Ranker] = linear_ranker,
        trial: Callable[[str, str, Domain], Trial] = no_trial,
    ) -> None:
        self._vectors = vectors
        self._profiles = profiles
        self._retriever = Retriever(vectors, segments)
        self._embedder = embedder
        self._domains = domains
        self._decisions = decisions
        self._clock = clock
        self._ranker = ranker
        self._trial = trial

    def recommend(
        self,
        tenant: str,
        user: str,
        *,
        domain: str,
        limit: int = 10,
        query: str | None = None,
        categories: Sequence[str] = (),
        exclude: Sequence[str] = (),
        language: str = "en",
    ) -> Recommendation:
        """A slate for one user; short, even empty, where little is left to show.

        Without the user's consent to profiling it is made of what is trending, fresh, and found by ``query``: nothing
        that the user did, and nobody like them, is looked at. What they said they do not want is left out always.

        Parameters
        ----------
        user
            Pseudonym; a user of whom nothing is known gets what is trending and fresh.
        limit
            Places, 1 to 100.
        query
            Search text; the only thing that is embedded during a request.
        categories
            Items must have one of them; empty: any.
        exclude
            Ids of items not to show.
        language
            Of the reasons: ``zh``, or English for any other.

        Raises
        ------
        NotFound
            There is no such domain.
        ValidationFailed
            ``limit`` is out of range.
        """
        if not 1 <= limit <= LARGEST_SLATE:
            raise ValidationFailed([{"path": "/limit", "message": f"must be from 1 to {LARGEST_SLATE}"}])
        rules = self._domains[domain]
        sought = self._embedder().queries([query])[0] if query and query.strip() else None
        held = self._decisions.in_effect(tenant, user)
        trial = self._tried(tenant, user, rules, held)
        rules = trial.domain
        hidden = [*exclude, *held.wishes.unwanted_items]
        request = Request(rules, self._clock(), limit, sought, categories, hidden, held.wishes.unwanted_tags)
        reader = self._retriever.reader(tenant, self._profile(tenant, user, domain, held), request)
        found = self._retriever.candidates(tenant, reader, request)
        ranker = trial.ranker or self._ranker(tenant, rules)
        slate_id = uuid.uuid4().hex
        items: tuple[RecommendedItem, ...] = ()
        if found.candidates:
            signals = signals_of(found.candidates, found.trending, reader, request)
            terms = ranker.terms(feature_matrix(signals, ranker.space))
            slate = make_slate(
                terms.contributions.sum(axis=1, dtype=np.float64),
                signals.vectors,
                [c.key for c in found.candidates],
                [c.payload["provider"] for c in found.candidates],
                signals.topics,
                signals.shares,
                signals.activity.clicks[:, 1],
                signals.activity.shown[:, 1],
                rules.reranking,
                limit,
                slate_id,
            )
            items = tuple(
                _place(position, found.candidates[placed.row], terms, placed, reader, rules, language)
                for position, placed in enumerate(slate)
            )
        return Recommendation(
            slate_id=slate_id,
            domain=domain,
            basis=reader.basis if held.consent.profiling else "non_profiled",
            model_version=ranker.version,
            items=items,
            variants=dict(trial.variants),
        )

    def explain(self, tenant: str, user: str, item_id: str, language: str = "en") -> RecommendedItem:
        """What one item's score is made of for this user, whether or not it would be recommended.

        Where a ranker's terms are relative to the other candidates, these are the items that trend.

        Raises
        ------
        NotFound
            There is no such item.
        """
        hit = self._vectors.retrieve(tenant, "items", [item_id], with_vectors=True, fields=CANDIDATE_FIELDS).get(
            item_id
        )
        if hit is None:
            raise NotFound(f"no item {item_id!r}; upload it or check its id")
        rules = self._domains[hit.payload["domain"]]
        request, one = Request(rules, self._clock()), candidate(hit)
        held = self._decisions.in_effect(tenant, user)
        reader = self._retriever.reader(tenant, self._profile(tenant, user, rules.name, held), request)
        ranker = self._tried(tenant, user, rules, held).ranker or self._ranker(tenant, rules)
        trending = self._retriever.trending(tenant, request)
        others = [candidate(other) for other in trending if other.key != item_id]
        signals = signals_of([one, *others], trending, reader, request)
        terms = ranker.terms(feature_matrix(signals, ranker.space))
        return _place(0, one, terms, Placed(0), reader, rules, language)

    def _tried(self, tenant: str, user: str, domain: Domain, held: InEffect) -> Trial:
        return self._trial(tenant, user, domain) if held.consent.analytics else no_trial(tenant, user, domain)

    def _profile(self, tenant: str, user: str, domain: str, held: InEffect) -> Profile | None:
        return self._profiles.load(tenant, user, domain) if held.consent.profiling else None


def _place(
    position: int,
    chosen: Candidate,
    scored: Terms,
    placed: Placed,
    reader: Reader,
    domain: Domain,
    language: str,
) -> RecommendedItem:
    terms = tuple(
        Term(name=name, group=group, value=float(value), contribution=float(contribution))
        for name, group, value, contribution in zip(
            scored.names, scored.groups, scored.values[placed.row], scored.contributions[placed.row], strict=True
        )
    )
    return RecommendedItem(
        item_id=chosen.key,
        title=chosen.payload["title"],
        url=chosen.payload["url"],
        provider=chosen.payload["provider"],
        topics=tuple(Topic(name=name, score=score) for name, score in chosen.payload["scores"].items()),
        published_at=chosen.payload["published"],
        position=position,
        score=math.fsum(term.contribution for term in terms),
        terms=terms,
        reasons=reasons_of(chosen, terms, reader, domain, language),
        propensity=placed.propensity,
        explored=placed.explored,
    )
