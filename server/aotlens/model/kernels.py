"""Saved values that depend on the kernels of the device: another device computes the same and saves something else.

Torch chooses kernels as it runs an operation, and the graph has those of the device of its tensors. On a CPU, four
kinds of torch's functions save what their kernels on CUDA do not save (read in torch 2.13, and measured on a GPU for
80 functions: `tests/gpu/kept_bytes.py`):

- `scaled_dot_product_attention` with dropout, or with a mask that needs a gradient, has no fused kernel on a CPU and is
  computed step by step (`use_flash_attention_cpp`). Its softmax, `aten._safe_softmax`, occurs nowhere else. In double
  precision CUDA has no fused kernel either.
- `dropout` without torch.compile multiplies by noise of the type of its input. Only accelerators have the kernel that
  keeps a mask of one byte for each element (`is_fused_kernel_acceptable` in `Dropout.cpp`).
- `rms_norm` in eager runs step by step on a CPU, and keeps the normalized values and, in half precision, its input in
  float32. CUDA has a fused kernel that keeps the input as it is (`rms_norm_symint` in `layer_norm.cpp`).
- `nn.LSTM`, `nn.GRU` and `nn.RNN` run oneDNN's kernel or one step after the other; on CUDA they run cuDNN's. Their
  cells have a fused kernel on CUDA, which keeps a workspace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from aotlens_tracer.wire.descriptor_map import Graph, Operation, Saved

from .index import MapIndex
from .saved import is_in

Function = Literal["attention", "dropout", "rms_norm", "rnn"]
_SOFTMAX = "aten._safe_softmax.default"
_DROPOUT = "aten.native_dropout.default"
_PASSED_ON = ("getitem", _DROPOUT, "aten.clone.default", "aten._to_copy.default", "aten._unsafe_view.default")
"""Operations whose result is, like that of a view, what their operand is; dropout's is that and its mask."""
_KEEP_WEIGHTS = ("SafeSoftmaxBackward", "MulBackward")
"""The autograd nodes that keep the softmax, and the noise of dropout."""
_RMS_NORM = ("aten.rsqrt.default", "aten.add.Scalar", "aten.mean.dim", "aten.pow.Tensor_Scalar")
"""The operations of `rms_norm` on a CPU, from the last one to the first."""
_ITEM_SIZES = {"float16": 2, "bfloat16": 2}
_RNNS = ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell")
_ONEDNN = "aten.mkldnn_rnn_layer.default"


@dataclass(frozen=True)
class OfKernel:
    """Values that a graph saves because of the CPU's kernels of one kind of function.

    `bytes` is their size, and `elsewhere` the bytes that CUDA's kernel saves in their place; None if unknown.
    `is_partial` says that `bytes` lacks a workspace, because fake tensors do not have its size.
    """

    function: Function
    values: tuple[Saved, ...]
    bytes: int
    elsewhere: int | None
    is_partial: bool = False


def of_kernels(index: MapIndex, graph: Graph) -> list[OfKernel]:
    """Return the values that a graph saves because of its device's kernels; none of a graph that is not on CPUs alone.

    A value that is an alias is none of them: it has no memory of its own.
    """
    if graph.devices != ("cpu",):
        return []
    return index.once(("of kernels", id(graph)), lambda: list(_found(index, graph)))


def depends_on_kernels(index: MapIndex, names: Collection[str] = ("",)) -> bool:
    """Whether some modules, or those in them, save values that depend on kernels; by default the model as a whole."""
    values = [value for graph in index.graphs for each in of_kernels(index, graph) for value in each.values]
    return any("" in names or is_in(value.module, names) for value in values)


def _found(index: MapIndex, graph: Graph) -> Iterator[OfKernel]:
    own = [value for value in graph.saved or () if value.alias_of is None]
    weights = _weights_in_eager(graph, own) if graph.partitioner == "eager" else _weights_in_graph(graph, own)
    if weights:
        yield OfKernel("attention", weights, _bytes(weights), _bytes_of_logsumexp(graph))
    noise = tuple(value for value in own if value not in weights and _is_noise(graph, value))
    if noise:
        elements = sum(prod(size for size in value.shape or () if isinstance(size, int)) for value in noise)
        yield OfKernel("dropout", noise, _bytes(noise), elements)
    norms, elsewhere = _of_norms(graph, own)
    if norms:
        yield OfKernel("rms_norm", norms, _bytes(norms), elsewhere)
    rnns = {module.name for module in index.modules if module.type in _RNNS and module.class_line is None}
    values = tuple(value for value in own if value.module in rnns)
    if values:
        # The workspace of oneDNN's kernel has no elements on fake tensors, of which graphs are made.
        lacks = graph.partitioner != "eager" or graph.eager_on == "fake"
        yield OfKernel("rnn", values, _bytes(values), None, lacks and any(o.op == _ONEDNN for o in graph.operations))


