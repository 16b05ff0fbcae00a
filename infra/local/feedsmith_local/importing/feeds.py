"""RSS and Atom."""

from __future__ import annotations

import hashlib
import io
import re
import time
from datetime import UTC, datetime
from typing import Any

import feedparser

from feedsmith.content.cleaning import clean
from feedsmith.errors import UploadError
from feedsmith_local.importing.rows import Found, Rows, Wrong

_ID = re.compile(r"[\w.:@=+~-]{1,128}", re.ASCII)
_MOST_CATEGORIES = 20


def feed_rows(body: bytes) -> Rows:
    """Items of a feed, whose entries count as lines from 1 on; markup is taken out of titles and texts.

    An entry's id is its own where it can be an item's id, else a hash of it, or of its link: the same at each reading.

    Raises
    ------
    UploadError
        It is no feed.
    """
    # A file object: given bytes or a string, feedparser would also try them as a path or an address.
    feed = feedparser.parse(io.BytesIO(body))
    if not feed.version:
        raise UploadError("neither RSS nor Atom: give the address of the feed itself, not of a page that links to it")
    for number, entry in enumerate(feed.entries, 1):
        identity = entry.get("id") or entry.get("link")
        if not identity:
            yield Wrong(number, "an entry needs a guid, an id or a link")
        elif not clean(entry.get("title", "")):
            yield Wrong(number, "an entry needs a title")
        else:
            yield Found(number, _fields(entry, identity, feed.feed))
    if feed.bozo and not isinstance(feed.bozo_exception, feedparser.CharacterEncodingOverride):
        yield Wrong(len(feed.entries) + 1, f"the feed is damaged ({feed.bozo_exception}); what follows may be missing")


def _fields(entry: Any, identity: str, feed: Any) -> dict[str, Any]:
    contents = [content.value for content in entry.get("content", [])]
    tags = dict.fromkeys(tag.term.strip() for tag in entry.get("tags", []) if tag.get("term"))
    fields = {
        "id": identity if _ID.fullmatch(identity) else "f-" + hashlib.sha256(identity.encode()).hexdigest()[:24],
        "title": clean(entry.title),
        "body": clean(max([entry.get("summary", ""), *contents], key=len)),
        "url": entry.get("link"),
        "provider": clean(feed.get("title", "")) or None,
        "language": feed.get("language") or None,
        "categories": [tag for tag in tags if tag][:_MOST_CATEGORIES],
        "published_at": _time(entry.get("published_parsed") or entry.get("updated_parsed")),
    }
    return {name: value for name, value in fields.items() if value}


def _time(parsed: time.struct_time | None) -> str | None:
    return datetime(*parsed[:6], tzinfo=UTC).isoformat() if parsed else None
