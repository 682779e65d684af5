"""Names of functions and methods in Dynamo's graphs, some of them private (torch 2.13 to 2.15)."""

from __future__ import annotations

DETACHING = ("detach", "detach_", "_get_data_attr")
"""Return the values of a tensor without its history."""
READS_NUMBERS = (
    *("item", "tolist", "numpy", "_local_scalar_dense"),
    *("__array__", "__bool__", "__complex__", "__float__", "__index__", "__int__"),
)
"""Take the data of a tensor out of it, as Python numbers."""
SETS_GRAD_MODE = "_set_grad_enabled"
"""Begins and ends `no_grad` and `enable_grad`: its argument says which."""
ENTERS_INFERENCE = "_enter_inference_mode"
EXITS_INFERENCE = "_exit_inference_mode"
CUSTOM_FUNCTION = "autograd_function_apply"
"""Applies an `autograd.Function`."""
NEW_PARAMETER = "Parameter"
"""Makes a parameter of a tensor."""
DERIVATIVES = ("_autograd_grad", "_unpack_dual")
"""Compute the derivative that a transform of `torch.func` returns: in reverse mode, and in forward mode."""
COPIES = ("tensor", "as_tensor", "asarray")
"""Make a new tensor of values, without their history."""
READS_METADATA: dict[str, tuple[int | str, ...]] = {
    **dict.fromkeys(
        (
            "empty_like",
            "full_like",
            "ones_like",
            "rand_like",
            "randint_like",
            "randn_like",
            "zeros_like",
            "new_empty",
            "new_empty_strided",
            "new_full",
            "new_ones",
            "new_tensor",
            "new_zeros",
            "__len__",
            "dim",
            "element_size",
            "is_complex",
            "is_floating_point",
            "ndimension",
            "nelement",
            "numel",
            "size",
            "stride",
            "sym_numel",
            "sym_size",
            "sym_stride",
        ),
        (0, "input", "self"),
    ),
    **dict.fromkeys(("expand_as", "reshape_as", "resize_as_", "type_as", "view_as", "to"), (1, "other")),
}
"""The operands of which a function reads the shape, dtype or device alone: positions and keywords."""
METADATA = ("device", "dtype", "itemsize", "layout", "ndim", "nbytes", "shape")
"""Attributes of a tensor that have nothing of its values."""
