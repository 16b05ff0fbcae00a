"""HTTP: what users decide about their data and their feeds, and the tenant's defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from feedsmith import bootstrap
from feedsmith.errors import Forbidden
from feedsmith.messages import (
    ConsentReport,
    LanguageQuery,
    NotInterested,
    NotInterestedReport,
    PurposeReport,
    SettingsBody,
    TagReport,
    TagsReport,
)
from feedsmith.models import PURPOSES, Consent, ConsentChoice, Id, ShortText, Wishes
from feedsmith.privacy.wishes import InEffect
from feedsmith.web import Api

if TYPE_CHECKING:
    from feedsmith.profiles.choices import UserChoices

T = TypeVar("T")


def add_routes(app: Api) -> None:
    """Declare the routes."""

    def whose(user_id: str) -> tuple[str, str]:
        tenant = app.caller.tenant
        return tenant, bootstrap.services().pseudonym.known(tenant, user_id)

    def decide(user_id: str, decision: Callable[[UserChoices, str, str], T]) -> T:
        s, tenant = bootstrap.services(), app.caller.tenant
        while True:
            user = s.pseudonym(tenant, user_id)
            decided = decision(s.choices, tenant, user)
            # An erasure that went on meanwhile is over; the decision comes after it, and is the user's new beginning.
            if s.erasure.present(tenant, user):
                return decided

    @app.route("/v1/users/{user_id}/consent", methods=["GET"], scope="users:admin")
    def get_consent(user_id: Id) -> ConsentReport:
        """What may be done with a user's data now, for each purpose, and who decided that."""
        return _consent_report(bootstrap.services().wishes.in_effect(*whose(user_id)))

    @app.route("/v1/users/{user_id}/consent", methods=["PUT"], scope="users:admin")
    def put_consent(user_id: Id, body: ConsentChoice) -> ConsentReport:
        """Take a user's choice; it holds for every request after this one.

        A purpose that is left out stays as it is, null gives it back to the tenant's default. Without profiling, the
        user's profiles are gone when this call returns.
        """
        return _consent_report(decide(user_id, lambda choices, *user: choices.consent(*user, body)))

    @app.route("/v1/users/{user_id}/tags", methods=["GET"], scope="users:admin")
    def get_tags(user_id: Id, query: LanguageQuery) -> TagsReport:
        """What a user's profile says of their interests, by domain, and which tags they removed from it."""
        return _tags_report(*whose(user_id), query.language)

    @app.route("/v1/users/{user_id}/tags/{tag}", methods=["DELETE"], scope="users:admin")
    def remove_tag(user_id: Id, tag: ShortText, query: LanguageQuery) -> TagsReport:
        """Remove a tag from a user's profile now, and keep it out.

        Items whose main subject it is speak for nothing any more; other items lose that tag.
        """
        decide(user_id, lambda choices, *user: choices.remove_tag(*user, tag))
        return _tags_report(*whose(user_id), query.language)

    @app.route("/v1/users/{user_id}/tags/{tag}", methods=["PUT"], scope="users:admin")
    def restore_tag(user_id: Id, tag: ShortText, query: LanguageQuery) -> TagsReport:
        """Let a removed tag into a user's profile again."""
        decide(user_id, lambda choices, *user: choices.remove_tag(*user, tag, undo=True))
        return _tags_report(*whose(user_id), query.language)

    @app.route("/v1/users/{user_id}/not-interested", methods=["POST"], scope="users:admin")
    def not_interested(user_id: Id, body: NotInterested) -> NotInterestedReport:
        """Never recommend an item, or items of a topic or category, to a user again; or undo that."""

        def said(choices: UserChoices, tenant: str, user: str) -> Wishes:
            if body.item_id is not None:
                return choices.unwant_item(tenant, user, body.item_id, undo=body.undo)
            return choices.unwant_tag(tenant, user, body.chosen_tag, undo=body.undo)

        wishes = decide(user_id, said)
        return NotInterestedReport(items=wishes.unwanted_items, tags=wishes.unwanted_tags)

    @app.route("/v1/settings", methods=["GET"], scope="users:admin")
    def get_settings() -> SettingsBody:
        """What the tenant decided for users who did not decide themselves; for operators only."""
        _only_operators(app)
        settings = bootstrap.services().ledger.tenant_settings(app.caller.tenant)
        return _settings(settings.consent)

    @app.route("/v1/settings", methods=["PUT"], scope="users:admin")
    def put_settings(body: SettingsBody) -> SettingsBody:
        """Change the tenant's defaults; what is left out stays. For operators only.

        It holds in all processes within five seconds. Where profiling becomes forbidden, nobody's profile is used from
        then on who did not allow it themselves, and it is removed at the next re-clustering.
        """
        _only_operators(app)
        return _settings(bootstrap.services().wishes.set_default(app.caller.tenant, body.consent))


def _only_operators(app: Api) -> None:
    if app.caller.role != "operator":
        raise Forbidden


def _settings(consent: Consent) -> SettingsBody:
    return SettingsBody(consent=ConsentChoice(**consent.model_dump()))


def _consent_report(held: InEffect) -> ConsentReport:
    purposes = {
        purpose: PurposeReport(
            allowed=getattr(held.consent, purpose),
            decided_by="tenant" if getattr(held.wishes.consent, purpose) is None else "user",
        )
        for purpose in PURPOSES
    }
    return ConsentReport(**purposes, chosen_at=held.wishes.chosen_at)


def _tags_report(tenant: str, user: str, language: str) -> TagsReport:
    s = bootstrap.services()
    removed = s.wishes.in_effect(tenant, user).wishes.removed_tags
    domains = {}
    for name, tags in s.profiles.tags(tenant, user).items():
        labels = {topic: known.label.get(language) for topic, known in s.domains[name].taxonomy.items()}
        domains[name] = tuple(
            TagReport(tag=tag.name, label=labels.get(tag.name, tag.name), weight=tag.weight, items=tag.items)
            for tag in tags
        )
    return TagsReport(domains=domains, removed=removed)
