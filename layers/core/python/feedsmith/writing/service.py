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
from feedsmith.models import (
    Check,
    Ground,
    Recommendation,
    RecommendedItem,
    Rendition,
    TextKind,
    TextRequest,
    Verdict,
    utcnow,
)
from feedsmith.settings import Settings
from feedsmith.stores.base import Hit, Ledger, VectorStore
from feedsmith.stores.codec import item_of
from feedsmith.writing.audience import Audience, AudienceFinder, Profiles, Segments
from feedsmith.writing.base import Prompt, Writer
from feedsmith.writing.cache import TextCache, TextKey
from feedsmith.writing.composer import Composed, Composer, Piece, as_original
from feedsmith.writing.prompting import build_prompt

DIGEST_ITEMS = 5
_NO_PROMPT = "none"


class Ranking(Protocol):
    """Ranks a user's feed, and says why an item is in it."""

    def recommend(self, tenant: str, user: str, *, domain: str, limit: int, language: str) -> Recommendation:
        """A slate."""

    def explain(self, tenant: str, user: str, item_id: str, language: str) -> RecommendedItem:
        """One item with its reasons."""


class WritingService:
    """Writes, checks, chooses and keeps the texts of all kinds.

    Parameters
    ----------
    writer, embedder
        Make the writer and the embedder; called when a text needs them.
    clock
        The time from which cached texts live.
    """

    def __init__(
        self,
        *,
        vectors: VectorStore,
        ledger: Ledger,
        profiles: Profiles,
        segments: Segments,
        ranking: Ranking,
        writer: Callable[[], Writer],
        embedder: Callable[[], Embedder],
        domains: Mapping[str, Domain],
        settings: Settings,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._vectors = vectors
        self._audiences = AudienceFinder(vectors, profiles, segments)
        self._ranking = ranking
        self._writer = writer
        self._domains = domains
        self._timeout_s = settings.writer_timeout_s
        self._composer = Composer(embedder, candidates=settings.writer_candidates)
        self._cache = TextCache(ledger, settings.text_ttl_s, clock)

    def write(self, tenant: str, user: str, request: TextRequest) -> Rendition:
        """The text asked for; whatever the writer does, there is one.

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
        if request.kind == "digest":
            return self._digest(tenant, user, request)
        if request.item_id is None:
            raise ValidationFailed([{"path": "/item_id", "message": f"a {request.kind} needs an item"}])
        hit = self._vectors.retrieve(tenant, "items", [request.item_id], with_vectors=True).get(request.item_id)
        if hit is None:
            raise NotFound(f"no item {request.item_id!r}; upload it or check its id")
        domain = self._domains[hit.payload["domain"]]
        if request.domain not in (None, domain.name):
            raise ValidationFailed([{"path": "/domain", "message": f"the item is of domain {domain.name!r}"}])
        _require(request.kind, domain)
        if request.kind == "reason":
            return self._reason(tenant, user, hit, domain, request.language)
        return self._of_item(tenant, user, hit, domain, request)

    def _of_item(self, tenant: str, user: str, hit: Hit, domain: Domain, request: TextRequest) -> Rendition:
        piece = _piece(hit, domain, request.language)
        language = piece.language
        audience, profile = self._audiences.find(tenant, user, domain, language)
        ground = self._audiences.ground(tenant, profile, piece.indexed, piece.vector, domain) if profile else None
        title = ground.title if ground else None
        prompt = _prompt(piece, request.kind, audience, title)
        writer = self._writer()
        key = _key(tenant, [piece], request.kind, audience, request.language or language, prompt, writer, ground)
        if (known := self._cache.get(key)) is not None:
            return known
        composed = _untranslated(piece, request) or self._composer.compose(
            piece,
            prompt,
            writer,
            timeout_s=self._timeout_s,
            ground=title,
            direction=audience.direction(piece.vector),
        )
        rendition = _rendition(request.kind, [piece], [composed], audience, ground, writer, prompt, domain)
        if not composed.failed:
            self._cache.put(key, rendition)
        return rendition

    def _digest(self, tenant: str, user: str, request: TextRequest) -> Rendition:
        if request.domain is None or request.item_id is not None:
            raise ValidationFailed(
                [{"path": "/domain", "message": "a digest is of a domain's feed: name it, and no item"}]
            )
        domain = self._domains[request.domain]
        _require("digest", domain)
        deadline = time.monotonic() + self._timeout_s
        slate = self._ranking.recommend(
            tenant, user, domain=domain.name, limit=DIGEST_ITEMS, language=request.language or "en"
        )
        ids = [place.item_id for place in slate.items]
        hits = self._vectors.retrieve(tenant, "items", ids, with_vectors=True)
        pieces = [_piece(hits[item_id], domain, request.language) for item_id in ids if item_id in hits]
        if not pieces:
            raise NotFound(f"nothing in domain {domain.name!r} to digest: upload items first")
        audience, _ = self._audiences.find(tenant, user, domain, request.language)
        prompts = [_prompt(piece, "digest", audience, None) for piece in pieces]
        writer = self._writer()
        language = request.language or pieces[0].language
        key = _key(tenant, pieces, "digest", audience, language, prompts[0], writer, None)
        if (known := self._cache.get(key)) is not None:
            return known
        lines = [
            _untranslated(piece, request)
            or self._composer.compose(
                piece,
                prompt,
                writer,
                timeout_s=deadline - time.monotonic(),
                direction=audience.direction(piece.vector),
            )
            for piece, prompt in zip(pieces, prompts, strict=True)
        ]
        rendition = _rendition("digest", pieces, lines, audience, None, writer, prompts[0], domain)
        if not any(line.failed for line in lines):
            self._cache.put(key, rendition)
        return rendition

    def _reason(self, tenant: str, user: str, hit: Hit, domain: Domain, language: str | None) -> Rendition:
        """The ranker's reasons in one line; where it has none to show, the field that the item is from."""
        language = language or item_of(hit).understanding.language or "en"
        audience, _ = self._audiences.find(tenant, user, domain, language)
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
            disclaimer=_disclaimer(domain, language),
        )


