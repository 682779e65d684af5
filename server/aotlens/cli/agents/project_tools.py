"""The tools about whole projects and about logs: `check`, `diff` and `decode`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from aotlens.cli.check.command import CheckOptions, checked_paths
from aotlens.cli.check.json_format import check_json
from aotlens.cli.check.text import print_findings, print_summary
from aotlens.cli.decode import DecodeOptions, decode, log_at, text_source
from aotlens.cli.lock.diff import DiffOptions, compare
from aotlens.cli.lock.diff_output import diff_json, print_differences
from aotlens.cli.options import TraceOptions, UsageError
from aotlens.cli.problems import advice_for
from aotlens.explain.render.paper import Paper
from aotlens.explain.render.terminal import show
from aotlens.project.problems import Misuse
from aotlens.project.tracing import CannotTrace
from aotlens_tracer.wire.descriptor_map import DescriptorMap

from .answers import Answer, Place, Text, cut
from .calls import Call
from .trimmed import CHECKED, DECODED, limited, part

_LINES = 150
_T = TypeVar("_T")


def check(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The findings of files and folders."""
    place.folders.check_targets(arguments["paths"])
    options = CheckOptions(
        select=arguments.get("select"),
        ignore=arguments.get("ignore"),
        show_hints=arguments["show_hints"],
        tracing=place.project_options(arguments),
    )
    checked = _run(lambda: checked_paths(arguments["paths"], options, call, place.texts))
    text = Text(soft_wrap=True)
    print_findings(checked, arguments["show_untraced"], text.console)
    print_summary(checked, arguments["show_untraced"], console=text.console)
    facts = part(check_json(checked), CHECKED)
    limited(facts, "findings", arguments["limit"])
    limited(facts, "untraced", arguments["limit"])
    return Answer(cut(text.lines(), _LINES, "ask for fewer paths, or with `select`"), facts)


def diff(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The differences that a change made to calling conventions."""
    place.folders.check_targets([*arguments["paths"], *([arguments["lock"]] if "lock" in arguments else ())])
    options = DiffOptions(arguments.get("rev"), arguments.get("lock"), tracing=place.project_options(arguments))
    compared = _run(lambda: compare(arguments["paths"], options, call, place.texts))
    text = Text(soft_wrap=True)
    print_differences(compared, text.console)
    facts = diff_json(compared)
    limited(facts, "targets", arguments["limit"])
    return Answer(cut(text.lines(), _LINES, "ask for fewer paths"), facts)


def decode_log(arguments: Mapping[str, Any], call: Call, place: Place) -> Answer:
    """The meanings of the numbers in a log or traceback of torch."""
    if ("log" in arguments) == ("text" in arguments):
        raise UsageError("decode: give either `log`, a file or TORCH_TRACE folder, or `text`, the log itself")
    if "log" in arguments:
        place.folders.check(arguments["log"])
        if os.path.exists(arguments["log"]) and not (
            os.path.isdir(arguments["log"]) or os.path.isfile(arguments["log"])
        ):
            raise UsageError(f"{arguments['log']} is neither a regular file nor a folder")  # a pipe may have no writer
        source = log_at(arguments["log"])
    else:
        source = text_source("text", arguments["text"].encode("utf-8", "replace"))
    if (model := arguments.get("model")) is not None:
        place.folders.check_targets([model])
    options = place.options
    wanted = DecodeOptions(model, arguments.get("example"), python=options.python, timeout=options.timeout)
    decoded = decode(source, wanted, partial(_conventions, call, place))
    facts = part(decoded.as_json(), DECODED)
    for graph in facts.get("graphs", ()):
        limited(graph, "inputs", arguments["limit"])
        limited(graph, "outputs", arguments["limit"])
    limited(facts, "mentions", arguments["limit"])
    text = Text()
    show(decoded.report(full=False), Paper(text.console))
    return Answer(cut(text.lines(), _LINES, "decode a smaller part of the log"), facts, not decoded.has_answer)


def _conventions(call: Call, place: Place, target: str, choices: Sequence[TraceOptions]) -> list[DescriptorMap]:
    if "::" not in target:
        raise UsageError(f"model names a class or function in a file: {target}::Name")
    found: list[DescriptorMap] = []
    for each in choices:
        arguments = {"example": each.example, "convention": each.convention}
        options = place.trace_options(target, arguments, eager=False)
        found += place.tracing.trace(target, options, call, place.texts).maps
    return found


def _run(work: Callable[[], _T]) -> _T:
    """Do the work of a command. Raises UsageError."""
    try:
        return work()
    except Misuse as error:
        raise UsageError(str(error)) from None
    except CannotTrace as error:
        raise UsageError(f"{error}\n{advice_for(error.status.problem, error.status.interpreter)}") from None
