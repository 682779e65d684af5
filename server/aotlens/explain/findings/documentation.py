"""The tables of findings in the documentation, and the roles of places, generated from the code.

`python -m aotlens.explain.findings.documentation docs` writes them anew. Each table stands between two comments in a
Markdown file. The roles stand in the table of the JSON, in the row of `findings[]`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .kind import Kind, Source
from .registry import KINDS
from .words import ROLES, message

FILES: dict[str, Source] = {"command-line.md": "trace", "editors.md": "text", "check.md": "project"}
"""The files, each with the source of the findings in its table."""
_BEGIN, _END = "<!-- findings: generated -->", "<!-- end of findings -->"
_ROLES = re.compile(r"(?<=\(`role`: ).*?(?=; and `span`\))")
_BETWEEN = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)


def documented(text: str, source: Source) -> str:
    """Return a Markdown file with its table of findings, and the list of roles if it has one, made anew."""
    *roles, last = ROLES
    text = _ROLES.sub(f"{', '.join(roles)} or {last}", text)
    return _BETWEEN.sub(lambda _: f"{_BEGIN}\n{_table(source)}\n{_END}", text)


def _table(source: Source) -> str:
    kinds = [kind for kind in KINDS.values() if kind.source == source]
    titles = ["code", "severity", "meaning", *(["quick fix"] if source == "text" else [])]
    rows = [titles, *(_cells(kind) for kind in kinds)]
    first, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([first, f"|{'---|' * len(titles)}", *rest])


def _cells(kind: Kind) -> list[str]:
    example = message(kind.example).replace("|", "\\|")
    meaning = f"{kind.paragraph} Example: *{example}*"
    return [f"`{kind.code}`", kind.severity, meaning, *([kind.fix] if kind.source == "text" else [])]


def main(folder: Path) -> None:
    """Write the tables of all files in a folder anew."""
    for name, source in FILES.items():
        path = folder / name
        path.write_text(documented(path.read_text(encoding="utf-8"), source), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
