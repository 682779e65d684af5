import torch
from torch.utils.data import DataLoader, Dataset


class Digits(Dataset):
    """Noisy digits: the class decides which rows are bright."""

    def __init__(self, size: int, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(0, 10, (size,), generator=generator)
        self.images = 0.1 * torch.randn(size, 1, 28, 28, generator=generator)
        for image, label in zip(self.images, self.labels):
            image[:, 2 * label : 2 * label + 4] += 1.0

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index], self.labels[index]


def make_loaders(batch_size: int):
    train = DataLoader(Digits(512), batch_size=batch_size, shuffle=True, drop_last=True)
    test = DataLoader(Digits(128, seed=1), batch_size=batch_size)
    return train, test
