"""A tenant's experiments: making, starting and stopping them, and what a reader gets of them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

from aws_lambda_powertools import Logger

from feedsmith.errors import NotFound, StoreUnavailable, ValidationFailed
from feedsmith.experiments import LINEAR, TREATMENTS, Experiment, Plan, RerankingChange
from feedsmith.models import utcnow

ATTEMPTS: Final = 8
MOST_EXPERIMENTS: Final = 200

logger = Logger(child=True)


class ExperimentLedger(Protocol):
    """What keeps experiments; a ledger does."""

    def experiments(self, tenant: str) -> list[Experiment]:
        """As :meth:`feedsmith.stores.ledger.Ledger.experiments`."""

    def save_experiment(self, tenant: str, experiment: Experiment) -> bool:
        """As :meth:`feedsmith.stores.ledger.Ledger.save_experiment`."""

    def delete_experiment(self, tenant: str, experiment_id: str) -> None:
        """As :meth:`feedsmith.stores.ledger.Ledger.delete_experiment`."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a reader's variants change, all experiments together; None: nothing.

    ``variants``: experiment -> the reader's variant.
    """

    variants: Mapping[str, str] = field(default_factory=dict)
    ranker: str | None = None
    reranking: RerankingChange | None = None
    writer: str | None = None
    prompt: str | None = None


UNTREATED: Final = Treatment()


def untreated(_tenant: str, _user: str, _domain: str) -> Treatment:
    """No experiments."""
    return UNTREATED


class Treatments:
    """Finds a reader's treatment.

    A tenant's experiments are looked up again when ``refresh_s`` have passed. Where the ledger does not answer, those
    known before go on: serving does not wait for an experiment.

    Parameters
    ----------
    clock, timer
        Now, and seconds that only grow.
    """

    def __init__(
        self,
        ledger: ExperimentLedger,
        *,
        refresh_s: float,
        clock: Callable[[], datetime] = utcnow,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._refresh_s = refresh_s
        self._clock = clock
        self._timer = timer
        self._known: dict[str, tuple[float, list[Experiment]]] = {}

    def __call__(self, tenant: str, user: str, domain: str) -> Treatment:
        """What this reader, by pseudonym, gets in this domain now; ask for those only who allow analytics."""
        now = self._clock()
        running = [e for e in self._experiments(tenant) if e.domain == domain and e.runs(now)]
        if not running:
            return UNTREATED
        chosen = {experiment.id: experiment.variant(user) for experiment in running}
        changes = {
            name: value
            for variant in chosen.values()
            for name in TREATMENTS
            if (value := getattr(variant, name)) is not None
        }
        return Treatment({key: variant.name for key, variant in chosen.items()}, **changes)

    def any_run(self, tenant: str) -> bool:
        """Whether some experiment runs, or is about to."""
        return bool(self._experiments(tenant))

    def _experiments(self, tenant: str) -> list[Experiment]:
        until, known = self._known.get(tenant, (0.0, []))
        now = self._timer()
        if tenant in self._known and now < until:
            return known
        try:
            known = [e for e in self._ledger.experiments(tenant) if e.status == "running"]
        except StoreUnavailable as error:
            logger.warning("experiments not looked up, those known go on", extra={"reason": error.detail})
        self._known[tenant] = (now + self._refresh_s, known)
        return known


class ExperimentService:
    """Keeps a tenant's experiments.

    What runs does not change but by stopping: other weights, or other treatments, would mix readers of two experiments.

    Parameters
    ----------
    writers
        Writers that a variant may name.
    prompts
        Prompt folders that a variant may name.
    rankers
        Tenant, domain -> versions that a variant may name.
    refresh_s
        Seconds until all processes know of a change; an experiment starts that much later.
    """

    def __init__(
        self,
        ledger: ExperimentLedger,
        *,
        domains: Mapping[str, object],
        writers: frozenset[str],
        prompts: frozenset[str],
        rankers: Callable[[str, str], list[str]],
        refresh_s: float,
        clock: Callable[[], datetime] = utcnow,
    ) -> None:
        self._ledger = ledger
        self._domains = domains
        self._writers = writers
        self._prompts = prompts
        self._rankers = rankers
        self._refresh = timedelta(seconds=refresh_s)
        self._clock = clock

    def list(self, tenant: str) -> list[Experiment]:
        """All of a tenant, by id."""
        return sorted(self._ledger.experiments(tenant), key=lambda experiment: experiment.id)

    def get(self, tenant: str, experiment_id: str) -> Experiment:
        """One of them.

        Raises
        ------
        NotFound
            There is none of this id.
        """
        for experiment in self._ledger.experiments(tenant):
            if experiment.id == experiment_id:
                return experiment
        raise NotFound(f"no experiment {experiment_id!r}; PUT /v1/experiments/{experiment_id} makes one")

    def put(self, tenant: str, experiment_id: str, plan: Plan) -> Experiment:
        """Make, change, start or stop one, so that it is as ``plan`` says; once more changes nothing.

        Raises
        ------
        NotFound
            There is no such domain.
        ValidationFailed
            A variant names what there is not; or the experiment runs, or ran, and something but its status was to
            change; or another one that runs changes the same.
        StoreUnavailable
            Others kept writing it.
        """
        for _ in range(ATTEMPTS):
            held = self._ledger.experiments(tenant)
            stored = next((e for e in held if e.id == experiment_id), None)
            if stored is None and len(held) >= MOST_EXPERIMENTS:
                raise _refused("", f"there are {MOST_EXPERIMENTS} experiments; delete one first")
            changed = self._changed(stored, experiment_id, plan)
            if changed == stored:
                return changed
            if stored is None or stored.status == "draft":
                self._check(tenant, plan)
            if changed.status == "running":
                _alone(changed, [e for e in held if e.id != experiment_id])
            if self._ledger.save_experiment(tenant, changed):
                return changed.model_copy(update={"revision": changed.revision + 1})
        raise StoreUnavailable(f"ledger: others changed the experiment {ATTEMPTS} times meanwhile; try again")

    def delete(self, tenant: str, experiment_id: str) -> None:
        """Forget one, and what came of it.

        Raises
        ------
        NotFound
            There is none of this id.
        ValidationFailed
            It runs.
        """
        if self.get(tenant, experiment_id).status == "running":
            raise _refused("/status", "it runs: stop it first")
        self._ledger.delete_experiment(tenant, experiment_id)

    def _changed(self, stored: Experiment | None, experiment_id: str, plan: Plan) -> Experiment:
        now = self._clock()
        fields = {name: getattr(plan, name) for name in Plan.model_fields}
        if stored is None or stored.status == "draft":
            if plan.status == "stopped":
                raise _refused("/status", "it never ran; leave it a draft, or delete it")
            salt = secrets.token_hex(16) if stored is None else stored.salt
            begun = now + self._refresh if plan.status == "running" else None
            revision = 0 if stored is None else stored.revision
            return Experiment(**fields, id=experiment_id, salt=salt, started_at=begun, revision=revision)
        frozen = [n for n in Plan.model_fields if n != "status" and getattr(stored, n) != getattr(plan, n)]
        if frozen:
            raise _refused(f"/{frozen[0]}", "cannot change once the experiment ran; make one of another id")
        if plan.status == stored.status:
            return stored
        if stored.status == "stopped" or plan.status == "draft":
            raise _refused("/status", "what stopped cannot start again, for readers remember; make one of another id")
        return stored.model_copy(update={"status": "stopped", "stopped_at": now})

    def _check(self, tenant: str, plan: Plan) -> None:
        self._domains[plan.domain]
        for number, variant in enumerate(plan.variants):
            at = f"/variants/{number}"
            if variant.writer is not None and variant.writer not in self._writers:
                raise _refused(f"{at}/writer", f"must be one of: {', '.join(sorted(self._writers))}")
            if variant.prompt is not None and variant.prompt not in self._prompts:
                raise _refused(f"{at}/prompt", f"must be one of: {', '.join(sorted(self._prompts))}")
            if variant.ranker not in (None, LINEAR) and variant.ranker not in self._rankers(tenant, plan.domain):
                raise _refused(f"{at}/ranker", "no such version was trained; 'feedsmith models list' names them")


def _alone(experiment: Experiment, others: list[Experiment]) -> None:
    """Refuse to run two experiments in one domain that change the same thing."""
    for other in others:
        if other.status == "running" and other.domain == experiment.domain:
            both = _touched(other) & _touched(experiment)
            if both:
                raise _refused("/status", f"experiment {other.id!r} runs, and changes the {sorted(both)[0]} too")


def _touched(experiment: Experiment) -> set[str]:
    return {name for variant in experiment.variants for name in TREATMENTS if getattr(variant, name) is not None}


def _refused(path: str, message: str) -> ValidationFailed:
    return ValidationFailed([{"path": path, "message": message}])
