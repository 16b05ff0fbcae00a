"""Canaries in every store, and the names that requests may use."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from feedsmith import bootstrap
from feedsmith.models import Segment
from feedsmith.stores.codec import segment_point
from support.services import DIMENSION

if TYPE_CHECKING:
    from fuzz.world import World

TENANTS = {"acme": ("ann", "bob"), "rival": ("rita",)}
TITLES = (
    "Striker scores twice as City win the cup final",
    "Bank lifts its interest rate to four per cent",
    "Champion beaten in the first round of the tennis open",
    "国家足球队赢得比赛",
)
# What deletions mostly aim at, so that canaries live until the next planting.
EXPENDABLE = {"user_id": "leaver", "item_id": "gone", "experiment_id": "trial-gone"}
VOCABULARY: dict[str, tuple[Any, ...]] = {
    "domain": ("news",) * 8 + ("commerce", "weather"),
    "language": ("en", "en", "zh", "de"),
    "user_id": ("ann", "ann", "bob", "bob", "rita", "rita", "nobody-yet"),
    "limit": (1, 5, 10, 100),
    "item_id": (*(f"{tenant}-{n}" for tenant in TENANTS for n in range(len(TITLES))), "unknown"),
    "name": ("items.jsonl", "items.csv", "control", "variant", "other", "third"),
    "tag": ("sport", "business"),
    "experiment_id": ("trial-acme", "trial-rival", "trial-new", "no-trial"),
    "ingestion_id": ("unknown",),
}


def plant_once(made: World) -> None:
    """What no request can take away."""
    for tenant in TENANTS:
        ingestion = _upload(made, tenant)
        made.vocabulary["ingestion_id"] = (*made.vocabulary["ingestion_id"], ingestion)
        plan = {"domain": "news", "variants": [{"name": made.hide("variant", tenant)}, {"name": "other"}]}
        made.ask_as(tenant, "PUT", f"/v1/experiments/trial-{tenant}", plan)
        label = made.hide("key", tenant)
        bootstrap.services().access.create(tenant, scopes=["items:write"], label=label)


def plant(made: World) -> None:
    """What requests change or delete: put back as it was, under the same canaries."""
    for tenant, users in TENANTS.items():
        consent = {"profiling": True, "generation": True, "analytics": True}
        made.ask_as(tenant, "PUT", "/v1/settings", {"consent": consent})
        items = [_item(made, tenant, f"{tenant}-{n}", title) for n, title in enumerate(TITLES)]
        made.ask_as(tenant, "POST", "/v1/items", {"items": items})
        for user in users:
            made.ask_as(tenant, "PUT", f"/v1/users/{user}/consent", consent)
            _live(made, tenant, user)
        segment = Segment(
            id="s1", domain="news", label=made.hide("segment", tenant), size=9, share=1, computed_at=datetime.now(UTC),
            centroid=(1.0, *[0.0] * (DIMENSION - 1)), liked={made.hide("liked", tenant): 1},
        )  # fmt: skip
        bootstrap.services().vectors().upsert(tenant, "segments", [segment_point(segment)])
    made.stack.settle()
    for tenant, users in TENANTS.items():
        for user in users:
            made.ask_as(tenant, "POST", f"/v1/users/{user}/texts", {"kind": "headline", "item_id": f"{tenant}-2"})


def _live(made: World, tenant: str, user: str) -> None:
    """Events, wishes, and a text of the user's own."""
    slate, event, unknown, tag, removed, text = (
        made.hide(slot, tenant, user) for slot in ("slate", "event", "item", "tag", "removed", "text")
    )
    click = {"user_id": user, "type": "click", "at": datetime.now(UTC).isoformat()}
    read = [click | {"item_id": f"{tenant}-{n}", "slate_id": slate, "event_id": f"{event}-{n}"} for n in range(2)]
    liked = click | {"item_id": unknown, "type": "like", "event_id": f"{event}-liked"}
    made.ask_as(tenant, "POST", "/v1/events", {"events": [*read, liked]})
    made.ask_as(tenant, "POST", f"/v1/users/{user}/not-interested", {"tag": tag})
    made.ask_as(tenant, "DELETE", f"/v1/users/{user}/tags/{removed}")
    services = bootstrap.services()
    pseudonym = services.pseudonym(tenant, user)
    made.hide_from_all(pseudonym)
    until = datetime.now(UTC) + timedelta(days=1)
    services.ledger.cache_text(tenant, removed, text, expires_at=until, user=pseudonym)


def _item(made: World, tenant: str, item_id: str, title: str) -> dict[str, Any]:
    hidden = [made.hide(f"{item_id} {slot}", tenant) for slot in ("title", "body", "provider", "category", "attribute")]
    return {
        "id": item_id,
        "domain": "news",
        "title": f"{title} {hidden[0]}",
        "body": f"{title}. {hidden[1]} was there, and the players cheered.",
        "provider": hidden[2],
        "categories": ["Local", hidden[3]],
        "attributes": {"internal": hidden[4]},
    }


def _upload(made: World, tenant: str) -> str:
    """Objects in S3: an upload, its staged chunk, and a rejected row; the ingestion's id."""
    bad = {"id": made.hide("rejected", tenant), "title": ""}
    rows = [_item(made, tenant, f"{tenant}-u", TITLES[0]), bad]
    content = "\n".join(json.dumps(row) for row in rows).encode()
    name = f"{made.hide('upload', tenant)}.jsonl"
    ingestion = made.stack.upload(content, domain="news", name=name, tenant=tenant)
    made.stack.settle()
    return ingestion
