"""Findings in words: what is said of many layers at one place is said once, with all of their names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from aotlens.model.folding import Folded, all_names, fold, ranges
from aotlens.model.index import MapIndex
from aotlens_tracer.wire.descriptor_map import Finding

_NAMES, _OUTPUTS = "\0", "\1"
"""Stand in a sentence for what it is about, so that sentences can be compared."""
# How the tracer's sentences about one thing go on about several. A sentence that is not here stays as it is.
_OF_SEVERAL = {
    "the buffer ": "the buffers ",
    "the argument ": "the arguments ",
    " is changed in place: its new value is ": " are changed in place: their new values are ",
    " gets no gradient": " get no gradient",
    ": it is used,": ": they are used,",
    "forward never uses it": "forward never uses them",
    ": reaches only ": ": they reach only ",
}


def sentence_of(finding: Finding) -> str:
    """What a finding says, whatever it is about: two that say the same can be told at once."""
    text = finding.message
    if finding.name:
        text = re.sub(rf"(?<![\w.]){re.escape(finding.name)}(?![\w.])", _NAMES, text, count=1)
    return text if finding.output is None else re.sub(rf"\boutput {finding.output}\b", _OUTPUTS, text)


def in_words(findings: Sequence[Finding], model: str | None = None) -> str:
    """What findings with the same sentence say together, of the model where it is named."""
    first = findings[0]
    if not first.name:
        return first.message + (f" (in {model})" if model is not None else "")
    names = dict.fromkeys(finding.name for finding in findings if finding.name)
    text = sentence_of(first)
    if len(names) > 1:
        for one, several in _OF_SEVERAL.items():
            text = text.replace(one, several)
    of = f" of {model}" if model is not None else ""
    return text.replace(_NAMES, ", ".join(all_names(names)) + of).replace(_OUTPUTS, outputs_in_words(findings))


def subject_in_words(findings: Sequence[Finding], model: str) -> str:
    """What findings are about, where what they say has been said: `blocks.{0..5}.scale of Model (outputs 0..5)`."""
    names = dict.fromkeys(finding.name for finding in findings if finding.name)
    outputs = outputs_in_words(findings)
    about = f"{', '.join(all_names(names))} of {model}" if names else f"in {model}"
    return f"{about} ({outputs})" if outputs else about


def outputs_in_words(findings: Sequence[Finding]) -> str:
    """`output 3`, `outputs 0..5, 9`; empty where findings name none."""
    numbers = {finding.output for finding in findings if finding.output is not None}
    return f"output{'s' if len(numbers) > 1 else ''} {ranges(numbers).replace(',', ', ')}" if numbers else ""


def kept_findings(index: MapIndex) -> list[Folded[Finding]]:
    """The folded findings of an indexed map; folded once."""
    return index.once("folded findings", lambda: fold_findings(index.findings))


def fold_findings(findings: Iterable[Finding]) -> list[Folded[Finding]]:
    """The findings, those of one kind on one line that say the same as one; each row takes the place of its first."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.path, finding.line, sentence_of(finding))
        groups.setdefault(key if finding.name else (*key[:-1], None), []).append(finding)
    rows: list[Folded[Finding]] = []
    for group in groups.values():
        if group[0].name:
            rows.append(Folded(in_words(group), tuple(group)))
        else:
            rows += fold(group, key=lambda finding: finding.column, label=lambda finding: finding.message)
    return rows
