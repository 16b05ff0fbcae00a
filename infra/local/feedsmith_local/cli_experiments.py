"""The commands on experiments."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from feedsmith_local.terminal import LOCAL_URL, Json, Key, Url, answer, console, show

if TYPE_CHECKING:
    from feedsmith.insight.messages import ExperimentView, Result

experiments = typer.Typer(no_args_is_help=True, help="Experiments: which of several variants readers like better.")

Id = Annotated[str, typer.Argument(help="The experiment's id.")]


@experiments.command("list")
def list_experiments(url: Url = LOCAL_URL, key: Key = "", json: Json = False) -> None:
    """All experiments, and how they stand."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        found = client.get_results()
    if json:
        answer(found)
        return
    table = Table()
    for column in ("experiment", "domain", "status", "test", "says"):
        table.add_column(column)
    for result in found.experiments:
        plan = result.experiment.plan
        says = "\n".join(f"{contrast.variant}: {contrast.says}" for contrast in result.contrasts)
        table.add_row(result.experiment.id, plan.domain, plan.status, plan.test, says)
    show(table)


@experiments.command("show")
def show_experiment(experiment: Id, url: Url = LOCAL_URL, key: Key = "", json: Json = False) -> None:
    """One experiment's figures, and what may be concluded from them."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        found = client.get_result(experiment)
    if json:
        answer(found)
    else:
        _print(found)


@experiments.command("start")
def start(
    experiment: Id,
    plan: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON of the plan; without it, a draft starts.")
    ] = None,
    url: Url = LOCAL_URL,
    key: Key = "",
    json: Json = False,
) -> None:
    """Start an experiment, a draft or a new one."""
    from pydantic import ValidationError

    from feedsmith.errors import ConfigurationError
    from feedsmith.experiments import Plan
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        try:
            wanted = Plan.model_validate_json(plan.read_bytes()) if plan else client.get_experiment(experiment).plan
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'plan'}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(f"{plan} is no plan of an experiment: {said}") from error
        done = client.put_experiment(experiment, wanted.model_copy(update={"status": "running"}))
    _print_state(done, json)


@experiments.command("stop")
def stop(experiment: Id, url: Url = LOCAL_URL, key: Key = "", json: Json = False) -> None:
    """Stop an experiment, for good; its figures stay."""
    from feedsmith_local.api import connected

    with connected(url, key) as client:
        plan = client.get_experiment(experiment).plan
        done = client.put_experiment(experiment, plan.model_copy(update={"status": "stopped"}))
    _print_state(done, json)


def _print_state(done: ExperimentView, json: bool) -> None:
    if json:
        answer(done)
        return
    when = done.stopped_at or done.started_at
    at = f" from {when:%Y-%m-%d %H:%M:%S} UTC on" if when else ""
    console.print(f"{done.id} is {done.plan.status}{at}", highlight=False)


def _print(found: Result) -> None:
    plan = found.experiment.plan
    counted = f"counted {found.counted_at:%Y-%m-%d %H:%M} UTC" if found.counted_at else "not counted yet"
    console.print(f"{found.experiment.id}: {plan.status}, {plan.metric} in {plan.domain}; {counted}", highlight=False)
    table = Table()
    for column in ("variant", "users", "of", "is", "95 % interval"):
        table.add_column(column)
    for arm in found.arms:
        value, low, high = arm.value.value, arm.value.low, arm.value.high
        table.add_row(
            arm.variant,
            "-" if arm.users is None else str(arm.users),
            "-" if arm.denominator is None else f"{arm.numerator:g} / {arm.denominator:g}",
            "-" if value is None else f"{value:.4f}",
            "-" if low is None or high is None else f"{low:.4f} to {high:.4f}",
        )
    show(table)
    for contrast in found.contrasts:
        console.print(f"{contrast.variant}: {contrast.says}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"{found.method}, alpha {found.alpha:g}.", highlight=False, soft_wrap=True)
    if found.users_needed:
        console.print(
            f"{found.users_needed} users in each variant find the least effect that matters.", highlight=False
        )
