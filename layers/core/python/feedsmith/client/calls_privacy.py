"""What users decide about their own feeds, as calls."""

from __future__ import annotations

from feedsmith.client.calls import Call, given, part
from feedsmith.messages import ConsentReport, ErasureReport, NotInterestedReport, SettingsBody, TagsReport
from feedsmith.privacy.export import ExportPage


def get_consent(user_id: str) -> Call[ConsentReport]:
    """What a user allows."""
    return Call("GET", f"/v1/users/{part(user_id)}/consent", ConsentReport)


def put_consent(
    user_id: str, *, profiling: bool | None = None, generation: bool | None = None, analytics: bool | None = None
) -> Call[ConsentReport]:
    """Change what a user allows; None leaves a purpose as it is."""
    body = given({"profiling": profiling, "generation": generation, "analytics": analytics})
    return Call("PUT", f"/v1/users/{part(user_id)}/consent", ConsentReport, body=body)


def get_tags(user_id: str, *, language: str | None = None) -> Call[TagsReport]:
    """A user's interests, as tags."""
    return Call("GET", f"/v1/users/{part(user_id)}/tags", TagsReport, query={"language": language})


def remove_tag(user_id: str, tag: str, *, language: str | None = None) -> Call[TagsReport]:
    """Take a tag out of a user's profile, for good."""
    return Call("DELETE", f"/v1/users/{part(user_id)}/tags/{part(tag)}", TagsReport, query={"language": language})


def restore_tag(user_id: str, tag: str, *, language: str | None = None) -> Call[TagsReport]:
    """Let a removed tag back in."""
    return Call("PUT", f"/v1/users/{part(user_id)}/tags/{part(tag)}", TagsReport, query={"language": language})


def not_interested(
    user_id: str, *, item_id: str | None = None, tag: str | None = None, undo: bool = False
) -> Call[NotInterestedReport]:
    """Never recommend an item, or anything of a tag; ``undo`` takes that back."""
    body = given({"item_id": item_id, "tag": tag, "undo": undo})
    return Call("POST", f"/v1/users/{part(user_id)}/not-interested", NotInterestedReport, body=body)


def export_user(user_id: str, *, limit: int = 1_000, cursor: str | None = None) -> Call[ExportPage]:
    """One page of all that is held of a user; ``cursor`` as the page before gave it."""
    query = {"limit": limit, "cursor": cursor}
    return Call("GET", f"/v1/users/{part(user_id)}/export", ExportPage, query=query)


def erase_user(user_id: str) -> Call[ErasureReport]:
    """Erase everything that is held of a user, for good; to be called again until it is complete."""
    return Call("DELETE", f"/v1/users/{part(user_id)}", ErasureReport)


def get_settings() -> Call[SettingsBody]:
    """What the tenant decided for all its users."""
    return Call("GET", "/v1/settings", SettingsBody)


def put_settings(
    *, profiling: bool | None = None, generation: bool | None = None, analytics: bool | None = None
) -> Call[SettingsBody]:
    """Set what holds for users who decided nothing."""
    consent = given({"profiling": profiling, "generation": generation, "analytics": analytics})
    return Call("PUT", "/v1/settings", SettingsBody, body={"consent": consent})
