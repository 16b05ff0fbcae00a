"""Qdrant through its client: a server, a cluster or Qdrant Cloud, over REST.

Importing this module imports ``qdrant_client``, which takes over half a second: the composition root does so only
when ``FEEDSMITH_QDRANT_URL`` is set and the first vector is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Final

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from feedsmith.errors import ConfigurationError, StoreUnavailable
from feedsmith.stores import _points
from feedsmith.stores.codec import INDEXED_FIELDS
from feedsmith.stores.vectors import Collection, Filter, Hit, Page, Payload, Point, Query, VectorStore

# A server takes 32 MiB a request; an item's point takes up to 0.6 MB.
_POINTS_PER_REQUEST: Final = 32
_EMBEDDER: Final = "feedsmith_embedder"


def connect(url: str, api_key: str | None, timeout_s: float) -> QdrantClient:
    """A client of the server at ``url``; nothing is sent yet.

    Parameters
    ----------
    url
        ``http(s)://host[:port]``; the port is 6333 where absent.
    api_key
        API key of the server or of Qdrant Cloud.
    timeout_s
        Seconds that one request may take, rounded up to whole ones.

    Raises
    ------
    ConfigurationError
        The URL is not one.
    """
    try:
        # The version check would cost each cold start a request, and only warn.
        return QdrantClient(
            url=url, api_key=api_key, timeout=ceil(timeout_s), prefer_grpc=False, check_compatibility=False
        )
    except ValueError as error:
        raise ConfigurationError(
            f"FEEDSMITH_QDRANT_URL is not a URL of a Qdrant server ({error}): write it as http://host:6333 or "
            "https://host:6333"
        ) from error


class QdrantVectorStore(VectorStore):
    """Vectors in a Qdrant server.

    A collection that was never prepared reads as empty. Writes return when they can be read.

    Parameters
    ----------
    client
        From :func:`connect`; ``QdrantClient(":memory:")`` serves tests.
    prefix
        Collections are ``{prefix}_items``, ``{prefix}_users`` and ``{prefix}_segments``.
    """

    def __init__(self, client: QdrantClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._dimension: int | None = None

    def prepare(self, *, dimension: int, embedder: str) -> None:
        with _errors():
            self._check(dimension, embedder)
            for collection in _points.COLLECTIONS:
                name = self._name(collection)
                if not self._client.collection_exists(name):
                    self._create(name, dimension, embedder)
            # Another process may have created them between the first look and ours.
            for name, info in self._check(dimension, embedder).items():
                for field, schema in _indexes().items():
                    if field not in info.payload_schema:
                        self._client.create_payload_index(name, field, schema, wait=True)
        self._dimension = dimension

    def embedder(self) -> str | None:
        name = self._name("items")
        with _errors():
            if not self._client.collection_exists(name):
                return None
            stored: str | None = (self._client.get_collection(name).config.metadata or {}).get(_EMBEDDER)
        if stored is None:
            raise _points.foreign(name)
        return stored

    def upsert(self, tenant: str, collection: Collection, points: Sequence[Point], *, newer: str | None = None) -> None:
        for point in points:
            _points.check_vector(point.vector, self._dimension)
        name = self._name(collection)
        with self._absent_is_empty(name):
            for value, wave in _points.waves(points, newer):
                condition = None
                if newer is not None:
                    stale = models.FieldCondition(key=newer, range=models.Range(gte=value))
                    condition = models.Filter(must_not=[stale])
                for start in range(0, len(wave), _POINTS_PER_REQUEST):
                    rows = [self._row(tenant, point) for point in wave[start : start + _POINTS_PER_REQUEST]]
                    self._client.upsert(name, rows, wait=True, update_filter=condition)
            return
        raise _points.not_prepared(name)

    def patch(self, tenant: str, collection: Collection, key: str, payload: Payload) -> None:
        name = self._name(collection)
        with self._absent_is_empty(name):
            self._client.set_payload(name, _points.own_fields(payload), points=_only(tenant, [key]), wait=True)

    def retrieve(
        self,
        tenant: str,
        collection: Collection,
        keys: Sequence[str],
        *,
        with_vectors: bool = False,
        fields: Sequence[str] | None = None,
    ) -> dict[str, Hit]:
        if not keys:
            return {}
        name = self._name(collection)
        ids: list[models.ExtendedPointId] = [_points.point_id(tenant, key) for key in dict.fromkeys(keys)]
        with self._absent_is_empty(name):
            records = self._client.retrieve(name, ids, with_payload=_points.wanted(fields), with_vectors=with_vectors)
            own = [record for record in records if (record.payload or {}).get(_points.TENANT) == tenant]
            return {hit.key: hit for hit in (_hit(record, 0.0) for record in own)}
        return {}

    def delete(self, tenant: str, collection: Collection, keys: Sequence[str]) -> None:
        if not keys:
            return
        name = self._name(collection)
        with self._absent_is_empty(name):
            self._client.delete(name, models.FilterSelector(filter=_only(tenant, keys)), wait=True)

    def drop(self, tenant: str, collection: Collection) -> int:
        held, name = self.count(tenant, collection), self._name(collection)
        with self._absent_is_empty(name):
            everything = models.FilterSelector(filter=_filter(tenant, _points.EVERYTHING))
            self._client.delete(name, everything, wait=True)
        return held

    def query(self, tenant: str, collection: Collection, queries: Sequence[Query]) -> list[list[Hit]]:
        if not queries:
            return []
        name = self._name(collection)
        wheres = {id(query.where): query.where for query in queries}
        filters = {key: _filter(tenant, where) for key, where in wheres.items()}
        requests = [
            models.QueryRequest(
                query=_ranking(query, self._dimension),
                filter=filters[id(query.where)],
                limit=query.limit,
                with_payload=_points.wanted(query.fields),
                with_vector=query.with_vectors,
            )
            for query in queries
        ]
        with self._absent_is_empty(name):
            answers = self._client.query_batch_points(name, requests)
            return [
                [_hit(point, _points.score(query, point.score, point.order_value)) for point in answer.points]
                for query, answer in zip(queries, answers, strict=True)
            ]
        return [[] for _ in queries]

    def scroll(
        self, tenant: str, collection: Collection, *, where: Filter = _points.EVERYTHING, limit: int = 256,
        cursor: str | None = None, with_vectors: bool = False, fields: Sequence[str] | None = None,
    ) -> Page:  # fmt: skip
        name = self._name(collection)
        offset = _points.to_offset(cursor)
        with self._absent_is_empty(name):
            records, following = self._client.scroll(
                name,
                scroll_filter=_filter(tenant, where),
                limit=limit,
                offset=offset,
                with_payload=_points.wanted(fields),
                with_vectors=with_vectors,
            )
            return Page([_hit(record, 0.0) for record in records], None if following is None else str(following))
        return Page([], None)

    def count(self, tenant: str, collection: Collection, where: Filter = _points.EVERYTHING) -> int:
        name = self._name(collection)
        with self._absent_is_empty(name):
            return self._client.count(name, count_filter=_filter(tenant, where), exact=True).count
        return 0

    def ping(self) -> None:
        with _errors():
            self._client.get_collections()

    def close(self) -> None:
        self._client.close()

    def _name(self, collection: Collection) -> str:
        return f"{self._prefix}_{collection}"

    def _row(self, tenant: str, point: Point) -> models.PointStruct:
        return models.PointStruct(
            id=_points.point_id(tenant, point.key),
            vector=_points.to_floats(point.vector),
            payload=_points.to_payload(tenant, point),
        )

    def _check(self, dimension: int, embedder: str) -> dict[str, models.CollectionInfo]:
        """Our collections that exist, by name, each of this embedder."""
        names = [self._name(collection) for collection in _points.COLLECTIONS]
        infos = {name: self._client.get_collection(name) for name in names if self._client.collection_exists(name)}
        for name, info in infos.items():
            vectors = info.config.params.vectors
            stored_dimension = vectors.size if isinstance(vectors, models.VectorParams) else 0
            stored = (info.config.metadata or {}).get(_EMBEDDER)
            _points.check_embedder(name, stored, stored_dimension, embedder, dimension)
        return infos

    def _create(self, name: str, dimension: int, embedder: str) -> None:
        try:
            self._client.create_collection(
                name,
                vectors_config=models.VectorParams(size=dimension, distance=models.Distance.COSINE),
                metadata={_EMBEDDER: embedder},
            )
        except UnexpectedResponse as error:
            if error.status_code != 409:  # conflict: another process has just created it
                raise

    @contextmanager
    def _absent_is_empty(self, name: str) -> Iterator[None]:
        """Leave the block when the collection does not exist; other errors become the port's."""
        try:
            with _errors():
                yield
        except (_NotFound, ValueError):  # the client's local mode raises ValueError
            with _errors():
                exists = self._client.collection_exists(name)
            if exists:
                raise


