"""Where `sam build` put each function and its layers, read from the template that it wrote beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedsmith_local import cloudformation

LIMIT_BYTES = 250 * 2**20
"""Lambda's limit for a function and its layers, unzipped."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A built zip function."""

    name: str
    handler: str
    task_root: Path
    layers: tuple[Path, ...]

    @property
    def python_path(self) -> str:
        """The search path of Lambda's Python: the function, then each layer's ``python`` folder."""
        return os.pathsep.join(map(str, (self.task_root, *(layer / "python" for layer in self.layers))))

    @property
    def models(self) -> Path | None:
        """What would be /opt/models; None: no layer brings it."""
        folders = [layer / "models" for layer in self.layers if (layer / "models").is_dir()]
        return folders[0] if folders else None

    def unzipped_bytes(self) -> int:
        """Bytes of the function and its layers, as Lambda counts them."""
        folders = (self.task_root, *self.layers)
        return sum(path.lstat().st_size for folder in folders for path in folder.rglob("*") if path.is_file())


def built_template(build_dir: Path) -> dict[str, Any]:
    """The template that `sam build` wrote."""
    return cloudformation.read(build_dir / "template.yaml")


def built_artefacts(build_dir: Path) -> dict[str, Artefact]:
    """All built zip functions by their logical id.

    Parameters
    ----------
    build_dir
        Usually ``.aws-sam/build``.
    """
    resources = built_template(build_dir)["Resources"]

    def folder(name: str) -> Path:
        properties = resources[name]["Properties"]
        return (build_dir / str(properties.get("CodeUri") or properties["ContentUri"])).resolve()

    return {
        name: Artefact(
            name=name,
            handler=resource["Properties"]["Handler"],
            task_root=folder(name),
            layers=tuple(folder(layer["Ref"]) for layer in resource["Properties"].get("Layers", [])),
        )
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
