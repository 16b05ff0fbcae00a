"""S3 upload -> chunks (`plan`); chunk -> indexed items (`work`)."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

from feedsmith.bootstrap import services
from feedsmith.entrypoints import work_chunks

work = work_chunks


def plan(event: dict[str, Any], context: Any) -> None:
    """Plan each uploaded object; the test event that S3 sends when a trigger is made has no records."""
    for record in event.get("Records", []):
        uploaded = record["s3"]
        key = unquote_plus(uploaded["object"]["key"])
        services().upload_planner.plan(
            uploaded["bucket"]["name"],
            key,
            uploaded["object"].get("versionId"),
            remaining_s=lambda: context.get_remaining_time_in_millis() / 1000,
        )
