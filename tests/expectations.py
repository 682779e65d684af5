"""Expected answers as Markdown that people read: questions about sources, each with its answer below it.

    # path/of/the/source.py

    ## hover `self.q$0kv(x)`

    **module** …

`AOTLENS_UPDATE_EXPECTED=1` has the tests write the answers that are given now.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_SOURCE = re.compile(r"# [\w$./-]*$")


@dataclass(frozen=True)
class Expectation:
    """A question about a source, and the answer that is expected."""

    source: str
    head: str
    text: str


def is_updating() -> bool:
    """Whether the answers are to be written down."""
    return bool(os.environ.get("AOTLENS_UPDATE_EXPECTED"))


def read(path: Path, head: re.Pattern[str]) -> list[Expectation]:
    """The expectations of a file. `head` matches the text of a question's line behind its `## `."""
    found: list[Expectation] = []
    source, body = "", []
    question: str | None = None
    for line in [*path.read_text(encoding="utf-8").splitlines(), "# "]:
        asked = line.removeprefix("## ") if line.startswith("## ") and head.fullmatch(line[3:]) else None
        if asked is None and not _SOURCE.match(line):
            body.append(line)
            continue
        if question is not None:
            found.append(Expectation(source, question, "\n".join(body).strip("\n")))
        question, body = asked, []
        source = source if asked is not None else line.removeprefix("# ")
    return found


def write(path: Path, head: re.Pattern[str], actual: Expectation) -> None:
    """Put an answer in the place of the one that a file has for the same question."""
    blocks, source = [], ""
    for known in read(path, head):
        if known.source != source:
            source = known.source
            blocks.append(f"# {source}")
        same = (known.source, known.head) == (actual.source, actual.head)
        blocks.append(f"## {known.head}\n\n{actual.text if same else known.text}".rstrip("\n"))
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
