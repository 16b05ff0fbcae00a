"""Bedrock's batch jobs, their objects in S3: requests as the service model has them, and answers as documented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from feedsmith.errors import WriterError
from feedsmith.stores import aws
from feedsmith.stores.s3 import S3Blobs
from feedsmith.writing.batch import Answer, BatchPrewriter, Collected
from feedsmith.writing.prices import Usage
from feedsmith.writing.writers.bedrock_batch import BedrockBatch
from support.aws import REGION, mock_region
from support.writing import EN, ScriptedWriter, prompt_of
from support.writing_world import GOOD, Head

MODEL = "amazon.nova-lite-v1:0"
ROLE = "arn:aws:iam::123456789012:role/batches"
JOB = f"arn:aws:bedrock:{REGION}:123456789012:model-invocation-job/abcdefghijkl"
BUCKET = "batches"


@pytest.fixture
def client() -> Iterator[Any]:
    with mock_region():
        yield aws.client("bedrock")


def said(text: str, stop: str = "end_turn") -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": 200, "outputTokens": 9, "totalTokens": 209},
    }


def test_a_job_from_records_in_s3_to_texts(client: Any) -> None:
    # GIVEN forty items, and a Bedrock that takes one job, is busy with it, and ends it
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    writer = ScriptedWriter(GOOD)
    writer.called = f"bedrock:{MODEL}"
    world = Head(items=40, writer=writer)
    for number in range(40):
        world.trend(EN.model_copy(update={"id": f"i{number}"}), float(number))
    prewriting = BatchPrewriter(
        model=BedrockBatch(MODEL, client, ROLE), prewriter=world.prewriter, drafting=world.service.drafting,
        budget=world.service.budget, vectors=world.vectors, ledger=world.ledger, blobs=S3Blobs(s3), bucket=BUCKET,
        candidates=3, clock=world.clock,
    )  # fmt: skip
    with Stubber(client) as bedrock:
        bedrock.add_response("create_model_invocation_job", {"jobArn": JOB})
        assert prewriting.submit("t", world.prewriter.missing("t", "news")) == (40, [])
        for status in ("Submitted", "InProgress"):
            bedrock.add_response("get_model_invocation_job", status_of(status), {"jobIdentifier": JOB})
            assert prewriting.collect("t") == Collected(running=1)
        # WHEN its answers lie where Bedrock puts them, one of them an error
        (job_id,) = world.ledger.open_jobs("t")
        prefix = f"prewriting/t/{job_id}"
        records = s3.get_object(Bucket=BUCKET, Key=f"{prefix}/input.jsonl")["Body"].read().splitlines()
        lines = [json.loads(line) | {"modelOutput": said(GOOD)} for line in records]
        lines[0] = {"recordId": lines[0]["recordId"], "error": {"errorCode": 429, "errorMessage": "busy"}}
        body = "\n".join(map(json.dumps, reversed(lines))).encode()  # in any order
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/output/abcdefghijkl/input.jsonl.out", Body=body)
        bedrock.add_response("get_model_invocation_job", status_of("PartiallyCompleted"), {"jobIdentifier": JOB})
        # THEN all items have their texts
        assert prewriting.collect("t") == Collected(written=40)
        bedrock.assert_no_pending_responses()
    assert world.write(item_id="i3").text == GOOD
    assert writer.prompts == []


def status_of(status: str) -> dict[str, Any]:
    s3 = {"s3Uri": "s3://batches/x"}
    return {
        "jobArn": JOB, "modelId": MODEL, "roleArn": ROLE, "submitTime": 0, "status": status,
        "inputDataConfig": {"s3InputDataConfig": s3}, "outputDataConfig": {"s3OutputDataConfig": s3},
    }  # fmt: skip


def test_the_request_names_the_job_its_role_and_its_objects(client: Any) -> None:
    with Stubber(client) as bedrock:
        bedrock.add_response(
            "create_model_invocation_job",
            {"jobArn": JOB},
            {
                "jobName": "feedsmith-0a1b",
                "clientRequestToken": "0a1b",  # the same job again is the same job
                "roleArn": ROLE,
                "modelId": MODEL,
                "modelInvocationType": "Converse",
                "inputDataConfig": {
                    "s3InputDataConfig": {
                        "s3InputFormat": "JSONL",
                        "s3Uri": "s3://batches/prewriting/t/0a1b/input.jsonl",
                    }
                },
                "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://batches/prewriting/t/0a1b/output/"}},
                "timeoutDurationInHours": 24,
            },
        )
        started = BedrockBatch(MODEL, client, ROLE).start(
            "0a1b", BUCKET, "prewriting/t/0a1b/input.jsonl", "prewriting/t/0a1b/output/"
        )
    assert started == JOB


def test_a_record_is_a_converse_request(client: Any) -> None:
    prompt = prompt_of(EN)
    request = BedrockBatch(MODEL, client, ROLE).request(prompt)
    assert request["messages"] == [{"role": "user", "content": [{"text": prompt.user}]}]
    assert request["system"] == [{"text": prompt.system}]
    assert request["inferenceConfig"]["maxTokens"] == 27  # 14 words at 1.5, and 6


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("Validating", "running"), ("Scheduled", "running"), ("Stopping", "running"), ("Completed", "ended"),
        ("PartiallyCompleted", "ended"), ("Failed", "broken"), ("Stopped", "broken"), ("Expired", "broken"),
    ],
)  # fmt: skip
def test_a_job_is_waited_for_until_it_ends(client: Any, status: str, state: str) -> None:
    with Stubber(client) as bedrock:
        bedrock.add_response("get_model_invocation_job", status_of(status))
        assert BedrockBatch(MODEL, client, ROLE).state(JOB) == state


USED = Usage(200, 9)


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ({"modelOutput": said("A text")}, Answer("A text", usage=USED)),
        ({"modelOutput": said("A te", "max_tokens")}, Answer("A te", cut=True, usage=USED)),
        ({"modelOutput": said("I cannot", "content_filtered")}, Answer(usage=USED)),
        ({"error": {"errorCode": 400}}, Answer()),
        ({"modelOutput": "nonsense"}, Answer()),
        ({"modelOutput": {"output": {"message": {"content": None}}}}, Answer()),
        ({}, Answer()),
    ],
)
def test_an_answer_is_a_text_with_its_usage_or_none(client: Any, record: dict[str, Any], answer: Answer) -> None:
    assert BedrockBatch(MODEL, client, ROLE).answer(record) == answer


def test_a_refusal_names_what_to_check(client: Any) -> None:
    with Stubber(client) as bedrock:
        bedrock.add_client_error("create_model_invocation_job", "ValidationException", "secret text")
        with pytest.raises(WriterError, match=r"answered ValidationException.*FEEDSMITH_PREWRITE_ROLE") as raised:
            BedrockBatch(MODEL, client, ROLE).start("0a1b", BUCKET, "a", "b/")
    assert "secret" not in str(raised.value)


def test_a_bedrock_that_cannot_be_reached_is_tried_again_later(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(**_: Any) -> Any:
        raise EndpointConnectionError(endpoint_url="https://bedrock")

    monkeypatch.setattr(client, "get_model_invocation_job", down)
    with pytest.raises(WriterError, match="does not answer: EndpointConnectionError"):
        BedrockBatch(MODEL, client, ROLE).state(JOB)
