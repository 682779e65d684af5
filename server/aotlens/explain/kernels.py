"""The device and the kernels that saved bytes are right for, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from aotlens.model.index import MapIndex, index_of
from aotlens.model.kernels import OfKernel, depends_on_kernels, of_kernels
from aotlens_tracer.wire.descriptor_map import DescriptorMap, Graph, Saved

from .shapes import bytes_in_words

AUTOCAST = "autocast as on CUDA"
"""The types are those of an autocast for CUDA, though the tensors are on the CPU."""
CPU_KERNELS = "with CPU kernels"
"""An addition to a number of bytes: on another device it is another one."""


def kernels_in_brief(index: MapIndex, names: Collection[str] = ("",)) -> str:
    """`with CPU kernels`, if the bytes that these modules save depend on them; else empty."""
    return CPU_KERNELS if depends_on_kernels(index, names) else ""


def kernels_in_words(index: MapIndex, graph: Graph) -> list[str]:
    """A sentence about each kind of values that a graph saves because of its device's kernels."""
    return [f"CPU kernels: {bytes_in_words(each.bytes)} {_words(each)}." for each in of_kernels(index, graph)]


def kernels_of_map(map: DescriptorMap) -> list[str]:
    """The same of all graphs of a map, each sentence once."""
    index = index_of(map)
    return list(dict.fromkeys(text for graph in map.graphs for text in kernels_in_words(index, graph)))


def kernels_of_values(index: MapIndex, saved: Sequence[Saved]) -> Iterator[str]:
    """The same about some of the saved values: `CPU kernels: fused attention on CUDA … would not keep these`."""
    for graph in index.graphs:
        for each in of_kernels(index, graph):
            if any(value in each.values for value in saved):
                yield f"CPU kernels: {_WITHOUT_BYTES[each.function]}"


_FUSED = "fused attention on CUDA (flash, memory-efficient) would not keep"
_WITHOUT_BYTES = {
    "attention": f"{_FUSED} the attention weights",
    "dropout": "dropout on CUDA would keep a mask of one byte for each element",
    "rms_norm": "the fused rms_norm of CUDA would keep its input instead",
    "rnn": "cuDNN on CUDA would keep other values",
}


def _words(each: OfKernel) -> str:
    if each.function == "attention":
        return f"are attention weights, which {_FUSED}"
    if each.function == "dropout":
        return f"are dropout's noise, for which CUDA would keep a mask of {bytes_in_words(each.elsewhere)}"
    if each.function == "rms_norm":
        instead = f" {bytes_in_words(each.elsewhere)} of its input instead" if each.elsewhere else " none of it"
        return f"are kept by rms_norm step by step, for which the fused kernel of CUDA would keep{instead}"
    lacks = "; the workspace of the CPU's kernel is not counted, fake tensors have none" if each.is_partial else ""
    return f"are of recurrent layers, for which cuDNN on CUDA would keep other values{lacks}"
