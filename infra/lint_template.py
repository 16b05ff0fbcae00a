"""Lint the SAM templates twice: as written, and as CloudFormation will see them.

Some mistakes, circular dependencies first among them, only exist between the resources that the transform adds.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cfnlint.api import lint
from cfnlint.decode.decode import decode
from samtranslator.translator.transform import transform

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = (ROOT / "template.yaml", ROOT / "infra" / "image" / "template.yaml")

# Properties that `sam build` points at what it built; the transform refuses the folders that stand there before.
ARTEFACTS = {
    "CodeUri": "s3://bucket/function.zip",
    "ContentUri": "s3://bucket/layer.zip",
    "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/feedsmith:latest",
}


class NoManagedPolicies:
    """Looks up no AWS-managed policies by name: the templates attach their own, by reference."""

    def load(self) -> dict[str, str]:
        return {}


def transformed(template: dict[str, Any]) -> dict[str, Any]:
    """Translate a SAM template to CloudFormation, as the deployment does, with its default parameters.

    Parameters
    ----------
    template : dict
        Parsed template; changed in place.
    """
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function" and properties.get("PackageType") == "Image":
            properties["ImageUri"] = ARTEFACTS["ImageUri"]
        properties.update({name: uri for name, uri in ARTEFACTS.items() if name in properties})
    defaults = {name: item["Default"] for name, item in template["Parameters"].items() if "Default" in item}
    return dict(transform(template, defaults, NoManagedPolicies()))


def findings(path: Path) -> Iterator[str]:
    """All that cfn-lint says about one template, before and after the transform."""
    template, errors = decode(str(path))
    yield from (f"{path.relative_to(ROOT)}: {error}" for error in errors)
    if template is None:
        return
    texts = {"as written": path.read_text(), "transformed": json.dumps(transformed(template))}
    for state, text in texts.items():
        for match in lint(text):
            # The transform puts a parameter's default in where it needs a number itself; as written, the rule holds.
            if state == "transformed" and match.rule.id == "W2001":
                continue
            where = "/".join(map(str, match.path or ())) or f"line {match.linenumber}"
            yield f"{path.relative_to(ROOT)} ({state}) {match.rule.id} {where}: {match.message}"


def main() -> int:
    """Print what is wrong; 1 when anything is."""
    # The transform only asks which partition it works for, and it reports on itself.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    found = [finding for path in TEMPLATES for finding in findings(path)]
    sys.stdout.writelines(f"{finding}\n" for finding in found)
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
