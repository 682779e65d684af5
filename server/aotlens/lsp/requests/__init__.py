"""The requests of LSP, one file each."""
