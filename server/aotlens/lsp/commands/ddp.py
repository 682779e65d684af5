"""The command that explains an error of DistributedDataParallel."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from aotlens.explain.ddp import ddp_error
from aotlens.explain.render.markdown import markdown
from aotlens.lsp.context import Context
from aotlens.lsp.targets import map_of, relative_path
from aotlens.model.ddp_errors import DdpError
from aotlens.model.snapshot import TargetKey


async def explain_ddp_error(context: Context, target: TargetKey, error: DdpError) -> dict[str, Any]:
    """Open the explanation as a Markdown file, if the client can. Gives its text and path."""
    map, relative = map_of(context, target), relative_path(context)
    text = f"# `{target.qualname}`\n\n{markdown(ddp_error(map, error, relative))}\n"
    name = f"{target.qualname}.ddp.md"
    path = await asyncio.get_running_loop().run_in_executor(None, context.files.write, target.path, name, text)
    await context.show_document(Path(path).as_uri())
    return {"markdown": text, "path": path}
