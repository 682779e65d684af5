"""The compiles, graphs and names of a log in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from types import MappingProxyType

from aotlens.logs.calls import LoggedCall
from aotlens.logs.graphs import CompileId, LoggedGraph, SourceLine
from aotlens.logs.kinds import is_numbered
from aotlens.logs.named import Doubt, GraphNames, ValueName
from aotlens.model.log_matching import NoMatch

GRAPHS: Mapping[str, str] = MappingProxyType(
    {
        "dynamo": "Dynamo graph",
        "joint": "joint graph",
        "forward": "forward graph",
        "backward": "backward graph",
        "inference": "inference graph",
        "before-grad": "graph before AOTAutograd",
        "after-grad": "graph after Inductor's passes",
        "body": "graph of an operation's body",
        "exported": "exported graph",
        "unknown": "graph",
    }
)
"""The kinds of logged graphs as nouns."""

DOUBTS: Mapping[Doubt, str] = MappingProxyType(
    {
        "mangled": "The name is read off torch's name for the input, in which `_` may stand for `.`, `-` or brackets.",
        "shortened": "Torch cut its name for the input.",
        "counts differ": "Dynamo's graph and this one have different numbers of inputs.",
        "types differ": "Dynamo's input has another type.",
        "nearest graph": "The log has no compile ids here: the last Dynamo graph before this one was taken.",
        "several graphs": "Graphs of this log differ in it, and the text does not say which is meant.",
        "by order": "Only the order says it: the log does not have the graph that would prove it.",
    }
)
"""The sentence for each reason why a name may be wrong."""


def compile_in_words(compile: CompileId) -> str:
    """`compile 0/0_1, rank 0`; empty if the log says neither."""
    text = f"compile {compile.frame}" if compile.frame is not None else ""
    rank = f"rank {compile.rank}" if compile.rank is not None else ""
    return ", ".join(part for part in (text, rank) if part)


def graph_in_words(graph: LoggedGraph) -> str:
    """`joint graph 0`, `output code of forward graph 0`."""
    if graph.form == "map":
        return f"the model in {'export' if graph.convention == 'export' else 'torch.compile'}"
    if graph.kind == "unknown" and graph.title is not None:
        return graph.title[:1].lower() + graph.title[1:]
    number = f" {graph.number}" if graph.number is not None else ""
    code = "output code of " if graph.form == "inductor" else ""
    return f"{code}{GRAPHS[graph.kind]}{number}"


def place_in_log(graph: LoggedGraph, is_folder: bool = False) -> str:
    """`lines 47 to 61`; with the name of the file if the log is a folder."""
    file = f" of {graph.compile.process}" if is_folder and graph.compile.process else ""
    if graph.first_line == graph.last_line:
        return f"line {graph.first_line}{file}"
    return f"lines {graph.first_line} to {graph.last_line}{file}"


def line_in_words(source: SourceLine | None, with_code: bool = True) -> str:
    """`model.py:9  h = self.up(x)`; empty for None. Of the path, which is another machine's, the name is shown."""
    if source is None:
        return ""
    name = PurePath(source.path.replace("\\", "/")).name
    code = f"  {source.code.strip()}" if with_code and source.code else ""
    return f"{name}:{source.line}{code}"


def heading(call: LoggedCall) -> str:
    """`compile 0/0_1: forward, model.py:9`, as far as the log says it; empty if it says nothing."""
    return ": ".join(part for part in (compile_in_words(call.compile), code_in_words(call)) if part)


def code_in_words(call: LoggedCall) -> str:
    """`forward, model.py:9`: the function and its first line; empty if the log does not say them."""
    begins = call.begins
    if begins is None:
        return ""
    if (resumed := call.resumes) is not None:
        return f"{resumed[0]} after the graph break in line {resumed[1]}, {line_in_words(begins, False)}"
    return f"{begins.function}, {line_in_words(begins, False)}"


def numbering(graph: LoggedGraph) -> str:
    """The sentence that says whose numbering a graph has; empty if its inputs have no numbers."""
    if not any(is_numbered(value.node) for value in graph.inputs):
        return ""
    if graph.convention == "compile":
        return "The numbers are torch.compile's: in the order in which the code first uses its inputs."
    if graph.convention == "export":
        return "The numbers are export's: parameters, then buffers, then arguments."
    return "The text does not say whether the numbers are torch.compile's or export's."


def why_unnamed(names: GraphNames) -> str:
    """The sentence that says why inputs of a graph have no name, and what to log; empty if there is nothing to log."""
    graph = names.graph
    if not graph.is_whole and not graph.inputs:
        return "The log ends inside this graph."
    if graph.kind in ("exported", "unknown", "dynamo", "before-grad", "body") or names.dynamo is not None:
        return ""
    if graph.convention == "compile":
        return (
            "The log does not show the graph that Dynamo made, which has the names: "
            '`TORCH_LOGS="graph_code,aot_graphs"` logs both, and `aotlens decode --model FILE::Class` takes the names '
            "from your model."
        )
    return (
        "Nothing in the text says what the numbers stand for. Under torch.compile, "
        '`TORCH_LOGS="graph_code,aot_graphs"` logs the names too; for export, '
        "`print_readable(expanded_def=True)` prints them; `aotlens decode --model FILE::Class` takes them from your "
        "model."
    )


def value_in_brief(value: ValueName) -> str:
    """A value as it stands beside its number: `parameter up.weight`; empty if nothing is known.

    `perhaps` stands before what is not certain.
    """
    if value.exported is not None:
        compiled, exported = value_in_brief(replace(value, exported=None, doubts=())), value_in_brief(value.exported)
        return f"{compiled} (torch.compile) or {exported} (export)"
    perhaps = "perhaps " if value.doubts and value.name is not None else ""
    if value.role == "unknown":
        return ""
    if value.role == "tangent":
        return "gradient coming in" + (f" for {_result(value)}" if _result(value) else "")
    if value.role in ("gradient", "new value"):
        return f"{perhaps}{value.role} of {value.name}" if value.name is not None else value.role
    if value.role == "saved":
        return f"saved for backward: {_owner(value, perhaps)}" if _owner(value, "") else "saved for backward"
    if value.role == "intermediate":
        return line_in_words(value.made)
    if value.role == "result":
        return "result" + (f": {line_in_words(value.made)}" if value.made is not None else "")
    return f"{perhaps}{value.role} {value.name}" if value.name is not None else value.role


def _result(value: ValueName) -> str:
    return value.name or line_in_words(value.made) or (f"`{value.of}`" if value.of else "")


def _owner(value: ValueName, perhaps: str) -> str:
    return f"{perhaps}{value.name}" if value.name is not None else line_in_words(value.made)


def doubts_of(values: Sequence[ValueName]) -> list[Doubt]:
    """The reasons why names of some values may be wrong, each once."""
    return list(dict.fromkeys(doubt for value in values for doubt in value.doubts))


def why_no_match(miss: NoMatch) -> str:
    """Why a traced model does not have a graph of a log, as a part of a sentence, with code in backticks."""
    match miss.reason:
        case "no graph":
            return "it could not be traced"
        case "convention":
            return "its graphs number inputs in the other way"
        case "code":
            return "the inputs agree, and the operations do not"
        case "types" if miss.value is not None and miss.slot is not None:
            return f"`{miss.slot.label}`, here `{miss.value.node}`, has another type or rank in its example"
        case "types":
            return "an input has another type or rank in its example"
        case _:
            differs = "the inputs are others"
    if miss.value is not None and miss.slot is not None:
        return f"{differs}; `{miss.value.node}` would be `{miss.slot.label}`"
    return differs
