"""Long texts made short: a message ends at the end of a sentence or a word, an expression is clipped."""

from __future__ import annotations

import itertools
import re

_LONGEST_EXPRESSION = 60
_SENTENCE_END = re.compile(r"[.!?](?=\s)|$")


def first_sentence(message: str, longest: int) -> str:
    """The first line of a message, with the lines that continue its sentence, in at most `longest` characters.

    A longer text is cut after the last whole sentence that fits, else after the last whole word, which `…` then marks.
    """
    lines = [" ".join(one.split()) for one in message.strip().splitlines()]
    lines = [one for n, one in enumerate(lines) if one or not lines[n - 1].endswith(":")]
    text = lines[0] if lines else ""
    for before, after in itertools.pairwise(lines):
        if not _continues(before, after):
            break
        text = f"{text} {after}"
    if len(text) <= longest:
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.end() <= longest]
    if ends:
        return text[: ends[-1]]
    cut = text[: longest - 1]
    if not text[longest - 1].isspace():
        cut = cut.rpartition(" ")[0] or cut
    return f"{cut.rstrip(' ,;:')}…"


def clipped(expression: str, longest: int = _LONGEST_EXPRESSION) -> str:
    """An expression on one line, in at most `longest` characters; `…` stands for the rest."""
    text = " ".join(expression.split())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _continues(before: str, after: str) -> bool:
    """Whether a line goes on with the sentence of the line before it: that announces it, or has no full stop."""
    if not before or not after:
        return False
    return before[-1] in ":,;" or (before[-1] not in ".!?" and (after[0].islower() or after[0] in "(`'\"["))
