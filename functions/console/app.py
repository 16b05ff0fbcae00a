"""The console: static pages. They hold no data; what they show they ask of the API, with the visitor's own key."""

from __future__ import annotations

import hashlib
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
# Not the system's own list of types, which differs from machine to machine.
_KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}

app = Api("feedsmith-console", max_body_bytes=0)


@app.route("/console", methods=["GET"], scope=None, media_type="text/html; charset=utf-8")
def index() -> Response:
    """The page."""
    if app.current_request.context.get("path", "").endswith("/"):
        # What the page is made of is named relative to it, since a stage or a proxy may be in front.
        return Response(body="", status_code=308, headers={"Location": "../console"})
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
    body = path.read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers: dict[str, str | list[str]] = {
        "Content-Type": f"{_KINDS.get(path.suffix, 'text/plain')}; charset=utf-8",
        # A new version of the page must not meet an old version of its script: a browser keeps both, but asks first.
        "Cache-Control": "no-cache",
        "ETag": tag,
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    if app.current_request.headers.get("if-none-match") == tag:
        return Response(body="", status_code=304, headers=headers)
    return Response(body=body.decode(), headers=headers)
