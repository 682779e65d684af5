import torch
from torch import nn

use_amp = False
model = nn.Linear(8, 2)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
loader = [(torch.randn(4, 8), torch.randint(2, (4,)))]
for x, y in loader:
    optimizer.zero_grad()
    if use_amp:
        with torch.autocast("cpu"):
            loss = criterion(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
    else:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
