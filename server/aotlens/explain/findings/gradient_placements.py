"""The gradient of a parameter lies otherwise on the mesh of devices than the parameter."""

from __future__ import annotations

from aotlens.explain.collectives import transfers_in_words
from aotlens.explain.shapes import bytes_in_words
from aotlens.explain.sharding import placements_in_words
from aotlens_tracer.wire.findings import Finding, OtherPlacements, Subject
from aotlens_tracer.wire.subclasses import Mesh, Placement, Sharding, Transfer

from .about import About
from .kind import Kind, Severity

_MESH = Mesh((2, 4), ("dp", "tp"), (0, 0), "cuda")
_SHARD = Placement("Shard", "Shard(dim=1)", 1)


def words(about: About) -> str:
    """`weight` is Replicate() on dp, its gradient Partial("sum"): an optimizer needs an all_reduce of 256 B`."""
    reason = about.first.reason
    assert isinstance(reason, OtherPlacements)
    placements = (
        f"{about.names} {about.form('is', 'are')} {placements_in_words(reason.own)}, but "
        f"{about.form('its gradient is', 'their gradients are')} {placements_in_words(reason.gradient)}"
    )
    size = ""
    if reason.gradient_bytes not in (None, reason.own_bytes):
        of = "its parameter" if not about.several else "each parameter"
        size = (
            f"; it takes {bytes_in_words(reason.gradient_bytes)} on each rank, {of} {bytes_in_words(reason.own_bytes)}"
        )
    if reason.by is not None:
        verb = f"redistributes {about.form('it', 'them')}"
        if reason.transfers:
            verb = f"runs {transfers_in_words(reason.transfers)}{about.form('', ' for each')}"
        return f"{placements}: {reason.by} {verb} in each backward pass{size}"
    if reason.transfers is None:
        return f"{placements}: an optimizer has to redistribute {about.form('it', 'them')}{size}"
    if not reason.transfers:
        return f"{placements}; this costs no communication{size}"
    each = about.form("", " for each")
    moved = transfers_in_words(reason.transfers)
    return f"{placements}: an optimizer runs {moved}{each}, wherever it reads the gradient{size}"


def _severity(finding: Finding) -> Severity:
    """Without communication it costs next to nothing."""
    reason = finding.reason
    return "hint" if isinstance(reason, OtherPlacements) and reason.transfers == () else "information"


KIND = Kind(
    code="gradient-placements",
    severity="information",
    words=words,
    severity_of=_severity,
    paragraph=(
        "A parameter is a DTensor, and its gradient has other placements on the mesh. DTensor redistributes it in each "
        "operation of the optimizer that reads it: `AdamW` reads the gradient three times, which is three collective "
        "operations for each parameter and step, `fused=True` and plain `SGD` read it once. Redistribute it once after "
        "the backward pass: `p.grad = p.grad.redistribute(placements=p.placements)`; in a hook of "
        "`register_post_accumulate_grad_hook` it also takes the finding away, which training steps in eager confirm. "
        "The finding stands at the "
        "expression whose derivative has these placements; the message has torch's own collective operations, and the "
        "bytes that one rank gives into them. It is a hint if no communication is needed; such a gradient may still "
        "take more memory than its parameter. A hook of `fully_shard` redistributes the gradients that it manages, "
        "once in each backward pass. The graph's placements follow from those that AOTAutograd assumes for the "
        "tangents."
    ),
    example=Finding(
        "gradient-placements",
        "model.py",
        17,
        subjects=(Subject("parameter", "weight"),),
        reason=OtherPlacements(
            Sharding(_MESH, (Placement("Replicate", "Replicate()"), _SHARD)),
            Sharding(_MESH, (Placement("Partial", "Partial(sum)", None, "sum"), _SHARD)),
            (Transfer("all_reduce", 16384, 2, "dp"),),
        ),
    ),
)
