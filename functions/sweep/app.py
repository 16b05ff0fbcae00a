"""Schedule -> erasures that were cut short go on, and what came late for an erased user goes."""

from __future__ import annotations

from typing import Any

from feedsmith.bootstrap import services


def sweep(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Go over the erasures of the last day."""
    return {"erasures": services().erasure.sweep()}
