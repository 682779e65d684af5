import torch

x = torch.linspace(-3, 3, 200).unsqueeze(1)
y = x.sin()
w1 = torch.randn(1, 16, requires_grad=True)
b1 = torch.zeros(16, requires_grad=True)
w2 = torch.randn(16, 1) * 0.1
w2.requires_grad_()
unused = torch.zeros(3, requires_grad=True)
for epoch in range(3):
    noise = torch.randn(200, 1)
    h = ((x + noise) @ w1 + b1).tanh()
    loss = (h @ w2 - y + 0 * unused.detach().sum()).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        for p in (w1, b1, w2):
            p -= 0.1 * p.grad
            p.grad = None
