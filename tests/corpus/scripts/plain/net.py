"""A small convolutional network for 28 x 28 digits."""

import torch
import torch.nn.functional as F
from torch import nn


class ConvBlock(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)


class Net(nn.Module):
    def __init__(self, num_classes: int = 10, width: int = 16, dropout: float = 0.1) -> None:
        super().__init__()
        self.blocks = nn.Sequential(ConvBlock(1, width), ConvBlock(width, 2 * width))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width * 7 * 7, num_classes)
        # An auxiliary head that the training never calls.
        self.rotation_head = nn.Linear(2 * width * 7 * 7, 4)

    def features(self, x):
        return torch.flatten(self.blocks(x), 1)

    def forward(self, x):
        return self.head(self.dropout(self.features(x)))
