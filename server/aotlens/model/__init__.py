"""The model that features ask: snapshots, indexed maps, names, lines, contexts, gradients. It has facts, no words."""
