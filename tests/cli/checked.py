"""A small project with a finding of each kind that `aotlens check` tells apart."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "layers.py": """\
import torch
from torch import nn


# aotlens: Gate(4)(torch.randn(2, 4))
class Gate(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.fc = nn.Linear(n, n)
        self.unused = nn.Parameter(torch.ones(n))

    def forward(self, x):
        return self.fc(x).sigmoid() * x
""",
    "model.py": """\
import torch
from layers import Gate
from torch import nn


# aotlens: Net(4)(torch.randn(2, 4))
class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.gate = Gate(n)
        self.scale = nn.Parameter(torch.ones(n))  # aotlens: ignore[parameter-without-gradient]
        self.head = nn.Linear(n, 1)  # aotlens: ignore[graph-break]

    def forward(self, x):
        return self.head(self.gate(x))
""",
    "odd.py": """\
from torch import nn


class Odd(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.fc = nn.Linear(settings.load("width.txt").width, 2)

    def forward(self, batch):
        return self.fc(batch.tokens.embedding)
""",
    "broken.py": """\
import torch
from torch import nn


# aotlens: Wrong()(torch.randn(2, 4))
class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 2)

    def forward(self, x):
        return self.fc(x)
""",
    "mixin.py": """\
class Frozen:
    def forward(self, x):
        return super().forward(x).detach()
""",
    "latin.py": "# -*- coding: utf-8 -*-\nname = 'M\xfcller'\n",
    "tests/test_model.py": """\
from torch import nn


class InTest(nn.Module):
    def forward(self, x):
        return x
""",
}


def write_project(folder: Path) -> Path:
    """Write the project into a folder."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))
    return folder
