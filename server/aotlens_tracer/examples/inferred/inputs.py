"""The arguments of `forward`: ranked candidates for each, from annotations, the source, names and the module itself."""

from __future__ import annotations

import collections.abc
import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from .constructor import annotation_of
from .demands import Demand
from .priors import (
    BATCH,
    CLASSES,
    EDGES,
    FRAMES,
    HEAD,
    HEADS,
    IMAGE,
    LENGTH,
    MAP,
    MELS,
    PATCH,
    VOCABULARY,
    WIDTH,
    input_kind,
    kind_shapes,
)
from .source_hints import Reader, sizes_in
from .values import Arguments, Entries, Items, Tensor, Value, Written, with_size

_WIDTH_NAMES = (
    "hidden_size", "embed_dim", "d_model", "dim", "hidden_dim", "embedding_dim", "width", "n_embd", "channels",
    "in_channels", "num_features", "inner_dim", "emb_dim", "in_features",
)  # fmt: skip
_MELS_NAMES = ("num_mel_bins", "n_mels", "num_mels", "mel_bins", "n_mel_channels")
_VOCABULARY_NAMES = ("vocab_size", "vocabulary_size", "num_tokens", "n_vocab", "num_embeddings")
_HEAD_NAMES = ("head_dim", "dim_head", "attention_head_size", "head_size", "d_head")
IMAGE_SIZES = ("image_size", "img_size", "input_resolution", "resolution", "input_size", "input_shape", "image_shape")
_TENSOR_TYPES = {
    "LongTensor": "int64",
    "IntTensor": "int32",
    "BoolTensor": "bool",
    "HalfTensor": "float16",
    "BFloat16Tensor": "bfloat16",
    "DoubleTensor": "float64",
}
_AXES = {
    "b": BATCH, "batch": BATCH, "bs": BATCH, "bsz": BATCH, "batch_size": BATCH, "B": BATCH, "N": BATCH,
    "c": None, "C": None, "channels": None, "channel": None, "dim": None, "d": None, "D": None, "hidden_size": None,
    "num_channels": None, "embed_dim": None, "hidden_dim": None, "e": None,
    "f": FRAMES, "frames": FRAMES, "T": FRAMES, "num_frames": FRAMES,
    "heads": HEADS, "num_heads": HEADS, "nh": HEADS, "head_dim": HEAD,
}  # fmt: skip
_SPATIAL = {"h", "w", "H", "W", "height", "width", "x", "y"}
_SEQUENCES = {
    "n",
    "l",
    "t",
    "i",
    "j",
    "L",
    "S",
    "seq",
    "seq_len",
    "tgt_len",
    "src_len",
    "q_len",
    "length",
    "sequence_length",
    "num_patches",
    "tokens",
}
_JAXTYPING = re.compile(r"(?:(\w+)\[)?.*?['\"]([^'\"]*)['\"]\]?")
_DOCUMENTED = re.compile(r"shape:?\s*(?:is\s*)?[`*']*[\(\[]([\w\s,*./+x]+)[\)\]]")