class _NotFound(ConfigurationError):
    """The server knows no such thing."""


@contextmanager
def _errors() -> Iterator[None]:
    """Turn the client's errors into the port's."""
    try:
        yield
    except ResourceExhaustedResponse as error:
        raise StoreUnavailable(
            "Qdrant limits the rate of requests: try later, or raise the limits of the cluster",
            retry_after_s=error.retry_after_s,
        ) from error
    except ResponseHandlingException as error:
        raise StoreUnavailable(
            f"Qdrant does not answer ({error.source!r}): check that it runs, that FEEDSMITH_QDRANT_URL and the network "
            "reach it, and that FEEDSMITH_QDRANT_TIMEOUT_S is long enough"
        ) from error
    except UnexpectedResponse as error:
        raise _meaning(error) from error


def _meaning(error: UnexpectedResponse) -> ConfigurationError | StoreUnavailable:
    status, text = error.status_code or 0, error.content.decode("utf-8", "replace")[:300]
    if status in (401, 403):
        return ConfigurationError("Qdrant refused the API key: check FEEDSMITH_QDRANT_API_KEY or the secret it is in")
    if status == 404:
        return _NotFound(f"Qdrant knows no such address ({text}): check FEEDSMITH_QDRANT_URL")
    if status in (408, 429) or status >= 500:
        return StoreUnavailable(f"Qdrant answered {status} ({text}): try again, and check its log and its disk")
    return ConfigurationError(
        f"Qdrant refused a request with {status} ({text}): check that the server's version fits the client's and that "
        "FEEDSMITH_EMBEDDER is the one that filled the collections"
    )


