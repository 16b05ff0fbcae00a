"""The one composition root: settings -> wired services.

What a handler does not use is never made: each service is built on first use, once per process, so that a cold start
pays only for its own road. Models load last of all. Each module here wires one part of the house, on top of the one
before: stores, people, content, ranking, writing.
"""

from __future__ import annotations

from feedsmith.bootstrap.lazy import Lazy
from feedsmith.bootstrap.writing import WritingServices
from feedsmith.settings import Settings

__all__ = ["Lazy", "Services", "reset", "services"]


class Services(WritingServices):
    """All services of one process."""


_current: Lazy[Services] = Lazy(lambda: Services(Settings()))


def services() -> Services:
    """The services of this process, from its environment."""
    return _current()


def reset() -> None:
    """Close and forget this process's services, so that the next call reads the environment again."""
    global _current
    if _current.made:
        _current().close()
    _current = Lazy(lambda: Services(Settings()))
