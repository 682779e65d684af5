import torch.nn.functional as F
from torch import nn


class Attention(nn.Module):
    def __init__(self, n_embd, n_head):
        super().__init__()
        self.n_head = n_head
        self.qkv = nn.Linear(n_embd, 3 * n_embd, bias=False)
        self.proj = nn.Linear(n_embd, n_embd, bias=False)

    def forward(self, x, mask=None):
        B, T, C = x.shape
        q, k, v = self.qkv(x).split(C, dim=2)
        q = q.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        k = k.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        v = v.view(B, T, self.n_head, C // self.n_head).transpose(1, 2)
        att = q @ k.transpose(-2, -1) * k.size(-1) ** -0.5
        if mask is not None:
            att = att.masked_fill(mask, float("-inf"))
        y = F.softmax(att, dim=-1) @ v
        y = y.transpose(1, 2).reshape(B, T, C)
        return self.proj(y)


class Block(nn.Module):
    def __init__(self, n_embd, n_head, hidden):
        super().__init__()
        self.attn = Attention(n_embd, n_head)
        self.up = nn.Linear(n_embd, hidden)
        self.gate = nn.Linear(n_embd, hidden)
        self.down = nn.Linear(hidden, n_embd)

    def forward(self, x):
        x = x + self.attn(x)
        a = self.up(x)
        g = F.silu(self.gate(x))
        return x + self.down(a * g)


# aotlens: GPT(1000, n_embd=64)(torch.randint(1000, (2, 16)))
class GPT(nn.Module):
    def __init__(self, vocab, n_embd):
        super().__init__()
        self.embed = nn.Embedding(vocab, n_embd)
        self.blocks = nn.ModuleList([Block(n_embd, 4, 256), Block(n_embd, 4, 128)])
        self.head = nn.Linear(n_embd, vocab, bias=False)

    def forward(self, ids):
        x = self.embed(ids)
        for block in self.blocks:
            x = block(x)
        return self.head(x)
