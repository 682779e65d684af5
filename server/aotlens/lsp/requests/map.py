"""`aotlens/map` and `aotlens/report`: the map of a target, for clients that show it themselves."""

from __future__ import annotations

from typing import Any

from aotlens.lsp.context import Context
from aotlens.lsp.targets import map_as_markdown, parse_target, report_as_html


async def map(context: Context, params: Any) -> dict[str, Any]:
    """The map of a target in Markdown. Raises InvalidParams if it has none."""
    return {"markdown": await map_as_markdown(context, parse_target(_named(params)))}


async def report(context: Context, params: Any) -> dict[str, Any]:
    """The page about a target, in HTML. Raises InvalidParams if it has no map."""
    return {"html": await report_as_html(context, parse_target(_named(params)))}


def _named(params: Any) -> Any:
    return params.get("target") if isinstance(params, dict) else None
