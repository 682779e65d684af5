"""Models of installed packages whose memory after the call is measured."""

import importlib.util
import sys
from unittest.mock import MagicMock

if (
    "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None
):  # vit-pytorch imports it for other models than these
    for name in ("torchvision", "torchvision.models", "torchvision.transforms"):
        sys.modules[name] = MagicMock(__spec__=None)

from torch import nn
from transformers import BertConfig, BertModel, GPT2Config, GPT2Model, LlamaConfig, LlamaModel
from vit_pytorch.cait import CaiT
from vit_pytorch.vit import ViT


# aotlens: Vision()(torch.randn(2, 3, 32, 32))
class Vision(ViT):
    """Its head reads the first of all tokens."""

    def __init__(self):
        super().__init__(image_size=32, patch_size=8, num_classes=10, dim=32, depth=2, heads=4, mlp_dim=64, dropout=0.1)


# aotlens: Classes()(torch.randn(2, 3, 32, 32))
class Classes(CaiT):
    def __init__(self):
        super().__init__(
            image_size=32, patch_size=8, num_classes=10, dim=32, depth=2, cls_depth=1, heads=4, mlp_dim=64, dropout=0.1
        )


# aotlens: Gpt()(torch.randint(50, (2, 12)))
class Gpt(nn.Module):
    """A small GPT-2 with a head that reads the last token."""

    def __init__(self):
        super().__init__()
        self.model = GPT2Model(GPT2Config(vocab_size=50, n_positions=16, n_embd=32, n_layer=2, n_head=4))
        self.head = nn.Linear(32, 3)

    def forward(self, ids):
        return self.head(self.model(ids, use_cache=False).last_hidden_state[:, -1])


# aotlens: Bert()(torch.randint(50, (2, 12)))
class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        config = BertConfig(
            vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
        )
        self.model = BertModel(config)

    def forward(self, ids):
        return self.model(ids).pooler_output


# aotlens: Llama()(torch.randint(50, (2, 12)))
class Llama(nn.Module):
    def __init__(self):
        super().__init__()
        config = LlamaConfig(
            vocab_size=50, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64
        )
        self.model = LlamaModel(config)

    def forward(self, ids):
        return self.model(ids, use_cache=False).last_hidden_state
