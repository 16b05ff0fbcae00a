"""The port's queries in the words of Qdrant Edge, and the way in which it answers them fast.

The engine holds every point of a shard against a filter, unless the filter is one keyword, which it looks up. So each
point carries its tenant and domain as one keyword, the scope; and a query that leaves out few of its scope's points is
asked twice: for the nearest points of the scope, and then for those among them that it means.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import qdrant_edge as engine

from feedsmith.stores import _points
from feedsmith.stores.vectors import Filter, Payload, Query

DOMAIN: Final = "domain"

# Four-bit codes find twice as many points as asked for; their own vectors rank them.
_RESCORED: Final = engine.SearchParams(quantization=engine.QuantizationSearchParams(rescore=True, oversampling=2.0))
# For a few hundred points that are known already, their own vectors alone.
_EXACT: Final = engine.SearchParams(quantization=engine.QuantizationSearchParams(ignore=True))
# So many times the points that are asked for may lie nearby: enough where three of four have expired.
_SPARE: Final = 4
_ALL: Final = 1_000_000


def scopes(tenant: str, payload: Mapping[str, Any]) -> Payload:
    """The field that holds a payload's scope; none where the payload says nothing of a domain."""
    if DOMAIN not in payload:
        return {}
    domains = payload[DOMAIN] if isinstance(payload[DOMAIN], list) else [payload[DOMAIN]]
    return {_points.SCOPE: [_scope(tenant, domain) for domain in domains if isinstance(domain, str)]}


def add_scopes(shard: engine.EdgeShard) -> None:
    """Make the index of scopes where it is not there, and give the points of earlier versions theirs."""
    if _points.SCOPE in shard.info().payload_schema:
        return
    for tenant in _values(shard, _points.TENANT):
        of_tenant = _any(_points.TENANT, [tenant])
        for domain in _values(shard, DOMAIN, of_tenant):
            where = engine.Filter(must=[of_tenant, _any(DOMAIN, [domain])])
            shard.update(engine.UpdateOperation.set_payload_by_filter(where, scopes(tenant, {DOMAIN: domain})))
    # Last, because it tells that all is done.
    shard.update(engine.UpdateOperation.create_field_index(_points.SCOPE, engine.KeywordIndexParams(is_tenant=True)))
    shard.flush()


def only(tenant: str, keys: Sequence[str]) -> engine.Filter:
    """A tenant's points with these keys."""
    ids: set[engine.PointId] = {_points.point_id(tenant, key) for key in keys}
    return engine.Filter(must=[_any(_points.TENANT, [tenant]), engine.HasIdCondition(ids)])


def to_filter(tenant: str, where: Filter, among: Collection[engine.PointId] | None = None) -> engine.Filter:
    """A tenant's points that ``where`` means; with ``among``, of these points only."""
    fields = dict(where.any_of)
    must: list[engine.ConditionType] = [] if among is None else [engine.HasIdCondition(set(among))]
    if len(fields.get(DOMAIN, ())) == 1:
        must.append(_any(_points.SCOPE, [_scope(tenant, *fields.pop(DOMAIN))]))
    else:
        must.append(_any(_points.TENANT, [tenant]))
    must += [_any(field, values) for field, values in fields.items()]
    for field, value in where.at_least.items():
        must.append(_bound(field, engine.RangeFloat(gte=value), where))
    for field, value in where.greater.items():
        must.append(_bound(field, engine.RangeFloat(gt=value), where))
    must_not: list[engine.ConditionType] = [_any(field, values) for field, values in where.none_of.items()]
    if where.keys_not:
        must_not.append(engine.HasIdCondition({_points.point_id(tenant, key) for key in where.keys_not}))
    return engine.Filter(must=must, must_not=must_not)


def to_request(
    query: Query, where: engine.Filter, dimension: int, params: engine.SearchParams = _RESCORED
) -> engine.QueryRequest:
    """A query, asked of the points that ``where`` lets through."""
    return engine.QueryRequest(
        limit=query.limit,
        query=_ranking(query, dimension),
        filter=where,
        params=params,
        with_payload=_points.wanted(query.fields),
        with_vector=query.with_vectors,
    )


def nearby(tenant: str, query: Query, dimension: int) -> engine.QueryRequest | None:
    """The ids of the points nearest to a query in its scope, as many as it most likely chooses from.

    None where it is not asked for the nearest, chooses a part of the scope, or chooses nothing.
    """
    where = query.where
    leaves_out = where.none_of or where.at_least or where.greater or where.keys_not
    if query.vector is None or not leaves_out or where.any_of.keys() != {DOMAIN} or len(where.any_of[DOMAIN]) != 1:
        return None
    return engine.QueryRequest(
        limit=_SPARE * query.limit + len(where.keys_not),
        query=_ranking(query, dimension),
        filter=to_filter(tenant, Filter(any_of=where.any_of)),
        params=_RESCORED,
        with_payload=False,
        with_vector=False,
    )


def narrowed(tenant: str, query: Query, near: Sequence[engine.ScoredPoint], dimension: int) -> engine.QueryRequest:
    """A query, asked of the points that ``nearby`` found."""
    hidden = {_points.point_id(tenant, key) for key in query.where.keys_not}
    where = to_filter(tenant, replace(query.where, keys_not=()), {point.id for point in near} - hidden)
    return to_request(query, where, dimension, _EXACT)


def _values(shard: engine.EdgeShard, field: str, *where: engine.FieldCondition) -> list[str]:
    request = engine.FacetRequest(field, _ALL, exact=True, filter=engine.Filter(must=list(where)))
    return [str(hit.value) for hit in shard.facet(request).hits]


def _scope(tenant: str, domain: str) -> str:
    return json.dumps([tenant, domain])  # no two pairs look alike, whatever is in a name


def _any(field: str, values: Sequence[str]) -> engine.FieldCondition:
    # A value is compared faster than a list of one.
    one = len(values) == 1
    return engine.FieldCondition(field, match=engine.MatchValue(values[0]) if one else engine.MatchAny(list(values)))


def _bound(field: str, bound: engine.RangeFloat, where: Filter) -> engine.ConditionType:
    condition = engine.FieldCondition(field, range=bound)
    if field not in where.or_absent:
        return condition
    return engine.Filter(should=[condition, engine.IsEmptyCondition(field)])


def _ranking(query: Query, dimension: int) -> engine.Query | engine.OrderBy | None:
    if query.vector is not None:
        _points.check_vector(query.vector, dimension)
        return engine.Query.Nearest(_points.to_floats(query.vector))
    if query.order_by is not None:
        return engine.OrderBy(query.order_by, engine.Direction.Desc)
    return None
