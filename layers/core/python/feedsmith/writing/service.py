"""Texts for one reader."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from feedsmith.content.base import Embedder
from feedsmith.content.cleaning import clean
from feedsmith.domains.loader import Domain
from feedsmith.errors import NotFound, ValidationFailed
from feedsmith.insight import metrics
from feedsmith.insight.trials import UNTREATED, Treatment, untreated
from feedsmith.models import (
    Check,
    Ground,
    Profile,
    Recommendation,
    RecommendedItem,
    Rendition,
    TextKind,
    TextRequest,
    Verdict,
    utcnow,
)
from feedsmith.privacy.wishes import Decisions, InEffect
from feedsmith.settings import Settings
from feedsmith.stores.codec import item_of
from feedsmith.stores.vectors import Hit, VectorStore
from feedsmith.writing.audience import EVERYONE, Audience, AudienceFinder, Profiles, Segments
from feedsmith.writing.base import Writer
from feedsmith.writing.budget import Books, Budget, Metered
from feedsmith.writing.cache import TextCache, TextKey, Texts
from feedsmith.writing.composer import Composed, Composer, Piece, as_original
from feedsmith.writing.drafting import Drafting, Task
from feedsmith.writing.house import READS
from feedsmith.writing.renditions import disclaimer_of, piece_of, rendition_of

DIGEST_ITEMS = 5
_NO_PROMPT = "none"


class Ranking(Protocol):
    """Ranks a user's feed, and says why an item is in it."""

    def recommend(self, tenant: str, user: str, *, domain: str, limit: int, language: str) -> Recommendation:
        """A slate."""

    def explain(self, tenant: str, user: str, item_id: str, language: str) -> RecommendedItem:
        """One item with its reasons."""


class TextLedger(Texts, Books, Protocol):
    """What writing needs of a ledger."""


