"""The transformers writer with tiny models of random weights, made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.writer_contract import WriterContract
from feedsmith.errors import ConfigurationError, WriterError, WriterUnavailable
from feedsmith.models import Item
from feedsmith.settings import Settings
from feedsmith.writing.base import Writer
from feedsmith.writing.writers import load_writer, writer_name
from support.writing import EN, ZH, prompt_of

torch = pytest.importorskip("torch", reason="torch and transformers are not here: make install")
transformers = pytest.importorskip("transformers", reason="torch and transformers are not here: make install")
pytest.importorskip("tokenizers")

CONTEXT = 128  # tokens
CHATML = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}" + CHATML


def tokenizer(template: str | None = None) -> Any:
    """Byte-level pairs of the two articles, with words of their own for the most common."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    pairs = Tokenizer(models.BPE())
    pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pairs.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=["<pad>", "<end>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    pairs.train_from_iterator([f"{item.title} {item.body}" for item in (EN, ZH)], trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=pairs, pad_token="<pad>", eos_token="<end>", model_max_length=CONTEXT
    )
    fast.chat_template = template
    return fast


def made(folder: Path, *, seq2seq: bool = False, template: str | None = None, words: int = 12) -> Path:
    """A model that says a few words and ends, each of them as likely as the next; ``words=0``: it only ends."""
    text = tokenizer(template)
    torch.manual_seed(1)
    ids = {"eos_token_id": text.eos_token_id, "pad_token_id": text.pad_token_id, "bos_token_id": text.eos_token_id}
    if seq2seq:
        config = transformers.T5Config(
            vocab_size=len(text), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2, initializer_factor=0.05,
            decoder_start_token_id=text.pad_token_id, **ids,
        )  # fmt: skip
        model = transformers.T5ForConditionalGeneration(config)
    else:
        config = transformers.GPT2Config(
            vocab_size=len(text), n_layer=1, n_head=2, n_embd=16, n_positions=CONTEXT, **ids
        )
        model = transformers.GPT2LMHeadModel(config)
    sayable = [i for token, i in sorted(text.get_vocab().items()) if token[1:].isalpha() and token[0] == "Ġ"][:words]
    said = {*sayable, text.eos_token_id}
    model.generation_config.suppress_tokens = [i for i in range(len(text)) if i not in said]
    model.generation_config.min_new_tokens = 2 if words else None
    model.save_pretrained(folder)
    text.save_pretrained(folder)
    return folder


def loaded(folder: Path, timeout_s: float = 20) -> Any:
    return load_writer(Settings(writer=f"hf:{folder}", writer_offline=True, writer_timeout_s=timeout_s))


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("hf") / "tiny-gpt2")


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("hf") / "tiny-t5", seq2seq=True)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("hf") / "tiny-chat", template=CHATML)


class TestCausalWriter(WriterContract):
    @pytest.fixture
    def writer(self, gpt2: Path) -> Writer:
        return loaded(gpt2)


class TestSeq2SeqWriter(WriterContract):
    @pytest.fixture
    def writer(self, t5: Path) -> Writer:
        return loaded(t5)


class TestChatWriter(WriterContract):
    @pytest.fixture
    def writer(self, chat: Path) -> Writer:
        return loaded(chat)


def read(writer: Any, monkeypatch: pytest.MonkeyPatch, prompt: Any) -> str:
    """What the model reads of a prompt."""
    seen: list[Any] = []
    generate = writer._model.generate
    monkeypatch.setattr(writer._model, "generate", lambda **how: seen.append(how["input_ids"]) or generate(**how))
    drafts = writer.write(prompt, 1)
    assert drafts[0].input_tokens == seen[0].shape[1]
    return str(writer._tokenizer.decode(seen[0][0]))


