"""What every vector store promises; an adapter's test inherits it and gives the fixture ``blank``."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from feedsmith.errors import ConfigurationError, EmbedderMismatch, InvalidRequest
from feedsmith.stores.vectors import Filter, Hit, Payload, Point, Query, Vector, VectorStore


def vector(*numbers: float) -> Vector:
    """A unit vector in the direction of ``numbers``."""
    raw = np.array(numbers, dtype=np.float32)
    return np.asarray(raw / np.linalg.norm(raw), dtype=np.float32)


X, Y, Z = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)

# A shelf of five; the angle to X grows from a to e.
#   cos(X, a) = 1, cos(X, b) = 4/5, cos(X, c) = 3/5, cos(X, d) = 0, cos(X, e) = -1
SHELF = [
    Point("a", X, {"domain": "news", "topics": ["sport", "health"], "fresh": 10, "expires": 50, "provider": "p"}),
    Point("b", vector(4, 3, 0), {"domain": "news", "topics": ["sport"], "fresh": 20, "provider": None}),
    Point("c", vector(3, 0, 4), {"domain": "shop", "topics": [], "fresh": 30.5, "expires": 70, "trend": -1.5}),
    Point("d", Y, {"domain": "shop", "topics": ["health"], "fresh": 20, "trend": 2, "deep": {"language": "en"}}),
    Point("e", vector(-1, 0, 0), {"domain": "news", "trend": 0.25, "deep": {"language": "zh"}}),
]


def same_direction(got: Vector | None, expected: Sequence[float] | Vector, row: str = "") -> None:
    """Compare within the precision of float32."""
    assert got is not None, row
    assert got.dtype == np.float32
    assert got.tolist() == pytest.approx(list(expected), abs=1e-6), row


def keys(hits: Sequence[Hit]) -> list[str]:
    return [hit.key for hit in hits]


class VectorStoreContract:
    """Inherit, and provide ``blank``: a store that holds nothing and was not prepared."""

    @pytest.fixture
    def store(self, blank: VectorStore) -> VectorStore:
        blank.prepare(dimension=3, embedder="test@1")
        return blank

    @pytest.fixture
    def shelf(self, store: VectorStore) -> VectorStore:
        store.upsert("acme", "items", SHELF)
        return store

    # -- writing and reading by key --------------------------------------------------------------------------

    def test_a_point_comes_back_as_it_was_written(self, store: VectorStore) -> None:
        payload: Payload = {
            "title": "Überraschung: 新闻 \U0001f600",
            "n": 2**53,
            "x": 0.1 + 0.2,
            "yes": True,
            "nothing": None,
            "list": [1, "two", [3.5]],
            "nested": {"a.b": {"c": []}},
        }
        store.upsert("acme", "items", [Point("k:1@x~y", vector(1, 2, 2), payload)])

        bare = store.retrieve("acme", "items", ["k:1@x~y"])["k:1@x~y"]
        assert (bare.key, bare.payload, bare.vector) == ("k:1@x~y", payload, None)
        full = store.retrieve("acme", "items", ["k:1@x~y"], with_vectors=True)["k:1@x~y"]
        same_direction(full.vector, [1 / 3, 2 / 3, 2 / 3])  # (1, 2, 2) has length 3

    def test_absent_keys_are_absent_from_the_answer(self, shelf: VectorStore) -> None:
        assert set(shelf.retrieve("acme", "items", ["a", "nowhere", "a", "d"])) == {"a", "d"}
        assert shelf.retrieve("acme", "items", []) == {}

    def test_collections_are_apart(self, shelf: VectorStore) -> None:
        assert shelf.retrieve("acme", "users", ["a"]) == {}
        assert shelf.count("acme", "segments") == 0

    def test_an_upsert_replaces_the_whole_point(self, shelf: VectorStore) -> None:
        shelf.upsert("acme", "items", [Point("a", Z, {"domain": "shop"})])

        hit = shelf.retrieve("acme", "items", ["a"], with_vectors=True)["a"]
        assert hit.payload == {"domain": "shop"}
        same_direction(hit.vector, Z)
        assert shelf.count("acme", "items") == 5

    def test_the_last_of_two_points_with_one_key_wins(self, store: VectorStore) -> None:
        store.upsert("acme", "items", [Point("a", X, {"n": 1}), Point("b", X, {"n": 5}), Point("a", Y, {"n": 2})])

        assert {key: hit.payload["n"] for key, hit in store.retrieve("acme", "items", ["a", "b"]).items()} == {
            "a": 2,
            "b": 5,
        }

    def test_a_large_batch_arrives_whole(self, store: VectorStore) -> None:
        store.upsert("acme", "items", [Point(f"k{n}", vector(n, 1, 0), {"n": n}) for n in range(150)])

        assert store.count("acme", "items") == 150
        assert len(store.retrieve("acme", "items", [f"k{n}" for n in range(150)])) == 150

    def test_writing_nothing_is_fine(self, store: VectorStore) -> None:
        store.upsert("acme", "items", [])
        store.delete("acme", "items", [])

        assert store.count("acme", "items") == 0

    def test_a_vector_that_does_not_fit_is_refused_with_its_batch(self, store: VectorStore) -> None:
        for bad in (vector(1, 2), vector(1, 2, 3, 4), np.array([1, np.nan, 0], np.float32)):
            batch = [*(Point(f"k{n}", X, {"n": n}) for n in range(100)), Point("bad", bad, {"n": 100})]
            for newer in (None, "n"):
                with pytest.raises(ConfigurationError, match="FEEDSMITH_EMBEDDER"):
                    store.upsert("acme", "items", batch, newer=newer)
            with pytest.raises(ConfigurationError, match="FEEDSMITH_EMBEDDER"):
                store.query("acme", "items", [Query(3, vector=bad)])

        assert store.count("acme", "items") == 0

    # -- newer: the stale writer loses -----------------------------------------------------------------------

    def test_newer(self, store: VectorStore) -> None:
        table: list[tuple[Payload | None, int, bool]] = [
            # stored, offered revision, is it written?
            ({"revision": 5}, 4, False),
            ({"revision": 5}, 5, False),  # a redelivery
            ({"revision": 5}, 6, True),
            ({}, 1, True),  # a point without a revision is older than any
            (None, 1, True),  # no point at all
        ]
        for row, (stored, offered, written) in enumerate(table):
            key = f"u{row}"
            if stored is not None:
                store.upsert("acme", "users", [Point(key, X, {**stored, "by": "first"})])

            store.upsert("acme", "users", [Point(key, Y, {"revision": offered, "by": "second"})], newer="revision")

            hit = store.retrieve("acme", "users", [key], with_vectors=True)[key]
            kept = {"revision": offered, "by": "second"} if written else {**(stored or {}), "by": "first"}
            assert hit.payload == kept, f"row {row}"
            same_direction(hit.vector, Y if written else X, f"row {row}")

    def test_newer_decides_for_each_point_of_a_batch(self, store: VectorStore) -> None:
        store.upsert("acme", "users", [Point("u", X, {"revision": 5}), Point("v", X, {"revision": 5})])

        offered = {"u": 4, "v": 9, "w": 1}
        store.upsert("acme", "users", [Point(key, Y, {"revision": n}) for key, n in offered.items()], newer="revision")

        stored = store.retrieve("acme", "users", ["u", "v", "w"])
        assert {key: hit.payload["revision"] for key, hit in stored.items()} == {"u": 5, "v": 9, "w": 1}

    def test_of_one_key_twice_in_a_batch_the_newer_wins(self, store: VectorStore) -> None:
        store.upsert(
            "acme", "users", [Point("u", X, {"revision": 7}), Point("u", Y, {"revision": 6})], newer="revision"
        )

        assert store.retrieve("acme", "users", ["u"])["u"].payload == {"revision": 7}

    def test_of_racing_writers_the_newest_wins(self, store: VectorStore) -> None:
        def write(revision: int) -> None:
            store.upsert("acme", "users", [Point("u", X, {"revision": revision})], newer="revision")

        shuffled = [(7 * n) % 40 + 1 for n in range(40)]  # 7 and 40 share no divisor: each of 1..40 once
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(write, shuffled))

        assert store.retrieve("acme", "users", ["u"])["u"].payload == {"revision": 40}

    # -- patch and delete ------------------------------------------------------------------------------------

    def test_a_patch_sets_top_level_fields_and_leaves_the_rest(self, shelf: VectorStore) -> None:
        shelf.patch("acme", "items", "d", {"trend": 9.5, "stats": {"counts": {"click": 3}}, "deep": {"x": 1}})

        hit = shelf.retrieve("acme", "items", ["d"], with_vectors=True)["d"]
        # "deep" is replaced as a whole, not merged
        assert hit.payload == {**SHELF[3].payload, "trend": 9.5, "stats": {"counts": {"click": 3}}, "deep": {"x": 1}}
        same_direction(hit.vector, Y)
        # and the index follows: d (9.5), e (0.25), c (-1.5)
        assert keys(shelf.query("acme", "items", [Query(9, order_by="trend")])[0]) == ["d", "e", "c"]

    def test_a_patch_with_none_takes_a_field_away(self, shelf: VectorStore) -> None:
        shelf.patch("acme", "items", "d", {"trend": None, "fresh": 5})

        left = {name: value for name, value in SHELF[3].payload.items() if name != "trend"}
        assert shelf.retrieve("acme", "items", ["d"])["d"].payload == {**left, "fresh": 5}
        assert keys(shelf.query("acme", "items", [Query(9, order_by="trend")])[0]) == ["e", "c"]

    def test_patching_an_absent_point_creates_none(self, shelf: VectorStore) -> None:
        shelf.patch("acme", "items", "nowhere", {"trend": 1.0})

        assert shelf.retrieve("acme", "items", ["nowhere"]) == {}
        assert shelf.count("acme", "items") == 5

    def test_a_tenants_points_are_dropped_and_no_others(self, store: VectorStore) -> None:
        for tenant in ("acme", "beta"):
            store.upsert(tenant, "users", [Point(str(n), X, {"domain": "news"}) for n in range(3)])
        store.upsert("acme", "items", [Point("i", X, {"domain": "news"})])
        assert store.drop("acme", "users") == 3
        assert store.drop("acme", "users") == 0
        assert [store.count(t, c) for t, c in (("acme", "users"), ("acme", "items"), ("beta", "users"))] == [0, 1, 3]

    def test_delete(self, shelf: VectorStore) -> None:
        shelf.delete("acme", "items", ["a", "nowhere", "c"])

        assert sorted(keys(shelf.scroll("acme", "items").hits)) == ["b", "d", "e"]

    # -- tenants ---------------------------------------------------------------------------------------------

    def test_tenants_never_meet(self, shelf: VectorStore) -> None:
        # GIVEN another tenant with a point under the same key
        shelf.upsert("rival", "items", [Point("a", X, {"domain": "rival", "trend": 100.0})])

        # THEN each reads its own
        assert shelf.retrieve("acme", "items", ["a"])["a"].payload["domain"] == "news"
        assert shelf.retrieve("rival", "items", ["a", "b"])["a"].payload == {"domain": "rival", "trend": 100.0}
        assert keys(shelf.query("rival", "items", [Query(9, vector=X)])[0]) == ["a"]
        assert "a" not in keys(shelf.query("acme", "items", [Query(9, order_by="trend")])[0])
        assert keys(shelf.scroll("rival", "items").hits) == ["a"]
        assert (shelf.count("acme", "items"), shelf.count("rival", "items"), shelf.count("x", "items")) == (5, 1, 0)

        # AND neither writes to the other's
        shelf.patch("rival", "items", "b", {"domain": "stolen"})
        shelf.patch("rival", "items", "a", {"_tenant": "acme", "_key": "b"})
        assert (shelf.count("acme", "items"), shelf.count("rival", "items")) == (5, 1)
        shelf.upsert("rival", "items", [Point("a", Y, {"domain": "rival", "n": 9})], newer="n")
        shelf.delete("rival", "items", ["a", "b"])
        assert shelf.count("rival", "items") == 0
        assert shelf.count("acme", "items") == 5
        assert shelf.retrieve("acme", "items", ["b"])["b"].payload["domain"] == "news"

    def test_a_tenants_name_and_a_key_cannot_be_mistaken_for_another_pair(self, store: VectorStore) -> None:
        store.upsert("a", "items", [Point("b:c", X, {"n": 1})])
        store.upsert("a:b", "items", [Point("c", X, {"n": 2})])

        assert store.retrieve("a", "items", ["b:c"])["b:c"].payload == {"n": 1}
        assert store.retrieve("a:b", "items", ["c"])["c"].payload == {"n": 2}

    # -- queries ---------------------------------------------------------------------------------------------

    def test_nearest_first_with_cosines_as_scores(self, shelf: VectorStore) -> None:
        (hits,) = shelf.query("acme", "items", [Query(4, vector=X)])

        assert keys(hits) == ["a", "b", "c", "d"]
        assert [hit.score for hit in hits] == pytest.approx([1, 4 / 5, 3 / 5, 0], abs=1e-6)
        assert all(hit.vector is None for hit in hits)
        assert hits[1].payload == SHELF[1].payload

    def test_vectors_come_when_asked_for(self, shelf: VectorStore) -> None:
        (hits,) = shelf.query("acme", "items", [Query(2, vector=X, with_vectors=True)])

        same_direction(hits[1].vector, [4 / 5, 3 / 5, 0])

    def test_ordered_by_a_number_descending_without_those_that_lack_it(self, shelf: VectorStore) -> None:
        (hits,) = shelf.query("acme", "items", [Query(9, order_by="trend")])

        assert [(hit.key, hit.score) for hit in hits] == [("d", 2.0), ("e", 0.25), ("c", -1.5)]

    def test_ties_of_an_order_are_all_there(self, shelf: VectorStore) -> None:
        (hits,) = shelf.query("acme", "items", [Query(9, order_by="fresh", with_vectors=True)])

        # c 30.5, then b and d with 20 in any order, then a with 10; e has none
        assert keys(hits)[0] == "c"
        assert set(keys(hits)[1:3]) == {"b", "d"}
        assert keys(hits)[3:] == ["a"]
        assert all(hit.vector is not None for hit in hits)

    def test_several_queries_are_answered_in_their_order(self, shelf: VectorStore) -> None:
        answers = shelf.query(
            "acme",
            "items",
            [
                Query(1, vector=Y),
                Query(1, order_by="trend", where=Filter(none_of={"domain": ["shop"]})),
                Query(2, vector=X, where=Filter(any_of={"domain": ["shop"]})),
                Query(9, vector=X, where=Filter(any_of={"domain": ["nothing"]})),
                Query(9),
            ],
        )

        assert [keys(hits) for hits in answers[:4]] == [["d"], ["e"], ["c", "d"], []]
        # neither vector nor order: all, in any order, with score 0
        assert sorted((hit.key, hit.score) for hit in answers[4]) == [(key, 0.0) for key in "abcde"]
        assert shelf.query("acme", "items", []) == []

    def test_filters(self, shelf: VectorStore) -> None:
        table = [
            (Filter(), "abcde"),
            (Filter(any_of={"domain": ["news"]}), "abe"),
            (Filter(any_of={"domain": ["news", "shop"]}), "abcde"),
            (Filter(any_of={"topics": ["health"]}), "ad"),
            (Filter(any_of={"topics": ["health", "sport"]}), "abd"),
            (Filter(any_of={"topics": []}), ""),  # none of no values
            (Filter(any_of={"domain": ["news"], "topics": ["health"]}), "a"),
            (Filter(any_of={"deep.language": ["zh"]}), "e"),
            (Filter(none_of={"topics": ["health"]}), "bce"),
            (Filter(none_of={"topics": []}), "abcde"),
            (Filter(none_of={"provider": ["p"]}), "bcde"),
            (Filter(none_of={"domain": ["shop"], "topics": ["health"]}), "be"),
            (Filter(at_least={"fresh": 20}), "bcd"),
            (Filter(greater={"fresh": 20}), "c"),
            (Filter(at_least={"expires": 50}), "ac"),
            (Filter(greater={"expires": 50}), "c"),
            (Filter(greater={"expires": 50}, or_absent=frozenset({"expires"})), "bcde"),
            (Filter(at_least={"expires": 50.5}, or_absent=frozenset({"expires"})), "bcde"),
            (Filter(at_least={"fresh": 20}, or_absent=frozenset({"expires"})), "bcd"),  # another field's absence
            (Filter(at_least={"trend": -1.5}, greater={"fresh": 20}), "c"),
            (Filter(keys_not=["a", "e", "nowhere"]), "bcd"),
            (Filter(any_of={"domain": ["news"]}, none_of={"topics": ["health"]}, keys_not=["e"]), "b"),
        ]
        for where, expected in table:
            met = keys(shelf.scroll("acme", "items", where=where).hits)
            assert sorted(met) == list(expected), where
            assert shelf.count("acme", "items", where) == len(expected), where
            (hits,) = shelf.query("acme", "items", [Query(9, vector=X, where=where)])
            assert keys(hits) == list(expected), where  # the shelf lies in order of the angle to X

    # -- scroll ----------------------------------------------------------------------------------------------

    def test_a_scroll_meets_every_point_once_in_a_stable_order(self, store: VectorStore) -> None:
        store.upsert("acme", "items", [Point(f"k{n}", X, {"domain": "news" if n % 2 else "shop"}) for n in range(23)])
        store.upsert("rival", "items", [Point(f"k{n}", X, {}) for n in range(5)])

        def walk(limit: int, where: Filter) -> tuple[list[str], int]:
            page = store.scroll("acme", "items", where=where, limit=limit)
            met, pages = keys(page.hits), 1
            while page.cursor is not None:
                page = store.scroll("acme", "items", where=where, limit=limit, cursor=page.cursor)
                met, pages = met + keys(page.hits), pages + 1
            return met, pages

        in_fives, pages = walk(5, Filter())
        assert sorted(in_fives) == sorted(f"k{n}" for n in range(23))
        assert pages == 5  # 23 = 4 x 5 + 3
        assert walk(256, Filter()) == (in_fives, 1)
        odd, _ = walk(4, Filter(any_of={"domain": ["news"]}))
        assert odd == [key for key in in_fives if int(key[1:]) % 2]

    def test_a_page_brings_vectors_when_asked(self, shelf: VectorStore) -> None:
        assert all(hit.vector is None for hit in shelf.scroll("acme", "items").hits)
        page = shelf.scroll("acme", "items", where=Filter(any_of={"topics": ["sport"]}), with_vectors=True)
        brought = {hit.key: hit.vector for hit in page.hits}
        same_direction(brought["b"], [4 / 5, 3 / 5, 0])

    def test_a_page_brings_the_fields_asked_for(self, shelf: VectorStore) -> None:
        shelf.upsert("rival", "items", [Point("a", X, {"domain": "rival", "trend": 100.0})])
        (some,) = shelf.scroll("rival", "items", fields=["trend", "absent"]).hits
        (none,) = shelf.scroll("rival", "items", fields=()).hits
        assert (some.payload, none.payload) == ({"trend": 100.0}, {})

    def test_a_cursor_that_no_page_returned_is_an_invalid_request(self, store: VectorStore) -> None:
        with pytest.raises(InvalidRequest, match="cursor"):
            store.scroll("acme", "items", cursor="../etc/passwd")

    # -- prepare ---------------------------------------------------------------------------------------------

    def test_before_it_is_prepared_a_store_reads_as_empty_and_refuses_points(self, blank: VectorStore) -> None:
        blank.ping()
        assert blank.retrieve("acme", "items", ["a"]) == {}
        assert blank.query("acme", "items", [Query(5, vector=X), Query(5, order_by="trend")]) == [[], []]
        page = blank.scroll("acme", "items")
        assert (page.hits, page.cursor) == ([], None)
        assert blank.count("acme", "items") == 0
        blank.patch("acme", "items", "a", {"n": 1})
        blank.delete("acme", "items", ["a"])
        with pytest.raises(ConfigurationError, match="does not exist"):
            blank.upsert("acme", "items", SHELF)

    def test_preparing_again_changes_nothing(self, shelf: VectorStore) -> None:
        shelf.prepare(dimension=3, embedder="test@1")

        assert shelf.count("acme", "items") == 5

    def test_the_embedder_is_told_once_there_is_one(self, blank: VectorStore) -> None:
        assert blank.embedder() is None

        blank.prepare(dimension=3, embedder="test@1")

        assert blank.embedder() == "test@1"

    def test_another_embedders_vectors_are_refused_and_the_stored_ones_kept(self, shelf: VectorStore) -> None:
        with pytest.raises(EmbedderMismatch, match="test") as raised:
            shelf.prepare(dimension=3, embedder="other@1")

        assert (raised.value.stored, raised.value.configured) == ("test@1", "other@1")
        shelf.prepare(dimension=3, embedder="test@1")
        assert shelf.count("acme", "items") == 5

    def test_another_dimension_is_refused(self, shelf: VectorStore) -> None:
        with pytest.raises(ConfigurationError, match="3 dimensions"):
            shelf.prepare(dimension=4, embedder="test@1")

        assert shelf.count("acme", "items") == 5

    # -- the process around it -------------------------------------------------------------------------------

    def test_many_threads_share_a_store(self, store: VectorStore) -> None:
        def work(worker: int) -> int:
            for n in range(10):
                store.upsert("acme", "items", [Point(f"{worker}-{n}", vector(worker, n, 1), {"trend": n})])
                store.query("acme", "items", [Query(5, vector=X), Query(5, order_by="trend")])
                store.patch("acme", "items", f"{worker}-{n}", {"domain": "news"})
            return len(store.retrieve("acme", "items", [f"{worker}-{n}" for n in range(10)]))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [10] * 8
        assert store.count("acme", "items", Filter(any_of={"domain": ["news"]})) == 80
