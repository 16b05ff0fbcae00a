"""Composes one text about one item: drafts, gate, choice, and what to serve when nothing is left."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from functools import cached_property

from feedsmith.content.base import Embedder
from feedsmith.content.cleaning import clean
from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError, WriterError
from feedsmith.models import Check, IndexedItem, TextKind, Verdict
from feedsmith.stores.base import Vector
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.choice import Candidate, Origin, choose
from feedsmith.writing.claims import Source
from feedsmith.writing.gate import Case, judge
from feedsmith.writing.prompting import SIZES, rules_of, source_text
from feedsmith.writing.sentences import join, length, split
from feedsmith.writing.writers.extractive import ExtractiveWriter

_logger = logging.getLogger(__name__)
_ALTERNATIVES = 4  # extractive texts beside the model's
_AT_ONCE = 4  # calls to the writer; those of callers who gave up count until they end
_LEAD_SENTENCES = 2


@dataclass(frozen=True)
class Piece:
    """An item about which a text is written, in the language of that text."""

    indexed: IndexedItem
    vector: Vector
    domain: Domain
    language: str | None

    @cached_property
    def source(self) -> Source:
        return Source(source_text(self.indexed.item))

    def original(self, kind: TextKind) -> str:
        """The item's own words: its title for a headline, else its first sentences; never empty."""
        item = self.indexed.item
        lead = split(clean(item.body, SIZES[kind].source))
        # A title of nothing but markup or invisible characters is none.
        title = clean(item.title) or (lead[0] if lead else self.domain.label.get(self.language))
        if kind == "headline" or not lead:
            return title
        limit = SIZES[kind].limit(self.language or "en")
        most = 1 if kind == "digest" else _LEAD_SENTENCES
        fitting = [lead[:n] for n in range(1, most + 1) if n == 1 or length(join(lead[:n]), self.language) <= limit]
        return join(fitting[-1])


@dataclass(frozen=True, slots=True)
class Composed:
    """The text to serve. ``failed``: the writer did not do its work, so that the text is not worth keeping."""

    chosen: Candidate
    rejected: int = 0
    note: str | None = None
    failed: bool = False


def as_original(piece: Piece, kind: TextKind, note: str | None = None) -> Composed:
    """The item's own words, which no gate can judge."""
    verdict = Verdict(passed=True, checks=(Check(name="original", passed=True, detail="the item's own words"),))
    return Composed(Candidate(piece.original(kind), "original", verdict), note=note)


class Composer:
    """Asks the writer, within a time, and never comes back without a text.

    Parameters
    ----------
    embedder
        For choosing by personal fit, and for the gate where words are not enough.
    candidates
        Drafts asked of the writer.
    """

    def __init__(self, embedder: Callable[[], Embedder], *, candidates: int) -> None:
        self._embedder = embedder
        self._candidates = candidates
        self._extractive = ExtractiveWriter()
        self._pool = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="writer")

    def compose(
        self, piece: Piece, prompt: Prompt, writer: Writer, *, timeout_s: float, ground: str | None = None,
        direction: Vector | None = None,
    ) -> Composed:  # fmt: skip
        """The text that passed the gate and fits its readers best; else the original.

        Parameters
        ----------
        timeout_s
            Seconds that the writer may take; at most zero: it is not asked.
        ground
            Title of the one other item that the text may name.
        direction
            Unit vector, shape (d,), of what the readers like.
        """
        drafts, failure = self._drafts(prompt, writer, timeout_s)
        original = piece.original(prompt.kind)

        def judged(draft: Draft, *, by_model: bool) -> Candidate:
            case = Case(
                text=draft.text,
                source=piece.source,
                language=piece.language,
                limit=prompt.limit,
                rules=rules_of(prompt),
                ground=ground,
                no_advice=piece.domain.cautions.no_advice,
                embedder=self._embedder if by_model else None,
            )
            by: Origin = "original" if draft.text == original else "model" if by_model else "extractive"
            return Candidate(draft.text, by, judge(case))

        of_model = [judged(draft, by_model=True) for draft in drafts]
        alternatives = [judged(draft, by_model=False) for draft in self._extracts(prompt)]
        chosen = choose([*of_model, *alternatives], direction, self._embedder)
        rejected = [candidate for candidate in of_model if not candidate.verdict.passed]
        note = failure
        if writer.is_model and note is None and (chosen is None or chosen.source != "model"):
            note = _why_not(of_model, rejected)
        if chosen is None:
            chosen = as_original(piece, prompt.kind).chosen
        return Composed(chosen, rejected=len(rejected), note=note, failed=failure is not None)

    def _extracts(self, prompt: Prompt) -> list[Draft]:
        try:
            return self._extractive.write(prompt, _ALTERNATIVES)
        except WriterError:
            return []  # no sentence fits; the original is left

    def _drafts(self, prompt: Prompt, writer: Writer, timeout_s: float) -> tuple[list[Draft], str | None]:
        """Drafts of a model, or why there are none; nothing at all of a writer that is none."""
        if not writer.is_model:
            return [], None
        if timeout_s <= 0:
            return [], "writer_failed: no time was left"
        future = self._pool.submit(writer.write, prompt, self._candidates)
        try:
            return future.result(timeout_s), None
        except FutureTimeoutError:
            future.cancel()
            failure = f"{writer.name} took longer than {timeout_s:.1f} s"
        except WriterError as error:
            failure = str(error)
        except ConfigurationError as error:
            _logger.error("the writer is not set up: %s", error)
            failure = f"{writer.name} is not set up"
        except Exception as error:  # noqa: BLE001  whatever a model's library raises, the reader gets a text
            # Its message may quote what the model was given.
            _logger.error("the writer broke: %s", type(error).__name__)
            failure = f"{writer.name} broke with {type(error).__name__}"
        _logger.warning("writer failed: %s", failure)
        return [], f"writer_failed: {failure}"


def _why_not(of_model: list[Candidate], rejected: list[Candidate]) -> str:
    if len(rejected) < len(of_model):
        return "fit: the item's own words fit the reader better"
    failed = Counter(check.name for candidate in rejected for check in candidate.verdict.checks if not check.passed)
    return "gate_rejected: " + ", ".join(f"{name} {count}" for name, count in sorted(failed.items()))
