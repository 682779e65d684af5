"""The state of the language server: documents, targets, maps and traces."""
