"""Loss functions by name, and what torch's own want as their target."""

from __future__ import annotations

import re

LOSS = re.compile(
    r"(?i)(.*_)?(loss(es)?|criterion|criteria|cross_entropy|nll|bce|mse)(_.*)?|.*loss(_?f(u?n(ction)?|ct))?"
)
"""A function or a variable with a name like this computes a loss, or is one."""
ASKS_FOR_LOSS = re.compile(r"(?i)(.*_)?loss(es)?")
"""A flag with a name like this asks for a loss: `return_loss`."""
OF_CLASSES = frozenset(("cross_entropy", "nll_loss", "multi_margin_loss"))
"""Functions of torch.nn.functional whose target has the indices of classes, and the input's shape without axis 1."""
OF_EQUALS = frozenset(
    (
        "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy", "kl_div",
        "binary_cross_entropy_with_logits", "poisson_nll_loss", "soft_margin_loss", "multilabel_soft_margin_loss",
    )
)  # fmt: skip
"""Functions of torch.nn.functional whose target has the shape and the type of the input."""
