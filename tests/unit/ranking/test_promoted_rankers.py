"""What serves follows what is promoted, without a deployment, and whatever fails, something serves."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from feedsmith.errors import StoreUnavailable
from feedsmith.ranking import registry as module
from feedsmith.ranking.base import Ranker
from feedsmith.ranking.linear import LinearRanker
from feedsmith.ranking.registry import ModelRegistry, PromotedRankers
from support.ledger import InMemoryBlobs
from support.people import DOMAINS
from support.rankers import EMBEDDER, load_ranker, ranker_file

NEWS, SHOP = DOMAINS["news"], DOMAINS["shop"]
FIXED = LinearRanker(NEWS.weights).version


class Blobs(InMemoryBlobs):
    """Counts reads; ``down``: does not answer."""

    down = False
    reads = 0

    def read(self, bucket: str, key: str) -> bytes | None:
        self.reads += 1
        if self.down:
            raise StoreUnavailable("S3 bucket 'models' cannot be reached")
        return super().read(bucket, key)


class House:
    """A registry, and what one process serves of it; look-ups happen within the request unless told otherwise."""

    def __init__(self, start: Callable[[Callable[[], None]], None] = lambda job: job()) -> None:
        self.now = 1_000.0
        self.blobs = Blobs()
        self.registry = ModelRegistry(self.blobs, "models")
        self.rankers = PromotedRankers(
            self.registry, lambda: EMBEDDER, refresh_s=60, clock=lambda: self.now, load=load_ranker, start=start
        )

    def promote(self, version: str, data: bytes | None = None, domain: str = "news") -> None:
        self.registry.put("acme", domain, version, ranker_file(version) if data is None else data, {})
        self.registry.promote("acme", domain, version, {})

    def serves(self, after: float = 0.0) -> str:
        self.now += after
        return self.rankers("acme", NEWS).version


@pytest.fixture
def house() -> House:
    return House()


def test_the_fixed_ranker_serves_where_none_is_promoted(house: House) -> None:
    house.promote("v1", domain="shop")

    assert house.serves() == FIXED
    assert house.rankers("acme", SHOP).version == "v1"
    assert house.rankers("other", SHOP).version == LinearRanker(SHOP.weights).version


def test_a_promotion_and_a_rollback_are_picked_up_after_the_refresh(house: House) -> None:
    # GIVEN a process that serves the fixed ranker
    assert house.serves() == FIXED
    # WHEN one is promoted, nothing changes within the minute, and it serves after it
    house.promote("v1")
    assert house.serves(after=59.9) == FIXED
    assert house.serves(after=0.1) == "v1"
    # AND so it goes on
    house.promote("v2")
    assert house.serves(after=60) == "v2"
    house.registry.rollback("acme", "news")
    assert house.serves(after=60) == "v1"
    house.registry.rollback("acme", "news")
    assert house.serves(after=60) == FIXED


def test_nothing_is_read_between_refreshes_and_a_model_once(house: House) -> None:
    house.promote("v1")
    house.blobs.reads = 0
    for _ in range(100):
        house.serves()
    assert house.blobs.reads == 2  # promoted.json and the model
    house.serves(after=60)
    assert house.blobs.reads == 3  # promoted.json again


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (ranker_file("v2", embedder="another@2"), "was trained on vectors of 'another@2', not 'test@1'"),
        (b"no ranker at all 1", "its file cannot be read (ValueError)"),
        (b"\xff", "its file cannot be read (UnicodeDecodeError)"),
    ],
)
def test_a_bad_file_is_refused_by_name_and_the_one_before_serves_on(
    house: House, data: bytes, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.promote("v1")
    assert house.serves() == "v1"

    house.promote("v2", data)

    assert house.serves(after=60) == "v1"
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (record.__dict__["version"], record.__dict__["domain"]) == ("v2", "news")
    assert said in record.__dict__["reason"]
    # It is not read again each minute, but what is promoted next is.
    reads = house.blobs.reads
    assert house.serves(after=60) == "v1"
    assert house.blobs.reads == reads + 1
    house.promote("v3")
    assert house.serves(after=60) == "v3"


def test_a_version_that_was_refused_is_tried_again_once_another_served_between(house: House) -> None:
    house.promote("v1")
    house.serves()
    house.promote("v2", b"broken")
    assert house.serves(after=60) == "v1"
    house.registry.rollback("acme", "news")
    assert house.serves(after=60) == "v1"
    house.promote("v2", ranker_file("v2"))  # written anew

    assert house.serves(after=60) == "v2"


def test_an_engine_that_is_not_installed_is_named(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def load(*_: object) -> Ranker:
        raise ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime")

    monkeypatch.setattr(house.rankers, "_load", load)
    house.promote("v1")

    assert house.serves() == FIXED
    assert "onnxruntime is not installed here" in caplog.records[-1].__dict__["reason"]


def test_a_fresh_process_with_a_bad_file_serves_the_fixed_ranker(house: House) -> None:
    house.promote("v1", b"broken")

    assert house.serves() == FIXED


def test_a_store_that_does_not_answer_leaves_the_ranker_in_place(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.promote("v1")
    assert house.serves() == "v1"
    house.promote("v2")
    # WHEN the store is down for a while
    house.blobs.down = True
    assert house.serves(after=60) == "v1"
    assert "promoted ranker not looked up" in caplog.text
    # THEN it is asked once a refresh, not once a request
    reads = house.blobs.reads
    assert [house.serves() for _ in range(10)] == ["v1"] * 10
    assert house.blobs.reads == reads
    # AND when it is back, what was promoted meanwhile serves
    house.blobs.down = False
    assert house.serves(after=60) == "v2"


def test_a_store_that_is_down_from_the_start_costs_no_request(house: House) -> None:
    house.blobs.down = True

    assert house.serves() == FIXED


def test_a_model_that_was_removed_leaves_the_ranker_in_place(house: House) -> None:
    house.promote("v1")
    house.serves()
    house.promote("v2")
    del house.blobs._versions["models", "models/acme/news/v2.onnx"]

    assert house.serves(after=60) == "v1"


def test_one_look_up_at_a_time_while_requests_go_on() -> None:
    # GIVEN look-ups that are only begun
    begun: list[Callable[[], None]] = []
    one_begun = threading.Event()

    def start(job: Callable[[], None]) -> None:
        begun.append(job)
        one_begun.set()

    house = House(start)
    house.promote("v1")
    threads = [threading.Thread(target=house.serves) for _ in range(4)]
    # WHEN several first requests come at once
    for thread in threads:
        thread.start()
    assert one_begun.wait(10)
    begun[0]()
    for thread in threads:
        thread.join(10)
    # THEN one looked, and all waited for it
    assert len(begun) == 1
    assert house.serves() == "v1"
    # AND later ones are served the old one while one looks
    house.promote("v2")
    assert [house.serves(after=60), house.serves(), house.serves(after=60)] == ["v1"] * 3
    assert len(begun) == 2
    begun[1]()
    assert house.serves() == "v2"


def test_a_first_look_up_that_hangs_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_LOOK_S", 0.001)
    begun: list[Callable[[], None]] = []
    house = House(start=begun.append)
    house.promote("v1")

    assert house.serves() == FIXED
    monkeypatch.setattr(module, "FIRST_LOOK_S", 1e6)  # who waits now would wait for ever
    assert house.serves() == FIXED
    begun[0]()
    assert house.serves() == "v1"


def test_the_look_up_runs_in_a_thread_of_its_own() -> None:
    looked = threading.Event()
    names: list[str] = []

    def job() -> None:
        names.append(threading.current_thread().name)
        looked.set()

    module._in_a_thread(job)

    assert looked.wait(10)
    assert names == ["ranker look-up"]
