"""infra/audit.py: what counts as a finding, and that no audit is not called one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "infra" / "audit.py"
    spec = importlib.util.spec_from_file_location("audit", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_vulnerable_package_is_named_with_its_remedy(audit: ModuleType) -> None:
    packages = [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "leaky", "version": "2.0", "vulns": [{"id": "CVE-1", "fix_versions": ["2.1", "3.0"]}]},
        {"name": "home-made", "skip_reason": "not found on PyPI"},
    ]

    assert audit.judged(packages) == (
        [
            "leaky 2.0: CVE-1, mended in 2.1, 3.0",
            "1 known vulnerabilities in 2 packages",
            "not known to the service: home-made",
        ],
        1,
    )
    assert audit.judged(packages[:1]) == (["0 known vulnerabilities in 1 packages"], 0)


@pytest.mark.parametrize(
    ("installed", "status", "told"),
    [
        ({"Sound_Name": "1.0", "pip": "99", "feedsmith": "0.1.0"}, 0, []),
        ({"sound.name": "1.1"}, 1, ["sound-name 1.1 is installed, constraints.txt has 1.0"]),
        ({"stranger": "1.0"}, 1, ["stranger 1.0 is installed, constraints.txt has none"]),
    ],
)
def test_without_the_service_versions_are_compared_and_it_is_said(
    audit: ModuleType, installed: dict[str, str], status: int, told: list[str]
) -> None:
    lines, answer = audit.compared(installed, "# a comment\nsound-name==1.0\nanother==2\n")

    assert (lines[:-1], answer) == (told, status)
    assert lines[-1].startswith("NO AUDIT WAS MADE")


def test_a_service_that_answers_for_no_package_has_not_answered(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Done:
        stdout = b'{"dependencies": [{"name": "a", "skip_reason": "not found"}], "fixes": []}'

    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: Done)
    assert audit.audited() is None

    Done.stdout = b"no JSON"
    assert audit.audited() is None

    Done.stdout = b'{"dependencies": [{"name": "a", "version": "1", "vulns": []}], "fixes": []}'
    assert audit.audited() == [{"name": "a", "version": "1", "vulns": []}]
