"""Failures in words: every problem and every advice has a sentence, and causes are shown."""

from __future__ import annotations

import ast
import typing
from pathlib import Path

import pytest

import aotlens_tracer
from aotlens.explain import advice, failures
from aotlens_tracer.failures import shortened
from aotlens_tracer.wire.advice import Advice, Known
from aotlens_tracer.wire.descriptor_map import Attempt
from aotlens_tracer.wire.failures import Failure, stated
from aotlens_tracer.wire.json_codec import from_json, to_json
from aotlens_tracer.wire.places import Expression, Frame, Span
from aotlens_tracer.wire.problems import (
    BackwardFails,
    CalleeNotCallable,
    CallsMissingPackage,
    FenceDenied,
    NoOwnExample,
    NotCaptured,
    NothingInferred,
    NoValueFound,
    OtherState,
    Overwritten,
    Problem,
    ProcessEnded,
    Raised,
    ReadsData,
    RecomputedOtherwise,
    SideEffect,
    StatementNotPython,
    TimeLimit,
    TookTooLong,
)

LAZY = Raised(
    "ModuleNotFoundError",
    "Could not import module 'LlamaConfig'. Are its requirements defined?",
    Raised("RuntimeError", "operator torchvision::nms does not exist"),
)


def test_every_problem_and_every_advice_has_words() -> None:
    assert set(failures._PROBLEMS) == set(typing.get_args(Problem))
    assert set(advice._ADVICE) == set(typing.get_args(Advice))


def test_every_code_that_the_tracer_uses_has_words() -> None:
    package = Path(aotlens_tracer.__file__).parent
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in package.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    known = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Known"]
    codes = {node.value for one in known for node in ast.walk(one) if isinstance(node, ast.Constant)}
    codes = {code for code in codes if isinstance(code, str)} - {"timeout"}
    assert codes and codes <= set(advice._KNOWN)


def test_a_cause_is_shown_with_what_wraps_it() -> None:
    assert failures.problem(LAZY) == (
        "ModuleNotFoundError: Could not import module 'LlamaConfig'. Are its requirements defined?\n"
        "caused by RuntimeError: operator torchvision::nms does not exist"
    )
    assert failures.brief(LAZY).startswith(
        "RuntimeError: operator torchvision::nms does not exist (then ModuleNotFound"
    )


def test_one_line_ends_with_a_sentence() -> None:
    raised = Raised(
        "RuntimeError", 'Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: "bias".\n'
    )
    assert failures.brief(raised) == (
        'RuntimeError: Error(s) in loading state_dict for Net: Missing key(s) in state_dict: "bias".'
    )
    wrapped = Raised("ValueError", "all tensors have to be on one device,\nbut two were found.\nMore about it.")
    assert failures.brief(wrapped) == "ValueError: all tensors have to be on one device, but two were found."


def at(text: str, line: int) -> Expression:
    return Expression(text, Span("model.py", line, 9))


