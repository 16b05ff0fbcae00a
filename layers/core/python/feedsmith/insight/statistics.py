"""Ratios whose unit is the user: intervals, tests, the check of a split, and the users a test needs.

Users are what is randomised, and one user's impressions resemble each other. So every variance here is one between
users (or between disjoint groups of users), by the delta method: Deng, Knoblich & Lu, "Applying the delta method in
metric analytics", KDD 2018.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Ratio:
    """Sums over ``n`` units of a numerator y and a denominator x, and of their squares and product."""

    n: int = 0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Ratio:
        """From each unit's (x, y)."""
        rows = list(pairs)
        return cls(
            len(rows),
            math.fsum(x for x, _ in rows),
            math.fsum(y for _, y in rows),
            math.fsum(x * x for x, _ in rows),
            math.fsum(x * y for x, y in rows),
            math.fsum(y * y for _, y in rows),
        )

    @property
    def value(self) -> float | None:
        """Y / x; None where x is 0."""
        return self.y / self.x if self.x > 0 else None

    @property
    def variance(self) -> float | None:
        """Of ``value``, by the delta method; None below two units."""
        ratio = self.value
        if ratio is None or self.n < 2:
            return None
        residual = self.yy - 2.0 * ratio * self.xy + ratio * ratio * self.xx
        if residual <= _ROUNDING * self.yy:
            return 0.0
        return residual * self.n / (self.n - 1) / (self.x * self.x)

    @property
    def relative_variance(self) -> float | None:
        """Of ``log(value)``; None where it has none."""
        variance, ratio = self.variance, self.value
        return variance / (ratio * ratio) if variance is not None and ratio else None


def interval(ratio: Ratio, *, proportion: bool, level: float = 0.95) -> tuple[float, float] | None:
    """A confidence interval of ``ratio.value``; None where there is nothing to say.

    Parameters
    ----------
    proportion
        Whether the value is a share of the denominator's units. Then it is Wilson's interval (1927) at the effective
        number of observations, which is theirs over the design effect (Korn & Graubard, "Confidence intervals for
        proportions with small expected number of positive counts", Survey Methodology 1998); without any, or with
        nothing but hits, clustering cannot be seen and counts as none. Else, and for shares above 1, as a repeated
        click can make them, Student's t on the delta method's standard error.
    """
    value, variance = ratio.value, ratio.variance
    if value is None or variance is None:
        return None
    t = student(0.5 + level / 2, ratio.n - 1)
    if not proportion or value > 1:
        half = t * math.sqrt(variance)
        return value - half, value + half
    binomial = value * (1.0 - value) / ratio.x
    n = ratio.x / max(variance / binomial, 1.0) if binomial > 0 else ratio.x
    middle = (value + t * t / (2 * n)) / (1 + t * t / n)
    half = t / (1 + t * t / n) * math.sqrt(value * (1 - value) / n + t * t / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A relative change, ``treated / control - 1``, with its interval and p-value."""

    lift: float
    low: float
    high: float
    p: float


def compare_once(control: Ratio, treated: Ratio, alpha: float) -> Comparison | None:
    """The two-sided z test on the logarithm of the ratio of ratios, valid for one look; None: nothing to compare."""
    log = _log_ratio(control, treated)
    if log is None:
        return None
    difference, error = log
    half = _NORMAL.inv_cdf(1 - alpha / 2) * error
    return _comparison(difference, half, 2 * _NORMAL.cdf(-abs(difference) / error))


def compare_always(control: Ratio, treated: Ratio, alpha: float, effect: float) -> Comparison | None:
    """The mixture sequential probability ratio test, valid however often it is looked at; None: nothing to compare.

    The likelihood ratio of the log difference is averaged over N(0, tau^2), with tau the logarithm of 1 + ``effect``,
    fixed beforehand; under no difference, the chance that it ever exceeds 1 / alpha is at most alpha (Robbins 1970;
    Johari, Pekelis & Walsh, "Always valid inference", 2015). With an estimated variance this holds for large samples
    (Waudby-Smith et al., "Time-uniform central limit theory and asymptotic confidence sequences", 2021). Time runs in
    information, 1 / variance, as a user's later impressions add less than a new user's (Jennison & Turnbull, "Group
    sequential methods", 2000).
    """
    log = _log_ratio(control, treated)
    if log is None:
        return None
    difference, error = log
    tau2, variance = math.log1p(effect) ** 2, error * error
    spread = (variance + tau2) / variance
    half = math.sqrt(variance * (variance + tau2) / tau2 * (math.log(spread) - 2 * math.log(alpha)))
    evidence = difference**2 * tau2 / (2 * variance * (variance + tau2)) - math.log(spread) / 2
    return _comparison(difference, half, min(1.0, math.exp(-evidence)))


def _log_ratio(control: Ratio, treated: Ratio) -> tuple[float, float] | None:
    """log(treated / control) and its standard error; None where there is no value, or no spread between users."""
    variances = control.relative_variance, treated.relative_variance
    if variances[0] is None or variances[1] is None or not control.value or not treated.value:
        return None
    if variances[0] + variances[1] == 0:
        return None
    return math.log(treated.value / control.value), math.sqrt(variances[0] + variances[1])


def _comparison(difference: float, half: float, p: float) -> Comparison:
    return Comparison(
        math.expm1(difference), math.expm1(difference - half), math.expm1(min(difference + half, 700.0)), p
    )


def users_needed(variance_per_user: float, effect: float, *, alpha: float, power: float = 0.8) -> int:
    """Users in each of two equal variants, so that a relative ``effect`` is found with probability ``power``.

    Parameters
    ----------
    variance_per_user
        ``relative_variance`` times the number of users it was measured on.
    """
    z = _NORMAL.inv_cdf(1 - alpha / 2) + _NORMAL.inv_cdf(power)
    return math.ceil(2 * variance_per_user * (z / math.log1p(effect)) ** 2)


def split_p(users: Sequence[int], shares: Sequence[float]) -> float:
    """The p-value of Pearson's chi-square test that users fell into variants by their shares.

    A small one is a sample-ratio mismatch: somebody got lost on the way, and probably not by chance (Fabijan et al.,
    "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019).
    """
    total = sum(users)
    if not total:
        return 1.0
    statistic = sum((n - total * share) ** 2 / (total * share) for n, share in zip(users, shares, strict=True))
    return chi_square_tail(statistic, len(users) - 1)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """P(chi-square > statistic), by the finite series of Abramowitz & Stegun 26.4.4 and 26.4.5."""
    half = statistic / 2
    if freedom % 2:
        term, total = math.sqrt(statistic), 0.0
        for k in range(1, (freedom + 1) // 2):
            total += term
            term *= statistic / (2 * k + 1)
        return math.erfc(math.sqrt(half)) + math.sqrt(2 / math.pi) * math.exp(-half) * total
    term, total = 1.0, 0.0
    for k in range(1, freedom // 2 + 1):
        total += term
        term *= half / k
    return math.exp(-half) * total


def student(probability: float, freedom: int) -> float:
    """Quantile of Student's t, by the expansion of Abramowitz & Stegun 26.7.5; exact for one and two degrees."""
    if freedom == 1:
        return math.tan(math.pi * (probability - 0.5))
    if freedom == 2:
        return (2 * probability - 1) * math.sqrt(2 / (4 * probability * (1 - probability)))
    z, v = _NORMAL.inv_cdf(probability), float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * v**4)
    )
