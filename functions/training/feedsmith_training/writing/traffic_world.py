"""Stand-ins of the simulated day: a writer that counts, and a ledger, profiles and segments in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

import numpy as np

from feedsmith.content.base import Embedder, Matrix
from feedsmith.models import Profile, Recommendation, RecommendedItem, Segment, TenantSettings, Wishes
from feedsmith.privacy.wishes import InEffect
from feedsmith.stores.ledger import Spending
from feedsmith.stores.vectors import Vector
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.budget import Metered
from feedsmith.writing.composer import Gated
from feedsmith.writing.drafting import Drafting, Task
from feedsmith.writing.writers.extractive import ExtractiveWriter

# Tokens of English text with vocabularies of 32,000 to 200,000 words.
_CHARACTERS_PER_TOKEN = 4.2
_FRAME = 20  # tokens of a chat template


class CountingWriter(Writer):
    """Answers with sentences of the article, and counts what a model would have read and written."""

    def __init__(self) -> None:
        self.calls = self.prompt_tokens = self.written_tokens = 0
        self._sentences = ExtractiveWriter()

    @property
    def name(self) -> str:
        return "counting"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        drafts = self._sentences.write(prompt, n)
        read = round(len(prompt.system + prompt.user) / _CHARACTERS_PER_TOKEN) + _FRAME
        # As many tokens as candidates, though the article may have fewer sentences that fit.
        written = round(sum(len(draft.text) / _CHARACTERS_PER_TOKEN + 1 for draft in drafts) * n / len(drafts))
        self.calls += 1
        self.prompt_tokens += read
        self.written_tokens += written
        return [replace(drafts[0], input_tokens=read, output_tokens=written), *drafts[1:]]


class Remembering(Embedder):
    """Embeds no text twice: the same drafts come again and again here."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, Vector] = {}

    @property
    def name(self) -> str:
        return self._embedder.name

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    def passages(self, texts: Sequence[str]) -> Matrix:
        if new := [text for text in dict.fromkeys(texts) if text not in self._known]:
            self._known.update(zip(new, self._embedder.passages(new), strict=True))
        matrix: Matrix = np.array([self._known[text] for text in texts], dtype=np.float32).reshape(-1, self.dimension)
        return matrix

    def queries(self, texts: Sequence[str]) -> Matrix:
        return self._embedder.queries(texts)


class Shelf:
    """Keeps texts for a day; with ``keeps`` False, none."""

    def __init__(self, *, keeps: bool) -> None:
        self._keeps = keeps
        self._texts: dict[tuple[str | None, str], str] = {}

    def cached_text(self, tenant: str, key: str, *, user: str | None) -> str | None:
        return self._texts.get((user, key))

    def cache_text(self, tenant: str, key: str, text: str, *, expires_at: datetime, user: str | None) -> None:
        if self._keeps:
            self._texts[user, key] = text

    def spend(self, tenant: str, day: date, amount: Spending, **limits: int | None) -> bool:
        return True


class UnsharedDrafting(Drafting):
    """Asks the model for each reader's text: what caching finished texts alone would do."""

    @classmethod
    def of(cls, drafting: Drafting) -> UnsharedDrafting:
        """The same, without sharing."""
        return cls(composer=drafting._composer, cache=drafting._cache, budget=drafting._budget, writer=drafting._writer)

    def gather(self, tenant: str, task: Task, writer: Metered, *, timeout_s: float) -> Gated:
        return self._composer.gather(task.piece, task.prompt, writer, timeout_s=timeout_s, ground=task.title)


class Readers:
    """Profiles and segments, as the services would give them."""

    def __init__(self, profiles: Mapping[str, Profile], segments: Sequence[Segment]) -> None:
        self._profiles = profiles
        self._segments = segments
        self._centroids = np.array([segment.centroid for segment in segments], dtype=np.float32)

    def in_effect(self, tenant: str, user: str, /) -> InEffect:
        return InEffect(TenantSettings().consent, Wishes())

    def load(self, tenant: str, user: str, domain: str, /) -> Profile | None:
        return self._profiles.get(user)

    def nearest(self, tenant: str, domain: str, taste: Sequence[float], /) -> Segment | None:
        return self._segments[int((self._centroids @ np.asarray(taste, dtype=np.float32)).argmax())]

    def list(self, tenant: str, domain: str, /) -> Sequence[Segment]:
        return self._segments

    def recommend(self, tenant: str, user: str, *, domain: str, limit: int, language: str) -> Recommendation:
        raise NotImplementedError("the simulated day has no feeds")

    def explain(self, tenant: str, user: str, item_id: str, language: str) -> RecommendedItem:
        raise NotImplementedError("the simulated day has no reasons")
