"""Failures inside of the code of another package, for a size that the user gave."""

from torch import nn
from transformers.models.llama import LlamaConfig, LlamaModel


# aotlens: Narrowed()(torch.randint(100, (2, 16)))
class Narrowed(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1}
        config = LlamaConfig(vocab_size=100, num_attention_heads=4, num_key_value_heads=2, **sizes)
        self.model = LlamaModel(config)
        self.model.layers[0].mlp.gate_proj = nn.Linear(64, 96, bias=False)

    def forward(self, ids):
        return self.model(ids).last_hidden_state  # fails
