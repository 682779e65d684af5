"""Hovers, one file for each kind of thing that is hovered."""
