"""A trainer with a command line: the model is an attribute, the loss is made in a method, the loader has workers."""

import argparse
import torch
from torch import nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.device = torch.device("cpu")
        self.criterion = nn.MSELoss()
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=lr, momentum=0.9)
        self.scaler = torch.amp.GradScaler(enabled=False)

    def compute(self, x, y):
        return self.criterion(self.model(x), y)

    def fit(self, loader, epochs=2):
        self.model.train()
        for epoch in range(epochs):
            for i, (x, y) in enumerate(loader):
                x = x.to(self.device)
                y = y.to(self.device)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = self.compute(x, y)
                loss = loss / 4
                self.scaler.scale(loss).backward()
                if i % 4 == 0:
                    self.scaler.step(self.optimizer)
                    self.scaler.update()
                    self.optimizer.zero_grad()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data_dir")
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--width", type=int, default=8)
    args = parser.parse_args()
    net = nn.Sequential(nn.Linear(4, args.width), nn.ReLU(), nn.Linear(args.width, 1))
    loader = DataLoader(TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8, num_workers=2, persistent_workers=True)
    trainer = Trainer(net, args.lr)
    trainer.fit(loader)


if __name__ == "__main__":
    main()
