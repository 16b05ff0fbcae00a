"""How large each built function is, and how long its first answer takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from artefacts.journey import journey
from artefacts.layout import built_artefacts

INTERPRETER = Path(__file__).resolve().parents[2] / ".venv-artefact" / "bin" / "python"


def measure(build_dir: Path) -> dict[str, dict[str, float]]:
    """Measure all built functions on the main road.

    Parameters
    ----------
    build_dir
        Usually ``.aws-sam/build``.

    Returns
    -------
    Logical id -> ``unzipped_mib`` (function and layers, of Lambda's 250) and ``first_answer_s`` (from the start of the
    process to its first answer, models and clients loaded on the way).
    """
    with tempfile.TemporaryDirectory() as folder:
        steps = list(journey(build_dir, INTERPRETER, Path(folder) / "vectors"))
    cold = {step.function: step.cold_s for step in reversed(steps) if step.cold_s is not None}
    return {
        name: {
            "unzipped_mib": round(artefact.unzipped_bytes() / 2**20, 1),
            "first_answer_s": round(cold[name], 2),
        }
        for name, artefact in built_artefacts(build_dir).items()
    }
