"""Modules with configurations that are not made by their defaults alone: one for each rule of the guesses."""

from dataclasses import dataclass, field

import torch
from torch import nn


@dataclass
class TextConfig:
    hidden_size: int = 96
    num_hidden_layers: int = 12
    layer_types: list | None = None

    def __post_init__(self):
        if self.layer_types is None:
            self.layer_types = ["full"] * self.num_hidden_layers
        if len(self.layer_types) != self.num_hidden_layers:
            raise ValueError("a type for each layer")


@dataclass
class WholeConfig:
    hidden_size: int = 32
    text_config: TextConfig = field(default_factory=lambda: TextConfig(hidden_size=32, num_hidden_layers=8))

    def __post_init__(self):
        if self.text_config.hidden_size != self.hidden_size:
            raise ValueError("both are of one width")


class OfParts(nn.Module):
    def __init__(self, config: WholeConfig):
        super().__init__()
        width, layers = config.text_config.hidden_size, config.text_config.num_hidden_layers
        self.layers = nn.Sequential(*(nn.Linear(width, width) for _ in range(layers)))

    def forward(self, x):
        return self.layers(x)


@dataclass
class PerLayerConfig:
    hidden_size: int = 32
    num_hidden_layers: int = 4
    wide_layers: tuple = (3,)

    def __post_init__(self):
        if max(self.wide_layers) >= self.num_hidden_layers:
            raise ValueError("no such layer")

    @property
    def head_dim(self):
        raise RuntimeError("each layer has its own")


class CannotBeCut(nn.Module):
    def __init__(self, config: PerLayerConfig):
        super().__init__()
        self.config = config
        self.layers = nn.Sequential(*(nn.Linear(32, 32) for _ in range(config.num_hidden_layers)))

    def forward(self, x):
        return self.layers(x)


class ReadsItsConfig(nn.Module):
    def __init__(self, dim, config: PerLayerConfig | None = None):
        super().__init__()
        self.config = config
        self.layer = nn.Linear(dim, dim)

    def forward(self, x):
        return self.layer(x) / self.config.num_hidden_layers


@dataclass
class EarConfig:
    num_mel_bins: int = 40
    hidden_size: int = 32


class Ear(nn.Module):
    def __init__(self, config: EarConfig):
        super().__init__()
        self.config = config
        self.layer = nn.Linear(config.num_mel_bins, config.hidden_size)

    def forward(self, input_features):
        return self.layer(input_features.transpose(1, 2))


class Listens(nn.Module):
    def __init__(self, ear: EarConfig):
        super().__init__()
        self.ear = Ear(ear)

    def forward(self, input_features):
        spectra = input_features.float().log()
        return self.ear(spectra)


@dataclass
class ScanConfig:
    image_size: list = field(default_factory=lambda: [96, 48])
    patch_size: int = 16


class Scans(nn.Module):
    def __init__(self, config: ScanConfig):
        super().__init__()
        self.config = config
        self.patches = nn.Conv2d(3, 32, config.patch_size, config.patch_size)

    def forward(self, pixel_values):
        if pixel_values.shape[-2:] != tuple(self.config.image_size):
            raise ValueError("images are of another size")
        return self.patches(pixel_values)


@dataclass
class OpenConfig:
    hidden_size: int = 32
    upscale: int = 2
    num_experts: int | None = None
    expert_size: int | None = None
    sizes: tuple = (32, 48)


class Routes(nn.Module):
    def __init__(self, config: OpenConfig):
        super().__init__()
        self.width = config.hidden_size
        self.inner = config.expert_size
        self.weight = nn.Parameter(torch.zeros(config.num_experts, self.width, 2 * self.inner))

    def forward(self, x):
        return torch.einsum("bnd,edf->bnf", x, self.weight)


class Enlarges(nn.Module):
    def __init__(self, config: OpenConfig):
        super().__init__()
        if config.upscale != 4:
            raise ValueError("it enlarges by 4 alone")
        self.layer = nn.Conv2d(config.hidden_size, config.upscale**2, 1)

    def forward(self, x):
        return self.layer(x)


class Widens(nn.Module):
    def __init__(self, config: OpenConfig):
        super().__init__()
        sizes = [config.hidden_size] + config.sizes  # noqa: RUF005  a tuple it refuses
        self.layer = nn.Linear(sizes[1], sizes[2])

    def forward(self, x):
        return self.layer(x)
