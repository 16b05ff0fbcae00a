"""Reward predictions for the doubly robust estimate."""

from __future__ import annotations

import numpy as np

from feedsmith.errors import ConfigurationError, ValidationFailed
from feedsmith_training.offpolicy.logged import Floats, LoggedDecisions


def cross_fit(
    logged: LoggedDecisions, features: Floats, *, folds: int = 5, ridge: float = 1.0, seed: int = 0
) -> Floats:
    """Predict each pool member's reward by ridge regressions that never saw the decision's own outcome.

    Dependent decisions share a fold (Chernozhukov et al., "Double/debiased machine learning", Econometrics Journal
    2018, on why cross-fitting). A linear model is seldom right, and need not be: the doubly robust estimate stays
    unbiased with any predictions as long as the propensities are right.

    Parameters
    ----------
    logged
        The decisions.
    features
        Shape (m, f), finite: one row per pool member, of similar scale; no constant column is needed.
    folds
        At least 2, and at most the number of independent units.
    ridge
        Penalty of the squared coefficients, above 0; the intercept is not penalised.
    seed
        Of the fold each unit falls into.

    Returns
    -------
    array
        Shape (m,), float64, within the range of the logged rewards.

    Raises
    ------
    ValidationFailed
        ``features`` do not fit the pools.
    ConfigurationError
        ``folds`` or ``ridge`` out of range.
    """
    x = np.asarray(features, dtype=np.float64)
    if x.ndim != 2 or len(x) != len(logged.items) or not np.isfinite(x).all():
        message = f"must be finite, with one row for each of the {len(logged.items)} pool members"
        raise ValidationFailed([{"path": "/features", "message": message}])
    units = logged.units
    many = int(units.max()) + 1
    if not (2 <= folds <= many and ridge > 0):
        raise ConfigurationError(
            f"folds is {folds} and ridge is {ridge}: folds must be from 2 to the {many} independent units of the log, "
            "ridge above 0"
        )
    fold = (np.random.default_rng(seed).permutation(many) % folds)[units]  # every fold has a unit
    shown, member_fold = x[logged.chosen_at], np.repeat(fold, logged.sizes)
    predicted = np.empty(len(x))
    for number in range(folds):
        seen, asked = fold != number, member_fold == number
        centre, level = shown[seen].mean(axis=0), logged.reward[seen].mean()
        z = shown[seen] - centre
        slope = np.linalg.solve(z.T @ z + ridge * np.eye(x.shape[1]), z.T @ (logged.reward[seen] - level))
        predicted[asked] = level + (x[asked] - centre) @ slope
    return np.clip(predicted, logged.reward.min(), logged.reward.max())
