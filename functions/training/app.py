"""What needs torch, in a container image: the chunk worker with a torch embedder, and the training of rankers."""

from __future__ import annotations

from typing import Any

from feedsmith.bootstrap import services
from feedsmith.entrypoints import work_chunks
from feedsmith_training.promotion import Promoter
from feedsmith_training.run import train_all

handler = work_chunks


def train(_event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Schedule -> a challenger for each tenant and domain; a failure is raised after the others are done."""
    s = services()
    outcome = train_all(s, Promoter(s.models), time_left=lambda: context.get_remaining_time_in_millis() / 1000)
    if outcome.failures:
        raise ExceptionGroup("training failed", outcome.failures)
    return {"reports": [report.model_dump(mode="json") for report in outcome.reports]}
