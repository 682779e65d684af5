"""Bad input: each ends with the documented exit status, names the user's file and line, and says what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.support import (
    BLOCK,
    HEADER,
    HERE,
    PIN,
    Commands,
    assert_failed,
    assert_no_internals,
    assert_traced,
    at_import,
    commands,
    in_forward,
    marked_line,
    pinned,
    write,
)
from support import ROOT, run_aotlens


@pytest.fixture(scope="module")
def shared() -> Iterator[Commands]:
    with commands() as running:
        yield running


@dataclass(frozen=True)
class Case:
    """A source that cannot be traced. The mark in it is on the line that has to be named."""

    source: str | bytes
    stage: str
    message: str
    hint: str | None = None
    target: str = "Block"
    example: str | None = None
    reason: str = "error"
    line: int | None = None
    elsewhere: bool = False
    """The example is an option, so that no file has the fault."""


HINT_FORM = "builds the module and calls it, in one expression"
LOCAL = f"""\
{HEADER}
def make(n):
    class Inner(nn.Module):  {HERE}
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(n, n)

        def forward(self, x):
            return self.fc(x)

    return Inner()
"""
NESTED = f"""\
{HEADER}
class Outer:
    # aotlens: Outer.Inner()(torch.randn(2, 4))
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x):
            return self.fc(x)
"""
NASTY = """\
class Nasty(Exception):
    def __str__(self):
        raise RuntimeError('no text')
