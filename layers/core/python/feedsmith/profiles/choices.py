"""What users decide about their data, put into effect at once."""

from __future__ import annotations

from feedsmith.models import ConsentChoice, Wishes
from feedsmith.privacy.wishes import InEffect, WishesService
from feedsmith.profiles.service import ProfileService


class UserChoices:
    """Takes a user's decision, then computes their profile again, or removes it, before the call returns.

    The decision holds from the moment it is written: where the profile cannot be written then, the call fails and may
    be made again, and the decision holds meanwhile all the same.
    """

    def __init__(self, wishes: WishesService, profiles: ProfileService) -> None:
        self._wishes = wishes
        self._profiles = profiles

    def consent(self, tenant: str, user: str, choice: ConsentChoice) -> InEffect:
        """As :meth:`WishesService.choose`."""
        chosen = self._wishes.choose(tenant, user, choice)
        self._profiles.recompute(tenant, user)
        return chosen

    def remove_tag(self, tenant: str, user: str, tag: str, *, undo: bool = False) -> Wishes:
        """As :meth:`WishesService.remove_tag`."""
        wishes = self._wishes.remove_tag(tenant, user, tag, undo=undo)
        self._profiles.recompute(tenant, user)
        return wishes

    def unwant_item(self, tenant: str, user: str, item_id: str, *, undo: bool = False) -> Wishes:
        """As :meth:`WishesService.unwant_item`."""
        wishes = self._wishes.unwant_item(tenant, user, item_id, undo=undo)
        self._profiles.recompute(tenant, user)
        return wishes

    def unwant_tag(self, tenant: str, user: str, tag: str, *, undo: bool = False) -> Wishes:
        """As :meth:`WishesService.unwant_tag`."""
        wishes = self._wishes.unwant_tag(tenant, user, tag, undo=undo)
        self._profiles.recompute(tenant, user)
        return wishes
