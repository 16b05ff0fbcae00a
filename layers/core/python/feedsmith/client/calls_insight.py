"""Figures and experiments, as calls."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from feedsmith.client.calls import Call, part
from feedsmith.experiments import Plan
from feedsmith.insight.messages import ExperimentView, Metrics, Result, Results


def get_metrics(
    domain: str, *, first: date | None = None, last: date | None = None, by: str | None = None, daily: bool = False
) -> Call[Metrics]:
    """Clicks, conversions, satisfaction and cost from day to day, or ``by`` variant, segment and so on."""
    query = {"domain": domain, "from": first, "to": last, "by": by, "daily": daily or None}
    return Call("GET", "/v1/insight/metrics", Metrics, query=query)


def get_results() -> Call[Results]:
    """How all experiments stand."""
    return Call("GET", "/v1/insight/experiments", Results)


def get_result(experiment_id: str) -> Call[Result]:
    """How one experiment stands."""
    return Call("GET", f"/v1/insight/experiments/{part(experiment_id)}", Result)


def get_experiment(experiment_id: str) -> Call[ExperimentView]:
    """An experiment as it was planned."""
    return Call("GET", f"/v1/experiments/{part(experiment_id)}", ExperimentView)


def put_experiment(experiment_id: str, plan: Plan | Mapping[str, Any]) -> Call[ExperimentView]:
    """Plan an experiment, start it or end it."""
    body = plan.model_dump(mode="json") if isinstance(plan, Plan) else plan
    return Call("PUT", f"/v1/experiments/{part(experiment_id)}", ExperimentView, body=body)


def delete_experiment(experiment_id: str) -> Call[None]:
    """Delete an experiment."""
    return Call("DELETE", f"/v1/experiments/{part(experiment_id)}", None, idempotent=False)
