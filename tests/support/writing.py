"""What the writing tests share: articles, prompts, and writers and embedders that do as they are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from threading import Event

import numpy as np

from feedsmith.content.base import Embedder, Matrix
from feedsmith.domains import load_domains
from feedsmith.models import IndexedItem, Item, TextKind, Topic, Understanding
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.prompting import build_prompt, source_text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

EN = Item(
    id="en1",
    domain="news",
    title="Ad sales boost Time Warner profit",
    body=(
        "Quarterly profits at US media giant TimeWarner jumped 76% to $1.13bn (£600m) for the three months to "
        "December, from $639m a year earlier. The firm, which is now one of the biggest investors in Google, benefited "
        "from sales of high-speed internet connections and higher advert sales. Time Warner said on Friday that it now "
        "owns 8% of "
        'search-engine Google. Chairman Richard Parsons said: "Our performance was strong and we met all our goals." '
        "The company did not sell its music division. Profits fell at AOL, where Steve Case left after twenty-three "
        "years."
    ),
    language="en",
)
ZH = Item(
    id="zh1",
    domain="news",
    title="小米第三季度利润增长百分之三十",
    body=(
        "小米公司周二公布财报，第三季度利润增长百分之三十，达到45亿元。董事长雷军表示，公司全年售出1.2亿部手机。"
        "公司没有出售印度工厂。《财经》杂志报道，北京分公司新增三千名员工。雷军说：“我们将继续投资芯片。”海外收入下降了5%。"
    ),
    language="zh",
)


def prompt_of(item: Item, kind: TextKind = "headline", domain: str = "news") -> Prompt:
    """The prompt of an item for everyone."""
    return build_prompt(item, source_text(item), kind, item.language or "en", load_domains()[domain])


def indexed(item: Item, *topics: str) -> IndexedItem:
    """An item as the content service would store it."""
    understood = Understanding(language=item.language, topics=tuple(Topic(name=name, score=0.5) for name in topics))
    return IndexedItem(item=item, content_hash=item.content_hash, understanding=understood, indexed_at=NOW)


class ScriptedWriter(Writer):
    """Gives the drafts it was given, or raises the error; ``gate``: waits for it first."""

    def __init__(
        self, *texts: str, error: Exception | None = None, gate: Event | None = None, model: bool = True
    ) -> None:
        self.texts = texts
        self.error = error
        self.gate = gate
        self.model = model
        self.prompts: list[Prompt] = []
        self.tokens = (0, 0)  # read and written, of each call
        self.called = "script:1"

    @property
    def name(self) -> str:
        return self.called

    @property
    def is_model(self) -> bool:
        return self.model

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        self.prompts.append(prompt)
        if self.gate is not None:
            self.gate.wait(10)
        if self.error is not None:
            raise self.error
        first, *others = self.texts[:n]
        return [Draft(first, *self.tokens), *map(Draft, others)]


class WordEmbedder(Embedder):
    """Axis i counts the i-th word; the last axis is a small constant, so that no vector is zero."""

    def __init__(self, *vocabulary: str) -> None:
        self.vocabulary = vocabulary

    @property
    def name(self) -> str:
        return "words@1"

    @property
    def dimension(self) -> int:
        return len(self.vocabulary) + 1

    def passages(self, texts: Sequence[str]) -> Matrix:
        rows = [[*(text.casefold().count(word) for word in self.vocabulary), 0.1] for text in texts]
        matrix = np.array(rows, dtype=np.float32).reshape(len(rows), self.dimension)
        unit: Matrix = (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float32)
        return unit

    def queries(self, texts: Sequence[str]) -> Matrix:
        return self.passages(texts)
