"""What the API tells of figures and experiments."""

from __future__ import annotations

from datetime import date
from typing import Literal, TypeAlias

from pydantic import Field

from feedsmith.experiments import Experiment, Plan
from feedsmith.models import Domain, Model, Utc

Kind: TypeAlias = Literal["all", "variant", "segment", "provider", "category"]
"""Ways in which a domain's figures are split."""
By: TypeAlias = Literal["day", "variant", "segment", "provider", "category"]


class MetricsQuery(Model):
    """Which figures."""

    domain: Domain = Field(description="Such as news")
    first: date | None = Field(None, alias="from", description="First day, UTC; by default 27 days before the last")
    last: date | None = Field(None, alias="to", description="Last day, UTC; by default the last that was counted")
    by: By | None = Field(None, description="One row for each; by default one row for the whole domain")
    daily: bool = Field(False, description="Split each row by day, too")


class Estimate(Model):
    """A figure with its 95 % interval, clustered by user; None where nothing can be said."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


class Figures(Model):
    """One row. Days on which it has fewer users than may be told of are left out of it.

    ``age_hours`` is the mean age of what was shown, when it was shown. ``exposure_share`` and ``click_share`` are parts
    of all rows' exposure and clicks, ``exposure_per_merit`` the one over the other: 1 is the fair share.
    """

    group: str | None = None
    day: date | None = None
    users: int = Field(ge=0)
    impressions: float = Field(ge=0)
    clicks: float = Field(ge=0)
    conversions: float = Field(ge=0)
    ratings: float = Field(ge=0)
    ctr: Estimate = Field(description="Clicks per impression")
    cvr: Estimate = Field(description="Conversions per click")
    usat: Estimate = Field(description="Share of ratings of at least 4 of 5")
    age_hours: Estimate
    exposure_share: float | None = Field(None, ge=0, le=1)
    click_share: float | None = Field(None, ge=0, le=1)
    exposure_per_merit: float | None = Field(None, ge=0)


class Coverage(Model):
    """How much of a catalogue was shown to anybody; ``share`` is None where it is empty."""

    shown: int = Field(ge=0)
    catalogue: int = Field(ge=0)
    share: float | None = None


class TextFigures(Model):
    """What a tenant's texts took, in all domains, as far back as the books are kept (35 days).

    ``cost`` is in US dollars, None where the writer's price is not known; ``cost_per_click`` over the clicks of all
    domains in the days of ``first`` to ``last``.
    """

    first: date
    last: date
    tokens: int = Field(ge=0)
    cost: float | None = None
    clicks: float = Field(ge=0)
    cost_per_click: float | None = None
    texts: int = Field(ge=0)
    cached: int = Field(ge=0)
    cached_share: float | None = None


class Metrics(Model):
    """A domain's figures, as counted at ``counted_at``; no row means that nothing may be told."""

    domain: Domain
    first: date
    last: date
    by: By | None
    counted_at: Utc
    least_users: int = Field(description="A figure of fewer users a day is not told")
    rows: tuple[Figures, ...]
    coverage: Coverage
    texts: TextFigures


Verdict: TypeAlias = Literal["better", "worse", "equivalent", "undecided", "no_conclusion"]
Why: TypeAlias = Literal[
    "not_started", "not_counted_yet", "too_little_data", "sample_ratio_mismatch", "horizon_not_reached", "tested",
]  # fmt: skip


class Arm(Model):
    """What a variant came to. Nothing is told of one with too few users."""

    variant: str
    share: float = Field(description="Expected share of users")
    users: int | None = None
    numerator: float | None = None
    denominator: float | None = None
    value: Estimate = Estimate()


class Contrast(Model):
    """A variant against the control: the relative change, its interval, and what follows.

    ``better`` and ``worse``: the interval leaves out no change. ``equivalent``: it leaves out every change that would
    matter. ``undecided``: neither. ``no_conclusion``: none may be drawn; ``why`` says why not.
    """

    variant: str
    verdict: Verdict
    why: Why
    says: str
    lift: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None


class ExperimentView(Model):
    """An experiment, without its salt."""

    id: str
    plan: Plan
    started_at: Utc | None = None
    stopped_at: Utc | None = None

    @classmethod
    def of(cls, experiment: Experiment) -> ExperimentView:
        """What callers see of an experiment."""
        plan = Plan(**{name: getattr(experiment, name) for name in Plan.model_fields})
        return cls(id=experiment.id, plan=plan, started_at=experiment.started_at, stopped_at=experiment.stopped_at)


class Result(Model):
    """An experiment's figures, the test behind them, and its verdicts.

    ``alpha`` is each contrast's chance of a false call: 0.05 over the number of contrasts (Bonferroni).
    """

    experiment: ExperimentView
    counted_at: Utc | None
    method: str
    alpha: float
    users_needed: int | None = Field(
        None, description="Users in each variant for a fixed-horizon test to find minimum_effect with 80 % power"
    )
    split_p: float | None = Field(
        None, description="That users fell into the variants as planned; below 0.001 is broken"
    )
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]


class Results(Model):
    """All experiments of a tenant, with what came of them."""

    experiments: tuple[Result, ...]


class Report(Model):
    """What a count found for one tenant, as it is stored beside the cubes."""

    counted_at: Utc
    arms: dict[str, dict[str, tuple[int, float, float, float, float, float]]] = Field(
        default_factory=dict, description="experiment -> variant -> n, x, y, xx, xy, yy"
    )
    salts: dict[str, str] = Field(default_factory=dict, description="of the experiments that were counted")
    clicks: dict[date, float] = Field(default_factory=dict, description="of all domains, by day")


KIND_OF: dict[By | None, Kind] = {
    None: "all", "day": "all", "variant": "variant", "segment": "segment", "provider": "provider",
    "category": "category",
}  # fmt: skip
