"""A decoder from transformers, with labels: its output is a dataclass that holds the loss."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

CONFIG = LlamaConfig(
    vocab_size=128,
    hidden_size=64,
    intermediate_size=160,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    use_cache=False,
)
TOKENS = torch.zeros(2, 16, dtype=torch.long)


# aotlens: DecoderForCausalLM(CONFIG)(input_ids=TOKENS, labels=TOKENS)
class DecoderForCausalLM(LlamaForCausalLM):
    """Three layers, as they come."""
