import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, in_features: int = 64, hidden: int = 128, latent: int = 16) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU())
        self.mu = nn.Linear(hidden, latent)
        self.log_var = nn.Linear(hidden, latent)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.net(x)
        return self.mu(h), self.log_var(h)


class Decoder(nn.Module):
    def __init__(self, latent: int = 16, hidden: int = 128, out_features: int = 64) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU(), nn.Linear(hidden, out_features))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z)
