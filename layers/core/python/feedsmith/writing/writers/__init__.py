"""Writers by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings
from feedsmith.writing.base import Writer
from feedsmith.writing.writers.extractive import ExtractiveWriter

ClientFactory: TypeAlias = Callable[..., Any]
"""``boto3.client``, or a function like it: service name and keyword ``config`` -> client."""


def load_writer(settings: Settings, clients: ClientFactory | None = None) -> Writer:
    """The writer that ``settings.writer`` names; a local model is loaded when it first writes.

    Parameters
    ----------
    clients
        Makes the AWS client of a ``bedrock:`` writer; None: ``boto3.client``.

    Raises
    ------
    ConfigurationError
        No such kind of writer, or its name lacks a part.
    """
    kind, _, model = settings.writer.partition(":")
    timeout = settings.writer_timeout_s
    if kind == "extractive" and not model:
        return ExtractiveWriter()
    if kind == "gguf" and model:
        from feedsmith.writing.writers.gguf import GgufWriter

        path = settings.models_path / "smollm2" / "model.gguf" if model == "smollm2" else Path(model)
        return GgufWriter(path, timeout_s=timeout, parallel=settings.writer_candidates)
    if kind == "bedrock" and model:
        from feedsmith.writing.writers.bedrock import BedrockWriter, connect

        return BedrockWriter(model, connect(timeout, clients))
    if kind == "openai" and "@" in model:
        from feedsmith.writing.writers.openai import OpenAIWriter

        name, _, base_url = model.rpartition("@")
        key = settings.writer_api_key
        return OpenAIWriter(name, base_url, api_key=key.get_secret_value() if key else None, timeout_s=timeout)
    raise ConfigurationError(
        f"FEEDSMITH_WRITER={settings.writer!r} names no writer: use extractive, gguf:PATH, bedrock:MODEL or "
        "openai:MODEL@BASE_URL"
    )
