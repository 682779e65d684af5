"""The input of a finding's words: one finding, or several that say the same about different subjects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aotlens.explain.brief import all_names, listed
from aotlens.model.folding import ranges
from aotlens_tracer.wire.findings import Finding

_NAMED = ("parameter", "buffer", "argument", "output", "base", "state", "value")
"""The kinds of subjects whose names belong to one model, so that "of Model" can follow them."""

_MOST_LISTED = 6
"""So many other subjects are named in a sentence: a package that is missing concerns each model of a project."""


@dataclass(frozen=True)
class About:
    """Findings with the same code and reason, and the model that they are about, if it has to be named."""

    findings: tuple[Finding, ...]
    model: str | None = None

    @property
    def first(self) -> Finding:
        """Any one of the findings: they differ in their subjects and outputs alone."""
        return self.findings[0]

    @property
    def several(self) -> bool:
        """Whether the findings have several subjects."""
        return len({name_of(finding) for finding in self.findings}) > 1

    @property
    def names(self) -> str:
        """The subjects by name, in brief: `layers.{0..5}.gate of Model`."""
        return _of(", ".join(listed_names(self.findings)), self.model)

    @property
    def outputs(self) -> str:
        """The outputs: `output 3`, `outputs 0..5, 9`; empty if the findings have none."""
        return outputs_in_words(self.findings)

    def others(self) -> str:
        """The subjects of the first finding after its first one: `a and b`."""
        return listed([subject.name for subject in self.first.subjects[1:]])

    def form(self, one: str, several: str) -> str:
        """The singular or the plural form of a word."""
        return several if self.several else one


Words = Callable[[About], str]


def name_of(finding: Finding) -> str | None:
    """The name of the input or output that a finding is about; None if it is about neither."""
    first = finding.subjects[0] if finding.subjects else None
    return first.name if first is not None and first.kind in _NAMED else None


def subject_in_words(findings: Sequence[Finding], model: str) -> str:
    """The subjects and outputs of findings whose sentence is known: `blocks.{0..5}.scale of Model (outputs 0..5)`."""
    names, outputs = listed_names(findings), outputs_in_words(findings)
    about = _of(", ".join(names), model) if names else f"in {model}"
    return f"{about} ({outputs})" if outputs else about


def also(subjects: Sequence[str]) -> str:
    """The subjects for which a sentence holds too, each once; of many, the first ones and the number of the others."""
    unique = list(dict.fromkeys(subjects))
    return "also " + (", ".join(unique) if len(unique) <= _MOST_LISTED else listed(unique))


def outputs_in_words(findings: Sequence[Finding]) -> str:
    """The outputs of findings: `output 3`, `outputs 0..5, 9`; empty if they have none."""
    numbers = {index for finding in findings for index in finding.outputs}
    return f"output{'s' if len(numbers) > 1 else ''} {ranges(numbers).replace(',', ', ')}" if numbers else ""


def listed_names(findings: Sequence[Finding]) -> list[str]:
    """The subjects of findings by name, in brief: `head.weight`, `layers.{0..5}.gate`."""
    return all_names(name for finding in findings if (name := name_of(finding)) is not None)


def _of(text: str, model: str | None) -> str:
    return f"{text} of {model}" if model is not None else text
