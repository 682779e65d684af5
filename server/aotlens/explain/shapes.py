"""Types, shapes and sizes in brief: `f32[2, 16, 64]`, `1.5 MiB`. Symbolic sizes stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

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


def tensor_in_brief(dtype: str | None, shape: Sequence[int | str] | None) -> str:
    """`f32[2, 16, 64]`, `i64[]` for a scalar tensor; a dash if dtype and shape are None."""
    if dtype is None and shape is None:
        return "—"
    sizes = "[…]" if shape is None else f"[{', '.join(str(size) for size in shape)}]"
    return f"{dtype_in_brief(dtype) if dtype else '?'}{sizes}"


def bytes_in_words(count: int | str | None) -> str:
    """`1.5 MiB`, `640 B`; a dash for None; a symbolic count stays as it is, in bytes."""
    if count is None:
        return "—"
    if isinstance(count, str):
        return f"{count} B"
    size = float(count)
    if abs(size) < 1024:
        return f"{count} B"
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        size /= 1024
        # 1023.96 would be rounded to "1024.0", so that it belongs to the next unit.
        if abs(size) < 1023.95 or unit == "PiB":
            break
    return f"{size:.1f} {unit}"
