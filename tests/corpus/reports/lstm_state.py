from torch import nn


# The state of an LSTM goes into the next call. An LSTM saves a workspace of bytes beside tensors of floats.
# aotlens: Lstm(4)(torch.rand(2, 3, 4))
class Lstm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.rnn = nn.LSTM(d, d, batch_first=True)
        self.h = None

    def forward(self, x):
        y, self.h = self.rnn(x, self.h)
        return y
