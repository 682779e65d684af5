"""What only IPython understands is passed over, and every other line keeps its number."""

from __future__ import annotations

import pytest

from aotlens.syntax import magics
from aotlens.syntax.magics import without_magics


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", ""),
        ("\n\n", "\n\n"),
        ("%matplotlib inline\nx = 1\n", "pass\nx = 1\n"),
        ("if x:\n    !ls\n    y = 2", "if x:\n    pass\n    y = 2"),
        ("files = !ls\nwho = %who\nz = a % b\n", "pass\npass\nz = a % b\n"),
        ("!pip install \\\n    torch\nx = 1", "pass\n\nx = 1"),
        ("obj?\nobj.name??\n?obj\n", "pass\npass\npass\n"),
        ("x = 'what?'\n# why?\nx = 5  # why?\n", "x = 'what?'\n# why?\nx = 5  # why?\n"),
        ("x = (a\n  % b)\ny = a \\\n  % b\n", "x = (a\n  % b)\ny = a \\\n  % b\n"),
        ("x = '''\n%not\n!this\n'''\n%magic\n", "x = '''\n%not\n!this\n'''\npass\n"),
        ("x = rb'\\'['\n%magic\n", "x = rb'\\'['\npass\n"),
        ("x = 'open\n%magic\n", "x = 'open\npass\n"),
        ("x = 1\r\n%magic\r\ny = 2\r\n", "x = 1\r\npass\r\ny = 2\r\n"),
        ("%%time\nx = 1\n", "\nx = 1\n"),
        ("\n%%capture out\nx = 1\n", "\n\nx = 1\n"),
        ("%%aotlens Net\nclass Net: ...\n", "\nclass Net: ...\n"),
        ("%%bash\nls\nrm x\n", "\n\n\n"),
        ("%%timeit\nx = 1", "\n"),
        ("%%\nx = 1", "\n"),
        ("x = 1\n%%bash\nls -l", "x = 1\npass\nls -l"),
    ],
)
def test_lines_of_ipython_do_nothing(cell: str, expected: str) -> None:
    assert without_magics(cell) == expected


def test_long_lines_take_time_that_grows_with_their_length_alone() -> None:
    for sign in ("a", " ", "?", "'", "(", "\\", "a = "):
        assert without_magics(sign * 30_000 + "x\n").count("\n") == 1


def test_large_cells_are_not_remembered() -> None:
    """Hundreds of versions of one cell would fill the memory."""
    remembered = magics._kept.cache_info()
    assert without_magics("%matplotlib inline\n" + "x = 1\n" * 5_000).startswith("pass\nx = 1\n")
    assert magics._kept.cache_info() == remembered
