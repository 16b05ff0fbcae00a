"""Texts written ahead by a provider's batch job: cheaper by half, ready within hours.

A job lies in the work bucket under ``prewriting/{tenant}/{job}/``: ``input.jsonl`` is what the model reads,
``tasks.json`` says which texts these records are for, ``job.json`` names the provider's job, ``output/`` is the
provider's own. The ledger knows which jobs are open.
"""

from __future__ import annotations

import hashlib
import json
import logging
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import TypeAdapter

from feedsmith.errors import BudgetExhausted, WriterError
from feedsmith.models import TextKind
from feedsmith.stores.ledger import Ledger
from feedsmith.stores.objects import Blobs
from feedsmith.stores.vectors import Hit, VectorStore
from feedsmith.writing.base import Prompt
from feedsmith.writing.budget import Budget, Reservation, bound
from feedsmith.writing.drafting import Drafting, Task, shared_key
from feedsmith.writing.prewriting import Prewriter
from feedsmith.writing.prices import BATCH, Usage
from feedsmith.writing.writers import chat

_logger = logging.getLogger(__name__)
LEAST_RECORDS = 100  # of a job: Bedrock's quota
_MOST_RECORDS = 10_000  # some 40 MB
_KEPT = timedelta(days=7)  # as long as the work bucket keeps a job's objects
State = Literal["running", "ended", "broken"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said to one record: no text where it failed; ``cut``: it ran into the token limit."""

    text: str = ""
    cut: bool = False
    usage: Usage = field(default_factory=Usage)


class BatchModel(ABC):
    """A model that answers many prompts at once, from a bucket into a bucket."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The name of the writer that asks the same model: drafts are kept as that one's."""

    @abstractmethod
    def request(self, prompt: Prompt) -> dict[str, Any]:
        """The ``modelInput`` of a record."""

    @abstractmethod
    def start(self, job_id: str, bucket: str, source: str, target: str) -> str:
        """Start a job, once for each id, and return the provider's name of it.

        Parameters
        ----------
        source, target
            Key of the records, and prefix of the answers.

        Raises
        ------
        WriterError
            It cannot be started now.
        """

    @abstractmethod
    def state(self, name: str) -> State:
        """Whether to wait for a job; one that ``broke`` (failed, stopped, expired) may have answered in part.

        Raises
        ------
        WriterError
            It cannot be told now.
        """

    @abstractmethod
    def results(self, name: str, source: str, target: str) -> str:
        """Key of a job's answers: JSON Lines with ``recordId``, in any order."""

    @abstractmethod
    def answer(self, record: Mapping[str, Any]) -> Answer:
        """The answer on one line of the results."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A task as a job keeps it; ``key`` is that of its drafts, which changes with the item and the prompt."""

    item_id: str
    kind: TextKind
    focus: str | None
    key: str


@dataclass(frozen=True, slots=True)
class Job:
    """``n`` records for each task, one after the other, and what is set apart for them."""

    n: int
    tasks: list[Noted]
    reservation: Reservation | None


_JOB = TypeAdapter(Job)


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of the jobs that were open.

    ``written`` tasks have their drafts now, ``failed`` ones no usable answer; of ``stale`` ones the item, or the
    prompt, is another one by now.
    """

    running: int = 0
    written: int = 0
    failed: int = 0
    stale: int = 0

    def __add__(self, other: Collected) -> Collected:
        return Collected(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


class BatchPrewriter:
    """Starts batch jobs, and keeps what they wrote as if it had been written on request.

    Nothing is asked for twice: tasks of open jobs are left out of new ones, and a job, whose id is a hash of its tasks
    and the hour, is noted in the ledger before it is started. Keeping the same drafts twice does no harm; a job is
    closed, and its budget settled, once.
    """

    def __init__(
        self, *, model: BatchModel, prewriter: Prewriter, drafting: Drafting, budget: Budget, vectors: VectorStore,
        ledger: Ledger, blobs: Blobs, bucket: str, candidates: int, clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._model = model
        self._prewriter = prewriter
        self._drafting = drafting
        self._budget = budget
        self._vectors = vectors
        self._ledger = ledger
        self._blobs = blobs
        self._bucket = bucket
        self._n = candidates
        self._clock = clock

    def submit(self, tenant: str, tasks: Sequence[Task]) -> tuple[int, list[Task]]:
        """Start one job for the tasks that are in none yet, as many as the budget allows.

        Returns
        -------
        submitted
            Tasks of the new job.
        few
            Those that are too few for a job, for others to write.
        """
        jobs = [self._job(tenant, job_id) for job_id in self._ledger.open_jobs(tenant)]
        running = {noted.key for job in jobs if job is not None for noted in job.tasks}
        keyed = {shared_key(tenant, task, self._model.name).digest: task for task in tasks}
        new = [(key, task) for key, task in keyed.items() if key not in running][: _MOST_RECORDS // self._n]
        if len(new) * self._n < LEAST_RECORDS:
            return 0, [task for _, task in new]
        reservation, new = self._afford(tenant, new)
        if not new:
            return 0, []
        job_id = _id(self._clock(), [key for key, _ in new])
        noted = [Noted(task.piece.indexed.item.id, task.kind, task.focus, key) for key, task in new]
        self._write(tenant, job_id, "input.jsonl", self._records([task for _, task in new]))
        self._write(tenant, job_id, "tasks.json", _JOB.dump_json(Job(self._n, noted, reservation)))
        if not self._ledger.open_job(tenant, job_id, "", expires_at=self._clock() + _KEPT):
            self._budget.settle(reservation, Usage())  # tried within this hour already
            return 0, []
        try:
            self._start(tenant, job_id)
        except WriterError as error:  # it is noted, and collecting tries again
            _logger.error("a batch job cannot be started yet: %s", error)
        return len(new), []

    def collect(self, tenant: str) -> Collected:
        """Keep what jobs wrote that are at their end."""
        total = Collected()
        for job_id in self._ledger.open_jobs(tenant):
            try:
                total += self._collect(tenant, job_id)
            except WriterError as error:
                _logger.error("a batch job cannot be collected yet: %s", error)
        return total

    def _collect(self, tenant: str, job_id: str) -> Collected:
        job = self._job(tenant, job_id)
        if job is None:  # the bucket keeps it no longer
            self._ledger.close_job(tenant, job_id)
            return Collected()
        said = self._blobs.read(self._bucket, _path(tenant, job_id, "job.json"))
        name = str(json.loads(said)["name"]) if said is not None else self._start(tenant, job_id)
        state = self._model.state(name)
        if state == "running":
            return Collected(running=1)
        if state == "broken":
            _logger.error("batch job %s ended before its time; what it wrote is kept", name)
        answers = self._answers(tenant, job_id, name, job)
        hits = self._vectors.retrieve(
            tenant, "items", list(dict.fromkeys(noted.item_id for noted in job.tasks)), with_vectors=True
        )
        report = sum(
            (
                self._keep(tenant, noted, hits.get(noted.item_id), answers[number])
                for number, noted in enumerate(job.tasks)
            ),
            Collected(),
        )
        if self._ledger.close_job(tenant, job_id):
            self._budget.settle(
                job.reservation, sum((answer.usage for of_task in answers.values() for answer in of_task), Usage())
            )
        return report

    def _keep(self, tenant: str, noted: Noted, hit: Hit | None, answers: Sequence[Answer]) -> Collected:
        task = self._prewriter.task(hit, noted.kind, noted.focus) if hit is not None else None
        if task is None or shared_key(tenant, task, self._model.name).digest != noted.key:
            return Collected(stale=1)
        texts = [answer.text for answer in answers if not answer.cut or chat.whole(answer.text, task.prompt)]
        try:
            drafts = chat.drafts_of(texts, task.prompt, self._model.name, input_tokens=0, output_tokens=0)
        except WriterError:
            return Collected(failed=1)
        self._drafting.keep(tenant, task, self._model.name, drafts)
        return Collected(written=1)

    def _answers(self, tenant: str, job_id: str, name: str, job: Job) -> dict[int, list[Answer]]:
        """Answers by the number of their task; lines that are none of a record's are left out."""
        source, target = _path(tenant, job_id, "input.jsonl"), _path(tenant, job_id, "output/")
        body = self._blobs.read(self._bucket, self._model.results(name, source, target)) or b""
        found: dict[int, list[Answer]] = defaultdict(list)
        for record in _objects(body):
            number = str(record.get("recordId", ""))
            if number.isascii() and number.isdigit() and int(number) < job.n * len(job.tasks):
                found[int(number) // job.n].append(self._model.answer(record))
        return found

    def _afford(self, tenant: str, new: list[tuple[str, Task]]) -> tuple[Reservation | None, list[tuple[str, Task]]]:
        """Set apart what the tasks will take; where that is too much, half of them, and so on."""
        while len(new) * self._n >= LEAST_RECORDS:
            most = sum((bound(task.prompt, self._n) for _, task in new), Usage())
            try:
                return self._budget.reserve(tenant, self._model.name, most, BATCH), new
            except BudgetExhausted:
                new = new[: len(new) // 2]
        return None, []

    def _records(self, tasks: Sequence[Task]) -> bytes:
        requests = [self._model.request(task.prompt) for task in tasks for _ in range(self._n)]
        # Eleven digits, as in Bedrock's own examples.
        lines = ({"recordId": f"{number:011}", "modelInput": request} for number, request in enumerate(requests))
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()

    def _start(self, tenant: str, job_id: str) -> str:
        source, target = _path(tenant, job_id, "input.jsonl"), _path(tenant, job_id, "output/")
        name = self._model.start(job_id, self._bucket, source, target)
        self._write(tenant, job_id, "job.json", json.dumps({"name": name}).encode())
        return name

    def _job(self, tenant: str, job_id: str) -> Job | None:
        body = self._blobs.read(self._bucket, _path(tenant, job_id, "tasks.json"))
        return _JOB.validate_json(body) if body is not None else None

    def _write(self, tenant: str, job_id: str, name: str, body: bytes) -> None:
        self._blobs.write(self._bucket, _path(tenant, job_id, name), body)


def _id(now: datetime, keys: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([f"{now:%Y-%m-%dT%H}", *sorted(keys)]).encode()).hexdigest()[:32]


def _path(tenant: str, job_id: str, name: str) -> str:
    return f"prewriting/{tenant}/{job_id}/{name}"


def _objects(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON objects of JSON Lines; a line that is none, as the last of a broken job can be, is left out."""
    for line in body.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
