"""Tastes on a plane, worked out by hand."""

from __future__ import annotations

import numpy as np

from feedsmith.profiles.map import taste_map


def test_the_widest_two_directions_are_shown() -> None:
    # GIVEN tastes that differ by 2 along the first axis, by 1 along the third, and not at all along the second
    tastes = np.array([[-2, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, -1]], dtype=np.float32)
    centroids = np.array([[1, 0, 0], [-1, 0, 0]], dtype=np.float32)
    # WHEN they are put on a plane
    placed = taste_map(tastes, centroids)
    # THEN their mean is its middle, axes point to the positive, and a tie goes to the first segment
    assert placed.users == ((-2, 0, 1), (2, 0, 0), (0, 1, 0), (0, -1, 0))
    assert placed.segments == ((1, 0), (-1, 0))
    assert placed.explained == 1.0


def test_what_the_plane_leaves_out_is_told() -> None:
    # GIVEN variances of 8, 2 and 2 along three axes: the plane shows 10 of 12
    tastes = np.array([[-2, 0, 0], [2, 0, 0], [0, 0, 1], [0, 0, -1], [0, 1, 0], [0, -1, 0]], dtype=np.float32)
    placed = taste_map(tastes, tastes[1:2])
    assert round(placed.explained, 4) == round(10 / 12, 4)


def test_equal_tastes_lie_on_one_point() -> None:
    placed = taste_map(np.ones((3, 4), dtype=np.float32), np.ones((1, 4), dtype=np.float32))
    assert placed.users == ((0, 0, 0),) * 3
    assert placed.explained == 0.0
