"""A configuration that is made up lacks an attribute that another function reads."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


def heads_of(config):
    return getattr(config, "num_" + "heads")


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.fc = nn.Linear(config.dim, config.dim)
        self.heads = heads_of(config)


GIVEN = {"config": Written("__import__('types').SimpleNamespace(dim=64)")}
PROPOSES = [
    "Net(config=__import__('types').SimpleNamespace(dim=64, num_heads=4))",
]
