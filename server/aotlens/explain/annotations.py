"""Annotations of operations in brief."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aotlens_tracer.wire.descriptor_map import Operation

from .blocks import Code, Line, line


def annotations_in_brief(annotations: Mapping[str, Any]) -> str:
    """`annotated stage=1, part='tail'`; empty if there are none."""
    return f"annotated {annotations_alone(annotations)}" if annotations else ""


def annotations_alone(annotations: Mapping[str, Any]) -> str:
    """`stage=1, part='tail'`."""
    return ", ".join(f"{key}={value!r}" for key, value in annotations.items())


def annotation_facts(operations: Sequence[Operation]) -> list[Line]:
    """Annotated `stage=1`; each annotation of some operations is one fact."""
    texts = dict.fromkeys(annotations_alone(one.annotations) for one in operations if one.annotations)
    return [line("annotated ", Code(text)) for text in texts]
