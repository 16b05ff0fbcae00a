"""Both vector stores, through random histories and crashes: alone, and under the services that hold people's data.

``FEEDSMITH_MACHINE_EXAMPLES`` histories of 50 steps each; `make state-machine` runs 10,000 steps per store and machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis.stateful import run_state_machine_as_test
from qdrant_client import QdrantClient

from contract.people_machine import PeopleMachine
from contract.vector_machine import EMBEDDER, HeldMachine, Holder, VectorMachine, machine_settings
from feedsmith.stores.edge import EdgeVectorStore
from feedsmith.stores.qdrant import QdrantVectorStore
from feedsmith.stores.vectors import VectorStore
from support.points import DIMENSION
from support.services import BagOfWords

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.timeout(7200),
]

EXAMPLES = int(os.environ.get("FEEDSMITH_MACHINE_EXAMPLES", "4"))
BAG = BagOfWords()
SHAPES = {VectorMachine: (DIMENSION, EMBEDDER), PeopleMachine: (BAG.dimension, BAG.name)}


class EdgeHolder(Holder):
    """A killed process leaves its folder as it stands on disk: the next one opens a copy of that."""

    def __init__(self, folder: Path, dimension: int, embedder: str) -> None:
        self._folder = folder / "vectors-0"
        self._copies = 0
        self._store = EdgeVectorStore(self._folder, "test")
        self._store.prepare(dimension=dimension, embedder=embedder)

    @property
    def store(self) -> VectorStore:
        return self._store

    def lose_the_process(self) -> None:
        self._copies += 1
        left = self._folder.with_name(f"vectors-{self._copies}")
        subprocess.run(["cp", "-R", str(self._folder), str(left)], check=True)
        self._store.close()  # after the copy: nothing of it reaches the next process
        shutil.rmtree(self._folder)
        self._folder, self._store = left, EdgeVectorStore(left, "test")

    def close_and_open(self) -> None:
        self._store.close()
        self._store = EdgeVectorStore(self._folder, "test")


class ClientHolder(Holder):
    """A killed process of ours leaves the server's data alone: the next one has the same server."""

    def __init__(self, _folder: Path, dimension: int, embedder: str) -> None:
        self._dimension, self._embedder = dimension, embedder
        self._server = QdrantClient(":memory:")
        self._store = QdrantVectorStore(self._server, "test")
        self._store.prepare(dimension=dimension, embedder=embedder)

    @property
    def store(self) -> VectorStore:
        return self._store

    def lose_the_process(self) -> None:
        self._store = QdrantVectorStore(self._server, "test")

    def close_and_open(self) -> None:
        self.lose_the_process()
        self._store.prepare(dimension=self._dimension, embedder=self._embedder)


@pytest.fixture(params=[EdgeHolder, ClientHolder])
def holder_of(request: pytest.FixtureRequest, folder: Path) -> Iterator[Callable[[int, str], Holder]]:
    made: list[Holder] = []

    def make(dimension: int, embedder: str) -> Holder:
        made.append(request.param(folder, dimension, embedder))
        return made[0]

    yield make
    made[0].store.close()


@pytest.mark.parametrize("machine", [VectorMachine, PeopleMachine])
def test_what_is_held_is_what_the_model_says(
    machine: type[HeldMachine], holder_of: Callable[[int, str], Holder]
) -> None:
    machine.holder, machine.steps, machine.crashes = holder_of(*SHAPES[machine]), 0, 0
    begun = time.monotonic()

    run_state_machine_as_test(machine, settings=machine_settings(EXAMPLES))

    took = time.monotonic() - begun
    store = type(machine.holder.store).__name__
    sys.stdout.write(f"{machine.__name__} on {store}: {machine.steps} steps, {machine.crashes} kills, {took:.0f} s\n")
    assert machine.steps >= EXAMPLES
