"""What the in-memory ledger shows and erases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from feedsmith.errors import InvalidRequest, StoreUnavailable
from feedsmith.models import JsonObject
from feedsmith.stores.ledger import Ledger, RecordPage
from support.rights import InMemoryPeople


class InMemoryRights(Ledger):
    """The part of the in-memory ledger that shows and erases; ``people`` knows who was erased."""

    people: InMemoryPeople

    def _records(self, tenant: str, user: str) -> list[tuple[str, JsonObject, dict[Any, Any], Any]]:
        """Sort key, record, and where it lies."""
        held: Any = self
        found: list[tuple[str, JsonObject, dict[Any, Any], Any]] = []
        events = held._events.get((tenant, user), {})
        for key, event in events.items():
            shown = event.model_dump(mode="json", exclude={"user_id"}, exclude_none=True)
            found.append((f"E#{key}", {"kind": "event", **shown}, events, key))
        for key, (text, expires_at) in held._texts.items():
            if key[:2] == (tenant, user):
                shown = {"kind": "text", "text": _json(text), "expires_at": int(expires_at.timestamp())}
                found.append((f"T#{key[2]}", shown, held._texts, key))
        if (tenant, user) in held._revisions:
            shown = {"kind": "revision", "revision": held._revisions[tenant, user]}
            found.append(("META", shown, held._revisions, (tenant, user)))
        if (tenant, user) in held._wishes:
            wishes = held._wishes[tenant, user]
            shown = {"kind": "wishes", "wishes": wishes.model_dump(mode="json"), "revision": wishes.revision}
            found.append(("WISHES", shown, held._wishes, (tenant, user)))
        return sorted(found, key=lambda entry: entry[0])

    def records(self, tenant: str, user: str, *, limit: int, cursor: str | None = None) -> RecordPage:
        if cursor is not None and not cursor.startswith("after "):
            raise InvalidRequest("no page has this cursor: start again without one")
        after = "" if cursor is None else cursor.removeprefix("after ")
        rest = [entry for entry in self._records(tenant, user) if entry[0] > after]
        page = rest[:limit]
        return RecordPage([entry[1] for entry in page], f"after {page[-1][0]}" if len(rest) > limit else None)

    def erase(self, tenant: str, user: str, *, until: Callable[[], bool] = lambda: False) -> dict[str, int]:
        counts: dict[str, int] = {}
        for _, shown, place, key in self._records(tenant, user):
            if until():
                break
            del place[key]
            counts[shown["kind"]] = counts.get(shown["kind"], 0) + 1
        return counts

    def _places(self, tenant: str) -> list[tuple[dict[Any, Any], Any]]:
        """All that is of a tenant: where it lies, and its key there."""
        held: Any = self
        by_tenant = (
            held._counters, held._ingestions, held._chunks, held._texts, held._wishes, held._spent, held._jobs,
            held._revisions, held._experiments,
        )  # fmt: skip
        found = [(place, key) for place in by_tenant for key in place if key[0] == tenant]
        found += [(held._settings, tenant)] if tenant in held._settings else []
        for place in (held._keys, held._issuers):
            found += [(place, key) for key, model in place.items() if model.tenant == tenant]
        for (owner, _), events in held._events.items():
            found += [(events, key) for key in events] if owner == tenant else []
        return found

    def tenant_records(self, tenant: str) -> Iterator[JsonObject]:
        for place, key in self._places(tenant):
            value = place[key]
            yield {"record": value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)}

    def erase_tenant(self, tenant: str) -> int:
        places = self._places(tenant)
        for place, key in places:
            del place[key]
        self.people.drop_tenant(tenant)
        return len(places)

    def forget_tenant(self, tenant: str) -> None:
        held: Any = self
        held._tenants.discard(tenant)

    def reseal(self, tenant: str) -> int:
        return 0  # nothing is sealed here

    def _refuse_erased(self, tenant: str, user: str, place: dict[Any, Any], key: Any) -> None:
        if self.people.erased(tenant, [user]):
            place.pop(key, None)
            raise StoreUnavailable("this user was erased while the call was under way; call again to start anew")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
