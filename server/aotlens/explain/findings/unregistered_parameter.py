"""Parameters are in no module, so that nothing trains them."""

from __future__ import annotations

from aotlens.explain.brief import listed
from aotlens_tracer.wire.findings import Finding, Subject
from aotlens_tracer.wire.unregistered import Unregistered

from .about import About
from .kind import Kind

_PLAIN = ("list", "tuple", "dict", "set", "deque")


def words(about: About) -> str:
    """`self.layers is a plain list, so self.layers[0].weight and 3 more are in no module: …`."""
    reason = about.first.reason
    assert isinstance(reason, Unregistered)
    is_one = reason.count == 1
    them, are = ("it", "is") if is_one else ("them", "are")
    made = "the parameter" if is_one else f"the {reason.count} parameters"
    if reason.made == "call":
        where = " of the layer that is made here" if reason.what == "layers" else " made here"
        return f"{made}{where} {are} new in each call, so nothing trains {them}: make {them} in the constructor"
    effect = (
        f"an optimizer that is given parameters() does not train {them}, state_dict() lacks {them}, "
        f"and to() does not move {them}"
    )
    if reason.what == "tensor":
        return (
            f"`{reason.holder}` requires a gradient, but is a plain tensor: {effect}; make it an nn.{reason.container}"
        )
    if reason.holder is None:
        return f"{made} made here {are} in no module of {about.first.subjects[0].name}: {effect}"
    names = [f"`{name}`" for name in reason.names[: 1 if reason.count > 2 else 2]]
    if reason.count > len(names):
        names.append(f"{reason.count - len(names)} more")
    advice = f"; make `{reason.holder}` an nn.{reason.container}" if reason.container is not None else ""
    holder = f"`{reason.holder}` is a plain {reason.type}"
    if reason.type not in _PLAIN:
        holder = f"`{reason.holder}` is a `{reason.type}`, which is no nn.Module"
    return f"{listed(names)} {are} in no module, because {holder}: {effect}{advice}"


KIND = Kind(
    code="unregistered-parameter",
    severity="warning",
    words=words,
    paragraph=(
        "The results depend on parameters that are in no module: layers in a plain list, dict or closure, layers that "
        "`forward` makes anew in each call, an `nn.Parameter` of which only a product is kept, a plain tensor that "
        "requires a gradient. `parameters()` does not list them. The finding is at the expression that makes them. Its "
        "quick fix makes the list or dict an `nn.ModuleList`, `nn.ModuleDict`, `nn.ParameterList` or "
        "`nn.ParameterDict`. What a module is given from outside is no finding. It comes from the training steps in "
        "eager."
    ),
    example=Finding(
        "unregistered-parameter",
        "model.py",
        12,
        subjects=(Subject("target", "Model"),),
        reason=Unregistered(
            "layers",
            "constructor",
            4,
            ("self.layers[0].weight", "self.layers[0].bias"),
            "self.layers",
            "list",
            "ModuleList",
        ),
    ),
)
