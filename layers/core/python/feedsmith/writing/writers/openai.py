"""Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, Ollama, LiteLLM, OpenAI itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from feedsmith.errors import WriterError
from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.writers import chat

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_SEED = 20


class OpenAIWriter(Writer):
    """Writes with a model behind ``{base_url}/chat/completions``.

    Parameters
    ----------
    base_url
        Up to and including the version, as ``https://host/v1``.
    timeout_s
        Seconds for one call.
    """

    def __init__(
        self, model: str, base_url: str, *, api_key: str | None = None, timeout_s: float = 8.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._model = model
        self._sleep = sleep
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(base_url=base_url.rstrip("/"), headers=headers, timeout=timeout_s)

    @property
    def name(self) -> str:
        return f"openai:{self._model}"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        try:
            answer = chat.retrying(lambda: self._complete(prompt, n), _passes, self._sleep)
            texts = [choice["message"].get("content") or "" for choice in answer["choices"]]
            usage = answer.get("usage") or {}
        except httpx.HTTPStatusError as error:
            raise WriterError(f"{self.name} answered HTTP {error.response.status_code}") from error
        except httpx.HTTPError as error:
            raise WriterError(f"{self.name} does not answer: {type(error).__name__}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise WriterError(f"{self.name} answered something that is no chat completion") from error
        return chat.drafts_of(
            texts,
            prompt,
            self.name,
            input_tokens=usage.get("prompt_tokens", 0),
            output_tokens=usage.get("completion_tokens", 0),
        )

    def _complete(self, prompt: Prompt, n: int) -> Any:
        answer = self._client.post(
            "/chat/completions",
            json={
                "model": self._model,
                "messages": chat.messages(prompt),
                "n": n,
                "max_tokens": chat.max_tokens(prompt),
                "temperature": chat.TEMPERATURE,
                "top_p": chat.TOP_P,
                "seed": _SEED,
            },
        )
        answer.raise_for_status()
        return answer.json()


def _passes(error: BaseException) -> bool:
    return isinstance(error, httpx.HTTPStatusError) and error.response.status_code in _PASSING
