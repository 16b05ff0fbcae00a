"""What an item is about, and where it lies among the others."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from feedsmith.content.base import Embedder
from feedsmith.content.entities import EntityExtractor
from feedsmith.content.keywords import extract_keywords
from feedsmith.content.language import detect_language
from feedsmith.content.sentiment import score_sentiment
from feedsmith.content.topics import TopicModel
from feedsmith.domains.loader import DomainSet
from feedsmith.models import Item, Understanding
from feedsmith.stores.base import Vector

LEAD_CHARACTERS = 1_000


class Understander:
    """Language, topics, keywords, sentiment, entities and the vector of items, in batches.

    The domains' taxonomies are embedded when first needed, once.
    """

    def __init__(self, embedder: Embedder, domains: DomainSet, entities: EntityExtractor | None = None) -> None:
        self._embedder = embedder
        self._domains = domains
        self._entities = entities
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
        for item, reading, vector in zip(items, read, vectors, strict=True):
            topics = models[item.domain].topics(vector, item.categories)
            understood.append((reading.model_copy(update={"topics": topics}), vector))
        return understood

    def _read(self, item: Item, text: str) -> Understanding:
        language = item.language or detect_language(text)
        return Understanding(
            language=language,
            keywords=extract_keywords(text, language),
            sentiment=score_sentiment(text, language),
            entities=self._entities.extract(text, language) if self._entities is not None else (),
        )

    def _topic_model(self, domain: str) -> TopicModel:
        model = self._topic_models.get(domain)
        if model is None:
            model = self._topic_models[domain] = TopicModel(self._domains[domain], self._embedder)
        return model


def embedded_text(item: Item) -> str:
    """Title and lead: what is embedded and read of an item."""
    lead = " ".join(item.body[:LEAD_CHARACTERS].split())
    return f"{item.title}. {lead}" if lead else item.title
