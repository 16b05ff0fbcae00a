"""What users and tenants decide about data."""

from __future__ import annotations

from typing import Final, Literal, get_args

from pydantic import Field, StrictBool

from feedsmith.models.base import Id, Model, ShortText, Utc

Purpose = Literal["profiling", "generation", "analytics"]
PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)


class Consent(Model):
    """What a user allows, for each purpose.

    ``profiling``: rank by what this user did. ``generation``: let a model write from it, and for this user at all.
    ``analytics``: count what this user does in figures about groups, experiments included.
    """

    profiling: StrictBool
    generation: StrictBool
    analytics: StrictBool


class ConsentChoice(Model):
    """What a user chose for each purpose; None: nothing, so that the tenant's default holds."""

    profiling: StrictBool | None = None
    generation: StrictBool | None = None
    analytics: StrictBool | None = None


class Wishes(Model):
    """What a user decided about their own feed; it outlives profiles, and goes with the user.

    ``chosen_at`` is when ``consent`` was last changed. ``removed_tags`` are tags that no profile may hold;
    ``unwanted_items`` and items of ``unwanted_tags`` are never recommended. ``revision`` grows with each change.
    """

    consent: ConsentChoice = ConsentChoice()
    chosen_at: Utc | None = None
    removed_tags: tuple[ShortText, ...] = Field((), max_length=200)
    unwanted_items: tuple[Id, ...] = Field((), max_length=1_000)
    unwanted_tags: tuple[ShortText, ...] = Field((), max_length=200)
    revision: int = Field(0, ge=0)


class TenantSettings(Model):
    """What a tenant decided for all its users; ``revision`` grows with each change."""

    consent: Consent = Consent(profiling=True, generation=True, analytics=True)
    revision: int = Field(0, ge=0)
