import torch
from torch.utils.data import Dataset


class Pairs(Dataset):
    """Pairs of sentences, as ids of tokens."""

    def __init__(self, size: int = 64, length: int = 32, vocab_size: int = 512, num_labels: int = 3) -> None:
        generator = torch.Generator().manual_seed(0)
        self.ids = torch.randint(5, vocab_size, (size, length), generator=generator)
        self.labels = torch.randint(0, num_labels, (size,), generator=generator)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        ids = self.ids[index]
        return {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "token_type_ids": (torch.arange(len(ids)) >= len(ids) // 2).long(),
            "labels": self.labels[index],
        }
