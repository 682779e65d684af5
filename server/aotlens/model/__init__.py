"""What features ask: snapshots, the index of a map, names, lines, contexts, gradients."""
