"""Logs of public reports, written anew with other names: what is named in each, and what is said about the rest.

Beside each log of `tests/corpus/logs/reports` stands the text that `aotlens decode` prints about it.
`AOTLENS_UPDATE_EXPECTED=1` writes it anew.
"""

import os
from pathlib import Path

import pytest

from aotlens.explain.log_report import report
from aotlens.explain.render.plain import plain
from unit.logs.kept_logs import names_in, text_of

REPORTS = Path(__file__).parents[2] / "corpus" / "logs" / "reports"
LOGS = sorted(path for path in REPORTS.iterdir() if path.suffix in (".log", ".txt"))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_log_of_a_public_report(path: Path) -> None:
    names = names_in(path.read_text(encoding="utf-8"))
    text = plain(report(names, path.name, None, lambda file: file, False)) + "\n"
    expected = path.with_suffix(".expected")
    if os.environ.get("AOTLENS_UPDATE_EXPECTED"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


def test_there_are_at_least_ten() -> None:
    assert len(LOGS) >= 10


def test_what_all_ranks_have_is_shown_once() -> None:
    text = text_of("graph_break.log")
    ranks = [f"[rank{rank}]:{line}" for rank in range(4) for line in text.splitlines()]
    blocks = plain(report(names_in("\n".join(ranks)), "log", None, lambda file: file, False))
    assert blocks.count("up.weight") == 1
    assert "The same in compile 0/0_1, rank 1 (lines 153 to 167); compile 0/0_1, rank 2" in blocks
