"""Maps from what a tracer sends. Their vocabulary, many classes, is imported with the first of them.

So the server answers what needs no map, such as the first hover, without waiting for these imports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aotlens_tracer.wire.json_codec import from_json

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap


def map_from(fields: dict[str, Any]) -> DescriptorMap:
    """Return the map with these fields, which are JSON. A large one takes long: call this beside the event loop."""
    from aotlens_tracer.wire.descriptor_map import DescriptorMap

    map: DescriptorMap = from_json(DescriptorMap, fields)
    return map
