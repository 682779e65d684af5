"""The vocabulary of names in a log: what each input, output and intermediate value of a logged graph stands for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from aotlens_tracer.wire.places import Span

from .graphs import Log, LoggedGraph, LoggedValue, Mention, SourceLine

Role = Literal[
    "parameter",
    "buffer",
    "attribute",
    "argument",
    "local",
    "size",
    "number",
    "global",
    "closure",
    "constant",
    "token",
    "random state",
    "tangent",
    "result",
    "gradient",
    "new value",
    "saved",
    "intermediate",
    "unknown",
]
"""The kinds of values. The first eight are those of `aotlens_tracer.wire.compiled.SourceRole`, without `other`.

`constant` is a tensor that export lifted. `tangent` is the incoming gradient of a result. `saved` is an output of a
forward graph that it keeps for backward, or the input of a backward graph that takes it. `new value` is that of an
input which is changed in place.
"""

KnownBy = Literal["descriptor", "signature", "source", "mangled", "type", "map", "node"]
"""The proof of a name.

A torch descriptor or export's signature beside the value says it; Dynamo's source expression; a mangled node name
(`L_self_modules_up_parameters_weight_`), where `_` may stand for other characters; the type of another input, for a
size; a map of the traced model; or the node's own name and operation.
"""

Doubt = Literal["mangled", "shortened", "counts differ", "types differ", "nearest graph", "several graphs", "by order"]
"""A reason why a name may be wrong.

* mangled: it was read off a mangled name, and other names mangle to the same.
* shortened: torch cut the mangled name.
* counts differ: the Dynamo graph has another number of inputs than the graph has primals.
* types differ: the types of a Dynamo graph's inputs are not those of the primals.
* nearest graph: the log has no compile id, and the graph was matched with the last Dynamo graph before it.
* several graphs: the name means different things in graphs of this log, and the text does not say which is meant.
* by order: the log has no descriptors; the name rests on AOTAutograd's order of inputs and outputs.
"""


@dataclass(frozen=True)
class ValueName:
    """One value of a logged graph, and its meaning.

    `index` counts the inputs or the outputs of its graph; None for an intermediate value. `name` is the user's name
    (an FQN, `x`, `cfg['a']`); for a tangent or result that of the user's value, and for a gradient, new value or saved
    value that of the input; None if it is not known. `of` is the node in the same graph that it belongs to: the input
    of a gradient or new value, the output of a tangent. `dynamo` is the node of the Dynamo graph that it is.

    `made` is the user's line that computes it; `used` the lines that read it first, each once. `born` is the place
    that created a parameter or buffer, known from a map alone. `gradient` and `tangent` are the indices of the output
    that is the gradient of this input, and of the input that is the tangent of this output. `known_by` and `name` are
    None together, unless the role alone is known. `exported` is the meaning of the value in export's convention, if
    the text proves neither convention, a traced model has the graph in both, and they differ; the other fields are then
    its meaning in torch.compile's.
    """

    value: LoggedValue
    role: Role
    name: str | None = None
    index: int | None = None
    of: str | None = None
    dynamo: str | None = None
    made: SourceLine | None = None
    used: Sequence[SourceLine] = ()
    born: Span | None = None
    gradient: int | None = None
    tangent: int | None = None
    known_by: KnownBy | None = None
    doubts: Sequence[Doubt] = ()
    exported: ValueName | None = None


@dataclass(frozen=True, eq=False)
class GraphNames:
    """The names in one logged graph.

    `inputs` and `outputs` are as many as those of the graph. `intermediates` are its operations. `dynamo` is the graph
    of Dynamo that it was made from; None if the log does not show it. `doubts` are those of the graph as a whole.
    """

    graph: LoggedGraph
    inputs: Sequence[ValueName]
    outputs: Sequence[ValueName]
    intermediates: Mapping[str, ValueName]
    dynamo: LoggedGraph | None = None
    doubts: Sequence[Doubt] = ()

    def of(self, node: str) -> ValueName | None:
        """The value with the name of a node: an input, an intermediate value, or an output; None if there is none."""
        return self._inputs.get(node) or self.intermediates.get(node) or self._outputs.get(node)

    @cached_property
    def _inputs(self) -> Mapping[str, ValueName]:
        return {name.value.node: name for name in self.inputs if name.value.node is not None}

    @cached_property
    def _outputs(self) -> Mapping[str, ValueName]:
        return {name.value.node: name for name in self.outputs if name.value.node is not None}


@dataclass(frozen=True)
class MentionNames:
    """A mention, and the values that it may be: one in each graph that fits, the most probable first."""

    mention: Mention
    found: Sequence[tuple[GraphNames, ValueName]] = ()


@dataclass(frozen=True, eq=False)
class LogNames:
    """The names of a whole log; `graphs` are in the order of `Log.graphs`."""

    log: Log
    graphs: Sequence[GraphNames]
    mentions: Sequence[MentionNames] = ()

    def at(self, line: int) -> GraphNames | None:
        """The names in the graph that a line (from 1) belongs to; None if it belongs to none."""
        graph = self.log.graph_at(line)
        return None if graph is None else self._by_graph[id(graph)]

    @cached_property
    def _by_graph(self) -> Mapping[int, GraphNames]:
        return {id(names.graph): names for names in self.graphs}