class WritingService:
    """Writes, checks, chooses and keeps the texts of all kinds.

    Parameters
    ----------
    writer, embedder
        Make the writer and the embedder; called when a text needs them.
    decisions
        What users allow.
    clock
        The time from which cached texts live.
    treatment
        What experiments change for a reader in a domain; asked for those who allow analytics.
    others
        The writers that experiments name.
    """

    def __init__(
        self,
        *,
        vectors: VectorStore,
        ledger: TextLedger,
        profiles: Profiles,
        segments: Segments,
        ranking: Ranking,
        writer: Callable[[], Writer],
        embedder: Callable[[], Embedder],
        domains: Mapping[str, Domain],
        decisions: Decisions,
        settings: Settings,
        clock: Callable[[], datetime] = utcnow,
        treatment: Callable[[str, str, str], Treatment] = untreated,
        others: Callable[[str], Writer] | None = None,
    ) -> None:
        self._vectors = vectors
        self._audiences = AudienceFinder(vectors, profiles, segments)
        self._ranking = ranking
        self._domains = domains
        self._decisions = decisions
        self._timeout_s = settings.writer_timeout_s
        self._composer = Composer(embedder, candidates=settings.writer_candidates)
        self._cache = TextCache(ledger, settings.text_ttl_s, clock)
        self.budget = Budget(ledger, settings, clock)
        self.drafting = Drafting(
            composer=self._composer, cache=self._cache, budget=self.budget, writer=writer, others=others
        )
        self._treatment = treatment

    def write(self, tenant: str, user: str, request: TextRequest) -> Rendition:
        """The text asked for; whatever the writer does, there is one.

        Without the user's consent to generation it is the original, whoever a model wrote another for; without that to
        profiling it is one for everyone.

        Parameters
        ----------
        user
            Pseudonym.
        request
            ``digest`` takes a domain, every other kind an item.

        Raises
        ------
        NotFound
            There is no such item or domain, or nothing in the domain to digest.
        ValidationFailed
            The domain has no such kind, or the request lacks or has too much of what the kind takes.
        """
        hit, domain = self._subject(tenant, request)
        _require(request.kind, domain)
        held = self._decisions.in_effect(tenant, user)
        treatment = self._treatment(tenant, user, domain.name) if held.consent.analytics else UNTREATED
        if hit is None:
            rendition = self._digest(tenant, user, domain, request, held, treatment)
        elif request.kind == "reason":
            rendition = self._reason(tenant, user, hit, domain, request.language, held)
        else:
            rendition = self._of_item(tenant, user, hit, domain, request, held, treatment)
        self._count(tenant, rendition)
        return rendition.model_copy(update={"variants": dict(treatment.variants)})

    def _subject(self, tenant: str, request: TextRequest) -> tuple[Hit | None, Domain]:
        """The item to write of, or None for a digest; and its domain."""
        if request.kind == "digest":
            if request.domain is None or request.item_id is not None:
                raise ValidationFailed(
                    [{"path": "/domain", "message": "a digest is of a domain's feed: name it, and no item"}]
                )
            return None, self._domains[request.domain]
        if request.item_id is None:
            raise ValidationFailed([{"path": "/item_id", "message": f"a {request.kind} needs an item"}])
        hit = self._vectors.retrieve(tenant, "items", [request.item_id], with_vectors=True).get(request.item_id)
        if hit is None:
            raise NotFound(f"no item {request.item_id!r}; upload it or check its id")
        domain = self._domains[hit.payload["domain"]]
        if request.domain not in (None, domain.name):
            raise ValidationFailed([{"path": "/domain", "message": f"the item is of domain {domain.name!r}"}])
        return hit, domain

    def _count(self, tenant: str, rendition: Rendition) -> None:
        metrics.emit({"Texts": 1}, source=rendition.source)
        rejected = 0 if rendition.cached else rendition.rejected
        metrics.emit({"TextsCached": int(rendition.cached), "GateRejects": rejected})
        self.budget.given(tenant, cached=rendition.cached)

    def _of_item(
        self,
        tenant: str,
        user: str,
        hit: Hit,
        domain: Domain,
        request: TextRequest,
        held: InEffect,
        treatment: Treatment,
    ) -> Rendition:
        piece = piece_of(hit, domain, request.language)
        audience, profile = self._audience(tenant, user, domain, piece.language, held)
        near = self._audiences.reads(tenant, profile, piece.indexed, piece.vector, domain, READS) if profile else []
        ground = near[0] if near else None
        focus = None if ground else self._focus(tenant, audience, profile, domain, piece.language)
        task = Task(piece, request.kind, ground, focus, tuple(read.title for read in near), treatment.prompt)
        writer = self.drafting.writer(tenant, treatment.writer)
        if (original := _unwritten(piece, request, held)) is not None:
            return rendition_of([task], [original], audience, writer)
        key = _key(tenant, [task], audience, piece.language, writer)
        if (known := self._cache.get(key)) is not None:
            return known
        composed = self._composed(tenant, task, audience, writer, self._timeout_s)
        rendition = rendition_of([task], [composed], audience, writer)
        if not composed.failed:
            self._cache.put(key, rendition)
        return rendition

    def _digest(
        self, tenant: str, user: str, domain: Domain, request: TextRequest, held: InEffect, treatment: Treatment
    ) -> Rendition:
        deadline = time.monotonic() + self._timeout_s
        slate = self._ranking.recommend(
            tenant, user, domain=domain.name, limit=DIGEST_ITEMS, language=request.language or "en"
        )
        ids = [place.item_id for place in slate.items]
        hits = self._vectors.retrieve(tenant, "items", ids, with_vectors=True)
        pieces = [piece_of(hits[item_id], domain, request.language) for item_id in ids if item_id in hits]
        if not pieces:
            raise NotFound(f"nothing in domain {domain.name!r} to digest: upload items first")
        language = request.language or pieces[0].language
        audience, profile = self._audience(tenant, user, domain, language, held)
        focus = self._focus(tenant, audience, profile, domain, language)
        tasks = [Task(piece, "digest", focus=focus, wording=treatment.prompt) for piece in pieces]
        writer = self.drafting.writer(tenant, treatment.writer)
        key = _key(tenant, tasks, audience, language, writer)
        if held.consent.generation and (known := self._cache.get(key)) is not None:
            return known

        def line(task: Task) -> Composed:
            if (original := _unwritten(task.piece, request, held)) is not None:
                return original
            return self._composed(tenant, task, audience, writer, deadline - time.monotonic())

        lines = [line(task) for task in tasks]
        rendition = rendition_of(tasks, lines, audience, writer)
        if held.consent.generation and not any(line.failed for line in lines):
            self._cache.put(key, rendition)
        return rendition

    def _reason(
        self, tenant: str, user: str, hit: Hit, domain: Domain, language: str | None, held: InEffect
    ) -> Rendition:
        """The ranker's reasons in one line; where it has none to show, the field that the item is from."""
        language = language or item_of(hit).understanding.language or "en"
        audience, _ = self._audience(tenant, user, domain, language, held)
        reasons = self._ranking.explain(tenant, user, hit.key, language).reasons
        named = next((reason.item_id for reason in reasons if reason.item_id is not None), None)
        ground = None
        if named is not None and (read := self._vectors.retrieve(tenant, "items", [named]).get(named)) is not None:
            ground = Ground(item_id=named, title=clean(item_of(read).item.title))
        label = domain.label.get(language)
        joined = ("；" if language == "zh" else "; ").join(reason.text for reason in reasons)
        return Rendition(
            kind="reason",
            item_ids=(hit.key,),
            language="zh" if language == "zh" else "en",
            text=joined or (f"来自{label}" if language == "zh" else f"From {label}"),
            source="original",
            audience=audience.kind,
            ground=ground,
            verdict=Verdict(passed=True, checks=(Check(name="terms", passed=True, detail="terms of the score"),)),
            writer="reasons",
            prompt_version=_NO_PROMPT,
            disclaimer=disclaimer_of(domain, language),
        )

    def _audience(
        self, tenant: str, user: str, domain: Domain, language: str | None, held: InEffect
    ) -> tuple[Audience, Profile | None]:
        """Everyone, for a reader who is not to be profiled."""
        if not held.consent.profiling:
            return EVERYONE, None
        return self._audiences.find(tenant, user, domain, language)

    def _composed(self, tenant: str, task: Task, audience: Audience, writer: Metered, timeout_s: float) -> Composed:
        """The text for an audience, from drafts that are there or that the writer makes in time."""
        piece = task.piece
        if not piece.source.text:
            return as_original(piece, task.kind, "quality: empty")
        gated = self.drafting.gather(tenant, task, writer, timeout_s=timeout_s)
        return self._composer.choose(piece, task.kind, gated, audience.direction(piece.vector))

    def _focus(
        self, tenant: str, audience: Audience, profile: Profile | None, domain: Domain, language: str | None
    ) -> str | None:
        """What a prompt without a ground says of its readers: what their segment cares about."""
        return audience.focus if profile is None else self._audiences.focus(tenant, profile, domain, language)


