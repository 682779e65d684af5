"""Types, shapes and sizes in brief: `f32[2, 16, 64]`, `1.5 MiB`. Symbolic sizes stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from aotlens.model.dtypes import dtype_in_brief
from aotlens.model.sizes import size_in_example
from aotlens.model.subclasses import piece_at
from aotlens_tracer.wire.descriptor_map import Graph, Input, Mesh, Output, Piece, Saved, Slot, Subclass

from .blocks import NOTHING
from .shortening import clipped


def tensor_in_brief(dtype: str | None, shape: Sequence[int | str] | None) -> str:
    """`f32[2, 16, 64]`, `i64[]` for a scalar tensor; a dash if dtype and shape are None."""
    if dtype is None and shape is None:
        return "—"
    sizes = "[…]" if shape is None else f"[{', '.join(str(size) for size in shape)}]"
    return f"{dtype_in_brief(dtype) if dtype else '?'}{sizes}"


def saved_in_brief(value: Saved) -> str:
    """The type of a saved value; a symbolic number as shapes write it."""
    return value.symbol if value.symbol is not None else tensor_in_brief(value.dtype, value.shape)


def slot_in_brief(slot: Slot, graph: Graph) -> str:
    """The type of an input or output of a graph; a symbolic number as shapes write it, with its value: `batch = 6`.

    A piece of a tensor subclass that is no tensor is shown as what it is: `DeviceMesh(dp=2, tp=4)`.
    """
    if isinstance(slot, (Input, Output)) and slot.symbol is not None:
        return number_in_example(slot.symbol, graph)
    if isinstance(slot, Input) and slot.mesh is not None:
        return f"DeviceMesh({mesh_in_words(slot.mesh)})"
    if slot.dtype is None and slot.shape is None and (found := piece_at(slot, graph)) is not None:
        return object_in_brief(found.piece, found.around)
    return tensor_in_brief(slot.dtype, slot.shape)


def number_in_example(text: str, graph: Graph) -> str:
    """A symbolic number and its value in the example, `batch*8 = 48`; the text alone if that is not known."""
    value = size_in_example(text, graph)
    return text if value is None or text == str(value) else f"{text} = {value}"


def object_in_brief(piece: Piece, around: Subclass | Piece) -> str:
    """A piece of a tensor subclass that is no tensor: `DeviceMesh(dp=2, tp=4)`, `s77`; others as they print themselves.

    `around` is the subclass that it is a piece of.
    """
    if piece.type == "DeviceMesh" and around.sharding is not None:
        return f"DeviceMesh({mesh_in_words(around.sharding.mesh)})"
    return clipped(piece.value) if piece.value else piece.type or NOTHING


def mesh_in_words(mesh: Mesh) -> str:
    """`dp=2, tp=4`; without names `2 × 4`."""
    if mesh.names is None:
        return " × ".join(map(str, mesh.shape))
    return ", ".join(f"{name}={size}" for name, size in zip(mesh.names, mesh.shape, strict=True))


def bytes_in_words(count: int | str | None) -> str:
    """`1.5 MiB`, `640 B`; a dash for None; a symbolic count stays as it is, in bytes."""
    if count is None:
        return "—"
    if isinstance(count, str):
        return f"{count} B"
    size = float(count)
    if abs(size) < 1024:
        return f"{count} B"
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        size /= 1024
        # 1023.96 would be rounded to "1024.0", so that it belongs to the next unit.
        if abs(size) < 1023.95 or unit == "PiB":
            break
    return f"{size:.1f} {unit}"


def number_in_brief(count: int) -> str:
    """`124.4M`, `8.5K`; as it is below a thousand."""
    size = float(count)
    for unit in ("", "K", "M", "B", "T"):
        # 999.96 would be rounded to "1000.0", so that it belongs to the next unit.
        if size < 999.95 or unit == "T":
            break
        size /= 1000
    return f"{size:.1f}{unit}" if unit else str(count)
