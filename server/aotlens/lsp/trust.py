"""Asks the user whether the code of a folder may run."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aotlens.explain import command_messages
from aotlens.session.examples.searched_files import folder_to_trust

from .context import Context


async def may_run(context: Context, path: str) -> bool:
    """Return whether the code of a file may run, because the user wants something that runs it.

    The user is asked about a file outside the trusted folders. An untrusted workspace is only spoken of: the client has
    its own way to trust it.
    """
    session = context.session
    if session.trust.covers(path) or not os.path.isabs(path):
        return True
    if not session.trust.is_given:
        context.say(command_messages.NOT_TRUSTED)
        return False
    folder = str(await asyncio.get_running_loop().run_in_executor(None, folder_to_trust, Path(path)))
    question = command_messages.may_be_trusted(os.path.basename(path), folder)
    if not await context.ask(question, command_messages.TRUST_FOLDER):
        return False
    if session.trust.is_given:  # it may have been taken back meanwhile
        session.trusted_folders.add(folder)
    return session.trust.covers(path)
