"""The compiles, graphs and values of a log in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from aotlens.logs.graphs import CompileId, LoggedGraph, LoggedOperation, SourceLine
from aotlens.logs.named import Doubt, GraphNames, KnownBy, ValueName
from aotlens.model.log_matching import NoMatch

from .blocks import Code, Line, line, some, strong

_KINDS = {
    "dynamo": "Dynamo graph",
    "joint": "joint graph",
    "forward": "forward graph",
    "backward": "backward graph",
    "inference": "inference graph",
    "after-grad": "graph after Inductor's passes",
    "unknown": "graph",
}
_DOUBTS: dict[Doubt, str] = {
    "mangled": "read off torch's name for it, in which `_` may stand for other characters",
    "shortened": "torch has cut its name for it",
    "counts differ": "the Dynamo graph has another number of inputs",
    "types differ": "the Dynamo graph has other types",
    "nearest graph": "the log has no compile ids, and the last Dynamo graph before this one was taken",
    "several graphs": "graphs of this log differ in it, and the text does not say which is meant",
    "by order": "the log has no descriptors, and AOTAutograd's order was taken",
}
_RESUMED = re.compile(r"torch_dynamo_resume_in_(\w+)_at_(\d+)")
_PROOFS: dict[KnownBy, str] = {
    "descriptor": "The descriptor beside it in the log says it.",
    "signature": "The signature that export prints says it.",
    "source": "The source of Dynamo's input in the log says it.",
    "mangled": "Dynamo's name for it in the log says it.",
    "map": "The map of the traced model says it.",
    "node": "Its own name and operation say it.",
}


def compile_in_words(compile: CompileId) -> str:
    """`compile 0/0_1 of rank 0`; empty if the log says neither."""
    text = f"compile {compile.text}" if compile.text is not None else ""
    rank = f"rank {compile.rank}" if compile.rank is not None else ""
    return " of ".join(part for part in (text, rank) if part)


def function_in_words(function: str, file: str | None, line: int | None) -> str:
    """`forward, model.py:8`; code that Dynamo made for the rest of a function after a break is named after that."""
    resumed = _RESUMED.fullmatch(function)
    name = f"{resumed[1]}, resumed after line {resumed[2]}" if resumed is not None else function
    if file is None or resumed is not None:
        return name
    place = file.replace("\\", "/").rpartition("/")[2]
    return f"{name}, {place}" + (f":{line}" if line is not None else "")


def graph_in_words(graph: LoggedGraph) -> str:
    """`joint graph 0`."""
    number = f" {graph.number}" if graph.number is not None else ""
    return _KINDS[graph.kind] + number


def graph_and_compile(graph: LoggedGraph) -> Line:
    """`joint graph 0, compile 0/0_1 of rank 0`."""
    compile = graph.compile
    text = line(", compile ", Code(compile.text)) if compile.text is not None else ()
    rank = f" of rank {compile.rank}" if compile.rank is not None else ""
    return line(graph_in_words(graph), text, rank)


def value_title(value: ValueName) -> Line:
    """The first words of a hover: **parameter** `up.weight`, **gradient** of `up.weight`."""
    name = line(Code(value.name)) if value.name is not None else ()
    match value.role:
        case "tangent":
            of = name or (line("output ", Code(value.of)) if value.of is not None else ())
            return line(strong("tangent"), ", the incoming gradient of " if of else "", of)
        case "gradient" | "new value":
            return line(strong(value.role), " of " if name else "", name)
        case "saved":
            return line(strong("saved for backward"), " " if name else "", name)
        case "intermediate":
            return line(strong("value"), " " if name else "", name)
        case "unknown":
            return line(strong("not known"))
    return line(strong(value.role), " " if name else "", name)


def value_in_brief(value: ValueName) -> str | None:
    """A value as a comment beside it says it: `x (argument)`, `gradient of up.weight`; None if nothing is known."""
    perhaps = "perhaps " if value.doubts else ""
    if value.role in ("unknown", "intermediate"):
        return None
    if value.name is None and value.role == "tangent" and value.of is not None:
        return f"{perhaps}incoming gradient of output {value.of}"
    if value.name is None:
        return "saved for backward" if value.role == "saved" else None
    if value.role in ("tangent", "gradient", "new value"):
        noun = {"tangent": "incoming gradient", "new value": "new value"}.get(value.role, "gradient")
        return f"{perhaps}{noun} of {value.name}"
    role = {"saved": "saved for backward"}.get(value.role, value.role)
    return f"{perhaps}{value.name} ({role})"


def name_in_brief(value: ValueName) -> str | None:
    """The same without its role, if it is the user's own thing: `x`."""
    if value.name is None or value.role in ("tangent", "gradient", "new value"):
        return value_in_brief(value)
    return f"perhaps {value.name}" if value.doubts else value.name


