"""The operations of a graph, their call chains, and the bodies that higher-order operations run.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .json_codec import Row
from .places import Span


@dataclass(frozen=True)
class StackFrame(Row):
    """One frame of the call chain of an operation. Frames of torch and of the standard library are left out.

    `caller` is the index in `Graph.frames` of the frame that called this one, None for the outermost. `package` is the
    folder of the installed package that the frame is in, None for the user's own code.
    """

    span: Span
    caller: int | None
    package: str | None


@dataclass(frozen=True)
class Operation(Row):
    """A node of the graph that is neither an input nor the output.

    `op` is the operator that it calls (`aten.mm.default`), `arguments` the text of its arguments, in which nodes have
    their names, and `operands` those nodes. `backward` says that it belongs to the backward part of the joint graph.
    `dtype` and `shape` are None if the result is not one tensor.

    `frame` is the index in `Graph.frames` of the innermost frame of its call chain, and `module` the name of the
    innermost module that called it (empty for the root). They are None if torch does not report them, as in a direct
    capture.

    `forward` is the forward operation whose derivative a backward operation computes; None for a forward operation, and
    for the sum of the gradients of a value that is used twice. `is_view` says that the operation computes nothing: its
    result shares the memory of an operand. `is_custom` says that it stands in the `backward` of a custom function.
    """

    name: str
    op: str
    arguments: str
    operands: tuple[str, ...]
    backward: bool
    dtype: str | None
    shape: tuple[int | str, ...] | None
    frame: int | None = None
    module: str | None = None
    forward: str | None = None
    is_view: bool = False
    is_repeated: bool = False
    annotations: dict[str, Any] = field(default_factory=dict, hash=False)
    is_custom: bool = False


@dataclass(frozen=True)
class BodyInput(Row):
    """An input of a body. `dtype` and `shape` are None if it is not a tensor.

    `passed` says how a call's operand becomes this input: `value` (it is the operand), `element` (one slice of the
    operand at a time), `carry` (the operand in the first step, then a result of the step before), `made` (the operation
    makes it; `name` is torch's name for it, such as `q_idx`) or `unknown`.
    """

    node: str
    dtype: str | None
    shape: tuple[int | str, ...] | None
    passed: str
    name: str | None = None


@dataclass(frozen=True)
class BodyCall(Row):
    """An operation that runs a body.

    `operation` is its node in the graph, or in the body that this one lies in. `role` is the body's part in it: `true`
    and `false` (the branches of `cond`), `condition` and `loop` (of `while_loop`), `step` (of `scan`), `function` (of
    `map`), `combine` (of `associative_scan`), `region` (of `invoke_subgraph`), `score-mod`, `score-mod-derivative` and
    `mask-mod` (of `flex_attention`), or `body` (of any other operation). `operands` has the node that is passed for
    each input of the body; None for no node.
    """

    operation: str
    role: str
    operands: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Body:
    """A graph that a higher-order operation runs, such as a branch of `cond`.

    `name` is the path of torch's submodule: `true_graph_0`, or `true_graph_0.false_graph_1` for a body in a body. Names
    of nodes are those of the body alone. `calls` are the operations that run it. `results` are the nodes that it
    returns, None for a result that is none; where its calls return a tuple, they are in the order of its items.
    `backward` says that it runs in the backward pass only; all of its operations are backward then.
    """

    name: str
    calls: tuple[BodyCall, ...]
    inputs: tuple[BodyInput, ...]
    operations: tuple[Operation, ...]
    results: tuple[str | None, ...]
    backward: bool = False
