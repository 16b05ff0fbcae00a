"""What the site has beside the files in ``docs/``: the API's reference, and a page that lies elsewhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
# Pages of the site that lie elsewhere in the repository, and how the pages in docs/ link to them there.
ELSEWHERE = {"qdrant.md": "../infra/qdrant/README.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made at build."""
    document = openapi()
    made = {"openapi.json": json.dumps(document, indent=1, ensure_ascii=False), "reference.md": reference(document)}
    made |= {page: (ROOT / "docs" / path).resolve().read_text(encoding="utf-8") for page, path in ELSEWHERE.items()}
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Let links that lead out of docs/ in the repository lead to the page that the site has."""
    for page, path in ELSEWHERE.items():
        markdown = markdown.replace(f"]({path})", f"]({page})")
    return markdown


def openapi() -> dict[str, Any]:
    """The document that the API serves as ``/openapi.json``."""
    from feedsmith.web.openapi import document

    sys.path.insert(0, str(ROOT / "functions" / "api"))
    try:
        from app import app  # the function's own module, as Lambda imports it
    finally:
        sys.path.pop(0)
    return document(app.operations)


def reference(document: dict[str, Any]) -> str:
    """The page that the API serves as ``/docs``, within the site's own frame."""
    from feedsmith.web.reference import page

    body = page(document).partition("<main>")[2].partition("</main>")[0]
    heading, _, rest = body.partition("</h1>")
    return f'# API reference\n\n<div class="reference">{rest}</div>\n' if heading else body
