"""What a writer's tokens cost."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path

from feedsmith.settings import Settings
from feedsmith.stores.ledger import Spending

LIST = Path(__file__).with_name("prices.toml")
MILLIONTHS = 1e6  # in which the ledger counts money: a dollar has a million of them
BATCH = 0.5  # of the on-demand price, for batch inference on Bedrock
# Bedrock's prompt cache, in parts of the price of tokens read.
_CACHE_READ, _CACHE_WRITE = 0.1, 1.25
_LOCAL = ("extractive", "gguf", "hf", "house")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of calls to a model; those of a provider's prompt cache apart."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, which is also millionths of a dollar per token."""

    input: float
    output: float

    def of(self, usage: Usage, part: float = 1.0) -> Spending:
        """What usage takes; ``part`` of the price, its cost rounded up."""
        read = usage.input_tokens + _CACHE_READ * usage.cache_read_tokens + _CACHE_WRITE * usage.cache_write_tokens
        cost = part * (self.input * read + self.output * usage.output_tokens)
        return Spending(usage.tokens, ceil(round(cost, 6)))  # what binary fractions add is no millionth


FREE = Price(0.0, 0.0)


def price_of(writer: str, settings: Settings) -> Price | None:
    """The price of a writer by its name: as set, 0 for a local one, else the list's; None: not known."""
    if settings.writer_price_in is not None and settings.writer_price_out is not None:
        return Price(settings.writer_price_in, settings.writer_price_out)
    if writer.partition(":")[0] in _LOCAL:
        return FREE
    listed = _listed()
    known = max((name for name in listed if name in writer), key=len, default=None)
    return listed[known] if known is not None else None


@lru_cache(maxsize=1)
def _listed() -> dict[str, Price]:
    return {name: Price(**price) for name, price in tomllib.loads(LIST.read_text(encoding="utf-8")).items()}
