"""Ask whether an installed package has a known vulnerability.

pip-audit knows from a service on the Internet. Where that does not answer, there is no audit, and this says so; what
can still be seen is that what is installed is what ``constraints.txt`` names, and nothing else.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
# What the project itself installs, and what comes with every environment.
OWN = {"feedsmith", "pip", "setuptools", "wheel"}
_TIMEOUT_S = 300


def audited() -> list[dict[str, Any]] | None:
    """What pip-audit says about each installed package; None where the service did not answer for any."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--skip-editable"]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=_TIMEOUT_S)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
    return found if any("vulns" in package for package in found) else None


def judged(packages: Iterable[Mapping[str, Any]]) -> tuple[list[str], int]:
    """Lines on what was found, and 1 where a package is vulnerable."""
    lines, unknown, checked = [], [], 0
    for package in packages:
        if "skip_reason" in package:
            unknown.append(package["name"])
            continue
        checked += 1
        for one in package["vulns"]:
            mended = ", ".join(one["fix_versions"]) or "no version yet"
            lines.append(f"{package['name']} {package['version']}: {one['id']}, mended in {mended}")
    verdict = [f"{len(lines)} known vulnerabilities in {checked} packages"]
    if unknown:
        verdict.append(f"not known to the service: {', '.join(sorted(unknown))}")
    return lines + verdict, int(bool(lines))


def compared(installed: Mapping[str, str], constraints: str) -> tuple[list[str], int]:
    """Lines on what differs from the constraints, and 1 where anything does."""
    pinned = {
        _normal(name): version
        for name, _, version in (line.partition("==") for line in constraints.splitlines())
        if version and not name.startswith("#")
    }
    lines = []
    for name, version in sorted((_normal(name), version) for name, version in installed.items()):
        # "2.13.0+cpu" is a build of 2.13.0.
        if name not in OWN and pinned.get(name) != version.partition("+")[0]:
            lines.append(f"{name} {version} is installed, constraints.txt has {pinned.get(name, 'none')}")
    return [
        *lines,
        "NO AUDIT WAS MADE: the vulnerability service does not answer from here. "
        + ("The environment is not what constraints.txt names." if lines else "Versions are those of constraints.txt."),
    ], int(bool(lines))


def _normal(name: str) -> str:
    """As PyPI compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Print what was found; 1 when something has to be done."""
    packages = audited()
    if packages is None:
        installed = {distribution.name: distribution.version for distribution in distributions()}
        lines, status = compared(installed, (ROOT / "constraints.txt").read_text("utf-8"))
    else:
        lines, status = judged(packages)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
