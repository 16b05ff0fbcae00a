"""A model on Amazon Bedrock, through the Converse API."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as aws
from botocore.config import Config

from feedsmith.errors import ConfigurationError, WriterError, WriterUnavailable
from feedsmith.writing.base import Draft, Prompt, StructuredWriter, Writer
from feedsmith.writing.writers import chat
from feedsmith.writing.writers.retrying import Deadline, retrying

_CONNECT_S = 2.0
_CONNECTIONS = 32  # callers at once, times candidates
_TOOL = "answer"

_PASSING = frozenset({
    "ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException", "InternalServerException",
})  # fmt: skip
_BROKEN_OFF = (aws.EndpointConnectionError, aws.ConnectionClosedError, aws.ConnectTimeoutError)
_LATE = (aws.ReadTimeoutError, aws.ConnectTimeoutError)
_NO_CREDENTIALS = (aws.NoCredentialsError, aws.PartialCredentialsError, aws.CredentialRetrievalError)
_REMEDIES = {
    "AccessDeniedException": "enable the model in the Bedrock console and allow bedrock:InvokeModel, and "
    "bedrock:ApplyGuardrail where there is a guardrail, in the role's policy",
    "ResourceNotFoundException": "check that the region has the model and the guardrail",
    "ValidationException": "the prompt may be too long; if every text fails so, the model's id is wrong, needs an "
    "inference profile, or takes no prompt cache",
}
_STOPPED = {
    "guardrail_intervened": "was stopped by the guardrail",
    "content_filtered": chat.FILTERED,
    "refusal": chat.REFUSED,
}
# https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html; other models refuse a cache point.
_CACHES = re.compile(
    r"amazon\.nova-(?:micro|lite|pro|premier)|anthropic\.claude-(?:3-7|3-5-haiku|(?:opus|sonnet|haiku)-[4-9])"
)


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A Bedrock guardrail: its id or ARN, and its version."""

    identifier: str
    version: str = "DRAFT"


def connect(timeout_s: float, clients: Callable[..., Any] | None = None) -> Any:
    """A ``bedrock-runtime`` client that waits no longer than the caller does; retries are the writer's.

    Raises
    ------
    ConfigurationError
        No AWS region is set.
    """
    if clients is None:
        import boto3

        clients = boto3.client
    config = Config(
        connect_timeout=min(timeout_s, _CONNECT_S),
        read_timeout=timeout_s,
        retries={"total_max_attempts": 1},
        max_pool_connections=_CONNECTIONS,
    )
    try:
        return clients("bedrock-runtime", config=config)
    except aws.NoRegionError as error:
        raise ConfigurationError("a bedrock: writer needs an AWS region: set AWS_DEFAULT_REGION") from error


