from __future__ import annotations

import numpy as np

from feedsmith_training.log import Catalogue
from feedsmith_training.projection import train_projection


def world() -> tuple[Catalogue, list[np.ndarray]]:
    """Forty items with random vectors; readers keep to one half of them, which no direction of the vectors shows."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    catalogue = Catalogue(
        tuple(map(str, range(40))), ("",) * 40, vectors, "any@1", np.zeros((40, 1), np.float32), ("any",),
        np.full(40, np.nan), (None,) * 40,
    )  # fmt: skip
    return catalogue, [rng.permutation(20)[:10] + 20 * (reader % 2) for reader in range(200)]


def cosines(catalogue: Catalogue, projection: np.ndarray) -> np.ndarray:
    embedded = np.hstack([catalogue.vectors, catalogue.topics]) @ projection
    embedded /= np.linalg.norm(embedded, axis=1, keepdims=True)
    return embedded @ embedded.T


def test_items_that_the_same_people_read_come_to_lie_together() -> None:
    catalogue, histories = world()
    shown: list[float] = []
    learned = cosines(catalogue, train_projection(catalogue, histories, gamma=1.0, seed=0, progress=shown.append))
    same = (learned[:20, :20].sum() - 20) / 380  # without each with itself
    assert same > learned[:20, 20:].mean() + 0.15  # their vectors alone: 0
    assert shown[-1] == 1.0


def test_without_long_histories_there_is_a_projection_all_the_same() -> None:
    catalogue, _ = world()
    projection = train_projection(catalogue, [np.array([1, 2])], gamma=0.0, seed=0)
    assert projection.shape == (25, 64)
    assert projection.dtype == np.float32
