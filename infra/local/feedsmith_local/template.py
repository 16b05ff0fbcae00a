"""Reads template.yaml: what the cloud runs is what the local stack runs, and nothing is described a second time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from feedsmith.errors import ConfigurationError
from feedsmith_local import cloudformation
from feedsmith_local.cloudformation import Refer
from feedsmith_local.sources import SOURCES, Source

TEMPLATE = Path(__file__).parents[3] / "template.yaml"


@dataclass(frozen=True, slots=True)
class Function:
    """A Lambda function: where its code lies, how it is called, and what it is told when all retries are spent.

    ``variables`` are as written, with their references; resources are named by logical id elsewhere.
    """

    name: str
    folder: Path
    module: str
    attribute: str
    timeout_s: int
    memory_mb: int
    variables: Mapping[str, Any]
    retries: int
    on_failure: str | None
    sources: Mapping[str, Source]

    @property
    def path(self) -> Path:
        """The file that the handler is in."""
        return self.folder / f"{self.module.replace('.', '/')}.py"


@dataclass(frozen=True, slots=True)
class Authorizer:
    """The REST API's Lambda authorizer; an answer is kept ``ttl_s`` seconds for the values of ``headers``."""

    function: str
    headers: tuple[str, ...]
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """What the usage plan lets each key have: ``rate`` requests per second, ``burst`` at once."""

    rate: float
    burst: int


class Template:
    """A SAM template.

    Parameters
    ----------
    path
        The file; ``CodeUri`` is relative to its folder.
    parameters
        Values of template parameters over their defaults, pseudo parameters among them.

    Raises
    ------
    ConfigurationError
        It cannot be read.
    """

    def __init__(self, path: Path = TEMPLATE, parameters: Mapping[str, str] | None = None) -> None:
        document = cloudformation.read(path)
        self.path = path
        self.evaluate = cloudformation.Evaluator(document, parameters or {})
        conditions = self.evaluate.holds
        self.resources: dict[str, dict[str, Any]] = {
            name: resource
            for name, resource in document["Resources"].items()
            if "Condition" not in resource or conditions(resource["Condition"])
        }
        self._globals: dict[str, Any] = document.get("Globals", {}).get("Function", {})

    def functions(self) -> dict[str, Function]:
        """All functions that come as zip files, by logical id."""
        functions = self._of_type("AWS::Serverless::Function")
        return {name: self._function(name, own) for name, own in functions if own.get("PackageType") != "Image"}

    def authorizer(self) -> Authorizer | None:
        """The API's default authorizer."""
        for _, api in self._of_type("AWS::Serverless::Api"):
            auth = api.get("Auth", {})
            if "DefaultAuthorizer" in auth:
                chosen = self.evaluate(auth["Authorizers"][auth["DefaultAuthorizer"]], _logical_id)
                identity = chosen.get("Identity", {})
                headers = tuple(identity.get("Headers", ("Authorization",)))
                return Authorizer(chosen["FunctionArn"], headers, int(identity.get("ReauthorizeEvery", 300)))
        return None

    def throttle(self) -> Throttle | None:
        """The usage plan's limit of each key."""
        for _, plan in self._of_type("AWS::ApiGateway::UsagePlan"):
            limits = self.evaluate(plan.get("Throttle", {}), _logical_id)
            return Throttle(float(limits["RateLimit"]), int(limits["BurstLimit"]))
        return None

    def _of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self.resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def _function(self, name: str, own: Mapping[str, Any]) -> Function:
        merged = {**self._globals, **own}
        module, _, attribute = merged["Handler"].rpartition(".")
        invoke = self.evaluate(merged.get("EventInvokeConfig", {}), _logical_id)
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
            return kind.model_validate(self.evaluate(body.get("Properties", {}), _logical_id))
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ConfigurationError(f"{where} asks for what the local stack cannot do: {wrong}") from error


_logical_id: Refer = lambda name, _attribute: name  # noqa: E731  where something comes from, before there is anything