def _weights_in_graph(graph: Graph, own: Sequence[Saved]) -> tuple[Saved, ...]:
    """The saved weights of `scaled_dot_product_attention`: its softmax, what dropout leaves of that, dropout's mask."""
    operations = {each.name: each for each in graph.operations}

    def is_weights(node: str | None) -> bool:
        while (operation := operations.get(node or "")) is not None:
            if _is_softmax(operation):
                return True
            if not (operation.is_view or operation.op in _PASSED_ON) or not operation.operands:
                return False
            node = operation.operands[0]
        return False

    return tuple(value for value in own if is_weights(value.node))


def _weights_in_eager(graph: Graph, own: Sequence[Saved]) -> tuple[Saved, ...]:
    """The same without nodes: by the autograd nodes that keep the values, and by the number of their elements.

    The product with the values keeps what dropout leaves of the weights as its first operand. The product of queries
    and keys has such an operand too. If they have as many elements, one of the two is taken: it has the same bytes.
    """
    found: list[Saved] = []
    for call in filter(_is_softmax, graph.operations):
        mine = [value for value in own if (value.frame, value.module) == (call.frame, call.module)]
        mine = [value for value in mine if _elements(value.shape) == _elements(call.shape) and value not in found]
        kept = [value for value in mine if any(_is_read_by(value, node) for node in _KEEP_WEIGHTS)]
        operands = [value for value in mine if value not in kept and _is_read_by(value, "BmmBackward", ".self")]
        is_plain = any(_is_read_by(value, "BmmBackward", ".self") for value in kept)  # there is no dropout
        found += kept if is_plain else [*kept, *operands[-1:]]
    return tuple(found)


def _bytes_of_logsumexp(graph: Graph) -> int | None:
    """The bytes of what fused attention keeps of its weights: one float32 for each of their rows."""
    rows = [shape for each in graph.operations if _is_softmax(each) and (shape := each.shape)]
    if any(isinstance(size, str) for shape in rows for size in shape):
        return None
    return sum(4 * prod(int(size) for size in shape[:-1]) for shape in rows)


def _of_norms(graph: Graph, own: Sequence[Saved]) -> tuple[tuple[Saved, ...], int | None]:
    """The values that `rms_norm` keeps in eager, without one for each row, and the bytes that its fused kernel keeps.

    That kernel keeps the input. It counts if what is kept on a CPU is a copy of it, in float32.
    """
    if graph.partitioner != "eager":
        return (), 0
    operations = {each.name: each for each in graph.operations}
    found: list[Saved] = []
    elsewhere: int | None = 0
    for root in operations.values():
        chain = [root, *_first_operands(operations, root)]
        # `x + eps` of a user's own formula is `aten.add.Tensor`, and its operations have places of their own.
        if root.backward or tuple(each.op for each in chain[:4]) != _RMS_NORM:
            continue
        if any((each.frame, each.module) != (root.frame, root.module) for each in chain[:4]):
            continue
        kept = [v for v in own if (v.frame, v.module) == (root.frame, root.module) and v.shape == chain[3].shape]
        kept = [value for value in kept if _is_read_by(value, "MulBackward", ".self") and value not in found]
        source = operations.get(chain[3].operands[0]) if chain[3].operands else None
        if source is not None and source.op == "aten._to_copy.default" and source.frame == root.frame:
            original = operations.get(source.operands[0])
            size = _ITEM_SIZES.get(original.dtype or "") if original is not None else None
            elements = prod(size for size in source.shape or () if isinstance(size, int))
            elsewhere = None if size is None or elsewhere is None else elsewhere + size * elements
        else:  # its input is kept by both
            kept = [value for value in kept if not _is_read_by(value, "PowBackward")]
        found += kept
    return tuple(found), elsewhere


def _first_operands(operations: Mapping[str, Operation], operation: Operation | None) -> Iterator[Operation]:
    while operation is not None and operation.operands:
        operation = operations.get(operation.operands[0])
        if operation is not None:
            yield operation


def _is_softmax(operation: Operation) -> bool:
    return operation.op == _SOFTMAX and not operation.backward and operation.dtype != "float64"


def _is_noise(graph: Graph, value: Saved) -> bool:
    """Whether a value is the noise of dropout in eager: a factor of a product at a call of dropout, and no mask."""
    if graph.partitioner != "eager" or value.dtype == "bool" or not _is_read_by(value, "MulBackward"):
        return False
    calls = (each for each in graph.operations if each.op == _DROPOUT and not each.backward)
    return any((each.frame, each.module) == (value.frame, value.module) for each in calls)


def _is_read_by(value: Saved, node: str, attribute: str = "") -> bool:
    return any(reader.startswith(node) and reader.endswith(attribute) for reader in value.read_by)


def _elements(shape: tuple[int | str, ...] | None) -> tuple[int | str, ...]:
    """The number of elements of a shape as its factors: the product of the numbers, and the symbols, sorted."""
    numbers = prod(size for size in shape or () if isinstance(size, int))
    return (numbers, *sorted(size for size in shape or () if isinstance(size, str)))


def _bytes(values: Sequence[Saved]) -> int:
    return sum(value.bytes or 0 for value in values)
