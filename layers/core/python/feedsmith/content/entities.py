"""The entity extractor port."""

from __future__ import annotations

from abc import ABC, abstractmethod

from feedsmith.models import Entity

# Kinds that every extractor maps its own labels to.
PERSON, ORGANISATION, PLACE, OTHER = "person", "org", "place", "other"


class EntityExtractor(ABC):
    """Finds the named things of a text."""

    @abstractmethod
    def extract(self, text: str, language: str | None) -> tuple[Entity, ...]:
        """Entities in the order of their first mention, each once; none for a language it does not know.

        Every ``text`` of an entity stands in the given text; ``kind`` is ``person``, ``org``, ``place`` or ``other``.
        """
