"""Reads the domain files and refuses what they must not contain."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from feedsmith.errors import ConfigurationError, NotFound
from feedsmith.models import EventType, Language, TextKind


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LocalText(_Part):
    """A text in the languages that feedsmith speaks itself."""

    en: str
    zh: str

    def get(self, language: str | None) -> str:
        """The text in ``language``; English where there is no such translation."""
        return self.zh if language == "zh" else self.en


class TaxonomyTopic(_Part):
    """A topic: its label, and the descriptions that are embedded to recognise it (several sharpen it)."""

    label: LocalText
    examples: tuple[str, ...] = Field(min_length=1)
    sensitive: bool = Field(False, description="Never used as grounds for a text or shown as a reason")


class Weights(_Part):
    """Weights of the fixed linear ranker, per feature of ``ranking/features.py``; unit: score per feature unit."""

    taste: float
    interest: float
    topics: float
    similar_users: float
    segment: float
    popularity: float
    freshness: float
    query: float
    disliked: float = Field(le=0)


class Reranking(_Part):
    """How ``ranking/reranking.py`` makes a slate of a ranked list; relevance is from 0 to 1 there."""

    mmr: float = Field(ge=0, le=1, description="Lambda of maximal marginal relevance; 1: relevance only")
    calibration: float = Field(0.0, ge=0, description="Relevance given up for a nat nearer to the reader's topics")
    max_per_provider: int = Field(ge=1, description="Most items of one provider in a slate of ten")
    provider_floor: float = Field(0.0, ge=0, lt=1, description="Least exposure, as a share of what merit would give")
    exploration: float = Field(0.0, ge=0, le=0.5, description="Share of places that explore")


class Cautions(_Part):
    """What a generated text of this domain must not do, and must say."""

    no_advice: bool = False
    disclaimer: LocalText | None = None


class Domain(_Part):
    """One field of content and how to treat it."""

    name: str
    label: LocalText
    kinds: tuple[TextKind, ...] = Field(min_length=1)
    languages: tuple[Language, ...] = Field(
        ("en", "zh"), min_length=1, description="Languages it is published in; of items in others no text is written"
    )
    history_half_life_days: float = Field(gt=0, description="Age at which an interaction counts half")
    trend_half_life_hours: float = Field(gt=0, description="Age at which a click counts half for popularity")
    freshness_half_life_hours: float = Field(gt=0, description="Age at which an item is half as fresh")
    repeat: bool = Field(False, description="Whether consumed items may be recommended again")
    event_weights: dict[EventType, float]
    taxonomy: dict[str, TaxonomyTopic] = Field(min_length=2)
    weights: Weights
    reranking: Reranking
    cautions: Cautions = Cautions()

    @model_validator(mode="after")
    def _impressions_say_nothing(self) -> Domain:
        if self.event_weights.get("impression", 0.0) != 0.0:
            raise ValueError("event_weights.impression must be 0: being shown an item is not a sign of taste")
        return self

    def weight(self, event_type: EventType, value: float | None = None) -> float:
        """Weight of an event, negative for dislikes.

        A rating in [0, 5] is scaled linearly about its middle, so that 5 counts the full ``rate`` weight and 0 the
        full weight against; a share watched in [0, 1] scales ``watch``.
        """
        weight = self.event_weights.get(event_type, 0.0)
        if value is None:
            return weight
        if event_type == "rate":
            return weight * (min(max(value, 0.0), 5.0) - 2.5) / 2.5
        if event_type == "watch":
            return weight * min(max(value, 0.0), 1.0)
        return weight


class DomainSet(Mapping[str, Domain]):
    """The known domains by name; ``[...]`` for another raises ``NotFound``, naming those there are."""

    def __init__(self, domains: Mapping[str, Domain]) -> None:
        self._domains = dict(domains)

    def __getitem__(self, name: str) -> Domain:
        try:
            return self._domains[name]
        except KeyError:
            raise NotFound(f"no domain {name!r}; there are: {', '.join(sorted(self._domains))}") from None

    def get(self, name: str, default: Any = None) -> Any:
        """The domain, or ``default``; the mixin's own waits for a ``KeyError``."""
        return self._domains.get(name, default)

    def __contains__(self, name: object) -> bool:
        return name in self._domains

    def __iter__(self) -> Iterator[str]:
        return iter(self._domains)

    def __len__(self) -> int:
        return len(self._domains)


def read_domain(path: Path) -> Domain:
    """Read one domain file.

    Raises
    ------
    ConfigurationError
        The file is not TOML, or says something that no domain may say; names the file and the field.
    """
    try:
        domain = Domain.model_validate({"name": path.stem, **tomllib.loads(path.read_text(encoding="utf-8"))})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"domain file {path.name} is not TOML: {error}") from error
    except ValidationError as error:
        where = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"domain file {path.name}: {where}") from error
    return domain


@lru_cache(maxsize=4)
def load_domains(folder: Path = Path(__file__).parent) -> DomainSet:
    """All domains of a folder, one ``<name>.toml`` each."""
    return DomainSet({path.stem: read_domain(path) for path in sorted(folder.glob("*.toml"))})
