"""Embedders, chosen by the setting ``FEEDSMITH_EMBEDDER``."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from feedsmith.content.base import Embedder
from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings

# Above this layer, and there only where torch is: named, not imported.
_SENTENCE_TRANSFORMERS = EntryPoint(
    name="sentence-transformers",
    value="feedsmith_training.embedders:SentenceTransformersEmbedder",
    group="feedsmith.embedders",
)


def load_embedder(settings: Settings) -> Embedder:
    """The configured embedder, ready to embed.

    Raises
    ------
    ConfigurationError
        The name is unknown, or what it needs is not installed or not prepared; says what to do.
    """
    kind, _, model = settings.embedder.partition(":")
    folder = settings.models_path / kind
    match kind, model:
        case "minilm", "":
            return _onnx(settings)
        case "e5", "" if (folder / "manifest.json").is_file():
            return _onnx(settings)
        case "e5", "":
            from feedsmith.content.embedders.e5 import E5Embedder

            return E5Embedder(settings.embed_threads)
        case "sentence-transformers", str(name) if name:
            return _sentence_transformers(name)
    raise ConfigurationError(
        f"FEEDSMITH_EMBEDDER={settings.embedder!r} is no embedder: use minilm, e5 or sentence-transformers:NAME"
    )


def _onnx(settings: Settings) -> Embedder:
    from feedsmith.content.embedders.onnx import OnnxEmbedder

    return OnnxEmbedder(settings.models_path / settings.embedder, settings.embed_threads)


def _sentence_transformers(name: str) -> Embedder:
    try:
        embedder: Embedder = _SENTENCE_TRANSFORMERS.load()(name)
    except ImportError as error:
        raise ConfigurationError(
            f"FEEDSMITH_EMBEDDER=sentence-transformers:{name} needs torch and sentence-transformers, which only the "
            f"image functions carry ({error}): install feedsmith[training], or use minilm or e5"
        ) from error
    return embedder
