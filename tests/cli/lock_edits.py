"""A model, edits of it that change nothing, and edits that change its calling convention, with the words for them."""

from __future__ import annotations

MODEL = """\
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x):
        h = self.up(self.norm(x))
        return x + self.down(F.gelu(h))


# aotlens: Net(8)(torch.randn(4, 8))
class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.blocks = nn.ModuleList([Block(width) for _ in range(3)])
        self.scale = nn.Parameter(torch.ones(width))
        self.head = nn.Linear(width, 2)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        for block in self.blocks:
            x = block(x)
        x = x * self.scale
        return self.head(x.tanh())

    def helper(self, x):
        return x
"""

Edit = tuple[tuple[str, str], ...]
"""Texts and what is written in their place."""

SAME: dict[str, Edit] = {
    "a comment": (("        x = x * self.scale\n", "        # the scale\n        x = x * self.scale\n"),),
    "empty lines": (("\n\nclass Block", "\n\n\n\n\n\nclass Block"),),
    "a local is renamed": (("h = self.up", "hidden = self.up"), ("F.gelu(h)", "F.gelu(hidden)")),
    "a loop variable is renamed": (("for block in", "for layer in"), ("x = block(x)", "x = layer(x)")),
    "an operand gets a line": (
        ("        return self.head(x.tanh())", "        y = x.tanh()\n        return self.head(y)"),
    ),
    "a line is joined": (
        ("        h = self.up(self.norm(x))\n", ""),
        ("F.gelu(h)", "F.gelu(self.up(self.norm(x)))"),
    ),
    "methods in another order": (
        ("    def helper(self, x):\n        return x\n", ""),
        (
            "    def forward(self, x):\n        self",
            "    def helper(self, x):\n        return x\n\n    def forward(self, x):\n        self",
        ),
    ),
    "a function of torch for a method": (("x.tanh()", "torch.tanh(x)"),),
    "another import": (
        ("import torch.nn.functional as F", "from torch.nn.functional import gelu"),
        ("F.gelu(", "gelu("),
    ),
    "a method for a part": (
        ("        x = x * self.scale\n        return self.head(x.tanh())", "        return self.finish(x)"),
        (
            "def helper(self, x):\n        return x",
            "def finish(self, x):\n        return self.head((x * self.scale).tanh())",
        ),
    ),
    "annotations and docstrings": (
        (
            "    def forward(self, x):\n        h",
            '    def forward(self, x: torch.Tensor):\n        """Mix."""\n        h',
        ),
    ),
    "another way to write a loop": (
        (
            "        for block in self.blocks:\n            x = block(x)\n",
            "        x = self.blocks[0](x)\n        x = self.blocks[2](self.blocks[1](x))\n",
        ),
    ),
    "a parameter of the constructor is renamed": (("Block(width) for", "Block(width=width) for"),),
    "a parameter is registered later": (
        ("        self.scale = nn.Parameter(torch.ones(width))\n", ""),
        ("        self.register", "        self.scale = nn.Parameter(torch.ones(width))\n        self.register"),
    ),
    "an operation that is free": (("x = x * self.scale", "x = (x * self.scale).view(x.shape)"),),
}
"""Edits after which the calling convention is the same."""

