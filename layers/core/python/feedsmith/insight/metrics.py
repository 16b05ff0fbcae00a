"""Operational metrics, as lines of CloudWatch's Embedded Metric Format on standard output."""

from __future__ import annotations

NAMESPACE = "feedsmith"


def count(name: str, **details: str) -> None:
    """Count one of ``name``; details stand in the log line, to be searched for, and make no metric of their own.

    Never a user or an item: a log must not say who read what.
    """
    # Imported here: only what counts something pays for it.
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    with single_metric(name=name, unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as metric:
        for key, value in details.items():
            metric.add_metadata(key, value)
