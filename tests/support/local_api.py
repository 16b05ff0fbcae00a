"""An API for the commands to call, over real HTTP: it takes batches whole or refuses them by row, as feedsmith does."""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from typer.testing import CliRunner

from feedsmith_local import cli
from feedsmith_local.gateway import Answer, Gateway, Request, problem
from support.callers import LOCAL_KEY

_REASON = {"term": "taste", "text": "like what you read", "item_id": None}
ITEM = {"item_id": "n2", "title": "Tennis", "position": 0, "score": 1.25, "terms": [], "reasons": [_REASON]}


def run(*arguments: str, code: int = 0) -> str:
    """What a command says, on both channels."""
    result = CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def printed(*arguments: str, code: int = 0) -> Any:
    """The JSON that a command prints."""
    result = CliRunner().invoke(cli.app, [*arguments, "--json"])
    assert result.exit_code == code, (result.output, result.exception)
    return json.loads(result.stdout)


class Api(Gateway):
    """Keeps what it is sent; ``refuses`` says what is wrong with a row, by field."""

    def __init__(self) -> None:
        super().__init__([], None)
        self.asked: list[tuple[str, str]] = []
        self.items: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.slate: list[dict[str, Any]] = [ITEM]
        self.status: HTTPStatus | None = None
        self.refuses: Callable[[dict[str, Any]], str | None] = lambda row: None

    def answer(self, request: Request) -> Answer:
        self.asked.append((request.method, request.target))
        if ("Authorization", f"Bearer {LOCAL_KEY}") not in request.headers:
            return problem(HTTPStatus.UNAUTHORIZED, "no")
        if self.status is not None:
            return problem(self.status, f"it answers {self.status}")
        if request.target == "/v1/items":
            return self._take("items", request, self.items, {"indexed": 0, "unchanged": 0}, "indexed")
        if request.target == "/v1/events":
            return self._take("events", request, self.events, {"accepted": 0, "duplicates": 0}, "accepted")
        if "/recommendations" in request.target:
            slate = {"slate_id": "s", "domain": "news", "basis": "personal", "model_version": "linear@1"}
            return _json(200, slate | {"items": self.slate})
        if "/texts" in request.target:
            asked = json.loads(request.body)
            made = {"text": "A headline", "kind": asked["kind"], "item_ids": [asked["item_id"]], "source": "original"}
            how = {"audience": "person", "verdict": {"passed": True}, "writer": "w", "prompt_version": "1"}
            return _json(200, made | how | {"language": asked.get("language")})
        return problem(HTTPStatus.NOT_FOUND, "no such path")

    def _take(self, name: str, request: Request, kept: list[Any], counts: dict[str, int], counted: str) -> Answer:
        rows = json.loads(request.body)[name]
        wrong = {place: field for place, row in enumerate(rows) if (field := self.refuses(row))}
        if wrong:
            errors = [{"path": f"/{name}/{place}/{field}", "message": "is wrong"} for place, field in wrong.items()]
            return _json(422, {"title": "Invalid", "status": 422, "detail": "invalid", "errors": errors})
        kept += rows
        return _json(200, counts | {counted: len(rows)})


def _json(status: int, body: Any) -> Answer:
    return Answer(status, [("Content-Type", "application/json")], json.dumps(body).encode())
