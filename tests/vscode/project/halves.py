"""A model that torch.compile runs as two graphs: it prints between its halves."""

import torch
from torch import Tensor, nn


# aotlens: Halves()(torch.randn(2, 8))
class Halves(nn.Module):
    """Up, a line of output, and down again."""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(8, 16)
        self.down = nn.Linear(16, 8)
        self.register_buffer("shift", torch.zeros(8))

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.up(x)
        print("halfway")
        return self.down(hidden.relu()) + self.shift


if __name__ == "__main__":
    torch.compile(Halves(), backend="aot_eager")(torch.randn(4, 8)).sum().backward()
