"""Lines with characters of several units, findings, and a second model with an `Expert` in it."""

import torch
from torch import nn

from .closed import Gate
from .parts import Expert


# aotlens: Runes(4)(torch.ones(3, 4), torch.ones(3, 4))
class Runes(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.runes = nn.ModuleDict({"𝕏": nn.Linear(width, width), "é": Expert(width)})
        self.title, self.unused = "𝔘𝔫𝔲𝔰𝔢𝔡 ✗", nn.Parameter(torch.ones(width))
        self.quiet = nn.Parameter(torch.ones(width))  # aotlens: ignore[parameter-without-gradient]
        self.gates = nn.ModuleList(Gate(width) for _ in range(2))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x, shift):
        both = {"𝕏": self.runes["𝕏"](x), "é": self.runes["é"](x, 0.5)}
        shift.add_(1)
        for gate in self.gates:
            both["𝕏"] = both["𝕏"] + gate(both["𝕏"])
        if self.title == "𝔘𝔫𝔲𝔰𝔢𝔡 ✗":
            self.count.add_(1)
        return both["𝕏"] + shift, both["é"].sum()
