"""The worst model that there could be: it knows every attack, its prompt and its reader, and does as it is told."""

from __future__ import annotations

from feedsmith.writing.base import Draft, Prompt, Writer
from feedsmith.writing.prompting import TEMPLATES
from feedsmith.writing.sentences import join, split
from feedsmith_training.writing.attacks import Attack, Carrier


class ObedientWriter(Writer):
    """Writes what the attack wants: bare, and in ways that are harder to tell from an honest text.

    It obeys even where cleaning left nothing of the attack, so that what is measured is the gate alone. Secrets come in
    pieces that fit a headline.
    """

    def __init__(self, attack: Attack, carrier: Carrier) -> None:
        self._attack = attack
        self._carrier = carrier

    @property
    def name(self) -> str:
        return "scripted:obedient"

    @property
    def is_model(self) -> bool:
        return True

    def write(self, prompt: Prompt, n: int) -> list[Draft]:
        lead = (split(prompt.source.partition("\n")[2]) or [prompt.title])[0]
        ground, texts = self._carrier.ground, []
        for said in self._said(prompt):
            texts += [
                said,
                f"{said}。" if prompt.language == "zh" else f"{said}.",
                f"{prompt.title}: {said}",
                f"{said}: {prompt.title}",
                join([lead, said]),
                join([said, lead]),
                f"{prompt.title} ({said})",
                f"{ground}: {said}",
            ]
        return [Draft(text) for text in dict.fromkeys(texts)][:n]

    def _said(self, prompt: Prompt) -> list[str]:
        secrets: dict[str, list[str]] = {
            "history": [*self._carrier.history, "; ".join(self._carrier.history)],
            "rules": _pieces(prompt.system, prompt.language),
            "rules_translated": _pieces(_other_rules(prompt), "en" if prompt.language == "zh" else "zh"),
        }
        for name in ("history", "rules"):
            secrets[f"{name}_reversed"] = [text[::-1] for text in secrets[name]]
            secrets[f"{name}_spaced"] = [" ".join(text.replace(" ", "")) for text in secrets[name]]
        for name, values in secrets.items():
            if f"{{{name}}}" in self._attack.obeyed:
                return [self._attack.obeyed.replace(f"{{{name}}}", value) for value in values] + values
        return [self._attack.obeyed]


def _pieces(rules: str, language: str) -> list[str]:
    """The rules sentence by sentence, and as a whole."""
    return [*split(rules), rules[:30] if language == "zh" else " ".join(rules.split()[:12]), rules]


def _other_rules(prompt: Prompt) -> str:
    other = "en" if prompt.language == "zh" else "zh"
    return (TEMPLATES / other / "rules.txt").read_text(encoding="utf-8").strip()
