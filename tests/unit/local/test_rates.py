from __future__ import annotations

from feedsmith_local import rates
from feedsmith_local.rates import Rates
from feedsmith_local.template import Throttle


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_has_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    held = Rates(Throttle(rate=0.5, burst=3), clock=clock)

    assert [held.wait_s("k") for _ in range(4)] == [0, 0, 0, 2]
    clock.now += 1.9
    assert held.wait_s("k") == 1
    clock.now += 0.2
    assert [held.wait_s("k") for _ in range(2)] == [0, 2]
    clock.now += 1_000
    assert [held.wait_s("k") for _ in range(4)] == [0, 0, 0, 2]  # no more than the burst is saved up


def test_other_keys_and_exempt_ones_are_not_held_up() -> None:
    held = Rates(Throttle(rate=1, burst=1), exempt=frozenset({"own"}), clock=Clock())

    assert [held.wait_s(key) for key in ("a", "b", "a", "own", "own")] == [0, 0, 1, 0, 0]
    assert [Rates(None).wait_s("a") for _ in range(3)] == [0, 0, 0]


def test_it_remembers_a_bounded_number_of_keys() -> None:
    held = Rates(Throttle(rate=1, burst=1), clock=Clock())

    for number in range(rates._MOST + 5):
        held.wait_s(str(number))

    assert len(held._buckets) == rates._MOST
    assert held.wait_s(str(rates._MOST + 4)) == 1
