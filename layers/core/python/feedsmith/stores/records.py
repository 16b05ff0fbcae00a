"""How the ledger's records lie in its one table: keys, and attributes of type S and N.

============== ============================== =================== ============================================
record         ``pk``                         ``sk``              other attributes
============== ============================== =================== ============================================
event          ``{tenant}#U#{user}``          ``E#{identity}``    ``event``; ``time_key`` unless an impression
revision       ``{tenant}#U#{user}``          ``META``            ``revision``
wishes         ``{tenant}#U#{user}``          ``WISHES``          ``wishes``, ``revision``
personal text  ``{tenant}#U#{user}``          ``T#{key}``         ``text``, ``expires_at``
shared text    ``{tenant}#T#{key[:2]}``       ``T#{key}``         ``text``, ``expires_at``
counter        ``{tenant}#I#{item}``          ``COUNTER``         ``counter``, ``revision``
ingestion      ``{tenant}#INGESTION#{id}``    ``META``            ``status``, ``source``, ``chunks``, ...
its chunks     ``{tenant}#INGESTION#{id}``    ``CHUNK#{number}``  ``indexed``, ``unchanged``, ``rejected``, ...
budget         ``{tenant}#SPENT#{day}``       ``SPENT``           ``tokens``, ``cost``, ``texts``, ``cached``, ...
experiment     ``{tenant}#EXPERIMENTS``       ``{id}``            ``experiment``, ``revision``
batch job      ``{tenant}#JOBS``              ``JOB#{id}``        ``job``, ``open``, ``expires_at``
API key        ``KEYS``                       ``{id}``            ``key``, ``revision``
issuer         ``ISSUERS``                    ``{url}``           ``issuer``, ``revision``
dead letter    ``DEAD#{shard}``               ``{sequence}``      ``sequence``, ``reason``, ``expires_at``
settings       ``{tenant}#SETTINGS``          ``SETTINGS``        ``settings``, ``revision``
data key       ``{tenant}#DATAKEYS``          ``{version}``       ``wrapped``
who is who     ``{tenant}#WHO#{v}#{handle}``  ``WHO``             ``subject``
erased         ``{tenant}#ERASED#{mark}``     ``ERASED``          ``expires_at``
erasure        ``ERASURES``                   ``{tenant}#{mark}`` ``note``, ``begun_at``, ``done``
tenant         ``TENANTS``                    ``{tenant}``
============== ============================== =================== ============================================

``event`` is sealed under the tenant's data key and bound to its user. Only interactions carry ``time_key``, so that the
index ``by_time`` holds nothing else. A tenant is lower case and without ``#``, and whatever a caller chooses stands
last in its key, so no two kinds of record can meet.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from aws_lambda_powertools import Logger
from pydantic import ValidationError

from feedsmith.errors import ConfigurationError
from feedsmith.models import Event, ItemActivity
from feedsmith.stores.keyring import Sealer, sealed_under
from feedsmith.stores.ledger import Counter
from feedsmith.stores.people import Handle

logger = Logger(child=True)

Attributes: TypeAlias = dict[str, dict[str, str]]
"""Attribute name -> type tag -> value, as DynamoDB's wire format has it."""

_USER = "#U#"
EVENT_PREFIX = "E#"


def wrap(fields: Mapping[str, str | int | None]) -> Attributes:
    """Plain values to DynamoDB's; None is left out."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in fields.items()
        if value is not None
    }


def unwrap(attributes: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """DynamoDB's values to plain ones; every number of the ledger is an integer."""
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in attributes.items()}


def primary_key(pk: str, sk: str) -> Attributes:
    """A primary key."""
    return wrap({"pk": pk, "sk": sk})


def user_pk(tenant: str, user: str) -> str:
    """Partition of everything about one user."""
    return f"{tenant}{_USER}{user}"


def handle_key(tenant: str, handle: Handle) -> Attributes:
    """Key of what binds a user id's handle to a pseudonym."""
    return primary_key(f"{tenant}#WHO#{handle.version:06}#{handle.digest}", "WHO")


def erased_key(tenant: str, mark: str) -> Attributes:
    """Key of the mark of an erased pseudonym."""
    return primary_key(f"{tenant}#ERASED#{mark}", "ERASED")


