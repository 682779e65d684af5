"""The configuration of Llama 70B: 70.6 billion parameters, which nothing here has the memory for."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

SIZES = {
    "vocab_size": 128256,
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "use_cache": False,
}
CONFIG = LlamaConfig(num_hidden_layers=80, **SIZES)
PART = LlamaConfig(num_hidden_layers=8, **SIZES)
TOKENS = torch.zeros(1, 64, dtype=torch.long)


# aotlens: Llama70BForCausalLM(CONFIG)(input_ids=TOKENS, labels=TOKENS)
class Llama70BForCausalLM(LlamaForCausalLM):
    """Eighty layers, as they come."""


# aotlens: EightLayers(PART)(input_ids=TOKENS, labels=TOKENS)
class EightLayers(LlamaForCausalLM):
    """A tenth of the layers: 9 billion parameters."""
