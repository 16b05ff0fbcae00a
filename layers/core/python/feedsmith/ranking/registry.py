"""Trained rankers: where their versions lie, which one is promoted, and how a running process picks that up.

In the models bucket, for each tenant and domain::

    models/{tenant}/{domain}/{version}.onnx    a model
    models/{tenant}/{domain}/{version}.json    the report of its training
    models/{tenant}/{domain}/promoted.json     which version serves, and which did before

A model never changes once it has a name, and ``promoted.json`` is written last: whoever reads it finds what it names.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aws_lambda_powertools import Logger
from pydantic import TypeAdapter, ValidationError

from feedsmith.domains.loader import Domain
from feedsmith.errors import ConfigurationError, FeedsmithError, NotFound
from feedsmith.models import Id, JsonObject, Model, Utc, utcnow
from feedsmith.ranking.base import Ranker
from feedsmith.ranking.linear import LinearRanker
from feedsmith.stores.objects import Blobs

logger = Logger(child=True)

KEPT = 20
"""Promotions that can be gone back to."""

FIRST_LOOK_S = 2.0
"""Longest time that requests wait for the first look-up; until it ends, the fixed ranker serves."""

_report: TypeAdapter[JsonObject] = TypeAdapter(JsonObject)


class Promotion(Model):
    """A version that serves, or served, since ``at``."""

    version: Id
    at: Utc


class Promotions(Model):
    """``promoted.json``: the promotions in force, newest first, and those that were rolled back, newest first.

    The first of ``promoted`` serves; where there is none, the fixed ranker does.
    """

    promoted: tuple[Promotion, ...] = ()
    rolled_back: tuple[Promotion, ...] = ()

    @property
    def current(self) -> Promotion | None:
        """What serves; None: the fixed ranker."""
        return self.promoted[0] if self.promoted else None


class ModelRegistry:
    """Keeps the trained rankers of all tenants.

    One writer at a time for each tenant and domain: of two that promote or roll back in the same moment, the last wins.

    Parameters
    ----------
    blobs, bucket
        Where they lie.
    clock
        The time of a promotion.
    """

    def __init__(self, blobs: Blobs, bucket: str, clock: Callable[[], datetime] = utcnow) -> None:
        self._blobs = blobs
        self._bucket = bucket
        self._clock = clock

    def put(self, tenant: str, domain: str, version: str, data: bytes, report: JsonObject) -> None:
        """Keep a model and the report of its training; it does not serve yet."""
        self._blobs.write(self._bucket, _key(tenant, domain, f"{version}.onnx"), data)
        self._blobs.write(self._bucket, _key(tenant, domain, f"{version}.json"), _report.dump_json(report, indent=2))

    def promote(self, tenant: str, domain: str, version: str, report: JsonObject) -> Promotion:
        """Let a version serve, and replace its report; promoting what serves already changes nothing else.

        Raises
        ------
        NotFound
            There is no such version.
        """
        if version not in self.versions(tenant, domain):
            raise NotFound(f"no version {version!r} of the ranker of {tenant}/{domain}: train it first")
        self._blobs.write(self._bucket, _key(tenant, domain, f"{version}.json"), _report.dump_json(report, indent=2))
        held = self.promotions(tenant, domain)
        if held.current is not None and held.current.version == version:
            return held.current
        promotion = Promotion(version=version, at=self._clock())
        self._save(tenant, domain, held.model_copy(update={"promoted": (promotion, *held.promoted)[:KEPT]}))
        return promotion

    def rollback(self, tenant: str, domain: str) -> Promotion | None:
        """Let the version serve that was promoted before the one that does; None: the fixed ranker serves now.

        Called again, it goes back one more.

        Raises
        ------
        NotFound
            None is promoted, so that there is nothing to go back from.
        """
        held = self.promotions(tenant, domain)
        if held.current is None:
            raise NotFound(f"no trained ranker serves {tenant}/{domain}: there is nothing to roll back")
        back = Promotions(promoted=held.promoted[1:], rolled_back=(held.current, *held.rolled_back)[:KEPT])
        self._save(tenant, domain, back)
        return back.current

    def promoted(self, tenant: str, domain: str) -> Promotion | None:
        """The version that serves; None: the fixed ranker does."""
        return self.promotions(tenant, domain).current

    def promotions(self, tenant: str, domain: str) -> Promotions:
        """What serves, and what did.

        Raises
        ------
        ConfigurationError
            Another version of feedsmith wrote it, in a form unknown to this one.
        """
        held = self._blobs.read(self._bucket, _key(tenant, domain, "promoted.json"))
        if held is None:
            return Promotions()
        try:
            return Promotions.model_validate_json(held)
        except ValidationError as error:
            raise ConfigurationError(
                f"{_key(tenant, domain, 'promoted.json')} cannot be read by this version of feedsmith: deploy all "
                "functions from the same version, or promote a model again after removing it"
            ) from error

    def versions(self, tenant: str, domain: str) -> list[str]:
        """All versions that are kept, sorted by name."""
        prefix, suffix = _key(tenant, domain, ""), ".onnx"
        keys = self._blobs.keys(self._bucket, prefix)
        return [key.removeprefix(prefix).removesuffix(suffix) for key in keys if key.endswith(suffix)]

    def model(self, tenant: str, domain: str, version: str) -> bytes:
        """A version's file.

        Raises
        ------
        NotFound
            There is no such version.
        """
        data = self._blobs.read(self._bucket, _key(tenant, domain, f"{version}.onnx"))
        if data is None:
            raise NotFound(f"version {version!r} of the ranker of {tenant}/{domain} is gone: train it again")
        return data

    def report(self, tenant: str, domain: str, version: str) -> JsonObject | None:
        """The report of a version's training; None where there is none."""
        data = self._blobs.read(self._bucket, _key(tenant, domain, f"{version}.json"))
        return None if data is None else _report.validate_json(data)

    def _save(self, tenant: str, domain: str, promotions: Promotions) -> None:
        body = promotions.model_dump_json(indent=2).encode()
        self._blobs.write(self._bucket, _key(tenant, domain, "promoted.json"), body)


