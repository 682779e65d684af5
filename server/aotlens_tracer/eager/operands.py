"""Operands: the values that an operation is given, each with the user's name for it and its origin."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..examples.evaluate import BuiltExample
from ..graph.birthplaces import Birthplaces
from ..graph.labels import argument_labels, brief
from ..graph.stack_traces import source_text
from ..torch_private import pytree
from ..values.dimensions import Dimensions
from ..wire.descriptor_map import Span
from ..wire.operands import Operand, OperandRole
from .call_recorder import CallRecorder
from .calls import Site
from .made_in_code import assignment_of, with_conversions
from .written_names import arguments_in, named_values, viewed_in

MOST_OPERANDS = 12
"""The number of operands that are kept of one operation."""


@dataclass(frozen=True)
class _Origin:
    role: OperandRole
    name: str | None = None
    span: Span | None = None
    made_by: str | None = None
    layer: str | None = None
    converted_at: Span | None = None


class Operands:
    """Names and origins of the values that an operation at `site` is given."""

    def __init__(
        self,
        example: BuiltExample,
        recorder: CallRecorder,
        birthplaces: Birthplaces,
        site: Site,
        dimensions: Dimensions | None = None,
    ) -> None:
        self._dimensions = dimensions
        self._root = example.module
        self._recorder = recorder
        self._birthplaces = birthplaces
        self._arguments: dict[int, str] = {}
        with contextlib.suppress(Exception):  # a class of the user's that pytree cannot flatten
            labels = argument_labels(example.function, example.args, example.kwargs)
            leaves = pytree.tree_leaves((example.args, example.kwargs))
            self._arguments = {id(leaf): label for label, leaf in reversed(list(zip(labels, leaves)))}
        here = site.innermost
        named = named_values(here.frame, here.span.line) if here.frame is not None and here.span is not None else []
        self._values = dict(named)
        self._named = [value for _, value in named if tensors_in(value)]
        self._written = _written(here, named)
        self._site = site

    def name_arguments(self, arguments: Sequence[Any]) -> None:
        """Name the arguments of a call as the failing expression writes them, if it calls the function itself."""
        here = self._site.innermost
        is_direct = self._site.through in (None, here.frame.f_globals.get("__name__") if here.frame else None)
        text = source_text(here.span) if here.span is not None and is_direct and here.layer is None else None
        written = arguments_in(text) if text is not None else []
        if len(written) == len(arguments) - 1:  # a method: what it belongs to is not written among the arguments
            arguments = arguments[1:]
        for name, value in zip(written, arguments) if len(written) == len(arguments) else ():
            if isinstance(value, torch.Tensor):
                self._written.setdefault(id(value), name)

    def among(self, values: Sequence[Any]) -> list[Any]:
        """Return the values that are operands, each once: those that are tensors or hold tensors.

        A value that the failing layer has made itself is replaced by what the layer was given.
        """
        found: dict[int, Any] = {}
        for value in values:
            for each in self._given() if self._is_internal(value) else [value]:
                if tensors_in(each):
                    found.setdefault(id(each), each)
        return list(found.values())[:MOST_OPERANDS]

    def of(self, values: Sequence[Any], culprit: torch.Tensor | None = None) -> tuple[Operand, ...]:
        """Return operands with their names and origins."""
        return tuple(self._operand(each, each is culprit) for each in values)

    def _given(self) -> list[Any]:
        """Return what the failing layer was given, or what the user's line names if the layer kept nothing of that."""
        given = [value for value in self._site.innermost.inputs if tensors_in(value) and not self._is_internal(value)]
        return given or self._named

    def _is_internal(self, value: Any) -> bool:
        """Whether the failing layer or function has made a value in the call that fails."""
        if self._site.span is None or id(value) in self._written or not tensors_in(value):
            return False
        made = self._recorder.site_that_made(tensors_in(value)[0])
        if made is None or made.through is None:
            return False
        if (here := self._site.inner) is not None:
            return made.inner is not None and (made.inner.layer, made.inner.span) == (here.layer, here.span)
        return made.layer is self._site.layer and made.span == self._site.span

    def name_of_layer(self, layer: nn.Module) -> str | None:
        """Return the FQN of a layer; None if it is not part of the module that is called, or is that module."""
        if self._root is None:
            return None
        return next((name for name, module in self._root.named_modules() if module is layer and name), None)

    def _operand(self, value: Any, is_culprit: bool) -> Operand:
        tensor = value if isinstance(value, torch.Tensor) else None
        origin = self._origin(value if tensor is not None else tensors_in(value)[0])
        if tensor is None and origin.role in ("parameter", "buffer"):
            origin = _Origin("other")
        here = self._site.innermost
        is_same_call = origin.role == "result" and origin.span is not None and origin.span == here.span
        inline = self._inline(tensor)
        name = self._written.get(id(value)) or inline
        name = name or ("" if is_same_call and origin.layer else origin.name)
        return Operand(
            name or "",
            brief(value),
            str(tensor.dtype).removeprefix("torch.") if tensor is not None else None,
            tuple(size if isinstance(size, int) else str(size) for size in tensor.shape)
            if tensor is not None
            else None,
            str(tensor.device) if tensor is not None else None,
            tensor.requires_grad if tensor is not None else None,
            origin.role,
            origin.name,
            origin.span,
            origin.made_by,
            origin.layer,
            is_culprit,
            self._dimensions.sizes_of(tensor) if self._dimensions is not None and tensor is not None else (),
            viewed_in(inline) if inline is not None else None,
            source_text(origin.converted_at) if origin.converted_at is not None else None,
            origin.converted_at,
        )

    def _origin(self, tensor: torch.Tensor) -> _Origin:
        if (label := self._arguments.get(id(tensor))) is not None:
            return _Origin("argument", label)
        if self._root is not None and (known := self._state(self._root, tensor)) is not None:
            return known
        site = self._site_of(tensor)
        if site is None:
            return self._attribute(tensor) or _Origin("other")
        layer = self.name_of_layer(site.layer) if site.layer is not None else None
        text = source_text(site.span) if site.span is not None else None
        viewed = self._values.get(viewed_in(text) or "") if text is not None and self._is_here(site) else None
        if isinstance(viewed, torch.Tensor) and viewed is not tensor:
            return self._origin(viewed)
        return _Origin("result", text, site.span, None, layer) if text or layer else _Origin("other")

    def _site_of(self, tensor: torch.Tensor) -> Site | None:
        """Return the place of the call that made a tensor: inside of another package only if the failure is there."""
        site = self._recorder.site_that_made(tensor)
        return site.innermost if site is not None and self._site.inner is not None else site

    def _inline(self, tensor: torch.Tensor | None) -> str | None:
        """Return the part or view of a tensor that the failing line takes."""
        site = self._site_of(tensor) if tensor is not None else None
        if site is None or site.span is None or not self._is_here(site):
            return None
        text = source_text(site.span)
        return text if text is not None and viewed_in(text) in self._values else None

    def _is_here(self, site: Site) -> bool:
        """Whether a place is in the line that fails: names mean there what they mean now."""
        here, span = self._site.innermost, site.span
        if here.frame is not site.frame or here.span is None or span is None:
            return False
        return here.span.line <= span.line <= (here.span.end_line or here.span.line)

    def _attribute(self, tensor: torch.Tensor) -> _Origin | None:
        """Return the path of a plain attribute of a module that is a tensor, and the place that sets it."""
        for path, module in self._root.named_modules() if self._root is not None else ():
            name = next((name for name, value in vars(module).items() if value is tensor), None)
            if name is not None:
                span = assignment_of(module, name)
                made_by = source_text(span) if span is not None else None
                return _Origin("attribute", f"{path}.{name}" if path else name, span, made_by)
        return None

    def _state(self, root: nn.Module, tensor: torch.Tensor) -> _Origin | None:
        roles: tuple[tuple[OperandRole, Any], ...] = (
            ("parameter", root.named_parameters()),
            ("buffer", root.named_buffers()),
        )
        for role, named in roles:
            name = next((name for name, own in named if own is tensor), None)
            if name is not None:
                span = self._birthplaces.of_tensor(root, name)
                whole = with_conversions(span) if span is not None else None
                converted_at = self._birthplaces.conversions.of_tensor(root, name)
                return _Origin(
                    role,
                    name,
                    span,
                    source_text(whole) if whole is not None else None,
                    converted_at=converted_at if converted_at != whole else None,
                )
        return None


def tensors_in(value: Any) -> list[torch.Tensor]:
    """Return a tensor, or those that a list, tuple or dict holds."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (list, tuple, dict)):
        return [leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor)]
    return []


def _written(site: Site, named: list[tuple[str, Any]]) -> dict[int, str]:
    """Return how the user's line writes values, by id; that of a layer's parameter is `self.fc2.weight`."""
    found: dict[int, str] = {}
    for name, value in named:
        found.setdefault(id(value), name)
    for name, value in named:
        if isinstance(value, nn.Module) and name != "self":
            for own, tensor in (*value.named_parameters(), *value.named_buffers()):
                found.setdefault(id(tensor), f"{name}.{own}")
    for name, value in site.frame.f_locals.items() if site.frame is not None else ():
        if tensors_in(value):
            found.setdefault(id(value), name)
    return found
