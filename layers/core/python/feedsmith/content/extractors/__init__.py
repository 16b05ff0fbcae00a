"""Adapters of the entity port: rules (no model), spaCy (a model of 15 MB and 250 MB of libraries)."""

from __future__ import annotations

from typing import Literal

from feedsmith.content.entities import EntityExtractor


def load_extractor(name: Literal["rules", "spacy"]) -> EntityExtractor:
    """The named extractor; what it needs is loaded with its first text.

    Raises
    ------
    ConfigurationError
        The packages of ``spacy`` are not installed.
    """
    from feedsmith.content.extractors.rules import RuleExtractor

    if name == "rules":
        return RuleExtractor()
    from feedsmith.content.extractors.spacy import SpacyExtractor

    return SpacyExtractor(others=RuleExtractor())
