"""CloudFormation's language: its short YAML forms, references, conditions, and the functions that the template uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from feedsmith.errors import ConfigurationError

Refer = Callable[[str, str | None], str]
"""Value of a resource's ``Ref`` (attribute None) or ``GetAtt``."""

NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Sub x`` is read as ``{"Fn::Sub": x}``."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = node.value
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_form)


def read(path: Path) -> dict[str, Any]:
    """Parse a template.

    Raises
    ------
    ConfigurationError
        It cannot be read, or is no template.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader  # nosec B506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read as a template: {error}") from error
    if not isinstance(document, dict) or "Resources" not in document:
        raise ConfigurationError(f"{path} has no Resources: give a SAM template")
    return document


class Evaluator:
    """Resolves references and functions in a template's values.

    Parameters
    ----------
    document
        The parsed template.
    parameters
        Values of its parameters over their defaults, pseudo parameters among them.
    """

    def __init__(self, document: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        declared = document.get("Parameters", {})
        defaults = {name: str(spec["Default"]) for name, spec in declared.items() if "Default" in spec}
        self._parameters = defaults | dict(parameters)
        self._resources = document["Resources"]
        self._conditions: dict[str, Any] = document.get("Conditions", {})
        self._functions: dict[str, Callable[..., Any]] = {
            "Fn::Equals": lambda left, right: str(left) == str(right),
            "Fn::Not": lambda truth: not truth,
            "Fn::And": lambda *truths: all(truths),
            "Fn::Or": lambda *truths: any(truths),
            "Fn::Select": lambda index, values: values[int(index)],
            "Fn::Split": lambda separator, text: text.split(separator),
            "Fn::Join": lambda separator, texts: separator.join(texts),
        }

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        return bool(self(self._conditions[condition], _no_resource))

    def __call__(self, value: Any, refer: Refer) -> Any:
        """``value`` without references and functions.

        Raises
        ------
        ConfigurationError
            A name is neither a resource nor a parameter with a value, or a function is not known here.
        """
        if isinstance(value, list):
            return [part for part in (self(part, refer) for part in value) if part is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref":
                return self._named(argument, refer)
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if name.startswith("Fn::"):
                return self._function(name, argument, refer)
        evaluated = {key: self(part, refer) for key, part in value.items()}
        return {key: part for key, part in evaluated.items() if part is not NO_VALUE}

    def _function(self, name: str, argument: Any, refer: Refer) -> Any:
        if name == "Fn::GetAtt":
            resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
            return refer(resource, attribute)
        if name == "Fn::Sub" and isinstance(argument, str):
            return _PLACEHOLDER.sub(lambda found: self._substitute(found, refer), argument)
        if name == "Fn::If":
            condition, true, false = argument
            return self(true if self.holds(condition) else false, refer)
        if name in self._functions:
            return self._functions[name](*self(argument, refer))
        raise ConfigurationError(
            f"the local stack does not know {name} in this form: {argument!r}; write the value without it, "
            "or teach feedsmith_local/cloudformation.py"
        )

    def _substitute(self, found: re.Match[str], refer: Refer) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        resource, dot, attribute = name.partition(".")
        return str(refer(resource, attribute) if dot else self._named(name, refer))

    def _named(self, name: str, refer: Refer) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._parameters:
            return self._parameters[name]
        if name in self._resources:
            return refer(name, None)
        raise ConfigurationError(f"the template refers to {name}, which is no resource, and no parameter with a value")


def _no_resource(name: str, _attribute: str | None) -> str:
    raise ConfigurationError(f"a condition refers to the resource {name}: conditions are decided before there are any")
