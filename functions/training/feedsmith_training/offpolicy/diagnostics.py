"""Whether the log can say anything about a target policy."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from feedsmith.models import Model
from feedsmith_training.offpolicy.estimators import effective_sample_size, importance_weights, standard_error
from feedsmith_training.offpolicy.logged import Floats, LoggedDecisions

_Z_999 = 3.2905267314919255
"""The 99.95 % quantile of the standard normal distribution: a sound log is accused once in a thousand times."""


class Diagnostics(Model):
    """What the estimates of one target policy rest on.

    ``max_weight`` is the largest importance weight; ``effective_share`` Kish's effective sample size over n, in
    [0, 1]. ``mean_weight`` is 1 in expectation when the propensities are right and all that the target chooses was
    reachable, and smaller by the mass that was not. ``missing_mass`` in [0, 1] is the target's mean probability of
    what the logging policy had no or no known probability of choosing.
    """

    max_weight: float = Field(ge=0)
    mean_weight: float = Field(ge=0)
    effective_share: float = Field(ge=0, le=1)
    missing_mass: float = Field(ge=0, le=1)
    verdict: Literal["supported", "support is missing", "propensities are inconsistent"]


def diagnose(logged: LoggedDecisions, target: Floats, *, threshold: float = 0.01) -> Diagnostics:
    """Say whether a target policy can be evaluated on this log.

    "support is missing": the target's probability of choices that the logging policy could not make, or is not known
    to, is above the threshold; or the mean weight is below ``1 - threshold`` beyond chance (99.9 %), which shows
    the same where only the chosen item's propensity was logged. No estimate repairs that. "propensities are
    inconsistent": the mean weight is above ``1 + threshold`` beyond chance, so that those logged are too small.

    Parameters
    ----------
    logged
        The decisions; with ``pool_propensity`` the verdict needs no chance.
    target
        Shape (m,): the target policy's probability of each pool member. What a pool lacks of 1 is missing mass.
    threshold
        Mass in [0, 1) that may go unsupported.

    Raises
    ------
    ValidationFailed
        ``target`` does not fit; fewer than two independent decisions.
    """
    weight = importance_weights(logged, target)
    reachable = np.ones(len(logged.items), dtype=bool)
    if logged.pool_propensity is not None:
        reachable = logged.pool_propensity > 0  # NaN is not
    missing = float(np.clip(1.0 - logged.per_pool(target * reachable), 0.0, 1.0).mean())
    mean = float(weight.mean())
    margin = _Z_999 * standard_error(logged, weight - mean)
    verdict: Literal["supported", "support is missing", "propensities are inconsistent"] = "supported"
    if missing > threshold or mean + margin < 1 - threshold:
        verdict = "support is missing"
    elif mean - margin > 1 + threshold:
        verdict = "propensities are inconsistent"
    return Diagnostics(
        max_weight=float(weight.max()),
        mean_weight=mean,
        effective_share=min(1.0, effective_sample_size(weight) / len(logged)),
        missing_mass=missing,
        verdict=verdict,
    )