class BedrockWriter(Writer, StructuredWriter):
    """Writes with a Bedrock model; each candidate is a call of its own, all at the same time.

    Parameters
    ----------
    model
        Model id or inference profile.
    client
        A boto3 ``bedrock-runtime`` client.
    timeout_s
        Seconds for one text, retries included; candidates that are later are left out.
    guardrail
        What Bedrock checks prompts and answers by.
    prompt_cache
        Whether to mark the rules for Bedrock's prompt cache; None: where the model's id says that it has one.
    """

    def __init__(
        self, model: str, client: Any, *, timeout_s: float = 8.0, guardrail: Guardrail | None = None,
        prompt_cache: bool | None = None, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._model = model
        self._client = client
        self._timeout_s = timeout_s
        self._guardrail = guardrail
        self._caches = _CACHES.search(model) is not None if prompt_cache is None else prompt_cache
        self._sleep = sleep

    @property
    def name(self) -> str:
        return f"bedrock:{self._model}"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        # No top_p: some models refuse it beside a temperature.
        answers = self._converse(prompt.system, prompt.user, n, chat.max_tokens(prompt), chat.TEMPERATURE)
        texts, lost = [], []
        for answer in answers:
            text, stop = _text(answer), answer["stopReason"]
            if stop in ("end_turn", "stop_sequence") or (stop == "max_tokens" and chat.whole(text, prompt)):
                texts.append(text)
            else:
                lost.append(_why(stop))

        def total(tokens: str) -> int:
            return sum(answer["usage"].get(tokens, 0) for answer in answers)

        return chat.drafts_of(
            texts,
            prompt,
            self.name,
            input_tokens=total("inputTokens"),
            output_tokens=total("outputTokens"),
            cache_read_tokens=total("cacheReadInputTokens"),
            cache_write_tokens=total("cacheWriteInputTokens"),
            lost=lost,
        )

    def structured(self, system: str, user: str, schema: Mapping[str, Any], *, max_tokens: int = 512) -> dict[str, Any]:
        """The input of a tool that the model has to call: more models can do that than write by a schema."""
        tool = {"name": _TOOL, "description": "Takes the answer.", "inputSchema": {"json": schema}}
        tools = {"tools": [{"toolSpec": tool}], "toolChoice": {"tool": {"name": _TOOL}}}
        [answer] = self._converse(system, user, 1, max_tokens, 0.0, toolConfig=tools)
        if (stop := answer["stopReason"]) not in ("tool_use", "end_turn"):
            raise WriterError(f"{self.name} {_why(stop)}")
        for block in answer["output"]["message"]["content"]:
            if isinstance(value := block.get("toolUse", {}).get("input"), dict):
                return value
        raise WriterError(f"{self.name} answered JSON that is no object, or none")

    def _converse(
        self, system: str, user: str, n: int, max_tokens: int, temperature: float, **further: Any
    ) -> list[dict[str, Any]]:
        """The answers of up to ``n`` calls that ended in time, at least one."""
        rules: list[dict[str, Any]] = [{"text": system}]
        if self._caches:
            rules.append({"cachePoint": {"type": "default"}})
        if self._guardrail:
            further["guardrailConfig"] = {
                "guardrailIdentifier": self._guardrail.identifier,
                "guardrailVersion": self._guardrail.version,
            }
        request = {
            "modelId": self._model,
            "system": rules,
            "messages": [{"role": "user", "content": [{"text": user}]}],
            "inferenceConfig": {"maxTokens": max_tokens, "temperature": temperature},
            **further,
        }
        deadline = Deadline(self._timeout_s)
        pool = ThreadPoolExecutor(max_workers=n, thread_name_prefix="bedrock")
        try:
            calls = [pool.submit(self._ask, request, deadline) for _ in range(n)]
            wait(calls, timeout=deadline.left)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # those that are late end by the client's own timeout
        answers: list[dict[str, Any]] = []
        failure: WriterError = self._late()
        for call in calls:
            if call.done() and not call.cancelled():
                try:
                    answers.append(call.result())
                except WriterError as error:
                    failure = error
        if not answers:
            raise failure
        return answers

    def _ask(self, request: dict[str, Any], deadline: Deadline) -> dict[str, Any]:
        try:
            return retrying(lambda: self._call(request), _pause, deadline, self._sleep)
        except aws.ClientError as error:
            code = error.response["Error"]["Code"]
            remedy = f": {_REMEDIES[code]}" if code in _REMEDIES else ""
            kind = WriterError if code == "ValidationException" else WriterUnavailable
            raise kind(f"{self.name} failed: {code}{remedy}") from error
        except _NO_CREDENTIALS as error:
            raise ConfigurationError(f"{self.name} was not called, no AWS credentials: give the process a role") from (
                error
            )
        except _LATE as error:
            raise self._late() from error
        except aws.BotoCoreError as error:
            raise WriterUnavailable(
                f"{self.name} does not answer: {type(error).__name__}; check that the region has Bedrock"
            ) from error

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.converse(**request)
        return answer

    def _late(self) -> WriterUnavailable:
        return WriterUnavailable(f"{self.name} took longer than {self._timeout_s:.1f} s")


def _pause(error: BaseException) -> float | None:
    """As :func:`retrying` asks: throttling passes, and so do connections that broke off."""
    passing = isinstance(error, aws.ClientError) and error.response["Error"]["Code"] in _PASSING
    return 0.0 if passing or isinstance(error, _BROKEN_OFF) else None


def _why(stop: str) -> str:
    return chat.CUT if stop == "max_tokens" else _STOPPED.get(stop, f"stopped: {stop}")


def _text(answer: dict[str, Any]) -> str:
    blocks = answer["output"]["message"]["content"]
    return "".join(block.get("text", "") for block in blocks)
