"""The joint, the forward and the backward graph of a map as text for people, with the positions of its nodes.

    forward:
        blocks.0:  # Block
            norm:  # LayerNorm
                # model.py:21  self.norm(x)
                native_layer_norm = aten.native_layer_norm(x, [16], blocks_0_norm_weight, blocks_0_norm_bias, 1e-05)

Inputs have their names from the user's code, gradients the names of their inputs, and items of a tuple the name of the
tuple; other operations keep torch's names. Modules are blocks, which editors fold. So are the bodies that an operation
runs, such as the branches of `cond`: they stand as functions at the place where torch reads them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from aotlens.model.bodies import bodies_of, saved_results_of
from aotlens.model.containers import CONTAINERS
from aotlens.model.index import index_of
from aotlens.model.saved import saved_once
from aotlens.model.slots import made_at
from aotlens.model.subclasses import shards_at
from aotlens_tracer.wire.bodies import node_in
from aotlens_tracer.wire.descriptor_map import Body, DescriptorMap, Graph, Input, Operation, Output, Saved, Slot, Span

from .annotations import annotations_in_brief
from .blocks import NOTHING
from .bodies import operand_in_brief, role_in_words, saved_results_in_words
from .collectives import node_in_words
from .compiled import heading
from .conventions import numbering, of_graph
from .graph_lines import GraphText, Kind, Writer
from .kernels import kernels_in_words
from .node_names import human_names
from .partitioners import choice_in_brief
from .paths import at_line
from .render.plain import inline
from .shapes import bytes_in_words, slot_in_brief, tensor_in_brief
from .sharding import per_rank, sharded_in_words
from .shortening import clipped
from .sizes import legend_in_words
from .states import folding_in_words
from .whose import ALONE, alone_in_words
from .words import role_of

Code = Callable[[Span], "str | None"]
"""The text under a span; None if it cannot be read."""

_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[A-Za-z_]\w*(?!\w*=)")
_DERIVED = ("grad", "tangent", "mutated", "base")


class NoSuchGraph(Exception):
    """The map has no such graph; the message is the reason."""


def graph_text(map: DescriptorMap, kind: Kind, code: Code = lambda span: None, raw: bool = False) -> GraphText:
    """The graph of a map of one kind; after graph breaks, all graphs of this kind. `raw` keeps torch's names.

    Raises NoSuchGraph.
    """
    if not map.graphs:
        partial = map.status == "partial"
        why = "has no graph yet: it is being traced" if partial else "has no graph: it could not be traced"
        raise NoSuchGraph(f"{map.target.qualname} {why}")
    writer, reasons = Writer(), []
    if map.folded:
        writer.line(f"# provisional: {folding_in_words(map)}, the others are like them; the exact graph follows")
    for number, graph in enumerate(map.graphs):
        writer.number = number
        if number:
            writer.line("")
        try:
            _Graph(writer, map, graph, kind, code, raw).write()
        except NoSuchGraph as error:
            reasons.append(error)
            writer.line(f"# {heading(graph, number)}")
            writer.line(f"# {error}")
    if len(reasons) == len(map.graphs):
        raise reasons[0]
    return writer.done()


class _Graph:
    """Writes one graph."""

    def __init__(self, writer: Writer, map: DescriptorMap, graph: Graph, kind: Kind, code: Code, raw: bool) -> None:
        self._writer = writer
        self._target = map.target.qualname
        self._whose = f" {ALONE}" if alone_in_words(map) is not None else ""
        self._number = writer.number
        self._types = {module.name: module.type for module in map.modules}
        self._graph = graph
        self._kernels = kernels_in_words(index_of(map), graph)
        self._kind = kind
        self._code = code
        self._saved: dict[str | None, Saved] = {value.node: value for value in graph.saved or ()}
        self._operations = self._chosen()
        every = (*graph.operations, *(graph.partition.operations if graph.partition is not None else ()))
        self._bodies = bodies_of(graph, is_partitioned=kind != "joint")
        self._saved_results = saved_results_of(graph)
        self._collectives = {graph.operations[each.operation].name: each for each in graph.collectives}
        self._names = {} if raw else human_names(graph, every, self._bodies)
        self._written: dict[str, str] = {}

    def _chosen(self) -> Sequence[Operation]:
        graph = self._graph
        if self._kind == "joint":
            return graph.operations
        if not graph.joint:
            if self._kind == "forward":
                return graph.operations
            raise NoSuchGraph(f"{self._target} has no backward graph: none of its outputs needs a gradient")
        if graph.partitioner == "eager":
            raise NoSuchGraph(f"in eager {self._target} has no {self._kind} graph: the other partitioners make one")
        if graph.partition is None:
            raise NoSuchGraph(f"{self._target} has no {self._kind} graph: torch's partitioner has not made one")
        both = (*graph.operations, *graph.partition.operations)
        return [both[index] for index in getattr(graph.partition, self._kind)]

    def write(self) -> None:
        """Write title, inputs, operations and outputs."""
        writer, graph = self._writer, self._graph
        choice = choice_in_brief(graph) if self._kind != "joint" and graph.partition is not None else ""
        number = f"{len(self._operations)} operations{self._in_bodies()}"
        title = f"# {self._kind} graph of {self._target}{self._whose}, {numbering(of_graph(graph))}: {number}"
        if self._kind != "backward" and graph.joint and (saved := saved_once(graph)) is not None:
            saves = f"saves {bytes_in_words(saved)}{per_rank([graph])}"
            choice = " ".join(filter(None, (saves, choice_in_brief(graph))))
        writer.line(f"{title}, {choice}" if choice else title)
        if graph.compiled is not None:
            writer.line(f"# {heading(graph, self._number)}")
        for legend in legend_in_words(graph):
            writer.line(f"# {inline(legend)}")
        for remark in self._kernels if self._kind != "backward" else ():
            writer.line(f"# {remark}")
        writer.line("")
        writer.begin("inputs")
        for slot in graph.inputs:
            if self._takes(slot):
                self._value(slot.node, slot, self._about(slot), made_at(slot))
        if self._kind == "backward":
            for value in graph.saved or ():
                if value.node not in {slot.node for slot in graph.inputs}:
                    self._value(
                        value.node,
                        value,
                        f"saved, {bytes_in_words(value.bytes)}: {clipped(value.label)}",
                        value.source,
                    )
        writer.end()
        if self._kind == "joint":
            self._section("forward", [o for o in self._operations if not o.backward])
            self._section("backward", [o for o in self._operations if o.backward])
        else:
            self._section(self._kind, self._operations)
        writer.line("")
        writer.begin("outputs")
        for out in graph.outputs:
            if out.node is not None and self._gives(out):
                self._value(out.node, out, f"{self._noun(out)}{self._sharding(out)}", out.source)
        if self._kind == "forward":
            for value in graph.saved or ():
                self._value(
                    value.node, value, f"saved for {', '.join(map(self._name, value.read_by[:3]))}", value.source
                )
        writer.end()

    def _in_bodies(self) -> str:
        """`, 12 in 2 bodies`: the operations of the bodies that the graph runs."""
        read = [self._bodies.read_by(operation, "") for operation in self._operations]
        shown = {inner.name: inner for body in read if body is not None for inner in self._bodies.below(body)}
        if not shown:
            return ""
        number = sum(len(body.operations) for body in shown.values())
        return f", and {number} in {len(shown)} {'body' if len(shown) == 1 else 'bodies'}"

    def _takes(self, slot: Input) -> bool:
        if self._kind == "joint":
            return True
        if self._kind == "forward":
            return slot.tangent_of is None
        return slot.tangent_of is not None or slot.node in self._saved

    def _gives(self, slot: Output) -> bool:
        return self._kind == "joint" or (slot.gradient_of is not None) is (self._kind == "backward")

    def _about(self, slot: Input) -> str:
        what = self._noun(slot)
        node = f", {slot.node}" if slot.node is not None and self._name(slot.node) != slot.node else ""
        return f"{what}{node}{self._sharding(slot)}"

    def _sharding(self, slot: Slot) -> str:
        """The whole tensor and the placements of a DTensor whose local tensor a slot is; empty for other slots."""
        shards = shards_at(slot, self._graph)
        return f"; {sharded_in_words(shards)}" if shards is not None else ""

    def _noun(self, slot: Slot) -> str:
        """`parameter head.weight`; for a derived slot the label alone, `grad(head.weight)`."""
        what = role_of(slot)
        return slot.label if slot.label.partition("(")[0] in _DERIVED else f"{what} {slot.label}"

    def _name(self, node: str) -> str:
        return self._names.get(node, node.rpartition(".")[2])

    def _value(self, node: str | None, value: Slot | Saved, about: str, source: Span | None) -> None:
        if node is not None:
            self._writer.defined(
                node, [(self._name(node), node), (f"{self._type(value)}  # {' '.join(about.split())}", None)], source
            )

    def _type(self, value: Slot | Saved) -> str:
        """`: f32[batch, 8]`, and `: batch = 6` for a size; empty if the type is not known."""
        if isinstance(value, Slot):
            brief = slot_in_brief(value, self._graph)
        else:
            brief = tensor_in_brief(value.dtype, value.shape)
        return f": {brief}" if brief != NOTHING else ""

    def _section(self, title: str, operations: Sequence[Operation]) -> None:
        """Write operations below a title."""
        self._writer.line("")
        self._writer.begin(title)
        self._run(operations, "", [])
        self._writer.end()

    def _run(self, operations: Sequence[Operation], scope: str, outside: list[str]) -> None:
        """Write operations in blocks by module, each run of them below the source line that runs it.

        They are those of the body `scope`, if that is not empty. The blocks of the modules `outside` are open already.
        """
        around: list[str] = []
        comment: tuple[int | None, str] = (None, "")
        module: str | None = None
        for operation in operations:
            if operation.module is not None and operation.module != module:
                # A sum of gradients belongs to no module: it stays in the block that is open.
                module = operation.module
                modules = [name for name in self._called(module) if name not in outside]
                around, moved = self._enter(around, modules)
                comment = (None, "") if moved else comment
            above = (operation.frame, annotations_in_brief(operation.annotations))
            if above != comment:
                comment = above
                self._source(*comment)
            body = self._bodies.read_by(operation, scope)
            if body is None or body.name in self._written:
                self._operation(operation, scope)
            else:
                self._body(body, node_in(scope, operation.name), self._span(operation), [*outside, *around])
        for _ in around:
            self._writer.end()

    def _span(self, operation: Operation) -> Span | None:
        return self._graph.frames[operation.frame].span if operation.frame is not None else None

    def _body(self, body: Body, node: str, source: Span | None, modules: list[str]) -> None:
        """Write a body as a function; `node` reads it, within the blocks of `modules`."""
        self._written[body.name] = node
        writer = self._writer
        role = role_in_words(body, self._name)
        name = self._name(node)
        writer.defined(node, [("def ", None), (name, node), (f"(  # {role}", None)], source)
        writer.begin_body(name, role)
        for slot in body.inputs:
            argument = self._bodies.arguments[node_in(body.name, slot.node)]
            kind = f": {tensor_in_brief(slot.dtype, slot.shape)}" if slot.dtype is not None else ""
            about = operand_in_brief(argument, self._name)
            comment = f"  # {about}" if about else ""
            given = writer.source_of(argument.operand) if argument.operand is not None else None
            parts = [(self._name(argument.node), argument.node), (f"{kind},{comment}", None)]
            writer.defined(argument.node, parts, given)
        writer.line("):", outdent=1)
        self._run(body.operations, body.name, modules)
        returned: list[tuple[str, str | None]] = [("return ", None)]
        for index, result in enumerate(body.results):
            key = node_in(body.name, result) if result is not None else None
            returned += [(", " if index else "", None), (self._name(key) if key is not None else "None", key)]
        writer.listed(returned)
        writer.end()

    def _enter(self, around: list[str], modules: list[str]) -> tuple[list[str], bool]:
        """Close and open blocks until these modules are open; return them, and whether anything changed."""
        common = 0
        while common < min(len(around), len(modules)) and around[common] == modules[common]:
            common += 1
        for _ in around[common:]:
            self._writer.end()
        for index in range(common, len(modules)):
            outer = modules[index - 1] if index else ""
            title = modules[index].removeprefix(f"{outer}." if outer else "")
            self._writer.begin(title, self._types.get(modules[index], ""), modules[index])
        return modules, around != modules

    def _called(self, module: str) -> list[str]:
        """The modules around an operation, outermost first, without the root and containers."""
        names = [module[: dot.start()] for dot in re.finditer(r"\.|$", module)] if module else []
        return [name for name in names if self._types.get(name) not in CONTAINERS]

    def _source(self, frame: int | None, annotations: str) -> None:
        about = f"  # {annotations}" if annotations else ""
        if frame is None:
            if about:
                self._writer.line(about.strip())
            return
        span = self._graph.frames[frame].span
        text = " ".join((self._code(span) or "").split())
        self._writer.line(f"# {at_line(span.path, span.line)}  {text}".rstrip() + about, span)

    def _operation(self, operation: Operation, scope: str) -> None:
        node = node_in(scope, operation.name)
        kind = f": {tensor_in_brief(operation.dtype, operation.shape)}" if operation.dtype is not None else ""
        notes = [node_in_words(self._collectives[node])] if node in self._collectives else []
        saved = self._saved.get(node)
        if saved is not None and saved.alias_of is None and self._kind != "backward":
            notes.append(f"saved, {bytes_in_words(saved.bytes)}")
        if node in self._saved_results and self._kind != "backward":
            notes.append(saved_results_in_words(self._saved_results[node], self._bodies.by_name[scope]))
        if operation.is_repeated or (self._kind == "backward" and not operation.backward):
            notes.append("computed again")
        comment = f"  # {', '.join(notes)}" if notes else ""
        parts = [(self._name(node), node), (f"{kind} = ", None), *self._call(operation, scope), (comment, None)]
        self._writer.defined(node, parts, self._span(operation))

    def _call(self, operation: Operation, scope: str) -> Iterator[tuple[str, str | None]]:
        """The call of an operation in pieces, each with the node that it names, or None."""
        if operation.op == "getitem" and operation.operands:
            tuple_, _, index = operation.arguments.partition(", ")
            yield self._name(node_in(scope, tuple_)), node_in(scope, tuple_)
            yield f"[{index}]", None
            return
        if (body := self._bodies.read_by(operation, scope)) is not None:
            above = self._written[body.name]
            yield self._name(above), above
            return
        runs_bodies = node_in(scope, operation.name) in self._bodies.callers
        yield f"{'higher_order.' if runs_bodies else ''}{operation.op.removesuffix('.default')}(", None
        operands = frozenset(operation.operands)
        at = 0
        for match in _TOKEN.finditer(operation.arguments):
            if match[0] in operands:
                yield operation.arguments[at : match.start()], None
                yield self._name(node_in(scope, match[0])), node_in(scope, match[0])
                at = match.end()
        yield f"{operation.arguments[at:]})", None
