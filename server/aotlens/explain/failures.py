"""Failures in words: what went wrong, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aotlens_tracer.wire import problems as facts
from aotlens_tracer.wire.descriptor_map import Attempt, Failure, Frame

from .advice import advice_in_words
from .brief import listed
from .clashes import clash_in_words
from .exceptions import raised
from .expressions import quoted, quoted_with_lines
from .fence import fence_denied
from .option_faults import wrong_option
from .paths import PathLabel, at_line, line_in_words
from .shortening import first_sentence
from .subclass_faults import broken_protocol

LONGEST_BRIEF = 300
"""Characters of a message in one line."""


def message(failure: Failure) -> str:
    """Return what went wrong, in one or more lines: what does not fit together comes before torch's own text."""
    text = _sentence(failure.problem, failure.stage)
    clash = clash_in_words(failure.operation, failure.path) if failure.operation is not None else None
    return f"{clash}\n{text}" if clash is not None else text


def hint(failure: Failure) -> str | None:
    """Return what can be done about it; None if nothing is known."""
    return None if failure.advice is None else advice_in_words(failure.advice)


def problem(value: facts.Problem) -> str:
    """Return a problem in one or more lines."""
    return _sentence(value, "capture")


def brief(value: facts.Problem, longest: int = LONGEST_BRIEF) -> str:
    """Give a problem in one line of at most `longest` characters. An exception with a cause begins with that cause."""
    if isinstance(value, facts.Raised) and value.cause is not None:
        return first_sentence(f"{_one_sentence(value.cause)} (then {_one_sentence(value)})", longest)
    return first_sentence(problem(value), longest)


def _one_sentence(value: facts.Raised) -> str:
    return first_sentence(raised(value), LONGEST_BRIEF).rstrip(".")


def brief_message(failure: Failure, longest: int = LONGEST_BRIEF) -> str:
    """Return what went wrong in one line of at most `longest` characters."""
    has_clash = failure.operation is not None and clash_in_words(failure.operation, failure.path) is not None
    if has_clash or type(failure.problem) in _FROM_OUTSIDE:
        return first_sentence(message(failure), longest)
    return brief(failure.problem, longest)


def function_of(frame: Frame) -> str:
    """Return the function of a frame, and the number of frames that are left out after it."""
    function = frame.function if frame.function is not None else "the example"
    return f"{function}, and {frame.left_out} more" if frame.left_out else function


def frames_in_lines(failure: Failure, path_label: PathLabel) -> str:
    """Return the calls that led to the failure, the outermost first: where each stands, and its code below that."""
    lines = []
    for frame in failure.frames:
        lines.append(f"{at_line(frame.path, frame.line, path_label)} in {function_of(frame)}")
        if frame.code:
            lines.append(f"    {frame.code.strip()}")
    return "\n".join(lines)


def kind(failure: Failure) -> str:
    """Return the stage that failed, and why if that is no error: `forward`, `capture, timeout`."""
    return failure.stage if failure.reason == "error" else f"{failure.stage}, {failure.reason}"


def reason(attempt: Attempt) -> str:
    """Return in one line why an example was passed over, and how many guesses were made if none of them works."""
    text = brief(attempt.reason)
    if isinstance(attempt.reason, facts.NothingInferred):
        return f"{text.rstrip('.')} ({attempt.reason.tried} {'guess' if attempt.reason.tried == 1 else 'guesses'})"
    return text


# --- problems


def _sentence(value: facts.Problem, stage: str) -> str:
    text: str = _PROBLEMS[type(value)](value)
    if type(value) not in _FROM_OUTSIDE:
        return text
    real = getattr(value, "real", None)
    built = f" (built with real weights: {_real(real)})" if real is not None else ""
    return f"{text}, {_DOING.get(stage, _DOING['capture'])}{built}"


_DOING = {
    "import": "while importing the file",
    "example": "while building the example",
    "capture": "while calling it or capturing its graph",
}


def weights_reason(value: facts.Problem) -> str:
    """Return why weights had to be real."""
    return _real(value)


def _real(value: facts.Problem) -> str:
    if isinstance(value, facts.ReadsData):
        return f"a value is read, which fake tensors lack ({value.operation})"
    if isinstance(value, facts.DataDependentSize):
        return f"values decide a size, which fake tensors lack ({value.operation})"
    return f"fake tensors do not work here ({problem(value)})"


def _raised_with_cause(value: facts.Raised) -> str:
    cause = f"\ncaused by {raised(value.cause)}" if value.cause is not None else ""
    return raised(value) + cause


def _overwritten(value: facts.Overwritten) -> str:
    """`h += x` overwrites a value that the derivative of `h.sigmoid()` on line 13 needs, and torch's own error."""
    first = value.by[0].span
    path = first.path if first is not None else None
    by = quoted(value.by[0]) if len(value.by) == 1 else quoted_with_lines(value.by, path)
    needed = f"the derivative of {quoted_with_lines([value.needed], path)}" if value.needed is not None else "backward"
    verb = "overwrites" if len(value.by) == 1 else "overwrite"
    return f"{by} {verb} a value that {needed} needs\n{problem(value.problem)}"


