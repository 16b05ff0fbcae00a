"""Each built handler answers its own events, in their real shape, in an environment like Lambda's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from artefacts.cloud import Cloud
from artefacts.events import rest
from artefacts.journey import ITEMS, Step, journey
from artefacts.layout import built_artefacts
from artefacts.process import FunctionProcess


def payload(step: Step) -> Any:
    assert step.answer.error is None, f"{step.function} {step.name}: {step.answer.error}"
    return step.answer.payload


def body(step: Step, status: int) -> Any:
    answer = payload(step)
    assert answer["statusCode"] == status, f"{step.name}: {answer}"
    return json.loads(answer["body"])


@pytest.mark.timeout(600)
def test_built_functions_carry_an_upload_to_a_feed_and_a_text(
    build_dir: Path, interpreter: Path, tmp_path: Path
) -> None:
    # One test, for each step needs what the steps before it left.
    done: Counter[str] = Counter()
    steps: dict[str, Step] = {}
    for step in journey(build_dir, interpreter, tmp_path / "vectors"):
        done[step.function] += 1
        steps[step.name] = step
        match step.name:
            case "known":
                allowed = payload(step)
                assert allowed["policyDocument"]["Statement"][0]["Effect"] == "Allow"
                assert allowed["context"]["tenant"] == "acme"
            case "unknown":
                # The one message that API Gateway turns into a 401.
                assert step.answer.error is not None
                assert step.answer.error["errorMessage"] == "Unauthorized"
            case "plan":
                assert payload(step) is None
            case "work":
                assert payload(step) == {"batchItemFailures": []}
            case "ready":
                assert body(step, 200)["status"] == "ok"
            case "item":
                assert body(step, 200)["item"]["title"] == ITEMS[0]["title"]
            case "events":
                assert body(step, 202) == {"accepted": 48, "duplicates": 0, "ignored": 0}
            case "absorb":
                assert payload(step)["batchItemFailures"] == []
            case "recluster":
                assert sum(report["users"] for report in payload(step)["reports"]) == 24
            case "prewrite":
                # The extractive writer needs nothing written ahead.
                (report,) = payload(step)["reports"]
                assert report["tenant"] == "acme"
                assert report["submitted"] == 0
            case "count":
                assert "acme" in json.dumps(payload(step))
            case "sweep":
                assert step.answer.error is None
            case "page":
                assert payload(step)["statusCode"] == 200
                assert "<title>feedsmith</title>" in payload(step)["body"]
            case "feed":
                slate = body(step, 200)["items"]
                assert slate[0]["item_id"].startswith("football"), slate
            case "segments":
                assert body(step, 200)["segments"]
            case "text":
                assert body(step, 200)["text"]
            case other:
                pytest.fail(f"no expectation for step {other!r}")

    assert set(done) == set(built_artefacts(build_dir))


def test_the_built_client_of_a_qdrant_server_says_that_it_is_away(
    build_dir: Path, interpreter: Path, tmp_path: Path
) -> None:
    artefact = built_artefacts(build_dir)["ApiFunction"]
    with Cloud(build_dir, tmp_path) as cloud:
        # Nothing listens on the discard port.
        environment = cloud.environment(artefact, FEEDSMITH_QDRANT_URL="http://127.0.0.1:9")
        with FunctionProcess(artefact, interpreter, environment) as process:
            answer = process.invoke(rest("GET", "/v1/health/ready"))

    assert answer.error is None
    assert answer.payload["statusCode"] == 503
    detail = json.loads(answer.payload["body"])["detail"]
    assert "vectors" in detail
    assert "ledger" not in detail
