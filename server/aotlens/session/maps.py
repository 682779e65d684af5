"""Maps from what a tracer sends. Their vocabulary, many classes, is imported with the first of them.

So the server answers what needs no map, such as the first hover, without waiting for these imports.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aotlens_tracer.wire.json_codec import from_json

from .tracer.client import UnreadableAnswer

if TYPE_CHECKING:
    from aotlens_tracer.wire.descriptor_map import DescriptorMap
    from aotlens_tracer.wire.values import Values


class MapReader:
    """Reads the maps of one trace. Recorded values, which several of them have, are read once and stay one object."""

    def __init__(self) -> None:
        self._values: tuple[dict[str, Any] | None, Values | None] = (None, None)

    def map_from(self, fields: dict[str, Any]) -> DescriptorMap:
        """Return the map with these fields, which are JSON, with its index.

        A large one takes long: call this beside the event loop. Raises UnreadableAnswer.
        """
        try:
            return self._map_from(fields)
        except Exception as error:
            raise UnreadableAnswer from error

    def _map_from(self, fields: dict[str, Any]) -> DescriptorMap:
        from aotlens.model.index import build, index_of
        from aotlens.model.named_sizes import with_named_sizes
        from aotlens_tracer.wire.descriptor_map import DescriptorMap
        from aotlens_tracer.wire.values import Values

        read, values = self._values
        if fields.get("values") is not read:
            read = fields.get("values")
            values = from_json(Values, read)
            self._values = (read, values)
        map: DescriptorMap = from_json(DescriptorMap, {**fields, "values": None})
        map = with_named_sizes(replace(map, values=values) if values is not None else map)
        with contextlib.suppress(Exception):  # a part that cannot be built fails whoever asks for it, and no one else
            build(index_of(map))
        return map
