"""A U-Net for diffusion, with the embedding of a time step."""

import math

import torch
import torch.nn.functional as F
from torch import nn


class TimeEmbedding(nn.Module):
    def __init__(self, dim, time_dim):
        super().__init__()
        self.dim = dim
        self.proj = nn.Sequential(nn.Linear(dim, time_dim), nn.SiLU(), nn.Linear(time_dim, time_dim))

    def forward(self, t):
        half = self.dim // 2
        freqs = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / half)
        args = t[:, None].float() * freqs[None]
        emb = torch.cat([args.cos(), args.sin()], dim=-1)
        return self.proj(emb)


class DoubleConv(nn.Module):
    def __init__(self, in_channels, out_channels, time_dim):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.norm1 = nn.GroupNorm(8, out_channels)
        self.time = nn.Linear(time_dim, out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = nn.GroupNorm(8, out_channels)
        self.skip = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else nn.Identity()

    def forward(self, x, temb):
        h = F.silu(self.norm1(self.conv1(x)))
        h = h + self.time(temb)[:, :, None, None]
        h = self.norm2(self.conv2(h))
        return F.silu(h + self.skip(x))


class Up(nn.Module):
    def __init__(self, in_channels, out_channels, time_dim):
        super().__init__()
        self.up = nn.ConvTranspose2d(in_channels, out_channels, 2, stride=2)
        self.conv = DoubleConv(2 * out_channels, out_channels, time_dim)

    def forward(self, x, skip, temb):
        x = self.up(x)
        x = torch.cat([skip, x], dim=1)
        return self.conv(x, temb)


# aotlens: UNet()(torch.randn(2, 3, 32, 32), torch.randint(1000, (2,)))
class UNet(nn.Module):
    def __init__(self, in_channels=3, base=16, time_dim=64):
        super().__init__()
        self.time = TimeEmbedding(base, time_dim)
        self.inc = DoubleConv(in_channels, base, time_dim)
        self.down1 = DoubleConv(base, 2 * base, time_dim)
        self.down2 = DoubleConv(2 * base, 4 * base, time_dim)
        self.up1 = Up(4 * base, 2 * base, time_dim)
        self.up2 = Up(2 * base, base, time_dim)
        self.out = nn.Conv2d(base, in_channels, 1)

    def forward(self, x, t):
        temb = self.time(t)
        x1 = self.inc(x, temb)
        x2 = self.down1(F.max_pool2d(x1, 2), temb)
        x3 = self.down2(F.max_pool2d(x2, 2), temb)
        h = self.up1(x3, x2, temb)
        h = self.up2(h, x1, temb)
        return self.out(h)
