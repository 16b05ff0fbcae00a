"""Entities by capital letters (English) and by parts of speech (Chinese)."""

from __future__ import annotations

from feedsmith.content.entities import EntityExtractor
from feedsmith.content.extractors.chinese import chinese_entities
from feedsmith.content.extractors.english import english_entities
from feedsmith.models import Entity

READ_CHARACTERS = 1_000


class RuleExtractor(EntityExtractor):
    """Knows English and Chinese."""

    def extract(self, text: str, language: str | None) -> tuple[Entity, ...]:
        text = text[:READ_CHARACTERS]
        if language == "en":
            return english_entities(text)
        if language == "zh":
            return chinese_entities(text)
        return ()
