"""Measures headline writers: ``python -m feedsmith_training.writing.evaluation``.

``feedsmith evaluate writing`` runs it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from feedsmith.content.embedders import load_embedder
from feedsmith.domains.loader import Domain, load_domains
from feedsmith.errors import FeedsmithError, WriterError
from feedsmith.models import IndexedItem, Item, Understanding, utcnow
from feedsmith.settings import Settings
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.composer import Composer, Piece
from feedsmith.writing.house import READS
from feedsmith.writing.prompting import build_prompt
from feedsmith.writing.writers import load_writer
from feedsmith.writing.writers.extractive import ExtractiveWriter
from feedsmith_training.formats.vectors import Progress, silent
from feedsmith_training.log import Array
from feedsmith_training.progress import bar
from feedsmith_training.writing.cases import HeadlineCase, Library, read_articles, read_cases
from feedsmith_training.writing.measures import faithful, means, rouge

HOUSE = "house-with-profile"
UNREAD = "house-without-profile"
_INTEREST = 5  # articles of the history, nearest to the item, whose mean is what its reader likes
_LEAD_WORDS = 12
_EXAMPLES = 40
_SHARED = 150  # items that are also written for another reader

Drafting = Callable[["Asked"], list[Draft]]
"""A case -> candidate texts, best first."""


@dataclass(frozen=True)
class Asked:
    """A case as the writing room meets it. The item's own headline is withheld: its text stands as its title."""

    case: HeadlineCase
    piece: Piece
    prompt: Prompt
    interest: Array
    """Unit vector, shape (d,)."""


@dataclass
class Written:
    """What one writer made of all cases, in their order."""

    raw: list[str] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    verdicts: list[dict[str, bool]] = field(default_factory=list)
    """Of the raw texts: check -> passed."""
    facts: list[tuple[bool, bool]] = field(default_factory=list)
    """Whether raw and served text have every name and number in the source."""
    seconds: list[float] = field(default_factory=list)
    tokens: int = 0


def asked_of(library: Library, case: HeadlineCase, vector: Array, domain: Domain) -> Asked:
    """A case with the nearest of its reader's history in the prompt."""
    near = library.nearest(vector, case.history, _INTEREST)
    interest = library.vectors([article.id for article in near]).mean(axis=0) if near else np.zeros_like(vector)
    item = Item(id=case.target, domain=domain.name, title=case.text, body=case.text, language="en")
    understanding = Understanding(language="en")
    indexed = IndexedItem(item=item, content_hash=case.target, understanding=understanding, indexed_at=utcnow())
    piece = Piece(indexed, vector, domain, "en")
    prompt = build_prompt(item, piece.source.text, "headline", "en", domain)
    return Asked(
        case,
        piece,
        replace(prompt, reads=tuple(article.headline for article in near[:READS])),
        interest / max(float(np.linalg.norm(interest)), 1e-9),
    )


def writers(library: Library, models: Path) -> dict[str, Drafting]:
    """The rows, by name."""
    plain = ExtractiveWriter()
    smollm = _model(models, "gguf:smollm2")
    house = _model(models, "house")

    def nearest(asked: Asked) -> list[Draft]:
        found = library.nearest(asked.piece.vector, asked.case.history, 1)
        return [Draft(article.headline) for article in found]

    return {
        "first-12-words": lambda asked: [Draft(" ".join(asked.case.text.split()[:_LEAD_WORDS]))],
        "whole-input": lambda asked: [Draft(asked.case.text)],
        "nearest-past-headline": nearest,
        "extractive": lambda asked: plain.write(asked.prompt, 4),
        "smollm2": lambda asked: smollm.write(asked.prompt, 3),
        UNREAD: lambda asked: house.write(replace(asked.prompt, reads=()), 8),
        HOUSE: lambda asked: house.write(asked.prompt, 8),
    }


def _model(models: Path, name: str) -> Writer:
    return load_writer(Settings(writer=name, models_path=models, writer_timeout_s=60))


