"""Tags: what a profile says a user is interested in, and what users want to be left out of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feedsmith.models import IndexedItem, Wishes
from feedsmith.profiles.interests import LikedItem

MOST_TAGS = 100


@dataclass(frozen=True, slots=True)
class Tag:
    """``weight`` in (0, 1]: its share of all tags' mass in the domain; ``items``: how many items it comes from."""

    name: str
    weight: float
    items: int


@dataclass(frozen=True, slots=True)
class Unheeded:
    """What counts for nothing in a user's profile: the items, and all whose main subject is one of the tags."""

    items: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    @classmethod
    def of(cls, wishes: Wishes) -> Unheeded:
        """Removed tags, and what the user is not interested in."""
        return cls(frozenset(wishes.unwanted_items), frozenset((*wishes.removed_tags, *wishes.unwanted_tags)))

    def covers(self, indexed: IndexedItem) -> bool:
        """Whether an item speaks for nothing.

        By its largest topic, by any of its keywords where it has no topic, or by any of its owner's categories.
        """
        item, topics = indexed.item, indexed.understanding.topics
        if topics:
            main: tuple[str, ...] = (max(topics, key=lambda topic: topic.score).name,)
        else:
            main = indexed.understanding.keywords
        return item.id in self.items or not self.tags.isdisjoint((*main, *item.categories))

    def stripped(self, indexed: IndexedItem) -> IndexedItem:
        """The item without the unheeded ones of its topics, which may be its lesser ones."""
        kept = tuple(topic for topic in indexed.understanding.topics if topic.name not in self.tags)
        if len(kept) == len(indexed.understanding.topics):
            return indexed
        return indexed.model_copy(update={"understanding": indexed.understanding.model_copy(update={"topics": kept})})


HEED_ALL = Unheeded()


def domain_tags(liked: Sequence[LikedItem]) -> tuple[Tag, ...]:
    """Tags of a history, the heaviest first: topics, and for items without any, keywords; at most 100."""
    mass: dict[str, float] = defaultdict(float)
    items: dict[str, int] = defaultdict(int)
    for item in liked:
        for name, score in _scores(item.indexed).items():
            mass[name] += item.weight * score
            items[name] += 1
    total = sum(mass.values())
    heaviest = sorted((name for name in mass if mass[name] > 0), key=lambda name: (-mass[name], name))
    return tuple(Tag(name, mass[name] / total, items[name]) for name in heaviest[:MOST_TAGS])


def _scores(indexed: IndexedItem) -> Mapping[str, float]:
    topics, keywords = indexed.understanding.topics, indexed.understanding.keywords
    if topics:
        return {topic.name: topic.score for topic in topics}
    return dict.fromkeys(keywords, 1.0 / len(keywords)) if keywords else {}
