"""HTTP: what there is to read, small uploads, why an item is shown, and the map of tastes."""

from __future__ import annotations

from readers import reader

from feedsmith import bootstrap
from feedsmith.errors import NotFound
from feedsmith.messages import (
    DomainQuery,
    DomainReport,
    Domains,
    ItemId,
    ItemQuery,
    Items,
    MapPoint,
    MapSegment,
    Rejects,
    RejectsQuery,
    SegmentMap,
    Upload,
    UploadReport,
    UserId,
    WhyQuery,
)
from feedsmith.models import Id, RecommendedItem
from feedsmith.web import Api


def add_routes(app: Api) -> None:
    """Declare the routes."""

    @app.route("/v1/domains", methods=["GET"], scope="recommend:read")
    def domains() -> Domains:
        """The domains of this deployment, with their topics."""
        known = bootstrap.services().domains
        return Domains(
            domains=tuple(
                DomainReport(
                    name=name,
                    label=rules.label.model_dump(),
                    topics={topic: entry.label.model_dump() for topic, entry in rules.taxonomy.items()},
                    languages=rules.languages,
                )
                for name, rules in known.items()
            )
        )

    @app.route("/v1/items", methods=["GET"], scope="recommend:read", raises=(NotFound,))
    def items(query: ItemQuery) -> Items:
        """Items of a domain: the nearest in meaning to some words, or the newest."""
        s = bootstrap.services()
        return Items(items=tuple(s.content.find(app.caller.tenant, query.domain, query.q, query.limit)))

    @app.route("/v1/uploads", methods=["POST"], scope="items:write", status=202, raises=(NotFound,))
    def upload(body: Upload) -> UploadReport:
        """Ingest a small file: JSON Lines, CSV or JSON.

        A larger one, or a compressed one, goes into the uploads bucket itself. Rows are read in the background; ask
        for the ingestion to see how far it is, and for its rejects.
        """
        from feedsmith.content.uploads import submit

        tenant, s = app.caller.tenant, bootstrap.services()
        bucket = s.settings.uploads_bucket
        return UploadReport(
            ingestion_id=submit(s.blobs, bucket, tenant, s.domains[body.domain].name, body.name, body.content)
        )

    @app.route("/v1/ingestions/{ingestion_id}/rejects", methods=["GET"], scope="items:write", raises=(NotFound,))
    def rejects(ingestion_id: Id, query: RejectsQuery) -> Rejects:
        """Rows that an ingestion refused so far, each with its line and the reason."""
        from feedsmith.content import uploads

        tenant, s = app.caller.tenant, bootstrap.services()
        if s.ledger.ingestion(tenant, ingestion_id) is None:
            raise NotFound("no such ingestion")
        rows, more = uploads.rejects(s.blobs, s.settings.work_bucket, tenant, ingestion_id, query.limit)
        return Rejects(rows=tuple(rows), more=more)

    @app.route("/v1/users/{user_id}/items/{item_id}/why", methods=["GET"], scope="recommend:read", raises=(NotFound,))
    def why(user_id: UserId, item_id: ItemId, query: WhyQuery) -> RecommendedItem:
        """What one item's score is made of for this user, whether or not it would be recommended now."""
        tenant, s = app.caller.tenant, bootstrap.services()
        return s.ranking.explain(tenant, reader(s, tenant, user_id), item_id, query.language)

    @app.route("/v1/segments/map", methods=["GET"], scope="insight:read", raises=(NotFound,))
    def segment_map(query: DomainQuery) -> SegmentMap:
        """Where the tastes of a domain's users lie, on a plane; nobody is named.

        Empty before there are segments, since fewer users than make one are not shown.
        """
        tenant, s = app.caller.tenant, bootstrap.services()
        segments, placed = s.segments.map(tenant, s.domains[query.domain].name)
        if placed is None:
            return SegmentMap()
        return SegmentMap(
            explained=placed.explained,
            segments=tuple(
                MapSegment(
                    id=one.id, label=one.label, size=one.size, x=x, y=y, size_before=one.size_before, drift=one.drift
                )
                for one, (x, y) in zip(segments, placed.segments, strict=True)
            ),
            users=tuple(MapPoint(x=x, y=y, segment=segments[row].id) for x, y, row in placed.users),
        )
