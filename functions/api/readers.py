"""Under which name a reader is looked up."""

from __future__ import annotations

from feedsmith.bootstrap import Services


def reader(services: Services, tenant: str, user_id: str) -> str:
    """The pseudonym of somebody who only looks.

    Nothing is stored for a look, unless experiments run: a reader's variant is a hash of the pseudonym, so that the
    first look must find the name under which the reader's events will lie.
    """
    found = services.pseudonym if services.treatments.any_run(tenant) else services.pseudonym.known
    return found(tenant, user_id)