def _require(kind: TextKind, domain: Domain) -> None:
    if kind not in domain.kinds:
        allowed = ", ".join(domain.kinds)
        raise ValidationFailed([{"path": "/kind", "message": f"domain {domain.name!r} has {allowed}, not {kind!r}"}])


def _unwritten(piece: Piece, request: TextRequest, held: InEffect) -> Composed | None:
    """The original, where the reader allows no other, the item is unfit, or a translation was asked for."""
    note = piece.unfit if held.consent.generation else "no_consent: generated texts are not allowed for this reader"
    if note is None and request.language not in (None, piece.language):
        # Across languages the gate could vouch for no word.
        note = f"not_translated: the item is in {piece.language!r}"
    return as_original(piece, request.kind, note) if note is not None else None


def _key(tenant: str, tasks: Sequence[Task], audience: Audience, language: str | None, writer: Writer) -> TextKey:
    first, items = tasks[0], [task.piece.indexed for task in tasks]
    return TextKey(
        tenant=tenant,
        items=tuple((indexed.item.id, indexed.content_hash) for indexed in items),
        kind=first.kind,
        audience=(audience.kind, audience.key, audience.taste),
        language=language,
        prompt_version=first.version,
        writer=writer.name,
        ground=(first.ground.item_id, first.ground.title) if first.ground else None,
    )
