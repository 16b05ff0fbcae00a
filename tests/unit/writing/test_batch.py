"""Batch jobs: what goes in, what comes back in part, late, twice or broken, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from feedsmith.errors import WriterError
from feedsmith.stores.ledger import Spending
from feedsmith.writing.base import Prompt
from feedsmith.writing.batch import Answer, BatchModel, BatchPrewriter, Collected, State
from feedsmith.writing.budget import bound
from feedsmith.writing.drafting import Task
from feedsmith.writing.prices import Price, Usage
from support.ledger import InMemoryBlobs
from support.writing import EN
from support.writing_world import GOOD, Head

BUCKET = "work"
ITEMS = 40  # times three candidates: 120 records


class FakeBatch(BatchModel):
    """Jobs that end when a test says so."""

    def __init__(self) -> None:
        self.started: dict[str, str] = {}  # id -> source
        self.status: State = "running"
        self.error: WriterError | None = None

    @property
    def name(self) -> str:
        return "script:1"

    def request(self, prompt: Prompt) -> dict[str, Any]:
        return {"prompt": prompt.user}

    def start(self, job_id: str, bucket: str, source: str, target: str) -> str:
        if self.error is not None:
            raise self.error
        self.started[job_id] = source
        return f"arn/{job_id}"

    def state(self, name: str) -> State:
        return self.status

    def results(self, name: str, source: str, target: str) -> str:
        return f"{target}results"

    def answer(self, record: Mapping[str, Any]) -> Answer:
        return Answer(record.get("text", ""), record.get("cut", False), Usage(record.get("read", 0), 10))


class Jobs(Head):
    def __init__(self, **settings: Any) -> None:
        super().__init__(items=100, **settings)
        self.batch, self.blobs = FakeBatch(), InMemoryBlobs()
        self.prewriting = BatchPrewriter(
            model=self.batch, prewriter=self.prewriter, drafting=self.service.drafting, budget=self.service.budget,
            vectors=self.vectors, ledger=self.ledger, blobs=self.blobs, bucket=BUCKET, candidates=3, clock=self.clock,
        )  # fmt: skip
        for number in range(ITEMS):
            self.trend(EN.model_copy(update={"id": f"i{number}"}), float(ITEMS - number))

    def submit(self) -> tuple[int, list[Task]]:
        return self.prewriting.submit("t", self.prewriter.missing("t", "news"))

    def answer(self, *lines: dict[str, Any] | str) -> None:
        (job_id,) = self.batch.started
        body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        self.blobs.write(BUCKET, f"prewriting/t/{job_id}/output/results", body.encode())

    def answer_all(self, text: str = GOOD, **fields: Any) -> None:
        self.answer(*({"recordId": f"{n:011}", "text": text, **fields} for n in range(3 * ITEMS)))


def test_a_job_has_a_record_for_each_candidate_and_is_not_started_twice() -> None:
    world = Jobs()
    assert world.submit() == (ITEMS, [])
    (source,) = world.batch.started.values()
    records = [json.loads(line) for line in (world.blobs.read(BUCKET, source) or b"").splitlines()]
    assert len(records) == 120
    assert [record["recordId"] for record in records[:2]] == ["00000000000", "00000000001"]
    assert "TimeWarner" in records[0]["modelInput"]["prompt"]
    # WHEN it is asked again, within the hour or later
    assert world.submit() == (0, [])
    world.clock.advance(hours=2)
    assert world.submit() == (0, [])
    assert len(world.batch.started) == 1


def test_two_runs_that_know_nothing_of_each_other_start_one_job() -> None:
    world = Jobs()
    tasks = world.prewriter.missing("t", "news")
    world.ledger.open_jobs = lambda tenant: {}  # type: ignore[method-assign]  # each looked before the other wrote
    assert [world.prewriting.submit("t", tasks)[0] for _ in range(2)] == [ITEMS, 0]
    assert len(world.batch.started) == 1


def test_few_tasks_are_no_job() -> None:
    world = Jobs()
    tasks = world.prewriter.missing("t", "news")[:33]  # 99 records
    assert world.prewriting.submit("t", tasks) == (0, tasks)
    assert world.batch.started == {}


def test_what_a_job_wrote_is_judged_and_served() -> None:
    # GIVEN a job that is not waited for
    world = Jobs()
    world.submit()
    assert world.prewriting.collect("t") == Collected(running=1)
    # WHEN it ended
    world.batch.status = "ended"
    world.answer_all()
    assert world.prewriting.collect("t") == Collected(written=ITEMS)
    # THEN its texts are those of the model, and the job is done
    text = world.write(item_id="i7")
    assert (text.text, text.source, text.tokens) == (GOOD, "model", 0)
    assert world.script.prompts == []
    assert world.prewriting.collect("t") == Collected()
    assert world.missing() == []


def test_a_false_text_is_rejected_as_it_would_be_on_request() -> None:
    world = Jobs()
    world.submit()
    world.batch.status = "ended"
    world.answer_all("Disney profits jumped 99%")
    world.prewriting.collect("t")
    text = world.write(item_id="i0")
    assert (text.text, text.source) == (EN.title, "original")
    assert (text.note or "").startswith("gate_rejected")


def test_partial_broken_and_unknown_lines_cost_only_their_own_text(caplog: pytest.LogCaptureFixture) -> None:
    # GIVEN answers for the candidates of three tasks: one whole; one an error, then good; one only an error
    world = Jobs()
    world.submit()
    world.batch.status = "broken"
    world.answer(
        {"recordId": "00000000000", "text": GOOD}, {"recordId": "00000000003", "error": {"errorCode": 400}},
        {"recordId": "00000000004", "text": GOOD}, {"recordId": "00000000006", "error": {}},
        {"recordId": "99999999999", "text": GOOD}, {"recordId": None}, {"text": "x"}, "[1]", '{"recordId": "000',
    )  # fmt: skip
    # THEN two are kept, and the others can be asked for again
    assert world.prewriting.collect("t") == Collected(written=2, failed=ITEMS - 2)
    assert "ended before its time" in caplog.text
    assert len(world.missing()) == ITEMS - 2
    world.clock.advance(hours=1)
    assert world.submit() == (ITEMS - 2, [])


def test_a_job_without_any_answer_can_be_repeated_in_another_hour() -> None:
    world = Jobs()
    world.submit()
    world.batch.status = "broken"
    assert world.prewriting.collect("t") == Collected(failed=ITEMS)
    assert world.submit() == (0, [])
    world.clock.advance(hours=1)
    assert world.submit() == (ITEMS, [])


def test_a_text_cut_off_in_the_middle_is_none() -> None:
    world = Jobs()
    world.submit()
    world.batch.status = "ended"
    world.answer_all("TimeWarner profits jumped", cut=True)
    assert world.prewriting.collect("t") == Collected(failed=ITEMS)


def test_the_text_of_an_item_that_changed_meanwhile_is_dropped() -> None:
    world = Jobs()
    world.submit()
    world.trend(EN.model_copy(update={"id": "i0", "body": EN.body.replace("76%", "67%")}), 99.0)
    world.vectors.delete("t", "items", ["i1"])
    world.batch.status = "ended"
    world.answer_all()
    assert world.prewriting.collect("t") == Collected(written=ITEMS - 2, stale=2)
    assert "76" not in world.write(item_id="i0").text


def test_a_job_that_could_not_be_started_is_started_by_the_next_run(caplog: pytest.LogCaptureFixture) -> None:
    world = Jobs()
    world.batch.error = WriterError("throttled")
    assert world.submit() == (ITEMS, [])
    assert world.prewriting.collect("t") == Collected()
    assert caplog.text.count("throttled") == 2
    world.batch.error = None
    assert world.prewriting.collect("t") == Collected(running=1)
    assert len(world.batch.started) == 1


def test_a_job_whose_objects_are_gone_is_forgotten() -> None:
    world = Jobs()
    world.submit()
    world.blobs = world.prewriting._blobs = InMemoryBlobs()
    assert world.prewriting.collect("t") == Collected()
    assert world.ledger.open_jobs("t") == {}


def test_the_budget_pays_half_the_price_and_gets_back_what_was_not_used() -> None:
    # GIVEN a price of $2 a million read, and $8 written
    price = {"writer_price_in": 2, "writer_price_out": 8}
    world = Jobs(writer_cost_per_day=100, **price)
    tasks = world.prewriter.missing("t", "news")
    one = bound(tasks[0].prompt, 3)
    world.submit()
    today = world.clock().date()
    assert world.ledger.spent("t", today) == Price(2, 8).of(
        Usage(ITEMS * one.input_tokens, ITEMS * one.output_tokens), 0.5
    )
    # WHEN all 120 records read 200 and wrote 10, and the job is collected the next day, by two runs
    world.clock.advance(days=1)
    world.batch.status = "ended"
    world.answer_all(read=200)
    jobs = world.ledger.open_jobs("t")
    world.ledger.open_jobs = lambda tenant: jobs  # type: ignore[method-assign]  # both saw it open
    assert [world.prewriting.collect("t").written for _ in range(2)] == [ITEMS, ITEMS]
    # THEN the day of the job has paid (24,000 * 2 + 1,200 * 8) / 2 millionths, once
    assert world.ledger.spent("t", today) == Spending(25_200, 28_800)


def test_a_budget_for_a_part_gets_a_smaller_job() -> None:
    world = Jobs()
    tasks = world.prewriter.missing("t", "news")
    one = bound(tasks[0].prompt, 3).tokens
    more = [replace(task, focus=str(n)) for n in range(2) for task in tasks]  # 80 tasks
    poor = Jobs(writer_tokens_per_day=50 * one)
    assert poor.prewriting.submit("t", more) == (40, [])  # half of 80
    poorer = Jobs(writer_tokens_per_day=10 * one)
    assert poorer.prewriting.submit("t", more) == (0, [])
    assert poorer.ledger.open_jobs("t") == {}
