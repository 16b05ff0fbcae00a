"""HTTP: items, events, recommendations, texts, users. Parse, one call, reply."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import unquote

from chalice.app import Response
from pydantic import Field, StringConstraints

from feedsmith.bootstrap import services
from feedsmith.errors import FeedsmithError, NotFound, ValidationFailed
from feedsmith.models import Domain, EventBatch, Id, ItemBatch, Language, ShortText, TextRequest, utcnow
from feedsmith.web import Api
from feedsmith.web.app import at_most, validated

app = Api("feedsmith-api", max_body_bytes=5 * 2**20)

MAX_ROWS = 100
FUTURE = timedelta(hours=1)
Limit = Annotated[int, Field(ge=1, le=100)]
SearchText = Annotated[str, StringConstraints(min_length=1, max_length=500)]


@app.route("/v1/items", methods=["POST"], scope="items:write")
def put_items() -> dict[str, Any]:
    """Index up to 100 items now."""
    batch = app.body(ItemBatch)
    at_most(batch.items, MAX_ROWS, "items")
    report = services().content.index(app.caller.tenant, batch.items)
    return {"indexed": report.indexed, "unchanged": report.unchanged}


@app.route("/v1/items/{item_id}", methods=["GET"], scope="recommend:read")
def get_item(item_id: str) -> Any:
    """An item with what was understood and counted."""
    return services().content.get(app.caller.tenant, _id(item_id))


@app.route("/v1/items/{item_id}", methods=["DELETE"], scope="items:write")
def delete_item(item_id: str) -> Response:
    """Delete an item; profiles that it shaped forget it at their next event."""
    services().content.delete(app.caller.tenant, _id(item_id))
    return Response(body="", status_code=204)


@app.route("/v1/items/{item_id}/similar", methods=["GET"], scope="recommend:read")
def similar_items(item_id: str) -> dict[str, Any]:
    """Items of the same domain, nearest in meaning."""
    tenant, limit = app.caller.tenant, app.query("limit", Limit, 10)
    found = services().content.similar(tenant, _id(item_id), limit)
    return {
        "items": [
            {"item_id": indexed.item.id, "title": indexed.item.title, "similarity": round(score, 6)}
            for indexed, score in found
        ]
    }


@app.route("/v1/events", methods=["POST"], scope="events:write")
def post_events() -> Response:
    """Accept up to 100 events; 202 means that they are durable."""
    tenant, batch = app.caller.tenant, app.body(EventBatch)
    at_most(batch.events, MAX_ROWS, "events")
    for user_id in {event.user_id for event in batch.events}:
        app.require("events:write", user_id)
    _not_from_the_future(batch)
    s = services()
    new = sum(s.ledger.append(tenant, s.pseudonym(tenant, event.user_id), event) for event in batch.events)
    return Response(
        body={"accepted": new, "duplicates": len(batch.events) - new},
        status_code=202,
        headers={"Content-Type": "application/json"},
    )


@app.route("/v1/users/{user_id}/recommendations", methods=["GET"], scope="recommend:read")
def recommendations(user_id: str) -> Any:
    """A slate for one user."""
    tenant, s = app.caller.tenant, services()
    user = s.pseudonym(tenant, _id(user_id))
    domain = app.required("domain", Domain)
    return s.ranking.recommend(
        tenant,
        user,
        domain=s.domains[domain].name,
        limit=app.query("limit", Limit, 10),
        query=app.query("q", SearchText, None),
        categories=app.query("category", tuple[ShortText, ...], ()),
        exclude=app.query("exclude", tuple[Id, ...], ()),
        language=app.query("language", Language, "en"),
    )


@app.route("/v1/users/{user_id}/texts", methods=["POST"], scope="texts:write")
def texts(user_id: str) -> Any:
    """A text of one item, or of the feed, for one user."""
    tenant, s = app.caller.tenant, services()
    return s.writing.write(tenant, s.pseudonym(tenant, _id(user_id)), app.body(TextRequest))


@app.route("/v1/users/{user_id}/profile", methods=["GET"], scope="users:admin")
def profile(user_id: str) -> dict[str, Any]:
    """What is known of a user in one domain, without the vectors."""
    tenant, s = app.caller.tenant, services()
    domain = s.domains[app.required("domain", Domain)].name
    found = s.profiles.load(tenant, s.pseudonym(tenant, _id(user_id)), domain)
    if found is None:
        raise NotFound("nothing is known of this user in this domain; post events first")
    segment = s.segments.nearest(tenant, domain, found.taste) if found.taste else None
    shown = found.model_dump(mode="json", exclude={"user": True, "taste": True, "interests": {"__all__": {"vector"}}})
    return shown | {"segment": segment.id if segment else None, "segment_label": segment.label if segment else None}


@app.route("/v1/segments", methods=["GET"], scope="insight:read")
def segments() -> dict[str, Any]:
    """The segments of one domain."""
    tenant, s = app.caller.tenant, services()
    domain = s.domains[app.required("domain", Domain)].name
    return {"segments": [x.model_dump(mode="json", exclude={"centroid"}) for x in s.segments.list(tenant, domain)]}


@app.route("/v1/ingestions/{ingestion_id}", methods=["GET"], scope="items:write")
def ingestion(ingestion_id: str) -> Any:
    """Progress of one upload."""
    tenant, s = app.caller.tenant, services()
    # Imported here: the uploads package would cost every cold start of the API some 20 ms.
    from feedsmith.content.uploads import progress

    found = progress(s.ledger, tenant, _id(ingestion_id), work_bucket=s.settings.work_bucket, now=utcnow())
    if found is None:
        raise NotFound("no such ingestion")
    return found


@app.route("/v1/health/live", methods=["GET"], scope=None)
def live() -> dict[str, str]:
    """Answer while the process runs."""
    return {"status": "ok"}


@app.route("/v1/health/ready", methods=["GET"], scope=None)
def ready() -> Response:
    """Say whether each store answers; 503 when one does not."""
    s = services()
    checks: dict[str, str] = {}
    for name, ping in (("ledger", lambda: s.ledger.ping()), ("vectors", lambda: s.vectors().ping())):
        try:
            ping()
            checks[name] = "ok"
        except FeedsmithError as error:
            checks[name] = error.title
    healthy = all(said == "ok" for said in checks.values())
    return Response(
        body={"status": "ok" if healthy else "unavailable", "checks": checks},
        status_code=200 if healthy else 503,
        headers={"Content-Type": "application/json"} | ({} if healthy else {"Retry-After": "2"}),
    )


def _not_from_the_future(batch: EventBatch) -> None:
    """An event's age counts from the user's newest, so that one far ahead would outweigh all that is real."""
    latest = utcnow() + FUTURE
    wrong = [
        {"path": f"/events/{index}/at", "message": "lies in the future; check the sender's clock"}
        for index, event in enumerate(batch.events)
        if event.at > latest
    ]
    if wrong:
        raise ValidationFailed(wrong)


def _id(raw: str) -> str:
    # API Gateway hands path parameters on as they came, percent-encoded; no id contains a percent sign.
    return str(validated("id", Id, unquote(raw)))
