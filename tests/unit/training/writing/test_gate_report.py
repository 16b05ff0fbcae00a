"""The report counts what the gate stops and lets through."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from feedsmith_training.writing.articles import load_articles
from feedsmith_training.writing.gate_report import main, measure, totals, wilson

ZH = Path(__file__).parents[3] / "data" / "zh_news.jsonl"


def test_wilson() -> None:
    # 8 of 10, z = 1.96: centre (.8 + .192) / 1.384 = .717, half width 1.96 * sqrt(.016 + .0096) / 1.384 = .227
    assert wilson(8, 10) == pytest.approx((0.490, 0.943), abs=1e-3)
    assert wilson(0, 0) == (0.0, 1.0)


def test_the_gate_holds_on_chinese_articles() -> None:
    report = measure(load_articles(str(ZH))[:12], each=20, seed=3)
    shares = {row.kind: row.right / row.n for row in totals(report.rows)}
    assert shares["faithful"] >= 0.90
    assert shares["negation"] >= 0.80
    assert min(shares[kind] for kind in ("number", "date", "quote")) >= 0.90  # few texts: the document has the figures
    assert len(report.milliseconds) == sum(row.n for row in report.rows)


def test_the_command_writes_what_it_prints(tmp_path: Path) -> None:
    out = io.StringIO()
    path = tmp_path / "reports" / "gate.json"
    arguments = ["--articles", str(ZH), "--each", "4", "--most", "6", "--show", "1", "--json", str(path)]
    assert main(arguments, Console(file=out, width=160)) == 0
    figures = json.loads(path.read_text())
    rows = figures["zh"]["rows"]
    assert {row["kind"] for row in rows} == {"name", "number", "date", "negation", "quote", "faithful"}
    assert all(0 <= row["interval"][0] <= row["interval"][1] <= 1 for row in rows)
    assert "weekday" in out.getvalue()


def test_a_missing_file_is_said_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--articles", "none.jsonl"], Console(file=io.StringIO())) == 2
    assert "none.jsonl: no such file" in capsys.readouterr().err
