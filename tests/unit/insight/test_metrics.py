"""What operators see: names, dimensions, and dashboards that show only what is there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from feedsmith.insight import metrics
from feedsmith.insight.metrics import METRICS
from feedsmith_local import cloudformation
from feedsmith_local.exposition import Exposition, exposed_name

ROOT = Path(__file__).resolve().parents[3]
METRICS_FILE = ROOT / "layers/core/python/feedsmith/insight/metrics.py"
SOURCES = [*ROOT.glob("layers/core/python/feedsmith/**/*.py"), *ROOT.glob("functions/*/*.py")]


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    found: list[dict[str, Any]] = []
    metrics.redirect(lambda line: found.append(json.loads(line)))
    yield found
    metrics.redirect(None)


def test_a_line_is_in_the_embedded_metric_format(lines: list[dict[str, Any]]) -> None:
    metrics.request("/v1/items", 404, 12.3456)

    (line,) = lines
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "feedsmith"
    assert [sorted(group) for group in directive["Dimensions"]] == [["route", "service", "status"]]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {"Requests": "Count", "Latency": "Milliseconds"}
    assert (line["Requests"], line["Latency"], line["status"]) == ([1], [12.346], "4xx")


def test_a_count_may_have_details_that_make_no_metric(lines: list[dict[str, Any]]) -> None:
    metrics.count("BudgetExhausted", tenant="acme")

    assert lines[0]["tenant"] == "acme"
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]


def test_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    metrics.count("ChunksGivenUp")

    assert json.loads(capsys.readouterr().out)["ChunksGivenUp"] == [1]


@pytest.mark.parametrize("values", [{"Unheard": 1}, {"Texts": 1}])
def test_an_unknown_metric_or_one_without_its_dimensions_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(KeyError):
        metrics.emit(values)


@pytest.mark.parametrize(("failed", "absorbed", "left"), [(None, 3, 0), ("12", 1, 2)])
def test_what_a_batch_of_the_stream_came_to(
    lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, failed: str | None, absorbed: int, left: int
) -> None:
    monkeypatch.setattr("feedsmith.insight.metrics.time.time", lambda: 100.0)
    batch = [
        {"SequenceNumber": number, "ApproximateCreationDateTime": at}
        for number, at in [("9", 98.5), ("12", 99), ("13", 99)]
    ]
    metrics.absorbed(batch, failed)
    metrics.absorbed([], None)

    (line,) = lines
    assert (line["EventsAbsorbed"], line["EventsFailed"], line["StreamLag"]) == ([absorbed], [left], [1_500])


# -- dashboards ----------------------------------------------------------------------------------------------


def emitted() -> set[str]:
    """Metrics that the code itself names where it emits."""
    declared, _, _ = METRICS_FILE.read_text(encoding="utf-8").partition("def _print")
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES).replace(declared, "")
    return {name for name in METRICS if f'"{name}"' in text}


def test_every_metric_is_emitted_somewhere() -> None:
    assert emitted() == set(METRICS)


def dashboard() -> dict[str, Any]:
    resources = cloudformation.read(ROOT / "template.yaml")["Resources"]
    text = resources["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    known = {*resources, "AWS::Region", "AWS::StackName", "Stage"}
    for reference in re.findall(r"\$\{([\w:]+)[\w.]*\}", text):
        assert reference in known
    return json.loads(re.sub(r"\$\{[^}]*\}", "x", text))


def test_the_cloudwatch_dashboard_shows_metrics_that_are_emitted() -> None:
    shown: set[str] = set()
    for widget in dashboard()["widgets"]:
        assert widget["properties"]["title"]
        for line in widget["properties"].get("metrics", []):
            if isinstance(line[0], dict):
                expression = line[0]["expression"]
                shown.update(re.findall(r'MetricName="(\w+)"', expression))
            elif line[0] == "feedsmith":
                shown.add(line[1])
                assert METRICS[line[1]].dimensions == () or "source" in line

    assert shown <= emitted()
    assert shown == set(METRICS)


def test_the_grafana_board_shows_metrics_that_are_exposed() -> None:
    board = json.loads((ROOT / "infra" / "grafana" / "feedsmith.json").read_text(encoding="utf-8"))
    expressions = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    named = {name for expression in expressions for name in re.findall(r"feedsmith_\w+", expression)}
    exposed = {"feedsmith_dead_letters"}
    for name in METRICS:
        exposed.add(exposed_name(name))
        if METRICS[name].unit == "Milliseconds":
            exposed.update(f"{exposed_name(name)}_{part}" for part in ("bucket", "sum", "count"))

    assert named
    assert named <= exposed


# -- the local exposition ------------------------------------------------------------------------------------


def test_prometheus_reads_what_cloudwatch_would() -> None:
    exposition = Exposition(lambda: {"ChunkDeadLetterQueue": 2})
    metrics.redirect(exposition.take)
    try:
        metrics.request("/v1/items", 200, 7)
        metrics.request("/v1/items", 200, 70)
        metrics.emit({"WriterTokens": 110, "WriterCost": 0.25})
        metrics.emit({"Texts": 1}, source="model")
    finally:
        metrics.redirect(None)

    text = exposition.text().decode()
    for line in [
        'feedsmith_requests_total{route="/v1/items",status="2xx"} 2.0',
        'feedsmith_latency_milliseconds_bucket{le="10.0",route="/v1/items",status="2xx"} 1.0',
        'feedsmith_latency_milliseconds_sum{route="/v1/items",status="2xx"} 77.0',
        "feedsmith_writer_tokens_total 110.0",
        "feedsmith_writer_cost_total 0.25",
        'feedsmith_texts_total{source="model"} 1.0',
        "feedsmith_texts_cached_total 0.0",
        'feedsmith_dead_letters{queue="ChunkDeadLetterQueue"} 2.0',
    ]:
        assert line in text.splitlines()
