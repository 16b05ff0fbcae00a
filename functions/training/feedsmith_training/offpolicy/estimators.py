"""IPS, SNIPS and doubly robust estimates of a target policy's value, with 95 % intervals.

All three take the target policy's probability of each pool member and weigh a logged reward r by
``w = target(chosen) / propensity(chosen)``. The value is the mean reward per decision, had the target chosen. It is
the right one when the propensities are right and the target chooses nothing that the logging policy never did;
:func:`~feedsmith_training.offpolicy.diagnostics.diagnose` says whether that holds, and is to be read first.

Clipping (``clip``: the largest weight) trades variance for bias. With clipped weights w' the bias is
``-E[(w - w') r]`` for IPS, which is never above 0 for rewards that are never below 0;  ``-E[(w - w') (r - q)]`` for
doubly robust with reward predictions q, which is pulled towards what q says; and for SNIPS towards the mean reward of
the choices that both policies like (Ionides, "Truncated importance sampling", JCGS 2008). The intervals cover the
clipped estimate's own mean: they do not know the bias.

Intervals are normal approximations, ``value ± 1.96 se``, with ``se^2`` from the estimate's influence values summed
within dependent decisions (Liang & Zeger, Biometrika 1986). They may reach beyond the range of the rewards, and cover
less than they say where few decisions carry most of the weight: look at the effective sample size.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from feedsmith.errors import ConfigurationError, ValidationFailed
from feedsmith.models import Model
from feedsmith_training.offpolicy.logged import Floats, LoggedDecisions

Z_95 = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""

_ROUNDING = 1e-6


class Estimate(Model):
    """The value of a policy in units of the reward, and what it rests on.

    ``low`` and ``high`` bound the 95 % interval. ``n`` counts decisions. ``effective_sample_size`` is Kish's
    ``(sum w)^2 / sum w^2``, in (0, n]: that many equally weighted decisions carry as much (Kish, "Survey
    Sampling", 1965).
    """

    value: float
    low: float
    high: float
    n: int = Field(ge=2)
    effective_sample_size: float = Field(gt=0)


def ips(logged: LoggedDecisions, target: Floats, *, clip: float | None = None) -> Estimate:
    """Inverse propensity scoring: the mean of ``w r``; unbiased without clipping.

    Horvitz & Thompson, "A generalization of sampling without replacement from a finite universe", JASA 1952.

    Parameters
    ----------
    logged
        The decisions.
    target
        Shape (m,): the target policy's probability of each pool member, in [0, 1]; at most 1 over each pool, and less
        where it would choose something outside the pool.
    clip
        The largest weight, above 0. None: weights stay as they are.

    Raises
    ------
    ValidationFailed
        ``target`` does not fit; all weights are 0; fewer than two independent decisions.
    ConfigurationError
        ``clip`` is not above 0.
    """
    weight = _usable(importance_weights(logged, target, clip=clip))
    earned = weight * logged.reward
    return _estimate(logged, float(earned.mean()), earned - earned.mean(), weight)


def snips(logged: LoggedDecisions, target: Floats, *, clip: float | None = None) -> Estimate:
    """Self-normalised IPS, ``sum w r / sum w``: a weighted mean, thus within the range of the rewards.

    Consistent, with a bias of order 1/n; adding a constant to all rewards adds it to the estimate. Its influence
    values are ``w (r - value) / mean(w)`` (delta method). Swaminathan & Joachims, "The self-normalized estimator for
    counterfactual learning", NeurIPS 2015. Parameters and errors as of :func:`ips`.
    """
    weight = _usable(importance_weights(logged, target, clip=clip))
    value = float(weight @ logged.reward / weight.sum())
    return _estimate(logged, value, weight * (logged.reward - value) / weight.mean(), weight)


def doubly_robust(logged: LoggedDecisions, target: Floats, predicted: Floats, *, clip: float | None = None) -> Estimate:
    """Mean of ``sum_a target(a) q(a) + w (r - q(chosen))``: right when either the propensities or q are.

    Dudik, Langford & Li, "Doubly robust policy evaluation and learning", ICML 2011. The better q, the narrower the
    interval. Parameters and errors as of :func:`ips`, and:

    Parameters
    ----------
    predicted
        Shape (m,), finite: q, the predicted reward of each pool member. It must not have been fitted to these very
        decisions, else their noise counts as signal: take
        :func:`~feedsmith_training.offpolicy.rewards.cross_fit`, or a model of earlier data.
    """
    weight = _usable(importance_weights(logged, target, clip=clip))
    q = np.asarray(predicted, dtype=np.float64)
    if q.shape != logged.items.shape or not np.isfinite(q).all():
        raise ValidationFailed(
            [{"path": "/predicted", "message": f"must be {len(logged.items)} finite numbers, one per pool member"}]
        )
    worth = logged.per_pool(target * q) + weight * (logged.reward - q[logged.chosen_at])
    return _estimate(logged, float(worth.mean()), worth - worth.mean(), weight)


def importance_weights(logged: LoggedDecisions, target: Floats, *, clip: float | None = None) -> Floats:
    """Weights ``target / propensity`` of the logged choices, shape (n,), at most ``clip``; may all be 0.

    Parameters and errors as of :func:`ips`.
    """
    if clip is not None and not clip > 0:
        raise ConfigurationError(f"clip is {clip}, but the largest weight must be above 0; None clips nothing")
    policy = np.asarray(target, dtype=np.float64)
    if policy.shape != logged.items.shape:
        message = f"has shape {policy.shape}, but the pools have {len(logged.items)} members"
    elif not ((policy >= 0) & (policy <= 1 + _ROUNDING)).all():
        message = "holds values outside [0, 1]: give probabilities, not scores (softmax and greedy make them)"
    elif (logged.per_pool(policy) > 1 + _ROUNDING).any():
        message = "sums to more than 1 over a pool: normalise it within each pool"
    else:
        weight = policy[logged.chosen_at] / logged.propensity
        return weight if clip is None else np.minimum(weight, clip)
    raise ValidationFailed([{"path": "/target", "message": message}])


def effective_sample_size(weight: Floats) -> float:
    """Kish's ``(sum w)^2 / sum w^2``; 0 when all weights are 0."""
    largest = float(weight.max())
    scaled = weight / largest if largest > 0 else weight  # squares of tiny weights would vanish
    return float(scaled.sum() ** 2 / (scaled @ scaled)) if largest > 0 else 0.0


def standard_error(logged: LoggedDecisions, influence: Floats) -> float:
    """Standard error of a mean whose centred influence values, shape (n,), are summed within dependent decisions.

    Raises
    ------
    ValidationFailed
        Fewer than two independent decisions.
    """
    sums = np.bincount(logged.units, weights=influence)
    if len(sums) < 2:
        message = "an interval needs two independent decisions at least: log more slates"
        raise ValidationFailed([{"path": "/cluster" if logged.cluster is not None else "/chosen", "message": message}])
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums @ sums)) / len(logged))


def _usable(weight: Floats) -> Floats:
    if not weight.any():
        message = "never chooses what was logged, so that nothing is known of its value: log with more exploration"
        raise ValidationFailed([{"path": "/target", "message": message}])
    return weight


def _estimate(logged: LoggedDecisions, value: float, influence: Floats, weight: Floats) -> Estimate:
    margin = Z_95 * standard_error(logged, influence)
    return Estimate(
        value=value,
        low=value - margin,
        high=value + margin,
        n=len(logged),
        effective_sample_size=effective_sample_size(weight),
    )
