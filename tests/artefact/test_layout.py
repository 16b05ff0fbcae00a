"""What is deployed is small enough, complete, and made for the runtime."""

from __future__ import annotations

import subprocess
from pathlib import Path

from artefacts.layout import LIMIT_BYTES, built_artefacts, built_template

# Imports all of the package, as some request would sooner or later; prints what is missing.
IMPORT_ALL = """
import importlib, pkgutil, feedsmith
for module in pkgutil.walk_packages(feedsmith.__path__, "feedsmith."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(module.name, "needs", error.name)
"""


def test_every_function_with_its_layers_fits_lambda(build_dir: Path) -> None:
    sizes = {name: artefact.unzipped_bytes() for name, artefact in built_artefacts(build_dir).items()}

    assert {name: size for name, size in sizes.items() if size >= LIMIT_BYTES} == {}


def test_no_shared_object_is_for_another_python(build_dir: Path) -> None:
    version = built_template(build_dir)["Globals"]["Function"]["Runtime"].removeprefix("python").replace(".", "")
    tagged = [path.name for path in build_dir.rglob("*.cpython-*.so")]

    assert tagged
    assert [name for name in tagged if f".cpython-{version}-x86_64-linux-gnu" not in name] == []


def test_nothing_that_the_package_imports_is_missing(build_dir: Path, interpreter: Path) -> None:
    artefact = built_artefacts(build_dir)["ApiFunction"]
    environment = {"PYTHONPATH": artefact.python_path, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [str(interpreter), "-c", IMPORT_ALL], env=environment, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.returncode) == ("", 0), done.stderr
