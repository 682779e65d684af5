"""Each expression of a call has its value, by instance and call."""

from __future__ import annotations

import pytest
import torch

from .recording import Recording, load, recorded

SOURCE = """\
import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up = nn.Linear(width, 2 * width)

    def forward(self, x, scale=None):
        rows, columns = x.shape
        h = self.up(x)
        if scale is not None:
            h = h * scale
        a, *rest = h.chunk(2, dim=-1)
        total = sum(each.sum() for each in [a, *rest])
        h[:, :columns] += 1
        return {"a": a, "total": total}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Block(3)
        self.second = Block(4)

    def forward(self, x, y):
        one = self.first(x)
        two, three = self.second(y), self.second(y, scale=2.0)
        return one["a"], two, three
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    module = load(tmp_path_factory.mktemp("values"), SOURCE)
    return recorded(module, lambda: (module.Net(), (torch.randn(2, 3), torch.randn(5, 4))))


def test_the_call_comes_to_its_end(recording: Recording) -> None:
    assert recording.error is None


def test_an_expression_has_the_values_of_all_instances(recording: Recording) -> None:
    assert recording.of("self.up(x)", 12) == ["f32[2, 6]", "f32[5, 8]"]
    assert recording.of("h", 12, "target") == ["f32[2, 6]", "f32[5, 8]"]
    assert recording.of("x", 10, "argument") == ["f32[2, 3]", "f32[5, 4]"]
    first, second = recording.recorded("self.up(x)", 12).seen
    calls = recording.values.calls
    assert [calls[index].module for index in first.calls] == ["first"]
    assert [(calls[index].module, calls[index].number) for index in second.calls] == [("second", 0), ("second", 1)]
    assert (first.times, second.times) == (1, 2)


def test_unpacked_names_have_values(recording: Recording) -> None:
    assert recording.of("a", 15, "target") == ["f32[2, 3]", "f32[5, 4]"]
    assert recording.of("rest", 15, "target") == ["list(0: f32[2, 3])", "list(0: f32[5, 4])"]
    assert recording.of("columns", 11, "target") == ["3", "4"]


def test_a_branch_is_run_by_some_instances(recording: Recording) -> None:
    assert recording.of("h * scale", 14) == ["f32[5, 8]"]
    assert not recording.values.files[0].skipped


def test_containers_show_their_items(recording: Recording) -> None:
    assert recording.of("self.first(x)", 28) == ["dict('a': f32[2, 3], 'total': f32[])"]
    assert recording.of("two", 29, "target") == ["dict('a': f32[5, 4], 'total': f32[])"]
