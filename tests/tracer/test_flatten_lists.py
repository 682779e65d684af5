"""The places of the names of pieces in the code of tensor subclasses."""

from __future__ import annotations

import linecache

import pytest
import torch
from torch.distributed.tensor import DTensor
from torch.nested._internal.nested_tensor import NestedTensor
from torch.testing._internal.two_tensor import TwoTensor

from aotlens_tracer.graph.flatten_lists import listed_at
from aotlens_tracer.graph.flatten_protocol import place_of_class


class Listed(torch.Tensor):
    """A class that keeps the names in a list of its own, as torchao's do."""

    data_names = ("plain", "größe")

    def __tensor_flatten__(self):
        return self.data_names, {"block": self.block}


class Inherits(Listed):
    """A class without a list of its own."""


def told(kind: type, name: str) -> str | None:
    span = listed_at(kind, name)
    if span is None:
        return None
    assert span.end_line == span.line and span.column is not None and span.end_column is not None
    return linecache.getline(span.path, span.line)[span.column - 1 : span.end_column - 1]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (TwoTensor, "b"),
        (DTensor, "_local_tensor"),
        (DTensor, "device_mesh"),
        (NestedTensor, "_offsets"),
        (NestedTensor, "_lengths"),
        (Listed, "größe"),
        (Inherits, "plain"),
    ],
)
def test_the_name_of_a_piece_is_found_in_the_code_of_the_class(kind: type, name: str) -> None:
    assert told(kind, name) == f'"{name}"'


def test_other_strings_of_the_method_are_no_names_of_pieces() -> None:
    assert listed_at(Listed, "block") is None
    assert listed_at(torch.Tensor, "data") is None


def test_a_class_whose_module_is_another_one_is_found_in_its_file() -> None:
    place = place_of_class(DTensor)
    assert place is not None
    assert linecache.getline(place.path, place.line).startswith("class DTensor")
