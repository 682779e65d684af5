"""`aotlens/map`: the map of a target, for clients that show it themselves."""

from __future__ import annotations

from typing import Any

from aotlens.lsp.context import Context
from aotlens.lsp.targets import map_as_markdown, parse_target


async def map(context: Context, params: Any) -> dict[str, Any]:
    """The map of a target in Markdown. Raises InvalidParams if it has none."""
    target = params.get("target") if isinstance(params, dict) else None
    return {"markdown": await map_as_markdown(context, parse_target(target))}
