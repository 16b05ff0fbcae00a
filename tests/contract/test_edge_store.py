"""Qdrant Edge passes the port's suite, and keeps what it was given whatever happens to the process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from contract.vector_store_contract import SHELF, VectorStoreContract, X, Y, keys, vector
from feedsmith.errors import ConfigurationError, EmbedderMismatch, StoreUnavailable
from feedsmith.stores.edge import EdgeVectorStore
from feedsmith.stores.vectors import Point, Query, VectorStore


class TestEdgeStore(VectorStoreContract):
    @pytest.fixture
    def blank(self, folder: Path) -> Iterator[VectorStore]:
        store = EdgeVectorStore(folder / "vectors", "test")
        yield store
        store.close()


def prepared(folder: Path, prefix: str = "test") -> EdgeVectorStore:
    store = EdgeVectorStore(folder, prefix)
    store.prepare(dimension=3, embedder="test@1")
    return store


def in_another_process(code: str, folder: Path) -> subprocess.Popen[str]:
    """A process that ran ``code`` on its own store of the folder, said "done", and now waits."""
    program = f"""
import sys
from pathlib import Path
import numpy as np
from feedsmith.stores.vectors import Point
from feedsmith.stores.edge import EdgeVectorStore
store = EdgeVectorStore(Path({str(folder)!r}), "test")
store.prepare(dimension=3, embedder="test@1")
{code}
print("done", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    return process


def test_points_and_embedder_are_there_after_reopening(folder: Path) -> None:
    # GIVEN a store that was filled and closed
    store = prepared(folder)
    store.upsert("acme", "items", SHELF)
    store.close()

    # WHEN it is opened again, without preparing
    again = EdgeVectorStore(folder, "test")

    # THEN everything is there, the payload index of an order too
    assert again.count("acme", "items") == 5
    (hits,) = again.query("acme", "items", [Query(9, order_by="trend")])
    assert keys(hits) == ["d", "e", "c"]
    with pytest.raises(ConfigurationError, match="test"):
        again.prepare(dimension=3, embedder="other@1")
    again.close()


def test_prefixes_are_apart(folder: Path) -> None:
    first, second = prepared(folder, "one"), prepared(folder, "two")
    first.upsert("acme", "items", SHELF)

    assert second.count("acme", "items") == 0
    first.close()
    second.close()


def test_a_killed_process_loses_nothing_that_it_was_told_is_written(folder: Path) -> None:
    # GIVEN a process that wrote 300 points one by one, patched one, deleted one, and never flushed
    process = in_another_process(
        """
for n in range(300):
    v = np.array([n, 1, 0], np.float32)
    store.upsert("acme", "items", [Point(f"k{n}", v / np.linalg.norm(v), {"trend": n})])
store.patch("acme", "items", "k7", {"trend": 1000.5})
store.delete("acme", "items", ["k8"])
""",
        folder,
    )

    # WHEN it is killed
    process.send_signal(signal.SIGKILL)
    process.communicate()

    # THEN the next one finds it all
    store = EdgeVectorStore(folder, "test")
    assert store.count("acme", "items") == 299
    assert store.retrieve("acme", "items", ["k7", "k8"])["k7"].payload == {"trend": 1000.5}
    (hits,) = store.query("acme", "items", [Query(2, order_by="trend")])
    assert keys(hits) == ["k7", "k299"]
    store.close()


def test_a_folder_in_use_by_another_process_says_so(folder: Path) -> None:
    process = in_another_process("", folder)
    try:
        with pytest.raises(ConfigurationError, match="in use by another process"):
            EdgeVectorStore(folder, "test")
    finally:
        process.communicate()

    # once it is gone, the folder is free
    EdgeVectorStore(folder, "test").close()


def test_a_folder_that_another_process_prepares_first_says_so_too(folder: Path) -> None:
    # GIVEN a store that was opened on an empty folder
    late = EdgeVectorStore(folder, "test")

    # WHEN another one prepares the folder first
    first = prepared(folder)

    # THEN nothing is overwritten
    with pytest.raises(ConfigurationError, match="in use by another process"):
        late.prepare(dimension=3, embedder="other@1")
    first.close()
    with pytest.raises(EmbedderMismatch):
        late.prepare(dimension=3, embedder="other@1")
    late.prepare(dimension=3, embedder="test@1")
    late.close()


def test_the_log_is_emptied_now_and_then(folder: Path) -> None:
    # GIVEN 8 x 500 points of 40 kB
    store = prepared(folder)
    points = [Point(f"k{n}", X, {"title": "x" * 40_000}) for n in range(500)]
    for _ in range(8):
        store.upsert("acme", "items", points)

    # THEN the log holds less than the 160 MB that were written: two files of 32 MB, and what came since the last flush
    logged = sum(file.stat().st_size for file in (folder / "test_items" / "wal").iterdir())
    assert logged < 110e6
    assert store.count("acme", "items") == 500
    store.close()


def test_reopening_gives_back_the_room_of_deleted_points(folder: Path) -> None:
    store = prepared(folder)
    store.upsert("acme", "items", [Point(f"k{n}", vector(n, 1, 1), {"trend": n}) for n in range(1_200)])
    store.delete("acme", "items", [f"k{n}" for n in range(600)])
    store.close()

    again = EdgeVectorStore(folder, "test")
    assert again.count("acme", "items") == 600
    again.upsert("acme", "items", [Point("k700", Y, {"trend": 5000})])
    (hits,) = again.query("acme", "items", [Query(1, vector=Y)])
    assert keys(hits) == ["k700"]
    assert again.count("acme", "items") == 600
    again.close()


def test_a_folder_of_somebody_else_is_left_alone(folder: Path) -> None:
    (folder / "test_items").mkdir(parents=True)
    (folder / "test_items" / "foreign.txt").write_text("not ours")

    with pytest.raises(ConfigurationError, match="'test_items' was not made by feedsmith"):
        EdgeVectorStore(folder, "test")
    assert (folder / "test_items" / "foreign.txt").read_text() == "not ours"


def test_a_damaged_collection_is_unavailable_and_named(folder: Path) -> None:
    (folder / "test_items").mkdir(parents=True)
    (folder / "test_items" / "feedsmith.json").write_text('{"embedder": "test@1", "dimension": 3}')

    with pytest.raises(StoreUnavailable, match="test_items"):
        EdgeVectorStore(folder, "test")


def test_a_place_that_cannot_be_written_to_is_named_with_the_remedy(folder: Path) -> None:
    (folder / "file").write_text("in the way")

    with pytest.raises(ConfigurationError, match="FEEDSMITH_VECTORS_PATH"):
        prepared(folder / "file")


def test_making_collections_leaves_nothing_else_behind(folder: Path) -> None:
    prepared(folder).close()

    assert sorted(path.name for path in folder.iterdir()) == ["test_items", "test_segments", "test_users"]


def test_a_store_that_was_closed_is_unavailable(folder: Path) -> None:
    store = prepared(folder)
    store.close()

    for call in (
        store.ping,
        lambda: store.count("acme", "items"),
        lambda: store.upsert("acme", "items", SHELF),
        lambda: store.query("acme", "items", [Query(1, vector=X)]),
    ):
        with pytest.raises(StoreUnavailable, match="test_items"):
            call()


def test_what_is_no_json_is_the_callers_mistake_and_writes_nothing(folder: Path) -> None:
    store = prepared(folder)

    with pytest.raises(ValueError, match="NaN"):
        store.upsert("acme", "items", [Point("good", X, {}), Point("bad", X, {"trend": np.nan})])

    assert store.count("acme", "items") == 0
    store.close()
