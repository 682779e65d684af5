"""A layer around another one, passed on as one of `**kwargs`, whose kind a function of another class checks."""

from __future__ import annotations

from torch import nn

from aotlens_tracer.examples.inferred.values import Written


def widths_of(layer):
    if isinstance(layer, nn.Linear):
        return layer.in_features, layer.out_features
    if isinstance(layer, (nn.Conv1d, nn.Conv2d)):
        return layer.in_channels, layer.out_channels
    return None


class Adapter:
    def __init__(self, base_layer):
        self.base_layer = base_layer
        widths = widths_of(self.base_layer)
        if widths is None:
            raise TypeError(f"Unsupported layer type {type(base_layer)}")
        self.down = nn.Linear(widths[0], 4)


class Base(nn.Module, Adapter):
    def __init__(self, base_layer, rank):
        nn.Module.__init__(self)
        Adapter.__init__(self, base_layer)
        self.rank = rank


class Net(Base):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


GIVEN = {"base_layer": Written("torch.nn.Identity()"), "rank": Written("4")}
PROPOSES = [
    "Net(base_layer=torch.nn.Linear(64, 64), rank=4)",
    "Net(base_layer=torch.nn.Conv1d(in_channels=64, out_channels=64, kernel_size=3), rank=4)",
    "Net(base_layer=torch.nn.Conv2d(64, 64, 3, padding=1), rank=4)",
]
