"""A name in the user's words for every descriptor."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.descriptor_map import Descriptor


class Labels:
    """A name for every descriptor, in the user's words: `batch['mask']`, `grad(ln.weight)`, `x.size(0)`."""

    def __init__(self, arguments: Sequence[str], outputs: Sequence[str]) -> None:
        self._arguments = arguments
        self._outputs = outputs

    def of(self, descriptor: Descriptor) -> str:
        """Return the label of a descriptor: for one of an unknown class, its expression or repr."""
        kind, fields = descriptor.kind, descriptor.fields
        if kind in ("ParamAOTInput", "BufferAOTInput"):
            return str(fields["target"])
        if kind == "PlainAOTInput":
            return self._at(self._arguments, fields["idx"], descriptor)
        if kind == "PlainAOTOutput":
            return self._at(self._outputs, fields["idx"], descriptor)
        if kind == "TangentAOTInput":
            return f"tangent({self.of(fields['output'])})"
        if kind == "GradAOTOutput":
            return f"grad({self.of(fields['grad_of'])})"
        if kind == "InputMutationAOTOutput":
            return f"mutated({self.of(fields['mutated_input'])})"
        if kind in ("ViewBaseAOTInput", "SyntheticBaseAOTInput", "IntermediateBaseAOTOutput"):
            return f"base({self.of(fields['base_of'])})"
        if kind.startswith("Subclass") and isinstance(fields.get("base"), Descriptor):
            base = self.of(fields["base"])
            if "attr" in fields:
                return f"{base}.{fields['attr']}"
            return f"{base}.{'size' if 'Size' in kind else 'stride'}({fields['idx']})"
        if kind == "MetadataMutationAOTOutput":
            return f"reshaped({fields['idx']})"
        return (descriptor.expression or descriptor.descriptor).strip("_")

    @staticmethod
    def _at(names: Sequence[str], index: int, descriptor: Descriptor) -> str:
        return names[index] if 0 <= index < len(names) else descriptor.expression or descriptor.descriptor
