"""The text of documents: lines, edits, syntax trees, and positions carried through edits."""
