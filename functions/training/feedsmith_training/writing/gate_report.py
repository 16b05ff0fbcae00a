"""How much that is false the gate stops, and how much that is true it lets through.

``python -m feedsmith_training.writing.gate_report --articles bbc --json reports/gate.json``
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from feedsmith.content.base import Embedder
from feedsmith.errors import ConfigurationError
from feedsmith.writing.claims import Source
from feedsmith.writing.gate import Case, judge
from feedsmith_training.writing import corruptions, corruptions_zh
from feedsmith_training.writing.articles import Article, Sample, load_articles
from feedsmith_training.writing.faithful import samples

_LIMIT = 400  # in words or characters: the length of a text is not what is measured
_Z = 1.959964  # the 97.5 % point of the normal distribution


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 22(158), 1927); (0, 1) where nothing was tried."""
    if not n:
        return 0.0, 1.0
    share = hits / n
    centre = share + _Z * _Z / (2 * n)
    half = _Z * ((share * (1 - share) + _Z * _Z / (4 * n)) / n) ** 0.5
    scale = 1 + _Z * _Z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


@dataclass
class Row:
    """Outcome of one kind. ``right``: stopped if corrupted, passed if faithful; ``wrong`` holds the other samples."""

    kind: str
    way: str
    corrupted: bool
    n: int = 0
    right: int = 0
    checks: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[Sample, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        low, high = wilson(self.right, self.n)
        return {
            "kind": self.kind, "way": self.way, "corrupted": self.corrupted, "n": self.n, "right": self.right,
            "share": round(self.right / self.n, 4) if self.n else None, "interval": [round(low, 4), round(high, 4)],
            "checks": dict(self.checks.most_common()),
        }  # fmt: skip


@dataclass
class Report:
    """All rows, and milliseconds of processor time that each judgement took."""

    rows: list[Row]
    milliseconds: list[float]


def measure(
    articles: Sequence[Article], *, each: int, seed: int, embedder: Callable[[], Embedder] | None = None
) -> Report:
    """Judge ``each`` texts of every way to corrupt, and of every faithful kind.

    Parameters
    ----------
    articles
        All of one language.
    each
        Texts of one way, at most; there are fewer where the articles do not give as many.
    """
    sources = {article.id: Source(article.source) for article in articles}
    report = Report([], [])
    for kind, way, wrong, texts in _texts(articles, each, seed):
        row = Row(kind, way, wrong)
        for sample in texts:
            case = Case(sample.text, sources[sample.article.id], sample.article.language, _LIMIT, embedder=embedder)
            started = time.process_time()  # of other programs on the machine it knows nothing
            verdict = judge(case)
            report.milliseconds.append(1000 * (time.process_time() - started))
            row.n += 1
            row.checks.update(check.name for check in verdict.checks if not check.passed)
            if verdict.passed != wrong:
                row.right += 1
            else:
                why = "; ".join(f"{check.name}: {check.detail}" for check in verdict.checks if not check.passed)
                row.wrong.append((sample, why))
        report.rows.append(row)
    return report


def _texts(articles: Sequence[Article], each: int, seed: int) -> Iterator[tuple[str, str, bool, list[Sample]]]:
    module = corruptions_zh if articles and articles[0].language == "zh" else corruptions
    for kind, ways in module.KINDS.items():
        for way in ways:
            yield kind, way, True, module.corrupted(articles, way, each, seed)
    rng = random.Random(seed)  # noqa: S311  a benchmark needs no cryptographic dice
    faithful: defaultdict[str, list[Sample]] = defaultdict(list)
    for article in rng.sample(articles, len(articles)):
        for sample in samples(article, rng):
            if len(faithful[sample.kind]) < each:
                faithful[sample.kind].append(sample)
    for kind, texts in faithful.items():
        yield "faithful", kind, False, texts


def totals(rows: Sequence[Row]) -> list[Row]:
    """One row of each kind: all its ways together."""
    found: dict[str, Row] = {}
    for row in rows:
        total = found.setdefault(row.kind, Row(row.kind, "all", row.corrupted))
        total.n += row.n
        total.right += row.right
        total.checks += row.checks
    return list(found.values())


def show(report: Report, console: Console, title: str) -> None:
    """Print the rows of a report and their totals."""
    table = Table("kind", "way", "n", "stopped / passed", "95 %", "checks that stopped", title=title)
    for total in totals(report.rows):
        for row in [*(row for row in report.rows if row.kind == total.kind), total]:
            low, high = wilson(row.right, row.n)
            share = f"{row.right / row.n:.3f}" if row.n else "-"
            checks = ", ".join(f"{name} {count}" for name, count in row.checks.most_common(4))
            style = "bold" if row is total else None
            table.add_row(row.kind, row.way, str(row.n), share, f"{low:.3f}-{high:.3f}", checks, style=style)
        table.add_section()
    console.print(table)
    ordered = sorted(report.milliseconds)
    if ordered:
        middle, high = ordered[len(ordered) // 2], ordered[int(0.95 * len(ordered))]
        console.print(f"processor time of a judgement: p50 {middle:.2f} ms, p95 {high:.2f} ms (n {len(ordered)})")


def show_wrong(report: Report, console: Console, most: int) -> None:
    """Print texts that the gate judged wrongly, ``most`` of each way."""
    for row in report.rows:
        for sample, why in row.wrong[:most]:
            console.print(f"[bold]{row.kind}, {row.way}[/bold] {sample.article.id}")
            console.print(f"  was {sample.was or '(the same)'}\n  is  {sample.text}\n  {why or 'passed'}", markup=False)


def main(arguments: Sequence[str] | None = None, console: Console | None = None) -> int:
    """Measure, print and write; 0, or 2 with the reason on standard error."""
    parser = argparse.ArgumentParser(prog="feedsmith_training.writing.gate_report", description=__doc__)
    parser.add_argument("--articles", default="bbc", help="JSON Lines of articles, or bbc (default)")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--each", type=int, default=250, help="texts of each way (default 250)")
    parser.add_argument("--most", type=int, default=800, help="articles that are read, drawn by the seed (default 800)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--embedder", action="store_true", help="let the configured embedder help, as when serving")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N wrongly judged texts of each way")
    given = parser.parse_args(arguments)
    console = console or Console()
    try:
        articles = load_articles(given.articles)
        embedder = _embedder() if given.embedder else None
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201  a command's error
        return 2
    figures: dict[str, Any] = {"articles": given.articles, "seed": given.seed, "embedder": given.embedder}
    for language in sorted({article.language for article in articles}):
        of_language = [article for article in articles if article.language == language]
        rng = random.Random(given.seed)  # noqa: S311  a benchmark needs no cryptographic dice
        drawn = rng.sample(of_language, min(given.most, len(of_language)))
        report = measure(drawn, each=given.each, seed=given.seed, embedder=embedder)
        show(report, console, f"{given.articles} ({language}), {len(drawn)} articles, seed {given.seed}")
        show_wrong(report, console, given.show)
        figures[language] = {
            "articles": len(drawn),
            "rows": [row.as_json() for row in report.rows],
            "totals": [row.as_json() for row in totals(report.rows)],
        }
    if given.json:
        given.json.parent.mkdir(parents=True, exist_ok=True)
        given.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False), encoding="utf-8")
    return 0


def _embedder() -> Callable[[], Embedder]:
    from feedsmith.content.embedders import load_embedder
    from feedsmith.settings import Settings

    loaded = load_embedder(Settings())
    return lambda: loaded


if __name__ == "__main__":
    raise SystemExit(main())
