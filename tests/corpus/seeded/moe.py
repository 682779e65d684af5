"""A mixture of experts, with dense routing."""

import torch
import torch.nn.functional as F
from torch import nn


class Expert(nn.Module):
    def __init__(self, d_model, d_ff):
        super().__init__()
        self.w1 = nn.Linear(d_model, d_ff)
        self.w2 = nn.Linear(d_ff, d_model)
        self.w3 = nn.Linear(d_model, d_ff)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Router(nn.Module):
    def __init__(self, d_model, num_experts, top_k):
        super().__init__()
        self.top_k = top_k
        self.gate = nn.Linear(d_model, num_experts, bias=False)

    def forward(self, x):
        logits = self.gate(x)
        weights, indices = torch.topk(logits.softmax(dim=-1), self.top_k, dim=-1)
        weights = weights / weights.sum(dim=-1, keepdim=True)
        mask = F.one_hot(indices, logits.size(-1)).to(weights.dtype)
        combine = (mask * weights.unsqueeze(-1)).sum(dim=-2)
        return combine, logits


class MoELayer(nn.Module):
    def __init__(self, d_model, d_ff, num_experts=4, top_k=2):
        super().__init__()
        self.router = Router(d_model, num_experts, top_k)
        self.experts = nn.ModuleList([Expert(d_model, d_ff) for _ in range(num_experts)])
        self.shared = Expert(d_model, d_ff)

    def forward(self, x):
        combine, logits = self.router(x)
        outputs = torch.stack([expert(x) for expert in self.experts], dim=-1)
        mixed = torch.einsum("btde,bte->btd", outputs, combine)
        return mixed + self.shared(x), logits


# aotlens: MoEModel(vocab_size=300, d_model=32, d_ff=64)(torch.randint(300, (2, 20)))
class MoEModel(nn.Module):
    def __init__(self, vocab_size, d_model, d_ff, num_layers=2, num_experts=4):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, d_model)
        self.norms = nn.ModuleList([nn.LayerNorm(d_model) for _ in range(num_layers)])
        self.layers = nn.ModuleList([MoELayer(d_model, d_ff, num_experts) for _ in range(num_layers)])
        self.head = nn.Linear(d_model, vocab_size)

    def forward(self, tokens):
        x = self.embed(tokens)
        aux = []
        for norm, layer in zip(self.norms, self.layers):
            h, logits = layer(norm(x))
            x = x + h
            aux.append(logits.softmax(dim=-1).mean(dim=(0, 1)))
        balance = torch.stack(aux).pow(2).sum()
        return self.head(x), balance