def _recomputed(value: facts.RecomputedOtherwise) -> str:
    """`checkpoint(…)` does not compute again what it has saved: what differs, and torch's error."""
    differs = ""
    if value.counts is not None:
        differs = f": {value.counts[0]} tensors in forward, {value.counts[1]} when it is computed again"
    elif value.tensor is not None:
        other = value.tensor
        differs = f": position {other.position}: {other.saved} saved, {other.again} recomputed"
    because = f" ({', '.join(map(_other_state, value.states))})" if value.states else ""
    first = f"{quoted(value.call)} does not compute again what it has saved{differs}{because}"
    return f"{first}\n{problem(value.problem)}"


def _other_state(state: facts.OtherState) -> str:
    name = f"self.{state.name}" if all(part.isidentifier() for part in state.name.split(".")) else state.name
    verb, items = ("has", " items") if state.is_length else ("is", "")
    return f"`{name}` {verb} {state.first}{items} first, then {state.again}"


def _not_captured(value: facts.NotCaptured) -> str:
    return f"Dynamo: {refusal(value.dynamo, value.by)}\nAOTAutograd without Dynamo: {brief(value.direct)}"


_READS = {
    "aten._local_scalar_dense": "a branch, .item(), int() or bool() depends on data here",
    "aten.equal": "torch.equal compares data here",
}
_SIZED_BY_DATA = {
    "aten.nonzero": "nonzero() or a mask as an index depends on data here",
    "aten.masked_select": "masked_select() depends on data here",
    "aten._unique": "unique() depends on data here",
    "aten.unique": "unique() depends on data here",
    "aten.repeat_interleave": "repeat_interleave() with a tensor depends on data here",
    "aten.bincount": "bincount() depends on data here",
    "aten._pack_padded_sequence": "pack_padded_sequence() depends on the lengths here",
}
"""The beginnings of torch's names of operators, each with the user's code that calls it."""


def _reader(operation: str, known: dict[str, str]) -> str:
    text = next((text for name, text in known.items() if operation.startswith(name)), None)
    return f": {text}" if text is not None else ""


def _derivative_needs_data(value: facts.DerivativeNeedsData) -> str:
    name = f" ({value.derivative})" if value.derivative else ""
    return (
        f"the derivative of this operation{name} depends on the values of a tensor ({value.operation}), but tracing "
        "knows shapes only"
    )


def refusal(text: str, by: facts.GivenUpBy) -> str:
    """Return why Dynamo does not capture the whole call: `text` is torch's own."""
    if by == "aotautograd":
        return f"AOTAutograd refuses the graph that Dynamo made ({text})"
    return f"internal error ({text})" if by == "internal" else text or "Dynamo stopped"


def _predicate(value: facts.SideEffect | facts.TookTooLong) -> str:
    """Return what an example does that ends it, without the subject: `takes more than 10 s`."""
    if isinstance(value, facts.TookTooLong):
        return "takes too long" if value.seconds is None else f"takes more than {value.seconds:g} s"
    if value.path is not None:
        return f"was stopped, because it writes {value.path}"
    return f"was stopped, because it has a side effect ({value.event})"


def _not_reached(value: facts.NotReached) -> str:
    call = f"the call of {value.root}" if value.root is not None else "the call"
    if value.cause is None:
        return f"{call} does not reach it"
    return f"{call} fails before it is reached: {brief(value.cause)}"


def _with_code(text: str, code: str | None) -> str:
    return f"{text}: {code}" if code else text


def _nothing_inferred(value: facts.NothingInferred) -> str:
    """Return the end of the nearest guess. How many were tried is no help here: `--explain` lists them."""
    what = f"needs `{value.missing}`, no example found" if value.missing else "no example found"
    return f"{what}: the nearest guess {_ending(value.nearest)}"


def _no_value_found(value: facts.NoValueFound) -> str:
    names = listed([f"`{name}`" for name in value.arguments])
    nearest = f": the likeliest {_ending(value.first)}" if value.first is not None else ""
    return f"no value of {names} was found with which the call runs{nearest}"


def _ending(value: facts.Problem) -> str:
    """Return how an example ends, as a predicate: `fails with TypeError: no`, `takes more than 10 s`."""
    if isinstance(value, (facts.SideEffect, facts.TookTooLong)):
        return _predicate(value)
    return f"fails{' with' if isinstance(value, facts.Raised) else ':'} {brief(value)}"


def _process_ended(value: facts.ProcessEnded) -> str:
    if value.by_os_exit:
        return f"the code ended its process with os._exit({value.status})"
    if value.signal is not None:
        named = value.signal if value.signal.startswith("SIG") else f"signal {value.signal}"
        return f"the process was ended by {named}" + _SIGNALS.get(named, "")
    return f"the process ended without an answer, with exit status {value.status}"


_SIGNALS = {
    "SIGSEGV": " (a crash in native code)",
    "SIGBUS": " (a crash in native code)",
    "SIGABRT": " (native code gave up: a failed check, or an uncaught exception)",
    "SIGKILL": " (by the system when memory ran out, or by somebody else)",
}