def _key(tenant: str, domain: str, name: str) -> str:
    return f"models/{tenant}/{domain}/{name}"


def load_additive(data: bytes, domain: Domain, embedder: str) -> Ranker:
    """A trained ranker from its file; onnxruntime is imported only here."""
    from feedsmith.ranking.additive import AdditiveRanker

    return AdditiveRanker.load(data, domain=domain, embedder=embedder)


def _in_a_thread(job: Callable[[], None]) -> None:
    threading.Thread(target=job, name="ranker look-up", daemon=True).start()


@dataclass(eq=False, slots=True)
class _Served:
    """What serves one tenant and domain; ``refused`` is the version that could not be loaded."""

    ranker: Ranker
    version: str | None = None
    refused: str | None = None
    due: float = 0.0
    looking: threading.Lock = field(default_factory=threading.Lock)
    looked: threading.Event = field(default_factory=threading.Event)


class PromotedRankers:
    """Finds the ranker of a tenant and domain: the promoted one, or the fixed one where there is none.

    What is promoted is looked up again when ``refresh_s`` have passed, by one thread, while requests go on with the
    ranker at hand. Only the first look-up is waited for, at most ``FIRST_LOOK_S``. A model that cannot be loaded, and a
    store that does not answer, leave the ranker at hand in place and are logged.

    Parameters
    ----------
    registry
        Where models are.
    embedder
        Name of the embedder of the indexed items; None: there are none yet.
    refresh_s
        Seconds between look-ups.
    clock
        Seconds that pass, from any zero.
    load
        Data, domain and embedder -> ranker.
    start
        Runs a look-up beside the request.
    """

    def __init__(
        self,
        registry: ModelRegistry,
        embedder: Callable[[], str | None],
        *,
        refresh_s: float,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[bytes, Domain, str], Ranker] = load_additive,
        start: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._registry = registry
        self._embedder = embedder
        self._refresh_s = refresh_s
        self._clock = clock
        self._load = load
        self._start = start
        self._served: dict[tuple[str, str], _Served] = {}
        self._lock = threading.Lock()

    def __call__(self, tenant: str, domain: Domain) -> Ranker:
        """The ranker that serves now."""
        with self._lock:
            served = self._served.get((tenant, domain.name))
            if served is None:
                served = _Served(LinearRanker(domain.weights), due=self._clock())
                self._served[tenant, domain.name] = served
        if self._clock() >= served.due and served.looking.acquire(blocking=False):
            self._start(lambda: self._look(served, tenant, domain))
        if not served.looked.is_set() and not served.looked.wait(FIRST_LOOK_S):
            served.looked.set()  # who waited once is enough
        return served.ranker

    def _look(self, served: _Served, tenant: str, domain: Domain) -> None:
        try:
            self._update(served, tenant, domain)
        except FeedsmithError as error:
            logger.warning(
                "promoted ranker not looked up, the one before serves on",
                extra={"tenant": tenant, "domain": domain.name, "reason": error.detail},
            )
        finally:
            served.due = self._clock() + self._refresh_s
            served.looked.set()
            served.looking.release()

    def _update(self, served: _Served, tenant: str, domain: Domain) -> None:
        promotion = self._registry.promoted(tenant, domain.name)
        version = promotion.version if promotion is not None else None
        where = {"tenant": tenant, "domain": domain.name}
        if version == served.version:
            served.refused = None
        elif version is None:
            served.ranker, served.version, served.refused = LinearRanker(domain.weights), None, None
        elif version != served.refused:  # else its file is as it was, and so is the answer
            data, embedder = self._registry.model(tenant, domain.name, version), self._embedder()
            try:
                served.ranker = self._load(data, domain, embedder or "none")
            except Exception as error:  # noqa: BLE001  a broken file fails as its engine likes; requests must not
                served.refused = version
                logger.error(
                    "promoted ranker refused, the one before serves on",
                    extra={**where, "version": version, "reason": _reason(error)},
                )
            else:
                served.version, served.refused = version, None
                logger.info("promoted ranker serves", extra={**where, "version": version})


def _reason(error: Exception) -> str:
    if isinstance(error, ImportError):
        return f"{error.name} is not installed here; build the layer with it"
    return error.detail if isinstance(error, FeedsmithError) else f"its file cannot be read ({type(error).__name__})"
