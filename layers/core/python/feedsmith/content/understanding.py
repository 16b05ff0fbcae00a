"""What an item is about, and where it lies among the others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from feedsmith.content.base import Embedder
from feedsmith.content.cleaning import clean
from feedsmith.content.entities import EntityExtractor
from feedsmith.content.keywords import extract_keywords
from feedsmith.content.language import detect_language
from feedsmith.content.llm import Labels, ModelReader
from feedsmith.content.quality import quality_flags
from feedsmith.content.sentiment import score_sentiment
from feedsmith.content.topics import TopicModel
from feedsmith.domains.loader import DomainSet
from feedsmith.models import Item, Understanding
from feedsmith.stores.vectors import Vector

LEAD_CHARACTERS = 1_000
_MARKUP_PER_TEXT = 8  # characters of markup that are read for one of text
_MODEL_CALLS = 4  # at once
# A model cannot read these, or should not be paid for it.
_NOT_FOR_MODELS = frozenset({"empty", "markup_only", "too_short", "gibberish", "repetitive", "mojibake", "spam"})
_NO_LANGUAGE = frozenset({"empty", "gibberish"})


class Understander:
    """Language, topics, keywords, sentiment, entities, quality and the vector of items, in batches.

    The domains' taxonomies are embedded when first needed, once.

    Parameters
    ----------
    reader
        Asks a language model; what it cannot read, and an item that is not fit to be read, is read by rules. None:
        all is read by rules.
    """

    def __init__(
        self, embedder: Embedder, domains: DomainSet, entities: EntityExtractor | None = None,
        reader: ModelReader | None = None,
    ) -> None:  # fmt: skip
        self._embedder = embedder
        self._domains = domains
        self._entities = entities
        self._reader = reader
        self._topic_models: dict[str, TopicModel] = {}

    def understand(self, items: Sequence[Item]) -> list[tuple[Understanding, Vector]]:
        """Understanding and unit vector of each item, in their order.

        Raises
        ------
        NotFound
            An item's domain is not one of the known ones.
        """
        models = {name: self._topic_model(name) for name in {item.domain for item in items}}
        texts = [embedded_text(item) for item in items]
        # onnxruntime multiplies outside Python's lock, so that keywords cost little time of their own.
        with ThreadPoolExecutor(max_workers=1) as pool:
            embedding = pool.submit(self._embedder.passages, texts)
            read = [self._read(item, text) for item, text in zip(items, texts, strict=True)]
            vectors = embedding.result()
        understood = []
        for item, reading, labels, vector in zip(items, read, self._labels(items, read), vectors, strict=True):
            named = labels.topics if labels is not None else ()
            topics = models[item.domain].topics(vector, (*item.categories, *named))
            merged = reading if labels is None else _merged(item, reading, labels)
            understood.append((merged.model_copy(update={"topics": topics}), vector))
        return understood

    def embed(self, query: str) -> Vector:
        """Unit vector of a search text."""
        vector: Vector = self._embedder.queries([query])[0]
        return vector

    def _read(self, item: Item, text: str) -> Understanding:
        quality = quality_flags(item, self._domains[item.domain].languages)
        language = item.language
        if language is None and not _NO_LANGUAGE.intersection(quality):
            language = detect_language(text)
        return Understanding(
            language=language,
            keywords=extract_keywords(text, language),
            sentiment=score_sentiment(text, language),
            entities=self._entities.extract(text, language) if self._entities is not None else (),
            quality=quality,
        )

    def _labels(self, items: Sequence[Item], read: Sequence[Understanding]) -> list[Labels | None]:
        reader = self._reader
        if reader is None:
            return [None] * len(items)

        def ask(item: Item, reading: Understanding) -> Labels | None:
            fit = not _NOT_FOR_MODELS.intersection(reading.quality)
            return reader.read(item, self._domains[item.domain]) if fit else None

        with ThreadPoolExecutor(max_workers=_MODEL_CALLS) as pool:
            return list(pool.map(ask, items, read))

    def _topic_model(self, domain: str) -> TopicModel:
        model = self._topic_models.get(domain)
        if model is None:
            model = self._topic_models[domain] = TopicModel(self._domains[domain], self._embedder)
        return model


def _merged(item: Item, reading: Understanding, labels: Labels) -> Understanding:
    """The model's labels; of the language, the owner knows best."""
    return reading.model_copy(
        update={
            "language": item.language or labels.language or reading.language,
            "keywords": labels.keywords or reading.keywords,
            "sentiment": labels.sentiment,
            "entities": labels.entities,
            "method": "llm",
        }
    )


def embedded_text(item: Item) -> str:
    """Title and lead as a reader sees them: what is embedded and read of an item."""
    title = " ".join(clean(item.title).split()) or item.title
    lead = " ".join(clean(item.body[: _MARKUP_PER_TEXT * LEAD_CHARACTERS])[:LEAD_CHARACTERS].split())
    return f"{title}. {lead}" if lead else title
