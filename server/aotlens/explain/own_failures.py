"""The failures that are found outside of the tracer, by the command line: their facts, with their words."""

from __future__ import annotations

from aotlens.text.notebooks import is_notebook
from aotlens_tracer.wire.advice import Known
from aotlens_tracer.wire.failures import Failure, stated
from aotlens_tracer.wire.problems import Stated


def unreadable(path: str, line: int | None, reason: str) -> Failure:
    """The failure of a file that cannot be decoded, or of a notebook. `line` is that of the first bad byte, from 1."""
    advice = None if is_notebook(path) else Known("save-as-utf8")
    return Failure("syntax", "error", Stated(reason), path, line, advice=advice)


def nothing_to_trace(path: str, file: str, local_class: tuple[int, str] | None) -> Failure:
    """The failure of a file without a target. `file` is its name.

    `local_class` is a class inside a function: its line (from 1) and its qualified name; None if there is none.
    """
    hint = "name a function as in model.py::function, with --example or a pinned example"
    if local_class is not None:
        line, qualname = local_class
        hint = f"line {line} defines a class inside a function: name it, as in {file}::{qualname}"
    return stated("target", "error", "the file defines no nn.Module class", path, hint=hint)


def unreadable_answer(path: str) -> Failure:
    """The failure of a target whose answer is no map. User code can write answers, too."""
    hint = "the code writes into the pipe on which its process answers"
    return stated("capture", "crash", "the process sent an answer that cannot be read", path, hint=hint)


def tracer_ended(path: str, error: str) -> Failure:
    """The failure of a target during whose trace the tracer itself ended. Other targets are not affected."""
    hint = "does the code end processes other than its own, or did memory run out? --verbose shows the tracer's log"
    return stated("capture", "crash", error, path, hint=hint)


def without_tracer(why: str | None) -> str:
    """No process could trace a file; `why` is the tracer's own message, if it has one."""
    return f"nothing of this file was traced: {why or 'the tracer cannot run'}"
