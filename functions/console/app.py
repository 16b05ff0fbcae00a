"""The console: static pages. They hold no data; what they show they ask of the API, with the visitor's own key."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from chalice.app import Response

from feedsmith.errors import NotFound
from feedsmith.models import Id
from feedsmith.web import Api

STATIC = Path(__file__).resolve().parent / "static"
# Only what the page brings itself: no other host, no inline script, no plugin, nobody's frame.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

app = Api("feedsmith-console", max_body_bytes=0)


@app.route("/console", methods=["GET"], scope=None, media_type="text/html; charset=utf-8")
def index() -> Response:
    """The page."""
    return _file("index.html")


@app.route(
    "/console/{name}", methods=["GET"], scope=None, raises=(NotFound,), media_type="text/javascript; charset=utf-8"
)
def asset(name: Id) -> Response:
    """What the page is made of."""
    return _file(name)


def _file(name: str) -> Response:
    path = STATIC / name  # an id has no slash, so that nothing outside the folder is named
    if not path.is_file():
        raise NotFound("the console has no such file")
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    return Response(
        body=path.read_text(encoding="utf-8"),
        headers={
            "Content-Type": f"{kind}; charset=utf-8",
            # A new version of the page must not meet an old version of its script.
            "Cache-Control": "no-cache",
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )
