"""The values of a log in the words of a hover: what each is, how that is known, and which model has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aotlens.logs.graphs import LoggedGraph, LoggedOperation, SourceLine
from aotlens.logs.named import Doubt, KnownBy, ValueName
from aotlens.model.log_matching import NoMatch

from .blocks import Code, Line, line, some, strong
from .logged import DOUBTS, graph_in_words, line_in_words, why_no_match

_PROOFS: dict[KnownBy, str] = {
    "descriptor": "The descriptor beside it in the log says it.",
    "signature": "The signature that export prints says it.",
    "source": "The source of Dynamo's input in the log says it.",
    "mangled": "Dynamo's name for it in the log says it.",
    "type": "The type of another input in the log has it as a dimension.",
    "map": "The map of the traced model says it.",
    "node": "Its own name and operation say it.",
}


def graph_and_compile(graph: LoggedGraph) -> Line:
    """`joint graph 0, compile 0/0_1 of rank 0`."""
    compile = graph.compile
    text = line(", compile ", Code(compile.frame)) if compile.frame is not None else ()
    rank = f" of rank {compile.rank}" if compile.rank is not None else ""
    return line(graph_in_words(graph), text, rank)


def value_title(value: ValueName) -> Line:
    """The first words of a hover: **parameter** `up.weight`, **gradient** of `up.weight`."""
    if value.exported is not None:
        compiled = value_title(replace(value, exported=None))
        return line(compiled, " under torch.compile, or ", value_title(value.exported), " in export")
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


def doubts_in_words(doubts: Sequence[Doubt]) -> str:
    """The sentences that say why a name may be wrong, with code in backticks."""
    return " ".join(("Not certain.", *(DOUBTS[doubt] for doubt in doubts)))


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


def other_lines(path: str, files: Sequence[str]) -> str:
    """The sentence that says which files here stand for a path of another machine, with code in backticks."""
    here = " or ".join(f"`{file}`" for file in files)
    return f"`{path}` is not on this machine; its name fits {here}."


def why_no_model(miss: NoMatch) -> str:
    """The sentence that says why a graph of a log is not that of a traced model, with code in backticks."""
    if miss.reason == "no graph":
        return "From this log alone: no model of this workspace is traced."
    return f"From this log alone: no traced model has this graph ({why_no_match(miss)})."


def made_in(place: Line, model: str) -> Line:
    """The place that makes a parameter which a model has by name, though not in this graph."""
    return line("made at ", place, " in ", Code(model))


def models_in_words(names: Sequence[str], same_sizes: bool) -> str:
    """The sentence that names the traced models that have a graph of a log, with code in backticks."""
    listed = ", ".join(f"`{name}`" for name in names[1:])
    sizes = "" if same_sizes else " The sizes in the log are others."
    also = f" The graph is also that of {listed}." if listed else ""
    return f"The traced model `{names[0]}` has this graph.{sizes}{also}"


def type_in_log(type: str) -> Line:
    """The type that a log writes beside a value."""
    return line("in the log ", Code(type))


def link_tooltip(path: str, files: Sequence[str]) -> str:
    """The same about a link, which leads to the first of the files."""
    more = f", the first of {len(files)} files whose paths fit" if len(files) > 1 else ", whose path fits best"
    return f"{path} is not on this machine. This is {files[0]}{more}."


def cut_in_words(read: int) -> str:
    """The sentence that says that only the beginning of a log was read, so many characters."""
    return f"This log is long: only its first {read // 1_000_000} million characters are read in the editor."


def source_line(source: SourceLine) -> Line:
    """`model.py:9`, and the code there if the log has it."""
    code = source.code.strip() if source.code else ""
    return line(Code(line_in_words(source, with_code=False)), "  " if code else "", Code(code) if code else "")
