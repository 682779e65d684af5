"""Vision transformers from vit-pytorch, whose `__init__` imports torchvision for other models than these."""

import importlib.util
import sys
from unittest.mock import MagicMock

if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
    for name in ("torchvision", "torchvision.models", "torchvision.transforms"):
        sys.modules[name] = MagicMock(__spec__=None)

from vit_pytorch.simple_vit import SimpleViT
from vit_pytorch.vit import ViT


# aotlens: Classifier()(torch.randn(2, 3, 32, 32))
class Classifier(ViT):
    """Small, with dropout."""

    def __init__(self) -> None:
        super().__init__(
            image_size=32, patch_size=8, num_classes=10, dim=64, depth=3, heads=4, mlp_dim=128, dropout=0.1
        )


# aotlens: Simple()(torch.randn(2, 3, 32, 32))
class Simple(SimpleViT):
    """Keeps its position embedding as a plain tensor attribute, which is a constant of the graph."""

    def __init__(self) -> None:
        super().__init__(image_size=32, patch_size=8, num_classes=10, dim=64, depth=2, heads=4, mlp_dim=128)
