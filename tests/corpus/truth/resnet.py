"""A convolutional network from pytorchcv, whose batch normalizations update their buffers."""

import torch
from pytorchcv.models.resnet import resnet18


# aotlens: Network()(torch.randn(2, 3, 224, 224))
class Network(torch.nn.Module):
    """ResNet-18, and what it says of an image."""

    def __init__(self) -> None:
        super().__init__()
        self.net = resnet18(pretrained=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.net(image)
