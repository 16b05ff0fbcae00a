"""Judged drafts for a text: from the cache where readers can share them, else from the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from feedsmith.models import Ground, TextKind
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.budget import Budget, Metered
from feedsmith.writing.cache import TextCache, TextKey
from feedsmith.writing.composer import Composer, Gated, Piece
from feedsmith.writing.prompting import build_prompt


@dataclass(frozen=True)
class Task:
    """A text to draft, and what its prompt says of its readers.

    Either ``ground``, which makes the drafts one reader's, or ``focus``, in words what many care about, or neither.
    ``reads``, for writers that learned what to make of them, are one reader's too. ``wording`` names the prompts of an
    experiment.
    """

    piece: Piece
    kind: TextKind
    ground: Ground | None = None
    focus: str | None = None
    reads: tuple[str, ...] = ()
    wording: str | None = None

    @property
    def shared(self) -> bool:
        """Whether nothing in the prompt is of one reader."""
        return self.ground is None and not self.reads

    @cached_property
    def prompt(self) -> Prompt:
        """The prompt; made when a model is asked, for to read a long item takes longer than to find its text."""
        return self._prompt(self.piece.source.text)

    @cached_property
    def version(self) -> str:
        """The prompt's version, which is of its templates alone."""
        return self._prompt("").version

    @property
    def title(self) -> str | None:
        """Of the ground."""
        return self.ground.title if self.ground is not None else None

    def _prompt(self, source: str) -> Prompt:
        piece = self.piece
        return build_prompt(
            piece.indexed.item, source, self.kind, piece.language or "en", piece.domain,
            ground=self.title, segment=self.focus, reads=self.reads, wording=self.wording,
        )  # fmt: skip


class Drafting:
    """Finds or makes the judged drafts of a text.

    A person adds to a prompt nothing but a ground. Without one, the prompt is the same for all whom one segment's
    focus describes, and so are the drafts: the model is asked once for all of them, and each still gets the draft that
    is closest to their own taste, for choosing asks no model.
    """

    def __init__(
        self,
        *,
        composer: Composer,
        cache: TextCache,
        budget: Budget,
        writer: Callable[[], Writer],
        others: Callable[[str], Writer] | None = None,
    ) -> None:
        self._others = others
        self._composer = composer
        self._cache = cache
        self._budget = budget
        self._writer = writer

    def writer(self, tenant: str, name: str | None = None) -> Metered:
        """The writer at a tenant's expense, for one text; ``name``: that of an experiment."""
        writer = self._writer() if name is None or self._others is None else self._others(name)
        return Metered(writer, self._budget, tenant)

    def gather(self, tenant: str, task: Task, writer: Metered, *, timeout_s: float) -> Gated:
        """Judged drafts; those that nobody can share are not kept here."""
        if task.shared and (known := self.known(tenant, task, writer)) is not None:
            return known
        gated = self._composer.gather(task.piece, task.prompt, writer, timeout_s=timeout_s, ground=task.title)
        if task.shared and writer.is_model and gated.failure is None:
            self._cache.put_drafts(shared_key(tenant, task, writer.name), gated)
        return gated

    def known(self, tenant: str, task: Task, writer: Writer) -> Gated | None:
        """Shared drafts that are there already; a writer without a model has none, for it is as fast as the cache."""
        return self._cache.drafts(shared_key(tenant, task, writer.name)) if writer.is_model else None

    def keep(self, tenant: str, task: Task, writer: str, drafts: Sequence[Draft]) -> Gated:
        """Judge drafts that a model wrote ahead, and keep them for all whom they fit."""
        gated = self._composer.judge(task.piece, task.prompt, drafts)
        self._cache.put_drafts(shared_key(tenant, task, writer), gated)
        return gated


def shared_key(tenant: str, task: Task, writer: str) -> TextKey:
    """Key of drafts that many readers share."""
    focus = sha256(task.focus.encode()).hexdigest() if task.focus else ""
    indexed = task.piece.indexed
    return TextKey(
        tenant=tenant,
        items=((indexed.item.id, indexed.content_hash),),
        kind=task.kind,
        audience=("shared", "", focus),
        language=task.piece.language,
        prompt_version=task.version,
        writer=writer,
        ground=None,
    )
