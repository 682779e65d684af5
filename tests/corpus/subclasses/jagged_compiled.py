"""Jagged nested tensors that torch.compile handles better than an export: it may run code between two graphs."""

import jagged as plain
import torch


# aotlens: Between()(plain.jagged())
class Between(plain.Contiguous):
    """Attention runs between two graphs, in eager."""


# aotlens: Inside()(torch.randn(10, 8), torch.tensor([0, 2, 7, 10]))
class Inside(plain.Layer):
    """The call makes a jagged tensor of plain ones."""

    def forward(self, values, offsets):
        return self.fc(torch.nested.nested_tensor_from_jagged(values, offsets)).values()
