"""The tools: their names, what an agent is told of them, the schemas of their arguments, and what answers a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aotlens.cli.choices import Convention, GraphKind, Mode, Partitioner

from . import project_tools, trace_tools
from .answers import Answer, Place
from .calls import Call

Schema = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool. `answer` blocks. It raises UsageError and Stopped."""

    name: str
    title: str
    description: str
    schema: Schema
    answer: Callable[[Mapping[str, Any], Call, Place], Answer]


def _schema(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _text(description: str) -> Schema:
    return {"type": "string", "minLength": 1, "description": description}


def _flag(description: str) -> Schema:
    return {"type": "boolean", "default": False, "description": description}


def _number(description: str, default: int, least: int = 1) -> Schema:
    return {"type": "integer", "minimum": least, "default": default, "description": description}


def _texts(description: str) -> Schema:
    return {"type": "array", "items": _text("One of them."), "minItems": 1, "description": description}


_TARGET = _text(
    "PATH::Qualname: a class, function or method in a Python file, such as model.py::GPT. PATH alone: every module "
    "class of the file, in brief. A training step is FUNCTION@LOSS, or @loss at module level."
)
_EXAMPLE = _text(
    "One expression that builds the target and calls it, such as `Block(64)(torch.randn(2, 16, 64))`. It is run as "
    "code. Without it, one is found in the project, or guessed."
)
_CONVENTION: Schema = {
    "enum": [each.value for each in Convention],
    "default": Convention.export.value,
    "description": "export: one graph of the whole call, parameters first. compile: the graphs that torch.compile "
    "runs, whose numbering is that of its logs and errors.",
}
_MODE: Schema = {
    "enum": [each.value for each in Mode],
    "description": "The mode to put the module in. Default: as the example leaves it (train).",
}
_PARTITIONER: Schema = {
    "enum": [each.value for each in Partitioner],
    "description": "What chooses the values saved for backward. Default: min-cut, as in torch.compile; eager is "
    "autograd.",
}
_LIMIT = _number("The most rows of each list.", 20)
_FULL = _flag("Everything, with every repeated layer. This may be very long.")
_SHOW_OUTPUT = _flag("Show what the code printed.")
_PATHS = _texts("Files, folders, or FILE::Qualname.") | {"default": ["."]}
_DYNAMIC: Schema = {
    "type": "boolean",
    "description": "With convention compile: torch.compile(dynamic=...). Default: torch decides.",
}
_CLUSTER = {
    "mesh": _text(
        "Trace as one rank of a cluster whose mesh of devices has these dimensions, such as dp=2,tp=4; no other "
        "process runs. Default: what the example or pyproject.toml says."
    ),
    "world_size": {"type": "integer", "minimum": 1, "description": "The same, for a cluster of so many ranks."},
    "rank": {"type": "integer", "minimum": 0, "description": "The rank that is traced. Default: 0."},
}
_COMMON = {
    "target": _TARGET,
    "example": _EXAMPLE,
    "convention": _CONVENTION,
    "dynamic": _DYNAMIC,
    "mode": _MODE,
    **_CLUSTER,
}
_REST = {"limit": _LIMIT, "show_output": _SHOW_OUTPUT}

TOOLS = (
    Tool(
        "map",
        "Inputs and outputs of the graph",
        "What every input and output of the joint graph of a PyTorch module is: parameter, buffer, argument, "
        "tangent, gradient, mutation; where it was made; its node (primals_3, tangents_1); and the findings. Use it "
        "to learn what a node name or a descriptor stands for.",
        _schema(
            ("target",),
            **_COMMON,
            name=_text("Only these inputs and outputs: a name, a node, or a glob such as `blocks.*.gate`."),
            full=_FULL,
            **_REST,
        ),
        trace_tools.map_of,
    ),
    Tool(
        "why_no_gradient",
        "Why is there no gradient",
        "Why parameters or arguments get no gradient, one that is always zero, or one that no optimizer uses: the "
        "reason, and the line that cuts it off. Use it when something is not trained.",
        _schema(
            ("target",),
            **_COMMON,
            name=_text("The gradients of these inputs, whatever they are: a name or a glob such as `blocks.*.gate`."),
            **_REST,
        ),
        trace_tools.why_no_gradient,
    ),
    Tool(
        "saved",
        "Memory saved for backward",
        "Which values are saved for the backward pass, in bytes, by module and by line of source, the largest "
        "first. Use it when activations take too much memory.",
        _schema(
            ("target",),
            **_COMMON,
            partitioner=_PARTITIONER,
            memory_budget={
                "type": "number",
                "minimum": 0,
                "maximum": 1,
                "description": "The share that the min-cut partitioner may save; it recomputes the rest.",
            },
            compare=_flag("The totals of eager, of each partitioner and of other budgets too."),
            full=_FULL,
            **_REST,
        ),
        trace_tools.saved,
    ),
    Tool(
        "graph",
        "The graph as text",
        "The joint, forward or backward graph with the names of inputs and the source line of each operation. Use "
        "it with `node` to see one node, its operation and its uses.",
        _schema(
            ("target",),
            **_COMMON,
            kind={
                "enum": [each.value for each in GraphKind],
                "default": GraphKind.joint.value,
                "description": "Which graph.",
            },
            partitioner=_PARTITIONER,
            node=_text("Only the lines that name this node, such as primals_3 or add_13."),
            first_line=_number("The first line to show.", 1),
            lines=_number("The most lines to show.", 120),
            show_output=_SHOW_OUTPUT,
        ),
        trace_tools.graph,
    ),
    Tool(
        "shapes",
        "Shapes of every line",
        "The code that ran in the call, with the shape or value that each line assigns, takes or returned; also up "
        "to the line that failed. Use it for errors of shapes, and to see which branches ran.",
        _schema(
            ("target",),
            **_COMMON,
            function=_text("Only this function: a qualified name such as `Attention.forward`, or a glob."),
            full=_FULL,
            **_REST,
        ),
        trace_tools.shapes,
    ),
    Tool(
        "check",
        "Findings of a project",
        "Traces every target in files and folders, and lists the findings as a linter does: missing gradients, "
        "graph breaks, recompilations, in-place changes, calls that fail. Use it after an edit. It takes seconds "
        "for each file.",
        _schema(
            paths=_PATHS,
            select=_texts("Only findings with these codes."),
            ignore=_texts("No findings with these codes."),
            show_hints=_flag("Hints too."),
            show_untraced=_flag("List the targets that were not traced, with the reasons, in the text too."),
            convention=_CONVENTION,
            limit=_LIMIT,
        ),
        project_tools.check,
    ),
    Tool(
        "diff",
        "What a change does to the graphs",
        "What edits did to inputs, outputs, gradients, saved bytes and graph breaks of each target: since a git "
        "revision, since the lock (aotlens.lock), or between two files of `aotlens trace --format json`. Use it "
        "with rev=HEAD to see whether a refactoring changed anything.",
        _schema(
            paths=_PATHS,
            rev=_text("A git revision to compare with, such as HEAD. Default: the lock."),
            lock=_text("The lock. Default: aotlens.lock beside pyproject.toml."),
            convention=_CONVENTION,
            limit=_LIMIT,
        ),
        project_tools.diff,
    ),
    Tool(
        "decode",
        "Names in a log of torch",
        "What primals_3, tangents_1, arg0_1 and getitem_7 stand for in a log, traceback or TORCH_TRACE folder of "
        "torch.compile; with the places in the source if `model` is given. Nothing is run without `model`.",
        _schema(
            log=_text("A log file, or a TORCH_TRACE folder."),
            text=_text("The log itself: what TORCH_LOGS writes, a traceback, a printed graph."),
            model=_text("FILE::Class: trace this model, and name the graphs that it has."),
            example=_EXAMPLE,
            limit=_LIMIT,
        ),
        project_tools.decode_log,
    ),
)
