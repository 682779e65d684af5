"""Loops whose turns share a graph: some fail in the user's run, each for what the turn before or another loss has done."""

import torch
from torch import nn


def hidden_kept():
    net, head = nn.GRU(4, 4), nn.Linear(4, 1)
    optimizer = torch.optim.SGD([*net.parameters(), *head.parameters()], lr=0.1)
    hidden = None
    for _ in range(3):
        out, hidden = net(torch.randn(5, 2, 4), hidden)
        loss = head(out).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def hidden_detached():
    net = nn.GRU(4, 4)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    hidden = None
    for _ in range(3):
        out, hidden = net(torch.randn(5, 2, 4), hidden)
        loss = out.pow(2).mean()
        loss.backward()
        optimizer.step()
        hidden = hidden.detach()


def hidden_detached_later():
    net = nn.GRU(4, 4)
    hidden = None
    for step in range(3):
        if step > 0:
            hidden = hidden.detach()
        out, hidden = net(torch.randn(5, 2, 4), hidden)
        loss = out.pow(2).mean()
        loss.backward()


def cells_kept():
    net = nn.LSTM(4, 4)
    state = (torch.zeros(1, 2, 4), torch.zeros(1, 2, 4))
    for batch in torch.randn(3, 5, 2, 4):
        out, state = net(batch, state)
        loss = out.pow(2).mean()
        loss.backward()


def running_baseline():
    policy = nn.Linear(4, 1)
    baseline = 0.0
    for _ in range(3):
        reward = policy(torch.randn(8, 4)).pow(2).mean()
        loss = (reward - baseline).pow(2)
        loss.backward()
        baseline = 0.9 * baseline + 0.1 * reward


def baseline_of_numbers():
    policy = nn.Linear(4, 1)
    baseline = 0.0
    for _ in range(3):
        reward = policy(torch.randn(8, 4)).pow(2).mean()
        loss = (reward - baseline).pow(2)
        loss.backward()
        baseline = 0.9 * baseline + 0.1 * reward.detach()


def all_losses_so_far():
    net = nn.Linear(4, 1)
    losses = []
    for _ in range(3):
        losses.append(net(torch.randn(8, 4)).pow(2).mean())
        loss = torch.stack(losses).mean()
        loss.backward()


def graph_by_graph():
    net, total = nn.Linear(4, 1), 0.0
    for _ in range(3):
        loss = net(torch.randn(8, 4)).pow(2).mean()
        total = total + loss
        loss.backward()


def shared_encoder():
    encoder, first, second = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)
    for _ in range(3):
        code = torch.sigmoid(encoder(torch.randn(8, 4)))
        loss_a = first(code).mean()
        loss_b = second(code).pow(2).mean()
        loss_a.backward()
        loss_b.backward()


def shared_encoder_retained():
    encoder, first, second = nn.Linear(4, 4), nn.Linear(4, 1), nn.Linear(4, 1)
    for _ in range(3):
        code = torch.sigmoid(encoder(torch.randn(8, 4)))
        loss_a = first(code).mean()
        loss_b = second(code).pow(2).mean()
        loss_a.backward(retain_graph=True)
        loss_b.backward()


def stepped_between():
    generator, critic = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer_c = torch.optim.SGD(critic.parameters(), lr=0.1)
    optimizer_g = torch.optim.SGD(generator.parameters(), lr=0.1)
    for _ in range(3):
        fake = generator(torch.randn(8, 4))
        loss_g = -critic(fake).mean()
        loss_c = critic(fake.detach()).mean() - critic(torch.randn(8, 4)).mean()
        optimizer_c.zero_grad()
        loss_c.backward()
        optimizer_c.step()
        optimizer_g.zero_grad()
        loss_g.backward()
        optimizer_g.step()


def integers():
    net = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(3):
        loss = (net(torch.randn(8, 4)).argmax(1) != 0).float().mean()
        loss.requires_grad = True
        loss.backward()
        optimizer.step()


def hidden_reset():
    net = nn.GRU(4, 4)
    hidden = None
    for step in range(3):
        if step % 1 == 0:
            hidden = None
        out, hidden = net(torch.randn(5, 2, 4), hidden)
        loss = out.pow(2).mean()
        loss.backward()


def hidden_reset_sometimes():
    net = nn.GRU(4, 4)
    hidden = None
    for step in range(3):
        if step % 2 == 0:
            hidden = None
        out, hidden = net(torch.randn(5, 2, 4), hidden)
        loss = out.pow(2).mean()
        loss.backward()


def scaled():
    net = nn.GRU(4, 4)
    optimizer = torch.optim.AdamW(net.parameters())
    scaler = torch.amp.GradScaler("cpu")
    hidden = None
    for _ in range(3):
        out, hidden = net(torch.randn(5, 2, 4), hidden)
        loss = out.pow(2).mean()
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def no_scalar():
    net = nn.Linear(4, 2)
    criterion = nn.MSELoss(reduction="none")
    for _ in range(3):
        loss = criterion(net(torch.randn(8, 4)), torch.randn(8, 2))
        loss.backward()


def weighted():
    net = nn.Linear(4, 2)
    for _ in range(3):
        loss = net(torch.randn(8, 4)).pow(2)
        loss.backward(torch.ones_like(loss))
