"""What all models share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from feedsmith.languages import language_code

Id = Annotated[str, StringConstraints(pattern=r"^[\w.:@=+~-]{1,128}$")]
Domain = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


def _to_language(value: object) -> object:
    return language_code(value) if isinstance(value, str) else value


Language = Annotated[str, BeforeValidator(_to_language), StringConstraints(pattern=r"^[a-z]{2,3}$")]
# "und" and the like say as much as no language at all.
GivenLanguage = Annotated[Language | None, BeforeValidator(_to_language)]
ShortText = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True, min_length=1)]


def _to_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first and last hours of the calendar, in zones where UTC is on its other side
        raise ValueError("out of the range of dates") from None


Utc = Annotated[AwareDatetime, AfterValidator(_to_utc)]


class Model(BaseModel):
    """Base of all models: frozen, and an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_timedelta="float")


JsonObject: TypeAlias = dict[str, Any]


def utcnow() -> datetime:
    """Now, timezone-aware UTC; the one clock, so that tests can replace it where it is injected."""
    return datetime.now(UTC)