def text_key(tenant: str, name: str, user: str | None) -> Attributes:
    """Key of a cached text: under its user, or spread over partitions by the first digits of its hash."""
    return primary_key(f"{tenant}#T#{name[:2]}" if user is None else user_pk(tenant, user), f"T#{name}")


def counter_key(tenant: str, item_id: str) -> Attributes:
    """Key of an item's counter."""
    return primary_key(f"{tenant}#I#{item_id}", "COUNTER")


def experiments_pk(tenant: str) -> str:
    """Partition of a tenant's experiments."""
    return f"{tenant}#EXPERIMENTS"


def ingestion_pk(tenant: str, ingestion_id: str) -> str:
    """Partition of an ingestion and its chunks."""
    return f"{tenant}#INGESTION#{ingestion_id}"


def event_record(tenant: str, user: str, event: Event, sealer: Sealer) -> Attributes:
    """An event with its user id replaced by the pseudonym ``user``, sealed."""
    # First replace, then take the identity: a hash over the caller's own user id would give that id away.
    stored = event.model_copy(update={"user_id": user})
    at = stored.at.isoformat(timespec="microseconds")
    return wrap({
        "pk": user_pk(tenant, user),
        "sk": EVENT_PREFIX + stored.identity,
        "time_key": None if stored.type == "impression" else f"{at}#{stored.identity}",
        "event": sealer.seal(tenant, stored.model_dump_json(exclude_none=True), user_pk(tenant, user)),
    })  # fmt: skip


def read_event(attributes: Mapping[str, Mapping[str, str]], tenant: str, user: str, sealer: Sealer) -> Event:
    """The event of a record.

    Raises
    ------
    ConfigurationError
        Another version wrote it, in a form unknown to this one.
    KeyGone
        It is sealed under a key that is no more.
    """
    try:
        sealed = attributes["event"]["S"]
        if sealed_under(sealed):
            return Event.model_validate_json(sealer.open(tenant, sealed, user_pk(tenant, user)))
    except (KeyError, ValidationError):
        pass  # raised outside the handler: pydantic's message, which quotes who read what, would be in the traceback
    raise ConfigurationError(
        "the ledger holds an event that this version cannot read: deploy all functions from the same version"
    )


def readable_events(
    records: Iterable[Mapping[str, Mapping[str, str]]], tenant: str, user: str, sealer: Sealer
) -> list[Event]:
    """The events of the records that this version can read; how many others there are is logged."""
    events, unreadable = [], 0
    for record in records:
        try:
            events.append(read_event(record, tenant, user, sealer))
        except ConfigurationError:
            unreadable += 1
    if unreadable:
        logger.warning("events of another version were left out of a history", extra={"events": unreadable})
    return events


def event_owner(keys: Mapping[str, Mapping[str, str]]) -> tuple[str, str, str] | None:
    """Tenant, user and identity of an event's key; None: the key is of another record."""
    tenant, kind, user = keys["pk"]["S"].partition(_USER)
    sk = keys["sk"]["S"]
    return (tenant, user, sk.removeprefix(EVENT_PREFIX)) if kind and sk.startswith(EVENT_PREFIX) else None


def counter_record(tenant: str, item_id: str, counter: Counter, revision: int) -> Attributes:
    """A counter as it is stored at ``revision``."""
    body = {
        "counts": counter.counts,
        "trend": counter.trend,
        "activity": counter.activity,
        "positions": counter.positions,
    }
    return counter_key(tenant, item_id) | wrap({"counter": json.dumps(body), "revision": revision})


def read_counter(attributes: Mapping[str, Mapping[str, str]]) -> tuple[str, Counter]:
    """Item id and counter of a record."""
    fields = unwrap(attributes)
    body = json.loads(fields["counter"])
    positions = {shard: (sequence, at) for shard, (sequence, at) in body["positions"].items()}
    item_id = fields["pk"].split("#", 2)[2]
    activity = ItemActivity(*body.get("activity", ()))  # absent from what was stored by earlier versions
    return item_id, Counter(body["counts"], body["trend"], positions, fields["revision"], activity)
