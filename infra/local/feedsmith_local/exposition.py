"""Metrics for Prometheus: what the functions would tell CloudWatch, added up in this process."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from feedsmith.insight.metrics import METRICS

PATH: Final = "/v1/metrics"
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_MILLISECONDS: Final = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000)


def exposed_name(name: str) -> str:
    """``StreamLag`` -> ``feedsmith_stream_lag_milliseconds``; a count ends in ``_total``."""
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    return f"feedsmith_{snake}" + ("_milliseconds" if METRICS[name].unit == "Milliseconds" else "_total")


class Exposition:
    """Takes lines of the Embedded Metric Format, and gives Prometheus' text.

    Parameters
    ----------
    dead_letters
        Messages in each dead-letter queue now; asked at each scrape.
    """

    def __init__(self, dead_letters: Callable[[], Mapping[str, int]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_DeadLetters(dead_letters))
        self._made = {name: self._make(name) for name in METRICS}

    def take(self, line: str) -> None:
        """Add one line's metrics."""
        fields = json.loads(line)
        for directive in fields["_aws"]["CloudWatchMetrics"]:
            for name in (metric["Name"] for metric in directive["Metrics"]):
                labels = {dimension: fields[dimension] for dimension in METRICS[name].dimensions}
                metric = self._made[name].labels(**labels) if labels else self._made[name]
                for value in fields[name]:
                    if isinstance(metric, Histogram):
                        metric.observe(value)
                    else:
                        metric.inc(value)

    def text(self) -> bytes:
        """Everything so far."""
        return generate_latest(self._registry)

    def _make(self, name: str) -> Counter | Histogram:
        metric = METRICS[name]
        if metric.unit == "Milliseconds":
            return Histogram(
                exposed_name(name), metric.help, metric.dimensions, registry=self._registry, buckets=_MILLISECONDS
            )
        return Counter(exposed_name(name), metric.help, metric.dimensions, registry=self._registry)


class _DeadLetters(Collector):
    def __init__(self, dead_letters: Callable[[], Mapping[str, int]]) -> None:
        self._dead_letters = dead_letters

    def collect(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily("feedsmith_dead_letters", "Messages in a dead-letter queue", labels=["queue"])
        for queue, messages in self._dead_letters().items():
            family.add_metric([queue], messages)
        return [family]
