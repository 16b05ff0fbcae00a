"""Composes one text about one item: drafts, gate, choice, and what to serve when nothing is left."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, field
from functools import cached_property

from feedsmith.content.base import Embedder
from feedsmith.content.cleaning import clean
from feedsmith.domains.loader import Domain
from feedsmith.errors import BudgetExhausted, ConfigurationError, WriterError
from feedsmith.models import Check, IndexedItem, TextKind, Verdict
from feedsmith.stores.vectors import Vector
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
BUDGET_EXHAUSTED = "budget_exhausted"


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

    @property
    def unfit(self) -> str | None:
        """Why no model should write about the item, as far as its understanding tells; None: it may."""
        flags = self.indexed.understanding.quality
        return f"quality: {', '.join(flags)}" if flags else None

    def original(self, kind: TextKind) -> str:
        """The item's own words: its title for a headline, else its first sentences; never empty.

        Without what in them is an order to a model, unless nothing else is left.
        """
        title, _, body = self.source.text.partition("\n")
        lead = split(body[: SIZES[kind].source])
        # A title of nothing but markup or invisible characters is none.
        title = title or clean(self.indexed.item.title) or self.domain.label.get(self.language)
        if kind == "headline" or not lead:
            return title
        limit = SIZES[kind].limit(self.language or "en")
        most = 1 if kind == "digest" else _LEAD_SENTENCES
        fitting = [lead[:n] for n in range(1, most + 1) if n == 1 or length(join(lead[:n]), self.language) <= limit]
        return join(fitting[-1])


@dataclass(frozen=True, slots=True)
class Gated:
    """The texts that may be served, best first, and what became of the model's.

    ``drafts`` counts the model's, ``rejections`` which checks its rejected ones failed; ``failure`` says why there are
    none. It holds nothing of a reader unless the prompt named one's ground.
    """

    candidates: tuple[Candidate, ...]
    drafts: int = 0
    rejected: int = 0
    rejections: Mapping[str, int] = field(default_factory=dict)
    failure: str | None = None


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
        gated = self.gather(piece, prompt, writer, timeout_s=timeout_s, ground=ground)
        return self.choose(piece, prompt.kind, gated, direction)

    def gather(
        self, piece: Piece, prompt: Prompt, writer: Writer, *, timeout_s: float, ground: str | None = None
    ) -> Gated:
        """Ask the writer, and judge its drafts and the extracts; parameters as of :meth:`compose`."""
        drafts, failure = self._drafts(prompt, writer, timeout_s)
        return self.judge(piece, prompt, drafts, ground=ground, failure=failure)

    def judge(
        self, piece: Piece, prompt: Prompt, drafts: Sequence[Draft], *, ground: str | None = None,
        failure: str | None = None,
    ) -> Gated:  # fmt: skip
        """What the gate says of a model's drafts, wherever they come from, and of the extracts."""
        original = piece.original(prompt.kind)

        def judged(draft: Draft, *, by_model: bool) -> Candidate:
            by: Origin = "original" if draft.text == original else "model" if by_model else "extractive"
            return Candidate(draft.text, by, self.verdict(piece, prompt, draft.text, ground=ground, by_model=by_model))

        of_model = [judged(draft, by_model=True) for draft in drafts]
        alternatives = [judged(draft, by_model=False) for draft in self._extracts(prompt)]
        rejected = [candidate for candidate in of_model if not candidate.verdict.passed]
        return Gated(
            candidates=tuple(c for c in [*of_model, *alternatives] if c.verdict.passed),
            drafts=len(of_model),
            rejected=len(rejected),
            rejections=Counter(check.name for c in rejected for check in c.verdict.checks if not check.passed),
            failure=failure,
        )

    def verdict(
        self, piece: Piece, prompt: Prompt, text: str, *, ground: str | None = None, by_model: bool = True
    ) -> Verdict:
        """What the gate says of one text; by a model's, meaning may decide where words are not enough."""
        return judge(
            Case(
                text=text,
                source=piece.source,
                language=piece.language,
                limit=prompt.limit,
                rules=rules_of(prompt),
                ground=ground,
                history=tuple(read for read in prompt.reads if read != ground),
                no_advice=piece.domain.cautions.no_advice,
                embedder=self._embedder if by_model else None,
            )
        )

    def choose(self, piece: Piece, kind: TextKind, gated: Gated, direction: Vector | None) -> Composed:
        """The text that fits its readers best; the original where none may be served."""
        chosen = choose(gated.candidates, direction, self._embedder)
        note = gated.failure
        if gated.drafts and note is None and (chosen is None or chosen.source != "model"):
            note = _why_not(gated)
        if chosen is None:
            chosen = as_original(piece, kind).chosen
        return Composed(chosen, rejected=gated.rejected, note=note, failed=gated.failure is not None)

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
        except BudgetExhausted:
            return [], BUDGET_EXHAUSTED
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


def _why_not(gated: Gated) -> str:
    if gated.rejected < gated.drafts:
        return "fit: the item's own words fit the reader better"
    return "gate_rejected: " + ", ".join(f"{name} {count}" for name, count in sorted(gated.rejections.items()))
