"""HTTP: items, events, recommendations, texts, users. Parse, one call, reply."""

from __future__ import annotations

from datetime import timedelta

from readers import reader
from routes_content import add_routes as add_content_routes
from routes_insight import add_routes as add_insight_routes
from routes_privacy import add_routes as add_privacy_routes
from routes_rights import add_routes as add_rights_routes

from feedsmith.bootstrap import services
from feedsmith.errors import FeedsmithError, NotFound, StoreUnavailable, ValidationFailed
from feedsmith.insight import metrics
from feedsmith.messages import (
    MAX_ROWS,
    DomainQuery,
    EventBatch,
    EventReport,
    Health,
    IndexReport,
    ItemBatch,
    ItemId,
    RecommendationQuery,
    Segments,
    SegmentSummary,
    SimilarItem,
    SimilarItems,
    SimilarQuery,
    UserId,
    UserProfile,
)
from feedsmith.models import Id, IndexedItem, Ingestion, Recommendation, Rendition, TextRequest, utcnow
from feedsmith.web import Api
from feedsmith.web.app import at_most
from feedsmith.web.documents import add_documents

app = Api("feedsmith-api", max_body_bytes=5 * 2**20)
add_documents(app)

FUTURE = timedelta(hours=1)


@app.route("/v1/items", methods=["POST"], scope="items:write")
def put_items(body: ItemBatch) -> IndexReport:
    """Index up to 100 items now.

    A batch is taken whole or not at all; a 422 names each row that is wrong. An item that is there already, word for
    word, costs nothing.
    """
    at_most(body.items, MAX_ROWS, "items")
    report = services().content.index(app.caller.tenant, body.items)
    return IndexReport(indexed=report.indexed, unchanged=report.unchanged)


@app.route("/v1/items/{item_id}", methods=["GET"], scope="recommend:read", raises=(NotFound,))
def get_item(item_id: ItemId) -> IndexedItem:
    """An item with what was understood and counted."""
    return services().content.get(app.caller.tenant, item_id)


@app.route("/v1/items/{item_id}", methods=["DELETE"], scope="items:write", raises=(NotFound,))
def delete_item(item_id: ItemId) -> None:
    """Delete an item; profiles that it shaped forget it at their next event."""
    services().content.delete(app.caller.tenant, item_id)


@app.route("/v1/items/{item_id}/similar", methods=["GET"], scope="recommend:read", raises=(NotFound,))
def similar_items(item_id: ItemId, query: SimilarQuery) -> SimilarItems:
    """Items of the same domain, nearest in meaning."""
    found = services().content.similar(app.caller.tenant, item_id, query.limit)
    return SimilarItems(
        items=tuple(
            SimilarItem(item_id=indexed.item.id, title=indexed.item.title, similarity=round(score, 6))
            for indexed, score in found
        )
    )


@app.route("/v1/events", methods=["POST"], scope="events:write", status=202)
def post_events(body: EventBatch) -> EventReport:
    """Accept up to 100 events; 202 means that they are durable.

    An event's identity is its user and ``event_id``, or without one, its own fields: sent again, it is a duplicate
    and not a second click. Without its user's consent to profiling, an event counts for its item only, and without
    that to analytics too, it is ignored.
    """
    at_most(body.events, MAX_ROWS, "events")
    for user_id in {event.user_id for event in body.events}:
        app.require("events:write", user_id)
    _not_from_the_future(body)
    taken = services().intake.take(app.caller.tenant, body.events)
    metrics.emit({"EventsAccepted": taken.accepted, "EventsDuplicate": taken.duplicates})
    return EventReport(accepted=taken.accepted, duplicates=taken.duplicates, ignored=taken.ignored)


@app.route("/v1/users/{user_id}/recommendations", methods=["GET"], scope="recommend:read", raises=(NotFound,))
def recommendations(user_id: UserId, query: RecommendationQuery) -> Recommendation:
    """A slate for one user.

    Each item brings its score, the terms that the score is the sum of, and the reasons made of them.
    """
    tenant, s = app.caller.tenant, services()
    return s.ranking.recommend(
        tenant,
        reader(s, tenant, user_id),
        domain=s.domains[query.domain].name,
        limit=query.limit,
        query=s.redact(query.q, mask="") if query.q else None,
        categories=query.category,
        exclude=query.exclude,
        language=query.language,
    )


@app.route("/v1/users/{user_id}/texts", methods=["POST"], scope="texts:write", raises=(NotFound,))
def texts(user_id: UserId, body: TextRequest) -> Rendition:
    """A text of one item, or of the feed, for one user."""
    tenant, s = app.caller.tenant, services()
    return s.writing.write(tenant, reader(s, tenant, user_id), body)


@app.route("/v1/users/{user_id}/profile", methods=["GET"], scope="users:admin", raises=(NotFound,))
def profile(user_id: UserId, query: DomainQuery) -> UserProfile:
    """What is known of a user in one domain, without the vectors."""
    tenant, s = app.caller.tenant, services()
    domain = s.domains[query.domain].name
    user = s.pseudonym.known(tenant, user_id)
    found = s.profiles.load(tenant, user, domain) if s.wishes.allows(tenant, user, "profiling") else None
    if found is None:
        raise NotFound("nothing is known of this user in this domain: no event yet, or no consent to profiling")
    segment = s.segments.nearest(tenant, domain, found.taste) if found.taste else None
    shown = found.model_dump(exclude={"user": True, "taste": True, "interests": {"__all__": {"vector"}}})
    return UserProfile(
        **shown, segment=segment.id if segment else None, segment_label=segment.label if segment else None
    )


@app.route("/v1/segments", methods=["GET"], scope="insight:read", raises=(NotFound,))
def segments(query: DomainQuery) -> Segments:
    """The segments of one domain."""
    tenant, s = app.caller.tenant, services()
    found = s.segments.list(tenant, s.domains[query.domain].name)
    return Segments(segments=tuple(SegmentSummary(**segment.model_dump(exclude={"centroid"})) for segment in found))


@app.route("/v1/ingestions/{ingestion_id}", methods=["GET"], scope="items:write", raises=(NotFound,))
def ingestion(ingestion_id: Id) -> Ingestion:
    """Progress of one upload."""
    tenant, s = app.caller.tenant, services()
    # Imported here: the uploads package would cost every cold start of the API some 20 ms.
    from feedsmith.content.uploads import progress

    found = progress(s.ledger, tenant, ingestion_id, work_bucket=s.settings.work_bucket, now=utcnow())
    if found is None:
        raise NotFound("no such ingestion")
    return found


@app.route("/v1/health/live", methods=["GET"], scope=None)
def live() -> Health:
    """Answer while the process runs."""
    return Health()


@app.route("/v1/health/ready", methods=["GET"], scope=None)
def ready() -> Health:
    """Say whether each store answers; 503 names those that do not."""
    s = services()
    down: list[str] = []
    for name, ping in (("ledger", lambda: s.ledger.ping()), ("vectors", lambda: s.vectors().ping())):
        try:
            ping()
        except FeedsmithError as error:
            down.append(f"{name}: {error.title}")
    if down:
        said = "; ".join(down)
        raise StoreUnavailable(said, shown=said)
    return Health()


add_content_routes(app)
add_privacy_routes(app)
add_rights_routes(app)
add_insight_routes(app)


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
