"""Every reason for which an interpreter cannot trace has words."""

from __future__ import annotations

import typing

import pytest

from aotlens.explain.interpreters import why_unusable
from aotlens.session.tracer.problems import code_of
from aotlens_tracer.wire.interpreters import BrokenTorch, InterpreterProblem, NoTorch, OldPython, OldTorch, OtherTorch
from aotlens_tracer.wire.problems import Raised

WORDS: list[tuple[InterpreterProblem, str]] = [
    (OldPython("3.8.1"), "Python 3.8.1 is too old: aotlens needs 3.10 or newer"),
    (NoTorch(), "torch is not installed in this interpreter"),
    (OldTorch("2.9.0"), "torch 2.9.0 is too old: aotlens needs 2.13 or newer"),
    (
        OtherTorch("2.99.0", Raised("ImportError", "no name x")),
        "aotlens works with torch 2.13 to 2.15, and not with 2.99.0 (ImportError: no name x)",
    ),
    (BrokenTorch(Raised("OSError", "libtorch.so")), "torch cannot be imported: OSError: libtorch.so"),
]


@pytest.mark.parametrize(("problem", "words"), WORDS)
def test_words(problem: InterpreterProblem, words: str) -> None:
    assert why_unusable(problem) == words


def test_each_problem_has_words_and_a_code() -> None:
    kinds = {type(problem) for problem, _ in WORDS}
    assert kinds == set(typing.get_args(InterpreterProblem))
    assert len({code_of(problem) for problem, _ in WORDS}) == len(kinds)
