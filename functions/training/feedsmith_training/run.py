"""Trains the rankers of all tenants and domains: ``python -m feedsmith_training.run``, and the scheduled function."""

from __future__ import annotations

import argparse
import functools
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger

from feedsmith.bootstrap import Services, services
from feedsmith.errors import ConfigurationError, FeedsmithError
from feedsmith.models import Event, utcnow
from feedsmith.stores.export import all_items
from feedsmith_training.events import catalogues_of, log_of
from feedsmith_training.promotion import Promoter, TrainingReport

logger = Logger(child=True)

RESERVE_S = 300.0
"""No training is begun when less time than this is left."""


@dataclass
class Outcome:
    """Reports of what was trained, and what kept others from being."""

    reports: list[TrainingReport] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)


def train_all(
    s: Services,
    promoter: Promoter,
    *,
    tenant: str | None = None,
    domain: str | None = None,
    time_left: Callable[[], float] = lambda: float("inf"),
) -> Outcome:
    """Train each tenant's rankers; a failure, or too little time, is reported and keeps no other from its turn.

    Parameters
    ----------
    tenant, domain
        The only one to train; None: all.
    time_left
        Seconds until the process is ended.
    """
    outcome = Outcome()
    tenants = [tenant] if tenant is not None else _in_turn(s.ledger.tenants())
    for number, owner in enumerate(tenants):
        if time_left() < RESERVE_S:
            left = len(tenants) - number
            outcome.failures.append(
                ConfigurationError(
                    f"no time was left to train {left} of {len(tenants)} tenants; they come first on other days: give "
                    "the function more memory, or train them with `feedsmith train ranker --tenant NAME`"
                )
            )
            break
        _train_tenant(s, promoter, owner, domain, outcome)
    return outcome


def _in_turn(tenants: Sequence[str]) -> list[str]:
    """Begin with another one each day, so that none is always the last."""
    first = utcnow().toordinal() % max(len(tenants), 1)
    return [*tenants[first:], *tenants[:first]]


def _train_tenant(s: Services, promoter: Promoter, tenant: str, domain: str | None, outcome: Outcome) -> None:
    try:
        embedder = s.vectors().embedder()
        catalogues = catalogues_of(all_items(s.vectors(), tenant), embedder or "none", s.domains.values())
        events = _profiled(s, tenant) if catalogues else []
    except Exception as error:  # noqa: BLE001  one tenant's failure must not keep the others from running
        _failed(outcome, error, tenant, domain)
        return
    for name in sorted(s.domains.keys() & catalogues.keys()) if domain is None else [domain]:
        try:
            rules = s.domains[name]
            if name in catalogues:
                log = log_of(events, catalogues, rules, history_length=s.settings.history_length)
                outcome.reports.append(promoter.run(tenant, rules, log))
        except Exception as error:  # noqa: BLE001  nor one domain's
            _failed(outcome, error, tenant, name)


def _profiled(s: Services, tenant: str) -> list[tuple[str, Event]]:
    """The events of those who allow profiling; what others did teaches a ranker nothing."""
    allowed = functools.cache(lambda user: s.wishes.allows(tenant, user, "profiling"))
    return [(user, event) for user, event in s.ledger.events(tenant) if allowed(user)]


def _failed(outcome: Outcome, error: Exception, tenant: str, domain: str | None) -> None:
    # Its message may quote the data, unless it is one of ours.
    reason = error.detail if isinstance(error, FeedsmithError) else type(error).__name__
    logger.error("training failed", extra={"tenant": tenant, "domain": domain, "reason": reason})
    outcome.failures.append(error)


def _said(outcome: Outcome) -> Iterator[str]:
    for report in outcome.reports:
        yield f"{report.tenant}/{report.domain}: {report.decision} {report.serving}; {report.reason}"
    for reason in _reasons(outcome):
        yield f"failed: {reason}"


def _reasons(outcome: Outcome) -> list[str]:
    return [error.detail if isinstance(error, FeedsmithError) else type(error).__name__ for error in outcome.failures]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and print a line for each tenant and domain; 1 when anything failed."""
    from rich.console import Console

    parser = argparse.ArgumentParser(prog="python -m feedsmith_training.run", description=__doc__)
    parser.add_argument("--tenant")
    parser.add_argument("--domain")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    chosen = parser.parse_args(arguments)
    s = services()
    with Console(stderr=True).status("training"):
        outcome = train_all(s, Promoter(s.models), tenant=chosen.tenant, domain=chosen.domain)
    said = list(_said(outcome)) or ["nothing to train: no items were ever indexed there"]
    if chosen.format == "json":
        reports = [report.model_dump(mode="json") for report in outcome.reports]
        said = [json.dumps({"reports": reports, "failures": _reasons(outcome)}, indent=2)]
    sys.stdout.writelines(f"{line}\n" for line in said)
    return int(bool(outcome.failures))


if __name__ == "__main__":
    raise SystemExit(main())
