"""The sizes that a module is made for, by its attributes, its constructor's arguments and its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from ..tables.size_names import (
    CHANNEL_LISTS,
    HEAD_NAMES,
    IMAGE_NAMES,
    LAYER_WIDTH_NAMES,
    MELS_NAMES,
    OF_INPUTS,
    VOCABULARY_NAMES,
    WIDTH_NAMES,
)
from ..tables.sizes import HEAD, IMAGE, MELS, VOCABULARY, WIDTH

_SMALLEST_IMAGE = 16


class BuiltWith(dict[str, int]):
    """The constructor's integers by name, and in `lists` its sequences of integers."""

    def __init__(self, sizes: Mapping[str, int], lists: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__(sizes)
        self.lists = lists


class ModelSizes:
    """The sizes of one module; usual ones if nothing says them. `built_with` has the constructor's integers by name."""

    def __init__(self, module: nn.Module, built_with: Mapping[str, int]) -> None:
        self._module = module
        self._built_with = built_with
        self.width = self._width()
        """Features of a token, or channels of a feature map."""
        self.head = self._head()
        """The width of one attention head."""
        self.image = self._image()
        """Height and width of images, in pixels."""
        self.vocabulary = self.called(VOCABULARY_NAMES) or VOCABULARY
        self.mels = _first(MELS_NAMES, (built_with, *_attributes(module, *module.children()))) or MELS
        """Frequency bins of spectra."""
        self.pyramid = _channels(built_with.lists) if isinstance(built_with, BuiltWith) else None
        """Channels of the feature maps of an encoder, from the finest on; None if the constructor has no such list."""

    def called(self, names: Sequence[str]) -> int | None:
        """The first size with one of these names; None if there is none."""
        own, *configured = _attributes(self._module)
        return _first(names, (own, self._built_with, *configured))

    def _width(self) -> int:
        if (width := self.called(WIDTH_NAMES)) is not None:
            return width
        for child in self._module.modules():
            for name in LAYER_WIDTH_NAMES:
                value = getattr(child, name, None)
                if type(value) is int and value > 3:
                    return value
        return WIDTH

    def _head(self) -> int:
        config = attribute(self._module, "config")
        for owner in (self._module, *self._module.children(), config):
            for name in HEAD_NAMES:
                value = attribute(owner, name)
                if type(value) is int and value > 1:
                    return value
        heads, width = attribute(config, "num_attention_heads"), attribute(config, "hidden_size")
        return width // heads if type(heads) is int and type(width) is int and heads else HEAD

    def _image(self) -> tuple[int, int]:
        for owner in (self._built_with, *_attributes(self._module, *self._module.children())):
            for name in IMAGE_NAMES:
                value: Any = owner.get(name)
                height, width = (value[0], value[-1]) if isinstance(value, (tuple, list)) and value else (value, value)
                if type(height) is int and type(width) is int and min(height, width) > _SMALLEST_IMAGE:
                    return height, width
        return IMAGE, IMAGE


def _channels(lists: Mapping[str, tuple[int, ...]]) -> tuple[int, ...] | None:
    """The first list of channels that comes in, else the first of channels."""
    named = [(name, sizes) for name, sizes in lists.items() if CHANNEL_LISTS.fullmatch(name.lower())]
    named.sort(key=lambda item: OF_INPUTS.match(item[0].lower()) is None)
    return named[0][1] if named else None


def attribute(owner: Any, name: str) -> Any:
    """An attribute of an object of the user's, whose properties may raise anything; None if there is none."""
    try:
        return getattr(owner, name, None)
    except Exception:
        return None


def _attributes(*modules: nn.Module) -> list[Mapping[str, Any]]:
    """The attributes of each module, and of its configurations."""
    return [vars(owner) for module in modules for owner in (module, *_configurations(module))]


def _configurations(module: nn.Module) -> list[Any]:
    found = (attribute(module, "config"), attribute(module, "cfg"))
    return [value for value in found if hasattr(value, "__dict__")]


def _first(names: Sequence[str], owners: Iterable[Mapping[str, Any]]) -> int | None:
    for owner in owners:
        for name in names:
            if type(value := owner.get(name)) is int and value > 1:
                return value
    return None
