"""The event sources that the local stack knows, as SAM spells their properties.

An unknown property is refused: it would be a setting of the cloud that silently does nothing here.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal


class Properties(BaseModel):
    """Properties spelled ``LikeThis`` in the template."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_pascal)


class Source(Properties):
    """Base of all sources. Resources are named by logical id."""

    enabled: bool = True


class RouteAuth(Properties):
    """``NONE`` opens a route; otherwise the API's default authorizer guards it, and its caller's rate holds."""

    authorizer: str | None = None
    api_key_required: bool = True


class Route(Source):
    """A method and path of the REST API."""

    rest_api_id: str
    method: str
    path: str
    auth: RouteAuth = RouteAuth()

    @property
    def guarded(self) -> bool:
        """Whether the authorizer runs first."""
        return self.auth.authorizer != "NONE"


class Upload(Source):
    """Objects created in a bucket."""

    bucket: str
    events: str | list[str]
    filter: dict[str, Any] | None = None


class Pattern(Properties):
    """An event pattern, as JSON."""

    pattern: str


class FilterCriteria(Properties):
    """A record is carried when any of the patterns matches it; without patterns, always."""

    filters: tuple[Pattern, ...] = ()


class Queue(Source):
    """Messages of a queue, in batches. At most one batch is worked on here, whatever ``scaling_config`` allows."""

    queue: str
    batch_size: int = Field(10, ge=1, le=10)
    function_response_types: tuple[Literal["ReportBatchItemFailures"], ...] = ()
    scaling_config: dict[str, Any] | None = None

    @property
    def partial(self) -> bool:
        """Whether the function names the messages that failed."""
        return "ReportBatchItemFailures" in self.function_response_types


class Stream(Source):
    """Records of a table's stream, in order, in batches."""

    stream: str
    starting_position: Literal["TRIM_HORIZON"]
    batch_size: int = Field(100, ge=1, le=10_000)
    filter_criteria: FilterCriteria = FilterCriteria()
    tumbling_window_in_seconds: int = Field(0, ge=0, le=900)
    parallelization_factor: Literal[1] = 1
    function_response_types: tuple[Literal["ReportBatchItemFailures"], ...] = ()
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: int = Field(-1, ge=-1, description="-1: without end")
    destination_config: dict[str, dict[str, str]] = Field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether the function names the first record that failed."""
        return "ReportBatchItemFailures" in self.function_response_types

    @property
    def on_failure(self) -> str | None:
        """Queue that is told of records that were given up."""
        return self.destination_config.get("OnFailure", {}).get("Destination")


class Schedule(Source):
    """A call every so often."""

    schedule_expression: str
    omit_name: bool = False
    flexible_time_window: dict[str, Any] | None = None

    @property
    def every(self) -> timedelta | None:
        """The interval of ``rate(...)``; None for ``cron(...)``, which runs on demand only here."""
        found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", self.schedule_expression)
        return timedelta(**{f"{found[2]}s": int(found[1])}) if found else None


SOURCES: dict[str, type[Source]] = {
    "Api": Route,
    "S3": Upload,
    "SQS": Queue,
    "DynamoDB": Stream,
    "ScheduleV2": Schedule,
}