"""

CASES = {
    # the target
    "no-such-class": Case(HEADER + BLOCK, "target", "there is no Blok in this file", "did you mean Block", "Blok"),
    "no-such-class-at-all": Case(HEADER + BLOCK, "target", "no Decoder", "the file defines Block", "Decoder"),
    "not-a-module": Case(
        f"class Config:  {HERE}\n    pass\n", "target", "Config is a class, but not an nn.Module", "subclass", "Config"
    ),
    "not-a-class": Case("SIZE = 3\n", "target", "SIZE is neither a class nor a function, .* int", "subclass", "SIZE"),
    "inner-class-by-its-short-name": Case(NESTED, "target", "no Inner in", "did you mean Outer.Inner", "Inner"),
    "class-under-a-condition-that-does-not-hold": Case(
        f"{HEADER}if False:\n    class Block(nn.Module):  {HERE}\n        pass\n",
        "target",
        "does not exist",
        "condition",
    ),
    # the file
    "syntax-error": Case(f"{HEADER}x = (1,\n\n{BLOCK}".replace("(1,", f"(1,  {HERE}"), "syntax", "never closed"),
    "tabs-and-spaces": Case(
        HEADER + BLOCK.replace("        self.fc", "\tself.fc").replace("(n, n)", f"(n, n)  {HERE}"),
        "syntax",
        "TabError: inconsistent use of tabs",
    ),
    "python-2": Case(at_import(f"print 'hello'  {HERE}"), "syntax", "Missing parentheses"),
    "not-utf-8": Case(
        at_import(f"x = 'Größe'  {HERE}").encode("latin-1"),
        "syntax",
        "byte 0xf6 is not UTF-8",
        "save the file as UTF-8",
    ),
    "an-unknown-encoding": Case(
        f"# -*- coding: klingon -*-  {HERE}\n{HEADER}{BLOCK}".encode(), "syntax", "unknown encoding: klingon"
    ),
    "utf-16": Case((HEADER + BLOCK).encode("utf-16"), "syntax", "UTF-16", "UTF-8", line=1),
    "null-byte": Case(at_import(f"x = '\0'  {HERE}"), "syntax", "null byte"),
    # its import
    "import-raises": Case(
        at_import(f"def load():\n    return {{}}['weights']  {HERE}\n\n\nload()"), "import", "KeyError: 'weights'"
    ),
    "no-such-package": Case(
        at_import(f"import no_such_package_anywhere  {HERE}"), "import", "No module named", "install no_such_package"
    ),
    "sys-exit": Case(at_import(f"import sys\nsys.exit(3)  {HERE}"), "import", r"sys.exit\(3\)", "__main__"),
    "sys-exit-without-a-status": Case(at_import(f"raise SystemExit  {HERE}"), "import", r"sys.exit\(\)$"),
    "sys-exit-with-a-message": Case(at_import(f"raise SystemExit('bye')  {HERE}"), "import", r"sys.exit\('bye'\)"),
    "keyboard-interrupt": Case(at_import(f"raise KeyboardInterrupt  {HERE}"), "import", "raised KeyboardInterrupt"),
    "asks-for-input": Case(at_import(f"input('name? ')  {HERE}"), "import", "EOFError", "standard input is empty"),
    "more-memory-than-there-is": Case(
        at_import(f"x = bytearray(1 << 46)  {HERE}"), "import", "MemoryError", "smaller", reason="memory"
    ),
    "endless-recursion": Case(
        at_import(f"def f(n):\n    return f(n + 1)  {HERE}\n\n\nf(0)"), "import", "RecursionError"
    ),
    "an-exception-without-a-text": Case(
        at_import(f"{NASTY}\n\nraise Nasty  {HERE}"), "import", r"Nasty: \(its __str__ raised RuntimeError\)"
    ),
    "a-message-of-megabytes": Case(
        at_import(f"raise ValueError('x' * 3000000)  {HERE}"), "import", "2995... characters left out|2996... char"
    ),
    "a-message-that-is-no-text": Case(at_import(f"raise ValueError('\\udc80 \\x1b[31m')  {HERE}"), "import", "\udc80"),
    # the example
    "constructor-raises": Case(
        HEADER + BLOCK.replace("super().__init__()", f"raise ValueError(f'{{n}} is not even')  {HERE}"),
        "example",
        "ValueError: 4 is not even",
    ),
    "no-super-init": Case(
        HEADER + BLOCK.replace("        super().__init__()\n", "").replace("(n, n)", f"(n, n)  {HERE}"),
        "example",
        "cannot assign module before Module.__init__",
    ),
    "no-example-and-none-that-can-be-guessed": Case(
        pinned("# no example").replace("return self.fc(x).relu()", f"return self.fc(x.nothing())  {HERE}"),
        "example",
        "no example found: .*has no attribute 'nothing'",
        r"write one above the class, and complete it: # aotlens: Block\(",
    ),
    "no-example-of-a-method": Case(
        pinned("# no example").replace("forward(self, x):", f"forward(self, x):  {HERE}"),
        "example",
        "no example says how to build and call Block.forward",
        r"# aotlens: Block\(…\).forward\(",
        "Block.forward",
    ),
    "ignore-is-no-example": Case(
        pinned("# aotlens: ignore[graph-break]").replace("fc(x).relu()", f"fc(x.nothing())  {HERE}"),
        "example",
        "no example found",
    ),
    "example-not-a-call": Case(pinned(f"# aotlens: Block  {HERE}"), "example", "is not a call: Block", HINT_FORM),
    "example-only-builds": Case(
        pinned(f"# aotlens: Block(4)  {HERE}"), "example", "only builds Block and does not call it", HINT_FORM
    ),
    "example-calls-a-value": Case(
        pinned(f"# aotlens: torch.pi(4)  {HERE}"), "example", "torch.pi, which is not callable: it is of type float"
    ),
    "example-with-a-syntax-error": Case(
        pinned(f"# aotlens: Block(4)(torch.randn(2 4))  {HERE}"), "example", "not a Python expression", HINT_FORM
    ),
    "example-in-words": Case(
        pinned(f"# aotlens: this one is traced in CI  {HERE}"), "example", "not a Python expression", HINT_FORM
    ),
    "example-with-nothing-in-it": Case(pinned("# aotlens:"), "example", "the example is empty", HINT_FORM, line=3),
    "example-never-closed": Case(pinned(f"# aotlens: Block(4)(torch.randn(2, 4)  {HERE}"), "example", "never closed"),
    "example-of-lines-with-a-syntax-error": Case(
        pinned(f"# aotlens: Block(\n#     4,\n#     oops oops,  {HERE}\n# )(torch.randn(2, 4))"),
        "example",
        "not a Python expression.*oops oops",
    ),
    "example-of-lines-with-an-unknown-name": Case(
        pinned(f"# aotlens: Block(4)(\n#     torch.randn(2, 4)\n#     + oops,  {HERE}\n# )"),
        "example",
        "NameError: name 'oops'",
        "an example knows the names of",
    ),
    "example-as-an-option-with-an-unknown-name": Case(
        HEADER + BLOCK, "example", "name 'Blok'", "an example knows", example="Blok(4)(torch.ones(4))", elsewhere=True
    ),
    "example-with-a-wrong-argument-of-the-constructor": Case(
        pinned(f"# aotlens: Block(m=4)(torch.randn(2, 4))  {HERE}"), "example", "unexpected keyword argument 'm'"
    ),
    "example-of-another-class": Case(
        pinned(f"# aotlens: nn.Linear(4, 4)(torch.randn(2, 4))  {HERE}"),
        "example",
        "Linear, in which there is no Block",
    ),
    "example-that-calls-no-module": Case(
        HEADER + BLOCK,
        "example",
        "the example calls a .*, not a module",
        "builds one and calls it",
        example="Block(4)(torch.randn(2, 4)).sum()",
        elsewhere=True,
    ),
    "class-in-a-function-without-an-example": Case(
        LOCAL, "example", "no example", "made inside make.*# aotlens: make", "make.<locals>.Inner"
    ),
    "class-in-a-function-by-its-short-name": Case(LOCAL, "example", "no example", "made inside make", "Inner"),
    "class-in-a-function-that-the-example-misses": Case(
        LOCAL,
        "example",
        "Linear, in which there is no Inner",
        target="Inner",
        example="nn.Linear(4, 4)(torch.randn(2, 4))",
        elsewhere=True,
    ),
    # the call
    "wrong-shape": Case(
        in_forward(f"return self.fc(x).relu()  {HERE}").replace("(2, 4)", "(2, 5)"),
        "forward",
        r"shapes cannot be multiplied \(2x5 and 4x4\)",
    ),
    "missing-argument": Case(
        pinned(f"# aotlens: Block(4)()  {HERE}"), "forward", r"forward\(\) missing 1 required positional argument: 'x'"
    ),
    "too-many-arguments": Case(
        pinned(f"# aotlens: Block(4)(torch.randn(2, 4), 3)  {HERE}"), "forward", "takes 2 positional arguments but 3"
    ),
    "no-forward": Case(
        f"{HEADER}\n# aotlens: Block()(torch.ones(3))  {HERE}\nclass Block(nn.Module):\n    pass\n",
        "forward",
        'missing the required "forward" function',
    ),
    "assertion": Case(
        in_forward(f"assert x.shape[1] == 7, f'need 7 columns, got {{x.shape[1]}}'  {HERE}"),
        "forward",
        "AssertionError: need 7 columns, got 4",
    ),
    "overwritten-before-backward": Case(
        in_forward(f"y = self.fc(x).exp()\n        z = y * y\n        y.add_(1)  {HERE}\n        return z"),
        "forward",
        r"the backward pass fails: `y.add_\(1\)` overwrites a value that the derivative of `y \* y` on line \d+ needs",
        "change a copy instead",
    ),
    "gradient-of-another-shape": Case(
        in_forward(f"return Double.apply(self.fc(x))  {HERE}").replace(
            HEADER,
            HEADER
            + "class Double(torch.autograd.Function):\n"
            + "    @staticmethod\n    def forward(ctx, x):\n        return x * 2\n"
            + "    @staticmethod\n    def backward(ctx, g):\n        return g.sum()\n\n\n",
        ),
        "forward",
        "the backward pass fails: RuntimeError: Function DoubleBackward returned an invalid gradient",
        "has to return a gradient of the shape",
    ),
    "error-in-the-own-backward": Case(
        in_forward("return Double.apply(self.fc(x))").replace(
            HEADER,
            HEADER
            + "class Double(torch.autograd.Function):\n"
            + "    @staticmethod\n    def forward(ctx, x):\n        return x * 2\n"
            + f"    @staticmethod\n    def backward(ctx, g):\n        return g.reshape(7)  {HERE}\n\n\n",
        ),
        "forward",
        r"the backward pass fails: RuntimeError: shape '\[7\]' is invalid",
    ),
    "backward-inside-forward": Case(
        in_forward(f"loss = self.fc(x).sum()\n        loss.backward()  {HERE}\n        return loss"),
        "capture",
        r"Unsupported Tensor.backward\(\) call",
    ),
    "data-dependent-branch": Case(
        in_forward(f"if x.sum() > 0:  {HERE}\n            return self.fc(x)\n        return x"),
        "capture",
        "depends on data",
        "torch.where or torch.cond|torch.cond",
    ),
    "data-dependent-size": Case(
        in_forward(f"for row in x.sum(-1).nonzero():  {HERE}\n            x = x * row\n        return self.fc(x)"),
        "capture",
        "depends on data",
        "torch.where, or a factor of 0",
    ),
    "needs-cuda": Case(in_forward(f"return self.fc(x.cuda())  {HERE}"), "forward", "(?i)cuda", "needs CUDA|one device"),
    "needs-cuda-in-a-buffer": Case(
        in_forward(f"mask = torch.ones(4, device='cuda')\n        return self.fc(x) * mask  {HERE}"),
        "forward",
        "same device|cuda",
        "one device|needs CUDA",
    ),
    "forward-raises-keyboard-interrupt": Case(
        in_forward(f"raise KeyboardInterrupt  {HERE}"), "forward", "raised KeyboardInterrupt"
    ),
    "forward-raises-system-exit": Case(in_forward(f"raise SystemExit(4)  {HERE}"), "forward", r"sys.exit\(4\)"),
    "forward-raises-without-a-text": Case(
        at_import(NASTY).replace("return self.fc(x).relu()", f"raise Nasty  {HERE}"), "forward", "__str__ raised"
    ),
    "forward-recurses": Case(in_forward(f"return self.forward(x)  {HERE}"), "forward", "RecursionError"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_goes_wrong_is_told_with_its_place(name: str, shared: Commands, tmp_path: Path) -> None:
    case = CASES[name]
    write(tmp_path, "model.py", case.source)
    outcome = shared.trace(f"model.py::{case.target}", tmp_path, example=case.example, timeout=60)
    where = None if case.elsewhere else ("model.py", case.line or marked_line(case.source))
    assert_failed(outcome, case.stage, case.message, where, reason=case.reason, hint=case.hint)
    assert len(outcome.text) < 8000
    assert len(outcome.failure["frames"]) <= 13


def test_the_user_s_frames_lead_from_the_example_to_the_fault(shared: Commands, tmp_path: Path) -> None:
    source = HEADER + BLOCK.replace("super().__init__()", "self.check(n)").replace(
        "    def forward", "    def check(self, n):\n        raise ValueError(n)\n\n    def forward"
    )
    write(tmp_path, "model.py", source)
    outcome = shared.trace("model.py::Block", tmp_path)
    assert [(frame["function"], frame["code"]) for frame in outcome.failure["frames"]] == [
        ("the example", "Block(4)(torch.randn(2, 4))"),
        ("__init__", "self.check(n)"),
        ("check", "raise ValueError(n)"),
    ]


# What is wrong lies in another file than the target.


def test_a_syntax_error_in_an_imported_file(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "helper.py", "VALUE = 1\n\n\ndef f(:\n    pass\n")
    write(tmp_path, "model.py", at_import("import helper"))
    outcome = shared.trace("model.py::Block", tmp_path)
    assert_failed(outcome, "import", "SyntaxError: invalid syntax", ("helper.py", 4))
    assert [(frame["path"], frame["line"]) for frame in outcome.failure["frames"]] == [
        ("model.py", 3),
        ("helper.py", 4),
    ]


def test_an_imported_file_that_is_not_utf_8(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "helper.py", "NAME = 'Größe'\n".encode("latin-1"))
    write(tmp_path, "model.py", at_import("import helper"))
    outcome = shared.trace("model.py::Block", tmp_path)
    assert_failed(outcome, "import", "can't decode byte 0xf6", ("helper.py", 1), hint="save the file as UTF-8")


def test_a_package_whose_init_raises(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "pkg/__init__.py", "raise RuntimeError('no licence')\n")
    write(tmp_path, "pkg/model.py", HEADER + BLOCK)
    outcome = shared.trace("pkg/model.py::Block", tmp_path)
    assert_failed(outcome, "import", "RuntimeError: no licence", (str(Path("pkg/__init__.py")), 1))


def test_a_relative_import_of_nothing(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "pkg/__init__.py", "")
    write(tmp_path, "pkg/model.py", at_import("from .nothing import VALUE"))
    outcome = shared.trace("pkg/model.py::Block", tmp_path)
    hint = "pkg was found in .*is a file missing there"
    assert_failed(outcome, "import", "No module named 'pkg.nothing'", (str(Path("pkg/model.py")), 3), hint=hint)


def test_a_circular_import(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "other.py", "from model import Block\n")
    write(tmp_path, "model.py", at_import("import other"))
    outcome = shared.trace("model.py::Block", tmp_path)
    assert_failed(outcome, "import", "partially initialized module 'model'", ("other.py", 1))


def test_a_class_that_comes_from_another_file(shared: Commands, tmp_path: Path) -> None:
    other = write(tmp_path, "other.py", HEADER + BLOCK)
    write(tmp_path, "model.py", "from other import Block\n")
    outcome = shared.trace("model.py::Block", tmp_path)
    assert_failed(outcome, "example", "no example says", ("model.py", None), hint=f"comes from {other}: trace it there")


# Layouts that have to work.

LAYOUTS = {
    "package": {"pkg/__init__.py": "", "pkg/sizes.py": "N = 4\n", "pkg/model.py": at_import("from .sizes import N")},
    "package in a package": {
        "pkg/__init__.py": "",
        "pkg/sizes.py": "N = 4\n",
        "pkg/deep/__init__.py": "",
        "pkg/deep/model.py": at_import("from ..sizes import N"),
    },
    "src": {
        "pyproject.toml": "[project]\nname = 'x'\n",
        "src/pkg/__init__.py": "",
        "src/pkg/sizes.py": "N = 4\n",
        "src/pkg/model.py": at_import("from pkg.sizes import N"),
    },
    "namespace package": {
        "pyproject.toml": "[project]\nname = 'x'\n",
        "space/sizes.py": "N = 4\n",
        "space/model.py": at_import("from space.sizes import N"),
    },
    "relative import without a package": {"sizes.py": "N = 4\n", "model.py": at_import("from .sizes import N")},
    "the name of a standard module": {"random.py": at_import("import collections")},
    "the name of a module that torch needs": {"types.py": at_import("import enum")},
    "spaces and letters": {"Meine Modelle/größe μ 模型.py": HEADER + BLOCK},
    "no identifier": {"2d-model.py": HEADER + BLOCK},
    "no suffix": {"model": HEADER + BLOCK},
    "another encoding": {"model.py": f"# -*- coding: latin-1 -*-\n{at_import('x = 0  # Größe')}".encode("latin-1")},
    "windows": {"model.py": "\ufeff" + (HEADER + BLOCK).replace("\n", "\r\n")},
    "decorated": {"model.py": at_import("def keep(cls):\n    return cls").replace("\nclass ", "\n@keep\nclass ")},
    "example of several lines": {"model.py": pinned("# aotlens: Block(\n#     4,\n# )(\n#     torch.randn(2, 4)\n# )")},
    "ignore beside an example": {"model.py": pinned(f"# aotlens: ignore[graph-break]\n{PIN}")},
    "two examples": {"model.py": pinned(f"{PIN}\n# aotlens: Block(8)(torch.randn(2, 8))")},
    "a module around it": {"model.py": pinned("# aotlens: nn.Sequential(Block(4))(torch.randn(2, 4))")},
    "example in the project": {
        "pyproject.toml": "[tool.aotlens.examples]\n'model.py::Block' = 'Block(4)(torch.randn(2, 4))'\n",
        "model.py": pinned("# none here"),
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name: str, shared: Commands, tmp_path: Path) -> None:
    for file, source in LAYOUTS[name].items():
        path = write(tmp_path, file, source)
    if name == "example in the project":
        path = tmp_path / "model.py"
    outcome = shared.trace(f"{path.relative_to(tmp_path)}::Block", tmp_path)
    assert_traced(outcome)
    assert outcome.trace["target"]["path"] == str(path.relative_to(tmp_path))
    assert outcome.trace["graphs"][0]["inputs"][0]["descriptor"].endswith("fc.weight')")
    assert f"{path.relative_to(tmp_path)}:" in outcome.text


def test_a_class_in_another_class(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", NESTED)
    for target in ("model.py::Outer.Inner", "model.py"):
        outcome = shared.trace(target, tmp_path)
        assert_traced(outcome)
        assert outcome.trace["target"]["qualname"] == "Outer.Inner"


@pytest.mark.parametrize("name", ["Inner", "make.Inner", "make.<locals>.Inner"])
def test_a_class_in_a_function_that_the_example_gets_at(name: str, shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", LOCAL)
    outcome = shared.trace(f"model.py::{name}", tmp_path, example="make(4)(torch.randn(2, 4))")
    assert_traced(outcome)
    assert outcome.trace["target"]["line"] == marked_line(LOCAL)


def test_a_class_in_a_function_with_its_pin(shared: Commands, tmp_path: Path) -> None:
    source = LOCAL.replace("    class Inner", "    # aotlens: make(4)(torch.randn(2, 4))\n    class Inner")
    write(tmp_path, "model.py", source)
    assert_traced(shared.trace("model.py::Inner", tmp_path))


def test_a_file_with_a_class_in_a_function_alone(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", LOCAL)
    outcome = shared.trace("model.py", tmp_path)
    assert_failed(
        outcome, "target", "defines no nn.Module class", ("model.py", None), hint="model.py::make.<locals>.Inner"
    )


SECOND = BLOCK.replace("Block(4)", "Block()").replace("self, n", "self").replace("n, n", "4, 4")


def test_two_classes_of_one_name_with_an_example_each(shared: Commands, tmp_path: Path) -> None:
    source = f"{HEADER}\n{BLOCK}\n\n{SECOND}"
    write(tmp_path, "model.py", source)
    outcome = shared.trace("model.py::Block", tmp_path)
    assert_traced(outcome)
    lines = [number for number, line in enumerate(source.splitlines(), 1) if line.startswith("class Block")]
    assert outcome.trace["target"]["line"] == lines[1]
    assert outcome.trace["example"]["constructor"] == "Block()"
    (finding,) = [item for item in outcome.trace["findings"] if item["code"] == "duplicate-definition"]
    assert f"also on line {lines[0]}" in finding["message"]
    assert finding["line"] == lines[1]


def test_two_classes_of_one_name_where_the_first_has_the_example(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", f"{HEADER}\n{BLOCK}\n\n" + SECOND.partition("\n")[2])
    outcome = shared.trace("model.py::Block", tmp_path)
    hint = "the example in line 4 stands above the definition in line 5, which the one in line 14 replaces"
    assert_failed(outcome, "example", "no example says", ("model.py", 14), hint=hint)


def test_an_example_of_the_project_with_a_syntax_error(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", "[tool.aotlens.examples]\n'model.py::Block' = 'Block('\n")
    write(tmp_path, "model.py", pinned("# none here"))
    outcome = shared.trace("model.py::Block", tmp_path)
    assert_failed(outcome, "example", "never closed", ("pyproject.toml", 2))


@pytest.mark.parametrize("source", ["", "x = 1\n", "class Config:\n    pass\n"])
def test_a_file_without_modules(source: str, shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", source)
    outcome = shared.trace("model.py", tmp_path)
    assert_failed(outcome, "target", "defines no nn.Module class", ("model.py", None), hint="name a function")


def test_a_whole_file_that_cannot_be_imported(shared: Commands, tmp_path: Path) -> None:
    write(tmp_path, "model.py", at_import("raise ValueError('no')"))
    outcome = shared.trace("model.py", tmp_path)
    assert_failed(outcome, "import", "ValueError: no", ("model.py", 3))
    assert outcome.trace["target"]["qualname"] == "*"


# The command line itself.


def test_a_file_in_which_one_of_two_is_traced(tmp_path: Path) -> None:
    bad = BLOCK.replace("Block", "Bad").replace("randn(2, 4)", "randn(2, 5)")
    write(tmp_path, "model.py", f"{HEADER}\nprint('hello')\n\n{BLOCK}\n\n{bad}")
    done = run_aotlens("trace", "model.py", "--full", "--verbose", cwd=tmp_path)
    assert done.returncode == 1
    assert "model.py::Block  model.py:7  traced" in done.stdout
    assert "model.py::Bad  model.py:17  failed" in done.stdout
    assert "--> model.py:23" in done.stdout
    assert_no_internals(done.stdout)
    # --verbose: the whole traceback, torch's frames and all, on stderr; but none of our own.
    assert done.stderr.count("Traceback (most recent call last)") == 1
    assert "nn/modules/linear.py" in done.stderr.replace("\\", "/")
    assert "aotlens_tracer" not in done.stderr
    assert "(the code printed 2 lines: --show-output shows them)" in done.stderr


def test_names_that_stdout_cannot_encode(tmp_path: Path) -> None:
    write(tmp_path, "größe/模型.py", at_import("raise ValueError('\\udc80 müde')"))
    for format in ("json", "text"):
        done = run_aotlens("trace", "größe/模型.py", "-f", format, cwd=tmp_path, PYTHONIOENCODING="ascii")
        assert done.returncode == 1
        assert_no_internals(done.stderr)
        if format == "json":
            assert json.loads(done.stdout)["traces"][0]["failure"]["path"] == str(Path("größe/模型.py"))
        else:
            assert_no_internals(done.stdout)
            assert r"gr\xf6\xdfe" in done.stdout


USAGE = {
    "no such file": (["modle.py::Block"], "there is no file modle.py: did you mean model.py"),
    "one colon": (["model.py:Block"], "there is no file model.py:Block: did you mean model.py::Block"),
    "a name that is too long": (["m" * 300 + ".py"], "there is no file mmm"),
    "an empty name": ([""], "name a Python file, as in model.py"),
    "nothing before the colons": (["::Block"], "name a Python file, as in model.py"),
    "no such folder": (["nowhere/model.py"], "there is no file nowhere"),
    "a folder": (["folder"], "folder is a folder: name a Python file"),
    "no name": (["model.py::"], "there is no name after ::"),
    "an example for everything": (
        ["model.py", "--example", "Block(4)(torch.ones(4))"],
        "name it, as in model.py::Block",
    ),
    "no such interpreter": (["model.py", "--python", "no/such/python"], "there is no interpreter no/such/python"),
    "no such command": (["model.py", "--python", "nosuchpython"], "there is no interpreter nosuchpython"),
    "a folder without an interpreter": (["model.py", "--python", "folder"], "without a Python interpreter"),
    "a file that is not executable": (["model.py", "--python", "./model.py"], "./model.py is not executable"),
    "no such option": (["model.py", "--nope"], "No such option"),
    "no such format": (["model.py", "--format", "yaml"], "yaml"),
    "a limit of nothing": (["model.py", "--timeout", "0"], "0"),
}


def test_a_working_directory_that_is_gone(tmp_path: Path) -> None:
    """The command says so, also if the target itself exists."""
    model = write(tmp_path, "model.py", HEADER + BLOCK)
    folder = tmp_path / "gone"
    folder.mkdir()
    script = f"cd {folder} && rmdir {folder} && exec {sys.executable} -m aotlens trace {model}::Block"
    env = os.environ | {"PYTHONPATH": str(ROOT / "server")}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "error: the working directory no longer exists\n"


@pytest.mark.parametrize("name", USAGE)
def test_wrong_usage(name: str, tmp_path: Path) -> None:
    write(tmp_path, "model.py", HEADER + BLOCK)
    write(tmp_path, "folder/notes.txt", "")
    arguments, message = USAGE[name]
    done = run_aotlens("trace", *arguments, cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert_no_internals(done.stderr)


PROJECTS = {
    "[tool.aotlens.examples\n": "at line 1",
    "[tool.aotlens]\nexamples = 3\n": "[tool.aotlens.examples] is not a table",
    "[tool]\naotlens = 'yes'\n": "[tool.aotlens] is not a table",
    "tool = 3\n": "[tool] is not a table",
    "[tool.aotlens.examples]\nBlock = 'Block(4)(x)'\n": 'the key "Block" is not "path/to/file.py::Class"',
    "[tool.aotlens.examples]\n'model.py::Block' = 4\n": "neither a string nor a list of strings",
}


@pytest.mark.parametrize("content", PROJECTS)
def test_a_broken_project_file(content: str, tmp_path: Path) -> None:
    write(tmp_path, "model.py", HEADER + BLOCK)
    project = write(tmp_path, "pyproject.toml", content)
    done = run_aotlens("trace", "model.py", cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"error: {project}: " in done.stderr
    assert PROJECTS[content] in done.stderr
    assert_no_internals(done.stderr)


@pytest.fixture(scope="module")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment without torch."""
    folder = tmp_path_factory.mktemp("environments") / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    return folder