def run(asked: Sequence[Asked], draft: Drafting, composer: Composer, told: Callable[[float], None]) -> Written:
    """Write every case, and put what was written to the gate."""
    written = Written()
    for number, one in enumerate(asked):
        started = time.perf_counter()
        try:
            drafts = draft(one)
        except WriterError:
            drafts = []
        written.seconds.append(time.perf_counter() - started)
        written.tokens += sum(text.output_tokens for text in drafts)
        gated = composer.judge(one.piece, one.prompt, drafts)
        chosen = composer.choose(one.piece, "headline", gated, one.interest).chosen
        raw = composer.verdict(one.piece, one.prompt, drafts[0].text) if drafts else None
        written.raw.append(drafts[0].text if drafts else "")
        written.served.append(chosen.text)
        written.origins.append(chosen.source)
        written.verdicts.append({check.name: check.passed for check in raw.checks} if raw else {})
        written.facts.append(
            (raw is not None and faithful(raw), faithful(composer.verdict(one.piece, one.prompt, chosen.text)))
        )
        told((number + 1) / len(asked))
    return written


class Measured:
    """Figures of what was written, against the gold headlines and the readers."""

    def __init__(self, asked: Sequence[Asked], library: Library, resamples: int) -> None:
        self._asked = asked
        self._library = library
        self._readers = [one.case.reader for one in asked]
        self._resamples = resamples
        self._gold_fit = self.fits([one.case.gold for one in asked])

    def fits(self, texts: Sequence[str]) -> Array:
        """Cosine of each text with what its reader likes."""
        fits: Array = (self._library.embed(texts) * np.array([one.interest for one in self._asked])).sum(axis=1)
        return fits

    def scores(self, texts: Sequence[str]) -> Array:
        """ROUGE-1 and ROUGE-L, shape (n, 2)."""
        return np.array([rouge(text, one.case.gold) for text, one in zip(texts, self._asked, strict=True)])

    def rows(self, name: str, written: Written) -> list[dict[str, Any]]:
        """The writer without and with the gate."""
        seconds = np.array(written.seconds)
        found = []
        for gate, texts in ((False, written.raw), (True, written.served)):
            fit = self.fits(texts) - self._gold_fit
            facts = np.array([pair[gate] for pair in written.facts], dtype=np.float64)
            values = np.column_stack([self.scores(texts), facts, fit])
            one, longest, facts_share, fit_mean = means(values, self._readers, resamples=self._resamples)
            row: dict[str, Any] = {
                "writer": name,
                "gate": gate,
                "n": len(texts),
                "rouge1": one["mean"],
                "rouge1_ci": one["ci"],
                "rougeL": longest["mean"],
                "rougeL_ci": longest["ci"],
                "faithful": facts_share["mean"],
                "fit": fit_mean["mean"],
                "fit_ci": fit_mean["ci"],
                "empty": sum(not text for text in texts),
                "tokens_per_s": round(written.tokens / max(float(seconds.sum()), 1e-9), 1),
                "p50_s": round(float(np.median(seconds)), 3),
                "cost": 0.0,
            }
            if gate:
                row["from_model"] = round(written.origins.count("model") / len(texts), 4)
            else:
                names = sorted({check for verdict in written.verdicts for check in verdict})
                row["checks"] = {
                    check: round(float(np.mean([verdict.get(check, False) for verdict in written.verdicts])), 4)
                    for check in names
                }
            found.append(row)
        return found

    def difference(self, one: Sequence[str], other: Sequence[str]) -> dict[str, Any]:
        """Mean ROUGE of ``one`` less that of ``other``, with paired intervals."""
        first, longest = means(self.scores(one) - self.scores(other), self._readers, resamples=self._resamples)
        return {"rouge1": first, "rougeL": longest}


