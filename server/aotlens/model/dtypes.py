"""The short names of torch for element types: `f32` for `torch.float32`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod

# torch's own short names (torch.utils._dtype_abbrs) for the common ones; others are shown in full.
_SHORT = {
    "bfloat16": "bf16",
    "float64": "f64",
    "float32": "f32",
    "float16": "f16",
    "float8_e4m3fn": "f8e4m3fn",
    "float8_e5m2": "f8e5m2",
    "float8_e4m3fnuz": "f8e4m3fnuz",
    "float8_e5m2fnuz": "f8e5m2fnuz",
    "float8_e8m0fnu": "f8e8m0fnu",
    "complex32": "c32",
    "complex64": "c64",
    "complex128": "c128",
    "int8": "i8",
    "int16": "i16",
    "int32": "i32",
    "int64": "i64",
    "bool": "b8",
    "uint8": "u8",
    "uint16": "u16",
    "uint32": "u32",
    "uint64": "u64",
}


def dtype_in_brief(dtype: str) -> str:
    """`float32` or `torch.float32` as `f32`; an unknown dtype as it is."""
    plain = dtype.removeprefix("torch.")
    return _SHORT.get(plain, plain)


def bytes_of(dtype: str | None, shape: Sequence[int | str] | None) -> int | None:
    """The bytes of a tensor's elements; None if it is no tensor, or if a size is symbolic."""
    bits = re.search(r"\d+", dtype_in_brief(dtype)) if dtype is not None else None
    if bits is None or shape is None or any(isinstance(size, str) for size in shape):
        return None
    return prod(int(size) for size in shape) * int(bits[0]) // 8
