"""An argument in a notation of the project, which its own docstring shows."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Layout(tuple):
    """Parts of a feature.

    >>> Layout("8a + 4b")
    """

    def __new__(cls, layout):
        return super().__new__(cls, [int(part.strip()[:-1]) for part in layout.split("+")])


class Net(nn.Module):
    def __init__(self, layout_in, layout_out):
        super().__init__()
        self.fc = nn.Linear(sum(Layout(layout_in)), sum(Layout(layout_out)))


GIVEN = {"layout_in": Written("64"), "layout_out": Written("64")}
PROPOSES = [
    "Net(layout_in='8a + 4b', layout_out='8a + 4b')",
]