def _indexes() -> dict[str, models.PayloadSchemaType | models.KeywordIndexParams]:
    kinds = {"keyword": models.PayloadSchemaType.KEYWORD, "float": models.PayloadSchemaType.FLOAT}
    tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    return {_points.TENANT: tenant, **{field: kinds[kind] for field, kind in INDEXED_FIELDS}}


def _only(tenant: str, keys: Sequence[str]) -> models.Filter:
    ids: list[models.ExtendedPointId] = [_points.point_id(tenant, key) for key in keys]
    return models.Filter(must=[_any(_points.TENANT, [tenant]), models.HasIdCondition(has_id=ids)])


def _filter(tenant: str, where: Filter) -> models.Filter:
    must: list[models.Condition] = [_any(_points.TENANT, [tenant])]
    must += [_any(field, values) for field, values in where.any_of.items()]
    must += [_bound(field, models.Range(gte=value), where) for field, value in where.at_least.items()]
    must += [_bound(field, models.Range(gt=value), where) for field, value in where.greater.items()]
    must_not: list[models.Condition] = [_any(field, values) for field, values in where.none_of.items()]
    if where.keys_not:
        must_not.append(models.HasIdCondition(has_id=[_points.point_id(tenant, key) for key in where.keys_not]))
    return models.Filter(must=must, must_not=must_not)


def _any(field: str, values: Sequence[str]) -> models.FieldCondition:
    return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))


def _bound(field: str, bound: models.Range, where: Filter) -> models.Condition:
    condition = models.FieldCondition(key=field, range=bound)
    if field not in where.or_absent:
        return condition
    absent = models.IsEmptyCondition(is_empty=models.PayloadField(key=field))
    return models.Filter(should=[condition, absent])


def _ranking(query: Query, dimension: int | None) -> list[float] | models.OrderByQuery | None:
    if query.vector is not None:
        _points.check_vector(query.vector, dimension)
        return _points.to_floats(query.vector)
    if query.order_by is not None:
        return models.OrderByQuery(order_by=models.OrderBy(key=query.order_by, direction=models.Direction.DESC))
    return None


def _hit(point: models.ScoredPoint | models.Record, score: float) -> Hit:
    key, own = _points.from_payload(point.payload or {})
    return Hit(key, own, score, None if point.vector is None else _points.to_vector(point.vector))
