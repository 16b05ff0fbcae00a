"""The functions' own code, loaded from their folders and called the way Lambda calls it."""

from __future__ import annotations

import importlib.util
import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from chalice.local import LambdaContext

from feedsmith.errors import ConfigurationError
from feedsmith_local.aws import ACCOUNT, REGION
from feedsmith_local.template import Function

logger = logging.getLogger(__name__)

Handler = Callable[[Any, Any], Any]


class LocalFunction:
    """One Lambda function in this process.

    Parameters
    ----------
    function
        From the template.
    handler
        Its code, as :func:`load_handlers` finds it.
    """

    def __init__(self, function: Function, handler: Handler) -> None:
        self.name = function.name
        self.arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function.name}"
        self._function = function
        self._handler = handler

    def __call__(self, event: Mapping[str, Any]) -> Any:
        """Run the handler with a Lambda context; whatever it raises comes through."""
        context = LambdaContext(self.name, self._function.memory_mb, self._function.timeout_s * 1000)
        context.invoked_function_arn = self.arn
        context.log_group_name = f"/aws/lambda/{self.name}"
        return self._handler(event, context)


def load_handlers(functions: Mapping[str, Function]) -> dict[str, LocalFunction]:
    """Import each function's module from its folder, fresh, once per folder; keyed by logical id.

    Raises
    ------
    ConfigurationError
        A module or handler that the template names is not there.
    """
    modules: dict[Path, Any] = {}
    loaded = {}
    for name, function in functions.items():
        path = function.path
        if path not in modules:
            modules[path] = _load(path)
        handler = getattr(modules[path], function.attribute, None)
        if handler is None:
            raise ConfigurationError(
                f"{path} has no {function.attribute}, which the template names as {name}'s handler"
            )
        loaded[name] = LocalFunction(function, handler)
    return loaded


def report_failure(function: str, error: Exception) -> None:
    """Log that a handler failed: its kind and place, never its text, which may name a reader."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
    logger.warning("%s failed: %s%s", function, type(error).__name__, place)
    logger.debug("%s failed", function, exc_info=error)


def as_lambda_returns(result: Any) -> Any:
    """What the caller of a function sees: its result after JSON; a result that is no JSON is an error, as there."""
    return json.loads(json.dumps(result))


def _load(path: Path) -> Any:
    # All functions call their module `app`, so each gets a name of its own here.
    name = f"feedsmith_function_{path.parent.name}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigurationError(f"{path} is not there, but the template names a handler in it")
    # As in Lambda, the folder's other modules can be imported by name; no two folders have one of the same.
    if (folder := str(path.parent)) not in sys.path:
        sys.path.append(folder)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
