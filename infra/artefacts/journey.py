"""The main road through all built functions, from a caller's key and an upload to a feed and a text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from artefacts import events
from artefacts.cloud import Cloud
from artefacts.layout import built_artefacts
from artefacts.process import FunctionProcess
from artefacts.runtime_api import Answer
from feedsmith.models import ApiKey

API_KEY = f"fs_{'a' * 20}_{'k' * 43}"
CALLER = {"tenant": "acme", "role": "operator", "subject": "shop"}

_SUBJECTS = {
    "football": "The striker scored twice as the club won the league match before a full stadium.",
    "economy": "The central bank raised interest rates after inflation and company profits grew.",
    "science": "Astronomers found a distant planet with water in its atmosphere, a journal reports.",
}
ITEMS = [
    {
        "id": f"{subject}-{number}",
        "domain": "news",
        "title": f"{subject.title()} report {number}",
        "body": f"{text} This is report number {number} about {subject}.",
    }
    for subject, text in _SUBJECTS.items()
    for number in range(6)
]
"""18 items of three subjects."""


@dataclass(frozen=True, slots=True)
class Step:
    """One invocation. ``cold_s``: seconds from the start of the process to this answer, on a process's first one."""

    function: str
    name: str
    answer: Answer
    cold_s: float | None


def journey(build_dir: Path, interpreter: Path, vectors: Path) -> Iterator[Step]:
    """Walk the road, each function in its own process, one process at a time.

    Parameters
    ----------
    build_dir
        Usually ``.aws-sam/build``.
    interpreter
        See :class:`~artefacts.process.FunctionProcess`.
    vectors
        An empty folder for the vector store.
    """
    artefacts = built_artefacts(build_dir)
    with Cloud(build_dir, vectors) as cloud:

        def run(function: str, **named: dict[str, Any]) -> Iterator[Step]:
            artefact = artefacts[function]
            with FunctionProcess(artefact, interpreter, cloud.environment(artefact)) as process:
                for number, (name, event) in enumerate(named.items()):
                    answer = process.invoke(event)
                    yield Step(function, name, answer, process.first_answer_s if number == 0 else None)

        _let_in(cloud)
        yield from run("AuthorizerFunction", known=_asked(API_KEY), unknown=_asked(API_KEY[:-1] + "x"))
        yield from run("PlanFunction", plan=_uploaded(cloud))
        yield from run("ChunkFunction", work=cloud.chunks())
        yield from run(
            "ApiFunction",
            ready=events.rest("GET", "/v1/health/ready"),
            item=_request("GET", "/v1/items/{item_id}", path={"item_id": "football-0"}),
            events=_request("POST", "/v1/events", body=json.dumps({"events": _clicks()})),
        )
        yield from run("ProfilesFunction", absorb=cloud.changes())
        yield from run("SegmentsFunction", recluster=events.schedule())
        yield from run("PrewriteFunction", prewrite=events.schedule())
        yield from run("InsightFunction", count=events.schedule())
        yield from run("SweepFunction", sweep=events.schedule())
        yield from run("ConsoleFunction", page=events.rest("GET", "/console"))
        user = {"user_id": "fan-0"}
        text = json.dumps({"kind": "summary", "item_id": "football-5", "domain": "news"})
        yield from run(
            "ApiFunction",
            feed=_request("GET", "/v1/users/{user_id}/recommendations", path=user, query={"domain": "news"}),
            segments=_request("GET", "/v1/segments", query={"domain": "news"}),
            text=_request("POST", "/v1/users/{user_id}/texts", path=user, body=text),
        )


def _let_in(cloud: Cloud) -> None:
    """Register the caller's key, as the ledger keeps it."""
    _, key_id, secret = API_KEY.split("_")
    key = ApiKey(
        id=key_id,
        tenant=CALLER["tenant"],
        role="operator",
        secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
        created_at=datetime.now(UTC),
        revision=1,
    )
    cloud.put_record({"pk": "TENANTS", "sk": key.tenant})
    cloud.put_record({"pk": "KEYS", "sk": key.id, "key": key.model_dump_json(), "revision": key.revision})


def _asked(key: str) -> dict[str, Any]:
    return events.authorizer("GET", "/v1/segments", f"Bearer {key}")


def _uploaded(cloud: Cloud) -> dict[str, Any]:
    rows = "".join(json.dumps({name: row[name] for name in row if name != "domain"}) + "\n" for row in ITEMS).encode()
    key = f"{CALLER['tenant']}/news/morning papers.jsonl"
    bucket, version = cloud.upload(key, rows)
    return events.s3_created(bucket, key, version, len(rows))


def _request(method: str, resource: str, **parts: Any) -> dict[str, Any]:
    return events.rest(method, resource, caller=CALLER, **parts)


def _clicks() -> list[dict[str, str]]:
    """Clicks of eight users per subject, on two items each; enough for segments above the k-anonymity floor."""
    now = datetime.now(UTC)
    return [
        {
            "user_id": f"{'fan' if subject == 'football' else subject}-{user}",
            "item_id": f"{subject}-{(user + step) % 4}",
            "type": "click",
            "at": (now - timedelta(minutes=user + step)).isoformat(),
        }
        for subject in _SUBJECTS
        for user in range(8)
        for step in range(2)
    ]
