"""The tables of findings in the documentation, and the roles of places, generated from the code.

`python -m aotlens.explain.findings.documentation docs` writes them anew. Each table stands between two comments in a
Markdown file. The roles stand in the table of the JSON, in the row of `findings[]`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from .kind import Kind
from .registry import KINDS
from .words import ROLES, message

FILES = {"command-line.md": False, "editors.md": True}
"""The files, each with whether its table has the findings about the text in an editor or those about a trace."""
_BEGIN, _END = "<!-- findings: generated -->", "<!-- end of findings -->"
_ROLES = re.compile(r"(?<=\(`role`: ).*?(?=; and `span`\))")
_BETWEEN = re.compile(re.escape(_BEGIN) + ".*?" + re.escape(_END), re.DOTALL)


def documented(text: str, is_of_text: bool) -> str:
    """Return a Markdown file with its table of findings, and the list of roles if it has one, made anew."""
    *roles, last = ROLES
    text = _ROLES.sub(f"{', '.join(roles)} or {last}", text)
    return _BETWEEN.sub(lambda _: f"{_BEGIN}\n{_table(is_of_text)}\n{_END}", text)


def _table(is_of_text: bool) -> str:
    kinds = [kind for kind in KINDS.values() if kind.is_of_text is is_of_text]
    titles = ["code", "severity", "meaning", *(["quick fix"] if is_of_text else [])]
    rows = [titles, *(_cells(kind) for kind in kinds)]
    first, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([first, f"|{'---|' * len(titles)}", *rest])


def _cells(kind: Kind) -> list[str]:
    example = message(kind.example).replace("|", "\\|")
    meaning = f"{kind.paragraph} Example: *{example}*"
    return [f"`{kind.code}`", kind.severity, meaning, *([kind.fix] if kind.is_of_text else [])]


def main(folder: Path) -> None:
    """Write the tables of all files in a folder anew."""
    for name, is_of_text in FILES.items():
        path = folder / name
        path.write_text(documented(path.read_text(encoding="utf-8"), is_of_text), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
