"""A decorator hides the signature, so that a required argument is left out."""

from __future__ import annotations

import functools

from torch import nn

from aotlens_tracer.examples.inferred.values import Tensor


def logged(function):
    @functools.wraps(function)
    def call(self, *args, **kwargs):
        return function(self, *args, **kwargs)

    return call


def inner(self, x, scale):
    return x * scale


class Net(nn.Module):
    def forward(self, x, scale=None, **options):
        return inner(self, x, **({} if scale is None else {"scale": scale}))


BUILT = "Net()"
GIVEN = {"x": Tensor((2, 16, 64))}
PROPOSES = [
    "Net()(torch.randn(2, 16, 64), torch.randn(2, 16, 64))",
]
