"""A click log in MIND's format, whose readers like one of two topics."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

WORDS = {
    "sports": ["goal", "match", "striker", "league", "cup", "referee", "penalty", "coach"],
    "food": ["soup", "recipe", "oven", "butter", "dinner", "spice", "salad", "bakery"],
}


def write_clicks(folder: Path, *, impressions: int = 320, users: int = 60, seed: int = 0) -> tuple[Path, Path]:
    """``news.tsv`` and ``behaviors.tsv``: six candidates of both topics, of which readers click one of theirs.

    Readers 0 to 2 have no history. The items that they click most are the first ones of each topic.
    """
    rng = np.random.default_rng(seed)
    items = {topic: [f"N{base + number}" for number in range(20)] for base, topic in ((100, "sports"), (200, "food"))}
    news = [
        f"{item}\t{topic}\t\t{' '.join(rng.choice(WORDS[topic], 4, replace=False))}\t"
        for topic, ids in items.items()
        for item in ids
    ]
    popular = 1.0 / np.arange(2.0, 22.0)
    histories = [
        rng.choice(items["sports" if user % 2 else "food"], 6, replace=False).tolist() if user > 2 else []
        for user in range(users)
    ]
    rows = []
    for number in range(impressions):
        user = int(rng.integers(users))
        liked, other = ("sports", "food") if user % 2 else ("food", "sports")
        clicked = rng.choice(items[liked], p=popular / popular.sum())
        shown = [item for item in rng.choice(items[liked], 3, replace=False).tolist() if item != clicked][:2]
        shown += rng.choice(items[other], 3, replace=False).tolist()
        cells = [f"{clicked}-1", *(f"{item}-0" for item in shown)]
        at = datetime(2019, 11, 9) + timedelta(minutes=7 * number)
        shuffled = " ".join(rng.permutation(cells))
        rows.append(f"{number}\tU{user}\t{at:%m/%d/%Y %I:%M:%S %p}\t{' '.join(histories[user])}\t{shuffled}")
    paths = folder / "news.tsv", folder / "behaviors.tsv"
    for path, lines in zip(paths, (news, rows), strict=True):
        path.write_text("\n".join(lines) + "\n")
    return paths
