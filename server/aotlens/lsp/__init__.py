"""The edge: LSP's positions, lifecycle and replies."""
