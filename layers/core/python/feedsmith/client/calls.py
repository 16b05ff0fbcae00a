"""Each operation of the API as a value: what to send, and what comes back. The clients send them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel

from feedsmith.messages import (
    Domains,
    EventReport,
    Health,
    IndexReport,
    Items,
    Rejects,
    SegmentMap,
    Segments,
    SimilarItems,
    UploadReport,
    UserProfile,
)
from feedsmith.models import (
    Event,
    IndexedItem,
    Ingestion,
    Item,
    Recommendation,
    RecommendedItem,
    Rendition,
    TextKind,
)

T = TypeVar("T", bound=BaseModel | None)
Fields: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One call.

    ``answer`` is the model that comes back; None: nothing does. An ``idempotent`` call may be made again even where the
    API may have carried it out.
    """

    method: str
    path: str
    answer: type[T] | None
    query: Mapping[str, Any] | None = None
    body: Mapping[str, Any] | None = None
    idempotent: bool = True


def put_items(items: Iterable[Item | Fields]) -> Call[IndexReport]:
    """Index up to 100 items; all of them or, where one is wrong, none."""
    return Call("POST", "/v1/items", IndexReport, body={"items": _rows(items)})


def get_item(item_id: str) -> Call[IndexedItem]:
    """An item with what was understood and counted."""
    return Call("GET", f"/v1/items/{part(item_id)}", IndexedItem)


def delete_item(item_id: str) -> Call[None]:
    """Delete an item."""
    # Made again after it was carried out, it would find nothing and say so.
    return Call("DELETE", f"/v1/items/{part(item_id)}", None, idempotent=False)


def similar_items(item_id: str, *, limit: int = 10) -> Call[SimilarItems]:
    """Items of the same domain, nearest in meaning."""
    return Call("GET", f"/v1/items/{part(item_id)}/similar", SimilarItems, query={"limit": limit})


def post_events(events: Iterable[Event | Fields]) -> Call[EventReport]:
    """Record up to 100 events now; for those of a running service, ``client.events`` is the better way."""
    return Call("POST", "/v1/events", EventReport, body={"events": _rows(events)})


def recommendations(
    user_id: str,
    domain: str,
    *,
    limit: int = 10,
    q: str | None = None,
    category: Sequence[str] = (),
    exclude: Sequence[str] = (),
    language: str | None = None,
) -> Call[Recommendation]:
    """A slate for one user; ``q`` searches, ``category`` and ``exclude`` filter, ``language`` is of the reasons."""
    query = {
        "domain": domain,
        "limit": limit,
        "q": q,
        "category": list(category),
        "exclude": list(exclude),
        "language": language,
    }
    return Call("GET", f"/v1/users/{part(user_id)}/recommendations", Recommendation, query=query)


def texts(
    user_id: str,
    kind: TextKind,
    *,
    item_id: str | None = None,
    domain: str | None = None,
    language: str | None = None,
) -> Call[Rendition]:
    """A text of one item, or with ``domain`` alone, of the user's feed."""
    body = {"kind": kind, "item_id": item_id, "domain": domain, "language": language}
    # A model is paid for each time.
    return Call("POST", f"/v1/users/{part(user_id)}/texts", Rendition, body=given(body), idempotent=False)


def profile(user_id: str, domain: str) -> Call[UserProfile]:
    """What is known of a user in one domain."""
    return Call("GET", f"/v1/users/{part(user_id)}/profile", UserProfile, query={"domain": domain})


def segments(domain: str) -> Call[Segments]:
    """The segments of one domain."""
    return Call("GET", "/v1/segments", Segments, query={"domain": domain})


def ingestion(ingestion_id: str) -> Call[Ingestion]:
    """Progress of one upload."""
    return Call("GET", f"/v1/ingestions/{part(ingestion_id)}", Ingestion)


def domains() -> Call[Domains]:
    """The domains of the deployment."""
    return Call("GET", "/v1/domains", Domains)


def items(domain: str, *, q: str | None = None, limit: int = 20) -> Call[Items]:
    """Items of one domain; ``q`` searches."""
    return Call("GET", "/v1/items", Items, query={"domain": domain, "q": q, "limit": limit})


def upload(domain: str, name: str, content: str) -> Call[UploadReport]:
    """A small file of content; ``name`` tells its format, ``ingestion`` how far it is."""
    body = {"domain": domain, "name": name, "content": content}
    return Call("POST", "/v1/uploads", UploadReport, body=body, idempotent=False)


def rejects(ingestion_id: str, *, limit: int = 100) -> Call[Rejects]:
    """Rows of an upload that could not be read, and why."""
    return Call("GET", f"/v1/ingestions/{part(ingestion_id)}/rejects", Rejects, query={"limit": limit})


def why(user_id: str, item_id: str, *, language: str | None = None) -> Call[RecommendedItem]:
    """An item as this user's feed would score it, with the terms and reasons."""
    path = f"/v1/users/{part(user_id)}/items/{part(item_id)}/why"
    return Call("GET", path, RecommendedItem, query={"language": language})


def segment_map(domain: str) -> Call[SegmentMap]:
    """Users of one domain on a plane, by segment."""
    return Call("GET", "/v1/segments/map", SegmentMap, query={"domain": domain})


def live() -> Call[Health]:
    """Whether the API runs."""
    return Call("GET", "/v1/health/live", Health)


def ready() -> Call[Health]:
    """Whether its stores answer, too; raises ``ServerFailed`` where one does not."""
    return Call("GET", "/v1/health/ready", Health)


def part(value: str) -> str:
    """A value as one segment of a path."""
    return quote(value, safe="")


def given(fields: Fields) -> dict[str, Any]:
    """Those fields that are set."""
    return {name: value for name, value in fields.items() if value is not None}


def _rows(rows: Iterable[BaseModel | Fields]) -> list[Any]:
    return [row.model_dump(mode="json", exclude_defaults=True) if isinstance(row, BaseModel) else row for row in rows]
