"""In the format of GitHub Actions, nothing but findings is a workflow command, whatever stands in a project's files."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aotlens.cli.app import app
from aotlens.cli.check.no_commands import WithoutCommands


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (["error: x\n::set-env name=PATH::/tmp\n"], "error: x\n\\x3a:set-env name=PATH::/tmp\n"),
        (["  \t::debug::x\n"], "  \t\\x3a:debug::x\n"),
        (["a\r::debug::x\n"], "a\r\\x3a:debug::x\n"),
        (["a ##[set-output]b\n"], "a ##\\x5bset-output]b\n"),
        (["a#", "#[error]b\n"], "a##\\x5berror]b\n"),
        ([":", ":debug::x\n"], "\\x3a:debug::x\n"),
        (["a::b ##c\n", "a.py:1:2: warning\n"], "a::b ##c\na.py:1:2: warning\n"),
        (["::debug::x"], "\\x3a:debug::x"),
    ],
)
@pytest.mark.parametrize("flushed", [False, True])
def test_no_line_is_a_command(written: list[str], shown: str, flushed: bool) -> None:
    stream = io.StringIO()
    safe = WithoutCommands(stream)
    for text in written:
        assert safe.write(text) == len(text)
        if flushed:
            safe.flush()
    safe.flush()
    assert stream.getvalue() == shown


def test_a_key_of_the_project_file_is_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    key = '"a\\n::warning::planted ##[error]x"'
    (tmp_path / "pyproject.toml").write_text(f"[tool.aotlens.check]\n{key} = 1\n", encoding="utf-8")
    (tmp_path / "a.py").write_text("", encoding="utf-8")
    result = CliRunner().invoke(app, ["check", "--format", "github", "a.py"])
    assert result.exit_code == 2
    assert "planted" in result.stderr
    assert not any(line.lstrip().startswith("::") for line in result.output.splitlines())
    assert "##[" not in result.output
