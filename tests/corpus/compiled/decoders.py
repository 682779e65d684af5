"""Small transformers of the package of that name."""

import torch
from transformers import BertConfig, BertModel, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

LLAMA = LlamaConfig(
    vocab_size=64,
    hidden_size=16,
    intermediate_size=32,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    use_cache=False,
)
GPT2 = GPT2Config(vocab_size=64, n_positions=32, n_embd=16, n_layer=2, n_head=2, use_cache=False)
BERT = BertConfig(vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
TOKENS = torch.arange(10).view(2, 5)


# aotlens: TinyLlama(LLAMA)(input_ids=TOKENS, labels=TOKENS)
class TinyLlama(LlamaForCausalLM):
    """Two layers."""


# aotlens: TinyGPT2(GPT2)(input_ids=TOKENS, labels=TOKENS)
class TinyGPT2(GPT2LMHeadModel):
    """Two layers; the head is tied to the embedding."""


# aotlens: TinyBert(BERT)(input_ids=TOKENS)
class TinyBert(BertModel):
    """One layer."""
