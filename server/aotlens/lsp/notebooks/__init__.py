"""Notebooks of the client: their cells as one document, and positions of it as the client has them, in cells."""
