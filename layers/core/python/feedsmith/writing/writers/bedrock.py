"""A model on Amazon Bedrock, through the Converse API."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError

from feedsmith.errors import ConfigurationError, WriterError
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.writers import chat

_PASSING = frozenset(
    {"ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException", "InternalServerException"}
)
_REFUSED = frozenset({"guardrail_intervened", "content_filtered"})


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
    waits = Config(connect_timeout=min(timeout_s, 2.0), read_timeout=timeout_s, retries={"total_max_attempts": 1})
    try:
        return clients("bedrock-runtime", config=waits)
    except NoRegionError as error:
        raise ConfigurationError("a bedrock: writer needs an AWS region: set AWS_DEFAULT_REGION") from error


class BedrockWriter(Writer):
    """Writes with a Bedrock model; each candidate is a call of its own, all at the same time.

    Parameters
    ----------
    model
        Model id or inference profile ARN.
    client
        A boto3 ``bedrock-runtime`` client.
    """

    def __init__(self, model: str, client: Any, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._model = model
        self._client = client
        self._sleep = sleep

    @property
    def name(self) -> str:
        return f"bedrock:{self._model}"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        with ThreadPoolExecutor(max_workers=n) as pool:
            answers = list(pool.map(lambda _: self._ask(prompt), range(n)))
        failures = [answer for answer in answers if isinstance(answer, WriterError)]
        answered = [answer for answer in answers if not isinstance(answer, WriterError)]
        if not answered:
            raise failures[0]
        return chat.drafts_of(
            [_text(answer) for answer in answered],
            prompt,
            self.name,
            input_tokens=sum(answer["usage"]["inputTokens"] for answer in answered),
            output_tokens=sum(answer["usage"]["outputTokens"] for answer in answered),
        )

    def _ask(self, prompt: Prompt) -> dict[str, Any] | WriterError:
        try:
            return chat.retrying(lambda: self._converse(prompt), _passes, self._sleep)
        except ClientError as error:
            return WriterError(f"{self.name} failed: {error.response['Error']['Code']}")
        except BotoCoreError as error:
            return WriterError(f"{self.name} does not answer: {type(error).__name__}")

    def _converse(self, prompt: Prompt) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.converse(
            modelId=self._model,
            system=[{"text": prompt.system}],
            messages=[{"role": "user", "content": [{"text": prompt.user}]}],
            inferenceConfig={
                "maxTokens": chat.max_tokens(prompt),
                "temperature": chat.TEMPERATURE,
                "topP": chat.TOP_P,
            },
        )
        return answer


def _passes(error: BaseException) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _PASSING


def _text(answer: dict[str, Any]) -> str:
    """The answer's text; nothing where a filter replaced it by its own words."""
    if answer.get("stopReason") in _REFUSED:
        return ""
    blocks = answer["output"]["message"]["content"]
    return "".join(block.get("text", "") for block in blocks)
