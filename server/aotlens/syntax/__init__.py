"""Reads Python source by its syntax alone, with tree-sitter. Nothing is imported or run."""