CHANGED: dict[str, tuple[Edit, str, tuple[str, ...]]] = {
    "a parameter is no longer used": (
        (("        x = x * self.scale\n", ""),),
        "−1 trained parameter, −128 B saved",
        ("23: parameter scale: no gradient any more", "22: −128 B saved by blocks.2"),
    ),
    "a parameter is frozen": (
        (("torch.ones(width))", "torch.ones(width), requires_grad=False)"),),
        "−1 trained parameter, −128 B saved",
        ("23: parameter scale: frozen now", "22: −128 B saved by blocks.2"),
    ),
    "a parameter of each layer": (
        (("        self.down =", "        self.gate = nn.Parameter(torch.ones(width))\n        self.down ="),),
        "+3 inputs",
        ("11: parameters blocks.{0..2}.gate: new, f32[8], without a gradient",),
    ),
    "a layer more": (
        (("range(3)", "range(4)"),),
        "+6 inputs, +6 trained parameters, +800 B saved",
        (
            "9: parameters blocks.3.norm.weight, blocks.3.norm.bias, blocks.3.down.bias: new, f32[8], with a gradient",
            "10: parameter blocks.3.up.weight: new, f32[16, 8], with a gradient",
            "10: parameter blocks.3.up.bias: new, f32[16], with a gradient",
            "11: parameter blocks.3.down.weight: new, f32[8, 16], with a gradient",
            "15: +384 B saved by blocks.3",
            "14: +256 B saved by blocks.3.up",
            "14: +160 B saved by blocks.3.norm",
        ),
    ),
    "a layer less": (
        (("range(3)", "range(2)"),),
        "−6 inputs, −6 trained parameters, −800 B saved",
        (
            "19: parameters blocks.2.norm.weight, blocks.2.norm.bias, blocks.2.down.bias: gone, f32[8]",
            "19: parameter blocks.2.up.weight: gone, f32[16, 8]",
            "19: parameter blocks.2.up.bias: gone, f32[16]",
            "19: parameter blocks.2.down.weight: gone, f32[8, 16]",
            "19: −384 B saved by blocks.2",
            "19: −256 B saved by blocks.2.up",
            "19: −160 B saved by blocks.2.norm",
        ),
    ),
    "an output more": (
        (("return self.head(x.tanh())", "return self.head(x.tanh()), x"),),
        "+1 output, +1 tangent",
        ("31: output[1]: new, f32[4, 8], with a tangent",),
    ),
    "an output is detached": (
        (("return self.head(x.tanh())", "return self.head(x.tanh()), x.detach()"),),
        "+1 output",
        ("32: output[1]: new, f32[4, 8]",),
    ),
    "a wider layer": (
        (("nn.Linear(width, 2)", "nn.Linear(width, 3)"),),
        "3 changes",
        (
            "24: parameter head.weight: f32[3, 8], before f32[2, 8]",
            "24: parameter head.bias: f32[3], before f32[2]",
            "32: output: f32[4, 3], before f32[4, 2]",
        ),
    ),
    "another type": (
        (("torch.zeros(())", "torch.zeros((), dtype=torch.int64)"),),
        "1 change",
        ("25: buffer calls: i64[], before f32[]",),
    ),
    "no change in place": (
        (("        self.calls += 1\n", ""),),
        "−1 mutation",
        ("25: buffer calls: no longer changed in place",),
    ),
    "a change in place": (
        (("        self.calls += 1\n", "        self.calls += 1\n        x.mul_(2)\n"),),
        "+1 mutation, +128 B saved",
        ("19: argument x: changed in place now", "29: +128 B saved by its own code"),
    ),
    "a graph break": (
        (("        self.calls += 1\n", "        self.calls += 1\n        torch._dynamo.graph_break()\n"),),
        "+1 graph break",
        ("29: new graph break: Call to `torch._dynamo.graph_break()`",),
    ),
    "an argument is renamed": (
        (("    def forward(self, x):\n        self", "    def forward(self, y):\n        x = y\n        self"),),
        "2 changes",
        ("19: argument x: gone, f32[4, 8]", "19: argument y: new, f32[4, 8]"),
    ),
    "no gradient through a part": (
        (("x = block(x)", "x = block(x).detach()"),),
        "−18 trained parameters, −2.2 KiB saved",
        (
            "9: parameters blocks.{0..2}.norm.weight, blocks.{0..2}.norm.bias, blocks.{0..2}.up.weight and 9 more: "
            "no gradient any more",
            "22: −384 B saved by each of blocks.{0..2}",
            "10: −256 B saved by each of blocks.{0..2}.up",
            "9: −160 B saved by each of blocks.{0..2}.norm",
            "30: +128 B saved by its own code",
        ),
    ),
    "parameters in another order": (
        (
            ("        self.head = nn.Linear(width, 2)\n", ""),
            ("        self.blocks =", "        self.head = nn.Linear(width, 2)\n        self.blocks ="),
        ),
        "1 change",
        ("22: parameters: another order, from head.weight on",),
    ),
    "tied parameters": (
        (("        self.register", "        self.blocks[1].up = self.blocks[0].up\n        self.register"),),
        "4 changes",
        (
            "10: parameter blocks.0.up.weight: tied to blocks.1.up.weight now",
            "10: parameter blocks.0.up.bias: tied to blocks.1.up.bias now",
            "10: parameter blocks.1.up.weight: tied to blocks.0.up.weight now",
            "10: parameter blocks.1.up.bias: tied to blocks.0.up.bias now",
        ),
    ),
    "another activation": (
        (("F.gelu(h)", "h.sort(-1)[0]"),),
        "+768 B saved",
        ("15: +512 B saved by each of blocks.{0..2}", "10: −256 B saved by each of blocks.{0..2}.up"),
    ),
    "another mode": (
        (("# aotlens: Net(8)(", "# aotlens: Net(8).eval()("),),
        "1 change",
        ("19: traced in mode eval, before train",),
    ),
    "it fails": (
        (("return self.head(x.tanh())", "return self.head(x.tanh().T)"),),
        "it cannot be traced: forward fails",
        ("32: it cannot be traced: forward fails",),
    ),
}
"""Edits that change it: the summary, and the changes with their lines."""
