"""Measures what two readers of opposite tastes are told of one article that both might read.

``python -m feedsmith_training.writing.readers_report --articles bbc``. Half of the articles, drawn by the seed, count
as read. Both readers of an article read such as lie near it; one those at one end of the direction in which these
differ most, the other those at its other end.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from feedsmith.content.base import Embedder
from feedsmith.content.embedders import load_embedder
from feedsmith.domains.loader import Domain, load_domains
from feedsmith.errors import FeedsmithError
from feedsmith.models import IndexedItem, Item, Understanding, utcnow
from feedsmith.settings import Settings
from feedsmith.writing.audience import SAME_SUBJECT
from feedsmith.writing.base import Writer
from feedsmith.writing.composer import Composed, Composer, Piece
from feedsmith.writing.house import READS
from feedsmith.writing.prompting import build_prompt
from feedsmith.writing.writers import load_writer
from feedsmith_training.log import Array, Rows
from feedsmith_training.progress import bar
from feedsmith_training.writing.articles import Article, load_articles
from feedsmith_training.writing.measures import means

READ = 5  # articles of each reader
_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Reader:
    """``interest``: unit vector, shape (d,), the mean of what was read; ``reads``: its titles, nearest first."""

    interest: Array
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """One article, its two readers, and what each was told of it, in how many seconds."""

    article: Article
    readers: tuple[Reader, Reader]
    texts: tuple[Composed, Composed]
    seconds: tuple[float, float]


def opposite_readers(vector: Array, vectors: Array, titles: Sequence[str]) -> tuple[Reader, Reader] | None:
    """Two readers who might both read the article at ``vector``, shape (d,).

    Of the read articles, ``vectors`` of shape (n, d), those count whose cosine with it is at least that of a ground;
    None where there are fewer than two readers' worth of them.
    """
    closeness = vectors @ vector
    near = np.flatnonzero(closeness >= SAME_SUBJECT)
    if len(near) < 2 * READ:
        return None
    spread = vectors[near] - vectors[near].mean(axis=0)
    axis = np.linalg.svd(spread, full_matrices=False)[2][0]
    order = near[np.argsort(spread @ axis, kind="stable")]
    return _reader(order[:READ], vectors, closeness, titles), _reader(order[-READ:], vectors, closeness, titles)


def _reader(rows: Rows, vectors: Array, closeness: Array, titles: Sequence[str]) -> Reader:
    mean = vectors[rows].mean(axis=0)
    nearest = rows[np.argsort(-closeness[rows], kind="stable")]
    return Reader(mean / np.linalg.norm(mean), tuple(titles[row] for row in nearest))


def told(
    articles: Sequence[Article], embedder: Embedder, writer: Writer, domain: Domain, *, most: int, seed: int
) -> Iterator[Told]:
    """Write a headline of up to ``most`` articles for two readers each."""
    drawn = random.Random(seed).sample(list(articles), len(articles))  # noqa: S311  a benchmark needs no cryptographic dice
    read, written = drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
    vectors = embedder.passages([f"{one.title}\n{one.body}" for one in read])
    composer = Composer(lambda: embedder, candidates=8 if writer.is_model else 3)
    found = 0
    for article in written:
        (vector,) = embedder.passages([f"{article.title}\n{article.body}"])
        readers = opposite_readers(vector, vectors, [one.title for one in read])
        if readers is None:
            continue
        texts: list[Composed] = []
        seconds: list[float] = []
        for reader in readers:
            begun = time.perf_counter()
            texts.append(_written(article, vector, reader, composer, writer, domain))
            seconds.append(time.perf_counter() - begun)
        yield Told(article, readers, (texts[0], texts[1]), (seconds[0], seconds[1]))
        found += 1
        if found == most:
            return


def _written(
    article: Article, vector: Array, reader: Reader, composer: Composer, writer: Writer, domain: Domain
) -> Composed:
    item = Item(id=article.id, domain=domain.name, title=article.title, body=article.body, language=article.language)
    indexed = IndexedItem(
        item=item, content_hash=item.content_hash, understanding=Understanding(language=article.language),
        indexed_at=utcnow(),
    )  # fmt: skip
    piece = Piece(indexed, vector, domain, article.language)
    prompt = build_prompt(item, piece.source.text, "headline", article.language, domain)
    return composer.compose(
        piece, replace(prompt, reads=reader.reads[:READS]), writer, timeout_s=_TIMEOUT_S, direction=reader.interest
    )


def figures(pairs: Sequence[Told], embedder: Embedder, *, resamples: int = 10_000) -> dict[str, Any]:
    """Shares with 95 % intervals by a bootstrap over articles.

    ``own_fit``: cosine of each text with its own reader's interest less that with the other's, mean of both, over all
    pairs; a pair of equal texts counts as 0.
    """
    texts = [[one.chosen.text for one in pair.texts] for pair in pairs]
    first, second = (embedder.passages([both[side] for both in texts]) for side in (0, 1))
    between = np.array([pair.readers[0].interest - pair.readers[1].interest for pair in pairs])
    gained = ((first - second) * between).sum(axis=1) / 2
    differ = np.array([a != b for a, b in texts], dtype=np.float64)
    gained[differ == 0] = 0.0  # what is left is the rounding of equal vectors
    different, own_fit = means(
        np.column_stack([differ, gained]), [pair.article.id for pair in pairs], resamples=resamples
    )
    chosen = [one.chosen for pair in pairs for one in pair.texts]
    cosine = [float(pair.readers[0].interest @ pair.readers[1].interest) for pair in pairs]
    return {
        "articles": len(pairs),
        "different": different,
        "own_fit": own_fit,
        "each_fits_its_own_better": round(float((gained[differ == 1] > 0).mean()), 4) if differ.any() else None,
        "passed": round(sum(one.verdict.passed for one in chosen) / len(chosen), 4),
        "sources": dict(Counter(one.source for one in chosen)),
        "readers_cosine": round(float(np.mean(cosine)), 4),
        "p50_s": round(float(np.median([second for pair in pairs for second in pair.seconds])), 3),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write the JSON; 1 with a line that says why not."""
    parser = argparse.ArgumentParser(prog="feedsmith_training.writing.readers_report", description=__doc__)
    parser.add_argument("--articles", default="bbc", help="JSON Lines of articles, or bbc (default)")
    parser.add_argument("--writer", default="extractive", help="as in FEEDSMITH_WRITER (default extractive)")
    parser.add_argument("--most", type=int, default=200, help="articles that are written about (default 200)")
    parser.add_argument("--of", type=int, default=1_200, help="articles drawn from, by the seed (default 1,200)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="where to write figures and texts")
    asked = parser.parse_args(arguments)
    console = Console()
    try:
        settings = Settings(writer=asked.writer, writer_timeout_s=_TIMEOUT_S)
        articles = load_articles(asked.articles)
        of = random.Random(asked.seed).sample(articles, min(asked.of, len(articles)))  # noqa: S311  as above
        embedder = load_embedder(settings)
        pairs: list[Told] = []
        with bar() as progress:
            domain = load_domains()["news"]
            for pair in told(of, embedder, load_writer(settings), domain, most=asked.most, seed=asked.seed):
                pairs.append(pair)
                progress("two readers", len(pairs) / asked.most)
    except FeedsmithError as error:
        Console(stderr=True).print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        return 1
    report = {"writer": asked.writer, "seed": asked.seed, **figures(pairs, embedder)} if pairs else {"articles": 0}
    console.print_json(data=report)
    if asked.json:
        examples = [
            {
                "title": pair.article.title,
                "told": [{"reads": reader.reads[:READS], "text": text.chosen.text, "source": text.chosen.source}
                         for reader, text in zip(pair.readers, pair.texts, strict=True)],
            }
            for pair in pairs
        ]  # fmt: skip
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(
            json.dumps(report | {"texts": examples}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
