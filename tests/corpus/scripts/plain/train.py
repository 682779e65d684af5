"""Train the digit classifier: python train.py --epochs 5"""

import argparse

import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

from data import make_loaders
from net import Net


def train(args, model, criterion, device, train_loader, optimizer, epoch):
    model.train()
    running = 0.0
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        running += loss.item()
        if batch_idx % args.log_interval == 0:
            print(f"Train epoch {epoch} [{batch_idx * len(data)}/{len(train_loader.dataset)}] loss {loss.item():.4f}")
            if args.dry_run:
                break
    return running / len(train_loader)


@torch.no_grad()
def test(model, criterion, device, test_loader):
    model.eval()
    test_loss, correct = 0.0, 0
    for data, target in test_loader:
        data, target = data.to(device), target.to(device)
        output = model(data)
        test_loss += criterion(output, target).item() * len(data)
        correct += (output.argmax(dim=1) == target).sum().item()
    size = len(test_loader.dataset)
    print(f"Test loss {test_loss / size:.4f}, accuracy {correct / size:.1%}")


def main():
    parser = argparse.ArgumentParser(description="Digits")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--lr", type=float, default=1e-2)
    parser.add_argument("--gamma", type=float, default=0.7)
    parser.add_argument("--log-interval", type=int, default=10)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--save-model", action="store_true")
    args = parser.parse_args()

    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    train_loader, test_loader = make_loaders(args.batch_size)

    model = Net().to(device)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    # The first block is not fine-tuned any more, and the head learns faster.
    optimizer = torch.optim.SGD(
        [
            {"params": model.blocks[1].parameters(), "lr": args.lr},
            {"params": [*model.head.parameters(), *model.rotation_head.parameters()], "lr": 10 * args.lr},
        ],
        momentum=0.9,
    )
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    for epoch in range(1, args.epochs + 1):
        train(args, model, criterion, device, train_loader, optimizer, epoch)
        test(model, criterion, device, test_loader)
        scheduler.step()

    if args.save_model:
        torch.save(model.state_dict(), "digits.pt")


if __name__ == "__main__":
    main()
