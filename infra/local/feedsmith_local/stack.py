"""Everything in one process: the template's resources in moto, its functions, what carries events to them, and HTTP."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from feedsmith.errors import ConfigurationError
from feedsmith.insight import metrics
from feedsmith.models import Ingestion
from feedsmith_local import sources
from feedsmith_local.aws import PSEUDO_PARAMETERS, LocalAws
from feedsmith_local.exposition import Exposition
from feedsmith_local.functions import LocalFunction, load_handlers
from feedsmith_local.gateway import Gateway
from feedsmith_local.http import LocalHttpServer
from feedsmith_local.operations import Operations
from feedsmith_local.pumps import Pump, QueuePump, SchedulePump, UploadPump
from feedsmith_local.rates import Rates
from feedsmith_local.redrive import QUEUES, Queue, Redrive, RedriveOptions
from feedsmith_local.stream import StreamPump
from feedsmith_local.template import TEMPLATE, Function, Template

KEY_VARIABLE = "FEEDSMITH_LOCAL_KEY"
# Template parameters that have the same meaning here, and the variable that sets each.
_PARAMETERS = {
    "QdrantUrl": ("FEEDSMITH_QDRANT_URL", ""),
    "Embedder": ("FEEDSMITH_EMBEDDER", None),
    "Writer": ("FEEDSMITH_WRITER", None),
    "WriterTokensPerDay": ("FEEDSMITH_WRITER_TOKENS_PER_DAY", None),
    "WriterCostPerDay": ("FEEDSMITH_WRITER_COST_PER_DAY", None),
    "PrewriteItems": ("FEEDSMITH_PREWRITE_ITEMS", None),
    "PrewriteKinds": ("FEEDSMITH_PREWRITE_KINDS", None),
    "ExperimentWriter": ("FEEDSMITH_EXPERIMENT_WRITERS", None),
    "InsightSchedule": ("FEEDSMITH_INSIGHT_SCHEDULE", "rate(5 minutes)"),
    "LogLevel": ("LOG_LEVEL", None),
    "KeyRatePerSecond": ("FEEDSMITH_KEY_RATE", None),
    "KeyBurst": ("FEEDSMITH_KEY_BURST", None),
    "ReauthorizeSeconds": ("FEEDSMITH_REAUTHORIZE_S", None),
}
_POLL_S = 0.05
_one_a_process = threading.Lock()  # moto, the environment and feedsmith's services are the process's


class LocalStack:
    """feedsmith on this machine, from entering to leaving.

    moto keeps its data in memory, so nothing outlives the stack: the vectors get a fresh folder under ``state_dir`` on
    each start, removed at the end, because a ledger that forgot and vectors that remember would contradict each other.

    Parameters
    ----------
    state_dir
        Where that folder is made.
    port
        Of the HTTP API; 0: any free one.
    tenant
        Whom the API key lets in.
    environment
        Variables over the process's own, such as ``FEEDSMITH_WRITER``. What the template makes (tables, queues,
        buckets, secrets) is always the template's.
    template
        The SAM template.

    Raises
    ------
    ConfigurationError
        On entering: the port is taken, or the template asks for what cannot be had here.
    """

    base_url: str
    key: str
    gateway: Gateway

    def __init__(
        self,
        state_dir: Path = Path(".feedsmith"),
        *,
        port: int = 8000,
        tenant: str = "local",
        environment: Mapping[str, str] | None = None,
        template: Path = TEMPLATE,
    ) -> None:
        self.tenant = tenant
        self._state_dir = state_dir
        self._port = port
        self._environment = dict(environment or {})
        self._template_path = template
        self._pumps: list[Pump] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> LocalStack:
        with ExitStack() as undo:
            if not _one_a_process.acquire(blocking=False):
                raise ConfigurationError("a local stack runs in this process already; leave it first")
            undo.callback(_one_a_process.release)
            self._start(undo)
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop HTTP, then the pumps, then the services; remove the vectors; give AWS and the environment back."""
        self._cleanup.close()

    def upload(self, content: Path | bytes, *, domain: str, name: str | None = None, tenant: str | None = None) -> str:
        """Put content into the uploads bucket; returns the id of the ingestion that this begins.

        ``name`` tells the format (``.jsonl``, ``.csv``, ``.json``, each also ``.gz``); a path brings its own.
        """
        from feedsmith.content.uploads import ingestion_id

        if isinstance(content, Path):
            name = name or content.name
        elif name is None:
            raise ConfigurationError("content without a file needs a name, such as items.jsonl")
        key = f"{tenant or self.tenant}/{domain}/{name}"
        bucket, s3 = os.environ["FEEDSMITH_UPLOADS_BUCKET"], self._aws.client("s3")
        if isinstance(content, Path):
            with content.open("rb") as file:
                version = s3.put_object(Bucket=bucket, Key=key, Body=file).get("VersionId")
        else:
            version = s3.put_object(Bucket=bucket, Key=key, Body=content).get("VersionId")
        self._wake()
        return ingestion_id(bucket, key, version)

    def ingestion(self, ingestion_id: str) -> Ingestion | None:
        """Progress of an ingestion of this stack's tenant; None: not begun yet."""
        from feedsmith.bootstrap import services

        return services().ledger.ingestion(self.tenant, ingestion_id)

    def wait_for_ingestion(self, ingestion_id: str, *, timeout_s: float = 600) -> Ingestion:
        """Wait until an ingestion ended, well or not.

        Raises
        ------
        TimeoutError
            It did not end in time.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.ingestion(ingestion_id)
            if found is not None and found.status in ("succeeded", "failed"):
                return found
            time.sleep(_POLL_S)
        raise TimeoutError(f"ingestion {ingestion_id} did not end within {timeout_s:g} s; the log says what failed")

    def settle(self, *, timeout_s: float = 120) -> None:
        """Wait until all that was written before has been carried on, and what that wrote as well.

        Raises
        ------
        TimeoutError
            The pumps still had work after that time.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            begun = time.monotonic()
            self._wake()
            while not all(pump.found_nothing_at > begun for pump in self._pumps):
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"events are still being carried after {timeout_s:g} s; the log says what failed"
                    )
                time.sleep(_POLL_S)
            if not any(pump.carried_at > begun for pump in self._pumps):
                break
        # moto holds its data as hundreds of thousands of objects of this process, which no real deployment has: walking
        # them stops every thread for a third of a second, so the collector leaves them out from here on.
        gc.collect()
        gc.freeze()

    def run_schedule(self, function: str = "SegmentsFunction") -> Any:
        """Run a scheduled function, by default the re-clustering, now; what it returns, or raises."""
        return self._schedules[function].call()

    def redrive(
        self, queues: Sequence[Queue] = QUEUES, *, most: int | None = None, dry_run: bool = False
    ) -> dict[str, dict[str, Any]]:
        """Put what lies in the dead-letter queues back where it came from; see :class:`Redrive`."""

        def refer(name: str) -> str:
            return name if name in self._handlers else self._aws.refer(name, None)

        redrive = Redrive(self._aws.client("sqs"), refer, lambda name, payload: self._handlers[name](payload))
        report = redrive.run(queues, most=most, dry_run=dry_run)
        self._wake()
        return report

    def _redrive(self, options: RedriveOptions) -> dict[str, dict[str, Any]]:
        return self.redrive(options.queues, most=options.most, dry_run=options.dry_run)

    # -- start -----------------------------------------------------------------------------------------------

    def _start(self, undo: ExitStack) -> None:
        from feedsmith import bootstrap

        own = {**os.environ, **self._environment}
        given = {name: own.get(variable, default) for name, (variable, default) in _PARAMETERS.items()}
        parameters = {name: value for name, value in given.items() if value is not None}
        template = Template(self._template_path, PSEUDO_PARAMETERS | parameters)
        functions = template.functions()

        vectors = self._vectors_folder(undo)
        self._aws = undo.enter_context(LocalAws(template))
        self._aws.create_all()
        os.environ.update(self._environment)
        os.environ.update(self._variables(template, functions))
        os.environ["FEEDSMITH_VECTORS_PATH"] = str(vectors)
        os.environ["FEEDSMITH_USAGE_PLAN"] = ""  # the gateway here needs no list of keys
        os.environ["FEEDSMITH_MODELS_PATH"] = own.get(
            "FEEDSMITH_MODELS_PATH", str(self._template_path.parent / "build" / "models")
        )

        bootstrap.reset()
        undo.callback(bootstrap.reset)
        access = bootstrap.services().access
        own_key = access.create(self.tenant, role="operator", label="local", text=own.get(KEY_VARIABLE))
        self.key = own_key.text

        self._dead_letter_queues = [name for name in template.resources if name.endswith("DeadLetterQueue")]
        exposition = Exposition(self._dead_letters)
        metrics.redirect(exposition.take)
        undo.callback(metrics.redirect, None)
        self._handlers = handlers = self._load(functions)
        self._pumps = [
            pump
            for name, function in functions.items()
            for source in function.sources.values()
            if source.enabled and (pump := self._pump(function, handlers[name], source)) is not None
        ]
        self._schedules = {pump.function: pump for pump in self._pumps if isinstance(pump, SchedulePump)}
        undo.callback(self._stop_pumps)
        for pump in self._pumps:
            pump.after_step = self._wake
            pump.start()

        guard = template.authorizer()
        routes = [
            (handlers[name], source)
            for name, function in functions.items()
            for source in function.sources.values()
            if isinstance(source, sources.Route)
        ]
        self.gateway = Gateway(
            routes,
            (handlers[guard.function], guard) if guard is not None else None,
            self._wake,
            # Whoever runs the stack may load it as they like.
            Rates(template.throttle(), exempt=frozenset({own_key.key.id})),
        )
        operations = Operations(self.gateway, access, self.key, exposition, self._redrive)
        self.base_url = undo.enter_context(LocalHttpServer(operations, self._port)).base_url

    def _dead_letters(self) -> dict[str, int]:
        """Messages in each dead-letter queue."""
        sqs = self._aws.client("sqs")
        waiting = "ApproximateNumberOfMessages"
        return {
            name: int(
                sqs.get_queue_attributes(QueueUrl=self._aws.refer(name, None), AttributeNames=[waiting])["Attributes"][
                    waiting
                ]
            )
            for name in self._dead_letter_queues
        }

    def _load(self, functions: Mapping[str, Function]) -> dict[str, LocalFunction]:
        return load_handlers(functions)

    def _vectors_folder(self, undo: ExitStack) -> Path:
        self._state_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="vectors-", dir=self._state_dir)).resolve()
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def _variables(self, template: Template, functions: Mapping[str, Function]) -> dict[str, str]:
        """The functions' environment. They share one here, so two may not differ on a variable."""
        together: dict[str, str] = {}
        for function in functions.values():
            for name, value in template.evaluate(dict(function.variables), self._aws.refer).items():
                if together.setdefault(name, str(value)) != str(value):
                    raise ConfigurationError(
                        f"{template.path.name}: {name} differs between functions; here they share one environment"
                    )
        return together

    def _pump(self, function: Function, handler: LocalFunction, source: sources.Source) -> Pump | None:
        match source:
            case sources.Upload():
                told = self._aws.refer(function.on_failure, None) if function.on_failure else None
                return UploadPump(handler, source, self._aws, retries=function.retries, on_failure=told)
            case sources.Queue():
                return QueuePump(handler, source, self._aws)
            case sources.Stream():
                return StreamPump(handler, source, self._aws)
            case sources.Schedule():
                return SchedulePump(handler, source)
        return None  # routes are the gateway's

    def _wake(self) -> None:
        for pump in self._pumps:
            pump.wake()

    def _stop_pumps(self) -> None:
        for pump in self._pumps:
            pump.stop()
        for pump in self._pumps:
            pump.join()
