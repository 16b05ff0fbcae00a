"""Batch inference on Amazon Bedrock: https://docs.aws.amazon.com/bedrock/latest/userguide/batch-inference.html."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore import exceptions as aws

from feedsmith.errors import WriterError
from feedsmith.writing.base import Prompt
from feedsmith.writing.batch import Answer, BatchModel, State
from feedsmith.writing.prices import Usage
from feedsmith.writing.writers import chat

_ENDED = frozenset({"Completed", "PartiallyCompleted"})
_BROKEN = frozenset({"Failed", "Stopped", "Expired"})
_HOURS = 24  # until a job that waits for capacity expires; the least that Bedrock allows


class BedrockBatch(BatchModel):
    """A Bedrock model's batch jobs, in the form of the Converse API.

    Parameters
    ----------
    model
        Model id or inference profile, as of the writer.
    client
        A low-level ``bedrock`` client.
    role
        ARN of the role that Bedrock takes to read and write the bucket.
    """

    def __init__(self, model: str, client: Any, role: str) -> None:
        self._model = model
        self._client = client
        self._role = role

    @property
    def name(self) -> str:
        return f"bedrock:{self._model}"

    def request(self, prompt: Prompt) -> dict[str, Any]:
        return {
            "system": [{"text": prompt.system}],
            "messages": [{"role": "user", "content": [{"text": prompt.user}]}],
            "inferenceConfig": {"maxTokens": chat.max_tokens(prompt), "temperature": chat.TEMPERATURE},
        }

    def start(self, job_id: str, bucket: str, source: str, target: str) -> str:
        answer = self._call(
            self._client.create_model_invocation_job,
            jobName=f"feedsmith-{job_id}",
            clientRequestToken=job_id,
            roleArn=self._role,
            modelId=self._model,
            modelInvocationType="Converse",
            inputDataConfig={"s3InputDataConfig": {"s3InputFormat": "JSONL", "s3Uri": f"s3://{bucket}/{source}"}},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{bucket}/{target}"}},
            timeoutDurationInHours=_HOURS,
        )
        return str(answer["jobArn"])

    def state(self, name: str) -> State:
        status = self._call(self._client.get_model_invocation_job, jobIdentifier=name)["status"]
        return "ended" if status in _ENDED else "broken" if status in _BROKEN else "running"

    def results(self, name: str, source: str, target: str) -> str:
        return f"{target}{name.rpartition('/')[2]}/{source.rpartition('/')[2]}.out"

    def answer(self, record: Mapping[str, Any]) -> Answer:
        output: Any = record.get("modelOutput")
        try:
            blocks = output["output"]["message"]["content"]
            text = "".join(block.get("text", "") for block in blocks)
            stop, usage = output["stopReason"], output["usage"]
            used = Usage(usage["inputTokens"], usage["outputTokens"])
        except (KeyError, TypeError, AttributeError):  # an error in its place, or something else that is no answer
            return Answer()
        if stop not in ("end_turn", "stop_sequence", "max_tokens"):
            return Answer(usage=used)
        return Answer(text, stop == "max_tokens", used)

    def _call(self, operation: Any, **request: Any) -> Any:
        try:
            return operation(**request)
        except aws.ClientError as error:
            raise WriterError(
                f"{self.name} answered {error.response['Error']['Code']} to {error.operation_name}: check the role in "
                "FEEDSMITH_PREWRITE_ROLE, and that the model takes batches in this region"
            ) from error
        except aws.BotoCoreError as error:
            raise WriterError(f"{self.name} does not answer: {type(error).__name__}") from error