def _require(kind: TextKind, domain: Domain) -> None:
    if kind not in domain.kinds:
        allowed = ", ".join(domain.kinds)
        raise ValidationFailed([{"path": "/kind", "message": f"domain {domain.name!r} has {allowed}, not {kind!r}"}])


def _piece(hit: Hit, domain: Domain, language: str | None) -> Piece:
    """The item of a hit, in its own language where that is known, else in the one asked for."""
    if hit.vector is None:
        raise ValueError("a hit without its vector: retrieve with with_vectors=True")
    indexed = item_of(hit)
    return Piece(indexed, hit.vector, domain, indexed.item.language or indexed.understanding.language or language)


def _prompt(piece: Piece, kind: TextKind, audience: Audience, ground: str | None) -> Prompt:
    return build_prompt(
        piece.indexed.item,
        piece.source.text,
        kind,
        piece.language or "en",
        piece.domain,
        ground=ground,
        segment=audience.focus,
    )


def _untranslated(piece: Piece, request: TextRequest) -> Composed | None:
    """The original, where a translation was asked for: across languages the gate could vouch for no word of it."""
    if request.language is None or request.language == piece.language:
        return None
    return as_original(piece, request.kind, f"not_translated: the item is in {piece.language!r}")


def _key(
    tenant: str, pieces: Sequence[Piece], kind: TextKind, audience: Audience, language: str | None, prompt: Prompt,
    writer: Writer, ground: Ground | None,
) -> TextKey:  # fmt: skip
    return TextKey(
        tenant=tenant,
        items=tuple((piece.indexed.item.id, piece.indexed.content_hash) for piece in pieces),
        kind=kind,
        audience=(audience.kind, audience.key, audience.taste),
        language=language,
        prompt_version=prompt.version,
        writer=writer.name,
        ground=(ground.item_id, ground.title) if ground else None,
    )


def _rendition(
    kind: TextKind, pieces: Sequence[Piece], lines: Sequence[Composed], audience: Audience, ground: Ground | None,
    writer: Writer, prompt: Prompt, domain: Domain,
) -> Rendition:  # fmt: skip
    """One text, or the cited lines of a digest. Words of several origins count as the least certain one's."""
    origins = [line.chosen.source for line in lines]
    cited = kind == "digest"
    checks = (
        check.model_copy(update={"name": f"{number}:{check.name}"}) if cited else check
        for number, line in enumerate(lines, 1)
        for check in line.chosen.verdict.checks
    )
    notes = dict.fromkeys(line.note for line in lines if line.note)
    return Rendition(
        kind=kind,
        item_ids=tuple(piece.indexed.item.id for piece in pieces),
        language=pieces[0].language,
        text="\n".join(f"{line.chosen.text} [{n}]" if cited else line.chosen.text for n, line in enumerate(lines, 1)),
        source="model" if "model" in origins else "extractive" if "extractive" in origins else "original",
        audience=audience.kind,
        ground=ground,
        verdict=Verdict(passed=all(line.chosen.verdict.passed for line in lines), checks=tuple(checks)),
        rejected=sum(line.rejected for line in lines),
        writer=writer.name,
        prompt_version=prompt.version,
        note="; ".join(notes) or None,
        disclaimer=_disclaimer(domain, pieces[0].language),
    )


def _disclaimer(domain: Domain, language: str | None) -> str | None:
    return domain.cautions.disclaimer.get(language) if domain.cautions.disclaimer else None
