"""What letting callers in needs of the outside, and what it says of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from feedsmith.models import Caller


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in.

    ``usage_key`` names whose rate the call counts towards: an API key's id, or the issuer's of a user's token.
    """

    caller: Caller
    usage_key: str


class UsagePlan(ABC):
    """The rate that each usage key is held to, by whatever stands before the API."""

    @abstractmethod
    def enter(self, usage_key: str, label: str) -> None:
        """Give a usage key a rate of its own; one that is entered already stays as it is."""

    @abstractmethod
    def withdraw(self, usage_key: str) -> None:
        """Forget a usage key; an unknown one does nothing."""


class NoUsagePlan(UsagePlan):
    """Nothing needs to know usage keys beforehand, as in the local stack."""

    def enter(self, usage_key: str, label: str) -> None:
        """Do nothing."""

    def withdraw(self, usage_key: str) -> None:
        """Do nothing."""


class Download(ABC):
    """Gets small public documents."""

    @abstractmethod
    def __call__(self, url: str) -> bytes:
        """The document at ``url``.

        Raises
        ------
        StoreUnavailable
            It cannot be had, or is too large.
        """
