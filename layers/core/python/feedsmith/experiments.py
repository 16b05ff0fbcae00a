"""What an experiment is, and who gets which of its variants.

A reader's variant is a hash of the experiment's salt and the reader's pseudonym: nothing about it is stored or logged,
so it can neither get lost nor outlive the reader, and who counts recomputes it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints, model_validator

from feedsmith.models import Domain, Id, Model, Utc

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Status: TypeAlias = Literal["draft", "running", "stopped"]
MetricName: TypeAlias = Literal["ctr", "cvr", "usat"]
Test: TypeAlias = Literal["sequential", "fixed_horizon"]

LINEAR = "linear"
"""Names the fixed ranker where a variant names a ranker."""


class RerankingChange(Model):
    """What a variant changes of its domain's ``[reranking]``; what is None stays as it is."""

    mmr: float | None = Field(None, ge=0, le=1)
    calibration: float | None = Field(None, ge=0)
    max_per_provider: int | None = Field(None, ge=1)
    provider_floor: float | None = Field(None, ge=0, lt=1)
    exploration: float | None = Field(None, ge=0, le=0.5)


class Variant(Model):
    """One arm. What it does not name is as it would be without the experiment."""

    name: Name
    weight: float = Field(1.0, gt=0, le=1_000_000, description="Share of readers, relative to the other variants'")
    ranker: Id | None = Field(None, description="A trained version, or 'linear' for the fixed ranker")
    reranking: RerankingChange | None = None
    writer: str | None = Field(
        None, max_length=200, description="'extractive', or a writer that FEEDSMITH_EXPERIMENT_WRITERS lists"
    )
    prompt: Name | None = Field(None, description="Folder of prompt templates, under prompts/LANGUAGE/variants")


TREATMENTS = ("ranker", "reranking", "writer", "prompt")
"""The fields of a variant that change what readers get."""


class Plan(Model):
    """An experiment as an operator describes it; the first variant is the control.

    ``metric`` is what decides. A ``fixed_horizon`` test tells its result once, ``days`` after the start; a
    ``sequential`` one may be looked at any time, and takes longer for it. ``minimum_effect`` is the smallest relative
    change that would matter (0.05: five per cent); it sets the number of readers that is needed, and the sequential
    test's mixture.
    """

    domain: Domain
    variants: tuple[Variant, ...] = Field(min_length=2, max_length=8)
    metric: MetricName = "ctr"
    test: Test = "sequential"
    minimum_effect: float = Field(0.05, gt=0, le=1)
    days: int | None = Field(None, ge=1, le=365, description="Horizon of a fixed_horizon test; whole weeks are best")
    status: Status = "draft"

    @model_validator(mode="after")
    def _is_whole(self) -> Plan:
        names = [variant.name for variant in self.variants]
        if len(set(names)) != len(names):
            raise ValueError("two variants have the same name")
        if (self.days is not None) != (self.test == "fixed_horizon"):
            raise ValueError("days belongs to a fixed_horizon test, and it must have it")
        return self


class Experiment(Plan):
    """A plan with what became of it.

    ``salt`` is drawn once, so that an experiment of the same id, made anew, mixes the readers anew. ``started_at`` is
    when all processes know of it; before, and after ``stopped_at``, nothing counts.
    """

    id: Name
    salt: str
    started_at: Utc | None = None
    stopped_at: Utc | None = None
    revision: int = Field(0, ge=0)

    def runs(self, now: datetime) -> bool:
        """Whether readers get their variants at this time."""
        return self.status == "running" and self.started_at is not None and self.started_at <= now

    @property
    def horizon(self) -> datetime | None:
        """When a fixed-horizon test ends; None: it has not begun, or is of the other kind."""
        return self.started_at + timedelta(days=self.days) if self.started_at and self.days else None

    def counts(self, at: datetime) -> bool:
        """Whether what happens at this time is part of the experiment."""
        ends = [end for end in (self.stopped_at, self.horizon) if end is not None]
        return self.started_at is not None and self.started_at <= at and all(at < end for end in ends)

    def shares(self) -> tuple[float, ...]:
        """Each variant's expected share of readers; they sum to 1."""
        total = sum(variant.weight for variant in self.variants)
        return tuple(variant.weight / total for variant in self.variants)

    def variant(self, user: str) -> Variant:
        """The variant of a reader, by pseudonym; always the same one."""
        place = uniform(self.salt, user)
        bounds = accumulate(self.shares())
        # Rounding may leave the last bound a hair below 1.
        return next((v for v, bound in zip(self.variants, bounds, strict=True) if place < bound), self.variants[-1])


def uniform(salt: str, user: str) -> float:
    """A number in [0, 1) that is uniform over users, and independent between salts."""
    digest = hashlib.sha256(f"{salt}\0{user}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53
