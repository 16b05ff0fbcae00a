"""The console's handler: what it serves and what not, and that it serves what was built from the sources."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support.events import rest_event
from support.handlers import FUNCTIONS, load_app

CONSOLE = FUNCTIONS / "console"
STATIC = CONSOLE / "static"


@pytest.fixture(scope="module")
def app() -> Any:
    return load_app("console")


def get(app: Any, name: str | None = None, **headers: str) -> Any:
    event = (
        rest_event("GET", "/console", authorizer=None)
        if name is None
        else rest_event("GET", "/console/{name}", path={"name": name}, authorizer=None)
    )
    event["headers"] |= headers
    event["multiValueHeaders"] |= {key: [value] for key, value in headers.items()}
    return app(event, None)


def test_the_page_lets_nothing_in_but_its_own(app: Any) -> None:
    answer = get(app)

    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer["headers"]["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    assert answer["headers"]["Referrer-Policy"] == "no-referrer"
    assert "http" not in answer["body"]  # nothing of another host
    assert "<script>" not in answer["body"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("main.js", "text/javascript"),
        ("style.css", "text/css"),
        ("index.html", "text/html"),
        ("LICENSES.txt", "text/plain"),
    ],
)
def test_each_file_has_its_type(app: Any, name: str, kind: str) -> None:
    answer = get(app, name)

    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer["body"] == (STATIC / name).read_text(encoding="utf-8")


def test_what_the_page_names_is_there(app: Any) -> None:
    page = get(app)["body"]

    for name in ("main.js", "style.css"):
        assert f'"console/{name}"' in page
        assert get(app, name)["statusCode"] == 200


def test_a_file_is_fetched_again_only_when_it_changed(app: Any) -> None:
    first = get(app, "main.js")

    same = get(app, "main.js", **{"If-None-Match": first["headers"]["ETag"]})
    other = get(app, "main.js", **{"If-None-Match": '"older"'})

    assert (same["statusCode"], same["body"]) == (304, "")
    assert same["headers"]["ETag"] == first["headers"]["ETag"]
    assert (other["statusCode"], other["body"]) == (200, first["body"])


def test_a_slash_too_many_leads_to_the_page(app: Any) -> None:
    event = rest_event("GET", "/console", authorizer=None)
    event["path"] = event["requestContext"]["path"] = "/prod/console/"

    answer = app(event, None)

    assert (answer["statusCode"], answer["headers"]["Location"]) == (308, "../console")


@pytest.mark.parametrize("name", ["missing.js", "..", ".", "...", "app.py", "MAIN.JS"])
def test_what_is_no_file_of_it_is_not_found(app: Any, name: str) -> None:
    answer = get(app, name)

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["title"] == "Not found"


@pytest.mark.parametrize(
    "name", ["../app.py", "%2e%2e%2fapp.py", "..%2Fapp.py", "..\\app.py", "/etc/passwd", "main.js\x00", ""]
)
def test_a_path_leads_nowhere(app: Any, name: str) -> None:
    answer = get(app, name)

    assert answer["statusCode"] in (404, 422)
    assert "STATIC" not in answer["body"]


def test_the_build_is_of_these_sources() -> None:
    paths = [Path("build.mjs"), Path("package-lock.json")]
    paths += [path.relative_to(CONSOLE) for path in (CONSOLE / "src").rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(path.as_posix() for path in paths):
        digest.update(f"{path}\0".encode() + (CONSOLE / path).read_bytes() + b"\0")

    built_of = (STATIC / "SOURCES.sha256").read_text().strip()
    assert built_of == digest.hexdigest(), "functions/console/static is not what src makes: run `make console`"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(
    not (CONSOLE / "node_modules").is_dir(), reason="the console's packages are not installed: make console"
)
def test_a_build_makes_these_very_files(tmp_path: Path) -> None:
    for name in ("src", "build.mjs", "package.json", "package-lock.json", "tsconfig.json"):
        (shutil.copytree if (CONSOLE / name).is_dir() else shutil.copy)(CONSOLE / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(CONSOLE / "node_modules")
    (tmp_path / "static").mkdir()

    subprocess.run(["node", "build.mjs"], cwd=tmp_path, check=True, capture_output=True)

    made = {path.name: path.read_bytes() for path in (tmp_path / "static").iterdir()}
    assert made == {path.name: path.read_bytes() for path in STATIC.iterdir()}