RAISED = Raised("RuntimeError", "no")


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (Raised("ValueError", ""), "ValueError"),
        (Raised("Unsupported", "no such thing\n\nSet TORCHDYNAMO_VERBOSE=1 for more"), "Unsupported: no such thing"),
        (BackwardFails(Raised("RuntimeError", "no")), "the backward pass fails: RuntimeError: no"),
        (
            BackwardFails(Overwritten(RAISED, at("y * y", 8), (at("y.add_(1)", 9),))),
            "the backward pass fails: `y.add_(1)` overwrites a value that the derivative of `y * y` on line 8 needs\n"
            "RuntimeError: no",
        ),
        (
            Overwritten(RAISED, None, (at("y.add_(1)", 9), at("y[0] = 1", 10))),
            "`y.add_(1)` on line 9 and `y[0] = 1` on line 10 overwrite a value that backward needs\nRuntimeError: no",
        ),
        (
            RecomputedOtherwise(
                RAISED,
                at("checkpoint(f, x)", 8),
                (5, 2),
                None,
                (OtherState("a.0.n", "0", "1"), OtherState("k", "3", "4", True)),
            ),
            "`checkpoint(f, x)` does not compute again what it has saved: 5 tensors in forward, 2 when it is "
            "computed again (`a.0.n` is 0 first, then 1, `self.k` has 3 items first, then 4)\nRuntimeError: no",
        ),
        (
            RecomputedOtherwise(RAISED, at("checkpoint(f, x)", 8)),
            "`checkpoint(f, x)` does not compute again what it has saved\nRuntimeError: no",
        ),
        (
            NotCaptured("a reason", Raised("TypeError", "another")),
            "Dynamo: a reason\nAOTAutograd without Dynamo: TypeError: another",
        ),
        (
            NothingInferred(3, Raised("TypeError", "no"), "mask"),
            "needs `mask`, no example found: the nearest guess fails with TypeError: no",
        ),
        (
            NothingInferred(1, TookTooLong(10.0)),
            "no example found: the nearest guess takes more than 10 s",
        ),
        (
            NothingInferred(2, SideEffect(event="socket.connect")),
            "no example found: the nearest guess was stopped, because it has a side effect (socket.connect)",
        ),
        (
            NothingInferred(2, NoOwnExample("Net")),
            "no example found: the nearest guess fails: Net has no example of its own",
        ),
        (
            NoValueFound(("labels",), Raised("TypeError", "no")),
            "no value of `labels` was found with which the call runs: the likeliest fails with TypeError: no",
        ),
        (NoValueFound(("a", "b")), "no value of `a` and `b` was found with which the call runs"),
        (SideEffect(path="x.txt"), "it was stopped, because it writes x.txt"),
        (
            FenceDenied("PermissionError: no", "/data/x.txt"),
            "the fence around traces denies to change /data/x.txt; aotlens.fence.writable (--writable /data) allows it."
            "\nPermissionError: no",
        ),
        (
            FenceDenied("OSError: no", is_found=True, is_certain=False),
            "the fence around traces probably denies this; this code was found, not given: an example of your own may "
            "be allowed to do it.\nOSError: no",
        ),
        (
            FenceDenied("RuntimeError: cannot be opened", may_write=True, is_certain=False),
            "the fence around traces probably denies this; aotlens.fence.writable (--writable FOLDER) or "
            "aotlens.fence.enable (--no-fence) allows it.\nRuntimeError: cannot be opened",
        ),
        (
            FenceDenied("PermissionError: kill", is_certain=False),
            "the fence around traces probably denies this; aotlens.fence.enable (--no-fence) allows it.\n"
            "PermissionError: kill",
        ),
        (
            CalleeNotCallable("Block.SIZE", "int"),
            "the example calls Block.SIZE, which is not callable: it is of type int",
        ),
        (
            StatementNotPython("invalid syntax", 12),
            "line 12, which the example depends on, is not Python: invalid syntax",
        ),
        (CallsMissingPackage("flash.ops.Fast", "flash"), "flash.ops.Fast is called, but flash is not installed"),
        (TookTooLong(10.0), "it takes more than 10 s"),
    ],
)
def test_problems(problem: Problem, words: str) -> None:
    assert failures.problem(problem) == words


def test_what_ends_a_process_says_what_it_was_doing() -> None:
    ended = Failure("import", "crash", ProcessEnded(signal="SIGSEGV"), advice=Known("runs-at-import"))
    assert failures.message(ended) == (
        "the process was ended by SIGSEGV (a crash in native code), while importing the file"
    )
    slow = Failure("capture", "timeout", TimeLimit(2.0, ReadsData("aten._local_scalar_dense.default")))
    assert failures.message(slow) == (
        "still running after the time limit of 2 s, while calling it or capturing its graph "
        "(built with real weights: a value is read, which fake tensors lack (aten._local_scalar_dense.default))"
    )


def test_a_deep_recursion_says_how_many_frames_it_lacks() -> None:
    frames = [Frame("/m.py", line, "forward", "return self(x)") for line in range(40)]
    shown = shortened(frames)
    assert [frame.line for frame in shown] == [*range(7), *range(34, 40)]
    assert [failures.function_of(frame) for frame in shown[5:8]] == ["forward", "forward, and 27 more", "forward"]
    assert shortened(frames[:13])[6].left_out == 0
    assert failures.function_of(Frame("/m.py", 1, None)) == "the example"


def test_failures_travel() -> None:
    for failure in (
        Failure("import", "error", LAZY, "/m.py", 3, advice=Known("reads-input")),
        Failure("forward", "error", BackwardFails(NotCaptured("x", LAZY))),
        stated("target", "error", "no such interpreter", "/m.py", 1, "choose another"),
    ):
        assert from_json(Failure, to_json(failure)) == failure


def test_the_number_of_guesses_is_listed_with_what_was_tried_and_nowhere_else() -> None:
    nothing = NothingInferred(100, Raised("TypeError", "no"))
    assert failures.reason(Attempt("inferred", nothing)).endswith("fails with TypeError: no (100 guesses)")
    assert "100" not in failures.message(Failure("example", "error", nothing))
