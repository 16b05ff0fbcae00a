"""What every embedder does to a text before it reads it."""

from __future__ import annotations


def clean(text: str) -> str:
    """The text without NUL characters, and with lone surrogates replaced, so that it encodes as UTF-8."""
    return text.replace("\x00", " ").encode("utf-8", "replace").decode("utf-8")
