"""A GGUF model in this process, run by llama.cpp."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedsmith.errors import ConfigurationError, WriterError
from feedsmith.writing.base import Draft, Prompt, StructuredWriter, Writer
from feedsmith.writing.writers import chat

_CONTEXT = 4096  # tokens, shared by the prompt and all candidates
_SEED = 20


class GgufWriter(Writer, StructuredWriter):
    """Writes with a local model, from a fixed seed; how calls fall together can still change a draft.

    llama.cpp's server object always listens on a port: here a free one of the loopback interface, closed to others
    by a random key. Drafts are sampled together after one reading of the prompt.

    Parameters
    ----------
    path
        The model file.
    adapter
        A LoRA adapter of it, GGUF.
    timeout_s
        Seconds of sampling after which a draft ends where it is.
    parallel
        Most drafts per call.
    threads
        Threads of the model; None: half of this process's cores. llama.cpp's threads wait for each other at every
        layer, so that one that has to share its core holds up all the others.
    """

    def __init__(
        self, path: Path, *, adapter: Path | None = None, timeout_s: float = 8.0, parallel: int = 3,
        threads: int | None = None,
    ) -> None:  # fmt: skip
        self._path = path
        self._adapter = adapter
        self._timeout_s = timeout_s
        self._parallel = parallel
        self._threads = threads or max(1, len(os.sched_getaffinity(0)) // 2)
        self.api_key = secrets.token_hex(16)
        self._server: Any = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return f"gguf:{self._path.parent.name}/{self._path.name}"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        request = {
            "messages": chat.messages(prompt),
            "n": min(n, self._parallel),
            "max_tokens": chat.max_tokens(prompt),
            "temperature": chat.TEMPERATURE,
            "top_p": chat.TOP_P,
        }
        answer = self._answer(request)
        return chat.drafts_of(
            [choice["message"].get("content") or "" for choice in answer["choices"]],
            prompt,
            self.name,
            input_tokens=answer["usage"]["prompt_tokens"],
            output_tokens=answer["usage"]["completion_tokens"],
        )

    def structured(self, system: str, user: str, schema: Mapping[str, Any], *, max_tokens: int = 512) -> dict[str, Any]:
        request = {
            "messages": chat.dialogue(system, user),
            "max_tokens": max_tokens,
            "temperature": 0,
            "response_format": chat.response_format(schema),
        }
        choice = self._answer(request)["choices"][0]
        if choice["finish_reason"] == "length":
            raise WriterError(f"{self.name} {chat.CUT}")
        return chat.parsed(choice["message"].get("content") or "", self.name)

    def _bounds(self) -> dict[str, Any]:
        """What every request has, unless it says otherwise."""
        return {"seed": _SEED, "t_max_predict_ms": int(self._timeout_s * 1000)}

    def _answer(self, request: dict[str, Any], *, chat: bool = True) -> dict[str, Any]:
        server = self._loaded()
        asked = server.handle_chat_completions if chat else server.handle_completions
        try:
            answer: dict[str, Any] = asked(self._bounds() | request)
        except (ValueError, RuntimeError) as error:  # llama.cpp's, such as a schema that it cannot read
            raise WriterError(f"{self.name} failed with {type(error).__name__}") from error
        if "error" in answer:
            raise WriterError(f"{self.name} failed: {answer['error'].get('message', 'no reason given')}")
        return answer

    def _loaded(self) -> Any:
        with self._lock:
            if self._server is None:
                self._server = self._load()
            return self._server

    def _load(self) -> Any:
        try:
            import xllamacpp
        except ImportError as error:
            raise ConfigurationError(
                "a gguf: writer needs the package xllamacpp: pip install 'feedsmith[local]'"
            ) from error
        if not self._path.is_file():
            raise ConfigurationError(
                f"no model file {self._path}: check the path in FEEDSMITH_WRITER, or prepare the models"
            )
        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
        params.hostnames, params.port = ["127.0.0.1"], 0
        params.api_keys = [self.api_key]
        params.ui = params.endpoint_slots = params.warmup = False
        params.offline = True
        params.verbosity = -1
        params.n_parallel, params.n_ctx, params.kv_unified, params.cache_ram_mib = self._parallel, _CONTEXT, True, 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = self._threads
        params.cpuparams.poll = params.cpuparams_batch.poll = 0  # idle threads sleep: the cores are shared
        if self._adapter is not None:
            params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(self._adapter), 1.0)]
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            raise ConfigurationError(f"{self._path} is no model that llama.cpp can load: {error}") from error
