"""``python -m feedsmith_training.understanding.report --json OUT``: how well items are understood."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from feedsmith.content.base import Embedder
from feedsmith.content.embedders import load_embedder
from feedsmith.content.extractors import load_extractor
from feedsmith.content.llm import ModelReader
from feedsmith.content.understanding import Understander
from feedsmith.domains import load_domains
from feedsmith.errors import FeedsmithError
from feedsmith.models import Item, Understanding
from feedsmith.settings import Settings
from feedsmith.writing.writers.gguf import GgufWriter
from feedsmith_training.understanding.corpora import Labelled, bbc, labelled
from feedsmith_training.understanding.scores import Pair, accuracy, score

_BATCH = 64
_MODEL_SECONDS = 60.0  # for one item: a small model on one core is slow


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, write the JSON and print the tables."""
    parser = argparse.ArgumentParser(prog="feedsmith_training.understanding.report", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--labelled", type=Path, default=Path("tests/data/understanding.jsonl"), help="labelled items")
    parser.add_argument("--models", type=Path, default=Path("build/models"), help="folder of the prepared models")
    parser.add_argument("--embedders", nargs="+", default=["minilm", "e5"], help="embedders to compare")
    parser.add_argument("--bbc-every", type=int, default=1, metavar="N", help="every Nth BBC article; 0: none")
    parser.add_argument("--sample", type=int, default=24, help="labelled items that the language model reads; 0: none")
    given = parser.parse_args(argv)
    try:
        report = measure(
            labelled(given.labelled), given.models, given.embedders, bbc_every=given.bbc_every, sample=given.sample
        )
    except (FeedsmithError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  a command's own words
        return 1
    given.json.parent.mkdir(parents=True, exist_ok=True)
    given.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for line in tables(report):
        print(line)  # noqa: T201  a command's own words
    return 0


def measure(
    golds: Sequence[Labelled], models: Path, embedders: Sequence[str], *, bbc_every: int = 1, sample: int = 24
) -> dict[str, Any]:
    """``bbc``: a row per embedder; ``labelled``: a row per reader, embedder, half and language.

    Parameters
    ----------
    sample
        Test items that the language model reads: one of every so many, in their order.
    """
    loaded = {name: load_embedder(Settings(embedder=name, models_path=models)) for name in embedders}
    report: dict[str, Any] = {"bbc": [], "labelled": []}
    if bbc_every:
        articles = list(bbc())[::bbc_every]
        report["bbc"] = [_bbc_row(name, embedder, articles) for name, embedder in loaded.items()]
    for name, embedder in loaded.items():
        report["labelled"] += _rows("light", name, golds, embedder, "rules")
    name, embedder = list(loaded.items())[-1]
    report["labelled"] += _rows("light+spacy", name, golds, embedder, "spacy")
    if sample:
        tests = [gold for gold in golds if gold.split == "test" and not gold.quality]
        chosen = tests[:: max(1, len(tests) // sample)][:sample]
        reader = ModelReader(GgufWriter(models / "smollm2" / "model.gguf", timeout_s=_MODEL_SECONDS, parallel=1))
        report["labelled"] += _rows("light, same items", name, chosen, embedder, "rules")
        report["labelled"] += _rows("llm: SmolLM2-135M", name, chosen, embedder, "rules", reader)
    return report


def _bbc_row(name: str, embedder: Embedder, articles: Sequence[tuple[Item, str]]) -> dict[str, Any]:
    understander = Understander(embedder, load_domains(), load_extractor("rules"))
    found, seconds = _read(understander, [item for item, _ in articles])
    topics = [u.topics[0].name if u.topics else "" for u in found]
    return {
        "embedder": name,
        **accuracy([topic for _, topic in articles], topics),
        "english": round(sum(u.language == "en" for u in found) / len(found), 4),
        "flagged": round(sum(bool(u.quality) for u in found) / len(found), 4),
        "flags": sorted({flag for u in found for flag in u.quality}),
        "items_per_s": round(len(found) / seconds, 1),
    }


def _rows(
    reader_name: str, embedder_name: str, golds: Sequence[Labelled], embedder: Embedder,
    entities: Literal["rules", "spacy"], reader: ModelReader | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    understander = Understander(embedder, load_domains(), load_extractor(entities), reader)
    found, seconds = _read(understander, [gold.item for gold in golds])
    pairs: list[Pair] = list(zip(golds, found, strict=True))
    rows: list[dict[str, Any]] = []
    for split in ("dev", "test"):
        for language in ("all", "en", "zh"):
            group = [(g, f) for g, f in pairs if g.split == split and language in ("all", g.language)]
            if group:
                rows.append(
                    {
                        "reader": reader_name, "embedder": embedder_name, "split": split, "language": language,
                        **score(group), "by_model": sum(f.method == "llm" for _, f in group),
                        "s_per_item": round(seconds / len(golds), 3),
                    }
                )  # fmt: skip
    return rows


def _read(understander: Understander, items: Sequence[Item]) -> tuple[list[Understanding], float]:
    understander.understand(items[:1])  # loads what is loaded once
    start = time.perf_counter()
    found = [
        understanding
        for at in range(0, len(items), _BATCH)
        for understanding, _ in understander.understand(items[at : at + _BATCH])
    ]
    return found, time.perf_counter() - start


def tables(report: dict[str, Any]) -> list[str]:
    """The report as Markdown."""
    lines: list[str] = []
    for part in ("bbc", "labelled"):
        rows = report[part]
        if rows:
            columns = list(rows[0])
            lines += ["", f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
            lines += [f"| {' | '.join(_cell(row[column]) for column in columns)} |" for row in rows]
    return lines[1:]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return ", ".join(value) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    sys.exit(main())
