"""A script for CUDA with a data set that cannot be loaded, frozen layers and a model that is compiled."""

import torch
from torch import nn
from package_that_is_not_installed import datasets, transforms

device = "cuda"
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10)).cuda()
for p in model[0].parameters():
    p.requires_grad = False
model = torch.compile(model)
opt = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()))
criterion = nn.CrossEntropyLoss().to(device)
scaler = torch.cuda.amp.GradScaler()
train_data = datasets.CIFAR10("data", download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(train_data, batch_size=16)

for epoch in range(3):
    for images, labels in loader:
        images, labels = images.cuda(), labels.to(device)
        opt.zero_grad(set_to_none=True)
        with torch.autocast(device_type="cuda", dtype=torch.float16):
            outputs = model(images)
            loss = criterion(outputs, labels)
        scaler.scale(loss).backward()
        scaler.step(opt)
        scaler.update()
