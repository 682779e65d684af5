"""Decoders on a mesh of eight ranks: one of torchtitan's style, and one of transformers."""

import torch
from titan import Decoder, FeedForward, on_both, sequence_parallel, tensor_parallel
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import Replicate, Shard, distribute_tensor
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
from transformers import LlamaConfig, LlamaForCausalLM


def whole():
    return init_device_mesh("cpu", (8,), mesh_dim_names=("tp",))


def both():
    return init_device_mesh("cpu", (2, 4), mesh_dim_names=("dp", "tp"))


# aotlens: OnSubmesh()(torch.randint(64, (2, 16))); mesh(dp=2, tp=4)
class OnSubmesh(Decoder):
    """Sequence parallel on one dimension of two."""

    def __init__(self):
        super().__init__()
        sequence_parallel(self, both()["tp"])


# aotlens: TensorParallel()(torch.randint(64, (2, 16))); mesh(tp=8)
class TensorParallel(Decoder):
    def __init__(self):
        super().__init__(layers=1)
        tensor_parallel(self, whole())


# aotlens: OnBoth()(tokens()); mesh(dp=2, tp=4)
class OnBoth(nn.Module):
    """DTensors on both dimensions: the gradients of the weights are sums over `dp`, and much is redistributed.

    There is no residual connection: the hooks that CommDebugMode puts on modules let autograd add up the gradients of
    `h` in another order, and DTensor then redistributes another one of them.
    """

    def __init__(self):
        super().__init__()
        self.tok_embeddings = nn.Embedding(64, 32)
        self.feed_forward = FeedForward(32, 64)
        self.norm = nn.RMSNorm(32)
        self.output = nn.Linear(32, 64, bias=False)
        on_both(self, both())

    def forward(self, tokens):
        h = self.tok_embeddings(tokens)
        return self.output(self.norm(self.feed_forward(h)))


def tokens():
    return distribute_tensor(torch.randint(64, (4, 16)), both(), [Shard(0), Replicate()])


# aotlens: Llama()(torch.randint(64, (2, 16))); mesh(dp=2, tp=4)
class Llama(LlamaForCausalLM):
    """A model of transformers under a plan of tensor parallelism."""

    def __init__(self):
        config = LlamaConfig(
            vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
            num_key_value_heads=4, max_position_embeddings=32, use_cache=False, attn_implementation="sdpa",
        )  # fmt: skip
        super().__init__(config)
        plan = {
            "model.layers.*.self_attn.[qkv]_proj": ColwiseParallel(),
            "model.layers.*.self_attn.o_proj": RowwiseParallel(),
            "model.layers.*.mlp.gate_proj": ColwiseParallel(),
            "model.layers.*.mlp.up_proj": ColwiseParallel(),
            "model.layers.*.mlp.down_proj": RowwiseParallel(),
            "lm_head": ColwiseParallel(output_layouts=Replicate()),
        }
        parallelize_module(self, both()["tp"], plan)
