"""Modules that hold other modules and are never called themselves."""

from __future__ import annotations

CONTAINERS = ("ModuleList", "ModuleDict")
"""The names of torch's classes. The name of a module in such a module contains theirs: `layers.0`."""
