"""A configuration is a dictionary, of which the constructor and `forward` read keys."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


class Net(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        stages = config["stages"]
        self.first = nn.Linear(config["dim"], stages[2])
        if self.config["kind"] == "fast":
            self.out = nn.Linear(stages[2], config["head"]["classes"])

    def forward(self, x):
        return self.first(x) * self.config["scale"]


GIVEN = {"config": Written("{}")}
PROPOSES = [
    "Net(config={'stages': [64, 64, 64], 'dim': 64, 'kind': 'fast', 'head': {}, 'scale': 2})",
]