_PROBLEMS: dict[type, Callable[[Any], str]] = {
    facts.Raised: _raised_with_cause,
    facts.ReadsData: lambda value: (
        f"the value of a tensor is needed to go on ({value.operation}), but tracing knows shapes only"
        + _reader(value.operation, _READS)
    ),
    facts.DataDependentSize: lambda value: (
        f"the values of a tensor decide the size of a result ({value.operation}), but tracing knows shapes only"
        + _reader(value.operation, _SIZED_BY_DATA)
    ),
    facts.CalledExit: lambda value: f"the code called sys.exit({value.code or ''})",
    facts.Interrupted: lambda value: "the code raised KeyboardInterrupt",
    facts.NoMemory: lambda value: f"MemoryError: {value.text or 'the system gave no more memory'}",
    facts.SideEffect: lambda value: f"it {_predicate(value)}",
    facts.TookTooLong: lambda value: f"it {_predicate(value)}",
    facts.FenceDenied: fence_denied,
    facts.BackwardFails: lambda value: f"the backward pass fails: {problem(value.problem)}",
    facts.DerivativeNeedsData: _derivative_needs_data,
    facts.Overwritten: _overwritten,
    facts.RecomputedOtherwise: _recomputed,
    facts.BrokenProtocol: broken_protocol,
    facts.NoFakeImplementation: lambda value: (
        f"the operator {value.operator} has no implementation for fake tensors, so that the call cannot be captured"
    ),
    facts.NotCaptured: _not_captured,
    facts.NothingCompiled: lambda value: "torch.compile makes no graph of this call: all of it runs in eager",
    facts.ReadsDataInTraining: lambda value: (
        f"reads values in training, and is traced in evaluation: {brief(value.problem)}"
    ),
    facts.NotReached: _not_reached,
    facts.NoOwnExample: lambda value: f"{value.root} has no example of its own",
    facts.NoSuchTarget: lambda value: f"there is no {value.qualname} in this file",
    facts.GoneAfterImport: lambda value: f"{value.qualname} does not exist once the file is imported",
    facts.NotAModule: lambda value: f"{value.qualname} is a class, but not an nn.Module",
    facts.NotCallable: lambda value: f"{value.qualname} is neither a class nor a function, but of type {value.type}",
    facts.NoExample: lambda value: f"no example says how to build and call {value.qualname}",
    facts.NoExampleWorks: lambda value: f"none of the examples found for {value.qualname} works: {brief(value.last)}",
    facts.NotAnExpression: lambda value: _with_code(
        f"the example is not a Python expression ({value.error})", value.code
    ),
    facts.EmptyExample: lambda value: "the example is empty",
    facts.NotACall: lambda value: _with_code("the example is not a call", value.code),
    facts.OnlyBuilds: lambda value: _with_code(
        f"the example only builds {value.built} and does not call it", value.code
    ),
    facts.CalleeNotCallable: lambda value: (
        f"the example calls {value.expression}, which is not callable: it is of type {value.type}"
    ),
    facts.StatementNotPython: lambda value: (
        f"{line_in_words(value.path, value.line)}, which the example depends on, is not Python: {value.error}"
    ),
    facts.WrongOption: wrong_option,
    facts.MarkedUnbacked: lambda value: "a size is marked by mark_unbacked, which torch loses on fake tensors",
    facts.CallsMissingPackage: lambda value: f"{value.name} is called, but {value.package} is not installed",
    facts.CallsNoModule: lambda value: f"the example calls a {value.type}, not a module: {value.expression}",
    facts.BuildsAnother: lambda value: (
        f"the example is one of {value.built}, in which there is no {value.qualname}: {value.expression}"
    ),
    facts.NoForward: lambda value: f"{value.qualname} defines no forward",
    facts.SearchEnded: lambda value: f"no example found for {value.qualname} in time",
    facts.NothingInferred: _nothing_inferred,
    facts.NoValueFound: _no_value_found,
    facts.TimeLimit: lambda value: f"still running after the time limit of {value.seconds:g} s",
    facts.MemoryLimit: lambda value: (
        f"more {'in temporary files and shared memory' if value.in_files else 'memory in use'} than the limit of "
        f"{value.bytes / (1 << 30):.3g} GiB"
    ),
    facts.ManyProcesses: lambda value: (
        f"more than {value.most} {'threads' if value.in_threads else 'processes'} at the same time"
    ),
    facts.ProcessEnded: _process_ended,
    facts.Bug: lambda value: f"aotlens itself failed ({value.error})",
    facts.ContainsItself: lambda value: (
        f"the call {'returns' if value.is_result else 'is given'} a value that contains itself, and torch goes through "
        f"it without end: `{value.inner}` is `{value.outer}`"
    ),
    facts.RemovedItself: lambda value: (
        f"{value.module} took itself out of sys.modules while it was imported, and then Python's import fails with "
        f"KeyError: '{value.module}'"
    ),
    facts.Stated: lambda value: str(value.text),
}

_FROM_OUTSIDE = (facts.TimeLimit, facts.MemoryLimit, facts.ManyProcesses, facts.ProcessEnded, facts.Bug)
"""The problems that come from outside the code: their sentence says what it was doing."""
