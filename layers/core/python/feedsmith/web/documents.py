"""What the API says of itself, for everybody: ``/openapi.json``, ``/docs`` and ``/llms.txt``, made when asked for."""

from __future__ import annotations

import json

from chalice.app import Response

from feedsmith.web.app import Api
from feedsmith.web.operation import JSON

_HTML, _TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"


def add_documents(app: Api) -> None:
    """Add the three routes; they describe all that ``app`` has when they are asked."""

    @app.route("/openapi.json", methods=["GET"], scope=None)
    def openapi_json() -> Response:
        """The API as an OpenAPI 3.1 document."""
        from feedsmith.web.openapi import document

        body = json.dumps(document(app.operations, server=_server(app)), ensure_ascii=False)
        return _public(body, JSON)

    @app.route("/docs", methods=["GET"], scope=None, media_type=_HTML)
    def docs() -> Response:
        """The reference of the API, a page of its own, without scripts or other hosts."""
        from feedsmith.web.openapi import document
        from feedsmith.web.reference import CONTENT_SECURITY_POLICY, page

        answer = _public(page(document(app.operations, server=_server(app))), _HTML)
        answer.headers |= {
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Referrer-Policy": "no-referrer",
        }
        return answer

    @app.route("/llms.txt", methods=["GET"], scope=None, media_type=_TEXT)
    def llms_txt() -> Response:
        """The API in short, for language models (llmstxt.org)."""
        from feedsmith.web.llms import summary
        from feedsmith.web.openapi import document

        return _public(summary(document(app.operations, server=_server(app))), _TEXT)


def _server(app: Api) -> str:
    """The path before the API's own: the stage, or what a custom domain maps to it."""
    context = app.current_request.context
    return str(context["path"]).removesuffix(str(context["resourcePath"])) or "/"


def _public(body: str, media_type: str) -> Response:
    headers: dict[str, str | list[str]] = {
        "Content-Type": media_type,
        "Cache-Control": "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body=body, headers=headers)
