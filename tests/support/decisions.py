"""What users allow, for services under test that are not about that."""

from __future__ import annotations

from feedsmith.models import Consent, Wishes
from feedsmith.privacy.wishes import InEffect

ALL = Consent(profiling=True, generation=True, analytics=True)


class Decided:
    """Everybody decided the same."""

    def __init__(self) -> None:
        self.held = InEffect(ALL, Wishes())

    def in_effect(self, tenant: str, user: str, /) -> InEffect:
        return self.held

    def refuse(self, *purposes: str) -> None:
        """Let the named purposes be refused, and all others allowed."""
        self.held = InEffect(ALL.model_copy(update=dict.fromkeys(purposes, False)), self.held.wishes)

    def wish(self, **wishes: tuple[str, ...]) -> None:
        """Let these be the wishes."""
        self.held = InEffect(self.held.consent, Wishes(**wishes))  # type: ignore[arg-type]  # by the callers' names
