"""The commands that the documentation shows: in fenced blocks, as a synopsis, and in sentences."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support import ROOT

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)
_SHELLS = ("console", "sh", "bash", "shell", "zsh", "powershell", "fish")
_SYNOPSIS = re.compile(r"^    (aotlens .*(?:\n {6,}\S.*)*)$", re.MULTILINE)
_IN_YAML = re.compile(r"^\s*- run: (.*)$", re.MULTILINE)
_COMMENT = re.compile(r"\s+#\s.*$")
_PROGRAMS = ("aotlens", "make", "pip", "uvx", "pipx", "npm", "npx", "code", "uv", "python", ".venv/bin/python", "git")
_IN_SENTENCE = re.compile(rf"`((?:{'|'.join(map(re.escape, _PROGRAMS))}) [^`]+)`")


@dataclass(frozen=True)
class Command:
    """A command as it is written, without its comment, and the page that shows it."""

    page: str
    text: str


def pages() -> list[Path]:
    """Every page that a user or a contributor reads."""
    top = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "vscode-extension/README.md"]
    return top + sorted((ROOT / "docs").rglob("*.md"))


def fenced(page: Path) -> Iterator[Command]:
    """The commands of fenced blocks: with a prompt in those of a console, else each line; `run:` in those of CI."""
    for block in _FENCE.finditer(page.read_text(encoding="utf-8")):
        text, language = textwrap.dedent(block["text"]), block["language"]
        if language in ("yaml", "yml"):
            lines = _IN_YAML.findall(text)
        elif language in _SHELLS:
            prompted = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
            lines = prompted or [line for line in text.splitlines() if line.strip() and language != "console"]
        else:
            lines = re.findall(r"^\$ (.*)$", text, re.MULTILINE)
        yield from (Command(_name(page), _COMMENT.sub("", line).strip()) for line in lines)


def synopses(page: Path) -> Iterator[Command]:
    """The commands of indented blocks, which show what options there are."""
    for found in _SYNOPSIS.findall(page.read_text(encoding="utf-8")):
        yield from (Command(_name(page), _COMMENT.sub("", each)) for each in re.split(r"\n(?=    aotlens)", found))


def in_sentences(page: Path) -> Iterator[Command]:
    """The commands in sentences and tables."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    yield from (Command(_name(page), " ".join(each.split())) for each in _IN_SENTENCE.findall(text))


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()
