"""Writers by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings
from feedsmith.writing.base import Writer
from feedsmith.writing.writers.extractive import ExtractiveWriter

if TYPE_CHECKING:
    from feedsmith.writing.writers.gguf import GgufWriter

ClientFactory: TypeAlias = Callable[..., Any]
"""``boto3.client``, or a function like it: service name and keyword ``config`` -> client."""

# The first "@" that a URL follows: model names may hold one, and so may the part of a URL before its host.
_MODEL_AT_URL = re.compile(r"(?P<model>\S+?)@(?P<url>https?://\S+)")

# Above this layer, and there only where torch is: named, not imported.
_TRANSFORMERS = EntryPoint(name="hf", value="feedsmith_training.writers:TransformersWriter", group="feedsmith.writers")


def load_writer(settings: Settings, clients: ClientFactory | None = None) -> Writer:
    """The writer that ``settings.writer`` names; a local model is loaded when it first writes.

    Parameters
    ----------
    clients
        Makes the AWS client of a ``bedrock:`` writer; None: ``boto3.client``.

    Raises
    ------
    ConfigurationError
        No such kind of writer, or its name lacks a part, or what it needs is not installed.
    """
    kind, _, model = settings.writer.partition(":")
    timeout = settings.writer_timeout_s
    if kind == "extractive" and not model:
        return ExtractiveWriter()
    if kind == "gguf" and model:
        return _gguf(model, settings)
    if kind == "house":
        return _house(model, settings)
    if kind == "bedrock" and model:
        from feedsmith.writing.writers.bedrock import BedrockWriter, Guardrail, connect

        guardrail = settings.writer_guardrail
        return BedrockWriter(
            model,
            connect(timeout, clients),
            timeout_s=timeout,
            guardrail=Guardrail(guardrail, settings.writer_guardrail_version) if guardrail else None,
            prompt_cache=settings.writer_prompt_cache,
        )
    if kind == "openai" and (at := _MODEL_AT_URL.fullmatch(model)):
        from feedsmith.writing.writers.openai import OpenAIWriter

        key = settings.writer_api_key
        return OpenAIWriter(at["model"], at["url"], api_key=key.get_secret_value() if key else None, timeout_s=timeout)
    if kind == "hf" and model:
        return _transformers(model, settings)
    raise ConfigurationError(
        f"FEEDSMITH_WRITER, which begins with {kind!r}, names no writer: use extractive, house, gguf:PATH, "
        "bedrock:MODEL, openai:MODEL@BASE_URL or hf:NAME"
    )


def writer_name(settings: Settings) -> str:
    """The name of the writer that :func:`load_writer` would give, without making it; no URL, key or folder in it.

    ``<kind>:unknown`` where it would give none.
    """
    kind, _, model = settings.writer.partition(":")
    if kind == "extractive" and not model:
        return ExtractiveWriter().name
    if kind == "gguf" and model:
        return _gguf(model, settings).name
    if kind == "house":
        with suppress(ConfigurationError):  # its adapter is not there, as the first text will say
            return _house(model, settings).name
    if kind == "openai" and (at := _MODEL_AT_URL.fullmatch(model)):
        return f"openai:{at['model']}"
    if kind == "bedrock" and model:
        return f"bedrock:{model}"
    if kind == "hf" and model:
        return f"hf:{hf_label(model)}"
    return f"{kind}:unknown"


def hf_label(name: str) -> str:
    """A hub name as it is, a folder without the folders that it is in."""
    return Path(name).name if Path(name).is_absolute() or name.startswith(".") else name


def _gguf(model: str, settings: Settings) -> GgufWriter:
    from feedsmith.writing.writers.gguf import GgufWriter

    path = settings.models_path / "smollm2" / "model.gguf" if model == "smollm2" else Path(model)
    return GgufWriter(path, timeout_s=settings.writer_timeout_s, parallel=settings.writer_candidates)


def _house(adapter: str, settings: Settings) -> GgufWriter:
    from feedsmith.writing.writers.house import HouseWriter

    base = settings.models_path / "smollm2" / "model.gguf"
    trained = Path(adapter) if adapter else settings.models_path / "house" / "adapter.gguf"
    return HouseWriter(base, trained, timeout_s=settings.writer_timeout_s)


def _transformers(name: str, settings: Settings) -> Writer:
    try:
        load = _TRANSFORMERS.load()
    except ImportError as error:
        raise ConfigurationError(
            f"FEEDSMITH_WRITER=hf:{name} needs torch and transformers, which only the image functions carry ({error}): "
            "install feedsmith[training], or use gguf:, bedrock: or openai:"
        ) from error
    writer: Writer = load(name, timeout_s=settings.writer_timeout_s, local_files_only=settings.writer_offline)
    return writer