class Inputs:
    """Candidates for the arguments of one module's call."""

    def __init__(
        self, module: nn.Module, function: Callable[..., Any] | None = None, built_with: Mapping[str, int] | None = None
    ) -> None:
        self.module = module
        self._built_with = built_with = built_with or {}
        self.function = function or type(module).forward
        self.reader = Reader()
        self.width = width_of(module, built_with)
        self.head = head_of(module)
        self.image = image_of(module, built_with)
        self.vocabulary = _size_called(_VOCABULARY_NAMES, module, built_with) or VOCABULARY
        self._mels = mels_of(module, built_with)
        self.parameters = _call_parameters(self.function)
        self._demands: dict[str, Demand] = {}
        self._documentation = inspect.getdoc(self.function) or inspect.getdoc(type(module)) or ""

    @property
    def required(self) -> list[str]:
        """The parameters without a default."""
        return [n for n, p in self.parameters.items() if p.default is p.empty and p.kind not in _VARIABLE]

    def first(self) -> list[str]:
        """The parameters to begin with: those that are required, else what the call is mainly about."""
        if self.required:
            return self.required
        main = _attribute(self.module, "main_input_name")
        if isinstance(main, str) and main in self.parameters:
            return [main]
        named = [name for name, p in self.parameters.items() if p.kind not in _VARIABLE]
        return named[:1] or [name for name, p in self.parameters.items() if p.kind is p.VAR_POSITIONAL]

    def demand(self, name: str) -> Demand:
        """What is known of a parameter's tensor."""
        if name not in self._demands:
            read, documented = self.reader.of_parameter(self.module, name), self._documented(name)
            # A size that is spelled out is what its author means; a rank alone is often out of date.
            first, second = (documented, read) if documented.axes else (read, documented)
            found = self._annotated(name).and_then(first).and_then(second)
            self._demands[name] = found.and_then(self._commented(name))
        return self._demands[name]

    def candidates(self, name: str) -> list[Value]:
        """What to pass for a parameter, the likeliest first."""
        parameter = self.parameters.get(name)
        annotation = annotation_of(parameter, self.function) if parameter is not None else None
        found: list[Value] = []
        demand = self.demand(name) if parameter is not None else Demand()
        kind = input_kind(name)
        if (of_graph := self._of_graph(name, demand)) is not None:
            return [of_graph]
        optional = type(None) in typing.get_args(annotation)
        plain = self._plain(annotation, name, demand)
        if plain is not None and not _is_tensor(annotation):
            found += plain
        if optional and parameter is not None and parameter.default is parameter.empty and kind != "rotary":
            found.append(Written("None"))
        if annotation is None and name in sizes_in(self.function):
            found.append(Written(str(LENGTH)))
        if plain is None or _is_tensor(annotation) or annotation is None:
            found += self._tensors(name, kind, demand)
        found = [self._of_image_size(value) for value in found or [Written("None")]]
        return list({value.expression: value for value in found}.values())

    def _of_graph(self, name: str, demand: Demand) -> Value | None:
        """What belongs to a graph of LENGTH nodes, where `forward` takes its edges as indices (PyTorch Geometric)."""
        if "edge_index" not in self.parameters:
            return None
        width = demand.axes.get(1, demand.axes.get(-1, self.width))
        if name == "edge_index":
            return Tensor((2, EDGES), "int64", LENGTH)
        if name in ("batch", "batch_index", "node_batch"):
            return Tensor((LENGTH,), "int64", BATCH)
        if name in ("edge_weight", "edge_weights"):
            return Tensor((EDGES,))
        if name.startswith("edge_"):
            return Tensor((EDGES, width))
        if name in ("pos", "coors", "coords", "coordinates"):
            return Tensor((LENGTH, 3))
        return Tensor((LENGTH, width)) if name in ("x", "h", "feats", "features", "node_features", "nodes") else None

    def _of_image_size(self, value: Value) -> Value:
        """The value with images of the size that the model is made for, rather than of the usual one."""
        (height, width), usual = self.image, IMAGE
        if isinstance(value, Tensor) and value.shape[-3:-2] == (3,):
            side = value.shape[-1]
            if side == value.shape[-2] and side % (IMAGE // PATCH) == 0 and height % (side * PATCH // IMAGE) == 0:
                usual = side
        changed = with_size(value, usual, height)
        if isinstance(changed, Tensor) and changed.shape[-2:] == (height, height):
            return replace(changed, shape=(*changed.shape[:-1], width))
        return changed

    def shapes(self, name: str) -> list[Value]:
        """All ranks that a tensor may have, for a search that nothing else guides."""
        last = self.demand(name).axes.get(-1, self.width)
        channel = self.demand(name).axes.get(1, self.width)
        shapes: list[Value] = [
            Tensor((BATCH, LENGTH, last)),
            Tensor((BATCH, channel, MAP, MAP)),
            Tensor((BATCH, last)),
            Tensor((BATCH, 3, IMAGE, IMAGE)),
            Tensor((BATCH, LENGTH), "int64", CLASSES),
            Tensor((BATCH, channel, LENGTH)),
            Tensor((BATCH, HEADS, LENGTH, self.head)),
            Tensor((BATCH, 14, 14, last)),
            Tensor((BATCH,), "int64", CLASSES),
            Tensor((LENGTH, last)),
            Tensor((BATCH, channel, 16, 16, 16)),
            Tensor((LENGTH,)),
        ]
        return shapes

    def _tensors(self, name: str, kind: str | None, demand: Demand) -> list[Value]:
        found: list[Value] = []
        if kind in ("image", "videos") and demand.rank is None and -1 in demand.axes:
            kind = None  # a layer for features takes it
        if kind == "positions" and demand.dtype is None:
            demand = replace(demand, dtype="int64")
        if demand.rank is not None or (demand and kind in (None, "memory", "size")):
            found.append(self.tensor(name, demand, kind))
        for value in kind_shapes(kind, self.width):
            if isinstance(value, Tensor) and len(value.shape) < demand.lowest:
                continue
            found.append(self._fitted(with_size(value, MELS, self._mels) if kind == "spectrum" else value, demand))
        if kind == "rotary":
            found.insert(0, Items((Tensor((BATCH, LENGTH, self.head)),) * 2))
            found.append(Items((Tensor((LENGTH, self.head)),) * 2))
        if not found:
            found.append(self.tensor(name, demand, kind))
        return found

    def _fitted(self, value: Value, demand: Demand) -> Value:
        """The shape that a name suggests, with the sizes that are known."""
        if not isinstance(value, Tensor):
            return value
        rank = len(value.shape)
        shape = list(value.shape)
        for axis, size in demand.axes.items():
            if -rank <= axis < rank:
                shape[axis] = size
        dtype = demand.dtype or value.dtype
        high = demand.high or value.high
        return Tensor(tuple(shape), dtype, high)

    def tensor(self, name: str, demand: Demand, kind: str | None = None) -> Tensor:
        """A tensor that meets a demand; what that leaves open is filled with what is usual."""
        rank = demand.rank or self._usual_rank(demand, kind)
        names = demand.names if len(demand.names) == rank else (None,) * rank
        known = {axis % rank: size for axis, size in demand.axes.items() if -rank <= axis < rank}
        is_image = kind in ("image", "videos") or known.get(1) == 3 or known.get(rank - 1) == 3
        last_is_width = rank - 1 in known or not (rank >= 3 and 1 in known)
        shape = []
        for axis in range(rank):
            if axis in known:
                shape.append(known[axis])
            else:
                shape.append(self._axis(axis, rank, names, is_image, last_is_width, demand.dtype))
        return Tensor(tuple(shape), demand.dtype or "float32", demand.high or CLASSES)

    def _axis(
        self, axis: int, rank: int, names: Sequence[str | None], is_image: bool, last_is_width: bool, dtype: str | None
    ) -> int:
        name = names[axis]
        if name is not None:
            size = _size_called((name,), self.module, self._built_with) if len(name) > 2 else None
            if size is not None and _AXES.get(name) != BATCH:
                return size
            if name in _SPATIAL and rank >= 4:
                return IMAGE if is_image else MAP if not last_is_width or axis != rank - 1 else self.width
            if name in _AXES:
                size = _AXES[name]
                return size if size is not None else (3 if is_image else self.width)
            if name in _SEQUENCES:
                return LENGTH
        if axis == 0:
            return BATCH
        if dtype in ("int64", "bool", "int32"):
            return LENGTH
        if rank == 3:
            return self.width if axis == (2 if last_is_width else 1) else LENGTH
        if rank == 4:
            named = next((i for i, n in enumerate(names) if n in ("c", "C", "channels", "channel", "dim", "d")), None)
            unnamed = names == (None,) * 4
            channel = named if named is not None else 3 if last_is_width and names[1] is None and not unnamed else 1
            if axis == channel:
                return 3 if is_image else self.width
            return IMAGE if is_image else MAP if channel == 1 else 14
        if rank == 5:
            return (3 if is_image else self.width) if axis == 1 else FRAMES if axis == 2 else IMAGE if is_image else 16
        return self.width if axis == rank - 1 else LENGTH

    def _usual_rank(self, demand: Demand, kind: str | None) -> int:
        return max(self._rank_by_kind(demand, kind), demand.lowest)

    def _rank_by_kind(self, demand: Demand, kind: str | None) -> int:
        if demand.names:
            return len(demand.names)
        if kind in ("image",):
            return 4
        if 1 in demand.axes:
            return 4
        if demand.dtype == "int64":
            return 2
        return 3

    def _annotated(self, name: str) -> Demand:
        """What an annotation says of a tensor: its dtype, and with jaxtyping its axes."""
        parameter = self.parameters.get(name)
        if parameter is None:
            return Demand()
        annotation = annotation_of(parameter, self.function)
        text = parameter.annotation if isinstance(parameter.annotation, str) else repr(parameter.annotation)
        for member in (annotation, *typing.get_args(annotation)):
            shape = getattr(member, "dim_str", None)
            if isinstance(shape, str):
                dtypes = getattr(member, "dtypes", ())
                return _from_axes(shape, next(iter(dtypes), "") if isinstance(dtypes, (list, tuple)) else "")
        match = _JAXTYPING.search(text) if isinstance(parameter.annotation, str) else None
        if match is not None and match[1] not in ("Literal", "Optional"):
            return _from_axes(match[2], match[1] or "")
        dtype = next((dtype for kind, dtype in _TENSOR_TYPES.items() if kind in text), None)
        return Demand(dtype=dtype)

    def _documented(self, name: str) -> Demand:
        """The shape that a docstring gives: `x (torch.Tensor): of shape (batch, length, width)`, `x: (N, width)`."""
        place = re.search(rf"\b{re.escape(name)}\b\s*(\(|:)", self._documentation)
        if place is None:
            return Demand()
        behind = self._documentation[place.end() : place.end() + 240]
        match = re.match(r"\s*\(([\w\s,*+-]+,[\w\s,*+-]+)\)", behind) or _DOCUMENTED.search(behind)
        if match is None or "\n\n" in behind[: match.start()]:
            return Demand()
        names = tuple(part.strip().strip("*`") for part in match[1].split(",") if part.strip())
        spelled_out = [(axis, self._size(part)) for axis, part in enumerate(names) if "+" in part or "*" in part]
        sizes = {axis: size for axis, size in spelled_out if size is not None}
        return Demand(len(names), sizes, names=names) if names else Demand()

    def _size(self, text: str) -> int | None:
        """The value of a sum or product of the module's own sizes: `pos_dim + feats_dim`, `batch_size * num_heads`."""
        total = 0
        for term in text.split("+"):
            product = 1
            for name in (factor.strip() for factor in term.split("*")):
                size = BATCH if _AXES.get(name) == BATCH else _size_called((name,), self.module, self._built_with)
                if size is None:
                    return None
                product *= size
            total += product
        return total

    def _commented(self, name: str) -> Demand:
        """The axes that a comment beside the parameter names: `x,  # (b n d)`."""
        try:
            source = inspect.getsource(self.function)
        except (OSError, TypeError):
            return Demand()
        match = re.search(rf"^\s*{re.escape(name)}\b[^#\n]*#\s*[(\[]([\w, ]+)[)\]]", source, re.MULTILINE)
        names = re.findall(r"\w+", match[1]) if match is not None else []
        return Demand(len(names), names=tuple(names)) if 1 < len(names) < 6 and max(map(len, names)) < 9 else Demand()

    def _plain(self, annotation: Any, name: str, demand: Demand) -> list[Value] | None:
        """Candidates for what is annotated as no tensor; None where nothing is known."""
        if annotation is None or _is_tensor(annotation):
            return None
        origin, members = typing.get_origin(annotation), typing.get_args(annotation)
        if origin in (typing.Union, types.UnionType):
            for member in members:
                if _is_tensor(member):
                    return None
            found = [self._plain(member, name, demand) for member in members if member is not type(None)]
            return next((values for values in found if values), None)
        if origin is typing.Literal:
            return [Written(repr(member)) for member in members]
        if annotation is bool:
            return [Written("False")]
        if annotation is int:
            return [Written("4" if input_kind(name) == "size" else "2"), Written("16"), Written("1")]
        if annotation is float:
            return [Written("1.0")]
        if annotation is str:
            return [Written("''")]
        if annotation is torch.dtype:
            return [Written("torch.float32")]
        if annotation is torch.device:
            return [Written("torch.device('cpu')")]
        if annotation is torch.Size:
            return [Written("torch.Size([4, 4])")]
        if origin in (list, tuple, collections.abc.Sequence) or annotation in (list, tuple):
            return self._sequence(origin or annotation, members, name, demand)
        if origin is dict or annotation is dict:
            if members and members[0] is str and _is_tensor(members[1]):
                return [Entries((("x", self.tensor("x", demand)),))]
            return [Written("{}")]
        if origin is collections.abc.Callable:
            return [Written("torch.nn.Identity()")]
        if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
            return [Written(f"{annotation.__name__}.{next(iter(annotation)).name}")]
        if isinstance(annotation, type) and issubclass(annotation, nn.Module):
            return [Written("torch.nn.Identity()")]
        return [Written("None")] if isinstance(annotation, type) and annotation is not object else None

    def _sequence(self, kind: Any, members: tuple[Any, ...], name: str, demand: Demand) -> list[Value]:
        if kind is tuple and members and members[-1] is not ...:
            items = [self._item(member, name, demand) for member in members]
        else:
            inner = members[0] if members else torch.Tensor
            items = [self._item(inner, name, demand)] * 2
        if input_kind(name) == "rotary" and len(items) == 2:
            items = [Tensor((BATCH, LENGTH, self.head))] * 2
        return [Items(tuple(items), kind is not tuple)]

    def _item(self, annotation: Any, name: str, demand: Demand) -> Value:
        if annotation is int:
            return Written("4")
        if _is_tensor(annotation):
            kind = input_kind(name.removesuffix("s"))
            if kind == "image" and not demand:
                return Tensor((3, IMAGE, IMAGE))  # a list of images is what a batch is not
            return self.tensor(name, demand, kind)
        plain = self._plain(annotation, name, demand)
        return plain[0] if plain else self.tensor(name, demand)


_VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _call_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return {}
    return {parameter.name: parameter for parameter in parameters[1:]}


def _is_tensor(annotation: Any) -> bool:
    """Whether an annotation is of tensors: torch.Tensor and its old subclasses, jaxtyping's, or an optional one."""
    members = typing.get_args(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return any(_is_tensor(member) for member in members)
    if isinstance(annotation, type) and (issubclass(annotation, torch.Tensor) or hasattr(annotation, "dim_str")):
        return True
    return getattr(annotation, "__module__", "") == "torch" and "Tensor" in getattr(annotation, "__name__", "")


def _from_axes(text: str, kind: str) -> Demand:
    """The demand of a shape annotation such as `b n d`, `*batch 3 h w` or `...`."""
    names = text.replace(",", " ").split()
    lowered = kind.lower()
    dtype = "bool" if "bool" in lowered else "int64" if "int" in lowered or "long" in lowered else None
    if any(name.startswith("*") or "..." in name for name in names):
        return Demand(dtype=dtype)
    axes = {index: int(name) for index, name in enumerate(names) if name.isdigit()}
    plain = tuple(None if name.isdigit() else name.lstrip("#?_").partition("=")[0] or None for name in names)
    return Demand(len(names), axes, plain, dtype)


def width_of(module: nn.Module, built_with: Mapping[str, int]) -> int:
    """The width of a model: what it, its constructor or its configuration calls so, or its first layer's."""
    if (width := _size_called(_WIDTH_NAMES, module, built_with)) is not None:
        return width
    for child in module.modules():
        for name in ("in_features", "in_channels", "embedding_dim"):
            value = getattr(child, name, None)
            if type(value) is int and value > 3:
                return value
    return WIDTH


def head_of(module: nn.Module) -> int:
    """The width of one attention head."""
    config = _attribute(module, "config")
    for owner in (module, *module.children(), config):
        for name in _HEAD_NAMES:
            value = _attribute(owner, name)
            if type(value) is int and value > 1:
                return value
    heads, width = _attribute(config, "num_attention_heads"), _attribute(config, "hidden_size")
    return width // heads if type(heads) is int and type(width) is int and heads else HEAD


def _attribute(owner: Any, name: str) -> Any:
    """An attribute of an object of the user's, whose properties may raise anything; None if there is none."""
    try:
        return getattr(owner, name, None)
    except Exception:
        return None


def _configurations(module: nn.Module) -> list[Any]:
    found = (_attribute(module, "config"), _attribute(module, "cfg"))
    return [value for value in found if hasattr(value, "__dict__")]


def image_of(module: nn.Module, built_with: Mapping[str, int]) -> tuple[int, int]:
    """The height and the width of the images that a model is made for, where it or what it is made of says so."""
    for owner in (built_with, *_attributes(module, *module.children())):
        for name in IMAGE_SIZES:
            value = owner.get(name)
            sides = (value[0], value[-1]) if isinstance(value, (tuple, list)) and value else (value, value)
            if all(type(side) is int and side > 16 for side in sides):
                return sides
    return IMAGE, IMAGE


def mels_of(module: nn.Module, built_with: Mapping[str, int]) -> int:
    """How many bins the spectra have that a model is made for."""
    return _first_size(_MELS_NAMES, (built_with, *_attributes(module, *module.children()))) or MELS


def _attributes(*modules: nn.Module) -> list[Mapping[str, Any]]:
    """Those of each module, and of its configuration."""
    return [vars(owner) for module in modules for owner in (module, *_configurations(module))]


def _size_called(names: Sequence[str], module: nn.Module, built_with: Mapping[str, int]) -> int | None:
    """The first size of one of these names that a module, its constructor or its configuration has."""
    own, *configured = _attributes(module)
    return _first_size(names, (own, built_with, *configured))


def _first_size(names: Sequence[str], owners: Iterable[Mapping[str, Any]]) -> int | None:
    for owner in owners:
        for name in names:
            if type(value := owner.get(name)) is int and value > 1:
                return value
    return None


def as_call(parameters: dict[str, inspect.Parameter], arguments: Arguments) -> tuple[list[Value], Arguments]:
    """The arguments by place as far as they follow each other from the first, the others by name."""
    positional: list[Value] = []
    rest = dict(arguments)
    for name, parameter in parameters.items():
        if name not in rest or parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
            break
        positional.append(rest.pop(name))
    return positional, rest
