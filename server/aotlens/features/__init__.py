"""The features of the editor: pure functions of a snapshot and a position. No IO, no LSP types, no torch."""
