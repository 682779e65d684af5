"""Classes whose inputs are a graph, or whose configuration is a dictionary. The docstring of each is its guess."""

import torch
from torch import nn

USUAL = {"encoder": {"width": 32, "kernels": [3, 5]}, "decoder": {"width": 8}}


class EndsOfEdges(nn.Module):
    """EndsOfEdges(dim=64)(torch.randn(16, 64), torch.randint(16, (32,)), torch.randint(16, (32,)), torch.randn(32))"""

    def __init__(self, dim):
        super().__init__()
        self.to_message = nn.Linear(dim, dim)

    def forward(self, node_input, edge_src, edge_dst, edge_length):
        message = self.to_message(node_input)[edge_src] * edge_length[:, None]
        return torch.zeros_like(node_input).index_add(0, edge_dst, message)


class KindsOfEdges(nn.Module):
    """KindsOfEdges(dim=64)(torch.randn(16, 64), torch.randint(16, (2, 32)), torch.randint(2, (32,)))"""

    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, dim))

    def forward(self, x, edge_index, edge_type):
        message = x[edge_index[0]] * self.weight[edge_type]
        return torch.zeros_like(x).index_add(0, edge_index[1], message)


class GraphInOne(nn.Module):
    """GraphInOne(dim=64)({'x': torch.randn(16, 64), 'pos': torch.randn(16, 3), 'batch': torch.randint(2, (16,)).sort().values})"""  # noqa: E501

    def __init__(self, dim):
        super().__init__()
        self.out = nn.Linear(dim, dim)
        self.place = nn.Linear(3, dim)

    def forward(self, data):
        nodes = self.out(data["x"]) + self.place(data["pos"])
        return torch.zeros(2, nodes.shape[1]).index_add(0, data["batch"], nodes)


class GroupsOfNodes(nn.Module):
    """GroupsOfNodes(dim=64)(torch.randn(16, 64), torch.randint(2, (16,)).sort().values, dim_size=2)"""

    def __init__(self, dim):
        super().__init__()
        self.out = nn.Linear(dim, dim)

    def forward(self, x, index=None, ptr=None, dim_size: int | None = None):
        if index is None and ptr is None:
            raise ValueError("one of index and ptr is needed")
        return torch.zeros(dim_size, x.shape[1]).index_add(0, index, self.out(x))


class TimesOfEdges(nn.Module):
    """TimesOfEdges(K=2)(torch.randn(16, 64), torch.randint(16, (2, 32)), torch.randn(32), torch.randn(32, 12))"""

    def __init__(self, K):
        super().__init__()
        self.hops = K
        self.from_weight = nn.Linear(12, 64)

    def forward(self, x, edge_index, edge_time, weights):
        """Adds up the neighbours.

        Args:
            edge_time: When each edge is.
            weights: The features of each edge, of shape
                :obj:`[num_edges, 12]`.
        """
        for _ in range(self.hops):
            message = x[edge_index[0]] * edge_time[:, None] * self.from_weight(weights)
            x = torch.zeros_like(x).index_add(0, edge_index[1], message)
        return x


class SequencesWithARow(nn.Module):
    """SequencesWithARow(dim=64)(torch.randn(2, 16, 64))"""

    def __init__(self, dim):
        super().__init__()
        self.out = nn.Linear(dim, dim)

    def forward(self, nodes, row=None):
        _batch, _length, _dim = nodes.shape
        return self.out(nodes)


class ConfiguredByADictionary(nn.Module):
    """ConfiguredByADictionary(config={'width': 32, 'kernels': [3, 5]})(torch.randn(2, 32, 16))"""

    def __init__(self, config):
        super().__init__()
        self.body = nn.Conv1d(config["width"], 2, config["kernels"][0])

    def forward(self, x):
        return self.body(x)


class ConfiguredByNames(nn.Module):
    """ConfiguredByNames(hparams={'dim': 64, 'num_heads': 4})(torch.randn(2, 16, 64))"""

    def __init__(self, hparams):
        super().__init__()
        self.hparams = hparams
        self.out = nn.Linear(hparams["dim"], 16 * self.hparams["num_heads"])

    def forward(self, x):
        return self.out(x)


class PickedRows(nn.Module):
    """PickedRows(dim=64)(torch.randint(95, (16,)), torch.randn(16, 6), torch.randint(16, (16,)), torch.randint(16, (16,)))"""  # noqa: E501

    def __init__(self, dim):
        super().__init__()
        self.embedding = nn.Embedding(95, dim)
        self.from_distance = nn.Linear(6, dim)
        self.out = nn.Linear(3 * dim, dim)

    def forward(self, atoms, distances, i, j):
        x = self.embedding(atoms)
        return self.out(torch.cat([x[i], x[j], self.from_distance(distances)], dim=-1))
