"""The API in a screenful of Markdown, as language models read it best (https://llmstxt.org)."""

from __future__ import annotations

from typing import Any


def summary(document: dict[str, Any]) -> str:
    """Markdown of an OpenAPI document: what it is, how to call it, every operation on a line."""
    server = document["servers"][0]["url"].rstrip("/")
    first, _, rest = document["info"]["description"].partition("\n\n")
    lines = [f"# {document['info']['title']}", "", f"> {first}", "", rest, ""]
    lines += [f"- [OpenAPI 3.1]({server}/openapi.json): every field, status and scope"]
    lines += [f"- [Reference]({server}/docs): the same as a page"]
    for group in document["tags"]:
        lines += ["", f"## {group['name']}", ""]
        for path, methods in document["paths"].items():
            lines += [
                _line(method, server + path, operation)
                for method, operation in methods.items()
                if operation["tags"] == [group["name"]]
            ]
    return "\n".join(lines) + "\n"


def _line(method: str, path: str, operation: dict[str, Any]) -> str:
    query = [
        parameter["name"] + ("" if parameter["required"] else "?")
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    ]
    call = f"{method.upper()} {path}" + (f" ({', '.join(query)})" if query else "")
    parts = [operation["summary"]]
    if "requestBody" in operation:
        parts.append(f"Body: {_body(operation['requestBody'])}.")
    parts += [f"Scope: {need['apiKey'][0]}." for need in operation["security"] if "apiKey" in need]
    return f"- `{call}`: {' '.join(parts)}"


def _body(request: dict[str, Any]) -> str:
    (media,) = request["content"].values()
    return str(media["schema"]["$ref"].rpartition("/")[2])
