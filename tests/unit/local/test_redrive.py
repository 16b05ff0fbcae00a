"""What lies in dead-letter queues, and how it comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from feedsmith_local.cli import app
from feedsmith_local.gateway import Gateway
from feedsmith_local.http import LocalHttpServer
from feedsmith_local.operations import Operations
from feedsmith_local.redrive import DEAD, SOURCE, Redrive, RedriveOptions
from support.aws import REGION, mock_region
from support.services import fake_services

OBITUARY = {
    "requestContext": {"condition": "RetriesExhausted"},
    "requestPayload": {"Records": ["upload"]},
    "responsePayload": {"errorType": "StoreUnavailable"},
}


class House:
    """Queues and functions; ``keep``: what the profiles' function answers for letters that say so."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs", region_name=REGION)
        names = [*DEAD.values(), SOURCE["chunks"]]
        self.urls = {name: self.sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}
        self.calls: list[tuple[str, Any]] = []
        self.broken = False
        self.redrive = Redrive(self.sqs, lambda name: self.urls.get(name, name), self.invoke)

    def invoke(self, function: str, payload: Any) -> Any:
        self.calls.append((function, payload))
        if self.broken:
            raise ValueError("ann read x")
        return {"kept": ["still broken" if "keep" in body else None for body in payload.get("letters", ())]}

    def put(self, queue: str, *bodies: str, reason: str | None = None) -> None:
        attributes = {} if reason is None else {"reason": {"DataType": "String", "StringValue": reason}}
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=body, MessageAttributes=attributes)

    def lying(self, queue: str) -> list[str]:
        answer = self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10, VisibilityTimeout=0)
        return sorted(message["Body"] for message in answer.get("Messages", []))


@pytest.fixture
def house() -> Iterator[House]:
    with mock_region():
        yield House()


def letter(reason: str, name: str = "") -> str:
    return json.dumps({"tenant": "acme", "reason": reason, "sealed_letter": name})


def test_each_queue_is_put_back_where_it_came_from(house: House) -> None:
    house.put("PlanDeadLetterQueue", json.dumps(OBITUARY))
    house.put("ChunkDeadLetterQueue", "chunk", reason="given up after 5 tries: Qdrant is away")
    house.put("ProfilesDeadLetterQueue", letter("of another version"))
    found = house.redrive.run()
    assert {queue: (report["found"], report["redriven"]) for queue, report in found.items()} == {
        "plan": (1, 1), "chunks": (1, 1), "profiles": (1, 1),
    }  # fmt: skip
    assert [list(report["reasons"]) for report in found.values()] == [
        ["RetriesExhausted: StoreUnavailable"],
        ["given up after 5 tries: Qdrant is away"],
        ["of another version"],
    ]
    assert house.calls == [
        ("PlanFunction", OBITUARY["requestPayload"]),
        ("ProfilesFunction", {"letters": [letter("of another version")]}),
    ]
    assert house.lying("ChunkQueue") == ["chunk"]
    assert [house.lying(queue) for queue in DEAD.values()] == [[], [], []]


def test_what_could_not_be_absorbed_stays_with_the_reason(house: House) -> None:
    house.put("ProfilesDeadLetterQueue", letter("a", "keep"), letter("a"), letter("b"))
    report = house.redrive.run(["profiles"])["profiles"]
    assert report["reasons"] == {"a": 2, "b": 1}
    assert (report["found"], report["redriven"], report["kept"]) == (3, 2, {"still broken": 1})
    assert house.lying("ProfilesDeadLetterQueue") == [letter("a", "keep")]


def test_a_function_that_fails_loses_nothing_and_its_words_are_not_repeated(house: House) -> None:
    house.broken = True
    house.put("ProfilesDeadLetterQueue", letter("a"))
    house.put("PlanDeadLetterQueue", json.dumps(OBITUARY))
    found = house.redrive.run(["plan", "profiles"])
    assert found["profiles"]["kept"] == {"the call failed (ValueError); the log of ProfilesFunction says where": 1}
    assert "ann" not in json.dumps(found)
    assert house.lying("ProfilesDeadLetterQueue") == [letter("a")]
    assert house.lying("PlanDeadLetterQueue") == [json.dumps(OBITUARY)]


def test_a_dry_run_only_looks(house: House) -> None:
    bodies = [letter("a", str(number)) for number in range(12)]
    house.put("ProfilesDeadLetterQueue", *bodies)
    report = house.redrive.run(["profiles"], dry_run=True)["profiles"]
    assert (report["found"], report["redriven"], report["reasons"]) == (12, 0, {"a": 12})
    assert house.calls == []
    assert house.redrive.run(["profiles"], dry_run=True)["profiles"]["found"] == 12


def test_no_more_than_asked_for_are_redriven(house: House) -> None:
    house.put("ChunkDeadLetterQueue", *map(str, range(5)))
    report = house.redrive.run(["chunks"], most=3)["chunks"]
    assert report["redriven"] == 3
    assert len(house.lying("ChunkQueue")) == 3
    assert len(house.lying("ChunkDeadLetterQueue")) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("no json", "no reason given"),
        ("[]", "no reason given"),
        (json.dumps({"DDBStreamBatchInfo": {"batchSize": 3}}), "counters lack them"),
    ],
)
def test_what_says_nothing_is_counted_too(house: House, body: str, reason: str) -> None:
    house.put("ChunkDeadLetterQueue", body)
    (said,) = house.redrive.run(["chunks"], dry_run=True)["chunks"]["reasons"]
    assert reason in said


def test_positions_alone_cannot_be_redriven_and_hold_up_no_letter(house: House) -> None:
    position = json.dumps({"DDBStreamBatchInfo": {"batchSize": 3}})
    house.put("ProfilesDeadLetterQueue", position, letter("a"))
    report = house.redrive.run(["profiles"])["profiles"]
    assert report["redriven"] == 1
    assert house.lying("ProfilesDeadLetterQueue") == [position]


KEY = "of this stack"
STAYING = {"profiles": {"found": 2, "redriven": 1, "oldest_s": 7, "reasons": {"a": 2}, "kept": {"still broken": 1}}}


@pytest.fixture
def asked() -> Iterator[tuple[str, list[RedriveOptions]]]:
    """The address of a running stack, and what it was asked to redrive."""
    options: list[RedriveOptions] = []

    def redrive(wanted: RedriveOptions) -> Any:
        options.append(wanted)
        return STAYING

    operations = Operations(Gateway([], None), fake_services().access, KEY, redrive=redrive)
    with LocalHttpServer(operations, 0) as server:
        yield server.base_url, options


def test_the_command_reaches_a_running_stack(asked: tuple[str, list[RedriveOptions]]) -> None:
    url, options = asked
    command = ["redrive", "--queue", "profiles", "--dry-run", "--max", "5", "--url", url, "--key", KEY]
    done = CliRunner().invoke(app, [*command, "--json"])
    # Something stays: the exit status says so
    assert done.exit_code == 1
    assert json.loads(done.stdout) == STAYING
    assert options == [RedriveOptions(queues=("profiles",), most=5, dry_run=True)]
    told = CliRunner().invoke(app, command)
    assert "profiles: 2 found, 1 redriven, the oldest 7 s old\n  2 x a" in told.stdout
    assert "1 stay: still broken" in told.stderr


def test_only_the_stacks_own_key_may_redrive(asked: tuple[str, list[RedriveOptions]]) -> None:
    url, options = asked
    done = CliRunner().invoke(app, ["redrive", "--url", url, "--key", "another"])
    assert done.exit_code == 1
    assert options == []