TORCHES = {
    "none": (None, "torch is not installed in this interpreter", "install torch there"),
    "old": (
        "__version__ = '2.9.0'\nclass cuda:\n    is_available = lambda: False\n",
        "torch 2.9.0 is too old",
        "upgrade",
    ),
    "new": (
        "__version__ = '2.99.0'\nset_num_threads = print\nclass cuda:\n    is_available = lambda: False\n",
        "works with torch 2.13 to 2.15, and not with 2.99.0 (",
        "install torch 2.13 to 2.15 there, upgrade aotlens",
    ),
    "broken": ("raise OSError('libtorch.so: no such file')\n", "torch cannot be imported: OSError: libtorch", "try it"),
    "without a version": ("", "torch cannot be imported: AttributeError", "try it there"),
    "exits": ("import sys\nsys.exit('no torch today')\n", "torch cannot be imported: SystemExit", "try it there"),
}


@pytest.mark.parametrize("name", TORCHES)
def test_an_interpreter_whose_torch_will_not_do(name: str, bare_environment: Path, tmp_path: Path) -> None:
    source, message, advice = TORCHES[name]
    write(tmp_path, "model.py", HEADER + BLOCK)
    if source is not None:
        write(tmp_path, "site/torch/__init__.py", source)
    path = f"{tmp_path / 'site'}{':' if sys.platform != 'win32' else ';'}{ROOT / 'server'}"
    done = run_aotlens(
        "trace", "model.py", "--python", str(bare_environment), cwd=tmp_path, timeout=60, PYTHONPATH=path
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert advice in done.stderr
    assert str(bare_environment) in done.stderr
    assert_no_internals(done.stderr)


def test_the_active_environment_is_the_one_that_traces(bare_environment: Path, tmp_path: Path) -> None:
    write(tmp_path, "model.py", HEADER + BLOCK)
    done = run_aotlens("trace", "model.py", cwd=tmp_path, timeout=60, VIRTUAL_ENV=str(bare_environment))
    assert done.returncode == 2
    assert "the active virtual environment (VIRTUAL_ENV)" in done.stderr


STUBS = {
    "says nothing": ("exit 0", "did not start as a tracer: not a Python interpreter, or it exited without output"),
    "fails": ("echo 'cannot open display' >&2; exit 3", "did not start as a tracer: cannot open display"),
    "talks": ("while echo hello; do :; done", "did not start as a tracer"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
@pytest.mark.parametrize("name", STUBS)
def test_an_interpreter_that_is_none(name: str, tmp_path: Path) -> None:
    script, message = STUBS[name]
    write(tmp_path, "model.py", HEADER + BLOCK)
    stub = write(tmp_path, "python-stub", f"#!/bin/sh\n{script}\n")
    stub.chmod(0o755)
    done = run_aotlens("trace", "model.py", "--python", str(stub), cwd=tmp_path, timeout=60)
    assert done.returncode == 2
    assert message in done.stderr
    assert "--python PYTHON" in done.stderr
    assert_no_internals(done.stdout, done.stderr)


@pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")
def test_an_interpreter_that_greets_before_it_works(tmp_path: Path) -> None:
    write(tmp_path, "model.py", HEADER + BLOCK)
    stub = write(tmp_path, "python-stub", f"#!/bin/sh\necho welcome\necho '{{'\nexec '{sys.executable}' \"$@\"\n")
    stub.chmod(0o755)
    done = run_aotlens("trace", "model.py", "--python", str(stub), "-f", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["traces"][0]["status"] == "traced"
