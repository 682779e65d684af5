"""The documentation of findings is generated from their registry, and up to date."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from aotlens.explain.findings.documentation import FILES, documented
from aotlens.explain.findings.kind import Kind
from aotlens.explain.findings.registry import KINDS
from aotlens.explain.findings.words import ROLES, message, severity
from aotlens_tracer.wire.findings import Role

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", FILES)
def test_the_tables_are_up_to_date(name: str) -> None:
    """`python -m aotlens.explain.findings.documentation docs` writes them anew."""
    text = (DOCS / name).read_text(encoding="utf-8")
    assert documented(text, FILES[name]) == text
    for kind in KINDS.values():
        assert (f"| `{kind.code}` | {kind.severity} |" in text) is (kind.source == FILES[name])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_example_is_of_its_kind(kind: Kind) -> None:
    assert kind.example.code == kind.code and KINDS[kind.code] is kind
    assert severity(kind.example) == kind.severity
    assert message(kind.example) and "\n" not in message(kind.example)


def test_each_kind_has_a_file_of_its_own() -> None:
    folder = Path(__file__).parents[3] / "server/aotlens/explain/findings"
    assert {code.replace("-", "_") for code in KINDS} <= {path.stem for path in folder.glob("*.py")}


def test_each_role_of_a_place_has_a_sentence_and_is_documented() -> None:
    assert tuple(ROLES) == get_args(Role)
    *roles, last = ROLES
    assert f"(`role`: {', '.join(roles)} or {last}; and `span`)" in (DOCS / "command-line.md").read_text(
        encoding="utf-8"
    )
