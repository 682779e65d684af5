"""A user's models, made of packages that were not written for these tests."""

import torch
from pytorchcv.models.resnet import ResUnit
from torch import nn
from vit_pytorch.simple_vit import SimpleViT
from vit_pytorch.vit import ViT


# aotlens: Classifier()(torch.randn(2, 3, 32, 32))
class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = ViT(image_size=32, patch_size=8, num_classes=10, dim=64, depth=2, heads=4, mlp_dim=128, dropout=0.1)
        self.temperature = nn.Parameter(torch.ones(()))

    def forward(self, image):
        return self.body(image) / self.temperature


# aotlens: Unit()(torch.randn(1, 3, 16, 16))
class Unit(nn.Module):
    def __init__(self):
        super().__init__()
        self.unit = ResUnit(in_channels=3, out_channels=8, stride=2)

    def forward(self, image):
        return self.unit(image)


# aotlens: Simple()(torch.randn(1, 3, 16, 16))
class Simple(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = SimpleViT(image_size=16, patch_size=8, num_classes=5, dim=32, depth=2, heads=2, mlp_dim=64)

    def forward(self, image):
        return self.body(image)
