"""Source spans of stack traces as this Python writes them, whatever characters stand before the code."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import pytest

from aotlens_tracer.graph.stack_traces import parse

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 marks no columns")


@pytest.mark.parametrize(
    "before", ["", "title = 'plain'; ", "title = '😀😀'; ", "title = 'é𝕏'; ", "title = '漢字'; ", "ｗide, 名 = 1, 2; "]
)
@pytest.mark.parametrize("indent", [0, 8])
def test_columns(tmp_path: Path, before: str, indent: int) -> None:
    path = tmp_path / "model.py"
    head = "if True:\n" if indent else ""
    path.write_text(f"{head}{' ' * indent}{before}value = len('漢') + len(3)  # 漢\n", encoding="utf-8")
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), {})
    except TypeError as error:
        text = "".join(traceback.format_tb(error.__traceback__)[-1:])
    (span,) = parse(text)
    assert span.column is not None
    line = path.read_text(encoding="utf-8").splitlines()[span.line - 1]
    assert line[span.column - 1 : span.end_column and span.end_column - 1] == "len(3)"
