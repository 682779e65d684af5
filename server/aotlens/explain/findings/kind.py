"""One kind of finding: everything that is the same for all findings with its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from aotlens_tracer.wire.findings import Finding

from .about import Words

Severity = Literal["error", "warning", "information", "hint"]
Source = Literal["trace", "text", "project"]
"""The thing that findings of a kind are read from; those of a whole project are no findings of an editor."""


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    `severity` is the default; `severity_of` returns that of one finding, if it depends on the reason. `words` makes a
    sentence of findings. `paragraph` explains the kind in the documentation, in Markdown, and `example` is a finding
    whose sentence is shown there. The `source` says what the finding is read from; `fix` is what the quick fix of one
    that is read from the text writes.
    """

    code: str
    severity: Severity
    words: Words
    paragraph: str
    example: Finding
    severity_of: Callable[[Finding], Severity] | None = None
    source: Source = "trace"
    fix: str = ""
