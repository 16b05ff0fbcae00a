"""Who calls, and what users and tenants decide about their data."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from feedsmith.bootstrap.lazy import Lazy
from feedsmith.bootstrap.stores import StoreServices, aws_client
from feedsmith.privacy.pseudonyms import Pseudonyms

if TYPE_CHECKING:
    from feedsmith.access.admin import AccessAdmin
    from feedsmith.access.service import Authenticator
    from feedsmith.access.tokens import Tokens
    from feedsmith.domains import DomainSet
    from feedsmith.privacy.erasure import ErasureService
    from feedsmith.privacy.intake import EventIntake
    from feedsmith.privacy.redaction import Redactor
    from feedsmith.privacy.tenants import TenantService
    from feedsmith.privacy.wishes import WishesService


class PeopleServices(StoreServices):
    """Who calls, and what users and tenants decide about their data."""

    @cached_property
    def domains(self) -> DomainSet:
        """The domain files that come with the package."""
        from feedsmith.domains import load_domains

        return load_domains()

    @cached_property
    def authenticator(self) -> Authenticator:
        """Who calls."""
        from feedsmith.access.keys import KeyRing
        from feedsmith.access.service import Authenticator

        return Authenticator(KeyRing(self.ledger), Lazy(self._make_tokens))

    @cached_property
    def access(self) -> AccessAdmin:
        """Who may call."""
        from feedsmith.access.admin import AccessAdmin
        from feedsmith.access.base import NoUsagePlan
        from feedsmith.access.usage_plan import ApiGatewayUsagePlan

        plan = self.settings.usage_plan
        return AccessAdmin(self.ledger, ApiGatewayUsagePlan(aws_client("apigateway"), plan) if plan else NoUsagePlan())

    @cached_property
    def pseudonym(self) -> Pseudonyms:
        """User id -> pseudonym."""
        return Pseudonyms(self.people, self.keyring)

    @cached_property
    def wishes(self) -> WishesService:
        """What users allow and wish."""
        from feedsmith.privacy.wishes import WishesService

        return WishesService(self.ledger)

    @cached_property
    def intake(self) -> EventIntake:
        """Events -> the ledger, as far as their users allow."""
        from feedsmith.privacy.intake import EventIntake

        return EventIntake(self.ledger, self.wishes, self.pseudonym, self.erasure.present)

    @cached_property
    def redact(self) -> Redactor:
        """Free text without what tells who somebody is."""
        from feedsmith.content.extractors import load_extractor
        from feedsmith.privacy.redaction import Redactor

        return Redactor(load_extractor("rules"))

    @cached_property
    def erasure(self) -> ErasureService:
        """Users leave."""
        from feedsmith.privacy.erasure import ErasureService

        return ErasureService(
            self.ledger, self.vectors, self.people, self.keyring, lambda: self.signer, list(self.domains)
        )

    @cached_property
    def tenants(self) -> TenantService:
        """Tenants as a whole: their keys, their export, their end."""
        from feedsmith.privacy.tenants import TenantService

        s = self.settings
        return TenantService(
            self.ledger, self.vectors, self.blobs, self.people, self.keyring, self.erasure,
            buckets=(s.uploads_bucket, s.work_bucket, s.models_bucket),
        )  # fmt: skip

    def _make_tokens(self) -> Tokens:
        from feedsmith.access.download import HttpsDownload
        from feedsmith.access.keysets import KeySets
        from feedsmith.access.tokens import Tokens

        return Tokens(self.ledger, KeySets(HttpsDownload()))
