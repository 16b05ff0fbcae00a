"""Reads template.yaml: what the cloud runs is what the local stack runs, and nothing is described a second time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from feedsmith.errors import ConfigurationError
from feedsmith_local.sources import SOURCES, Route, Source

S = TypeVar("S", bound=Source)
Refer = Callable[[str, str | None], str]
"""Physical value of a resource's ``Ref`` (attribute None) or ``GetAtt``."""

TEMPLATE = Path(__file__).parents[3] / "template.yaml"
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: ``!Sub x`` is read as ``{"Fn::Sub": x}``."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function: where its code lies, how it is called, and what it is told when all retries are spent.

    ``variables`` and ``on_failure`` are as written, with their references.
    """

    name: str
    folder: Path
    module: str
    attribute: str
    timeout_s: int
    memory_mb: int
    variables: Mapping[str, Any]
    retries: int
    on_failure: Any
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """The REST API's Lambda authorizer; an answer is cached ``ttl_s`` seconds for the values of ``headers``."""

    function: str
    headers: tuple[str, ...]
    ttl_s: int


class Template:
    """A SAM template.

    Parameters
    ----------
    path
        The file; ``CodeUri`` is relative to its folder.
    parameters
        Values of template parameters, over their defaults.
    """

    def __init__(self, path: Path = TEMPLATE, parameters: Mapping[str, str] | None = None) -> None:
        try:
            document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ConfigurationError(f"{path.name} cannot be read: {error}") from error
        if not isinstance(document, dict) or "Resources" not in document:
            raise ConfigurationError(f"{path.name} has no Resources: give a SAM template")
        self.path = path
        self.resources: dict[str, dict[str, Any]] = document["Resources"]
        self.parameters = {name: str(p["Default"]) for name, p in document.get("Parameters", {}).items() if "Default" in p}
        self.parameters |= parameters or {}
        self._globals: dict[str, Any] = document.get("Globals", {}).get("Function", {})

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Logical id and properties of every resource of one type."""
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def functions(self) -> dict[str, Function]:
        """All functions that come as zip files, by logical id."""
        functions = self.of_type("AWS::Serverless::Function")
        return {name: self._function(name, own) for name, own in functions if own.get("PackageType") != "Image"}

    def authorizer(self) -> Authorizer | None:
        """The API's default authorizer."""
        for _, api in self.of_type("AWS::Serverless::Api"):
            auth = api.get("Auth", {})
            if "DefaultAuthorizer" in auth:
                chosen = auth["Authorizers"][auth["DefaultAuthorizer"]]
                identity = chosen.get("Identity", {})
                return Authorizer(
                    self.logical(chosen["FunctionArn"]),
                    tuple(identity.get("Headers", ("Authorization",))),
                    int(identity.get("ReauthorizeEvery", 300)),
                )
        return None

    def logical(self, reference: Any) -> str:
        """Logical id of the resource that a ``Ref`` or ``GetAtt`` names."""
        return str(self.evaluate(reference, lambda name, _attribute: name))

    def evaluate(self, value: Any, refer: Refer) -> Any:
        """``value`` with its ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` resolved.

        Raises
        ------
        ConfigurationError
            Another intrinsic function stands in a property that the local stack needs.
        """
        if isinstance(value, list):
            return [self.evaluate(part, refer) for part in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            if name == "Ref":
                return self._named(argument, refer)
            if name == "Fn::GetAtt":
                resource, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
                return refer(resource, attribute)
            if name == "Fn::Sub" and isinstance(argument, str):
                return _PLACEHOLDER.sub(lambda found: self._substitute(found, refer), argument)
            if name.startswith("Fn::"):
                raise ConfigurationError(
                    f"{self.path.name}: the local stack reads Ref, GetAtt and Sub of a text, not {name}; "
                    "write the property without it, or teach feedsmith_local/template.py"
                )
        return {key: self.evaluate(part, refer) for key, part in value.items()}

    def _substitute(self, found: re.Match[str], refer: Refer) -> str:
        literal, name = found.groups()
        if literal:
            return f"${{{name}}}"
        resource, dot, attribute = name.partition(".")
        return refer(resource, attribute) if dot else self._named(name, refer)

    def _named(self, name: str, refer: Refer) -> str:
        if name in self.parameters:
            return self.parameters[name]
        if name in self.resources:
            return refer(name, None)
        raise ConfigurationError(f"{self.path.name}: {name} is no resource, and no parameter with a value")

    def _function(self, name: str, own: Mapping[str, Any]) -> Function:
        merged = {**self._globals, **own}
        module, _, attribute = merged["Handler"].rpartition(".")
        invoke = merged.get("EventInvokeConfig", {})
        variables = (part.get("Environment", {}).get("Variables", {}) for part in (self._globals, own))
        return Function(
            name=name,
            folder=self.path.parent / merged["CodeUri"],
            module=module,
            attribute=attribute,
            timeout_s=int(merged.get("Timeout", 3)),
            memory_mb=int(merged.get("MemorySize", 128)),
            variables={key: value for part in variables for key, value in part.items()},
            retries=int(invoke.get("MaximumRetryAttempts", 2)),
            on_failure=invoke.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
            sources={event: self._source(name, event, body) for event, body in merged.get("Events", {}).items()},
        )

    def _source(self, function: str, event: str, body: Mapping[str, Any]) -> Source:
        kind = SOURCES.get(body["Type"])
        where = f"{self.path.name}: {function}.Events.{event}"
        if kind is None:
            raise ConfigurationError(f"{where} is of type {body['Type']}; the local stack has {', '.join(SOURCES)}")
        try:
            return kind.model_validate(self.evaluate(body.get("Properties", {}), _unresolved))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(f"{where} asks for what the local stack cannot do: {wrong}") from error


def _unresolved(name: str, _attribute: str | None) -> str:
    """Name sources by logical id: which resource an event comes from, before there is any resource."""
    return name


def routes(functions: Mapping[str, Function]) -> list[tuple[Function, Route]]:
    """All HTTP routes with their functions."""
    return [
        (function, source)
        for function in functions.values()
        for source in function.sources.values()
        if isinstance(source, Route)
    ]
