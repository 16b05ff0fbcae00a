"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, LiteLLM, OpenAI itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from feedsmith.errors import ConfigurationError, WriterError, WriterUnavailable
from feedsmith.writing.base import Draft, Prompt, StructuredWriter, Writer
from feedsmith.writing.writers import chat
from feedsmith.writing.writers.retrying import Deadline, retrying

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_OF_THE_PROMPT = frozenset({400, 413, 422})  # another prompt may fare better
_SEED = 20
_CONNECT_S = 2.0
_MOST_BYTES = 2**20
_UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError)


class OpenAIWriter(Writer, StructuredWriter):
    """Writes with a model behind ``{base_url}/chat/completions``.

    Parameters
    ----------
    base_url
        Up to and including the version, as ``https://host/v1``.
    timeout_s
        Seconds for one text, retries included.

    Raises
    ------
    ConfigurationError
        The base URL is none.
    """

    def __init__(
        self, model: str, base_url: str, *, api_key: str | None = None, timeout_s: float = 8.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._model = model
        self._timeout_s = timeout_s
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        try:
            self._client = httpx.Client(base_url=base_url.rstrip("/"), headers=headers)
        except (httpx.InvalidURL, UnicodeEncodeError) as error:
            raise ConfigurationError(
                f"{self.name} cannot be called: check the URL in FEEDSMITH_WRITER and the key for stray characters"
            ) from error

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        answer = self._complete(
            chat.messages(prompt),
            n=n,
            max_tokens=chat.max_tokens(prompt),
            temperature=chat.TEMPERATURE,
            top_p=chat.TOP_P,
        )
        try:
            texts, lost = [], []
            for choice in answer["choices"][:n]:
                text = _text(choice)
                if why := _unusable(choice) or (_is_cut(choice) and not chat.whole(text, prompt) and chat.CUT):
                    lost.append(why)
                else:
                    texts.append(text)
            usage = answer.get("usage") or {}
            read, written = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
            cached = int((usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0)
        except _UNREADABLE as error:
            raise self._unreadable() from error
        return chat.drafts_of(
            texts,
            prompt,
            self.name,
            input_tokens=max(0, read - cached),  # prompt_tokens count the cached ones too
            output_tokens=max(0, written),
            cache_read_tokens=max(0, cached),
            lost=lost,
        )

    def structured(self, system: str, user: str, schema: Mapping[str, Any], *, max_tokens: int = 512) -> dict[str, Any]:
        answer = self._complete(
            chat.dialogue(system, user),
            max_tokens=max_tokens,
            temperature=0,
            response_format=chat.response_format(schema),
        )
        try:
            choice = answer["choices"][0]
            text = _text(choice)
            why = _unusable(choice) or (_is_cut(choice) and chat.CUT)
        except _UNREADABLE as error:
            raise self._unreadable() from error
        if why:
            raise WriterError(f"{self.name} {why}")
        return chat.parsed(text, self.name)

    def _complete(self, messages: list[dict[str, str]], **how: Any) -> Any:
        request = {"model": self._model, "messages": messages, "seed": _SEED, **how}
        deadline = Deadline(self._timeout_s)
        try:
            answer = retrying(lambda: self._post(request, deadline), _pause, deadline, self._sleep)
            return json.loads(answer)
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            kind = WriterError if status in _OF_THE_PROMPT else WriterUnavailable
            raise kind(f"{self.name} answered HTTP {status}") from error
        except httpx.TimeoutException as error:
            raise WriterUnavailable(f"{self.name} took longer than {self._timeout_s:.1f} s") from error
        except httpx.HTTPError as error:
            raise WriterUnavailable(f"{self.name} does not answer: {type(error).__name__}") from error
        except _UNREADABLE as error:
            raise self._unreadable() from error

    def _post(self, request: Mapping[str, Any], deadline: Deadline) -> bytes:
        """The answer's body. httpx limits each wait for bytes; this limits the waits together, and the bytes."""
        waits = httpx.Timeout(deadline.left, connect=min(_CONNECT_S, deadline.left))
        body = bytearray()
        with self._client.stream("POST", "/chat/completions", json=request, timeout=waits) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                body += chunk
                if not deadline.left:
                    raise httpx.ReadTimeout("the answer goes on after the deadline")
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is longer than any completion")
        return bytes(body)

    def _unreadable(self) -> WriterUnavailable:
        return WriterUnavailable(f"{self.name} answered something that is no chat completion")


def _pause(error: BaseException) -> float | None:
    """As :func:`retrying` asks: what passes is a busy server, and a connection that it closed meanwhile."""
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in _PASSING:
        after = error.response.headers.get("Retry-After", "")
        return float(after) if after.isdecimal() else 0.0
    return 0.0 if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError) else None


def _text(choice: Mapping[str, Any]) -> str:
    text = choice["message"].get("content") or ""
    if not isinstance(text, str):
        raise TypeError("content that is no text")
    return text


def _unusable(choice: Mapping[str, Any]) -> str:
    """Why a choice has no text; empty: it has one."""
    if choice["message"].get("refusal"):
        return chat.REFUSED
    return chat.FILTERED if choice.get("finish_reason") == "content_filter" else ""


def _is_cut(choice: Mapping[str, Any]) -> bool:
    return choice.get("finish_reason") == "length"
