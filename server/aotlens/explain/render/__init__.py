"""Renderers: facts and words to Markdown, a terminal and the public JSON."""
