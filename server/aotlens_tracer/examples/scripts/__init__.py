"""Training steps: from the statements of a script to a module whose call is the way from a batch to its loss."""