def never_ends(writer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    says = writer._model.generation_config
    monkeypatch.setattr(says, "min_new_tokens", None)
    monkeypatch.setattr(says, "suppress_tokens", [*says.suppress_tokens, *writer._ends])


@pytest.mark.parametrize("kind", ["gpt2", "t5"])
def test_the_same_prompt_gives_the_same_drafts_several_at_once(kind: str, request: pytest.FixtureRequest) -> None:
    writer = loaded(request.getfixturevalue(kind))
    first = writer.write(prompt_of(EN), 3)
    torch.rand(1)  # whatever else draws random numbers
    assert writer.write(prompt_of(EN), 3) == first
    assert len(first) > 1


def test_other_random_numbers_are_not_disturbed(gpt2: Path) -> None:
    writer = loaded(gpt2)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    writer.write(prompt_of(EN), 1)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("kind", ["gpt2", "t5", "chat"])
def test_a_long_prompt_keeps_its_end(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = replace(prompt_of(EN), user="word " * 2000 + "Write the headline.")
    seen = read(loaded(request.getfixturevalue(kind)), monkeypatch, prompt)
    assert "word word" in seen
    assert prompt.system not in seen
    assert "Write the headline." in seen


def test_a_short_prompt_is_read_whole(gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = replace(prompt_of(EN), system="Rules.", user="Task.")
    assert read(loaded(gpt2), monkeypatch, prompt) == "Rules.\n\nTask."


def test_a_chat_model_gets_its_own_template(chat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = replace(prompt_of(EN), system="Rules.", user="Task.")
    assert read(loaded(chat), monkeypatch, prompt) == "<system>Rules.\n<user>Task.\n<assistant>"


def test_where_a_template_knows_no_system_role_the_rules_go_to_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = replace(prompt_of(EN), system="Rules.", user="Task.")
    seen = read(loaded(made(tmp_path / "m", template=NO_SYSTEM)), monkeypatch, prompt)
    assert seen == "<user>Rules.\n\nTask.\n<assistant>"


def test_a_model_that_ends_at_once_said_nothing(tmp_path: Path) -> None:
    with pytest.raises(WriterError, match="hf:m answered nothing"):
        loaded(made(tmp_path / "m", words=0)).write(prompt_of(EN), 2)


def test_what_does_not_end_within_the_limit_is_cut_off(gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = loaded(gpt2)
    never_ends(writer, monkeypatch)
    with pytest.raises(WriterError, match="hf:tiny-gpt2 was cut off"):
        writer.write(prompt_of(EN), 2)


def test_chinese_gets_the_tokens_that_it_takes(gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 金 is three bytes, and no pair of this tokenizer: 10 of them are 30 tokens, 3 a character
    writer = loaded(gpt2)
    most: list[int] = []
    generate = writer._model.generate
    monkeypatch.setattr(writer._model, "generate", lambda **how: most.append(how["max_new_tokens"]) or generate(**how))
    prompt = prompt_of(Item(id="z", domain="news", title="金", body="", language="zh"))
    writer.write(replace(prompt, source="金" * 10, limit=16), 1)
    assert most == [16 * 3 + 6]


def test_a_draft_that_the_time_ends_is_late(gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = loaded(gpt2, timeout_s=0.001)
    never_ends(writer, monkeypatch)
    with pytest.raises(WriterUnavailable, match=r"hf:tiny-gpt2 took longer than 0\.0 s"):
        writer.write(prompt_of(EN), 2)


def test_waiting_for_ones_turn_counts(gpt2: Path) -> None:
    writer = loaded(gpt2, timeout_s=0.05)
    with writer._lock, pytest.raises(WriterUnavailable, match="took longer"):
        writer.write(prompt_of(EN), 1)


def test_what_torch_raises_is_a_writer_error_without_the_prompt(gpt2: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def generate(**_: Any) -> Any:
        raise RuntimeError("out of memory on ...")

    writer = loaded(gpt2)
    monkeypatch.setattr(writer._model, "generate", generate)
    with pytest.raises(WriterUnavailable, match=r"^hf:tiny-gpt2 broke with RuntimeError$"):
        writer.write(prompt_of(EN), 1)


@pytest.mark.parametrize("name", ["/no/such/folder", "nobody/no-such-model"])
def test_a_model_that_is_not_here_is_a_configuration_error(name: str) -> None:
    settings = Settings(writer=f"hf:{name}", writer_offline=True)
    with pytest.raises(ConfigurationError, match=f"the model {writer_name(settings)} cannot be loaded"):
        load_writer(settings)


def test_a_folder_that_holds_no_writing_model_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "abacus"}')
    with pytest.raises(ConfigurationError, match="of a causal or seq2seq model"):
        loaded(tmp_path)
