"""The folder of kept maps: the cache folder of the system, for this user."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def folder_of_maps() -> Path:
    """Return the folder, which need not exist (`~/.cache/aotlens/maps` on Linux).

    A relative XDG_CACHE_HOME is ignored, as its specification demands: it would be in the workspace.
    """
    cache = user_cache_path("aotlens", appauthor=False)
    return (cache if cache.is_absolute() else Path.home() / ".cache" / "aotlens") / "maps"
