"""Operational metrics, as lines of CloudWatch's Embedded Metric Format on standard output.

Dimensions are few and of few values: each combination is a metric that CloudWatch bills. Never a user or an item: a log
must not say who read what.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

NAMESPACE: Final = "feedsmith"
SERVICE: Final = "feedsmith"

Unit: TypeAlias = Literal["Count", "Milliseconds", "None"]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a metric counts or measures, and by which dimensions besides ``service``."""

    unit: Unit
    dimensions: tuple[str, ...] = ()
    help: str = ""


METRICS: Final[dict[str, Metric]] = {
    "Requests": Metric("Count", ("route", "status"), "Requests, by route and class of status"),
    "Latency": Metric("Milliseconds", ("route", "status"), "Time of a request in the function"),
    "EventsAccepted": Metric("Count", (), "Events that were new"),
    "EventsDuplicate": Metric("Count", (), "Events that were known already"),
    "EventsAbsorbed": Metric("Count", (), "Stream records that profiles and counters are done with"),
    "EventsFailed": Metric("Count", (), "Stream records that will be delivered again"),
    "StreamLag": Metric("Milliseconds", (), "Age of a batch's oldest record when it was absorbed"),
    "Texts": Metric("Count", ("source",), "Texts given to readers, by where their words come from"),
    "TextsCached": Metric("Count", (), "Texts that came from the cache"),
    "GateRejects": Metric("Count", (), "Candidate texts that the gate dropped"),
    "WriterTokens": Metric("Count", (), "Tokens that models read and wrote"),
    "WriterCost": Metric("None", (), "US dollars for them, where the price is known"),
    "ChunksGivenUp": Metric("Count", (), "Parts of uploads that went to the dead-letter queue"),
    "BudgetExhausted": Metric("Count", (), "Texts that no model wrote, for the day's budget was spent"),
    "TreatmentFailed": Metric("Count", (), "Rankers of experiments that could not be loaded"),
}
"""All there are; dashboards and the local exposition are made of them."""


def _print(line: str) -> None:
    print(line)  # noqa: T201  standard output is where CloudWatch reads them


_sink: Callable[[str], None] = _print


def redirect(sink: Callable[[str], None] | None) -> None:
    """Send lines elsewhere than to standard output; None: back there."""
    global _sink
    _sink = sink or _print


def emit(values: Mapping[str, float], details: Mapping[str, str] | None = None, **dimensions: str) -> None:
    """Write one line with some metrics that have the same dimensions.

    Parameters
    ----------
    values
        Metric -> value.
    details
        Stand in the line, to be searched for, and make no metric of their own.

    Raises
    ------
    KeyError
        ``METRICS`` has no such metric, or it has other dimensions.
    """
    # Imported here: only what counts something pays for it.
    from aws_lambda_powertools.metrics import EphemeralMetrics

    made: Any = EphemeralMetrics(namespace=NAMESPACE, service=SERVICE)
    for name, value in values.items():
        if set(METRICS[name].dimensions) != set(dimensions):
            raise KeyError(f"{name} has the dimensions {METRICS[name].dimensions}, not {sorted(dimensions)}")
        made.add_metric(name=name, unit=METRICS[name].unit, value=value)
    for name, text in dimensions.items():
        made.add_dimension(name=name, value=text)
    for name, text in (details or {}).items():
        made.add_metadata(key=name, value=text)
    _sink(json.dumps(made.serialize_metric_set(), separators=(",", ":")))


def count(name: str, **details: str) -> None:
    """Count one of ``name``, which has no dimensions; ``details`` as in :func:`emit`."""
    emit({name: 1}, details)


def request(route: str, status: int, milliseconds: float) -> None:
    """A request was answered; ``route`` is the path's pattern."""
    emit({"Requests": 1, "Latency": round(milliseconds, 3)}, route=route, status=f"{status // 100}xx")


def absorbed(records: Sequence[Mapping[str, Any]], failed: str | None) -> None:
    """A batch of stream records (their ``dynamodb`` parts) was absorbed up to ``failed``; None: all of it."""
    if not records:
        return
    left = sum(1 for record in records if failed is not None and int(record["SequenceNumber"]) >= int(failed))
    written = min(float(record["ApproximateCreationDateTime"]) for record in records)
    lag = max(0.0, time.time() - written)
    emit({"EventsAbsorbed": len(records) - left, "EventsFailed": left, "StreamLag": round(1_000 * lag)})
