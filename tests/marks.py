"""Marks in a corpus: comments that say which parameters of a class a finding is about, and what it has to say."""

from __future__ import annotations

import re
from collections import defaultdict

from aotlens.syntax.definitions import definitions

Marks = dict[str, dict[str, list[tuple[int, str]]]]
"""By class and parameter: the marked lines, each with the words for it."""


def marks_in(source: str, pattern: re.Pattern[str]) -> Marks:
    """The marks of each class of a source. The pattern's groups are the names and the words."""
    marks = {n: match for n, line in enumerate(source.split("\n"), 1) if (match := pattern.search(line))}
    found: Marks = {}
    for definition in definitions(source):
        expected = found.setdefault(definition.qualname, defaultdict(list))
        for line, match in marks.items():
            if definition.line <= line <= definition.end_line:
                for name in match[1].split():
                    expected[name].append((line, match[2].replace("{line}", str(line))))
    return found
