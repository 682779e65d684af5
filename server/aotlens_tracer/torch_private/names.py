"""Names of functions and methods in Dynamo's graphs, some of them private (torch 2.13 to 2.15)."""

from __future__ import annotations

DETACHING = ("detach", "detach_", "_get_data_attr")
"""Return the values of a tensor without its history."""
READS_NUMBERS = ("item", "tolist", "_local_scalar_dense")
"""Take the data of a tensor out of it, as Python numbers."""
SETS_GRAD_MODE = "_set_grad_enabled"
"""Begins and ends `no_grad` and `enable_grad`: its argument says which."""
ENTERS_INFERENCE = "_enter_inference_mode"
EXITS_INFERENCE = "_exit_inference_mode"
