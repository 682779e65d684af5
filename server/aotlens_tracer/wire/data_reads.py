"""The problems of calls that need the values of tensors. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass

from .json_codec import Tagged


@dataclass(frozen=True)
class ReadsData(Tagged):
    """The value of a tensor is needed, which fake tensors lack. `operation` is torch's text for the operator."""

    operation: str


@dataclass(frozen=True)
class DataDependentSize(Tagged):
    """The values of a tensor decide the size of a result. `operation` is torch's text for the operator."""

    operation: str
