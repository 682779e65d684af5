"""A tagger of sequences: characters by a convolution, words by an LSTM."""

import torch
import torch.nn.functional as F
from torch import nn


class CharEncoder(nn.Module):
    def __init__(self, num_chars=100, char_dim=16, out_channels=24):
        super().__init__()
        self.embed = nn.Embedding(num_chars, char_dim)
        self.conv = nn.Conv1d(char_dim, out_channels, kernel_size=3, padding=1)

    def forward(self, chars):
        batch, words, length = chars.shape
        x = self.embed(chars.view(batch * words, length))
        x = self.conv(x.transpose(1, 2))
        x = x.max(dim=-1).values
        return x.view(batch, words, -1)


# aotlens: Tagger()(torch.randint(1000, (4, 12)), torch.randint(100, (4, 12, 8)))
class Tagger(nn.Module):
    def __init__(self, vocab_size=1000, num_tags=17, word_dim=40, char_channels=24, hidden_dim=48):
        super().__init__()
        self.words = nn.Embedding(vocab_size, word_dim)
        self.chars = CharEncoder(out_channels=char_channels)
        self.lstm = nn.LSTM(word_dim + char_channels, hidden_dim, num_layers=2, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(2 * hidden_dim)
        self.attn = nn.Linear(2 * hidden_dim, 1)
        self.tags = nn.Linear(2 * hidden_dim, num_tags)
        self.transitions = nn.Parameter(torch.zeros(num_tags, num_tags))

    def forward(self, words, chars):
        embedded = torch.cat([self.words(words), self.chars(chars)], dim=-1)
        output, (hidden, _) = self.lstm(embedded)
        output = self.norm(output)
        weights = F.softmax(self.attn(output), dim=1)
        sentence = (weights * output).sum(dim=1)
        scores = self.tags(output)
        scores = scores + scores.softmax(-1) @ self.transitions
        return {"scores": scores, "sentence": sentence, "state": hidden[-1]}
