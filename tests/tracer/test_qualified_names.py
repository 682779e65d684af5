"""The qualified name of a function by its line, for Python 3.10, against the one that later versions keep with it."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from aotlens_tracer.loading.definitions import name_in_file, qualified_name

SOURCE = """\
import functools

def plain(x): return [each for each in x]

@functools.cache
@functools.wraps(
    plain
)
def decorated(x):
    def inner(y):
        return sorted(y, key=lambda z: -z)
    return inner(x)

class Net:
    scale = (lambda x: x)(2)

    def forward(self, x):
        return {each: self.helper(each) for each in x}

    async def helper(self, x):
        return x

    class Part:
        def forward(self, x):
            class Local:
                def forward(self, x):
                    return x
            return Local()

if True:
    def forward(x):
        return (each for each in x)
"""


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from codes(each)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no names to compare with")
def test_names_by_line_are_those_of_python(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(SOURCE, encoding="utf-8")
    functions = [
        each
        for each in codes(compile(SOURCE, str(path), "exec"))
        if each.co_flags & 2  # not the body of a class
    ]
    assert {each.co_name for each in functions} >= {"plain", "decorated", "inner", "<lambda>", "forward", "helper"}
    for code in functions:
        assert name_in_file(code) == qualified_name(code) == code.co_qualname  # type: ignore[attr-defined]  # 3.11


def test_a_function_without_a_file_has_its_plain_name() -> None:
    code = next(codes(compile("class Net:\n    def forward(self): ...\n", "<gone>", "exec")))
    assert name_in_file(next(codes(code))) == "forward"
