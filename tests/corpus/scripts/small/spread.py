"""The items of a batch that cannot be loaded are the arguments of the model's own forward."""

from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn


class Classifier(nn.Module):
    def __init__(self, vocab_size=100, hidden_size=32, num_labels=3):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, hidden_size)
        self.head = nn.Linear(hidden_size, num_labels)

    def forward(self, input_ids, attention_mask=None, labels=None):
        hidden = self.embed(input_ids)
        if attention_mask is not None:
            hidden = hidden * attention_mask[..., None]
        logits = self.head(hidden.mean(1))
        loss = F.cross_entropy(logits, labels) if labels is not None else None
        return SimpleNamespace(loss=loss, logits=logits)


def main():
    model = Classifier()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for batch in open("data.jsonl"):
        moved = {key: value.to("cpu") for key, value in batch.items()}
        outputs = model(**moved)
        outputs.loss.backward()
        optimizer.step()


class Trainer:
    def __init__(self):
        self.model = Classifier()

    def fit(self, batch):
        loss = self.model(**batch).loss
        loss.backward()


if __name__ == "__main__":
    main()
    Trainer().fit(next(open("data.jsonl")))
