"""Answers questions about figures, from what was counted last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from feedsmith.domains.loader import Domain
from feedsmith.errors import NotFound, ValidationFailed
from feedsmith.experiments import Experiment
from feedsmith.insight.counting import cube_key, report_key
from feedsmith.insight.cube import QUANTITIES, Cube
from feedsmith.insight.messages import (
    KIND_OF,
    Coverage,
    Estimate,
    Figures,
    Metrics,
    MetricsQuery,
    Report,
    Result,
    TextFigures,
)
from feedsmith.insight.statistics import Ratio
from feedsmith.insight.verdicts import estimate, result
from feedsmith.models import utcnow
from feedsmith.stores.ledger import Ledger, Spending
from feedsmith.stores.objects import Blobs

_AT: Final = {name: index for index, name in enumerate(QUANTITIES)}
_MILLIONTHS: Final = 1_000_000
_DEFAULT_DAYS: Final = 28
_BOOKS_KEPT: Final = 35


class FigureService:
    """Reads cubes, reports and books.

    Parameters
    ----------
    priced
        Whether the price of the writer is known, so that what the books say of money is all there was.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        blobs: Blobs,
        bucket: str,
        domains: Mapping[str, Domain],
        k_anonymity: int,
        priced: Callable[[], bool],
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._bucket = bucket
        self._domains = domains
        self._k = k_anonymity
        self._priced = priced
        self._clock = clock

    def metrics(self, tenant: str, query: MetricsQuery) -> Metrics:
        """Figures of a domain.

        Raises
        ------
        NotFound
            There is no such domain, or nothing of it was counted yet.
        ValidationFailed
            The range ends before it begins.
        """
        domain = self._domains[query.domain].name
        report = self._report(tenant)
        data = self._blobs.read(self._bucket, cube_key(tenant, domain, KIND_OF[query.by]))
        if report is None or data is None:
            raise NotFound(f"nothing of {domain!r} was counted yet: upload items, and wait for the next count")
        cube = Cube.load(data)
        last = query.last or report.counted_at.date()
        first = query.first or last - timedelta(days=_DEFAULT_DAYS - 1)
        if last < first:
            raise ValidationFailed([{"path": "/to", "message": "lies before 'from'"}])
        days = cube.days(first, last)
        return Metrics(
            domain=domain,
            first=first,
            last=last,
            by=query.by,
            counted_at=report.counted_at,
            least_users=self._k,
            rows=tuple(_rows(cube, days, query)) if days is not None else (),
            coverage=_coverage(cube, days),
            texts=self._texts(tenant, first, last, report),
        )

    def result(self, tenant: str, experiment: Experiment) -> Result:
        """What came of an experiment so far."""
        report = self._report(tenant)
        ratios = None
        # An experiment made anew under an old id has another salt; the old one's figures are not its own.
        if report is not None and report.salts.get(experiment.id) == experiment.salt:
            ratios = {name: Ratio(*moments) for name, moments in report.arms[experiment.id].items()}
        counted_at = report.counted_at if report is not None else None
        return result(experiment, ratios, counted_at=counted_at, k_anonymity=self._k)

    def _report(self, tenant: str) -> Report | None:
        data = self._blobs.read(self._bucket, report_key(tenant))
        return Report.model_validate_json(data) if data is not None else None

    def _texts(self, tenant: str, first: date, last: date, report: Report) -> TextFigures:
        today = self._clock().astimezone(UTC).date()
        first, last = max(first, today - timedelta(days=_BOOKS_KEPT - 1)), min(last, today)
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        spent = sum((self._ledger.spent(tenant, day) for day in days), Spending())
        clicks = sum(report.clicks.get(day, 0.0) for day in days)
        cost = spent.cost / _MILLIONTHS if self._priced() or not spent.tokens else None
        return TextFigures(
            first=first,
            last=last,
            tokens=spent.tokens,
            cost=cost,
            clicks=clicks,
            cost_per_click=cost / clicks if cost is not None and clicks else None,
            texts=spent.texts,
            cached=spent.cached,
            cached_share=spent.cached / spent.texts if spent.texts else None,
        )


def _rows(cube: Cube, days: tuple[int, int], query: MetricsQuery) -> Iterable[Figures]:
    low, high = days
    ranges = [(day, day) for day in range(low, high + 1)] if query.daily or query.by == "day" else [(low, high)]
    for first, last in ranges:
        sums = cube.sums[:, first : last + 1].sum(axis=1)  # (g, BUCKETS, quantities)
        totals = sums.sum(axis=(0, 1))
        day = cube.day(first) if len(ranges) > 1 or query.daily or query.by == "day" else None
        for number, name in enumerate(cube.groups):
            users = int(cube.users[number, first, last])
            if users:
                group = None if query.by in (None, "day") else name
                yield _figures(sums[number], totals, users, group, day, shares=query.by in ("provider", "category"))


def _figures(
    sums: npt.NDArray[np.float64],
    totals: npt.NDArray[np.float64],
    users: int,
    group: str | None,
    day: date | None,
    *,
    shares: bool,
) -> Figures:
    own = sums.sum(axis=0)

    def ratio(y: str, x: str, *, proportion: bool = True) -> Estimate:
        used = sums[(sums[:, _AT[x]] > 0) | (sums[:, _AT[y]] > 0)]
        pairs = used[:, [_AT[x], _AT[y]]].tolist()
        return estimate(Ratio.of((a, b) for a, b in pairs), proportion=proportion)

    def share(name: str) -> float | None:
        return float(own[_AT[name]] / totals[_AT[name]]) if shares and totals[_AT[name]] > 0 else None

    exposed, clicked = share("exposure"), share("clicks")
    return Figures(
        group=group,
        day=day,
        users=users,
        **{name: float(own[_AT[name]]) for name in ("impressions", "clicks", "conversions", "ratings")},
        ctr=ratio("clicks", "impressions"),
        cvr=ratio("conversions", "clicks"),
        usat=ratio("satisfied", "ratings"),
        age_hours=ratio("age_hours", "dated", proportion=False),
        exposure_share=exposed,
        click_share=clicked,
        exposure_per_merit=exposed / clicked if exposed is not None and clicked else None,
    )


def _coverage(cube: Cube, days: tuple[int, int] | None) -> Coverage:
    shown = int(cube.shown[days]) if days is not None else 0
    return Coverage(shown=shown, catalogue=cube.catalogue, share=shown / cube.catalogue if cube.catalogue else None)
