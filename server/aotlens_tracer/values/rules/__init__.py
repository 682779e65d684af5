"""Rules that follow dimensions from the operands of each ATen operation to its results, one file for each kind."""