def doubts_in_words(doubts: Sequence[Doubt]) -> str:
    """The sentence that says why a name may be wrong, with code in backticks."""
    return f"Not certain: {'; '.join(_DOUBTS[doubt] for doubt in doubts)}."


def known_in_words(value: ValueName) -> str | None:
    """The sentence that says where a name comes from, with code in backticks; None if nothing is known."""
    return _PROOFS[value.known_by] if value.known_by is not None else None


def operation_in_words(operation: LoggedOperation, names: Mapping[str, str]) -> Line:
    """The function that computes a value, and what it reads; `names` has the user's names of nodes."""
    read = [line(Code(node), f" ({names[node]})" if node in names else "") for node in dict.fromkeys(operation.reads)]
    return line("by ", Code(operation.target), " from " if read else "", some(read))


def name_in_graphs(name: str, count: int) -> Line:
    """The first words of a hover over a name that several graphs of a log have."""
    return line(strong(Code(name)), f" in {count} graphs of this log")


def why_unnamed(graph: GraphNames) -> str:
    """The sentence that says why a value of a graph has no name, and how to log more, with code in backticks."""
    if graph.graph.kind == "dynamo" or graph.dynamo is not None:
        return "The log does not say where Dynamo took it from."
    return (
        "This log does not show the Dynamo graph of this compile, which has the names. "
        "`TORCH_LOGS=graph_code,aot_graphs` logs both."
    )


def other_lines(path: str, files: Sequence[str]) -> str:
    """The sentence that says which files here stand for a path of another machine, with code in backticks."""
    here = " or ".join(f"`{file}`" for file in files)
    return f"`{path}` is not on this machine; its name fits {here}."


def why_no_model(miss: NoMatch) -> str:
    """The sentence that says why a graph of a log is not that of a traced model, with code in backticks."""
    match miss.reason:
        case "no graph":
            why = "no model of this workspace is traced"
        case "convention":
            numbered = "torch.compile" if miss.logged.convention == "compile" else "export"
            why = f"{numbered} numbers its inputs, and no traced map has that convention"
        case "code":
            why = "a traced model has the same inputs, and other operations"
        case _:
            value = miss.value.node if miss.value is not None else None
            label = miss.slot.label if miss.slot is not None else None
            differs = f"; in the nearest, `{value}` would be `{label}`" if value and label else ""
            why = f"no traced model has these inputs{differs}"
    return f"From this log alone: {why}."


def models_in_words(names: Sequence[str], same_sizes: bool) -> str:
    """The sentence that names the traced models that have a graph of a log, with code in backticks."""
    listed = ", ".join(f"`{name}`" for name in names[1:])
    sizes = "" if same_sizes else " The sizes in the log are others."
    also = f" The graph is also that of {listed}." if listed else ""
    return f"The traced model `{names[0]}` has this graph.{sizes}{also}"


def link_tooltip(path: str, files: Sequence[str]) -> str:
    """The same about a link, which leads to the first of the files."""
    more = f", the first of {len(files)} files whose paths fit" if len(files) > 1 else ", whose path fits best"
    return f"{path} is not on this machine. This is {files[0]}{more}."


def cut_in_words(read: int) -> str:
    """The sentence that says that only the beginning of a log was read, so many characters."""
    return f"This log is long: only its first {read // 1_000_000} million characters are read in the editor."


def source_line(source: SourceLine) -> Line:
    """`model.py:9`, and the code there if the log has it."""
    place = Code(f"{PurePath(source.path.replace(chr(92), '/')).name}:{source.line}")
    return line(place, "  " if source.code else "", Code(source.code) if source.code else "")
