"""Modules whose source tells how many axes their arguments have, or what these hold: one for each rule."""

import torch
import torch.nn.functional as F
from torch import nn


class PerChannel(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, dim, 1, 1))

    def forward(self, x):
        return x * self.scale


class Reshaped(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        scale = self.scale.reshape(1, -1, 1, 1)
        return x * scale


class LastAxis(nn.Module):
    def forward(self, t):
        return F.normalize(t, dim=-1)


class Boxes(nn.Module):
    def forward(self, corners):
        return (corners[..., 2] - corners[..., 0]) * (corners[..., 3] - corners[..., 1])


class Deviation(nn.Module):
    def forward(self, x):
        return torch.var(x, dim=3, keepdim=True) * x


class OverTheMap(nn.Module):
    def forward(self, x):
        return x - x.mean(dim=(2, 3), keepdim=True)


class OnACondition(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.layer = nn.Linear(dim, dim)

    def forward(self, x):
        if x.dim() == 5:
            x = x.mean(dim=4)
        return self.layer(x)


class Spread(nn.Module):
    def forward(self, tokens):
        *_, length, dim = tokens.shape[-3:]
        return tokens.transpose(-1, -2) @ tokens / (length * dim)


class Located(nn.Module):
    def __init__(self, dim, side=32):
        super().__init__()
        self.project = nn.Linear(48, dim)
        self.table = nn.Parameter(torch.zeros(2, side, dim))

    def forward(self, pixel_values, position_ids, padding):
        places = position_ids.clamp(min=0)
        found = F.embedding(places[..., 0], self.table[0]) + F.embedding(places[..., 1], self.table[1])
        return self.project(2 * (pixel_values - 0.5)) + torch.where(padding.unsqueeze(-1), 0.0, found)


def normalized(t, dim):
    return t / t.norm(dim=dim, keepdim=True)


class AlongAnAttribute(nn.Module):
    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, t):
        return normalized(t, dim=self.dim)


def scaled(x, dim):
    return x * dim**-0.5


class ByAWidth(nn.Module):
    def forward(self, x):
        return scaled(x, dim=512)


class LongKernel(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.layer = nn.Conv1d(dim, dim, 100)

    def forward(self, x):
        return self.layer(x)


class Unpacks(nn.Module):
    def forward(self, inputs: dict[str, torch.Tensor]):
        first = next(iter(inputs.values()))
        b, n, device, half = *first.shape, first.device, 0.5
        return first * torch.full((b, n), half, device=device)