def two_readers(
    asked: Sequence[Asked], library: Library, written: Written, draft: Drafting, composer: Composer, domain: Domain, *,
    resamples: int, told: Callable[[float], None],
) -> dict[str, Any]:  # fmt: skip
    """The same items for two readers: how often the served texts differ, and whether each fits its own reader better.

    The other reader is the one, of all, whose nearest articles to the item lie least in the direction of the first's.
    ``own_fit``: cosine of each text with its own reader's interest less that with the other's, mean of both.
    """
    places = list(range(0, len(asked), max(1, len(asked) // _SHARED)))
    by_reader = {one.case.reader: one.case for one in asked}
    others = []
    for place in places:
        one = asked[place]
        candidates = [
            asked_of(library, replace(one.case, reader=reader, history=case.history), one.piece.vector, domain)
            for reader, case in by_reader.items()
            if reader != one.case.reader and case.history
        ]
        others.append(min(candidates, key=lambda other: float(other.interest @ one.interest)))
    theirs = run(others, draft, composer, told)
    mine = [asked[place] for place in places]
    texts = [written.served[place] for place in places]
    first, second = library.embed(texts), library.embed(theirs.served)
    gained = np.array([
        float((a - b) @ (one.interest - other.interest)) / 2
        for a, b, one, other in zip(first, second, mine, others, strict=True)
    ])  # fmt: skip
    differ = np.array([a != b for a, b in zip(texts, theirs.served, strict=True)], dtype=np.float64)
    readers = [one.case.reader for one in mine]
    share, own_fit = means(np.column_stack([differ, gained]), readers, resamples=resamples)
    return {"items": len(places), "different": share, "own_fit": own_fit}


def evaluate(
    cases: Sequence[HeadlineCase], library: Library, rows: dict[str, Drafting], composer: Composer, domain: Domain, *,
    resamples: int = 10_000, progress: Progress = silent,
) -> dict[str, Any]:  # fmt: skip
    """The report, as it goes into JSON."""
    vectors = library.embed([case.text for case in cases])
    asked = [asked_of(library, case, vector, domain) for case, vector in zip(cases, vectors, strict=True)]
    measured = Measured(asked, library, resamples)
    written = {name: run(asked, draft, composer, partial(progress, name[:16])) for name, draft in rows.items()}
    report: dict[str, Any] = {
        "n": len(cases),
        "readers": len({case.reader for case in cases}),
        "resamples": resamples,
        "rows": [row for name, texts in written.items() for row in measured.rows(name, texts)],
    }
    if HOUSE in written:
        report["differences"] = {
            name: measured.difference(written[HOUSE].raw, texts.raw) for name, texts in written.items() if name != HOUSE
        }
        report["two_readers"] = two_readers(
            asked, library, written[HOUSE], rows[HOUSE], composer, domain, resamples=resamples,
            told=partial(progress, "two readers"),
        )  # fmt: skip
        report["examples"] = [
            {
                "text": asked[i].case.text,
                "gold": asked[i].case.gold,
                "written": {name: {"raw": w.raw[i], "served": w.served[i]} for name, w in written.items()},
            }
            for i in range(0, len(asked), max(1, len(asked) // _EXAMPLES))
        ]
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate, write the JSON, print the rows; 1 with a line that says why not."""
    parser = argparse.ArgumentParser(prog="feedsmith evaluate writing", description=__doc__)
    parser.add_argument("--articles", type=Path, required=True)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--most", type=int, help="cases, spread evenly; by default all")
    parser.add_argument("--rows", help="the only rows, separated by commas")
    asked = parser.parse_args(arguments)
    console = Console()
    try:
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        settings = Settings()
        embedder = load_embedder(settings)
        with bar() as progress:
            articles = read_articles(asked.articles)
            cases = read_cases(asked.cases, articles)
            if asked.most:
                cases = cases[:: max(1, len(cases) // asked.most)][: asked.most]
            library = Library(articles, embedder, progress=progress)
            rows = writers(library, settings.models_path)
            if asked.rows:
                rows = {name: rows[name] for name in asked.rows.split(",")}
            composer = Composer(lambda: embedder, candidates=3)
            report = evaluate(cases, library, rows, composer, load_domains()["news"], progress=progress)
        asked.json.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    except (FeedsmithError, OSError) as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        return 1
    _show(report, console)
    console.print(f"written to {asked.json}", highlight=False, soft_wrap=True)
    return 0


def _show(report: dict[str, Any], console: Console) -> None:
    table = Table(title=f"{report['n']} headlines for {report['readers']} readers", title_justify="left")
    for column in ("writer", "gate", "ROUGE-1", "ROUGE-L", "faithful", "fit", "tokens/s", "p50 s"):
        table.add_column(column, no_wrap=True)
    for row in report["rows"]:
        table.add_row(
            row["writer"], "yes" if row["gate"] else "no", f"{row['rouge1']:.4f}", f"{row['rougeL']:.4f}",
            f"{row['faithful']:.3f}", f"{row['fit']:+.3f}", f"{row['tokens_per_s']:.0f}", f"{row['p50_s']:.2f}",
        )  # fmt: skip
    console.print(table, markup=False)


if __name__ == "__main__":
    sys.exit(main())
