"""Faults of the paths and the configuration that the user gave."""

from __future__ import annotations


class Misuse(Exception):
    """A path, a code or a setting that the user gave is wrong. Its text is for the user."""
