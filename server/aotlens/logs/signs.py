"""The signs by which a text is known as one of torch.compile's, without reading it."""

from __future__ import annotations

_SIGNS = ("primals_", "tangents_", "arg0_1", "L_self_", "L['", "(torch.nn.Module)", "torch/_dynamo", "# File: ")


def has_signs(text: str) -> bool:
    """Whether something in a text may be torch.compile's or AOTAutograd's. It takes milliseconds for megabytes."""
    return any(sign in text for sign in _SIGNS)
